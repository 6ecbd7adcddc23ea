//! Which names addresses have, for each device by the answers that it received itself.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use cordon_model::fact::{DnsKind, DnsValue};
use cordon_model::{Fact, Said, Text};

use super::{End, lower};

/// Most addresses with a name that are kept of a device.
const MAX_NAMES: usize = 4_096;
/// Most names that are kept of a device.
const MAX_ASKED: usize = 512;
/// Most devices that are remembered.
const MAX_ASKERS: usize = 20_000;

/// Names by device and address.
#[derive(Default)]
pub(crate) struct Answers {
    held: HashMap<End, HashMap<IpAddr, Text>>,
    /// Names with an address on the Internet. An address has one name, the last; a service behind
    /// an alias is asked for by both.
    asked: HashMap<End, BTreeSet<Text>>,
}

impl Answers {
    /// Takes in an answer of a name server. The name is the one that was asked for: the aliases on
    /// the way to the address are the content network's affair.
    pub fn fact(&mut self, fact: &Fact) {
        let Said::Dns(dns) = &fact.said else { return };
        if dns.kind != DnsKind::Dns || !dns.response {
            return;
        }
        let Some(question) = dns.questions.first() else { return };
        let asker = End::of(&fact.to);
        if self.held.len() >= MAX_ASKERS && !self.held.contains_key(&asker) {
            return;
        }
        let name = lower(&question.name);
        if name.is_empty() {
            return;
        }
        let names = self.held.entry(asker).or_default();
        for record in &dns.records {
            if let DnsValue::Address(ip) = record.value
                && (names.len() < MAX_NAMES || names.contains_key(&ip))
            {
                names.insert(ip, name.clone());
                let asked = self.asked.entry(asker).or_default();
                if cordon_model::is_public(ip) && asked.len() < MAX_ASKED {
                    asked.insert(name.clone());
                }
            }
        }
    }

    /// Every name for which a device was told an address on the Internet.
    pub fn names(&self, asker: End) -> impl Iterator<Item = &Text> {
        self.asked.get(&asker).into_iter().flatten()
    }

    /// The name for which a device was last told an address.
    pub fn name(&self, asker: End, ip: IpAddr) -> Option<Text> {
        self.held.get(&asker)?.get(&ip).cloned()
    }
}
