//! Files that are not what they should be: each is named, and nothing is made worse.

use std::fs;
use std::sync::Arc;

use cordon_store::conformance::sample::device;
use cordon_store::{Beside, CHECKPOINTS, Commit, DATABASE, State, StoreError, Write};
use sea_orm::ConnectionTrait;

use super::{filled, meddle, open, refused, shell, some};

#[tokio::test]
async fn two_services_never_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await;
    let error = refused(dir.path()).await;
    let pid = std::process::id().to_string();
    assert!(matches!(&error, StoreError::InUse { pid: by, .. } if *by == pid), "{error}");
    first.close().await.unwrap();
    open(dir.path()).await;
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE);
    let text = "shopping list\n".repeat(1000);
    fs::write(&path, &text).unwrap();
    let error = refused(dir.path()).await;
    assert!(
        matches!(&error, StoreError::NotADatabase(name) if name.ends_with(DATABASE)),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    meddle(dir.path(), "CREATE TABLE device (x); INSERT INTO device VALUES (1)").await;
    let before = fs::read(dir.path().join(DATABASE)).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, StoreError::NotADatabase(_)), "{error}");
    assert_eq!(fs::read(dir.path().join(DATABASE)).unwrap(), before);
}

#[tokio::test]
async fn a_write_that_was_broken_off_before_there_was_a_log_is_taken_back() {
    let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 3).await;
    let db = shell(dir.path()).await;
    // As while the database was made; a small cache makes it write before it is done.
    db.execute_unprepared("PRAGMA journal_mode = DELETE").await.unwrap();
    db.execute_unprepared("PRAGMA cache_size = 1").await.unwrap();
    db.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) \
                INSERT INTO setting SELECT 'home', 'half ' || i, hex(zeroblob(500)) FROM n";
    db.execute_unprepared(many).await.unwrap();
    for file in fs::read_dir(dir.path()).unwrap() {
        let path = file.unwrap().path();
        fs::copy(&path, killed.path().join(path.file_name().unwrap())).unwrap();
    }
    let journal = killed.path().join(format!("{DATABASE}-journal"));
    assert!(fs::metadata(&journal).unwrap().len() > 0, "nothing was broken off");
    db.close().await.unwrap();

    let store = open(killed.path()).await;
    let all = store.load().await.unwrap();
    assert_eq!((all.devices.len(), all.ledger.size, all.settings.len()), (3, 3, 0));
    store.close().await.unwrap();
}

#[tokio::test]
async fn damaged_pages_are_found_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 60).await;
    let path = dir.path().join(DATABASE);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 20_000] {
        *byte = 0x5a;
    }
    fs::write(&path, &bytes).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert!(error.to_string().contains("cordon restore"), "{error}");
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 60).await;
    let path = dir.path().join(DATABASE);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

#[tokio::test]
async fn a_newer_database_is_refused_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2).await;
    meddle(dir.path(), "PRAGMA user_version = 99").await;
    let before = fs::read(dir.path().join(DATABASE)).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert_eq!(fs::read(dir.path().join(DATABASE)).unwrap(), before);
}

#[tokio::test]
async fn a_schema_that_came_about_otherwise_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2).await;
    meddle(dir.path(), "UPDATE schema_step SET checksum = 'x'").await;
    assert_eq!(refused(dir.path()).await, StoreError::OtherSchema(1));
}

#[tokio::test]
async fn entries_cut_off_at_the_end_are_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 5).await;
    // Thorough: the last entry and every trace of it in the database.
    meddle(dir.path(), "DELETE FROM ledger WHERE seq = 4; DELETE FROM checkpoint WHERE size = 5")
        .await;
    let error = refused(dir.path()).await;
    assert!(matches!(&error, StoreError::Ledger(what) if what.contains("cut off")), "{error}");
}

#[tokio::test]
async fn a_whole_older_database_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3).await;
    let older = fs::read(dir.path().join(DATABASE)).unwrap();
    filled(dir.path(), 3).await;
    fs::write(dir.path().join(DATABASE), older).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(&error, StoreError::Ledger(what) if what.contains("cut off")), "{error}");
}

