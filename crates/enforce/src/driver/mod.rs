//! Who makes it so: the trait behind which a firewall is, and its backends.

mod memory;
mod nft;

pub use memory::Memory;
pub use nft::Nft;

use cordon_model::Timestamp;
use serde_json::Value;

use crate::nft_json;
use crate::others::Other;
use crate::ruleset::{Elements, Ruleset};

/// What is held now.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Held {
    /// Every chain and rule, in order, as one line each.
    pub rules: Vec<String>,
    /// The elements, sorted by key.
    pub elements: Elements,
    /// What is there and was never ours: elements and sets that cannot be read.
    pub strange: Vec<String>,
}

/// What is to be made so. Either all of it happens or nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// This rule set in the place of whatever of ours is there.
    Load(Ruleset),
    /// Other elements in the sets that are there.
    Amend {
        /// Elements that go.
        remove: Elements,
        /// Elements that come.
        add: Elements,
    },
    /// Nothing of ours any more.
    Unload,
}

/// Why a change was not made, or what is held not read. What was held before is held still.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DriverError {
    /// The program is missing.
    #[error("{0} is not installed; install the package that brings it (Debian: nftables)")]
    Missing(&'static str),
    /// The program did not answer.
    #[error(
        "{program} did not answer within {seconds} s and was stopped; what was loaded before still is"
    )]
    Slow {
        /// Which.
        program: &'static str,
        /// How long.
        seconds: u64,
    },
    /// The kernel said no.
    #[error("the kernel refused, and what was loaded before still is: {0}")]
    Refused(String),
    /// A table with our name that is not ours.
    #[error("the table inet {0} belongs to somebody else; rename or delete it")]
    NotOurs(String),
    /// An answer that cannot be read.
    #[error("what nft answers cannot be read: {0}")]
    Unreadable(String),
    /// Nothing is loaded that could be amended.
    #[error("nothing is loaded; load everything first")]
    Unloaded,
}

/// A firewall that can be told what to hold, and asked what it holds.
pub trait Driver {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// What of ours is held; none if nothing is.
    ///
    /// # Errors
    ///
    /// Where it cannot be asked.
    fn read(&self, at: Timestamp) -> Result<Option<Held>, DriverError>;

    /// What others hold that changes what ours means; nothing where nobody else is.
    ///
    /// # Errors
    ///
    /// Where it cannot be asked.
    fn others(&self) -> Result<Vec<Other>, DriverError> {
        Ok(Vec::new())
    }

    /// Makes a change, whole or not at all.
    ///
    /// # Errors
    ///
    /// Where it was refused; then everything is as before.
    fn apply(&self, change: &Change, at: Timestamp) -> Result<(), DriverError>;
}

/// Every chain and rule of a rule set as [`Held::rules`] has them.
#[must_use]
pub fn rule_lines(ruleset: &Ruleset) -> Vec<String> {
    let mut lines = Vec::new();
    for chain in &ruleset.chains {
        lines.push(in_order(&nft_json::chain(TABLE, chain)));
        lines.extend(chain.rules.iter().map(|rule| {
            in_order(&nft_json::rule(TABLE, chain.name, rule, ruleset.options.log_group))
        }));
    }
    sort_chains(&mut lines);
    lines
}

/// JSON as one line, the keys of every object in alphabetical order: in which order they are kept
/// depends on what else is built with us.
pub(crate) fn in_order(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut pairs: Vec<_> = object.iter().collect();
                pairs.sort_unstable_by_key(|(key, _)| *key);
                pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
            }
            Value::Array(list) => list.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    sorted(value).to_string()
}

/// What the table is called in lines, whichever generation it is.
const TABLE: &str = "cordon";

/// Chains first, and rules by their chain; the order within a chain stays.
fn sort_chains(lines: &mut [String]) {
    let chain_of = |line: &String| {
        let json: Value = serde_json::from_str(line).unwrap_or_default();
        let name = |what: &str, key: &str| {
            json.get(what)
                .and_then(|what| what.get(key))
                .and_then(|name| name.as_str().map(str::to_owned))
        };
        (name("rule", "chain"), name("chain", "name"))
    };
    lines.sort_by_cached_key(chain_of);
}
