//! What the kernel logs, read and explained.

use std::net::IpAddr;
use std::time::Duration;

use cordon_contract::policy::Policy;
use cordon_contract::{
    Bindings, Carrier, EntryId, Judge, Member, MemberNo, Opens, Origin, Packet, Peer, Ports, Reach,
    Refusal, Rule, Side, Stage, Where,
};
use cordon_enforce::{Compiler, DriverError, Enforcer, Explainer, LogReader, Nft, Options};
use cordon_model::{DeviceId, Timestamp};

use crate::lab::{put, router, sh};
use crate::namespace;
use crate::world::mac;

const AT: Timestamp = Timestamp::from_secs(0);
const GROUP: u16 = 41;
const PATIENCE: Duration = Duration::from_millis(800);

fn member(no: u32, ip: &str, link: Option<&str>, stage: Stage) -> Member {
    Member {
        device: DeviceId(format!("device-{no}").into()),
        label: format!("device {no}").into(),
        macs: vec![mac(no)],
        ips: vec![ip.parse().unwrap()],
        link: link.map(Into::into),
        stage,
        reach: Reach::Normal,
    }
}

/// A camera that is enforced, a lamp that is warned about, a device that is off, and a server
/// behind a router.
fn policy() -> Policy {
    let mut off = member(7, "10.1.0.7", Some("lan1"), Stage::Enforce);
    off.reach = Reach::Off;
    Policy {
        members: vec![
            member(5, "10.1.0.5", Some("lan1"), Stage::Enforce),
            member(6, "10.1.0.6", Some("lan1"), Stage::Warn),
            off,
            member(8, "203.0.113.8", None, Stage::Enforce),
        ],
        ..Policy::default()
    }
}

fn packet(no: u32, from: &str, to: &str, carrier: Carrier, to_port: u16) -> Packet {
    let (from, to): (IpAddr, IpAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let from_port = if carrier == Carrier::Icmp { 0 } else { 40_000 };
    Packet { mac: Some(mac(no)), from, to, carrier, from_port, to_port, established: false }
}

fn load(policy: &Policy) -> Enforcer<Nft> {
    let options = Options { log_group: GROUP, ..Options::default() };
    let ruleset =
        Compiler::new(policy).unwrap().ruleset(&Bindings::default(), &options, AT).unwrap();
    let mut enforcer = Enforcer::new(Nft::default());
    enforcer.set(ruleset, AT).unwrap();
    enforcer
}

#[test]
fn what_is_refused_is_read_with_whose_it_was_and_the_entry_that_is_missing() {
    if !namespace::entered(
        "nflog::what_is_refused_is_read_with_whose_it_was_and_the_entry_that_is_missing",
    ) {
        return;
    }
    router();
    let policy = policy();
    let _enforcer = load(&policy);
    let mut log = LogReader::open(GROUP).unwrap();
    let refused = LogReader::open(GROUP).err().unwrap();
    assert!(
        matches!(&refused, DriverError::Refused(why) if why.contains("no other program")),
        "{refused}"
    );
    let explainer = Explainer::new(&policy);
    use Refusal::{Outside, Spoofed, Switched};
    use Side::{Destination, Source};
    let tcp = Carrier::Tcp;
    let cases = [
        (packet(5, "10.1.0.5", "203.0.113.9", tcp, 443), Source, Outside, true, Some(0)),
        (packet(6, "10.1.0.6", "203.0.113.9", Carrier::Udp, 123), Source, Outside, false, Some(1)),
        (packet(7, "10.1.0.7", "203.0.113.9", tcp, 80), Source, Switched, true, Some(2)),
        (packet(5, "10.1.0.6", "203.0.113.9", tcp, 80), Source, Spoofed, true, Some(0)),
        (
            packet(6_000, "10.1.0.77", "203.0.113.8", Carrier::Icmp, 8),
            Destination,
            Outside,
            true,
            Some(3),
        ),
    ];
    for (sent, side, why, dropped, member) in cases {
        put("lan1", &[(1, sent)]);
        let record = log.next(PATIENCE).unwrap().unwrap_or_else(|| panic!("no word of {sent:?}"));
        let logged = record.logged;
        assert_eq!((logged.side, logged.why, logged.dropped), (side, why, dropped), "{sent:?}");
        assert_eq!(record.packet, sent);
        assert_eq!(record.in_link.as_deref(), Some("lan1"));
        assert_eq!(record.out_link.as_deref(), Some("wan0"));
        let denied = explainer.explain(record);
        assert_eq!(denied.member, member.map(MemberNo));
        // The entry that it names is the one that lets the packet through.
        assert_eq!(denied.missing.is_some(), why == Outside);
        let Some(entry) = denied.missing else { continue };
        assert_eq!(entry.opens, if side == Source { Opens::Device } else { Opens::Peer });
        let Peer::Network { net } = entry.peer else { panic!("{entry:?}") };
        let mut wiser = policy.clone();
        wiser.entries.push(Origin { member: denied.member.unwrap(), entry: EntryId("e".into()) });
        wiser.rules.push(Rule {
            member: denied.member.unwrap(),
            opens: entry.opens,
            at: Where::Net(net),
            carrier: entry.transport,
            service: entry.ports[0],
            client: Ports::ALL,
            entry: 0,
        });
        let passes = |policy| Judge::new(policy).decide(&sent, &Bindings::default(), AT);
        assert!(matches!(passes(&wiser), cordon_contract::Decision::Allow { .. }));
        assert!(!matches!(passes(&policy), cordon_contract::Decision::Allow { .. }));
    }
    assert_eq!(log.next(Duration::from_millis(200)).unwrap(), None);
    assert_eq!((log.lost(), log.overruns(), log.strange()), (0, 0, 0));
}

#[test]
fn what_is_lost_because_nobody_read_is_counted_and_reading_goes_on() {
    if !namespace::entered("nflog::what_is_lost_because_nobody_read_is_counted_and_reading_goes_on")
    {
        return;
    }
    router();
    let policy = policy();
    let _enforcer = load(&policy);
    // A rule without a meter, so that there is too much of it.
    sh(&format!(
        "nft 'table inet flood {{ chain c {{ type filter hook prerouting priority -500; udp dport 9 counter log prefix \"cordon drop from outside\" group {GROUP} snaplen 128; }}; }}'"
    ));
    let mut log = LogReader::open(GROUP).unwrap();
    let sent = packet(60_000, "10.1.0.99", "203.0.113.9", Carrier::Udp, 9);
    let frames: Vec<_> = (0..20_000).map(|no| (no, sent)).collect();
    for _ in 0..3 {
        crate::lab::flood("lan1", &frames);
    }
    let mut read = 0_u64;
    while log.next(Duration::from_millis(300)).unwrap().is_some() {
        read += 1;
    }
    let overruns = log.overruns();
    // The next one has a number, which tells how many are missing.
    put("lan1", &[(1, sent)]);
    while log.next(PATIENCE).unwrap().is_some() {
        read += 1;
    }
    println!("{read} read, {} lost, said {overruns} times", log.lost());
    assert!(read > 1_000 && overruns > 0 && log.lost() > 1_000);
    let table = sh("nft list table inet flood");
    let mut words = table.split_whitespace().skip_while(|word| *word != "packets");
    let counted: u64 = words.nth(1).unwrap().parse().unwrap();
    assert_eq!(read + log.lost(), counted);
}
