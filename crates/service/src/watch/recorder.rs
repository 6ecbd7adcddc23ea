//! What goes from the pipeline into the history: every flow, and every fact once a day.

use std::hash::{BuildHasher, Hash};

use cordon_history::{FactRow, History, Site};
use cordon_model::fact::DnsValue;
use cordon_model::{Fact, Flow, Said, Timestamp};
use cordon_pipeline::Sink;
use foldhash::fast::FixedState;

use super::told::answer;

/// Rows gathered before they are handed over.
const ROWS: usize = 1024;
/// Facts told from each other per day; beyond that, some are kept twice.
const SLOTS: usize = 1 << 16;
const DAY_SECS: i64 = 86_400;
/// The kind of fact that a device was told an address for a name: `cloud.example.com 192.0.2.7`.
pub const ANSWER: &str = "answer";

/// Gathers flows and facts.
pub struct Recorder {
    flows: Vec<Flow>,
    facts: Vec<FactRow>,
    heard: Heard,
    /// Latest time of anything seen.
    now: Timestamp,
}

/// What came of handing rows over.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct HandedOver {
    /// Flows for which there was no room.
    pub lost: u64,
    /// Flows taken in.
    pub flows: u64,
    /// Whether the history wants to be flushed.
    pub flush_soon: bool,
}

impl Recorder {
    /// A recorder that has heard nothing; the seed keys its hashes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Recorder {
            flows: Vec::with_capacity(ROWS),
            facts: Vec::with_capacity(ROWS),
            heard: Heard { slots: vec![0; SLOTS], hasher: FixedState::with_seed(seed) },
            now: Timestamp::default(),
        }
    }

    /// Whether there is enough to be handed over.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.flows.len() >= ROWS || self.facts.len() >= ROWS
    }

    /// Hands over what was gathered. A history that is full takes no more: then what is over is
    /// counted, and never waited for.
    pub fn hand_over(&mut self, history: &dyn History, site: &Site) -> HandedOver {
        let flows = history.append_flows(site, &self.flows);
        let facts = history.append_facts(site, &self.facts);
        self.flows.clear();
        self.facts.clear();
        HandedOver {
            lost: flows.dropped as u64,
            flows: flows.accepted as u64,
            flush_soon: flows.flush_soon || facts.flush_soon,
        }
    }
}

impl Recorder {
    /// What a name server told a device is kept as the device's, once a day: a rehearsal asks what
    /// a name meant to it then.
    fn answers(&mut self, fact: &Fact) {
        let Some(dns) = answer(fact) else { return };
        let Some(question) = dns.questions.first() else { return };
        for record in &dns.records {
            let DnsValue::Address(ip) = record.value else { continue };
            let what = (fact.at.secs().div_euclid(DAY_SECS), fact.to.mac, fact.to.ip);
            if self.heard.is_first(&(what, &question.name, ip)) {
                let value = format!("{} {ip}", question.name);
                let mut row = FactRow::new(fact.at, ANSWER, &value);
                row.mac = fact.to.mac;
                row.ip = fact.to.ip;
                row.vlan = fact.vlan;
                row.flow = fact.flow.map(|flow| flow.0);
                self.facts.push(row);
            }
        }
    }
}

impl Sink for Recorder {
    fn fact(&mut self, fact: &Fact) {
        self.now = self.now.max(fact.at);
        self.answers(fact);
        if is_noise(&fact.said) || !self.heard.is_new(fact) {
            return;
        }
        let mut row = FactRow::new(fact.at, fact.said.kind(), &fact.said.says());
        row.mac = fact.from.mac;
        row.ip = fact.from.ip;
        row.vlan = fact.vlan;
        row.flow = fact.flow.map(|flow| flow.0);
        self.facts.push(row);
    }

    fn flow(&mut self, flow: &Flow) {
        self.now = self.now.max(flow.last);
        self.flows.push(flow.clone());
    }
}

/// What says nothing about a device that its flows do not say.
const fn is_noise(said: &Said) -> bool {
    matches!(said, Said::Syn(_) | Said::Ntp(_) | Said::Group(_))
}

/// Which facts were heard on which day, by hash.
struct Heard {
    slots: Vec<u64>,
    hasher: FixedState,
}

impl Heard {
    fn is_new(&mut self, fact: &Fact) -> bool {
        // The day is hashed, too: one packet with a time far ahead must not decide which day it
        // is for all that follow.
        let day = fact.at.secs().div_euclid(DAY_SECS);
        self.is_first(&(day, fact.from.mac, fact.from.ip, &fact.said))
    }

    fn is_first(&mut self, what: &impl Hash) -> bool {
        let hash = self.hasher.hash_one(what) | 1;
        match self.slots.get_mut(hash as usize >> 1 & (SLOTS - 1)) {
            Some(slot) if *slot == hash => false,
            Some(slot) => {
                *slot = hash;
                true
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_history::{FactQuery, Options, ParquetHistory};
    use cordon_model::fact::Telnet;
    use cordon_model::{PacketId, Party};

    fn fact(secs: i64, text: &str) -> Fact {
        Fact {
            at: Timestamp::from_secs(secs),
            packet: PacketId::default(),
            flow: None,
            vlan: None,
            from: Party::default(),
            to: Party::default(),
            said: Said::Telnet(Box::new(Telnet::Banner(text.into()))),
        }
    }

    #[test]
    fn what_a_device_repeats_is_kept_once_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let history = ParquetHistory::open(dir.path(), Options::default()).unwrap();
        let mut recorder = Recorder::new(7);
        // The last but one is a packet of the year 2262.
        for secs in [0, 1, 2, 86_400, 86_401, 9_214_646_400, 86_403] {
            recorder.fact(&fact(secs, "login:"));
        }
        recorder.fact(&fact(86_402, "password:"));
        recorder.hand_over(&history, &Site::default());
        assert_eq!(history.facts(&FactQuery::default()).unwrap().rows.len(), 4);
    }
}
