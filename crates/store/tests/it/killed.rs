//! `kill -9` at any moment: what was acknowledged is there, and the ledger has no gap.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cordon_store::{State, Store};

use super::{open, some};

/// Rounds in this test; the longer torture runs elsewhere.
const ROUNDS: u64 = 20;
const DIR: &str = "CORDON_TEST_KILLED_DIR";

/// The child: commits from four callers at once, and says what was acknowledged.
async fn write_for_ever(dir: &Path) {
    let store = Arc::new(open(dir).await);
    let mut callers = Vec::new();
    for caller in 0..4 {
        let store: Arc<Store> = store.clone();
        callers.push(tokio::spawn(async move {
            for number in 0_u64.. {
                let id = format!("{}-{caller}-{number}", std::process::id());
                let done = store.commit(some(&id)).await.unwrap();
                // One write call per line, so that a line is whole or not there.
                let line = format!("acknowledged {} {id}\n", done.first_index);
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_to_kill_9() {
    if let Ok(dir) = std::env::var(DIR) {
        write_for_ever(Path::new(&dir)).await;
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        acknowledged.append(&mut kill_one(dir.path(), round));
        let store = open(dir.path()).await;
        let all = store.load().await.unwrap();
        let devices: BTreeSet<&str> = all.devices.iter().map(|row| row.id.0.as_str()).collect();
        let leaves = store.leaf_hashes(0..u64::MAX).await.unwrap();
        assert_eq!(leaves.len() as u64, all.ledger.size, "round {round}: no gap");
        assert_eq!(devices.len(), leaves.len(), "round {round}: rows and entries go together");
        for (index, id) in &acknowledged {
            assert!(devices.contains(id.as_str()), "round {round}: {id} is missing");
            let row = &store.ledger(*index, 1).await.unwrap()[0];
            let record = String::from_utf8_lossy(&row.record);
            assert!(record.contains(id.as_str()), "round {round}: {index} is {record}");
        }
        store.close().await.unwrap();
    }
    println!("{} acknowledged commits over {ROUNDS} kills", acknowledged.len());
    assert!(acknowledged.len() as u64 > ROUNDS, "the children did write");
}

/// Starts a child, kills it some time later, and says what it had acknowledged.
fn kill_one(dir: &Path, round: u64) -> BTreeSet<(u64, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::nothing_acknowledged_is_lost_to_kill_9", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let lines = out.lines().map_while(Result::ok);
        lines
            .filter_map(|line| {
                let rest = line.split_once("acknowledged ")?.1;
                let (index, id) = rest.split_once(' ')?;
                Some((index.parse().ok()?, id.to_owned()))
            })
            .collect()
    });
    // Spread over start, first commits and steady work; the moment within a commit is chance.
    std::thread::sleep(Duration::from_millis(20 + round * 37 % 400));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}
