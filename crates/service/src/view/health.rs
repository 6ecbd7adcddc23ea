//! Whether the service itself is well.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// Where packets come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceView {
    /// Interface or file.
    pub name: String,
    /// `running`, `gone` (retrying), `ended` or `failed`.
    pub state: String,
    /// What happened, in one sentence, where it is not running.
    pub says: Option<String>,
    /// Packets taken.
    pub packets: u64,
    /// Packets lost in the kernel's ring.
    pub dropped_by_kernel: u64,
    /// Packets lost because the service was behind.
    pub dropped_by_queue: u64,
    /// Time of the latest packet.
    pub last: Option<Time>,
}

/// One thing that was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// What.
    pub name: String,
    /// `good`, `warning`, `bad` or `unknown`.
    pub verdict: String,
    /// What was found.
    pub says: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// How long a class of data is kept, and how much there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionView {
    /// The class's name.
    pub class: String,
    /// In plain words.
    pub title: String,
    /// How long it is kept, as written in the configuration; `for ever` or `never`.
    pub keep: String,
    /// Why.
    pub why: String,
    /// Oldest kept.
    pub oldest: Option<Time>,
    /// Bytes on disk, where they are counted by class.
    pub bytes: Option<u64>,
    /// Rows or items, where they are counted.
    pub items: Option<u64>,
}

/// The state of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthView {
    /// `good`, `warning` or `bad`: the worst of the checks.
    pub verdict: String,
    /// Version of the program.
    pub version: String,
    /// Running since.
    pub started: Time,
    /// Where packets come from.
    pub sources: Vec<SourceView>,
    /// Batches that wait between capture and pipeline.
    pub queue_depth: u64,
    /// How many may wait.
    pub queue_bound: u64,
    /// Packets of the last second or, in a replay, of the last tick per second.
    pub packets_per_second: u64,
    /// Resident memory in bytes.
    pub memory_bytes: u64,
    /// Bytes in the data folder.
    pub data_bytes: u64,
    /// Bytes free on its file system.
    pub free_bytes: u64,
    /// Flows that were recorded and are safe on disk.
    pub flows_kept: u64,
    /// Flows that wait to be written.
    pub flows_waiting: u64,
    /// Flows that could not be kept.
    pub flows_lost: u64,
    /// Milliseconds that the latest look at all devices took.
    pub conclude_ms: u64,
    /// When the server's certificate ends.
    pub certificate_expires: Option<Time>,
    /// SHA-256 of the server's certificate.
    pub certificate_fingerprint: Option<String>,
    /// Everything checked, worst first.
    pub checks: Vec<CheckView>,
    /// What is kept how long.
    pub retention: Vec<RetentionView>,
}
