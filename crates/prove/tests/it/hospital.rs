//! A small site, and what people ask of it.

use cordon_contract::{
    Bindings, Carrier, EntryId, Member, MemberNo, NameNo, Opens, Origin, Policy, Ports, Reach,
    Rule, Stage, Where,
};
use cordon_enforce::{
    Change, Compiler, Driver as _, Effect, Element, Held, Hook, Key, Loaded, Memory, Nft, Options,
    Other, Outcome, Seen, SetName, Simulator, Value,
};
use cordon_model::{DeviceId, Mac, Timestamp};
use cordon_prove::{Answer, Chance, End, Expectation, Finding, Kind, Must, Prover, Surroundings};

use crate::namespace;

const AT: Timestamp = Timestamp::from_secs(1_000);
const THERMOSTAT: u32 = 0;
const IMAGING: u32 = 1;
const PUMP: u32 = 2;
const GATEWAY: u32 = 3;

fn end(no: u32) -> End {
    End::Device(id(no))
}

fn id(no: u32) -> DeviceId {
    DeviceId(format!("d{no}").into())
}

fn ip(no: u32) -> std::net::IpAddr {
    [10, 1, no as u8, 9].into()
}

fn allow(member: u32, opens: Opens, at: Where, port: u16) -> Rule {
    let (carrier, service, client) = (Carrier::Tcp, Ports::one(port), Ports::ALL);
    Rule { member: MemberNo(member), opens, at, carrier, service, client, entry: 0 }
}

fn at(no: u32) -> Where {
    Where::Net(ip(no).into())
}

/// A thermostat that may speak to a gateway and to a name; the gateway to a pump; an imaging server
/// that lets in the pump alone. Each behind an interface of its own.
fn site() -> Policy {
    let members = ["thermostat-1", "imaging-server", "pump", "gateway"];
    let members = (0..).zip(members).map(|(no, label)| Member {
        device: id(no),
        label: label.into(),
        macs: vec![Mac([2, 0, 0, 0, 0, no as u8])],
        ips: vec![ip(no)],
        link: Some(format!("lan{no}").into()),
        stage: Stage::Enforce,
        reach: Reach::Normal,
    });
    let mut policy = Policy { members: members.collect(), ..Policy::default() };
    policy.names.push("time.example.org".into());
    policy.rules = vec![
        allow(THERMOSTAT, Opens::Device, at(GATEWAY), 443),
        allow(THERMOSTAT, Opens::Device, Where::Name(NameNo(0)), 8443),
        allow(IMAGING, Opens::Peer, at(PUMP), 104),
        allow(PUMP, Opens::Device, at(IMAGING), 104),
        allow(PUMP, Opens::Peer, at(GATEWAY), 502),
        allow(GATEWAY, Opens::Device, at(PUMP), 502),
        allow(GATEWAY, Opens::Peer, at(THERMOSTAT), 443),
    ];
    finish(policy)
}

fn finish(mut policy: Policy) -> Policy {
    policy.rules.sort();
    policy.entries.clear();
    for (no, rule) in (0..).zip(&mut policy.rules) {
        rule.entry = no;
        let entry = EntryId(format!("e-{no}").into());
        policy.entries.push(Origin { member: rule.member, entry });
    }
    policy
}

fn held(policy: &Policy) -> Held {
    let ruleset = Compiler::new(policy)
        .unwrap()
        .ruleset(&Bindings::default(), &Options::default(), AT)
        .unwrap();
    let memory = Memory::default();
    memory.apply(&Change::Load(ruleset), AT).unwrap();
    memory.read(AT).unwrap().unwrap()
}

