//! The judgement, one function for each thing that is looked at.

use super::{Certificate, Check, Inputs, Interface, Machine, Verdict};

/// The oldest kernel with everything that is needed (TPACKET_V3, seccomp for all threads).
const OLDEST_KERNEL: (u32, u32) = (4, 18);

/// A certificate is renewed while there is time to mend what goes wrong: 14 days.
const SOON: i64 = 14 * 86_400;

/// What the hardened unit says; who changed it should know what is missing.
const HARDENING: [&str; 8] = [
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "CapabilityBoundingSet=CAP_NET_RAW",
    "MemoryDenyWriteExecute=yes",
    "RestrictNamespaces=yes",
    "SystemCallFilter=@system-service",
];

/// Judges everything, in the order in which a person would look.
#[must_use]
pub fn checks(inputs: &Inputs) -> Vec<Check> {
    let machine = &inputs.machine;
    let mut checks = vec![kernel(machine), capture(machine)];
    if inputs.interfaces.is_empty() {
        let says = "no interface is up, is no loopback and has hardware behind it";
        checks.push(bad("interfaces", says, "plug one in, or name one in capture.interfaces"));
    }
    checks.extend(inputs.interfaces.iter().map(interface));
    checks.extend([
        clock(inputs.clock_synchronised),
        memory(inputs),
        data_folder(machine),
        disk(inputs),
        port(machine),
    ]);
    checks.extend(inputs.certificate.map(|validity| certificate(validity, inputs.now)));
    checks.extend([landlock(machine), seccomp(machine)]);
    checks.extend(machine.unit.as_deref().map(unit));
    checks
}

fn kernel(machine: &Machine) -> Check {
    let mut numbers = machine.kernel.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let says = format!("Linux {}", machine.kernel);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_KERNEL => {
            good("kernel", says)
        }
        _ => warning("kernel", says, "cordon is tried with Linux 4.18 and newer"),
    }
}

fn capture(machine: &Machine) -> Check {
    match machine.may_capture {
        true => good("right to capture", "CAP_NET_RAW is held; it is given up after the start"),
        false => bad(
            "right to capture",
            "CAP_NET_RAW is not held by this process",
            "start the service with systemctl, or run with sudo",
        ),
    }
}

fn interface(interface: &Interface) -> Check {
    let name = format!("interface {}", interface.name);
    let named = &interface.name;
    match interface.state {
        None => bad(name, "there is no such interface", "`ip link` lists those that there are"),
        Some(state) if !state.up => {
            bad(name, "it is down, so nothing is heard", format!("sudo ip link set {named} up"))
        }
        Some(state) if !state.carrier => {
            warning(name, "it is up, and nothing is at the other end", "look at the cable")
        }
        Some(state) if state.joins_packets => warning(
            name,
            "it joins packets before they are seen, so lengths and counts are not those of the wire",
            format!("sudo ethtool -K {named} gro off lro off"),
        ),
        Some(_) => good(name, "it is up, and packets are seen as they come"),
    }
}

fn clock(synchronised: Option<bool>) -> Check {
    const NAME: &str = "clock";
    match synchronised {
        Some(true) => good(NAME, "it is synchronised"),
        Some(false) => warning(
            NAME,
            "it is not synchronised; times in the ledger and of one-time codes may be wrong",
            "sudo timedatectl set-ntp true",
        ),
        None => warning(NAME, "whether it is synchronised is not known", "look at timedatectl"),
    }
}

fn memory(inputs: &Inputs) -> Check {
    const NAME: &str = "memory";
    let rings = inputs.ring.saturating_mul(inputs.interfaces.len() as u64);
    let wanted = rings.saturating_add(inputs.buffers);
    match inputs.machine.memory {
        None => warning(NAME, "how much there is is not known", ""),
        Some(there) if there / 2 < wanted => warning(
            NAME,
            format!(
                "rings and buffers take up to {} of the {} that are to be had",
                mebibytes(wanted),
                mebibytes(there)
            ),
            "lower capture.ring or limits.buffers",
        ),
        Some(there) => good(
            NAME,
            format!("{} are to be had; buffers take up to {}", mebibytes(there), mebibytes(wanted)),
        ),
    }
}

