//! That callers share one write to the disk, told by counting and not by the clock; with
//! `--nocapture` it says how many commits a second there were.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_store::{State, Store};

use super::{open, some};

/// Commits a second by this many callers at once.
async fn rate(store: &Arc<Store>, callers: usize, time: Duration) -> (u64, f64) {
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut count = 0_u64;
            while begin.elapsed() < time {
                store.commit(some(&format!("{caller}-{}", count % 10))).await.unwrap();
                count += 1;
            }
            count
        }));
    }
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    (sum, sum as f64 / begin.elapsed().as_secs_f64())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_at_once_share_one_write_to_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await);
    let time = Duration::from_secs(1);
    let (alone, per_second) = rate(&store, 1, time).await;
    let transactions = store.checkpoints(0..u64::MAX).await.unwrap().len() as u64;
    assert_eq!(transactions.min(1_000), alone.min(1_000), "alone, each commit is a transaction");
    println!("1 caller: {per_second:.0} commits/s");
    let (many, per_second) = rate(&store, 32, time).await;
    let mut transactions = 0;
    let mut from = alone + 1;
    loop {
        let page = store.checkpoints(from..u64::MAX).await.unwrap();
        let Some(last) = page.last() else { break };
        transactions += page.len() as u64;
        from = last.size + 1;
    }
    println!(
        "32 callers: {per_second:.0} commits/s, {many} commits in {transactions} transactions"
    );
    assert!(transactions * 4 < many, "{many} commits in {transactions} transactions");
}
