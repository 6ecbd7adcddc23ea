//! Files that a disk garbled, a full disk, and searches while files are merged.

use std::path::{Path, PathBuf};

use cordon_history::conformance::{every_page, flow};
use cordon_history::{FlowQuery, History, Keep, Options, ParquetHistory, Site};
use cordon_model::{Flow, Timestamp};

fn open(dir: &Path) -> ParquetHistory {
    ParquetHistory::open(dir, Options { min_free: 0, ..Options::default() }).unwrap()
}

fn flows(numbers: std::ops::Range<u64>) -> Vec<Flow> {
    numbers.map(flow).collect()
}

pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn found(history: &ParquetHistory) -> Vec<u64> {
    every_page(history, &FlowQuery::default()).iter().rev().map(|row| row.flow).collect()
}

/// Two files: rows 0 to 9 and rows 10 to 19.
fn two_files(dir: &Path) -> PathBuf {
    let history = open(dir);
    history.append_flows(&Site::default(), &flows(0..10));
    history.flush().unwrap();
    history.append_flows(&Site::default(), &flows(10..20));
    history.flush().unwrap();
    files(&dir.join("flows")).remove(0)
}

#[test]
fn a_file_cut_short_is_set_aside_and_told() {
    let whole = tempfile::tempdir().unwrap();
    let length = std::fs::metadata(two_files(whole.path())).unwrap().len();
    for keep in [0, 1, 4, 7, 100, length / 2, length - 8, length - 1] {
        let dir = tempfile::tempdir().unwrap();
        let victim = two_files(dir.path());
        std::fs::OpenOptions::new().write(true).open(&victim).unwrap().set_len(keep).unwrap();
        let history = open(dir.path());
        assert_eq!(found(&history), (10..20).collect::<Vec<_>>(), "{keep} of {length} bytes");
        let status = history.status();
        assert_eq!(status.damaged_files, 1);
        assert!(status.problems[0].contains("quarantine"), "{:?}", status.problems);
        assert!(!victim.exists());
        assert_eq!(files(&dir.path().join("quarantine")).len(), 1);
        // Its number is not used again, and the history goes on.
        history.append_flows(&Site::default(), &flows(20..30));
        history.flush().unwrap();
        drop(history);
        assert_eq!(found(&open(dir.path())), (10..30).collect::<Vec<_>>());
    }
}

#[test]
fn garbled_bytes_anywhere_never_end_the_process() {
    let whole = tempfile::tempdir().unwrap();
    let victim = two_files(whole.path());
    let bytes = std::fs::read(&victim).unwrap();
    let other = files(&whole.path().join("flows")).remove(1);
    // Each place in a history of its own: every 97th takes seconds, all would take an hour.
    for place in (0..bytes.len()).step_by(97) {
        let dir = tempfile::tempdir().unwrap();
        let inside = |path: &Path| dir.path().join(path.strip_prefix(whole.path()).unwrap());
        std::fs::create_dir_all(inside(&victim).parent().unwrap()).unwrap();
        std::fs::copy(&other, inside(&other)).unwrap();
        let mut garbled = bytes.clone();
        garbled[place] ^= 0x5a;
        std::fs::write(inside(&victim), &garbled).unwrap();
        let history = open(dir.path());
        let all = found(&history);
        assert!((10..20).all(|n| all.contains(&n)), "byte {place}: the other file is whole");
        let looked = history.search(&FlowQuery { port: Some(502), ..FlowQuery::default() });
        assert!(looked.is_ok(), "byte {place}");
        history.summary(&FlowQuery::default()).unwrap();
        for _ in 0..2 {
            history.compact(Timestamp::from_secs(0)).unwrap();
        }
        assert!((10..20).all(|n| found(&history).contains(&n)), "byte {place}, after merging");
    }
}

#[test]
fn foreign_files_are_left_alone_or_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let own = two_files(dir.path());
    let folder = own.parent().unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    std::fs::write(folder.join("other.parquet"), "not ours").unwrap();
    std::fs::write(folder.join("part-0000000077-0000000077.parquet"), "no Parquet").unwrap();
    std::fs::write(folder.join(".part-1-1.parquet.tmp"), "half").unwrap();
    std::fs::create_dir_all(dir.path().join("flows/site=../day=2026-11-22")).unwrap();
    std::fs::create_dir_all(dir.path().join("flows/site=main/day=yesterday")).unwrap();
    let history = open(dir.path());
    assert_eq!(found(&history), (0..20).collect::<Vec<_>>());
    assert_eq!(history.status().damaged_files, 1);
    assert!(folder.join("notes.txt").exists() && folder.join("other.parquet").exists());
    assert!(!folder.join(".part-1-1.parquet.tmp").exists());
    let later = Timestamp::from_secs(1_800_000_000);
    let of = |last: Timestamp| Flow { last, first: last, ..flow(77) };
    let yesterday = Timestamp::from_secs(1_800_000_000 - 86_400);
    history.append_flows(&Site::default(), &[of(yesterday), of(later)]);
    history.retire(later, Keep::default()).unwrap();
    assert!(folder.join("notes.txt").exists(), "retention removes only what is ours");
    assert_eq!(found(&history), [77, 77]);
}