fn data_folder(machine: &Machine) -> Check {
    const NAME: &str = "data folder";
    let path = machine.data.display();
    match machine.data_mode {
        None => good(NAME, format!("{path} does not exist yet; it is made at the start")),
        Some((mode, _)) if mode & 0o077 != 0 => bad(
            NAME,
            format!("others may look into {path} (mode {mode:o}), and keys are in it"),
            format!("sudo chmod 700 {path}"),
        ),
        Some((_, owner)) if owner != machine.user && !machine.root => bad(
            NAME,
            format!("{path} belongs to user {owner}, and this is user {}", machine.user),
            "run as that user, or set data.dir",
        ),
        Some(_) => good(NAME, format!("{path} is for its owner alone")),
    }
}

fn disk(inputs: &Inputs) -> Check {
    const NAME: &str = "disk";
    match inputs.machine.free {
        None => warning(NAME, "how much is free is not known", ""),
        Some(free) if free < inputs.min_free => bad(
            NAME,
            format!("{} are free, so no history is written", mebibytes(free)),
            format!("make room for {}, or lower history.min_free", mebibytes(inputs.min_free)),
        ),
        Some(free) if free / 2 < inputs.min_free => warning(
            NAME,
            format!(
                "{} are free; below {} no history is written",
                mebibytes(free),
                mebibytes(inputs.min_free)
            ),
            "make room, or shorten retention",
        ),
        Some(free) => good(NAME, format!("{} are free", mebibytes(free))),
    }
}

fn port(machine: &Machine) -> Check {
    const NAME: &str = "port";
    let listen = &machine.listen;
    match &machine.port_taken {
        None => good(NAME, format!("{listen} can be served on")),
        Some(error) => bad(
            NAME,
            format!("{listen} cannot be served on: {error}"),
            "end what uses it (`sudo ss -ltnp`), or set web.listen",
        ),
    }
}

fn certificate(validity: Certificate, now: i64) -> Check {
    const NAME: &str = "certificate";
    const DO: &str = "renew it, and let the service reload";
    let left = validity.until.saturating_sub(now);
    match left {
        _ if validity.from > now => bad(NAME, "it is not valid yet", "look at the clock"),
        ..=0 => bad(NAME, "it has expired", DO),
        1..SOON => warning(NAME, format!("it expires in {} days", left / 86_400), DO),
        _ => good(NAME, format!("it is valid for another {} days", left / 86_400)),
    }
}

fn landlock(machine: &Machine) -> Check {
    const NAME: &str = "landlock";
    match (machine.landlock, &machine.modules) {
        (0, Some(modules)) if !modules.contains(NAME) => warning(
            NAME,
            format!("it is not switched on; the kernel uses {}", modules.trim()),
            "add landlock to the lsm= list of the kernel's command line",
        ),
        (0, _) => warning(
            NAME,
            "the kernel does not have it, so a parser that is taken over sees more files",
            "use a kernel that has it (5.13 or newer)",
        ),
        (version @ 1..6, _) => good(NAME, format!("version {version}; 6 also binds signals")),
        (_, _) => good(NAME, "the service sees its own files only"),
    }
}

fn seccomp(machine: &Machine) -> Check {
    const NAME: &str = "seccomp";
    match machine.seccomp {
        true => good(NAME, "the service can be kept from unusual system calls"),
        false => warning(NAME, "the kernel does not have it", "use a kernel that has it"),
    }
}

