//! What is wrong with a file, or was left out of it.

use std::fmt;

use cordon_model::Text;

use crate::limits::{CACHE_HOURS, MAX_TEXT};

/// Something that a person should know about a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// Where in the file.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// Where in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Place {
    /// In which list.
    pub acl: Option<Text>,
    /// In which of its entries.
    pub ace: Option<Text>,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Written as drafts before the RFC had it: what stands there, and what it should be.
    OldSpelling(&'static str, &'static str),
    /// A leaf that must be there is not.
    Missing(&'static str),
    /// The URL is not https, so that anybody on the way could have changed the file.
    NotHttps(Text),
    /// Hours outside of what RFC 8520 allows.
    CacheValidity(u64),
    /// A leaf whose value is not what it should be; it is left out.
    BadValue(Text, &'static str),
    /// A leaf that RFC 8520 does not know; it is left out.
    UnknownLeaf(Text),
    /// An extension that is not understood.
    UnknownExtension(Text),
    /// A policy names no list.
    NoPolicy(&'static str),
    /// A policy names a list that is not there.
    AclMissing(Text),
    /// A list that no policy names.
    AclUnused,
    /// A second list of the same name; left out.
    AclTwice,
    /// A second entry of the same name.
    AceTwice,
    /// A list without a type.
    AclUntyped,
    /// A list of an unknown type; left out.
    AclType(Text),
    /// More of something than is read; the rest is left out.
    TooMany(&'static str, usize),
    /// More warnings than are kept.
    MoreWarnings(usize),
    /// An ethertype that is the length of an 802.3 frame.
    LengthForEthertype(u16),
    /// `direction-initiated` beside UDP, where RFC 8520 does not have it; it is honoured.
    DirectionWithoutTcp,
    /// The entry denies; only what is allowed belongs into a MUD file.
    Deny,
    /// Refused: a condition that is not understood.
    UnknownMatch(Text),
    /// Refused: an action that is not understood.
    UnknownAction(Text),
    /// Refused: something beside matches and actions that is not understood.
    UnknownPart(Text),
    /// Refused: a condition whose value is not what it should be.
    BadMatch(Text, &'static str),
    /// Refused: conditions that no packet fulfils.
    Contradiction(&'static str),
}

impl Problem {
    /// Whether the entry is refused for it: nothing is allowed because of that entry.
    #[must_use]
    pub const fn refuses(&self) -> bool {
        matches!(
            self,
            Problem::UnknownMatch(_)
                | Problem::UnknownAction(_)
                | Problem::UnknownPart(_)
                | Problem::BadMatch(..)
                | Problem::Contradiction(_)
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(acl) = &self.acl {
            write!(f, "list {acl:?}: ")?;
        }
        if let Some(ace) = &self.ace {
            write!(f, "entry {ace:?}: ")?;
        }
        Ok(())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refuses() {
            f.write_str("refused: ")?;
        }
        match self {
            Problem::OldSpelling(old, new) => {
                write!(f, "{old} is the spelling of a draft; RFC 8520 has {new}")
            }
            Problem::Missing(leaf) => write!(f, "{leaf} is missing"),
            Problem::NotHttps(url) => write!(
                f,
                "mud-url {url:?} is not https: anybody on the way could have changed the file"
            ),
            Problem::CacheValidity(hours) => write!(
                f,
                "cache-validity is {hours} hours; it must be {} to {}, and is taken as the nearest",
                CACHE_HOURS.start(),
                CACHE_HOURS.end()
            ),
            Problem::BadValue(leaf, wanted) => write!(f, "{leaf} is not {wanted}; left out"),
            Problem::UnknownLeaf(leaf) => write!(f, "{leaf} is not known; left out"),
            Problem::UnknownExtension(name) => write!(f, "extension {name:?} is not understood"),
            Problem::NoPolicy(which) => {
                let what = if *which == "to-device-policy" {
                    "nothing may reach the device"
                } else {
                    "the device may send nothing"
                };
                write!(f, "{which} names no access list: {what}")
            }
            Problem::AclMissing(name) => {
                write!(f, "a policy names the access list {name:?}, which the file does not have")
            }
            Problem::AclUnused => f.write_str("no policy names this list; it allows nothing"),
            Problem::AclTwice => f.write_str("a second list of this name; left out"),
            Problem::AceTwice => f.write_str("a second entry of this name"),
            Problem::AclUntyped => {
                f.write_str("the list has no type; its entries say what they are about")
            }
            Problem::AclType(kind) => write!(f, "the list type {kind:?} is not known; left out"),
            Problem::TooMany(what, most) => {
                write!(f, "more than {most} {what}; the rest is left out")
            }
            Problem::MoreWarnings(count) => write!(f, "{count} more warnings"),
            Problem::LengthForEthertype(value) => write!(
                f,
                "ethertype 0x{value:04x} is the length of an 802.3 frame and no protocol; write what the frame carries"
            ),
            Problem::DirectionWithoutTcp => {
                f.write_str("direction-initiated is for TCP; taken at its word all the same")
            }
            Problem::Deny => {
                f.write_str("the entry denies; in a MUD file what is not allowed is denied already")
            }
            Problem::UnknownMatch(what) => write!(
                f,
                "the condition {what} is not understood; without it the entry would allow more"
            ),
            Problem::UnknownAction(what) => write!(f, "the action {what} is not understood"),
            Problem::UnknownPart(what) => write!(f, "{what} is not understood"),
            Problem::BadMatch(what, wanted) => write!(f, "{what} is not {wanted}"),
            Problem::Contradiction(why) => write!(f, "no packet is like that: {why}"),
        }
    }
}

/// Text from the file, short enough to be shown.
pub(crate) fn shown(text: &str) -> Text {
    const MOST: usize = if MAX_TEXT < 80 { MAX_TEXT } else { 80 };
    if text.len() <= MOST {
        return text.into();
    }
    let mut shown: Text = text.chars().take(MOST - 1).collect();
    shown.push('…');
    shown
}
