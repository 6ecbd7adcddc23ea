//! Contracts in force and no firewall: whoever leaves his is on the timeline.

use std::sync::Arc;

use cordon_service::Site;
use cordon_service::view::{AdoptRequest, ContractRow, DeviceEdit, EntryView};

use crate::scene::{DAY, How, Running, TestClock, frames, root, to_now, until};

const HOUR: i64 = 3_600_000_000_000;

fn breaches(site: &Running) -> Vec<(String, String)> {
    told(site, "breach")
}

fn told(site: &Running, kind: &str) -> Vec<(String, String)> {
    let told = site.runtime.block_on(site.engine.timeline(&root(), None, None, 500)).unwrap();
    let of_kind = told.items.into_iter().filter(|event| event.kind == kind);
    of_kind.map(|event| (event.device.id, event.says)).collect()
}

/// The lab's phone, the entry of a call that it makes to an address without a name, and another
/// device with a contract to come.
fn phone(site: &Running) -> (ContractRow, String, ContractRow) {
    let rows = || site.engine.contracts(&root(), &Default::default()).unwrap().items;
    let is_phone = |row: &&ContractRow| row.device.id == "mac-daa1198c4177";
    let call = || {
        let row = rows().iter().find(is_phone).cloned()?;
        let view = site.engine.contract(&root(), &row.device.id).unwrap();
        let is = |entry: &&EntryView| entry.says.contains("the address 2a00:1450:4001:82f::2004");
        view.proposed.iter().find(is).map(|entry| (row, entry.id.clone()))
    };
    until("a call of the phone", || call().is_some());
    let (row, entry) = call().unwrap();
    let other = rows().into_iter().find(|row| !is_phone(&row) && row.proposed >= 3).unwrap();
    (row, entry, other)
}

/// The same twice, so that every conversation is over that the contracts are learned from.
fn learn(site: &mut Running, clock: &TestClock) {
    site.play(frames(), to_now(clock) - 3 * HOUR);
    site.play(frames(), to_now(clock) - 2 * HOUR);
    site.settle();
}

fn set_firmware(site: &Running, device: &str, firmware: &str) {
    let edit = DeviceEdit { firmware: Some(firmware.to_owned()), ..Default::default() };
    site.runtime.block_on(site.engine.edit_device(&root(), device, &edit)).unwrap();
}

fn adopt(site: &Running, row: &ContractRow, remove: Vec<String>) {
    let request = AdoptRequest { proposed: true, remove, ..Default::default() };
    site.runtime.block_on(site.engine.adopt(&root(), &row.device.id, &request)).unwrap();
}

#[test]
fn a_conversation_outside_of_a_contract_is_on_the_timeline_and_one_within_is_not() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How { live: true, ..How::default() });
    learn(&mut site, &clock);
    let (less, gone, whole) = phone(&site);
    adopt(&site, &whole, Vec::new());
    adopt(&site, &less, vec![gone]);
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

#[test]
fn after_a_firmware_change_what_is_new_is_a_difference_and_no_breach_until_it_is_put_in_force() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How { live: true, ..How::default() });
    learn(&mut site, &clock);
    let (row, gone, _) = phone(&site);
    let (row, device) = (&row, row.device.id.as_str());
    set_firmware(&site, device, "1.2");
    adopt(&site, row, vec![gone]);
    set_firmware(&site, device, "1.3");
    until("a difference", || told(&site, "differs").len() == 1);

    clock.pass(DAY / 12);
    site.play(frames(), to_now(&clock) - HOUR);
    until("a difference", || told(&site, "differs").len() >= 2);
    site.settle();
    assert_eq!(breaches(&site), []);
    let says: Vec<String> = told(&site, "differs").into_iter().map(|(_, says)| says).collect();
    assert!(says.iter().any(|says| says.starts_with("has the firmware 1.3 where")), "{says:#?}");
    assert!(says.iter().any(|says| says.ends_with("since its firmware changed")), "{says:#?}");
    let about = site.engine.contract(&root(), device).unwrap().about;
    let is = |line: &String| line.starts_with("after the change from 1.2 to 1.3 it does one thing");
    assert!(about.iter().any(is), "{about:#?}");

    adopt(&site, row, Vec::new());
    clock.pass(DAY / 12);
    site.play(frames(), to_now(&clock) - HOUR);
    site.settle();
    let about = site.engine.contract(&root(), device).unwrap().about;
    assert!(!about.iter().any(|line| line.contains("after the change")), "{about:#?}");
    site.end();
}
