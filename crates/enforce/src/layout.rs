//! The fixed part: which sets there are, what their keys are made of, and what chains are called.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ruleset::Field;

/// Most elements of one set: a site of 10,000 devices with 100 entries each. The kernel refuses
/// more, so that no mistake of ours takes its memory.
pub const SET_SIZE: u32 = 1_000_000;

/// A version of IP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Family; 2] = [Family::V4, Family::V6];

    pub(crate) const fn from(self) -> Field {
        match self {
            Family::V4 => Field::From4,
            Family::V6 => Field::From6,
        }
    }

    pub(crate) const fn to(self) -> Field {
        match self {
            Family::V4 => Field::To4,
            Family::V6 => Field::To6,
        }
    }

    const fn icmp(self) -> Field {
        match self {
            Family::V4 => Field::Type4,
            Family::V6 => Field::Type6,
        }
    }

    const fn digit(self) -> char {
        match self {
            Family::V4 => '4',
            Family::V6 => '6',
        }
    }
}

/// By what a member is known in a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Who {
    /// It sends, on a link of ours: by its link-layer address.
    Mac,
    /// It sends, from behind a router: by its address.
    From,
    /// It is sent to: by its address.
    To,
}

impl Who {
    /// All.
    pub const ALL: [Who; 3] = [Who::Mac, Who::From, Who::To];

    const fn word(self) -> &'static str {
        match self {
            Who::Mac => "mac",
            Who::From => "from",
            Who::To => "to",
        }
    }

    /// The field that knows it.
    pub(crate) const fn field(self, family: Family) -> Field {
        match self {
            Who::Mac => Field::Mac,
            Who::From => family.from(),
            Who::To => family.to(),
        }
    }

    /// The field of the other end.
    const fn peer(self, family: Family) -> Field {
        match self {
            Who::Mac | Who::From => family.to(),
            Who::To => family.from(),
        }
    }
}

/// What an allowance says beside the two ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// One address, TCP or UDP, one service port: a hash.
    Ports,
    /// Networks and ranges of ports: intervals.
    Wide,
    /// ICMP types: intervals.
    Icmp,
    /// Protocols without ports: intervals.
    Other,
    /// Anything at all: intervals.
    Any,
}

impl Class {
    /// All, the cheapest look first.
    pub const ALL: [Class; 5] = [Class::Ports, Class::Wide, Class::Icmp, Class::Other, Class::Any];

    const fn word(self) -> &'static str {
        match self {
            Class::Ports => "ports",
            Class::Wide => "wide",
            Class::Icmp => "icmp",
            Class::Other => "other",
            Class::Any => "any",
        }
    }
}

/// A set or a map. Names begin with a prefix because the language of `nft` has many words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SetName {
    /// Interfaces that are never cut.
    LifeLink,
    /// Services of this machine that are never cut.
    LifeHere,
    /// Services elsewhere that are never cut.
    LifeAt(Family),
    /// Interface, link-layer address and address of members on a link, to what their switch says.
    Bound(Family),
    /// Interface and link-layer address of members on a link, to what their switch says.
    Linked,
    /// Link-layer addresses of members on a link.
    Macs,
    /// Addresses of members on a link.
    Near(Family),
    /// Addresses of members behind a router.
    Far(Family),
    /// Addresses that are no part of the Internet.
    Local(Family),
    /// Senders by their address, where that is enough to say no: members on a link, who are known
    /// by more, and members behind a router whose switch is not at normal.
    Sender(Family),
    /// Receivers whose switch is not at normal, to the chain that says what remains.
    Receiver(Family),
    /// Members whose contract is enforced or warns, to the chain that judges.
    Stage(Who, Family),
    /// What a member may do.
    Allow(Who, Class, Family),
}

