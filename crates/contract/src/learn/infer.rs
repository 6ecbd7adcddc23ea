//! What follows from what a device did, and learning may not live to see.

use std::collections::BTreeSet;

use cordon_model::Text;

use super::End;
use super::act::Other;
use super::answers::Answers;
use super::entries::Draft;
use super::names;
use crate::document::{Carrier, Entry, Opens, Peer, Ports, Why};

/// ICMP echo request (RFC 792).
const ECHO: u16 = 8;
/// Most names of one device that it asked for and did not use yet.
const MAX_ASKED: usize = 32;

/// Entries for what a device may beside what it was seen doing.
pub(super) fn inferred(drafts: &[Draft<'_>], answers: &Answers) -> Vec<Entry> {
    asks_its_gateway(drafts).into_iter().chain(asked_for(drafts, answers)).collect()
}

/// A device that uses a gateway asks whether it is there when something fails.
fn asks_its_gateway(drafts: &[Draft<'_>]) -> Option<Entry> {
    let uses = |draft: &&Draft<'_>| {
        let ip = draft.act.servers.first().and_then(|server| server.ip);
        draft.opens == Opens::Device
            && draft.peer == Peer::Gateway
            && ip.is_some_and(|ip| ip.is_ipv4())
    };
    drafts.iter().find(uses)?;
    let ask = Entry::new(Peer::Gateway, Opens::Device, Carrier::Icmp, Some(Ports::one(ECHO)));
    Some(because(ask, "it uses its gateway, and asks whether it is there when something fails"))
}

/// A device that asks for another name of those that it talks to is about to talk to it. Nobody but
/// their owner can put a name there.
fn asked_for(drafts: &[Draft<'_>], answers: &Answers) -> Vec<Entry> {
    let mut clients: BTreeSet<End> = BTreeSet::new();
    let mut used: BTreeSet<&Text> = BTreeSet::new();
    for draft in drafts.iter().filter(|draft| draft.opens == Opens::Device) {
        clients.insert(draft.key.client);
        if let Other::Name(name) = &draft.key.other {
            used.insert(name);
        }
    }
    let owners: BTreeSet<&str> = used.iter().filter_map(|name| names::owner(name)).collect();
    let asked: BTreeSet<&Text> = clients.iter().flat_map(|client| answers.names(*client)).collect();
    let new = asked.into_iter().filter(|name| !used.contains(name));
    let entry = |name: &Text| {
        let owner = names::owner(name).filter(|owner| owners.contains(owner))?;
        let to = Peer::Name { name: name.clone() };
        let text = format!("it asked for {name}, and talks to others of {owner}");
        Some(because(Entry::new(to, Opens::Device, Carrier::Tcp, None), &text))
    };
    new.filter_map(entry).take(MAX_ASKED).collect()
}

fn because(entry: Entry, because: &str) -> Entry {
    Entry { why: vec![Why::Inferred { because: because.into() }], ..entry }
}
