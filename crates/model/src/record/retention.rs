//! How long each class of data is kept: one table for the job, the console and the documentation.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

const DAY: u64 = 24 * 60 * 60;

/// How long something is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Removed this long after it last mattered.
    For(Duration),
    /// Never removed.
    Forever,
    /// Never written down in the first place.
    Never,
}

impl Keep {
    const fn days(days: u64) -> Self {
        Keep::For(Duration::from_secs(days * DAY))
    }

    /// The time it is kept, where there is one.
    #[must_use]
    pub const fn duration(self) -> Option<Duration> {
        match self {
            Keep::For(time) => Some(time),
            Keep::Forever | Keep::Never => None,
        }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::For(time) => match time.as_secs() / DAY {
                1 => f.write_str("1 day"),
                days => write!(f, "{days} days"),
            },
            Keep::Forever => f.write_str("for good"),
            Keep::Never => f.write_str("never kept"),
        }
    }
}

macro_rules! data_classes {
    ($($variant:ident $name:literal $title:literal $keep:expr, $place:literal, $why:literal;)*) => {
        /// A class of data with one time to be kept.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum DataClass { $(#[doc = $title] $variant,)* }

        impl DataClass {
            /// Every class, in table order.
            pub const ALL: &'static [DataClass] = &[$(DataClass::$variant,)*];

            /// The name used in configuration and the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(DataClass::$variant => $name,)* }
            }

            /// What it is, in plain words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(DataClass::$variant => $title,)* }
            }

            /// How long it is kept unless the configuration says otherwise.
            #[must_use]
            pub const fn keep(self) -> Keep {
                match self { $(DataClass::$variant => $keep,)* }
            }

            /// Where it lies.
            #[must_use]
            pub const fn place(self) -> &'static str {
                match self { $(DataClass::$variant => $place,)* }
            }

            /// Why this long, in one sentence.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(DataClass::$variant => $why,)* }
            }
        }
    };
}

data_classes! {
    Flows "flows" "Who talked to whom" Keep::days(30), "history",
        "Long enough to look back at an incident that is noticed late, short enough for one disk.";
    Facts "facts" "What packets said about devices" Keep::days(30), "history",
        "They are the evidence behind names and findings, which are kept longer.";
    DeviceHistory "device-history" "What happened to devices, and changes that can be taken back"
        Keep::days(365), "database",
        "Devices come back after a season; a year shows each of them once.";
    Sessions "sessions" "Sign-ins that ended" Keep::days(30), "database",
        "People ask soon, or never, where they were signed in.";
    Invites "invites" "Invitations past their time" Keep::days(1), "database",
        "They open nothing any more; the ledger says who was invited.";
    Tokens "tokens" "API tokens past their time" Keep::days(30), "database",
        "Whoever wonders why a program stopped working finds its token's end here.";
    Approvals "approvals" "Requests that were decided or ran out" Keep::days(365), "database",
        "Reviews of who approved what are made once a year; the ledger keeps the decision.";
    ClosedFindings "closed-findings" "Weaknesses that are no longer seen" Keep::days(365), "database",
        "A weakness that comes back within a year should be recognised.";
    Ledger "ledger" "What was done and by whom" Keep::Forever, "database",
        "A log from which something can be removed proves nothing.";
    Secrets "secrets" "Passwords and keys seen in traffic" Keep::Never, "nowhere",
        "Whoever reads the records must not learn them; only a keyed hash tells equal ones.";
}

impl DataClass {
    /// The class of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<DataClass> {
        DataClass::ALL.iter().find(|class| class.name() == name).copied()
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for DataClass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DataClass {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        DataClass::named(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown data class {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_stays_and_secrets_are_never_kept() {
        assert_eq!(DataClass::Ledger.keep(), Keep::Forever);
        assert_eq!(DataClass::Secrets.keep(), Keep::Never);
        assert_eq!(DataClass::Flows.keep().to_string(), "30 days");
        assert_eq!(DataClass::Invites.keep().to_string(), "1 day");
    }

    #[test]
    fn names_are_unique_and_come_back() {
        for class in DataClass::ALL {
            let same = DataClass::ALL.iter().filter(|other| other.name() == class.name()).count();
            assert_eq!(same, 1, "{class}");
            assert_eq!(DataClass::named(class.name()), Some(*class));
        }
    }
}
