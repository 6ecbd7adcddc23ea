//! What is known of the network at a moment; replaced as a whole, so that readers never wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cordon_model::record::{FindingState, Record, TrackedFinding};
use cordon_model::{DeviceId, Severity, Timestamp};
use cordon_pipeline::{Coverage, Talk};
use cordon_register::Register;

/// What is known of the network.
#[derive(Clone)]
pub(super) struct World {
    pub register: Arc<Register>,
    pub latest: Option<Arc<Latest>>,
    /// The time that the traffic has reached.
    pub now: Timestamp,
}

/// What the watcher concluded last.
pub(super) struct Latest {
    pub coverage: Coverage,
    pub limits: Vec<String>,
    /// With the ids of records where an end is one.
    pub talks: Vec<Talk>,
}

impl World {
    pub fn new(register: Register, now: Timestamp) -> Self {
        World { register: Arc::new(register), latest: None, now }
    }

    /// Whether a device was heard lately.
    pub fn is_online(&self, record: &Record, within: Duration) -> bool {
        self.now.since(record.last) <= within && !record.silent
    }

    /// Open findings per device: how many, and the gravest.
    pub fn open_by_device(&self) -> HashMap<&DeviceId, (u32, Severity)> {
        let mut open: HashMap<&DeviceId, (u32, Severity)> = HashMap::new();
        for tracked in self.open() {
            if let Some(device) = &tracked.finding.device {
                let severity = tracked.finding.severity;
                let entry = open.entry(device).or_insert((0, severity));
                entry.0 += 1;
                entry.1 = entry.1.max(severity);
            }
        }
        open
    }

    /// Open findings, in the order of their ids.
    pub fn open(&self) -> impl Iterator<Item = &TrackedFinding> {
        self.register.findings().filter(|tracked| tracked.state == FindingState::Open)
    }
}
