//! No room: what was acknowledged stays, and the service goes on once there is room.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use cordon_store::conformance::sample::device;
use cordon_store::{Commit, State, Store, StoreError, Write};

use super::{open, options, some};

fn large(number: usize) -> Commit {
    let mut record = device(&format!("large {number}"));
    record.imported = Some("x".repeat(100_000).into());
    let mut commit = some("small");
    commit.writes.push(Write::PutDevice(Arc::new(record)));
    commit
}

/// Commits until it is refused for want of room; how many were acknowledged.
async fn fill(store: &Store) -> usize {
    for number in 0..1_000 {
        match store.commit(large(number)).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, StoreError::Full, "{error}");
                return number;
            }
        }
    }
    panic!("it never filled up");
}

async fn holds(store: &Store, commits: usize) {
    let all = store.load().await.unwrap();
    assert_eq!(all.devices.len(), commits + 1);
    assert_eq!(all.ledger.size, commits as u64);
    assert_eq!(store.leaf_hashes(0..u64::MAX).await.unwrap().len(), commits);
}

#[tokio::test]
async fn a_database_at_its_limit_refuses_and_goes_on_when_it_may_grow() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.limit_pages(Some(500)).await.unwrap();
    let acknowledged = fill(&store).await;
    assert!(acknowledged > 5, "{acknowledged}");
    assert_eq!(store.commit(large(999)).await.unwrap_err(), StoreError::Full);
    holds(&store, acknowledged).await;
    store.limit_pages(None).await.unwrap();
    let next = store.commit(large(acknowledged)).await.unwrap();
    assert_eq!(next.first_index, acknowledged as u64);
    holds(&store, acknowledged + 1).await;
    store.close().await.unwrap();
    holds(&open(dir.path()).await, acknowledged + 1).await;
}

#[tokio::test]
async fn the_limit_holds_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let limited = cordon_store::Options { max_pages: Some(500), ..options() };
    let store = Store::open(dir.path(), limited).await.unwrap();
    fill(&store).await;
    assert!(store.size().await.unwrap() <= 500 * 4096);
}

/// A small file system of its own, gone when dropped. Only root may make one.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "cordon-test"])
            .arg(path)
            .status();
        done.is_ok_and(|status| status.success()).then_some(Disk(path))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(self.0).status().unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_the_store_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(dir.path()) else {
        println!("not tried: only root can mount a small disk; the page limit is tried above");
        return;
    };
    let other = dir.path().join("other.log");
    std::fs::write(&other, vec![0; 1_000_000]).unwrap();
    let data = dir.path().join("data");
    let store = open(&data).await;
    let acknowledged = fill(&store).await;
    holds(&store, acknowledged).await;
    std::fs::remove_file(&other).unwrap();
    let next = store.commit(some("small")).await.unwrap();
    assert_eq!(next.first_index, acknowledged as u64);
    store.close().await.unwrap();
    let store = open(&data).await;
    assert_eq!(store.load().await.unwrap().ledger.size, acknowledged as u64 + 1);
    store.close().await.unwrap();
    drop(disk);
}