impl SetName {
    /// Every set, in the order in which they are made.
    pub fn all() -> impl Iterator<Item = SetName> {
        use Family::{V4, V6};
        let plain = [SetName::LifeLink, SetName::LifeHere, SetName::Linked, SetName::Macs];
        let of_family = Family::ALL.into_iter().flat_map(|family| {
            [
                SetName::LifeAt(family),
                SetName::Bound(family),
                SetName::Near(family),
                SetName::Far(family),
                SetName::Sender(family),
                SetName::Receiver(family),
                SetName::Local(family),
            ]
        });
        // A link-layer address has no family; its maps are called after the first.
        let members =
            [(Who::Mac, V4), (Who::From, V4), (Who::From, V6), (Who::To, V4), (Who::To, V6)]
                .into_iter()
                .map(|(who, family)| SetName::Stage(who, family));
        let allow = Who::ALL.into_iter().flat_map(|who| {
            Class::ALL.into_iter().flat_map(move |class| {
                Family::ALL.into_iter().map(move |family| SetName::Allow(who, class, family))
            })
        });
        plain.into_iter().chain(of_family).chain(members).chain(allow)
    }

    /// The set with this name in the kernel.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        SetName::all().find(|set| set.to_string() == name)
    }

    /// What a key is made of.
    #[must_use]
    pub fn fields(self) -> Vec<Field> {
        match self {
            SetName::LifeLink => vec![Field::InLink],
            SetName::LifeHere => vec![Field::Proto, Field::ToPort],
            SetName::LifeAt(family) => vec![family.to(), Field::Proto, Field::ToPort],
            SetName::Bound(family) => vec![Field::InLink, Field::Mac, family.from()],
            SetName::Linked => vec![Field::InLink, Field::Mac],
            SetName::Macs => vec![Field::Mac],
            SetName::Near(family) | SetName::Far(family) | SetName::Sender(family) => {
                vec![family.from()]
            }
            SetName::Local(family) | SetName::Receiver(family) => vec![family.to()],
            SetName::Stage(who, family) => vec![who.field(family)],
            SetName::Allow(who, class, family) => {
                let mut fields = vec![who.field(family), who.peer(family)];
                match class {
                    Class::Ports => fields.extend([Field::Proto, Field::ToPort]),
                    Class::Wide => fields.extend([Field::Proto, Field::FromPort, Field::ToPort]),
                    Class::Icmp => fields.push(family.icmp()),
                    Class::Other => fields.push(Field::Proto),
                    Class::Any => {}
                }
                fields
            }
        }
    }

    /// Whether it is a map to chains.
    #[must_use]
    pub const fn is_map(self) -> bool {
        matches!(
            self,
            SetName::Bound(_)
                | SetName::Linked
                | SetName::Sender(_)
                | SetName::Receiver(_)
                | SetName::Stage(..)
        )
    }

    /// Whether elements may be intervals.
    #[must_use]
    pub const fn has_intervals(self) -> bool {
        match self {
            SetName::Local(_) => true,
            SetName::Allow(_, class, _) => !matches!(class, Class::Ports),
            _ => false,
        }
    }

    /// Whether elements may end by themselves. Few do, but a hash without this flag takes its memory
    /// for [`SET_SIZE`] elements at once, 16 MB, and one with it grows with what is in it.
    #[must_use]
    pub const fn has_ends(self) -> bool {
        !matches!(self, SetName::Local(_))
    }
}

impl fmt::Display for SetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetName::LifeLink => f.write_str("cd_life_link"),
            SetName::LifeHere => f.write_str("cd_life_here"),
            SetName::LifeAt(family) => write!(f, "cd_life_at{}", family.digit()),
            SetName::Bound(family) => write!(f, "cd_bound{}", family.digit()),
            SetName::Linked => f.write_str("cd_linked"),
            SetName::Macs => f.write_str("cd_macs"),
            SetName::Near(family) => write!(f, "cd_near{}", family.digit()),
            SetName::Far(family) => write!(f, "cd_far{}", family.digit()),
            SetName::Local(family) => write!(f, "cd_local{}", family.digit()),
            SetName::Sender(family) => write!(f, "cd_sender{}", family.digit()),
            SetName::Receiver(family) => write!(f, "cd_receiver{}", family.digit()),
            SetName::Stage(Who::Mac, _) => f.write_str("cd_stage_mac"),
            SetName::Stage(who, family) => write!(f, "cd_stage_{}{}", who.word(), family.digit()),
            SetName::Allow(who, class, family) => {
                write!(f, "cd_{}_{}{}", who.word(), class.word(), family.digit())
            }
        }
    }
}

