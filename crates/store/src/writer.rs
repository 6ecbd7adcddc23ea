//! The one task that writes: what arrives together goes into one transaction.

use std::time::Duration;

use cordon_ledger::Tree;
use cordon_model::Timestamp;
use cordon_model::record::DataClass;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use crate::rows::apply::{Numbers, add_checkpoint, add_leaf};
use crate::rows::retire::retire;
use crate::rows::runs::apply_all;
use crate::sqlite::{Lock, Promises, Reopen};
use crate::state::{ENTRIES_MAX, WRITES_MAX};
use crate::{Commit, Committed, LedgerRow, Notary, Retired, StoreError};

/// Commits in one transaction: beyond this the wait of the first grows, and the gain does not.
const BATCH_MAX: usize = 128;
/// Commits that may wait; whoever comes after them waits for room.
pub(crate) const QUEUE_MAX: usize = 256;

/// What the writer is asked for.
pub(crate) enum Job {
    /// Write this.
    Commit(Commit, oneshot::Sender<Result<Committed, StoreError>>),
    /// Remove what is past its time.
    Retire(Timestamp, Keep, Commit, oneshot::Sender<Result<Retired, StoreError>>),
    /// Allow this many pages (`None`: as many as there are).
    Limit(Option<u32>, oneshot::Sender<Result<(), StoreError>>),
    /// Finish; everything before it was written.
    Close(oneshot::Sender<()>),
}

type Keep = Vec<(DataClass, Duration)>;
type Waiting = (Commit, oneshot::Sender<Result<Committed, StoreError>>);

/// The writer's own state.
pub(crate) struct Writer {
    pub(crate) site: String,
    pub(crate) db: DatabaseConnection,
    pub(crate) reopen: Reopen,
    pub(crate) notary: Notary,
    pub(crate) tree: Tree,
    pub(crate) checkpoint: String,
    pub(crate) numbers: Numbers,
    pub(crate) promises: Promises,
    /// `None` in memory.
    pub(crate) _lock: Option<Lock>,
}

