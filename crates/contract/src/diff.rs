//! What differs between two contracts: which entries came, went and changed, and who the device
//! is expected to be.
//!
//! ```
//! use cordon_contract::{Contract, Entry, Opens, Peer, Ports, diff::Difference};
//! use cordon_model::{DeviceId, Timestamp};
//!
//! let cloud = Peer::Name { name: "cloud.example".into() };
//! let before = Contract::new(DeviceId("mac-001788000001".into()), "camera-3", Timestamp::from_secs(0));
//! let mut after = before.clone();
//! after.allow(Entry::new(cloud, Opens::Device, "tcp".parse()?, [Ports::one(443)]));
//! let difference = Difference::between(Some(&before), Some(&after));
//! assert_eq!((difference.came.len(), difference.went.len()), (1, 0));
//! # Ok::<(), cordon_contract::TextError>(())
//! ```

use std::collections::HashMap;

use cordon_model::App;

use crate::document::{Carrier, Contract, Entry, EntryId, Expected, Opens, Peer};
use crate::words;

/// What differs between two contracts. How often something was seen since is no difference.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Difference<'a> {
    /// Allowed by the later one alone.
    pub came: Vec<&'a Entry>,
    /// Allowed by the earlier one alone.
    pub went: Vec<&'a Entry>,
    /// The same conversation within other limits, ports or words: before and after.
    pub changed: Vec<(&'a Entry, &'a Entry)>,
    /// Who the device is expected to be, in words: one line for each thing that differs.
    pub identity: Vec<String>,
}

/// The conversation that an entry is about, whatever its limits.
type About = (Peer, Opens, Carrier, Option<App>);

impl<'a> Difference<'a> {
    /// Compares two contracts; none stands for nothing in force.
    #[must_use]
    pub fn between(before: Option<&'a Contract>, after: Option<&'a Contract>) -> Self {
        let (old, new) = (by_id(before), by_id(after));
        let mut difference = Difference::default();
        for entry in entries(after) {
            match old.get(&entry.id()) {
                None => difference.came.push(entry),
                Some(held) if held.bounds != entry.bounds || held.valid != entry.valid => {
                    difference.changed.push((held, entry));
                }
                Some(_) => {}
            }
        }
        difference.went = entries(before).filter(|entry| !new.contains_key(&entry.id())).collect();
        difference.pair();
        let nobody = Expected::default();
        difference.identity = identity(
            before.map_or(&nobody, |contract| &contract.expected),
            after.map_or(&nobody, |contract| &contract.expected),
        );
        difference
    }

