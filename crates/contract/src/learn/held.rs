//! What was held back, and why.

use cordon_model::{DeviceType, Verb};
use serde::{Deserialize, Serialize};

use crate::document::Entry;

/// Something that a device did and that does not enter its contract without a person's word.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// What would have been allowed.
    pub entry: Entry,
    /// Why it was not.
    pub suspicion: Suspicion,
}

/// In which way something looks like an attack.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Suspicion {
    /// The same service was tried at many peers within a minute, most of whom did not answer.
    FanOut {
        /// How many peers.
        peers: u32,
    },
    /// Many ports of one peer were tried within a minute, most of which did not answer.
    PortScan {
        /// How many ports.
        ports: u32,
    },
    /// Many short sessions with a service that asks for a password.
    Guessing {
        /// How many in a minute.
        sessions: u32,
    },
    /// A flood towards one peer.
    Flood {
        /// Conversations in a minute.
        flows: u32,
    },
    /// An address of the Internet without a name, spoken to once.
    OneOff,
    /// Nobody ever answered.
    NoAnswer,
    /// A change to a controller by something that is no controller.
    Commands {
        /// What it did.
        verb: Verb,
        /// What it is.
        by: Option<DeviceType>,
    },
}

impl Suspicion {
    /// In plain words, to be read behind `held back: `.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Suspicion::FanOut { peers } => {
                format!(
                    "looks like a scan: the same service tried at {peers} peers within a minute, hardly any answered"
                )
            }
            Suspicion::PortScan { ports } => {
                format!(
                    "looks like a scan: {ports} ports of one peer tried within a minute, hardly any answered"
                )
            }
            Suspicion::Guessing { sessions } => {
                format!("looks like password guessing: {sessions} short sessions within a minute")
            }
            Suspicion::Flood { flows } => {
                format!("looks like a flood: {flows} conversations with one peer within a minute")
            }
            Suspicion::OneOff => {
                "spoke once to an address of the Internet that nobody named to it".to_owned()
            }
            Suspicion::NoAnswer => "nobody ever answered".to_owned(),
            Suspicion::Commands { verb, by } => match by {
                Some(kind) => format!("a {} {} a controller", kind.title(), verb.says()),
                None => format!("an unknown device {} a controller", verb.says()),
            },
        }
    }
}
