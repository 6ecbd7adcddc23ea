//! What the log says before each copy of a packet. The packet itself says which member it is about:
//! a prefix for each would need a chain for each.

use cordon_contract::{Refusal, Side};

/// Why a packet was logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Logged {
    /// Whose contract or switch, or whose address.
    pub side: Side,
    /// Why.
    pub why: Refusal,
    /// Whether it was dropped; otherwise it passed with a warning.
    pub dropped: bool,
}

/// Every prefix.
const PREFIXES: [(&str, Logged); 7] = [
    ("cordon drop from spoofed", logged(Side::Source, Refusal::Spoofed, true)),
    ("cordon drop from switched", logged(Side::Source, Refusal::Switched, true)),
    ("cordon drop to switched", logged(Side::Destination, Refusal::Switched, true)),
    ("cordon drop from outside", logged(Side::Source, Refusal::Outside, true)),
    ("cordon drop to outside", logged(Side::Destination, Refusal::Outside, true)),
    ("cordon warn from outside", logged(Side::Source, Refusal::Outside, false)),
    ("cordon warn to outside", logged(Side::Destination, Refusal::Outside, false)),
];

const fn logged(side: Side, why: Refusal, dropped: bool) -> Logged {
    Logged { side, why, dropped }
}

impl Logged {
    /// What a prefix in the log means; none if it is not ours.
    #[must_use]
    pub fn parse(prefix: &str) -> Option<Self> {
        let ours = PREFIXES.iter().find(|(text, _)| *text == prefix.trim_end());
        ours.map(|(_, logged)| *logged)
    }

    /// The prefix; every one that a rule can want is in the table.
    pub(crate) fn prefix(self) -> &'static str {
        PREFIXES.iter().find(|(_, logged)| *logged == self).map_or("cordon", |(text, _)| text)
    }
}
