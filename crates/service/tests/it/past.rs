//! What is past its time: gone from the database, and from memory without a restart.

use std::collections::BTreeSet;
use std::sync::Arc;

use cordon_service::Site;
use cordon_service::clock::Clock;
use cordon_service::view::{DeviceEdit, NewInvite};
use cordon_store::State as _;

use crate::scene::{DAY, How, Running, TestClock, frames, root, to_now, until};

fn in_memory(site: &Running) -> BTreeSet<String> {
    site.devices().into_iter().map(|device| device.id).collect()
}

fn in_store(site: &Running) -> BTreeSet<String> {
    let kept = site.runtime.block_on(site.state.load()).unwrap();
    kept.devices.iter().map(|record| record.id.0.to_string()).collect()
}

fn invites(site: &Running) -> (usize, usize) {
    let shown = site.engine.people(&root()).unwrap().invites.len();
    (shown, site.runtime.block_on(site.state.load()).unwrap().invites.len())
}

fn heard(live: bool, folder: &std::path::Path, clock: &Arc<TestClock>) -> (Running, String) {
    let mut site = Running::begin(folder, clock, How { live, ..How::default() });
    site.play(frames(), to_now(clock));
    site.settle();
    let named = in_memory(&site).pop_first().unwrap();
    let edit = DeviceEdit { name: Some("kept".to_owned()), ..Default::default() };
    site.runtime.block_on(site.engine.edit_device(&root(), &named, &edit)).unwrap();
    let new = NewInvite { role: "viewer".to_owned(), hours: None };
    site.runtime.block_on(site.engine.invite(&root(), &new)).unwrap();
    (site, named)
}

#[test]
fn what_is_past_its_time_is_gone_from_memory_as_from_the_store() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let (site, named) = heard(true, folder.path(), &clock);
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert!(in_memory(&site).len() > 5, "nothing is past its time");
    assert_eq!((in_memory(&site), invites(&site)), (in_store(&site), (1, 1)));

    clock.pass(DAY * 400);
    let year = clock.now().to_string()[..4].to_owned();
    until("the new time", || site.engine.today(&root()).unwrap().now.starts_with(&year));
    let before = site.ledger().len();
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert_eq!(in_memory(&site), BTreeSet::from([named]), "what somebody named stays");
    assert_eq!(in_memory(&site), in_store(&site));
    assert_eq!(invites(&site), (0, 0));
    let kept = site.runtime.block_on(site.state.load()).unwrap();
    assert!(kept.findings.len() < 20, "findings go with their devices: {}", kept.findings.len());
    let ledger = site.ledger();
    assert_eq!((ledger.len(), ledger[0].as_str()), (before + 1, "retention.run"), "one entry");
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert_eq!(site.ledger().len(), before + 1, "and none where nothing is removed");
    site.end();
}

#[test]
fn an_old_recording_is_not_past_its_time() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let (site, _) = heard(false, folder.path(), &clock);
    let known = in_memory(&site);
    let told = site.runtime.block_on(site.engine.timeline(&root(), None, None, 500)).unwrap();
    clock.pass(DAY * 400);
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert_eq!((in_memory(&site), in_store(&site)), (known.clone(), known));
    assert_eq!(invites(&site), (0, 0), "links go by the wall clock");
    let still = site.runtime.block_on(site.engine.timeline(&root(), None, None, 500)).unwrap();
    assert_eq!(still.items.len(), told.items.len(), "what happened in it stays");
    site.end();
}