impl Writer {
    /// Works until it is told to finish, or nobody can ask any more.
    pub(crate) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut next = None;
        loop {
            let job = match next.take() {
                Some(job) => job,
                None => match jobs.recv().await {
                    Some(job) => job,
                    None => break,
                },
            };
            match job {
                Job::Commit(commit, answer) => {
                    let mut batch = vec![(commit, answer)];
                    while batch.len() < BATCH_MAX {
                        match jobs.try_recv() {
                            Ok(Job::Commit(commit, answer)) => batch.push((commit, answer)),
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.write(batch).await;
                }
                Job::Retire(now, keep, also, answer) => {
                    let result = self.retire(now, &keep, also).await;
                    if result.is_err() {
                        self.recover().await;
                    }
                    // Whoever asked may have left.
                    answer.send(result).ok();
                }
                Job::Limit(pages, answer) => {
                    answer.send(self.reopen.limit(&self.db, pages).await).ok();
                }
                Job::Close(answer) => {
                    self.reopen.finish(self.db).await;
                    drop(self._lock);
                    // Whoever asked may have left.
                    answer.send(()).ok();
                    return;
                }
            }
        }
        self.reopen.finish(self.db).await;
    }

    /// Writes a batch and answers everybody in it.
    async fn write(&mut self, batch: Vec<Waiting>) {
        let (commits, answers): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        match self.attempt(&commits).await {
            Ok(results) => {
                let size = self.tree.size();
                for (result, answer) in results.into_iter().zip(answers) {
                    let result = result.map(|first_index| Committed {
                        first_index,
                        size,
                        checkpoint_text: self.checkpoint.clone(),
                    });
                    // Whoever asked may have left; the commit stands.
                    answer.send(result).ok();
                }
            }
            Err(error) => {
                self.recover().await;
                for answer in answers {
                    answer.send(Err(error.clone())).ok();
                }
            }
        }
    }

    /// One transaction with all of them. A refusal concerns one; any other error concerns all.
    async fn attempt(
        &mut self,
        commits: &[Commit],
    ) -> Result<Vec<Result<u64, StoreError>>, StoreError> {
        let transaction = self.begin().await?;
        let mut tree = self.tree.clone();
        let mut numbers = self.numbers.clone();
        let mut results = Vec::with_capacity(commits.len());
        if let [only] = commits {
            // Alone, it needs no point to go back to.
            match self.apply(&transaction, &mut tree, &mut numbers, only).await {
                Ok(()) => results.push(Ok(self.tree.size())),
                Err(error) if error.is_refusal() => {
                    transaction.rollback().await?;
                    return Ok(vec![Err(error)]);
                }
                Err(error) => return Err(error),
            }
        }
        for commit in commits.iter().filter(|_| commits.len() > 1) {
            let point = transaction.begin().await?;
            let mut further = tree.clone();
            match self.apply(&point, &mut further, &mut numbers, commit).await {
                Ok(()) => {
                    point.commit().await?;
                    results.push(Ok(tree.size()));
                    tree = further;
                }
                Err(error) if error.is_refusal() => {
                    point.rollback().await?;
                    results.push(Err(error));
                }
                Err(error) => return Err(error),
            }
        }
        let last = commits.iter().rev().find_map(|commit| commit.entries.last());
        self.finish(transaction, tree, numbers, last.map(|entry| entry.at)).await?;
        Ok(results)
    }

    /// Signs for the ledger where it grew, commits, and lets memory follow. `at` is of its last
    /// entry.
    async fn finish(
        &mut self,
        transaction: DatabaseTransaction,
        tree: Tree,
        numbers: Numbers,
        at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut checkpoint = None;
        if tree.size() != self.tree.size() {
            let text = self.notary.checkpoint(&tree, at);
            add_checkpoint(&transaction, &self.site, tree.size(), text.clone()).await?;
            checkpoint = Some(text);
        }
        transaction.commit().await?;
        self.tree = tree;
        self.numbers = numbers;
        if let Some(text) = checkpoint {
            self.promise(&text).await;
            self.checkpoint = text;
        }
        Ok(())
    }

    /// The rows and leaves of one commit.
    async fn apply(
        &self,
        db: &DatabaseTransaction,
        tree: &mut Tree,
        numbers: &mut Numbers,
        commit: &Commit,
    ) -> Result<(), StoreError> {
        if commit.writes.len() > WRITES_MAX {
            return Err(StoreError::TooLarge {
                what: "the writes of one commit",
                limit: WRITES_MAX,
            });
        }
        if commit.entries.len() > ENTRIES_MAX {
            return Err(StoreError::TooLarge {
                what: "the entries of one commit",
                limit: ENTRIES_MAX,
            });
        }
        apply_all(db, &self.site, numbers, &commit.writes).await?;
        for entry in &commit.entries {
            let (record, leaf) = Notary::leaf(tree.size(), entry)?;
            add_leaf(db, &self.site, LedgerRow { index: tree.size(), record, leaf }, entry).await?;
            tree.append(leaf);
        }
        Ok(())
    }

    async fn retire(
        &mut self,
        now: Timestamp,
        keep: &[(DataClass, Duration)],
        also: Commit,
    ) -> Result<Retired, StoreError> {
        let transaction = self.begin().await?;
        self.numbers.keep(&transaction, &self.site).await?;
        let mut retired = retire(&transaction, &self.site, now, keep).await?;
        let (mut tree, mut numbers) = (self.tree.clone(), self.numbers.clone());
        let mut also = also;
        let rows = retired.total().saturating_add(also.writes.len() as u64);
        if rows == 0 {
            also.entries.clear();
        }
        for entry in &mut also.entries {
            entry.detail.insert("rows".into(), rows.to_string().into());
        }
        self.apply(&transaction, &mut tree, &mut numbers, &also).await?;
        let at = also.entries.last().map(|entry| entry.at);
        self.finish(transaction, tree, numbers, at).await?;
        retired.entered = at.is_some();
        Ok(retired)
    }

    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        // The write lock comes first: a transaction that began by reading could not get it later.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.db.begin_with_options(options).await?)
    }

    /// Adds a checkpoint to the file beside the database. What was committed stands, so that a
    /// failure is made up for at the next commit or start and is nobody's error.
    async fn promise(&mut self, text: &str) {
        if let Err(error) = self.promises.add(text).await {
            warn!(%error, "the checkpoint is in the database, and not yet in the file beside it");
        }
    }

    /// After a failure: a fresh connection, and the ledger's end as the database has it.
    ///
    /// A full disk makes SQLite end the transaction by itself, of which its client knows nothing.
    async fn recover(&mut self) {
        match self.reopen.again(&self.db).await {
            Ok(Some(db)) => self.db = db,
            Ok(None) => {}
            Err(error) => {
                error!(%error, "the database cannot be opened again; the next commit tries it");
                return;
            }
        }
        match self.reopen.head(&self.db, &self.site, &self.tree).await {
            Ok(Some((tree, checkpoint))) => {
                self.tree = tree;
                self.checkpoint = checkpoint;
            }
            Ok(None) => {}
            Err(error) => error!(%error, "where the ledger ends cannot be read"),
        }
    }
}
