//! What is done at intervals: retention, merging of files, verifying the ledger.

use std::sync::Arc;
use std::time::Duration;

use cordon_history::{History as _, Keep as HistoryKeep};
use cordon_model::record::{Action, DataClass, Keep};
use tokio::sync::watch;

use super::{Engine, broken};
use crate::Answer;

/// Between two rounds of merging files.
const COMPACT: Duration = Duration::from_secs(300);
/// Between two rounds of removing what is past its time.
const RETIRE: Duration = Duration::from_secs(3600);
/// Between two verifications of the whole ledger.
const VERIFY: Duration = Duration::from_secs(24 * 3600);
/// Until the first of each: the start has other things to do.
const FIRST: Duration = Duration::from_secs(20);

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
        loop {
            let done = tokio::select! {
                _ = compact.tick() => self.compact().await,
                _ = retire.tick() => self.retire().await,
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

    /// Removes what is past its time, in the database and in the history.
    ///
    /// # Errors
    /// Where something cannot be removed.
    pub async fn retire(&self) -> Answer<()> {
        let now = self.removal_time();
        // A recording may lie in the past; what it says of the future is no reason to remove.
        let site_now = self.site_now().min(now);
        let limited: Vec<(DataClass, Duration)> = self
            .options
            .retention
            .iter()
            .filter_map(|(class, keep)| keep.duration().map(|time| (*class, time)))
            .collect();
        let removed = self.state.retire(now, &limited).await.map_err(broken)?;
        let keep = HistoryKeep {
            flow_days: self.days(DataClass::Flows),
            fact_days: self.days(DataClass::Facts),
        };
        let history = self.blocking(move |history| history.retire(site_now, keep)).await?;
        let (rows, days) = (removed.total(), history.days);
        if rows == 0 && days == 0 {
            return Ok(());
        }
        let (rows, days, early) =
            (rows.to_string(), days.to_string(), history.for_space.to_string());
        let detail = [("rows", rows.as_str()), ("days", &days), ("days_for_space", &early)];
        self.note(Action::RetentionRun, "", &detail).await
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
