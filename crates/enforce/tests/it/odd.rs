//! What others do to us, and what we must not do to ourselves.

use cordon_contract::policy::Policy;
use cordon_contract::{Bindings, Carrier, Packet, Reach, Refusal, Side};
use cordon_enforce::{
    CompileError, Compiler, Done, DriverError, Enforcer, Hook, Lifeline, Nft, Options, Outcome,
    Ruleset, Seen, Simulator,
};
use cordon_model::Timestamp;

use crate::containment::camera;
use crate::lab::{Ears, put_beyond, sh};
use crate::namespace;
use crate::world::mac;

const AT: Timestamp = Timestamp::from_secs(0);

fn compile(policy: &Policy, options: &Options) -> Result<Ruleset, CompileError> {
    Compiler::new(policy)?.ruleset(&Bindings::default(), options, AT)
}

#[test]
fn tables_of_others_are_left_alone_even_under_our_name() {
    if !namespace::entered("odd::tables_of_others_are_left_alone_even_under_our_name") {
        return;
    }
    sh(
        "nft 'table inet filter { chain forward { type filter hook forward priority 0; counter; }; }'",
    );
    let others = sh("nft list table inet filter");
    let mut enforcer = Enforcer::new(Nft::default());
    let rules = compile(&camera(), &Options::default()).unwrap();
    enforcer.set(rules.clone(), AT).unwrap();
    enforcer.load(rules.clone(), AT).unwrap();
    enforcer.unload(AT).unwrap();
    assert_eq!(sh("nft list table inet filter"), others);
    sh("nft 'table inet cordon_b { chain theirs { }; }'");
    let refused = enforcer.set(rules, AT).unwrap_err();
    assert_eq!(refused, DriverError::NotOurs("cordon_b".into()));
    assert!(sh("nft list table inet cordon_b").contains("theirs"));
}

#[test]
fn what_somebody_changes_in_our_table_is_seen_and_mended() {
    if !namespace::entered("odd::what_somebody_changes_in_our_table_is_seen_and_mended") {
        return;
    }
    let mut enforcer = Enforcer::new(Nft::default());
    let mut policy = camera();
    enforcer.set(compile(&policy, &Options::default()).unwrap(), AT).unwrap();
    let ours = "inet cordon_a";
    let changes = [
        format!("nft insert rule {ours} cd_forward accept"),
        format!("nft flush chain {ours} cd_spoof"),
        format!("nft add element {ours} cd_mac_any4 '{{ 02:00:00:00:00:05 . 0.0.0.0/0 }}'"),
        format!("nft flush set {ours} cd_mac_ports4"),
        format!("nft 'add set {ours} theirs {{ type ipv4_addr; }}'"),
        // It is all there still, and nothing of it does anything.
        format!("nft 'add table {ours} {{ flags dormant; }}'"),
    ];
    for change in changes {
        let table =
            if sh("nft list chains").contains("cordon_a") { "cordon_a" } else { "cordon_b" };
        sh(&change.replace("cordon_a", table));
        let drift = enforcer.drift(AT).unwrap();
        assert!(!drift.is_none(), "{change} goes unnoticed");
        let theirs = change.contains("theirs");
        assert_eq!(drift.strange.is_empty(), !theirs && !change.contains("dormant"));
        if theirs {
            sh(&format!("nft delete set inet {table} theirs"));
        }
        let meant = enforcer.meant().unwrap().clone();
        assert_eq!(enforcer.load(meant, AT).unwrap(), Done::Loaded);
        assert!(enforcer.drift(AT).unwrap().is_none(), "{change} was not mended");
    }
    // Everything of ours is deleted behind our back: the next change loads it anew.
    sh("nft flush ruleset");
    policy.members[0].reach = Reach::Off;
    let meant = compile(&policy, &Options::default()).unwrap();
    assert_eq!(enforcer.set(meant, AT).unwrap(), Done::Loaded);
    assert!(enforcer.drift(AT).unwrap().is_none());
}

/// A packet of the camera to the enforcing machine.
fn to_us(from: &str, to: &str, carrier: Carrier, ports: (u16, u16)) -> Seen {
    let packet = Packet {
        mac: Some(mac(5)),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        carrier,
        from_port: ports.0,
        to_port: ports.1,
        established: false,
    };
    Seen { packet, in_link: "lan1".into(), out_link: "".into(), fresh: true }
}

#[test]
fn an_enforced_device_keeps_its_address_and_its_neighbours_and_one_that_is_off_does_not() {
    let options = Options { host: true, ..Options::default() };
    let mut policy = camera();
    let needs = [
        to_us("0.0.0.0", "255.255.255.255", Carrier::Udp, (68, 67)),
        to_us("10.1.0.5", "10.1.0.1", Carrier::Udp, (68, 67)),
        to_us("fe80::5", "ff02::1:2", Carrier::Udp, (546, 547)),
        to_us("fe80::5", "ff02::1:ff00:1", Carrier::Icmpv6, (0, 135)),
        to_us("fe80::5", "fe80::1", Carrier::Icmpv6, (0, 136)),
        to_us("fe80::5", "ff02::2", Carrier::Icmpv6, (0, 133)),
    ];
    let all = [Reach::Normal, Reach::LocalOnly, Reach::InternetOnly];
    for reach in all {
        policy.members[0].reach = reach;
        let rules = compile(&policy, &options).unwrap();
        let simulator = Simulator::new(&rules);
        for need in &needs {
            assert_eq!(simulator.run(Hook::Input, need, AT), Outcome::Pass, "{need:?}");
        }
        // What a router or a server says is not among it, nor is anything else.
        let pretends = to_us("fe80::5", "ff02::1", Carrier::Icmpv6, (0, 134));
        let telnet = to_us("10.1.0.5", "10.1.0.1", Carrier::Tcp, (4_000, 23));
        for bad in [pretends, telnet] {
            let out = Outcome::Drop(Side::Source, Refusal::Outside);
            assert_eq!(simulator.run(Hook::Input, &bad, AT), out, "{bad:?}");
        }
    }
    policy.members[0].reach = Reach::Off;
    let rules = compile(&policy, &options).unwrap();
    let simulator = Simulator::new(&rules);
    for need in &needs {
        let off = Outcome::Drop(Side::Source, Refusal::Switched);
        assert_eq!(simulator.run(Hook::Input, need, AT), off, "{need:?}");
    }
}