fn unit(text: &str) -> Check {
    const NAME: &str = "systemd unit";
    let holds = |wanted: &&str| {
        text.lines().any(|line| {
            line.trim()
                .strip_prefix(*wanted)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        })
    };
    let missing: Vec<&str> = HARDENING.iter().filter(|line| !holds(line)).copied().collect();
    if missing.is_empty() {
        return good(NAME, "it is installed and hardened");
    }
    warning(
        NAME,
        format!("it lacks {}", missing.join(", ")),
        "compare it with that of the package (`systemctl cat cordon`)",
    )
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn good(name: impl Into<String>, says: impl Into<String>) -> Check {
    Check { name: name.into(), verdict: Verdict::Good, says: says.into(), do_this: String::new() }
}

fn warning(name: impl Into<String>, says: impl Into<String>, do_this: impl Into<String>) -> Check {
    let do_this = do_this.into();
    Check { name: name.into(), verdict: Verdict::Warning, says: says.into(), do_this }
}

fn bad(name: impl Into<String>, says: impl Into<String>, do_this: impl Into<String>) -> Check {
    Check { verdict: Verdict::Bad, ..warning(name, says, do_this) }
}

#[cfg(test)]
mod tests {
    use super::{super::InterfaceState, *};

    const GIB: u64 = 1 << 30;

    fn well() -> Inputs {
        let state = InterfaceState { up: true, carrier: true, joins_packets: false };
        Inputs {
            machine: Machine {
                kernel: "6.12.1-amd64".to_owned(),
                may_capture: true,
                landlock: 6,
                seccomp: true,
                memory: Some(GIB),
                data: "/var/lib/cordon".into(),
                data_mode: Some((0o700, 998)),
                user: 998,
                free: Some(10 * GIB),
                unit: Some(include_str!("../../../../packaging/cordon.service").to_owned()),
                ..Machine::default()
            },
            interfaces: vec![Interface { name: "eth0".to_owned(), state: Some(state) }],
            clock_synchronised: Some(true),
            certificate: Some(Certificate { from: 0, until: 100 * 86_400 }),
            now: 86_400,
            ring: 32 << 20,
            buffers: 64 << 20,
            min_free: GIB,
        }
    }

    /// What is not good after a change, as `name: verdict`.
    fn after(change: impl FnOnce(&mut Inputs)) -> Vec<String> {
        let mut inputs = well();
        change(&mut inputs);
        let found = checks(&inputs);
        let amiss = found.iter().filter(|check| check.verdict > Verdict::Good);
        amiss.map(|check| format!("{}: {}", check.name, check.verdict.as_str())).collect()
    }

    #[test]
    fn a_machine_that_is_well_is_told_so_and_so_is_the_unit_of_the_package() {
        assert_eq!(after(|_| {}), Vec::<String>::new());
        assert_eq!(checks(&well()).len(), 12);
    }

    #[test]
    fn each_thing_that_is_amiss_is_told_alone() {
        let one = |change: fn(&mut Inputs), tells: &str| assert_eq!(after(change), [tells]);
        one(|i| i.machine.kernel = "3.10.0".to_owned(), "kernel: warning");
        one(|i| i.machine.kernel = "x".to_owned(), "kernel: warning");
        one(|i| i.machine.may_capture = false, "right to capture: bad");
        one(|i| i.interfaces.clear(), "interfaces: bad");
        one(|i| i.interfaces[0].state = None, "interface eth0: bad");
        one(|i| state(i).up = false, "interface eth0: bad");
        one(|i| state(i).carrier = false, "interface eth0: warning");
        one(|i| state(i).joins_packets = true, "interface eth0: warning");
        one(|i| i.clock_synchronised = Some(false), "clock: warning");
        one(|i| i.clock_synchronised = None, "clock: warning");
        one(|i| i.ring = GIB, "memory: warning");
        one(|i| i.machine.data_mode = Some((0o750, 998)), "data folder: bad");
        one(|i| i.machine.data_mode = Some((0o700, 0)), "data folder: bad");
        one(|i| i.machine.free = Some(GIB / 2), "disk: bad");
        one(|i| i.machine.free = Some(3 * GIB / 2), "disk: warning");
        one(|i| i.machine.port_taken = Some("in use".to_owned()), "port: bad");
        one(|i| i.now = 99 * 86_400, "certificate: warning");
        one(|i| i.now = 100 * 86_400, "certificate: bad");
        one(|i| i.now = -1, "certificate: bad");
        one(|i| i.machine.landlock = 0, "landlock: warning");
        one(|i| i.machine.seccomp = false, "seccomp: warning");
        one(|i| i.machine.unit = Some("[Service]\n".to_owned()), "systemd unit: warning");
    }

    #[test]
    fn what_is_not_there_yet_is_no_fault() {
        let missing = |i: &mut Inputs| {
            i.machine.data_mode = None;
            i.machine.unit = None;
            i.certificate = None;
        };
        assert_eq!(after(missing), Vec::<String>::new());
    }

    #[test]
    fn whatever_is_amiss_says_what_to_do() {
        let mut inputs = well();
        inputs.machine = Machine { memory: Some(0), free: Some(0), ..Machine::default() };
        inputs.interfaces.clear();
        for check in checks(&inputs).iter().filter(|check| check.verdict > Verdict::Good) {
            assert!(!check.do_this.is_empty(), "{check:?}");
        }
    }

    fn state(inputs: &mut Inputs) -> &mut InterfaceState {
        inputs.interfaces[0].state.as_mut().unwrap()
    }
}
