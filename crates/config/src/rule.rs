//! The bounds of a value.

/// The bounds of a value, in the unit of its kind: a count, seconds or bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) absolute: bool,
    pub(crate) not_empty: bool,
}

impl Rule {
    /// Any value of the kind.
    pub(crate) const NONE: Rule = Rule { range: None, absolute: false, not_empty: false };
    /// A path that does not depend on where the program was started.
    pub(crate) const ABSOLUTE: Rule = Rule { absolute: true, ..Rule::NONE };
    /// A list with something in it.
    pub(crate) const SOME: Rule = Rule { not_empty: true, ..Rule::NONE };

    /// From `least` to `most`, both included.
    pub(crate) const fn between(least: u64, most: u64) -> Rule {
        Rule { range: Some((least, most)), ..Rule::NONE }
    }

    pub(crate) fn holds(self, value: u64) -> bool {
        self.range.is_none_or(|(least, most)| (least..=most).contains(&value))
    }
}
