//! What is in force, to be printed and shown.

/// What became of the measures of [`crate::give_up`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// In the order in which they were taken.
    pub measures: Vec<Measure>,
}

/// One measure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measure {
    /// Its short name, as in `capabilities`.
    pub name: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// One sentence.
    pub says: String,
    /// What a person can do for more; empty where nothing is to be done.
    pub do_this: &'static str,
}

/// What became of a measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It holds, for good.
    InForce,
    /// The kernel has only some of it.
    Partly,
    /// The kernel does not have it.
    KernelHasItNot,
    /// The kernel has it and refuses it to this process.
    NotPermitted,
}

impl Outcome {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::InForce => "in force",
            Outcome::Partly => "partly in force",
            Outcome::KernelHasItNot => "the kernel does not have it",
            Outcome::NotPermitted => "not permitted",
        }
    }
}

impl Standing {
    /// Whether everything is in force.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.measures.iter().all(|measure| measure.outcome == Outcome::InForce)
    }

    /// The measure of this name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.name == name)
    }
}

impl Measure {
    pub(crate) fn in_force(name: &'static str, says: impl Into<String>) -> Measure {
        Measure { name, outcome: Outcome::InForce, says: says.into(), do_this: "" }
    }

    pub(crate) fn short(
        name: &'static str,
        outcome: Outcome,
        says: impl Into<String>,
        do_this: &'static str,
    ) -> Measure {
        Measure { name, outcome, says: says.into(), do_this }
    }
}