fn asked<T>(
    loaded: &Loaded,
    policy: &Policy,
    around: &Surroundings,
    ask: impl FnOnce(&Prover<'_>) -> T,
) -> T {
    ask(&Prover::new(loaded, policy, &Bindings::default(), around, AT))
}

fn proved(held: &Held, policy: &Policy, from: u32, to: u32) -> Finding {
    asked(&Loaded::from(held), policy, &Surroundings::default(), |prover| {
        prover.prove(&end(from), &end(to))
    })
}

#[test]
fn what_no_entry_allows_is_impossible_and_both_contracts_say_so() {
    let policy = site();
    let finding = proved(&held(&policy), &policy, THERMOSTAT, IMAGING);
    assert!(matches!(finding.answer, Answer::Impossible { .. }), "{finding:?}");
    assert_eq!(
        finding.says(),
        "A compromised thermostat-1 cannot reach imaging-server.\n\
         The contract of thermostat-1 has no entry for it (cd_drop_outside_from).\n\
         Under an address that is not its own, or its own from elsewhere, it is dropped (cd_drop_spoofed).\n\
         The contract of imaging-server alone would stop it too, unless it takes another's address.\n\
         imaging-server cannot open conversations to thermostat-1 either."
    );
}

#[test]
fn what_is_allowed_is_shown_with_its_way_and_the_entries_of_both_ends() {
    let policy = site();
    let finding = proved(&held(&policy), &policy, THERMOSTAT, GATEWAY);
    let Answer::Possible { ways, limits } = &finding.answer else { panic!("{finding:?}") };
    let [way] = ways.as_slice() else { panic!("{}", finding.says()) };
    assert_eq!(limits.len(), 0);
    assert_eq!(
        (way.carrier.join(" ").as_str(), way.service.as_slice()),
        ("tcp", &[Ports::one(443)][..])
    );
    let by = [&way.by_source, &way.by_destination].map(|by| by.as_ref().unwrap());
    assert_eq!([&by[0].device, &by[1].device], [&id(THERMOSTAT), &id(GATEWAY)]);
    let origin = |entry: &EntryId| {
        let place = policy.entries.iter().position(|origin| origin.entry == *entry).unwrap();
        policy.rules[place].clone()
    };
    assert_eq!(origin(&by[0].entry).service, Ports::one(443));
    let elements: Vec<_> = way.path.iter().filter_map(|step| step.element.as_deref()).collect();
    assert!(elements.contains(&"02:00:00:00:00:00 . 10.1.3.9 . 6 . 443"), "{elements:?}");
    assert!(elements.contains(&"10.1.3.9 . 10.1.0.9 . 6 . 443"), "{elements:?}");
}

#[test]
fn single_ports_are_told_apart_where_some_are_open() {
    let policy = site();
    let loaded = Loaded::from(&held(&policy));
    let kind = |port, carrier| Kind { from: ip(THERMOSTAT), to: ip(GATEWAY), carrier, port };
    let kinds = [kind(443, Carrier::Tcp), kind(80, Carrier::Tcp), kind(443, Carrier::Udp)];
    let chances = |around: &Surroundings, to| {
        asked(&loaded, &policy, around, |prover| prover.chances(&end(THERMOSTAT), &end(to), &kinds))
    };
    let found = chances(&Surroundings::default(), GATEWAY);
    assert!(matches!(&found[0], Chance::Possible(says) if says.contains("443")), "{found:?}");
    assert_eq!(found[1..], [Chance::Impossible, Chance::Impossible]);
    assert_eq!(chances(&Surroundings::default(), IMAGING), vec![Chance::Impossible; 3]);
    // Where packets may go around, what is not open is not certain.
    let bypass = Other { effect: Effect::Bypasses, place: "netdev n i".into(), what: "fwd".into() };
    let around = Surroundings { others: vec![bypass], ..Surroundings::default() };
    let found = chances(&around, GATEWAY);
    assert!(matches!(&found[..], [Chance::Possible(_), Chance::Unknown(_), Chance::Unknown(_)]));
}

#[test]
fn a_switch_that_is_off_stops_more_than_a_contract() {
    let mut policy = site();
    policy.members[GATEWAY as usize].reach = Reach::Off;
    let finding = proved(&held(&policy), &policy, THERMOSTAT, GATEWAY);
    assert!(finding.says().contains("The switch of gateway stops it"), "{}", finding.says());
    assert!(!finding.answers);
}

#[test]
fn an_element_that_somebody_slipped_in_is_a_way_that_no_contract_explains() {
    let policy = site();
    let mut held = held(&policy);
    let mac = Value::Mac(Mac([2, 0, 0, 0, 0, THERMOSTAT as u8]));
    let all = |family4: &str, last: &str| {
        (Value::V4(family4.parse().unwrap()), Value::V4(last.parse().unwrap()))
    };
    let any: SetName = SetName::parse("cd_mac_any4").unwrap();
    let key = Key::spans(vec![(mac.clone(), mac), all("0.0.0.0", "255.255.255.255")]);
    held.elements.entry(any).or_default().push(Element::new(key));
    let finding = proved(&held, &policy, THERMOSTAT, IMAGING);
    assert!(matches!(finding.answer, Answer::Impossible { .. }), "the other end still says no");
    let any = SetName::parse("cd_to_any4").unwrap();
    let key = Key::spans(vec![
        (Value::from(ip(IMAGING)), Value::from(ip(IMAGING))),
        all("10.0.0.0", "10.255.255.255"),
    ]);
    held.elements.entry(any).or_default().push(Element::new(key));
    let finding = proved(&held, &policy, THERMOSTAT, IMAGING);
    assert!(matches!(finding.answer, Answer::Possible { .. }));
    assert!(finding.says().contains("by rules that no contract explains"), "{}", finding.says());
}

#[test]
fn nobody_concludes_anything_from_what_cannot_be_read_or_goes_around() {
    let policy = site();
    let unknown = |held: &Held, around: &Surroundings, word: &str| {
        let finding = asked(&Loaded::from(held), &policy, around, |prover| {
            prover.prove(&end(THERMOSTAT), &end(IMAGING))
        });
        let Answer::Unknown { limits, .. } = &finding.answer else { panic!("{finding:?}") };
        assert!(limits.iter().any(|limit| limit.contains(word)), "{limits:?}");
    };
    let plain = Surroundings::default();
    let mut changed = held(&policy);
    let foreign = r#"{"rule":{"chain":"cd_forward","expr":[{"match":{}},{"accept":null}],"family":"inet","table":"cordon"}}"#;
    let first = changed
        .rules
        .iter()
        .position(|line| line.contains("\"rule\"") && line.contains("\"chain\":\"cd_forward\""));
    changed.rules.insert(first.unwrap(), foreign.into());
    unknown(&changed, &plain, "not ours");
    let mut strange = held(&policy);
    strange.strange.push("something".into());
    unknown(&strange, &plain, "something");
    let other = |effect| Other { effect, place: "netdev n i".into(), what: "fwd".into() };
    let around = Surroundings { others: vec![other(Effect::Bypasses)], ..Surroundings::default() };
    unknown(&held(&policy), &around, "past our rules");
    // What may only stop more does not make it less certain.
    let around = Surroundings { others: vec![other(Effect::Refuses)], ..Surroundings::default() };
    let finding = asked(&Loaded::from(&held(&policy)), &policy, &around, |prover| {
        prover.prove(&end(THERMOSTAT), &end(IMAGING))
    });
    assert!(matches!(finding.answer, Answer::Impossible { .. }));
}

#[test]
fn neighbours_on_one_link_are_out_of_sight_unless_they_are_kept_apart() {
    let mut policy = site();
    policy.members[IMAGING as usize].link = Some("lan0".into());
    let loaded = Loaded::from(&held(&policy));
    let ask = |around: &Surroundings| {
        asked(&loaded, &policy, around, |prover| prover.answer(&end(THERMOSTAT), &end(IMAGING)))
    };
    assert!(matches!(ask(&Surroundings::default()), Answer::Unknown { .. }));
    let apart = Surroundings { apart: ["lan0".into()].into(), ..Surroundings::default() };
    assert!(matches!(ask(&apart), Answer::Impossible { .. }));
}

#[test]
fn addresses_of_one_link_are_no_way_to_another_link() {
    let mut policy = site();
    for member in &mut policy.members {
        let no = u16::from(member.macs[0].0[5]);
        let of_the_link = std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, no + 1);
        member.ips.push(of_the_link.into());
    }
    let loaded = Loaded::from(&held(&policy));
    let around = Surroundings::default();
    asked(&loaded, &policy, &around, |prover| {
        let answer = prover.answer(&end(THERMOSTAT), &end(IMAGING));
        assert!(matches!(answer, Answer::Impossible { .. }), "{answer:?}");
        let blast = prover.blast(&id(THERMOSTAT), 1).unwrap();
        assert!(!blast.hops.concat().contains(&id(IMAGING)), "{blast:?}");
    });
    // Where a device may be heard on any link, it may be a neighbour.
    let around = Surroundings { elsewhere: true, ..Surroundings::default() };
    asked(&loaded, &policy, &around, |prover| {
        let answer = prover.answer(&end(THERMOSTAT), &end(IMAGING));
        assert!(matches!(answer, Answer::Possible { .. }), "{answer:?}");
    });
}

