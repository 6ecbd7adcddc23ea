//! Which files and ports are left (landlock, `Documentation/userspace-api/landlock.rst`).

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, NetPort, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    path_beneath_rules,
};

use crate::{
    Plan,
    give_up::refused,
    standing::{Measure, Outcome},
};

const NAME: &str = "files and ports";

/// The newest interface that this was tried with; a kernel that has less gives what it has.
const NEWEST: ABI = ABI::V7;

/// What the libraries read while they run: about this process, the clock's zone, and names.
const ALWAYS_READ: [&str; 9] = [
    "/proc/self",
    "/proc/meminfo",
    "/sys/class/net",
    "/sys/devices/system/cpu",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
];

/// Rules that are made and not yet in force.
pub(crate) struct Rules(Result<RulesetCreated, RulesetError>);

impl Rules {
    pub(crate) fn prepare(plan: &Plan) -> Rules {
        Rules(rules(plan))
    }

    pub(crate) fn enforce(self) -> Measure {
        let status = match self.0.and_then(RulesetCreated::restrict_self) {
            Ok(status) => status,
            Err(error) => return refused(NAME, &error.to_string(), false),
        };
        let version = match status.landlock {
            LandlockStatus::Available { effective_abi, .. } => effective_abi as i32,
            LandlockStatus::NotEnabled => {
                return Measure::short(
                    NAME,
                    Outcome::KernelHasItNot,
                    "landlock is built into this kernel and not switched on",
                    "add landlock to the lsm= list of the kernel's command line",
                );
            }
            LandlockStatus::NotImplemented => {
                return refused(NAME, "landlock came with Linux 5.13", true);
            }
        };
        match status.ruleset {
            RulesetStatus::FullyEnforced => Measure::in_force(
                NAME,
                format!("only its own data is written, only named ports used (landlock {version})"),
            ),
            RulesetStatus::PartiallyEnforced => Measure::short(
                NAME,
                Outcome::Partly,
                format!("only its own data is written; landlock {version} has no more"),
                "Linux 6.12 also has rules for ports and signals",
            ),
            RulesetStatus::NotEnforced => refused(NAME, "landlock is not in force", true),
        }
    }
}

/// The landlock version of this kernel, 0 without; changes nothing.
pub(crate) fn version() -> i32 {
    const ALL: [(ABI, i32); 6] =
        [(ABI::V6, 6), (ABI::V5, 5), (ABI::V4, 4), (ABI::V3, 3), (ABI::V2, 2), (ABI::V1, 1)];
    let has = |abi| {
        let hard = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let files = hard.handle_access(AccessFs::from_all(abi));
        let ports = match abi {
            ABI::V1 | ABI::V2 | ABI::V3 => files,
            _ => files.and_then(|rules| rules.handle_access(AccessNet::from_all(abi))),
        };
        match abi {
            ABI::V6 => ports.and_then(|rules| rules.scope(Scope::from_all(abi))),
            _ => ports,
        }
        .and_then(Ruleset::create)
        .is_ok()
    };
    ALL.into_iter().find(|(abi, _)| has(*abi)).map_or(0, |(_, version)| version)
}

fn rules(plan: &Plan) -> Result<RulesetCreated, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // Everything but to execute and to make devices: data is data.
    let write = read
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    let ports = |ports: &[u16], access: AccessNet| {
        let rule = |&port: &u16| Ok::<_, RulesetError>(NetPort::new(port, access));
        ports.iter().map(rule).collect::<Vec<_>>()
    };
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(&plan.write, write))?
        .add_rules(path_beneath_rules(&plan.read, read))?
        .add_rules(path_beneath_rules(ALWAYS_READ, read))?
        .add_rules(ports(&plan.listen, AccessNet::BindTcp))?
        .add_rules(ports(&plan.connect, AccessNet::ConnectTcp))
}