#[tokio::test]
async fn a_changed_leaf_and_a_missing_one_are_found() {
    for (sql, word) in [
        ("UPDATE ledger SET leaf = zeroblob(32) WHERE seq = 1", "changed"),
        ("UPDATE ledger SET leaf = x'00' WHERE seq = 1", "leaf hash"),
        ("DELETE FROM ledger WHERE seq = 1", "missing"),
        ("DELETE FROM checkpoint", "never signed"),
        ("UPDATE checkpoint SET text = 'x'", "checkpoint"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), 3).await;
        meddle(dir.path(), sql).await;
        let error = refused(dir.path()).await;
        assert!(
            matches!(&error, StoreError::Ledger(what) if what.contains(word)),
            "{sql}: {error}"
        );
    }
}

#[tokio::test]
async fn checkpoints_beside_the_database_are_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(CHECKPOINTS);
    let first = open(dir.path()).await;
    assert_eq!(first.opened().checkpoints, Beside::Empty);
    first.close().await.unwrap();
    filled(dir.path(), 2).await;
    let two = fs::read(&path).unwrap();
    filled(dir.path(), 2).await;
    let four = fs::read(&path).unwrap();
    // A loss of power between the two files.
    fs::write(&path, two).unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.opened().checkpoints, Beside::Behind);
    store.close().await.unwrap();
    let last = |bytes: &[u8]| bytes[bytes.len() - 100..].to_vec();
    assert_eq!(last(&fs::read(&path).unwrap()), last(&four));
    fs::remove_file(&path).unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.opened().checkpoints, Beside::Missing);
    store.close().await.unwrap();
    assert_eq!(open(dir.path()).await.opened().checkpoints, Beside::Agrees);
}

#[tokio::test]
async fn a_damaged_file_of_checkpoints_is_kept_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 200).await;
    let path = dir.path().join(CHECKPOINTS);
    let mut bytes = fs::read(&path).unwrap();
    bytes[1_000..1_100].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(&error, StoreError::Ledger(what) if what.contains("is damaged")), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2).await;
    let path = dir.path().join(CHECKPOINTS);
    let text = fs::read_to_string(&path).unwrap();
    let last = text.rfind("home\n2\n").unwrap();
    let forged = format!("{}{}", &text[..last], text[last..].replacen("\n2\n", "\n1\n", 1));
    fs::write(&path, forged).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(&error, StoreError::Ledger(what) if what.contains("hold")), "{error}");
}

#[tokio::test]
async fn a_lock_of_another_program_is_named_and_passes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.commit(some("a")).await.unwrap();
    let other = shell(dir.path()).await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let error = store.commit(some("b")).await.unwrap_err();
    assert_eq!(error, StoreError::Busy, "{error}");
    assert_eq!(store.load().await.unwrap().devices.len(), 1, "reading goes on");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    assert_eq!(store.commit(some("b")).await.unwrap().first_index, 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2).await;
    meddle(dir.path(), "UPDATE device SET body = '{' WHERE id = 'device 1'").await;
    let error = open(dir.path()).await.load().await.unwrap_err();
    let named = matches!(&error, StoreError::Row { table: "device", id, .. } if id == "device 1");
    assert!(named, "{error}");
}

#[tokio::test]
async fn a_forgotten_device_is_not_in_the_file_either() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut record = device("a");
    record.imported = Some("the-secret-inventor".into());
    let put = vec![Write::PutDevice(Arc::new(record))];
    store.commit(Commit { writes: put, entries: Vec::new() }).await.unwrap();
    store.close().await.unwrap();
    let holds = |word: &str| {
        fs::read_dir(dir.path()).unwrap().any(|file| {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            bytes.windows(word.len()).any(|window| window == word.as_bytes())
        })
    };
    assert!(holds("the-secret-inventor"));
    let store = open(dir.path()).await;
    let forget = vec![Write::ForgetDevice(device("a").id)];
    store.commit(Commit { writes: forget, entries: Vec::new() }).await.unwrap();
    store.close().await.unwrap();
    assert!(!holds("the-secret-inventor"));
}