#[test]
fn nobody_locks_himself_out_of_the_console() {
    let mut policy = camera();
    policy.members[0].reach = Reach::Off;
    let lifelines = vec![Lifeline::Here(Carrier::Tcp, 8443)];
    let options = Options { host: true, lifelines, ..Options::default() };
    let rules = compile(&policy, &options).unwrap();
    let simulator = Simulator::new(&rules);
    let console = to_us("10.1.0.5", "10.1.0.1", Carrier::Tcp, (4_000, 8443));
    assert_eq!(simulator.run(Hook::Input, &console, AT), Outcome::Pass);
    let mut answer = to_us("10.1.0.1", "10.1.0.5", Carrier::Tcp, (8443, 4_000));
    answer.packet.mac = None;
    answer.packet.established = true;
    answer.out_link = "lan1".into();
    assert_eq!(simulator.run(Hook::Output, &answer, AT), Outcome::Pass);
    answer.packet.from_port = 22;
    assert!(matches!(simulator.run(Hook::Output, &answer, AT), Outcome::Drop(..)));
}

#[test]
fn a_name_that_no_interface_can_have_is_refused_before_it_reaches_the_kernel() {
    let mut policy = camera();
    for name in ["", "a-name-that-is-too-long", "lan0\"; flush ruleset", "lan*"] {
        policy.members[0].link = Some(name.into());
        let refused = compile(&policy, &Options::default()).unwrap_err();
        assert!(matches!(refused, CompileError::BadLink(_)), "{name}");
    }
    policy.members[0].link = None;
    let lifelines = vec![Lifeline::Link("x y".into())];
    let options = Options { lifelines, ..Options::default() };
    assert!(matches!(compile(&policy, &options), Err(CompileError::BadLink(_))));
}

#[test]
fn neighbours_on_one_bridge_are_kept_apart() {
    if !namespace::entered("odd::neighbours_on_one_bridge_are_kept_apart") {
        return;
    }
    // Each port has a cable, in whose far end frames are put.
    sh("ip link add br0 type bridge mcast_snooping 0; ip link set br0 up
        for port in lan0 lan1; do
            ip link add $port type veth peer name ${port}p
            ip link set $port master br0; ip link set $port up; ip link set ${port}p up
        done");
    let calls = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    if std::fs::write(calls, "1").is_err() {
        println!("skipped: this kernel does not show bridged packets to the firewall");
        return;
    }
    let mut policy = camera();
    policy.members[0].link = Some("br0".into());
    let mut enforcer = Enforcer::new(Nft::default());
    let mut ears = Ears::at(&["lan1"]);
    let server = to_us("10.1.0.5", "203.0.113.9", Carrier::Udp, (4_000, 5_000)).packet;
    let neighbour = to_us("10.1.0.5", "10.1.0.6", Carrier::Udp, (4_000, 5_000)).packet;
    let stranger = Packet { mac: Some(mac(60_000)), ..server };
    let frames = [(1, server), (2, neighbour), (3, stranger)];
    put_beyond("lan0", &frames);
    assert_eq!(ears.heard().into_iter().collect::<Vec<_>>(), [1, 2, 3], "without rules");
    enforcer.set(compile(&policy, &Options::default()).unwrap(), AT).unwrap();
    put_beyond("lan0", &frames);
    assert_eq!(ears.heard().into_iter().collect::<Vec<_>>(), [1]);
    policy.members[0].reach = Reach::Off;
    enforcer.set(compile(&policy, &Options::default()).unwrap(), AT).unwrap();
    put_beyond("lan0", &frames);
    assert!(ears.heard().is_empty());
}

#[test]
fn what_the_kernel_forwards_of_addresses_of_a_link() {
    if !namespace::entered("odd::what_the_kernel_forwards_of_addresses_of_a_link") {
        return;
    }
    crate::lab::router();
    let mut ears = Ears::at(&["lan1", "wan0"]);
    let packet = |from: &str, to: &str| to_us(from, to, Carrier::Udp, (4_000, 5_000)).packet;
    let frames = [
        (1, packet("10.1.0.5", "203.0.113.9")),
        (2, packet("169.254.3.4", "203.0.113.9")),
        (3, packet("10.1.0.5", "169.254.3.4")),
        (4, packet("2a00:1::5", "2a00:2::9")),
        (5, packet("fe80::77", "2a00:2::9")),
        (6, packet("2a00:1::5", "fe80::77")),
        (7, packet("0.0.0.0", "203.0.113.9")),
    ];
    crate::lab::put("lan1", &frames);
    // IPv4 is forwarded from and to them, whatever RFC 3927 says; so proofs must count with it.
    assert_eq!(ears.heard().into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
}