#[test]
fn without_rules_everybody_reaches_everybody() {
    let policy = site();
    let finding = asked(&Loaded::default(), &policy, &Surroundings::default(), |prover| {
        prover.prove(&end(THERMOSTAT), &end(IMAGING))
    });
    assert!(matches!(finding.answer, Answer::Possible { .. }));
    let blast = asked(&Loaded::default(), &policy, &Surroundings::default(), |prover| {
        prover.blast(&id(THERMOSTAT), 3).unwrap()
    });
    assert_eq!((blast.within(1), blast.before), (3, 3));
}

#[test]
fn a_name_may_come_to_mean_what_is_outside_and_nothing_inside() {
    let mut policy = site();
    // Nobody enforces a contract of the imaging server yet.
    policy.members[IMAGING as usize].stage = Stage::Watch;
    let loaded = Loaded::from(&held(&policy));
    let ask = |policy: &Policy, to: &End| {
        let around = Surroundings::default();
        asked(&loaded, policy, &around, |prover| prover.prove(&end(THERMOSTAT), to))
    };
    let outside = End::Net("203.0.113.0/24".parse().unwrap());
    let finding = ask(&policy, &outside);
    let Answer::Possible { ways, .. } = &finding.answer else { panic!("{finding:?}") };
    assert!(ways.iter().all(|way| way.told), "{}", finding.says());
    assert!(finding.says().contains("could come to reach"), "{}", finding.says());
    assert!(finding.says().contains("time.example.org"), "{}", finding.says());
    // And so it is, once the device is told so.
    let passes = |bindings: &Bindings, seen: &Seen| {
        let compiler = Compiler::new(&policy).unwrap();
        let ruleset = compiler.ruleset(bindings, &Options::default(), AT).unwrap();
        !matches!(Simulator::new(&ruleset).run(Hook::Forward, seen, AT), Outcome::Drop(..))
    };
    let witness = ways[0].witness();
    assert!(!passes(&Bindings::default(), &witness));
    let mut told = Bindings::default();
    let mut learn = |ip| {
        let until = Timestamp::from_secs(2_000);
        told.learn(&policy, MemberNo(THERMOSTAT), "time.example.org", ip, until)
    };
    assert_eq!(learn(witness.packet.to), [NameNo(0)]);
    // An attacker who answers for the name gets nowhere with an address inside.
    assert_eq!(learn(ip(IMAGING)), []);
    assert!(passes(&told, &witness));
    let finding = ask(&policy, &end(IMAGING));
    assert!(matches!(finding.answer, Answer::Impossible { .. }), "{}", finding.says());
    // A name over the other version of IP cannot come to mean it either.
    let mut only6 = policy.clone();
    only6.only.push((NameNo(0), cordon_contract::IpVersion::V6));
    let finding = ask(&only6, &outside);
    assert!(matches!(finding.answer, Answer::Impossible { .. }), "{}", finding.says());
}

