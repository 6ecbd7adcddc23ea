//! What name servers told devices: kept over restarts, so that a device that asked an hour ago is
//! not cut off because we began anew.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use cordon_contract::{Bindings, Judge, Policy};
use cordon_model::{Text, Timestamp};

use super::messages::Told;

/// The file beside those of the guard.
pub(super) const FILE: &str = "answers.json";
/// Most answers that are kept: 2,000 devices with fifty each. The ones that end first go first.
const MAX_ANSWERS: usize = 100_000;
/// Largest file that is read.
const MAX_FILE: u64 = 32 << 20;

/// What name servers told devices.
#[derive(Default)]
pub(super) struct Answers {
    held: HashMap<(IpAddr, Text, IpAddr), Timestamp>,
    changed: bool,
}

impl Answers {
    /// What was written down; nothing where that cannot be read: devices ask again.
    pub fn read(path: &Path) -> Self {
        let mut text = Vec::new();
        let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut text));
        let told: Vec<Told> = match read {
            Ok(_) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let mut answers = Answers::default();
        told.into_iter().for_each(|told| answers.put(told));
        answers.changed = false;
        answers
    }

    /// Writes everything down, if anything changed. That it cannot be written costs devices a
    /// question after the next start, and is no reason to stop.
    pub fn write(&mut self, path: &Path) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let told: Vec<Told> = self
            .held
            .iter()
            .map(|((asker, name, ip), until)| Told {
                asker: *asker,
                name: name.clone(),
                ip: *ip,
                until: *until,
            })
            .collect();
        let next = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut options = fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options.open(&next)?;
            file.write_all(&serde_json::to_vec(&told)?)?;
            fs::rename(&next, path)
        };
        let _ = write();
    }

    pub fn put(&mut self, told: Told) {
        if self.held.len() >= MAX_ANSWERS {
            let mut ends: Vec<Timestamp> = self.held.values().copied().collect();
            let middle = ends.len() / 2;
            let (_, median, _) = ends.select_nth_unstable(middle);
            let median = *median;
            self.held.retain(|_, until| *until > median);
        }
        let until = self.held.entry((told.asker, told.name, told.ip)).or_default();
        self.changed |= *until < told.until;
        *until = (*until).max(told.until);
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn expire(&mut self, at: Timestamp) {
        self.held.retain(|_, until| at < *until);
    }

    /// What they mean under a policy.
    pub fn bindings(&self, policy: &Policy, at: Timestamp) -> Bindings {
        let judge = Judge::new(policy);
        let mut bindings = Bindings::default();
        for ((asker, name, ip), until) in self.held.iter().filter(|(_, until)| at < **until) {
            if let Some(member) = judge.member_at(*asker) {
                bindings.learn(policy, member, name, *ip, *until);
            }
        }
        bindings
    }
}
