//! What can be wrong with a ledger, in words that name the first record concerned.

use std::fmt;

/// Where a checkpoint was kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum List {
    /// Beside the records.
    Database,
    /// In the append-only file outside the database.
    File,
    /// Somebody kept it elsewhere.
    Saved,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            List::Database => "database",
            List::File => "checkpoint file",
            List::Saved => "saved checkpoint",
        })
    }
}

/// What was done to a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Its bytes are others.
    Changed,
    /// It is gone, and later ones are there.
    Removed,
    /// It was put in.
    Inserted,
    /// It stands where another belongs, and the other comes later.
    Reordered,
    /// Its bytes are right and the hash beside it is not.
    HashChanged,
    /// Records and hashes fit each other and give another root than the signed one: from here on
    /// history was written anew.
    Rewritten,
}

/// The records among which the first wrong one is, both ends included; counted from 0.
///
/// Checkpoints bound it: with one for each record it is always one record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// Not before this one.
    pub first: u64,
    /// Not after this one.
    pub last: u64,
}

impl Span {
    /// Exactly this record.
    #[must_use]
    pub const fn one(index: u64) -> Self {
        Span { first: index, last: index }
    }

    /// Whether it names one record.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        self.first == self.last
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_exact() {
            write!(f, "record {}", self.first)
        } else {
            write!(f, "one of the records {} to {}", self.first, self.last)
        }
    }
}

/// The first thing that is wrong with a ledger.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// A record is not what was signed.
    #[error("{}; records before {proven} are as signed", record(*kind, *span))]
    Record {
        /// What was done.
        kind: Kind,
        /// To which record; for removed ones, all of them.
        span: Span,
        /// So many records from the beginning are proven by a checkpoint.
        proven: u64,
    },
    /// Records are missing at the end.
    #[error(
        "the ledger was cut off: record {there} and what follows is missing; the {list} covers {covered} records"
    )]
    Cut {
        /// So many records are there; the number is also the first one missing.
        there: u64,
        /// So many there were.
        covered: u64,
        /// Who says so.
        list: List,
    },
    /// Records at the end that no checkpoint covers.
    #[error("record {first} and what follows was added without a signature ({count} records)")]
    Unsigned {
        /// The first of them.
        first: u64,
        /// How many.
        count: u64,
    },
    /// Two signed checkpoints that cannot both be true: an old state was put back and went on.
    #[error(
        "the ledger was forked: signed checkpoints contradict each other about the first {size} records, in the {} and in the {}",
        lists.0, lists.1
    )]
    Fork {
        /// The records that they contradict each other about.
        size: u64,
        /// Where they are.
        lists: (List, List),
    },
    /// A checkpoint that the key did not sign.
    #[error("checkpoint {number} in the {list} is not genuine: {reason}")]
    Forged {
        /// Where it is.
        list: List,
        /// The how-manieth there, from 1.
        number: u64,
        /// Why.
        reason: crate::CheckpointError,
    },
    /// A list whose checkpoints do not grow.
    #[error(
        "the checkpoints in the {list} were rolled back: number {number} covers {size} records, the one before it {before}"
    )]
    RolledBack {
        /// Where.
        list: List,
        /// The how-manieth there, from 1.
        number: u64,
        /// What it covers.
        size: u64,
        /// What the one before it covers.
        before: u64,
    },
    /// The database lacks a checkpoint that is elsewhere.
    #[error("the checkpoint of {size} records was removed from the database; the {list} has it")]
    CheckpointRemoved {
        /// What it covers.
        size: u64,
        /// Who has it.
        list: List,
    },
    /// More checkpoints than are read.
    #[error(
        "there are more than {} checkpoints; verify an export of fewer",
        crate::CHECKPOINTS_MAX
    )]
    TooMany,
}

fn record(kind: Kind, span: Span) -> String {
    let Span { first, last } = span;
    match kind {
        Kind::Changed => format!("{span} was changed"),
        Kind::Removed if span.is_exact() => format!("record {first} was removed"),
        Kind::Removed => format!("the records {first} to {last} were removed"),
        Kind::Inserted => format!("{span} was put in afterwards"),
        Kind::Reordered => format!("{span} is not in its place: the order was changed"),
        Kind::HashChanged => {
            format!("the hash kept beside {span} was changed; the record is as signed")
        }
        Kind::Rewritten => {
            format!("history was rewritten; the first record that differs is {span}")
        }
    }
}