#[test]
fn a_full_buffer_drops_and_counts_and_never_waits() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { flow_capacity: 15, min_free: 0, ..Options::default() };
    let history = ParquetHistory::open(dir.path(), options).unwrap();
    let first = history.append_flows(&Site::default(), &flows(0..10));
    assert!(first.flush_soon);
    let second = history.append_flows(&Site::default(), &flows(10..20));
    assert_eq!((second.accepted, second.dropped, second.held), (5, 5, 15));
    assert_eq!(history.status().dropped_flows, 5);
    assert_eq!(history.flush().unwrap().flows, 15);
    assert_eq!(history.append_flows(&Site::default(), &flows(20..30)).dropped, 0);
}

#[test]
fn a_disk_without_room_gives_up_its_oldest_days_first_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { min_free: u64::MAX, ..Options::default() };
    let history = ParquetHistory::open(dir.path(), options).unwrap();
    for day in 0..3 {
        let last = Timestamp::from_secs(1_795_305_600 + day * 86_400);
        history.append_flows(&Site::default(), &[Flow { last, first: last, ..flow(0) }]);
        history.flush().unwrap();
    }
    let today = Timestamp::from_secs(1_795_305_600 + 2 * 86_400);
    let retired = history.retire(today, Keep::default()).unwrap();
    assert_eq!((retired.days, retired.for_space), (2, 2));
    let status = history.status();
    assert_eq!(status.days_for_space, 2);
    assert!(status.problems[0].contains("2026-11-22"), "{:?}", status.problems);
    assert!(status.problems[2].contains("no day but today"), "{:?}", status.problems);
    assert_eq!(every_page(&history, &FlowQuery::default()).len(), 1, "today stays");
}

#[test]
fn searches_go_on_while_rows_are_flushed_and_merged() {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path());
    history.append_flows(&Site::default(), &flows(0..1));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..120 {
                history.append_flows(&Site::default(), &flows(number..number + 1));
                history.flush().unwrap();
                // Twice without new rows in between: then the day counts as over.
                for _ in 0..if number % 8 == 0 { 2 } else { 0 } {
                    history.compact(Timestamp::from_secs(0)).unwrap();
                }
            }
        });
        let mut least = 0;
        while !writer.is_finished() {
            let rows = history.search(&FlowQuery { limit: 1_000, ..FlowQuery::default() }).unwrap();
            let mut all: Vec<u64> = rows.rows.iter().map(|row| row.flow).collect();
            all.sort_unstable();
            let expected: Vec<u64> = (0..all.len() as u64).collect();
            assert_eq!(all, expected, "no row is missing or double at any moment");
            assert!(all.len() >= least);
            least = all.len();
        }
    });
    assert_eq!(found(&history), (0..120).collect::<Vec<_>>());
    assert_eq!(history.status().problems, Vec::<String>::new());
}

#[test]
fn a_clock_that_jumps_ahead_costs_nothing_until_a_second_day_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path());
    history.append_flows(&Site::default(), &flows(0..10));
    history.flush().unwrap();
    let (now, next) =
        (Timestamp::from_secs(2_200_000_000), Timestamp::from_secs(2_200_000_000 + 86_400));
    let of = |last: Timestamp| Flow { last, first: last, ..flow(77) };
    for _ in 0..3 {
        assert_eq!(history.retire(now, Keep::default()).unwrap().days, 0);
        // Live packets carry the same clock: they prove nothing.
        history.append_flows(&Site::default(), &[of(now)]);
        history.flush().unwrap();
    }
    let problems = history.status().problems;
    assert_eq!(problems.len(), 1, "told once: {problems:?}");
    assert!(problems[0].contains("2039-09-18") && problems[0].contains("2026-11-22"));
    history.append_flows(&Site::default(), &[of(next)]);
    assert_eq!(history.retire(next, Keep::default()).unwrap().rows, 10);
}

#[test]
fn a_lost_bit_in_any_checked_block_is_noticed() {
    let origin = tempfile::tempdir().unwrap();
    let history = open(origin.path());
    history.append_flows(&Site::default(), &flows(0..10_000));
    history.flush().unwrap();
    drop(history);
    let victim = files(&origin.path().join("flows")).remove(0);
    let bytes = std::fs::read(&victim).unwrap();
    let blocks = bytes.len() / (16 << 10);
    assert!(blocks >= 4, "{} bytes", bytes.len());
    for block in 0..blocks - 1 {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join(victim.strip_prefix(origin.path()).unwrap());
        std::fs::create_dir_all(inside.parent().unwrap()).unwrap();
        let mut garbled = bytes.clone();
        garbled[block * (16 << 10) + 1_000 * (block + 1)] ^= 1;
        std::fs::write(&inside, garbled).unwrap();
        let history = open(dir.path());
        every_page(&history, &FlowQuery { limit: 16_384, ..FlowQuery::default() });
        let status = history.status();
        assert_eq!(status.damaged_files, 1, "block {block}");
        assert!(status.problems[0].contains("check the disk"), "{:?}", status.problems);
    }
}