#[test]
fn a_blast_radius_counts_steps_through_devices_that_are_taken_over() {
    let policy = site();
    let blast = asked(&Loaded::from(&held(&policy)), &policy, &Surroundings::default(), |prover| {
        prover.blast(&id(THERMOSTAT), 5).unwrap()
    });
    assert_eq!(blast.hops, [vec![id(GATEWAY)], vec![id(PUMP)], vec![id(IMAGING)]]);
    assert_eq!((blast.within(1), blast.before, blast.beside.len()), (1, 3, 0));
    assert!(blast.says().starts_with("Taken over, d0 reaches 1 of 3 devices at once"));
}

#[test]
fn promises_are_kept_broken_or_uncertain_and_the_document_says_which() {
    let policy = site();
    let loaded = Loaded::from(&held(&policy));
    let promise = |from, to| Expectation { from: end(from), to: end(to), must: Must::Impossible };
    let promises =
        [promise(THERMOSTAT, IMAGING), promise(THERMOSTAT, GATEWAY), promise(99, IMAGING)];
    let proof = asked(&loaded, &policy, &Surroundings::default(), |prover| prover.check(&promises));
    assert_eq!((proof.kept.len(), proof.broken.len(), proof.uncertain.len()), (1, 1, 1));
    assert_eq!(proof.broken[0].expectation, promises[1]);
    let json: serde_json::Value = serde_json::from_slice(&proof.to_json().unwrap()).unwrap();
    assert_eq!(json["schema"], "cordon.proof/1");
    assert_eq!(json["ruleset"].as_str().unwrap().len(), 64);
    assert_eq!(json["broken"][0]["finding"]["answer"]["ways"][0]["service"][0], "443");
    // Another rule set has another digest; the same has the same.
    let mut policy = policy;
    let again = asked(&loaded, &policy, &Surroundings::default(), |prover| prover.check(&[]));
    assert_eq!(again.ruleset, proof.ruleset);
    policy.rules.pop();
    let other = Loaded::from(&held(&policy));
    let other = asked(&other, &policy, &Surroundings::default(), |prover| prover.check(&[]));
    assert_ne!(other.ruleset, proof.ruleset);
}

