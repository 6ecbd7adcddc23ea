//! What is written down.

use cordon_model::{DeviceId, Text, Timestamp};
use serde::{Deserialize, Serialize};

use super::change::Seal;
use crate::document::{Contract, EntryId};
use crate::envelope::Envelope;
use crate::learn::Held;
use crate::policy::{Reach, Stage};

/// A contract and the signed envelope that it came out of.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Envelope", into = "Envelope")]
pub struct Signed {
    contract: Contract,
    envelope: Envelope,
}

impl Signed {
    /// Has a contract signed.
    pub(super) fn new(contract: Contract, seal: Seal<'_>) -> Self {
        let envelope = seal(&contract);
        Signed { contract, envelope }
    }

    /// The contract.
    #[must_use]
    pub const fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The envelope, to be checked and handed on.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl From<Signed> for Envelope {
    fn from(signed: Signed) -> Self {
        signed.envelope
    }
}

impl TryFrom<Envelope> for Signed {
    type Error = crate::envelope::EnvelopeError;

    /// Reads the contract. Whether the signature holds is for who knows the key to say.
    fn try_from(envelope: Envelope) -> Result<Self, Self::Error> {
        Ok(Signed { contract: envelope.contract()?, envelope })
    }
}

/// What stands for one device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Whose.
    pub device: DeviceId,
    /// The contract in force; none before the first was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
    /// How far it has come.
    #[serde(default)]
    pub stage: Stage,
    /// The device's switch.
    #[serde(default)]
    pub reach: Reach,
    /// When any of this was last changed.
    pub since: Timestamp,
    /// The highest version that there ever was.
    #[serde(default)]
    pub versions: u32,
    /// What a person does not want; it is not proposed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<EntryId>,
}

impl Standing {
    /// Of a device that nobody has decided about.
    #[must_use]
    pub const fn new(device: DeviceId, since: Timestamp) -> Self {
        Standing {
            device,
            signed: None,
            stage: Stage::Watch,
            reach: Reach::Normal,
            since,
            versions: 0,
            refused: Vec::new(),
        }
    }

    /// The contract in force.
    #[must_use]
    pub fn contract(&self) -> Option<&Contract> {
        self.signed.as_ref().map(Signed::contract)
    }
}

/// What learning would put in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// What the device does.
    pub contract: Contract,
    /// What it did and what looks like an attack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
}

impl Proposal {
    /// Whose.
    #[must_use]
    pub const fn device(&self) -> &DeviceId {
        &self.contract.device
    }
}

/// One step of people, or of the service in their name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its number, ascending.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as in the ledger.
    pub by: Text,
    /// What.
    pub did: Did,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub why: Text,
    /// What stood before, for every device that it changed.
    pub before: Vec<Standing>,
    /// Who took it back, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
}

/// What a step did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Did {
    /// Put contracts in force.
    Adopted,
    /// Changed how far they are enforced.
    Staged {
        /// To what.
        stage: Stage,
    },
    /// Switched what devices may reach.
    Switched {
        /// To what.
        reach: Reach,
    },
    /// Took another step back.
    TookBack {
        /// Which.
        step: u64,
    },
}

/// That a step was taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Undone {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Text,
}
