//! What is known survives a restart with an empty pipeline; backups and imports.

use std::sync::Arc;

use cordon_model::Timestamp;
use cordon_service::Site;
use cordon_service::clock::Clock;
use cordon_service::view::{DeviceEdit, DeviceView, FlowSearch};

use crate::scene::{How, Running, TestClock, frames, root, to_now, until};

/// Every device with all that is shown of it, by id.
fn full(site: &Running) -> Vec<DeviceView> {
    let mut all: Vec<DeviceView> = site
        .devices()
        .iter()
        .map(|row| site.runtime.block_on(site.engine.device(&root(), &row.id)).unwrap())
        .collect();
    all.sort_by(|a, b| a.row.id.cmp(&b.row.id));
    all
}

#[test]
fn names_findings_times_overrides_and_merges_survive_a_restart_and_new_traffic() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let shift = to_now(&clock);
    let mut site = Running::begin(folder.path(), &clock, How::default());
    site.play(frames(), shift);
    drop(site.outlet.take());
    until("findings", || full(&site).iter().any(|device| !device.findings.is_empty()));
    site.settle();
    let ids: Vec<String> = full(&site)
        .iter()
        .filter(|device| !device.row.macs.is_empty() && device.parent.is_none())
        .map(|device| device.row.id.clone())
        .collect();
    let (kept, joined, named) = (&ids[0], &ids[1], &ids[2]);
    let edit = DeviceEdit {
        name: Some("<script>alert(1)</script>".to_owned()),
        owner: Some("Ünïcode & <b>".to_owned()),
        ..Default::default()
    };
    let run = &site.runtime;
    run.block_on(site.engine.edit_device(&root(), named, &edit)).unwrap();
    run.block_on(site.engine.merge_devices(&root(), kept, joined)).unwrap();
    let hidden = DeviceEdit { owner: Some("\u{202e}desrever".to_owned()), ..Default::default() };
    let refused = run.block_on(site.engine.edit_device(&root(), named, &hidden));
    assert!(refused.is_err(), "what turns text around is not taken");
    let before = full(&site);
    site.end();

    let mut site = Running::begin(folder.path(), &clock, How::default());
    let after = full(&site);
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        let (old, new) = (&before.row, &after.row);
        assert_eq!((&old.id, &old.label, &old.kind), (&new.id, &new.label, &new.kind));
        assert_eq!((&old.first, &old.last, old.findings), (&new.first, &new.last, new.findings));
        assert_eq!(before.names, after.names);
        assert_eq!(before.addresses, after.addresses);
    }
    // Peers come from flows, of which the new pipeline has none yet: the history has them.
    let search = FlowSearch { device: Some(named.clone()), ..Default::default() };
    let flows = site.runtime.block_on(site.engine.flows(&root(), &search)).unwrap();
    assert!(!flows.items.is_empty());

    // Ten minutes later they all speak again, to a pipeline that never heard of them.
    site.play(frames(), shift + 600_000_000_000);
    drop(site.outlet.take());
    until("they are heard again", || {
        full(&site)
            .iter()
            .any(|device| device.row.id == *named && device.row.last > before[0].row.last)
    });
    site.settle();
    let again = full(&site);
    let ids = |all: &[DeviceView]| all.iter().map(|one| one.row.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&again), "nobody is new, and what was joined stays joined");
    let one = again.iter().find(|device| device.row.id == *named).unwrap();
    assert!(one.row.set_by_person && one.row.label.contains("script"), "{:?}", one.row);
    for (old, new) in before.iter().zip(&again) {
        assert_eq!(old.row.first, new.row.first, "{}", old.row.label);
        assert!(new.row.findings >= old.row.findings, "{}: a finding went", old.row.label);
    }
    site.end();
}

#[test]
fn records_of_other_tools_reach_devices_history_and_the_ledger() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let site = Running::begin(folder.path(), &clock, How::default());
    let now = site.clock.now().secs();
    let import = |name: &str, text: String| {
        site.runtime.block_on(site.engine.import(&root(), name, text.as_bytes())).unwrap()
    };
    let leases = format!("{} 02:00:5e:00:53:01 192.0.2.10 pump-3 *\n", now + 3600);
    assert!(import("dnsmasq.leases", leases).devices >= 1);
    let zeek = format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
         #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n\
         #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tcount\tcount\tcount\tcount\n\
         {now}.5\tCx1\t192.0.2.10\t40000\t192.0.2.20\t23\ttcp\t-\t1.0\t10\t20\tSF\t3\t130\t3\t140\n"
    );
    assert_eq!(import("conn.log", zeek).flows, 1);
    let at = Timestamp::from_secs(now).to_string();
    let eve = format!(
        "{{\"timestamp\":\"{at}\",\"event_type\":\"flow\",\"src_ip\":\"192.0.2.10\",\"src_port\":40001,\"dest_ip\":\"192.0.2.30\",\"dest_port\":502,\"proto\":\"TCP\",\"app_proto\":\"modbus\",\"flow\":{{\"pkts_toserver\":5,\"pkts_toclient\":4,\"bytes_toserver\":500,\"bytes_toclient\":400,\"start\":\"{at}\",\"end\":\"{at}\"}}}}\n"
    );
    assert_eq!(import("eve.json", eve).flows, 1);
    let all = FlowSearch { address: Some("192.0.2.10".to_owned()), ..Default::default() };
    let flows = || site.runtime.block_on(site.engine.flows(&root(), &all)).unwrap().items.len();
    until("both flows in the history", || flows() == 2);
    until("the lease's name", || site.devices().iter().any(|one| one.label.contains("pump-3")));
    assert_eq!(site.ledger().iter().filter(|action| *action == "records.import").count(), 3);
    let broken = site.runtime.block_on(site.engine.import(&root(), "x", &[0xff; 70_000]));
    assert!(broken.is_err());
    site.end();
}

#[test]
fn a_backup_of_a_busy_site_opens_and_verifies() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How::default());
    let shift = to_now(&clock);
    let (first, second) = frames().split_at(frames().len() / 2);
    site.play(first, shift);
    until("devices", || !site.devices().is_empty());
    std::thread::scope(|scope| {
        let run = site.runtime.handle().clone();
        let engine = Arc::clone(&site.engine);
        let busy = scope.spawn(move || run.block_on(engine.backup(&root(), "while-busy", None)));
        site.play(second, shift);
        busy.join().unwrap().unwrap();
    });
    let devices = site.devices().len();
    site.end();
    let copy = Running::begin(&folder.path().join("backups/while-busy"), &clock, How::default());
    assert!(!copy.devices().is_empty() && copy.devices().len() <= devices);
    let head = copy.runtime.block_on(copy.engine.ledger_head(&root(), true)).unwrap();
    assert!(head.good, "{}", head.says);
    assert_eq!(copy.ledger()[1], "backup.make", "it holds that it was made");
    let all = FlowSearch::default();
    copy.runtime.block_on(copy.engine.flows(&root(), &all)).unwrap();
    copy.end();
}
