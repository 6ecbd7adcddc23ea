//! The store on SQLite, from outside.

use std::path::Path;
use std::sync::Arc;

use cordon_store::conformance::{self, sample::Unsigned};
use cordon_store::{Options, State, Store};

fn options() -> Options {
    Options { site: "home".into(), notary: Arc::new(Unsigned), max_pages: None }
}

async fn open(dir: &Path) -> Store {
    Store::open(dir, options()).await.unwrap()
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
