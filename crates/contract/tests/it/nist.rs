//! The scenarios of NIST's MUD implementation, restated: from its files, through contracts and
//! their policy, to a decision about every packet that its tests send.

use cordon_contract::resolve::{Bound, resolve};
use cordon_contract::{Carrier, Judge, Packet, Reach, Stage};

use crate::nist_files::{
    NOBODY_ANSWERS, NOW, Scenario, Step, corpus, looked_up, scenario, steps_of_scale,
};

/// Whether a step's first packet gets through.
fn decide(scenario: &Scenario, step: &Step, client: u16, quarantined: bool) -> bool {
    let bound = scenario.contracts.iter().map(|contract| Bound {
        contract,
        stage: Stage::Enforce,
        reach: if quarantined { Reach::Off } else { Reach::Normal },
    });
    let resolved = resolve(&scenario.world, &bound.collect::<Vec<_>>(), NOW);
    let policy = &resolved.policy;
    let (to, bindings) = looked_up(policy, &step.from, &step.to);
    let carrier: Carrier = step.proto.parse().unwrap();
    let (from_port, to_port) = if carrier == Carrier::Icmp { (0, 8) } else { (client, step.port) };
    let from = step.from.parse().unwrap();
    let packet = Packet { mac: None, from, to, carrier, from_port, to_port, established: false };
    Judge::new(policy).decide(&packet, &bindings, NOW).passes()
}

#[test]
fn the_scenarios_of_nist_are_decided_as_their_files_say() {
    let Some((root, steps)) = corpus() else {
        println!("skipped: no corpus");
        return;
    };
    let (mut right, mut denials, mut answerless) = (0, 0, 0);
    let mut wrong = Vec::new();
    for step in &steps {
        let scenario = scenario(&root.join(&step.scenario));
        let quarantined = step.note == "in quarantine";
        // The pings of these tests use one port at both ends; an entry without direction allows
        // that and no other port where the other device has the same file. What must not get
        // through must not get through from any port.
        let udp = step.proto == "udp";
        let ephemeral = decide(&scenario, step, 40_000, quarantined);
        let same = decide(&scenario, step, step.port, quarantined);
        let passed = if udp || !step.allowed { ephemeral || same } else { ephemeral };
        if (step.scenario.as_str(), step.test.as_str()) == NOBODY_ANSWERS {
            assert!(passed, "the file allows it");
            answerless += 1;
        } else if passed == step.allowed {
            right += 1;
            denials += u32::from(!step.allowed);
        } else {
            wrong.push(format!("{} {} {}: passed {passed}", step.scenario, step.test, step.no));
        }
    }
    println!("{right} steps right, {denials} of them denials; {answerless} where nobody answers");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((steps.len(), right, answerless), (57, 56, 1));
    for step in steps_of_scale() {
        let scenario = scenario(&root.join(&step.scenario));
        for client in [40_000, step.port] {
            let passed = decide(&scenario, &step, client, false);
            assert_eq!(passed, step.allowed, "{} to {} {}", step.from, step.to, step.proto);
        }
    }
}
