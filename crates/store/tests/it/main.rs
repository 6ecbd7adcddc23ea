//! The store on SQLite, from outside.
#![allow(clippy::disallowed_methods, reason = "tests start programs and take the time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test needs and does not get should end it"
)]

mod backup;
mod damage;
mod full;
mod killed;
mod schemas;
mod speed;

use std::path::Path;
use std::sync::Arc;

use cordon_model::record::Action;
use cordon_store::conformance;
use cordon_store::conformance::sample::{device, entry, notary};
use cordon_store::{Commit, DATABASE, Options, State, Store, StoreError, Write};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

fn options() -> Options {
    Options { site: "home".into(), notary: notary(), max_pages: None }
}

async fn open(dir: &Path) -> Store {
    Store::open(dir, options()).await.unwrap()
}

async fn refused(dir: &Path) -> StoreError {
    Store::open(dir, options()).await.unwrap_err()
}

/// A device and a ledger entry.
fn some(id: &str) -> Commit {
    Commit {
        writes: vec![Write::PutDevice(Arc::new(device(id)))],
        entries: vec![entry("person:anna", Action::DeviceEdit, id)],
    }
}

/// A directory whose store has this many devices and entries, closed.
async fn filled(dir: &Path, count: usize) {
    let store = open(dir).await;
    for number in 0..count {
        store.commit(some(&format!("device {number}"))).await.unwrap();
    }
    store.close().await.unwrap();
}

/// Another program with the database open.
async fn shell(dir: &Path) -> DatabaseConnection {
    let url = format!("sqlite://{}?mode=rwc", dir.join(DATABASE).display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

/// Runs SQL as another program would.
async fn meddle(dir: &Path, sql: &str) {
    let db = shell(dir).await;
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_does_what_every_store_does() {
    let root = tempfile::tempdir().unwrap();
    let number = std::sync::atomic::AtomicU32::new(0);
    conformance::run(|| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let dir = root.path().join(number.to_string());
        async move { Arc::new(open(&dir).await) as Arc<dyn State> }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_what_every_store_does() {
    conformance::run(|| async {
        Arc::new(Store::in_memory(options()).await.unwrap()) as Arc<dyn State>
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.opened().schema_before, 0);
    store.commit(some("a")).await.unwrap();
    let before = store.load().await.unwrap();
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.opened().schema_before, store.opened().schema);
    assert_eq!(store.load().await.unwrap(), before);
    let next = store.commit(some("b")).await.unwrap();
    assert_eq!((next.first_index, next.size), (1, 2));
}

#[tokio::test]
async fn sites_in_one_file_do_not_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 3).await;
    let other = Options { site: "shed".into(), ..options() };
    // The checkpoints beside the file speak for the first site.
    std::fs::remove_file(dir.path().join(cordon_store::CHECKPOINTS)).unwrap();
    let store = Store::open(dir.path(), other).await.unwrap();
    assert_eq!(store.load().await.unwrap(), cordon_store::Snapshot::default());
    assert_eq!(store.commit(some("device 0")).await.unwrap().first_index, 0);
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.commit(some("a")).await.unwrap();
    store.backup(&dir.path().join("copy.db")).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert!(files >= 5, "database, log, index, lock, checkpoints, copy");
}