#[test]
fn what_the_kernel_holds_is_what_is_proved_about() {
    if !namespace::entered("hospital::what_the_kernel_holds_is_what_is_proved_about") {
        return;
    }
    let policy = site();
    let nft = Nft::default();
    let load = || {
        let compiler = Compiler::new(&policy).unwrap();
        let ruleset = compiler.ruleset(&Bindings::default(), &Options::default(), AT).unwrap();
        nft.apply(&Change::Load(ruleset), AT).unwrap();
    };
    let ask = || {
        let loaded = Loaded::from(&nft.read(AT).unwrap().unwrap());
        let around = Surroundings { others: nft.others().unwrap(), ..Surroundings::default() };
        asked(&loaded, &policy, &around, |prover| prover.answer(&end(THERMOSTAT), &end(IMAGING)))
    };
    load();
    assert!(matches!(ask(), Answer::Impossible { .. }));
    for change in [
        "nft insert rule inet TABLE cd_forward accept",
        "nft add table inet TABLE '{ flags dormant; }'",
        "nft 'table netdev n { chain i { type filter hook ingress device lo priority 0; fwd to lo; }; }'",
    ] {
        let chains = sh("nft list chains");
        let table = if chains.contains("cordon_a") { "cordon_a" } else { "cordon_b" };
        sh(&change.replace("TABLE", table));
        let answer = ask();
        assert!(
            matches!(answer, Answer::Unknown { .. } | Answer::Possible { .. }),
            "{change}: {answer:?}"
        );
        load();
    }
    sh("nft flush ruleset");
    load();
    assert!(matches!(ask(), Answer::Impossible { .. }));
}

fn sh(line: &str) -> String {
    let output = std::process::Command::new("sh").args(["-ec", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