    /// Whether both say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Difference::default()
    }

    /// In one sentence: `2 entries came, one went`.
    #[must_use]
    pub fn says(&self) -> String {
        let count = |count: usize, did: &str| match count {
            0 => None,
            1 => Some(format!("one entry {did}")),
            count => Some(format!("{count} entries {did}")),
        };
        let mut parts: Vec<String> = [
            count(self.came.len(), "came"),
            count(self.went.len(), "went"),
            count(self.changed.len(), "changed"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.identity.is_empty() {
            parts.push("other things are expected of the device itself".to_owned());
        }
        match parts.is_empty() {
            true => "both say the same".to_owned(),
            false => parts.join(", "),
        }
    }

    /// One that went and one that came, about the same conversation, are one that changed. Where
    /// there are several nobody can tell which became which.
    fn pair(&mut self) {
        let mut about: HashMap<About, (usize, usize)> = HashMap::new();
        for entry in &self.went {
            about.entry(conversation(entry)).or_default().0 += 1;
        }
        for entry in &self.came {
            about.entry(conversation(entry)).or_default().1 += 1;
        }
        let single = |entry: &Entry| about.get(&conversation(entry)) == Some(&(1, 1));
        let went: HashMap<About, &'a Entry> = self
            .went
            .iter()
            .filter(|entry| single(entry))
            .map(|entry| (conversation(entry), *entry))
            .collect();
        for entry in &self.came {
            if let Some(before) = went.get(&conversation(entry)) {
                self.changed.push((before, entry));
            }
        }
        self.went.retain(|entry| !single(entry));
        self.came.retain(|entry| !single(entry));
    }
}

/// How a changed entry differs, in words: `port 443 became port 8443`.
#[must_use]
pub fn how(before: &Entry, after: &Entry) -> String {
    let (old, new) = (words::line(before).exactly, words::line(after).exactly);
    match old == new {
        // What is said of both is the same where only a long list differs.
        true => "what may be said in it is another list".to_owned(),
        false => format!("{old} became {new}"),
    }
}

fn conversation(entry: &Entry) -> About {
    let mut peer = entry.peer.clone();
    // A device that was given another name is the same device.
    if let Peer::Device { name, .. } = &mut peer {
        *name = "".into();
    }
    (peer, entry.opens, entry.transport, entry.app)
}

fn entries(contract: Option<&Contract>) -> impl Iterator<Item = &Entry> {
    contract.into_iter().flat_map(|contract| &contract.entries)
}

fn by_id(contract: Option<&Contract>) -> HashMap<EntryId, &Entry> {
    entries(contract).map(|entry| (entry.id(), entry)).collect()
}

/// Who the device is expected to be, before and after.
fn identity(before: &Expected, after: &Expected) -> Vec<String> {
    let (old, new) = (told(before), told(after));
    old.iter()
        .zip(&new)
        .filter(|((_, old), (_, new))| old != new)
        .map(|((what, old), (_, new))| match (old.as_str(), new.as_str()) {
            ("", new) => format!("{what}: {new}; nothing was expected before"),
            (old, "") => format!("{what}: nothing is expected any more; it was {old}"),
            (old, new) => format!("{what}: {new}; it was {old}"),
        })
        .collect()
}

/// Every expectation with its name; an empty text for none.
fn told(expected: &Expected) -> [(&'static str, String); 11] {
    // Named one by one, so that an expectation that is added is compared, too.
    let Expected {
        macs,
        certificate,
        kind,
        vendor,
        model,
        firmware,
        owner,
        zone,
        criticality,
        support_end,
        mud_url,
    } = expected;
    let text = |text: &Option<cordon_model::Text>| text.as_deref().unwrap_or_default().to_owned();
    let macs: Vec<String> = macs.iter().map(ToString::to_string).collect();
    [
        ("link-layer addresses", macs.join(", ")),
        ("certificate", text(certificate)),
        ("type", kind.map(|kind| kind.title().to_owned()).unwrap_or_default()),
        ("vendor", text(vendor)),
        ("model", text(model)),
        ("firmware", text(firmware)),
        ("who answers for it", text(owner)),
        ("zone", text(zone)),
        ("how much depends on it", criticality_says(*criticality).to_owned()),
        ("supported until", support_end.map(words::date).unwrap_or_default()),
        ("MUD file", text(mud_url)),
    ]
}

const fn criticality_says(criticality: cordon_model::record::Criticality) -> &'static str {
    use cordon_model::record::Criticality;
    match criticality {
        Criticality::Normal => "normal",
        Criticality::Process => "process",
        Criticality::LifeSafety => "life-safety",
    }
}

#[cfg(test)]
mod tests {
    use cordon_model::{DeviceId, Timestamp};

    use super::*;
    use crate::document::{Bounds, Ports};

    fn contract(entries: Vec<Entry>) -> Contract {
        let mut contract = Contract::new(DeviceId("d".into()), "camera-3", Timestamp::from_secs(0));
        contract.entries = entries;
        contract
    }

    fn entry(name: &str, port: u16) -> Entry {
        let peer = Peer::Name { name: name.into() };
        Entry::new(peer, Opens::Device, Carrier::Tcp, [Ports::one(port)])
    }

    #[test]
    fn what_came_and_what_went_are_told_apart() {
        let before = contract(vec![entry("a.example", 443), entry("b.example", 443)]);
        let after = contract(vec![entry("b.example", 443), entry("c.example", 443)]);
        let difference = Difference::between(Some(&before), Some(&after));
        assert_eq!(difference.came, [&entry("c.example", 443)]);
        assert_eq!(difference.went, [&entry("a.example", 443)]);
        assert!(difference.changed.is_empty());
        assert_eq!(difference.says(), "one entry came, one entry went");
    }

    #[test]
    fn another_port_of_the_same_conversation_is_a_change() {
        let before = contract(vec![entry("a.example", 443)]);
        let after = contract(vec![entry("a.example", 8443)]);
        let difference = Difference::between(Some(&before), Some(&after));
        assert!(difference.came.is_empty() && difference.went.is_empty());
        let (old, new) = difference.changed[0];
        assert_eq!(how(old, new), "TCP port 443 became TCP port 8443");
    }

    #[test]
    fn where_several_changed_nothing_is_paired_by_chance() {
        let before = contract(vec![entry("a.example", 443), entry("a.example", 80)]);
        let after = contract(vec![entry("a.example", 8443), entry("a.example", 8080)]);
        let difference = Difference::between(Some(&before), Some(&after));
        assert_eq!((difference.came.len(), difference.went.len()), (2, 2));
    }

    #[test]
    fn a_bound_that_moved_is_a_change_though_the_id_stays() {
        let before = contract(vec![entry("a.example", 443)]);
        let mut after = before.clone();
        after.entries[0].bounds = Bounds { flows_per_minute: Some(3), ..Bounds::default() };
        let difference = Difference::between(Some(&before), Some(&after));
        let (old, new) = difference.changed[0];
        assert!(how(old, new).ends_with("at most 3 conversations a minute"));
    }

    #[test]
    fn more_sightings_are_no_difference() {
        let before = contract(vec![entry("a.example", 443)]);
        let mut after = before.clone();
        let seen = crate::Why::seen(Timestamp::from_secs(9), cordon_model::PacketId::default());
        after.entries[0].why.push(seen);
        assert!(Difference::between(Some(&before), Some(&after)).is_empty());
    }

    #[test]
    fn who_the_device_is_expected_to_be_is_compared_too() {
        let before = contract(Vec::new());
        let mut after = before.clone();
        after.expected.firmware = Some("2.0".into());
        let now = Difference::between(Some(&before), Some(&after));
        assert_eq!(now.identity, ["firmware: 2.0; nothing was expected before"]);
        let back = Difference::between(Some(&after), Some(&before));
        assert_eq!(back.identity, ["firmware: nothing is expected any more; it was 2.0"]);
    }

    #[test]
    fn nothing_in_force_is_a_contract_without_entries() {
        let after = contract(vec![entry("a.example", 443)]);
        assert_eq!(Difference::between(None, Some(&after)).came.len(), 1);
        assert_eq!(Difference::between(Some(&after), None).went.len(), 1);
        assert!(Difference::between(None, None).is_empty());
    }
}
