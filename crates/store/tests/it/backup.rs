//! Copies of a running database, and the way back.

use std::fs;
use std::sync::Arc;

use cordon_store::conformance::sample::at;
use cordon_store::{CHECKPOINTS, DATABASE, State, Store, StoreError};

use super::{filled, meddle, open, options, some};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_busy_database_is_of_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await);
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..200 {
                store.commit(some(&format!("device {number}"))).await.unwrap();
            }
        })
    };
    let mut last = 0;
    for number in 0..5 {
        let copy = dir.path().join(format!("copy {number}.db"));
        let made = store.backup(&copy).await.unwrap();
        assert!(made.ledger.size >= last && made.bytes == fs::metadata(&copy).unwrap().len());
        last = made.ledger.size;
        let fresh = tempfile::tempdir().unwrap();
        let done = Store::restore(fresh.path(), &copy, &options(), at(0)).await.unwrap();
        assert_eq!(done.ledger, made.ledger);
        assert!(done.kept.is_empty());
        let all = open(fresh.path()).await.load().await.unwrap();
        assert_eq!(all.devices.len() as u64, made.ledger.size, "a commit is whole or not there");
    }
    writer.await.unwrap();
    assert_eq!(store.load().await.unwrap().devices.len(), 200);
}

#[tokio::test]
async fn a_backup_never_replaces_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let copy = dir.path().join("copy.db");
    fs::write(&copy, "mine").unwrap();
    assert!(matches!(store.backup(&copy).await, Err(StoreError::Conflict(_))));
    assert_eq!(fs::read_to_string(&copy).unwrap(), "mine");
    let nowhere = dir.path().join("no/such/copy.db");
    assert!(matches!(store.backup(&nowhere).await, Err(StoreError::Io { .. })));
}

#[tokio::test]
async fn a_restore_keeps_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2).await;
    let store = open(dir.path()).await;
    let copy = dir.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    store.commit(some("later")).await.unwrap();
    let error = Store::restore(dir.path(), &copy, &options(), at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    store.close().await.unwrap();

    let done = Store::restore(dir.path(), &copy, &options(), at(0)).await.unwrap();
    assert_eq!(done.ledger.size, 2);
    let store = open(dir.path()).await;
    let all = store.load().await.unwrap();
    assert_eq!((all.devices.len(), all.ledger.size), (2, 2));
    assert_eq!(store.commit(some("new")).await.unwrap().first_index, 2);
    store.close().await.unwrap();

    let old = done.kept.iter().find(|path| path.to_string_lossy().contains("state.db.before"));
    let name = old.unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(name, "state.db.before-20231114T221320");
    // The way back again: what was kept is a whole store.
    let back = Store::restore(dir.path(), old.unwrap(), &options(), at(0)).await.unwrap();
    assert_eq!(back.ledger.size, 3);
    assert!(back.kept.iter().all(|path| !done.kept.contains(path)), "nothing kept is replaced");
    let all = open(dir.path()).await.load().await.unwrap();
    assert!(all.devices.iter().any(|device| device.id.0 == "later"));
}

#[tokio::test]
async fn a_damaged_database_can_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2).await;
    let copy = dir.path().join("copy.db");
    let store = open(dir.path()).await;
    store.backup(&copy).await.unwrap();
    store.close().await.unwrap();
    fs::write(dir.path().join(DATABASE), "rubbish").unwrap();
    fs::write(dir.path().join("state.db-wal"), "rubbish").unwrap();
    let done = Store::restore(dir.path(), &copy, &options(), at(0)).await.unwrap();
    assert_eq!(done.kept.len(), 3, "{:?}", done.kept);
    assert_eq!(open(dir.path()).await.load().await.unwrap().ledger.size, 2);
}

#[tokio::test]
async fn a_bad_backup_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3).await;
    let bad = tempfile::tempdir().unwrap();
    let copy = bad.path().join(DATABASE);
    for sql in [
        "PRAGMA user_version = 99",
        "DELETE FROM ledger WHERE seq = 2",
        "UPDATE ledger SET leaf = zeroblob(32) WHERE seq = 0",
        "UPDATE schema_step SET checksum = 'x'",
        "PRAGMA application_id = 1",
    ] {
        filled(bad.path(), 3).await;
        meddle(bad.path(), sql).await;
        let before = fs::read(dir.path().join(DATABASE)).unwrap();
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let there = names();
        let error = Store::restore(dir.path(), &copy, &options(), at(0)).await.unwrap_err();
        assert!(!matches!(error, StoreError::Engine(_)), "{sql}: {error}");
        assert_eq!(fs::read(dir.path().join(DATABASE)).unwrap(), before, "{sql}");
        assert_eq!(names(), there, "{sql}");
        for file in [DATABASE, CHECKPOINTS] {
            fs::remove_file(bad.path().join(file)).unwrap();
        }
    }
    let text = bad.path().join("text");
    fs::write(&text, "shopping list").unwrap();
    let error = Store::restore(dir.path(), &text, &options(), at(0)).await.unwrap_err();
    assert!(matches!(&error, StoreError::NotADatabase(name) if name.ends_with("text")), "{error}");
    fs::write(&text, "").unwrap();
    let error = Store::restore(dir.path(), &text, &options(), at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotADatabase(_)), "{error}");
    assert_eq!(open(dir.path()).await.load().await.unwrap().devices.len(), 3);
}
