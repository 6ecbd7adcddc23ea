//! Every schema that was ever released becomes the newest, with what it held.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_model::record::{Action, EventKind, FindingState};
use cordon_store::conformance::sample::{
    approval, change, credential, device, entry, event, finding, invite, person, proposal, session,
    standing, step, token,
};
use cordon_store::{
    Before, CHECKPOINTS, Commit, DATABASE, EventFilter, Snapshot, State, Store, Write,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{open, shell};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas")
}

/// Something in every table.
fn everything() -> Commit {
    let writes = vec![
        Write::PutDevice(Arc::new(device("a"))),
        Write::PutFinding(Box::new(finding("f", "a", FindingState::Open))),
        Write::AddEvent(event("a", 1, EventKind::Appeared)),
        Write::PutChange(Box::new(change(3, &["a"], &["a"]))),
        Write::PutStanding(Arc::new(standing("a"))),
        Write::PutProposal(Arc::new(proposal("a"))),
        Write::PutStep(Arc::new(step(5, &["a"]))),
        Write::PutPerson(person("anna")),
        Write::PutCredential(credential("key", "anna")),
        Write::PutSession(session(1, "anna")),
        Write::PutInvite(invite(2)),
        Write::PutToken(token("t", 3, "anna")),
        Write::PutApproval(Box::new(approval("r"))),
        Write::PutSetting { name: "tone".into(), value: "dark".into() },
        Write::PutCounter { name: "read".into(), value: 7 },
    ];
    Commit { writes, entries: vec![entry("person:anna", Action::DeviceEdit, "a"); 3] }
}

/// What a database of this schema held.
async fn holds_everything(store: &Store, schema: i64) {
    let all = store.load().await.unwrap();
    // Contracts came with the second.
    let contracts = schema >= 2;
    let one = |there: bool| usize::from(there);
    let wanted = Snapshot {
        devices: vec![device("a")],
        findings: vec![finding("f", "a", FindingState::Open)],
        people: vec![person("anna")],
        credentials: vec![credential("key", "anna")],
        sessions: vec![session(1, "anna")],
        invites: vec![invite(2)],
        tokens: vec![token("t", 3, "anna")],
        approvals: vec![approval("r")],
        settings: [("tone".into(), "dark".into())].into(),
        counters: [("read".into(), 7)].into(),
        next_change: 4,
        standings: vec![standing("a"); one(contracts)],
        proposals: vec![proposal("a"); one(contracts)],
        steps: vec![step(5, &["a"]); one(contracts)],
        next_step: if contracts { 6 } else { 0 },
        ledger: all.ledger.clone(),
    };
    assert_eq!(all, wanted);
    assert_eq!(all.ledger.size, 3);
    let page = Before { before: None, limit: 10 };
    let events = store.events(&EventFilter::default(), page).await.unwrap();
    assert_eq!(events.rows[0].row, event("a", 1, EventKind::Appeared));
    assert_eq!(store.change(3).await.unwrap(), Some(change(3, &["a"], &["a"])));
    assert_eq!(store.ledger(0, 10).await.unwrap().len(), 3);
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(DbBackend::Sqlite, sql.to_owned());
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// The database as SQL: tables first, then rows, then indexes.
async fn dump(db: &DatabaseConnection) -> String {
    let mut text = String::new();
    for pragma in ["application_id", "user_version"] {
        let number = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
        writeln!(text, "PRAGMA {pragma} = {};", texts(db, &number).await[0]).unwrap();
    }
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid";
    for table in texts(db, tables).await {
        let sql = format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'");
        writeln!(text, "{};", texts(db, &sql).await[0]).unwrap();
        let columns = texts(db, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let values: Vec<_> = columns.iter().map(|name| format!("quote(\"{name}\")")).collect();
        let row = values.join(" || ', ' || ");
        let insert = format!("SELECT 'INSERT INTO {table} VALUES (' || {row} || ');' FROM {table}");
        for line in texts(db, &insert).await {
            writeln!(text, "{line}").unwrap();
        }
    }
    let indexes =
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid";
    for sql in texts(db, indexes).await {
        writeln!(text, "{sql};").unwrap();
    }
    text
}

/// What of a dump is schema and not rows.
fn schema(dump: &str) -> Vec<&str> {
    dump.lines().filter(|line| !line.starts_with("INSERT INTO")).collect()
}

#[tokio::test]
async fn every_earlier_schema_becomes_the_newest_with_its_data() {
    let mut tried = 0;
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let version: i64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let db = shell(dir.path()).await;
        db.execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
        db.execute_unprepared(&fs::read_to_string(&path).unwrap()).await.unwrap();
        db.close().await.unwrap();
        let store = open(dir.path()).await;
        assert_eq!(store.opened().schema_before, version);
        holds_everything(&store, version).await;
        let more = store.commit(Commit { writes: Vec::new(), entries: everything().entries }).await;
        assert_eq!(more.unwrap().size, 6);
        store.close().await.unwrap();
        tried += 1;
    }
    assert!(tried >= 1);
}

/// A released schema never changes. A new one needs its dump: `CORDON_WRITE_SCHEMA=1` writes it.
#[tokio::test]
async fn the_newest_schema_is_the_one_that_was_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.commit(everything()).await.unwrap();
    let path = folder().join(format!("{}.sql", store.opened().schema));
    holds_everything(&store, store.opened().schema).await;
    store.close().await.unwrap();
    let db = shell(dir.path()).await;
    let now = dump(&db).await;
    db.close().await.unwrap();
    if std::env::var_os("CORDON_WRITE_SCHEMA").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(schema(&written), schema(&now));
    assert!(written.lines().count() > schema(&written).len(), "it has rows");
    assert!(dir.path().join(CHECKPOINTS).exists() && dir.path().join(DATABASE).exists());
}
