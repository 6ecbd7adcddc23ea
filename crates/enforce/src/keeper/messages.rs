//! What the keeper is asked, and what it tells: one JSON value a line.

use std::net::IpAddr;

use cordon_contract::{Carrier, Entry, Policy};
use cordon_model::{DeviceId, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::compile::Options;
use crate::others::Other;
use crate::ruleset::Ruleset;

/// Longest line of either side: the policy of 2,000 devices with 100,000 entries takes a quarter.
pub const MAX_LINE: usize = 64 << 20;

/// A question with its number, which the answer carries back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its number.
    pub no: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What the keeper is asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// To enforce this policy.
    Load {
        /// The policy.
        policy: Box<Policy>,
        /// What is settled beside it.
        options: Options,
        /// Seconds until it is taken back if nobody confirms; none where it is only the confirmed
        /// contracts at other addresses, or a device that is cut off.
        patience: Option<u64>,
    },
    /// To let devices reach what they were told by name servers.
    Bind(Vec<Told>),
    /// To keep what is on trial.
    Confirm,
    /// To take back what is on trial.
    TakeBack,
    /// What is loaded.
    Status,
    /// The rules that the kernel holds at this moment.
    Held,
    /// To take everything of ours away.
    Unload,
}

/// What a name server told a device.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Which device asked, by its address.
    pub asker: IpAddr,
    /// What it asked for.
    pub name: Text,
    /// What it was told.
    pub ip: IpAddr,
    /// Until when that holds.
    pub until: Timestamp,
}

/// What the keeper tells.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// The number of the question that it answers; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<u64>,
    /// What it tells.
    pub tell: Tell,
}

/// What the keeper tells.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tell {
    /// It was done; how things are now.
    Done(Status),
    /// It was not done, and everything is as before.
    Refused(String),
    /// What the kernel holds. Only where it is what is meant, so that what is proven about it is
    /// true of the kernel.
    Held {
        /// Our rules; none if nothing of ours is loaded.
        rules: Option<Box<Ruleset>>,
        /// What others have that changes what ours mean.
        others: Vec<Other>,
    },
    /// Rules on trial were taken back, because nobody confirmed them in time.
    TakenBack(Status),
    /// Somebody else changed our rules; they are as meant again.
    Mended(String),
    /// A packet was refused, or let through with a warning.
    Logged(Box<LoggedPacket>),
}

/// A packet that left a contract. Few of each source are logged: it shows what somebody does, and
/// is no count of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LoggedPacket {
    /// Whose contract, switch or address it is about.
    pub device: DeviceId,
    /// When.
    pub at: Timestamp,
    /// Whether it was dropped.
    pub dropped: bool,
    /// Why, in words.
    pub why: String,
    /// Sender.
    pub from: IpAddr,
    /// Receiver.
    pub to: IpAddr,
    /// What carried it.
    pub carrier: Carrier,
    /// Port that was spoken to, or ICMP type.
    pub service: u16,
    /// The entry that is missing; none where an entry would not help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Entry>,
}

/// What is loaded.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The driver.
    pub driver: Text,
    /// Whether anything of ours is loaded.
    pub loaded: bool,
    /// Elements in all sets.
    pub elements: usize,
    /// Devices that the rules are about.
    pub members: usize,
    /// Until when what is loaded is on trial.
    pub trial: Option<Timestamp>,
    /// Conversations that the last load cut.
    pub cut: usize,
    /// Why conversations under way could not be cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncut: Option<String>,
    /// Addresses that are bound to names.
    pub bound: usize,
    /// How neighbours on one bridge are kept apart, a sentence for each bridge.
    #[serde(default)]
    pub neighbours: Vec<String>,
}
