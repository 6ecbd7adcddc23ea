//! Any bytes as a contract, in its envelope or bare, and as a MUD file that becomes one: told in
//! words, compared, resolved and written, and read as the same.
#![no_main]

use cordon_contract::envelope::Envelope;
use cordon_contract::resolve::{Bound, Known, World, resolve};
use cordon_contract::{Contract, Reach, Stage, diff::Difference, mud, words};
use cordon_model::{DeviceId, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(data) {
        let _ = envelope.contract();
        assert!(envelope.open(|_, _, _| false).is_err(), "nobody vouches for it");
    }
    if let Ok(contract) = serde_json::from_slice::<Contract>(data) {
        through(&contract);
    }
    if let Ok(parsed) = cordon_mud::parse(data) {
        let at = Timestamp::from_secs(0);
        let (contract, lost) = mud::import(&parsed.file, None, DeviceId("d".into()), "d", at);
        lost.iter().for_each(|lost| assert!(!lost.to_string().is_empty()));
        through(&contract);
    }
});

fn through(contract: &Contract) {
    for line in words::tell(contract).parts.iter().flat_map(|part| &part.lines) {
        assert!(!line.says.is_empty());
    }
    assert!(Difference::between(Some(contract), Some(contract)).is_empty());
    let mut world = World::default();
    let mut known = Known::new(contract.device.clone(), "it");
    known.ips = vec!["192.0.2.7".parse().unwrap()];
    world.devices.push(known);
    let bound = Bound { contract, stage: Stage::Enforce, reach: Reach::Normal };
    let resolved = resolve(&world, &[bound], Timestamp::from_secs(1_800_000_000));
    assert!(resolved.policy.rules.len() < 2_000_000);
    let again = serde_json::to_vec(contract).unwrap();
    assert_eq!(serde_json::from_slice::<Contract>(&again).ok().as_ref(), Some(contract));
    let exported = mud::export(contract, "https://maker.example/it.json", &world);
    assert!(cordon_mud::parse(cordon_mud::write(&exported.file).as_bytes()).is_ok());
}
