//! What is done at intervals: retention, merging of files, verifying the ledger.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cordon_history::{History as _, Keep as HistoryKeep};
use cordon_model::Timestamp;
use cordon_model::record::{Action, DataClass, Entry, Keep};
use cordon_register::Register;
use cordon_store::{Commit, StoreError};
use tokio::sync::watch;

use super::world::World;
use super::write::writes;
use super::{Engine, broken};
use crate::Answer;

/// Between two rounds of merging files.
const COMPACT: Duration = Duration::from_secs(300);
/// Between two rounds of removing what is past its time.
const RETIRE: Duration = Duration::from_secs(3600);
/// Between two proofs of everything that is promised.
const PROVE: Duration = Duration::from_secs(600);
/// Between two verifications of the whole ledger.
const VERIFY: Duration = Duration::from_secs(24 * 3600);
/// Until the first of each: the start has other things to do.
const FIRST: Duration = Duration::from_secs(20);
/// Devices that are let go of in one round.
const AT_ONCE: usize = 5_000;

impl Engine {
    /// Does the rounds until told to stop.
    pub async fn keep_house(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let every = |period| {
            let begin = tokio::time::Instant::now() + FIRST;
            let mut timer = tokio::time::interval_at(begin, period);
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            timer
        };
        let (mut compact, mut retire, mut verify) = (every(COMPACT), every(RETIRE), every(VERIFY));
        let mut prove = every(PROVE);
        loop {
            let done = tokio::select! {
                _ = compact.tick() => {
                    self.fill_reserve().await;
                    self.compact().await
                }
                _ = retire.tick() => self.retire().await,
                _ = prove.tick() => self.keep_promises().await,
                () = self.rules_change() => self.keep_promises().await,
                _ = verify.tick() => self.verify_ledger().await.map(drop),
                () = told(&mut stop) => return,
            };
            if let Err(problem) = done {
                tracing::error!(%problem, "a round of housekeeping failed; it is tried again");
            }
        }
    }

    async fn compact(&self) -> Answer<()> {
        let now = self.site_now();
        self.blocking(move |history| history.compact(now)).await.map(drop)
    }

    /// Removes what is past its time, in the history, in the database and in memory.
    ///
    /// The history comes first and does not depend on the rest: it is what gives room back where
    /// the disk is full.
    ///
    /// # Errors
    /// Where something cannot be removed.
    pub async fn retire(&self) -> Answer<()> {
        let now = self.removal_time();
        // A recording may lie in the past; what it says of the future is no reason to remove.
        let site_now = self.site_now().min(now);
        let keep = HistoryKeep {
            flow_days: self.days(DataClass::Flows),
            fact_days: self.days(DataClass::Facts),
        };
        let history = self.blocking(move |history| history.retire(site_now, keep)).await;
        let (days, early) =
            history.as_ref().map_or((0, 0), |removed| (removed.days, removed.for_space));
        let (days, early) = (days.to_string(), early.to_string());
        let detail = [("days", days.as_str()), ("days_for_space", &early), ("rows", "0")];
        let entry = self.entry("system", Action::RetentionRun, "", &detail);
        let entered = self.retire_rows(now, site_now, entry.clone()).await;
        if days != "0" && !matches!(entered, Ok(true)) {
            self.commit(Vec::new(), vec![entry]).await?;
        }
        entered.and(history.map(drop))
    }

    /// Removes rows, and what of them is in memory, with their entry in one transaction; whether
    /// there were any.
    async fn retire_rows(&self, now: Timestamp, site_now: Timestamp, entry: Entry) -> Answer<bool> {
        // What happened on the network is as old as its traffic, which may be a recording's.
        let behind = now.since(site_now);
        let limited: Vec<(DataClass, Duration)> = self
            .options
            .retention
            .iter()
            .filter_map(|(class, keep)| keep.duration().map(|time| (*class, time)))
            .map(|(class, time)| match class {
                DataClass::DeviceHistory | DataClass::ClosedFindings => {
                    (class, time.saturating_add(behind))
                }
                _ => (class, time),
            })
            .collect();
        let limit = |wanted: DataClass| {
            let time = limited.iter().find(|(class, _)| *class == wanted).map(|(_, time)| *time);
            let nanos = time.map(|time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
            let oldest = Timestamp::from_nanos(i64::MIN);
            nanos.map_or(oldest, |nanos| Timestamp::from_nanos(now.nanos().saturating_sub(nanos)))
        };
        let writing = self.writing.lock().await;
        let mut register = Register::clone(&self.world.load().register);
        let update = register.forget_before(limit(DataClass::DeviceHistory), AT_ONCE);
        register.let_go(limit(DataClass::DeviceHistory), limit(DataClass::ClosedFindings));
        let also = || Commit { writes: writes(&update), entries: vec![entry.clone()] };
        let mut done = self.state.retire(now, &limited, also()).await;
        if matches!(done, Err(StoreError::Full)) && self.reserve.release() {
            done = self.state.retire(now, &limited, also()).await;
        }
        let removed = done.map_err(broken)?;
        if removed.entered {
            let register = Arc::new(register);
            self.world.rcu(|world| {
                Arc::new(World { register: Arc::clone(&register), ..World::clone(world) })
            });
            self.folk.write().unwrap_or_else(PoisonError::into_inner).let_go(&limit);
            self.tick(&["today", "devices", "findings"]);
        }
        drop(writing);
        Ok(removed.entered)
    }

    fn days(&self, class: DataClass) -> u32 {
        let keep = self.options.retention.iter().find(|(one, _)| *one == class);
        match keep.map_or(class.keep(), |(_, keep)| *keep) {
            Keep::For(time) => u32::try_from(time.as_secs() / 86_400).unwrap_or(u32::MAX),
            Keep::Forever => u32::MAX,
            Keep::Never => 0,
        }
    }
}

/// Waits until the service is to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // Where nobody is left to tell, it is time as well.
    drop(stop.wait_for(|stop| *stop).await);
}
