//! Weaknesses: the table of their kinds, and one weakness of one device with its evidence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DeviceId, PacketId, Text, Timestamp};

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Fix when there is time.
    Low,
    /// Fix in the next round.
    Medium,
    /// Fix this week.
    High,
    /// Fix today.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Severity; 5] =
        [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! finding_kinds {
    ($($variant:ident $name:literal $severity:ident $title:literal $why:literal $fix:literal,)*) => {
        /// The kinds of weakness that cordon knows.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum FindingKind { $(#[doc = $title] $variant,)* }

        impl FindingKind {
            /// Every kind, in table order.
            pub const ALL: &'static [FindingKind] = &[$(FindingKind::$variant,)*];

            /// The name used in JSON, filters and documentation; lower-case with hyphens.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(FindingKind::$variant => $name,)* }
            }

            /// How much it matters on an ordinary device.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(FindingKind::$variant => Severity::$severity,)* }
            }

            /// What it is, in one line.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(FindingKind::$variant => $title,)* }
            }

            /// Why it matters, in one sentence.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(FindingKind::$variant => $why,)* }
            }

            /// How to mend it, in one or two sentences.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(FindingKind::$variant => $fix,)* }
            }
        }
    };
}

include!("finding_kinds.rs");

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for FindingKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for FindingKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        FindingKind::ALL
            .iter()
            .find(|kind| kind.name() == name)
            .copied()
            .ok_or_else(|| serde::de::Error::custom(format!("unknown finding kind {name:?}")))
    }
}

/// The packet that shows a weakness.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it lies.
    pub packet: PacketId,
    /// When it was captured.
    #[serde(default)]
    pub at: Timestamp,
    /// What it shows, in plain words and without secrets.
    pub detail: Text,
}

/// One weakness of one device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Which kind.
    pub kind: FindingKind,
    /// How much it matters on this device.
    pub severity: Severity,
    /// Whose weakness it is; none where it belongs to the network as a whole.
    pub device: Option<DeviceId>,
    /// What was found, naming the thing: `Telnet password in clear text`.
    pub title: Text,
    /// Why it matters here.
    pub why: Text,
    /// How to mend it.
    pub fix: Text,
    /// The first packets that show it, at most a handful.
    pub evidence: Vec<Evidence>,
    /// How often it was seen.
    pub count: u64,
    /// When it was first seen.
    #[serde(default)]
    pub first: Timestamp,
    /// When it was last seen.
    #[serde(default)]
    pub last: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_why_and_how_to_mend_it() {
        for kind in FindingKind::ALL {
            assert!(!kind.title().is_empty() && !kind.title().ends_with('.'), "{kind}");
            assert!(kind.why().ends_with('.') && kind.fix().ends_with('.'), "{kind}");
            assert!(
                kind.name()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit()),
                "{kind}"
            );
        }
    }
}
