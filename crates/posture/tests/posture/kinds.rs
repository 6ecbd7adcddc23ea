//! No kind of finding is without its tests.

use cordon_model::FindingKind;

#[test]
fn every_kind_in_the_table_has_a_test() {
    let tests = [
        include_str!("services.rs"),
        include_str!("crypto.rs"),
        include_str!("traffic.rs"),
        include_str!("plant.rs"),
    ];
    for kind in FindingKind::ALL {
        let variant = format!("{kind:?}");
        let mentioned = |test: &&str| {
            test.contains(&format!("FindingKind::{variant}"))
                || test.contains(&format!("K::{variant}"))
        };
        assert!(tests.iter().any(mentioned), "{kind} has no test");
    }
}
