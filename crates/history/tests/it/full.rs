//! A disk that is really full.

use std::path::Path;
use std::process::Command;

use cordon_history::conformance::{every_page, flow};
use cordon_history::{FlowQuery, History, HistoryError, Keep, Options, ParquetHistory, Site};
use cordon_model::{Flow, FlowId, Timestamp};

const DAY: i64 = 1_795_305_600;

/// A file system of half a megabyte, gone at the end of the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=512k", "none"])
            .arg(dir.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| SmallDisk(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.path()).output().unwrap();
    }
}

/// Flows of one day that compress badly.
fn flows(day: i64, numbers: std::ops::Range<u64>) -> Vec<Flow> {
    let noise = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let one = |n: u64| {
        let last = Timestamp::from_micros((DAY + day * 86_400) * 1_000_000)
            .plus(std::time::Duration::from_micros(n));
        let mut flow = Flow { id: FlowId(n), last, first: last, ..flow(n) };
        flow.sent.bytes = noise(n);
        flow.received.bytes = noise(n + 1);
        flow
    };
    numbers.map(one).collect()
}

#[test]
fn a_full_disk_keeps_what_is_durable_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: a full disk: only root may mount a small one");
        return;
    };
    let site = Site::default();
    let options = Options { flow_capacity: 20_000, min_free: 0, ..Options::default() };
    let history = ParquetHistory::open(disk.path(), options.clone()).unwrap();
    let mut next = 0;
    let refused = loop {
        let appended = history.append_flows(&site, &flows(0, next..next + 5_000));
        next += appended.accepted as u64;
        if let Err(error) = history.flush() {
            break error;
        }
        assert!(next < 100_000, "the disk gets full");
    };
    assert!(matches!(refused, HistoryError::Disk { .. }), "{refused}");
    assert!(refused.to_string().contains("free space"), "{refused}");
    let held = history.status().held_flows;
    assert!(held > 0);
    let problems = history.status().problems;
    assert!(problems.last().unwrap().contains("wait in memory"), "{problems:?}");
    let query = FlowQuery { limit: 10_000, ..FlowQuery::default() };
    assert_eq!(every_page(&history, &query).len() as u64, next, "nothing is lost while it runs");
    // The buffer takes what fits, then drops and counts; it never waits.
    let appended = history.append_flows(&site, &flows(0, next..next + 30_000));
    assert_eq!(appended.accepted, 20_000 - held);
    assert_eq!(history.status().dropped_flows, appended.dropped as u64);
    assert!(history.flush().is_err());
    // A crash now: what was durable is whole, and nothing half-written is in the way.
    drop(history);
    let history = ParquetHistory::open(disk.path(), options).unwrap();
    assert_eq!(history.status().damaged_files, 0);
    assert_eq!(every_page(&history, &query).len() as u64, next - held as u64);
    history.append_flows(&site, &flows(1, 0..5_000));
    if history.flush().is_err() {
        let now = Timestamp::from_secs(DAY + 86_400);
        let retired = history.retire(now, Keep { flow_days: 0, fact_days: 0 }).unwrap();
        assert_eq!(retired.rows, next - held as u64);
        history.flush().unwrap();
    }
    assert_eq!(history.status().held_flows, 0);
    let problems = history.status().problems;
    assert!(problems.is_empty() || problems.last().unwrap().contains("durable"), "{problems:?}");
}
