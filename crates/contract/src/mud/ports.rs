//! Sets of ports.

use cordon_mud::PortMatch;

use crate::document::Ports;

/// Ports as ranges in order that do not touch. Empty for none at all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PortSet(Vec<Ports>);

impl PortSet {
    pub fn all() -> Self {
        PortSet(vec![Ports::ALL])
    }

    pub fn of(matched: Option<PortMatch>) -> Self {
        let Some(matched) = matched else { return PortSet::all() };
        PortSet(matched.ranges().map(|(first, last)| Ports::range(first, last)).collect())
    }

    pub fn is_all(&self) -> bool {
        self.0 == [Ports::ALL]
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|ports| ports.contains(port))
    }

    /// The ports of both.
    pub fn and(&self, other: &PortSet) -> PortSet {
        let mut both = Vec::new();
        for a in &self.0 {
            for b in &other.0 {
                let (first, last) = (a.first().max(b.first()), a.last().min(b.last()));
                if first <= last {
                    both.push(Ports::range(first, last));
                }
            }
        }
        PortSet(both)
    }

    /// As entries have it: empty for any.
    pub fn into_entry(self) -> Vec<Ports> {
        if self.is_all() { Vec::new() } else { self.0 }
    }
}

impl From<Ports> for PortSet {
    fn from(ports: Ports) -> Self {
        PortSet(vec![ports])
    }
}

/// As a file has it; none for any.
pub(super) fn as_match(ports: Ports) -> Option<PortMatch> {
    match (ports.first(), ports.last()) {
        (0, u16::MAX) => None,
        (first, last) if first == last => Some(PortMatch::Eq(first)),
        (first, last) => Some(PortMatch::Range(first, last)),
    }
}
