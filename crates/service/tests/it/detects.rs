//! Contracts in force and no firewall: whoever leaves his is on the timeline.

use std::sync::Arc;

use cordon_service::Site;
use cordon_service::view::{AdoptRequest, ContractRow};

use crate::scene::{How, Running, TestClock, frames, root, to_now, until};

const HOUR: i64 = 3_600_000_000_000;

fn breaches(site: &Running) -> Vec<(String, String)> {
    let told = site.runtime.block_on(site.engine.timeline(&root(), None, None, 500)).unwrap();
    let breach = told.items.into_iter().filter(|event| event.kind == "breach");
    breach.map(|event| (event.device.id, event.says)).collect()
}

fn adopt(site: &Running, row: &ContractRow, remove: Vec<String>) {
    let request = AdoptRequest { proposed: true, remove, ..Default::default() };
    site.runtime.block_on(site.engine.adopt(&root(), &row.device.id, &request)).unwrap();
}

#[test]
fn a_conversation_outside_of_a_contract_is_on_the_timeline_and_one_within_is_not() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How { live: true, ..How::default() });
    site.play(frames(), to_now(&clock) - 2 * HOUR);
    site.settle();
    let rows = site.engine.contracts(&root(), &Default::default()).unwrap().items;
    let mut busy = rows.iter().filter(|row| row.proposed >= 3);
    let (whole, less) = (busy.next().unwrap(), busy.next().unwrap());
    let view = site.engine.contract(&root(), &less.device.id).unwrap();
    let gone = view.proposed.iter().find(|entry| entry.exactly.contains("TCP")).unwrap();
    adopt(&site, whole, Vec::new());
    adopt(&site, less, vec![gone.id.clone()]);
    assert_eq!(breaches(&site), [], "nothing was heard yet");

    site.play(frames(), to_now(&clock) - HOUR);
    until("a breach", || !breaches(&site).is_empty());
    site.settle();
    let told = breaches(&site);
    assert!(told.iter().all(|(device, _)| *device == less.device.id), "{told:#?}");
    assert!(told.iter().any(|(_, says)| says.ends_with("nothing allows it")), "{told:#?}");
    let count = told.len();
    site.play(frames(), to_now(&clock) - HOUR + 600_000_000_000);
    site.settle();
    assert_eq!(breaches(&site).len(), count, "the same again is told once an hour");
    site.end();
}
