//! What an outcome means beside what the rules say.

use crate::{Outcome, Port};

/// What the rules say of one kind of packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Chance {
    /// It gets through.
    Possible,
    /// It does not.
    Impossible,
    /// Not certain: packets may go past the machine that enforces, or the rules changed meanwhile.
    Unknown,
}

impl Chance {
    /// The name in answers and documents, as proofs have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Chance::Possible => "possible",
            Chance::Impossible => "impossible",
            Chance::Unknown => "unknown",
        }
    }
}

/// What came of a try, beside what the rules say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Meaning {
    /// The rules say impossible, and something came back: they do not hold.
    GotThrough,
    /// The rules say possible, and nothing came back: whoever serves there may be off.
    Quiet,
    /// Nothing is shown: it was not sent, or the rules are not certain.
    Shows,
    /// Both say the same.
    Agrees,
}

impl Meaning {
    /// The name in answers and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Meaning::GotThrough => "got-through",
            Meaning::Quiet => "quiet",
            Meaning::Shows => "shows-nothing",
            Meaning::Agrees => "agrees",
        }
    }
}

/// What an outcome means.
///
/// A refusal is an answer in the name of the far end: where every packet is dropped on the way, none
/// comes back. Silence proves nothing of a way that is open.
#[must_use]
pub const fn compare(chance: Chance, outcome: Outcome) -> Meaning {
    match (chance, outcome) {
        (_, Outcome::NotSent) | (Chance::Unknown, _) => Meaning::Shows,
        (Chance::Impossible, Outcome::Connected | Outcome::Refused) => Meaning::GotThrough,
        (Chance::Impossible, Outcome::Silent | Outcome::Unreachable)
        | (Chance::Possible, Outcome::Connected | Outcome::Refused) => Meaning::Agrees,
        (Chance::Possible, Outcome::Silent | Outcome::Unreachable) => Meaning::Quiet,
    }
}

/// One try in a sentence.
#[must_use]
pub fn sentence(port: Port, chance: Chance, outcome: Outcome) -> String {
    let came = outcome.says();
    match (compare(chance, outcome), chance, outcome) {
        (Meaning::GotThrough, _, Outcome::Refused) => format!(
            "{port}: the rules say that nothing gets through, and it {came}: it arrived, or another \
             firewall answers for it"
        ),
        (Meaning::GotThrough, ..) => {
            format!("{port}: the rules say that nothing gets through, and it {came}")
        }
        (Meaning::Quiet, ..) => format!(
            "{port}: the rules let it through, and it {came}; whoever serves there may be off"
        ),
        (Meaning::Shows, _, Outcome::NotSent) => format!("{port}: {came}, which shows nothing"),
        (Meaning::Shows, ..) => {
            format!("{port}: it {came}; the rules do not say for certain what should be")
        }
        (Meaning::Agrees, Chance::Impossible, _) => {
            format!("{port}: it {came}, as the rules say: nothing gets through")
        }
        (Meaning::Agrees, ..) => format!("{port}: it {came}, as the rules say: it may pass"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_back_against_the_rules_is_a_contradiction() {
        for chance in [Chance::Possible, Chance::Impossible, Chance::Unknown] {
            for outcome in Outcome::ALL {
                let came_back = matches!(outcome, Outcome::Connected | Outcome::Refused);
                let against = chance == Chance::Impossible && came_back;
                let meaning = compare(chance, outcome);
                assert_eq!(meaning == Meaning::GotThrough, against, "{chance:?} {outcome:?}");
                assert!(!sentence(Port::Tcp(80), chance, outcome).is_empty());
            }
        }
    }

    #[test]
    fn what_was_not_sent_shows_nothing() {
        assert_eq!(compare(Chance::Impossible, Outcome::NotSent), Meaning::Shows);
        assert_eq!(compare(Chance::Possible, Outcome::NotSent), Meaning::Shows);
    }

    #[test]
    fn a_service_that_is_down_is_no_contradiction() {
        assert_eq!(compare(Chance::Possible, Outcome::Silent), Meaning::Quiet);
        assert!(sentence(Port::Tcp(80), Chance::Possible, Outcome::Silent).contains("may be off"));
    }
}
