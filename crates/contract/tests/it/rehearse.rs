//! A rehearsal, compared with judging every conversation by itself.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use cordon_contract::learn::{is_upkeep, stays_on_link};
use cordon_contract::rehearse::{Judged, Kind, Lost, Rehearsal, Report, Sighting, Verdict};
use cordon_contract::{
    Bindings, Carrier, Decision, EntryId, Judge, Member, MemberNo, NameNo, Opens, Origin, Policy,
    Ports, Reach, Rule, Side, Stage, Where,
};
use cordon_model::{App, DeviceId, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

/// Conversations begin before this.
const END: i64 = 1_000;

fn inside() -> impl Strategy<Value = IpAddr> {
    (0..6_u8).prop_map(|no| IpAddr::from([10, 0, 0, no]))
}

fn outside() -> impl Strategy<Value = IpAddr> {
    (1..5_u8).prop_map(|no| IpAddr::from([9, 9, 9, no]))
}

fn anywhere() -> impl Strategy<Value = IpAddr> {
    let group = Just(IpAddr::from([224, 0, 0, 251]));
    prop_oneof![6 => inside(), 4 => outside(), 1 => group]
}

fn carrier() -> impl Strategy<Value = Carrier> {
    use Carrier::{Icmp, Protocol, Tcp, Udp};
    prop_oneof![4 => Just(Tcp), 4 => Just(Udp), 1 => Just(Icmp), 1 => Just(Protocol(47))]
}

fn port() -> impl Strategy<Value = u16> {
    prop_oneof![Just(8), Just(53), Just(68), Just(443), Just(5_000), Just(5_001)]
}

fn ports() -> impl Strategy<Value = Ports> {
    prop_oneof![
        Just(Ports::ALL),
        port().prop_map(Ports::one),
        (port(), port()).prop_map(|(a, b)| Ports::range(a, b))
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let at = prop_oneof![
        4 => anywhere().prop_map(|ip| Where::Net(ip.into())),
        1 => Just(Where::Net("10.0.0.0/30".parse().unwrap())),
        1 => Just(Where::Net("0.0.0.0/0".parse().unwrap())),
        4 => (0..2_u32).prop_map(|name| Where::Name(NameNo(name))),
    ];
    let carrier = prop_oneof![6 => carrier(), 1 => Just(Carrier::Ip)];
    let client = prop_oneof![5 => Just(Ports::ALL), 1 => ports()];
    let opens = prop_oneof![3 => Just(Opens::Device), 1 => Just(Opens::Peer)];
    (0..5_u32, opens, at, carrier, ports(), client).prop_map(
        |(member, opens, at, carrier, service, client)| Rule {
            member: MemberNo(member),
            opens,
            at,
            carrier,
            service: if carrier.has_ports() { service } else { Ports::ALL },
            client,
            entry: member,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let stage =
        prop_oneof![1 => Just(Stage::Watch), 1 => Just(Stage::Warn), 4 => Just(Stage::Enforce)];
    let reach = prop_oneof![
        12 => Just(Reach::Normal),
        1 => Just(Reach::Off),
        1 => Just(Reach::LocalOnly),
        1 => Just(Reach::InternetOnly)
    ];
    (vec((stage, reach), 5), vec(rule(), 0..40)).prop_map(|(members, mut rules)| {
        rules.sort();
        rules.dedup();
        let member = |(no, (stage, reach)): (u8, (Stage, Reach))| Member {
            device: DeviceId(no.to_string().into()),
            label: "one".into(),
            macs: Vec::new(),
            ips: vec![[10, 0, 0, no].into()],
            link: None,
            stage,
            reach,
        };
        Policy {
            members: (0..).zip(members).map(member).collect(),
            rules,
            names: vec!["a.example".into(), "*.b.example".into()],
            entries: (0..5)
                .map(|no| Origin { member: MemberNo(no), entry: EntryId("entry".into()) })
                .collect(),
            local: vec!["10.0.0.0/8".parse().unwrap()],
            ..Policy::default()
        }
    })
}

/// Answers to names: whom, which, where, and until when.
type Told = (u32, bool, IpAddr, i64);

fn told() -> impl Strategy<Value = Told> {
    let until = prop_oneof![Just(END * 2), 0..END];
    (0..5_u32, any::<bool>(), outside(), until)
}

fn sighting() -> impl Strategy<Value = Sighting> {
    let app = proptest::option::of(prop_oneof![Just(App::Dns), Just(App::Tls)]);
    let ends = (anywhere(), anywhere(), carrier(), port(), port());
    (ends, app, 0..END, 0..100_i64, 0..1_000_u64, any::<bool>()).prop_map(
        |((from, to, carrier, service, client), app, first, lasted, packets, answered)| {
            let has_ports = matches!(carrier, Carrier::Tcp | Carrier::Udp);
            Sighting {
                from,
                to,
                carrier,
                service: if carrier.has_ports() { service } else { 0 },
                client: if has_ports { client } else { 0 },
                app,
                first: Timestamp::from_secs(first),
                last: Timestamp::from_secs(first + lasted),
                packets,
                bytes: packets * 99,
                answered,
            }
        },
    )
}

/// What a firewall with these contracts would have done, conversation by conversation.
fn one_by_one(policy: &Policy, bindings: &Bindings, seen: &[Sighting]) -> Report {
    let judge = Judge::new(policy);
    let mut lost: BTreeMap<Kind, Lost> = BTreeMap::new();
    let mut blocked = 0;
    for one in seen {
        let free = is_upkeep(one.carrier, one.service) || stays_on_link(one.to);
        let decision = judge.decide(&one.packet(), bindings, one.first);
        let Decision::Drop(member, side, _) = decision else { continue };
        if free {
            continue;
        }
        blocked += 1;
        let peer = if side == Side::Source { one.to } else { one.from };
        let kind = Kind { member, side, peer, carrier: one.carrier, service: one.service };
        let held = lost.entry(kind).or_insert(Lost {
            times: 0,
            packets: 0,
            bytes: 0,
            first: one.first,
            last: one.last,
            answered: 0,
            app: one.app,
        });
        held.times += 1;
        held.packets += one.packets;
        held.bytes += one.bytes;
        held.first = held.first.min(one.first);
        held.last = held.last.max(one.last);
        held.answered += u64::from(one.answered);
        held.app = held.app.into_iter().chain(one.app).min();
    }
    let mut lost: Vec<(Kind, Lost)> = lost.into_iter().collect();
    lost.sort_by_key(|(kind, lost)| (std::cmp::Reverse(lost.times), *kind));
    Report { flows: seen.len() as u64, blocked, unlisted: 0, lost }
}

/// Counts one by what its kind meets; by what it meets itself, where that depends.
fn count(rehearsal: &mut Rehearsal<'_>, judged: Judged, one: &Sighting) {
    let verdict = match judged {
        Judged::Passes => Verdict::Passes,
        Judged::Blocked(member, side) => Verdict::Blocked(member, side),
        Judged::Depends => rehearsal.one(one),
    };
    match verdict {
        Verdict::Passes => rehearsal.pass(1),
        Verdict::Blocked(member, side) => {
            let loss = rehearsal.loss(member, side, one);
            rehearsal.lose(loss, &one.traffic());
        }
    }
}

/// The same by kinds and the times between which nothing changes.
fn by_turns(policy: &Policy, bindings: &Bindings, seen: &[Sighting]) -> Report {
    let mut rehearsal = Rehearsal::new(policy, bindings);
    let mut kinds: HashMap<_, Judged> = HashMap::new();
    for one in seen {
        let turns = rehearsal.turns(one).filter(|turn| *turn <= one.first).count();
        let key = (one.from, one.to, one.carrier, one.service, turns);
        let judged = *kinds.entry(key).or_insert_with(|| rehearsal.kind_at(one));
        count(&mut rehearsal, judged, one);
    }
    rehearsal.conclude()
}

/// The same by kinds, each judged once unless it depends.
fn by_kinds(policy: &Policy, bindings: &Bindings, seen: &[Sighting]) -> Report {
    let mut rehearsal = Rehearsal::new(policy, bindings);
    let mut kinds: HashMap<_, Judged> = HashMap::new();
    for one in seen {
        let key = (one.from, one.to, one.carrier, one.service);
        let judged = *kinds.entry(key).or_insert_with(|| rehearsal.kind(one));
        count(&mut rehearsal, judged, one);
    }
    rehearsal.conclude()
}

fn bindings(policy: &Policy, told: &[Told]) -> Bindings {
    let mut bindings = Bindings::default();
    for (member, first, ip, until) in told {
        let name = if *first { "a.example" } else { "x.b.example" };
        bindings.learn(policy, MemberNo(*member), name, *ip, Timestamp::from_secs(*until));
    }
    bindings
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn kinds_come_to_what_conversations_come_to_one_by_one(
        policy in policy(),
        told in vec(told(), 0..30),
        seen in vec(sighting(), 0..300),
    ) {
        let bindings = bindings(&policy, &told);
        let expected = one_by_one(&policy, &bindings, &seen);
        prop_assert_eq!(&by_kinds(&policy, &bindings, &seen), &expected);
        prop_assert_eq!(&by_turns(&policy, &bindings, &seen), &expected);
        let mut rehearsal = Rehearsal::new(&policy, &bindings);
        for one in &seen {
            rehearsal.see(one);
        }
        prop_assert_eq!(&rehearsal.conclude(), &expected);
        // The order in which conversations are met changes nothing.
        let turned: Vec<Sighting> = seen.iter().rev().copied().collect();
        prop_assert_eq!(&by_kinds(&policy, &bindings, &turned), &expected);
    }
}

/// A member that may ask one server over HTTPS by name, and one from a port of its own.
fn small(rules: impl IntoIterator<Item = Rule>) -> Policy {
    Policy {
        members: vec![Member {
            device: DeviceId("camera".into()),
            label: "camera".into(),
            macs: Vec::new(),
            ips: vec![[10, 0, 0, 1].into()],
            link: None,
            stage: Stage::Enforce,
            reach: Reach::Normal,
        }],
        rules: rules.into_iter().collect(),
        names: vec!["a.example".into()],
        entries: vec![Origin { member: MemberNo(0), entry: EntryId("entry".into()) }],
        ..Policy::default()
    }
}

fn may(at: Where, client: Ports) -> Rule {
    Rule {
        member: MemberNo(0),
        opens: Opens::Device,
        at,
        carrier: Carrier::Tcp,
        service: Ports::one(443),
        client,
        entry: 0,
    }
}

fn https(client: u16, first: i64) -> Sighting {
    Sighting {
        from: [10, 0, 0, 1].into(),
        to: [9, 9, 9, 9].into(),
        carrier: Carrier::Tcp,
        service: 443,
        client,
        app: None,
        first: Timestamp::from_secs(first),
        last: Timestamp::from_secs(first + 1),
        packets: 2,
        bytes: 200,
        answered: true,
    }
}

#[test]
fn a_name_that_ends_makes_each_depend_and_one_that_lasts_does_not() {
    let policy = small([may(Where::Name(NameNo(0)), Ports::ALL)]);
    let kind = |until: Option<i64>| {
        let mut bindings = Bindings::default();
        if let Some(until) = until {
            let until = Timestamp::from_secs(until);
            bindings.learn(&policy, MemberNo(0), "a.example", [9, 9, 9, 9].into(), until);
        }
        let rehearsal = Rehearsal::new(&policy, &bindings);
        (rehearsal.kind(&https(5_000, 0)), rehearsal.one(&https(5_000, 499)))
    };
    let blocked = Verdict::Blocked(MemberNo(0), Side::Source);
    assert_eq!(kind(Some(i64::MAX)), (Judged::Passes, Verdict::Passes));
    assert_eq!(kind(Some(500)), (Judged::Depends, Verdict::Passes));
    assert_eq!(kind(Some(499)), (Judged::Depends, blocked));
    assert_eq!(kind(None), (Judged::Blocked(MemberNo(0), Side::Source), blocked));
}

#[test]
fn a_rule_about_the_openers_port_makes_each_depend() {
    let policy = small([may(Where::Net("9.9.9.9/32".parse().unwrap()), Ports::one(5_000))]);
    let bindings = Bindings::default();
    let mut rehearsal = Rehearsal::new(&policy, &bindings);
    assert_eq!(rehearsal.kind(&https(1, 0)), Judged::Depends);
    let other = Sighting { service: 80, ..https(1, 0) };
    assert!(matches!(rehearsal.kind(&other), Judged::Blocked(..)));
    for port in [5_000, 5_001] {
        count(&mut rehearsal, Judged::Depends, &https(port, 0));
    }
    let report = rehearsal.conclude();
    assert_eq!((report.flows, report.blocked, report.lost.len()), (2, 1, 1), "{report:?}");
}

#[test]
fn more_kinds_than_are_listed_are_counted() {
    let policy = small([]);
    let bindings = Bindings::default();
    let mut rehearsal = Rehearsal::new(&policy, &bindings);
    let at =
        |number: u32| Sighting { to: IpAddr::V4((0x0900_0000 | number).into()), ..https(1, 0) };
    for number in 0..100_010_u32 {
        let one = at(number);
        let judged = rehearsal.kind(&one);
        count(&mut rehearsal, judged, &one);
    }
    let report = rehearsal.conclude();
    assert_eq!((report.flows, report.blocked), (100_010, 100_010));
    assert_eq!((report.unlisted, report.lost.len()), (10, 100_000));
}
