//! The process ends between any two steps on disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cordon_history::conformance::{every_page, flow};
use cordon_history::{Fault, FlowQuery, History, Keep, Options, ParquetHistory, Site, Step};
use cordon_model::{Flow, Timestamp};

const DAY: i64 = 1_795_305_600;

/// Lets so many steps happen, and none after them.
fn dies_after(steps: usize) -> (Fault, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let fault = move |_: Step| {
        if seen.fetch_add(1, Ordering::SeqCst) < steps {
            Ok(())
        } else {
            Err(io::Error::other("the process is dead"))
        }
    };
    (Arc::new(fault), count)
}

fn open(dir: &Path, fault: Option<Fault>) -> ParquetHistory {
    ParquetHistory::open(dir, Options { fault, min_free: 0, ..Options::default() }).unwrap()
}

fn found(history: &ParquetHistory) -> Vec<u64> {
    let mut found: Vec<u64> =
        every_page(history, &FlowQuery::default()).iter().map(|row| row.flow).collect();
    found.sort_unstable();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Two days of rows, so that a flush writes two files.
fn flows(numbers: std::ops::Range<u64>) -> Vec<Flow> {
    let shift = |n: u64| {
        let last = Timestamp::from_secs(DAY + i64::try_from(n % 2).unwrap() * 86_400);
        Flow { last, first: last, ..flow(n) }
    };
    numbers.map(shift).collect()
}

#[test]
fn a_flush_that_dies_at_any_step_loses_nothing_acknowledged_and_doubles_nothing() {
    for steps in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let history = open(dir.path(), None);
        history.append_flows(&Site::default(), &flows(0..10));
        history.flush().unwrap();
        drop(history);
        let (fault, _) = dies_after(steps);
        let Ok(history) = ParquetHistory::open(
            dir.path(),
            Options { fault: Some(fault), min_free: 0, ..Options::default() },
        ) else {
            continue;
        };
        history.append_flows(&Site::default(), &flows(10..20));
        let acknowledged = history.flush().is_ok();
        assert_eq!(found(&history), (0..20).collect::<Vec<_>>(), "searched while it fails");
        drop(history);
        let history = open(dir.path(), None);
        let after = found(&history);
        assert!((0..10).all(|n| after.contains(&n)), "step {steps}: {after:?}");
        assert!(after.windows(2).all(|pair| pair[0] < pair[1]), "step {steps}: {after:?}");
        assert_eq!(history.status().problems, Vec::<String>::new(), "step {steps}");
        if acknowledged {
            assert_eq!(after, (0..20).collect::<Vec<_>>());
            assert!(steps > 5, "the steps were counted");
            return;
        }
    }
}

#[test]
fn a_step_that_fails_once_costs_nothing() {
    for failing in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let count = AtomicUsize::new(0);
        let armed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let watch = Arc::clone(&armed);
        let fault: Fault = Arc::new(move |_| {
            let fails =
                watch.load(Ordering::SeqCst) && count.fetch_add(1, Ordering::SeqCst) == failing;
            if fails { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
        });
        let history = open(dir.path(), Some(fault));
        history.append_flows(&Site::default(), &flows(0..10));
        armed.store(true, Ordering::SeqCst);
        let first = history.flush();
        assert_eq!(found(&history), (0..10).collect::<Vec<_>>(), "step {failing}");
        let second = history.flush();
        assert!(first.is_ok() || second.is_ok(), "step {failing}");
        assert_eq!(history.status().held_flows, 0);
        drop(history);
        assert_eq!(found(&open(dir.path(), None)), (0..10).collect::<Vec<_>>(), "step {failing}");
    }
}

#[test]
fn a_merge_that_dies_at_any_step_loses_nothing_and_doubles_nothing() {
    let origin = tempfile::tempdir().unwrap();
    let history = open(origin.path(), None);
    for start in 0..9 {
        history.append_flows(&Site::default(), &flows(start * 10..start * 10 + 10));
        history.flush().unwrap();
    }
    drop(history);
    let now = Timestamp::from_secs(DAY + 5 * 86_400);
    for steps in 0.. {
        let dir = tempfile::tempdir().unwrap();
        copy(origin.path(), dir.path());
        let (fault, _) = dies_after(steps);
        let history = open(dir.path(), Some(fault));
        let done = history.compact(now).is_ok() && history.compact(now).is_ok();
        assert_eq!(found(&history), (0..90).collect::<Vec<_>>(), "step {steps}, still alive");
        drop(history);
        let history = open(dir.path(), None);
        assert_eq!(found(&history), (0..90).collect::<Vec<_>>(), "step {steps}, after the crash");
        assert_eq!(history.status().problems, Vec::<String>::new(), "step {steps}");
        history.append_flows(&Site::default(), &flows(90..100));
        history.flush().unwrap();
        for _ in 0..3 {
            history.compact(now).unwrap();
        }
        assert_eq!(found(&history), (0..100).collect::<Vec<_>>(), "step {steps}, merged again");
        drop(history);
        let history = open(dir.path(), None);
        assert_eq!(found(&history), (0..100).collect::<Vec<_>>(), "step {steps}, opened again");
        if done {
            assert!(steps > 20, "the steps were counted: {steps}");
            return;
        }
    }
}

#[test]
fn retention_that_dies_at_any_step_is_finished_the_next_time() {
    let now = Timestamp::from_secs(DAY + 86_400);
    let keep = Keep { flow_days: 0, fact_days: 0 };
    for steps in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let history = open(dir.path(), None);
        for start in 0..3 {
            history.append_flows(&Site::default(), &flows(start * 10..start * 10 + 10));
            history.flush().unwrap();
        }
        drop(history);
        let (fault, _) = dies_after(steps);
        let history = open(dir.path(), Some(fault));
        let done = history.retire(now, keep).is_ok();
        drop(history);
        let history = open(dir.path(), None);
        history.retire(now, keep).unwrap();
        let odd: Vec<u64> = (0..30).filter(|n| n % 2 == 1).collect();
        assert_eq!(found(&history), odd, "step {steps}");
        if done {
            return;
        }
    }
}