/// A chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ChainName {
    /// What is forwarded.
    Forward,
    /// What is for this machine.
    Input,
    /// What this machine sends.
    Output,
    /// Whether the source is who it says.
    Spoof,
    /// The same, for who sends from a member's link-layer address.
    SpoofLinked,
    /// What a link needs to work at all.
    Housekeeping,
    /// Only local addresses, by the sender.
    LocalFrom,
    /// Only local addresses, by the receiver.
    LocalTo,
    /// Only the Internet, by the sender.
    InternetFrom,
    /// Only the Internet, by the receiver.
    InternetTo,
    /// The contract, enforced.
    Enforce(Who),
    /// The contract, outside of which is logged.
    Warn(Who),
    /// Logged and dropped: misused address.
    DropSpoofed,
    /// Logged and dropped: the sender's switch.
    DropSwitchedFrom,
    /// Logged and dropped: the receiver's switch.
    DropSwitchedTo,
    /// Logged and dropped: outside the sender's contract.
    DropOutsideFrom,
    /// Logged and dropped: outside the receiver's contract.
    DropOutsideTo,
}

impl ChainName {
    /// Every chain.
    pub const ALL: [ChainName; 21] = [
        ChainName::Forward,
        ChainName::Input,
        ChainName::Output,
        ChainName::Spoof,
        ChainName::SpoofLinked,
        ChainName::Housekeeping,
        ChainName::LocalFrom,
        ChainName::LocalTo,
        ChainName::InternetFrom,
        ChainName::InternetTo,
        ChainName::Enforce(Who::Mac),
        ChainName::Enforce(Who::From),
        ChainName::Enforce(Who::To),
        ChainName::Warn(Who::Mac),
        ChainName::Warn(Who::From),
        ChainName::Warn(Who::To),
        ChainName::DropSpoofed,
        ChainName::DropSwitchedFrom,
        ChainName::DropSwitchedTo,
        ChainName::DropOutsideFrom,
        ChainName::DropOutsideTo,
    ];

    /// What the kernel calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChainName::Forward => "cd_forward",
            ChainName::Input => "cd_input",
            ChainName::Output => "cd_output",
            ChainName::Spoof => "cd_spoof",
            ChainName::SpoofLinked => "cd_spoof_linked",
            ChainName::Housekeeping => "cd_housekeeping",
            ChainName::LocalFrom => "cd_local_from",
            ChainName::LocalTo => "cd_local_to",
            ChainName::InternetFrom => "cd_internet_from",
            ChainName::InternetTo => "cd_internet_to",
            ChainName::Enforce(Who::Mac) => "cd_enforce_mac",
            ChainName::Enforce(Who::From) => "cd_enforce_from",
            ChainName::Enforce(Who::To) => "cd_enforce_to",
            ChainName::Warn(Who::Mac) => "cd_warn_mac",
            ChainName::Warn(Who::From) => "cd_warn_from",
            ChainName::Warn(Who::To) => "cd_warn_to",
            ChainName::DropSpoofed => "cd_drop_spoofed",
            ChainName::DropSwitchedFrom => "cd_drop_switched_from",
            ChainName::DropSwitchedTo => "cd_drop_switched_to",
            ChainName::DropOutsideFrom => "cd_drop_outside_from",
            ChainName::DropOutsideTo => "cd_drop_outside_to",
        }
    }

    /// The chain with this name in the kernel.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        ChainName::ALL.into_iter().find(|chain| chain.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_set_and_chain_has_a_name_of_its_own_that_reads_back() {
        let sets: Vec<_> = SetName::all().collect();
        let names: BTreeSet<_> = sets.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), sets.len());
        assert!(sets.iter().all(|set| SetName::parse(&set.to_string()) == Some(*set)));
        let chains: BTreeSet<_> = ChainName::ALL.iter().map(|chain| chain.name()).collect();
        assert_eq!(chains.len(), ChainName::ALL.len());
        // `nft` takes names of up to 31 bytes for sets everywhere.
        assert!(names.iter().all(|name| name.len() < 32));
    }
}
