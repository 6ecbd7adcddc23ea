//! What went wrong and was survived: counted and told, never silent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Sentences kept; older ones are forgotten, their counts are not.
const MAX_KEPT: usize = 100;

/// Counters and the latest sentences.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    pub damaged: AtomicU64,
    pub dropped_flows: AtomicU64,
    pub dropped_facts: AtomicU64,
    pub days_for_space: AtomicU64,
    /// Whether rows could not be made durable when it was last tried.
    not_durable: AtomicBool,
    latest: Mutex<VecDeque<String>>,
}

impl Problems {
    pub(crate) fn note(&self, sentence: String) {
        tracing::warn!("{sentence}");
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() >= MAX_KEPT {
            latest.pop_front();
        }
        latest.push_back(sentence);
    }

    pub(crate) fn damaged(&self, sentence: String) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
        self.note(sentence);
    }

    /// How a flush ended. Told when it changes, not every time: a disk stays full for hours.
    pub(crate) fn flushed(&self, error: Option<String>) {
        let failed_before = self.not_durable.swap(error.is_some(), Ordering::Relaxed);
        match (failed_before, error) {
            (false, Some(error)) => self.note(format!("rows wait in memory: {error}")),
            (true, None) => self.note("rows that waited in memory are now durable".to_owned()),
            _ => {}
        }
    }

    pub(crate) fn latest(&self) -> Vec<String> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.iter().cloned().collect()
    }
}
