//! How long a question takes: 2,000 devices with 50 entries each.
//!
//! `cargo run --release -p cordon-prove --example pace`

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use cordon_contract::{
    Bindings, Carrier, EntryId, Member, MemberNo, NameNo, Opens, Origin, Policy, Ports, Reach,
    Rule, Stage, Where,
};
use cordon_enforce::{Compiler, Loaded, Options};
use cordon_model::{DeviceId, Mac, Timestamp};
use cordon_prove::{Answer, End, Expectation, Must, Prover, Surroundings};

const DEVICES: u32 = 2_000;
const EACH: u32 = 50;
/// Services of one device among them.
const BUSY: u32 = 5_000;
const AT: Timestamp = Timestamp::from_secs(0);

fn ip(no: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a32_0000 + no).into()
}

/// Devices on 20 links. Half the entries open to single services outside, some to networks and to a
/// name, and each device may open to the next and lets the one before it in.
fn policy() -> Policy {
    let mut policy = Policy { names: vec!["*.example.org".into()], ..Policy::default() };
    for no in 0..DEVICES {
        let [_, _, a, b] = no.to_be_bytes();
        policy.members.push(Member {
            device: DeviceId(format!("d{no}").into()),
            label: format!("device {no}").into(),
            macs: vec![Mac([2, 0, 0, 0, a, b])],
            ips: vec![ip(no)],
            link: Some(format!("lan{}", no % 20).into()),
            stage: Stage::Enforce,
            reach: Reach::Normal,
        });
        for entry in 0..EACH {
            let outside = Ipv4Addr::from_bits(0x1400_0000 + no * EACH + entry);
            let other = |step: u32| Where::Net(ip((no + step) % DEVICES).into());
            let (opens, at, service) = match entry {
                0..=2 => (Opens::Device, other(entry + 1), Ports::one(443)),
                3..=5 => (Opens::Peer, other(DEVICES - (entry - 2)), Ports::one(443)),
                6 => (Opens::Device, Where::Name(NameNo(0)), Ports::one(8883)),
                7..=15 => {
                    let net = format!("10.{}.0.0/16", 60 + entry).parse().unwrap();
                    (Opens::Device, Where::Net(net), Ports::range(8_000, 8_010))
                }
                _ => (Opens::Device, Where::Net(IpAddr::V4(outside).into()), Ports::one(443)),
            };
            policy.rules.push(Rule {
                member: MemberNo(no),
                opens,
                at,
                carrier: Carrier::Tcp,
                service,
                client: Ports::ALL,
                entry: no * EACH + entry,
            });
            let entry = EntryId(format!("e{no}-{entry}").into());
            policy.entries.push(Origin { member: MemberNo(no), entry });
        }
    }
    // One that speaks to very many.
    for no in 0..BUSY {
        let service = Ipv4Addr::from_bits(0x2800_0000 + no * 7);
        policy.rules.push(Rule {
            member: MemberNo(9),
            opens: Opens::Device,
            at: Where::Net(IpAddr::V4(service).into()),
            carrier: Carrier::Tcp,
            service: Ports::one(443),
            client: Ports::ALL,
            entry: 9,
        });
    }
    policy.rules.sort();
    policy
}

fn main() {
    let policy = policy();
    let bindings = Bindings::default();
    let ruleset =
        Compiler::new(&policy).unwrap().ruleset(&bindings, &Options::default(), AT).unwrap();
    let loaded = Loaded::from(&ruleset);
    println!("{DEVICES} devices, {} entries, {} elements", policy.rules.len(), ruleset.len());
    let around = Surroundings::default();
    let begun = cpu();
    let prover = Prover::new(&loaded, &policy, &bindings, &around, AT);
    println!("made ready in {:.0} ms CPU", (cpu() - begun) * 1e3);
    let end = |no: u32| End::Device(DeviceId(format!("d{no}").into()));
    let mut times = Vec::new();
    let mut tally = [0; 3];
    for no in 0..1_000 {
        let (from, to) = (end(no * 7 % DEVICES), end((no * 7 + no % 40) % DEVICES));
        let begun = Instant::now();
        let finding = prover.prove(&from, &to);
        times.push(begun.elapsed());
        tally[match finding.answer {
            Answer::Impossible { .. } => 0,
            Answer::Possible { .. } => 1,
            Answer::Unknown { .. } => 2,
        }] += 1;
    }
    times.sort_unstable();
    println!(
        "one pair, both ways: median {:?}, longest {:?}; {tally:?} impossible, possible, unknown",
        times[500], times[999]
    );
    for (what, to) in
        [("the Internet", End::Internet), ("10.0.0.0/8", End::Net("10.0.0.0/8".parse().unwrap()))]
    {
        let begun = Instant::now();
        let finding = prover.prove(&end(5), &to);
        println!("to {what}: {:?}, {}", begun.elapsed(), finding.says().lines().next().unwrap());
    }
    let begun = Instant::now();
    let finding = prover.prove(&end(9), &End::Internet);
    let Answer::Possible { ways, .. } = finding.answer else { return };
    println!(
        "one with {BUSY} services, to the Internet: {:?}, {} ways",
        begun.elapsed(),
        ways.len()
    );
    // A device without a contract may reach everybody who lets it in.
    let mut watched = policy.clone();
    watched.members[11].stage = Stage::Watch;
    for no in 0..DEVICES {
        let mut rule = watched.rules[0].clone();
        (rule.member, rule.opens, rule.service) =
            (MemberNo(no), Opens::Peer, Ports::range(502, 503));
        rule.at = Where::Net("10.50.0.0/16".parse().unwrap());
        watched.rules.push(rule);
    }
    watched.rules.sort();
    let ruleset = Compiler::new(&watched).unwrap();
    let ruleset = ruleset.ruleset(&bindings, &Options::default(), AT).unwrap();
    let loaded = Loaded::from(&ruleset);
    let begun = cpu();
    let open = Prover::new(&loaded, &watched, &bindings, &around, AT);
    let blast = open.blast(&DeviceId("d11".into()), 1).unwrap();
    println!("one without a contract: {:.3} s CPU; {}", cpu() - begun, blast.says());
    for hops in [1, 3, 16] {
        let begun = cpu();
        let blast = prover.blast(&DeviceId("d5".into()), hops).unwrap();
        println!("blast radius, {hops} steps: {:.3} s CPU; {}", cpu() - begun, blast.says());
    }
    let promises: Vec<_> = (0..1_000)
        .map(|no| Expectation { from: end(no), to: end(no + 510), must: Must::Impossible })
        .collect();
    let begun = cpu();
    let proof = prover.check(&promises);
    println!(
        "1,000 promises: {:.2} s CPU, {} kept, {} broken, {} uncertain; document {} kB",
        cpu() - begun,
        proof.kept.len(),
        proof.broken.len(),
        proof.uncertain.len(),
        proof.to_json().unwrap().len() / 1_000
    );
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    let fields: Vec<&str> = after.split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
