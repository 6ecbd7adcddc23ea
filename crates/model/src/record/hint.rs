//! What other tools know of a device: leases, lists, other inventories.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{DeviceType, Mac, Text, Timestamp};

/// One line of somebody else's list. It tells less than a packet and never outweighs a person.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Hint {
    /// Link-layer address.
    pub mac: Option<Mac>,
    /// Network address.
    pub ip: Option<IpAddr>,
    /// What it is called there.
    pub name: Option<Text>,
    /// Who made it.
    pub vendor: Option<Text>,
    /// Which product it is.
    pub model: Option<Text>,
    /// What it is for.
    pub kind: Option<DeviceType>,
    /// Who answers for it.
    pub owner: Option<Text>,
    /// Where it stands.
    pub location: Option<Text>,
    /// Labels.
    pub tags: Vec<Text>,
    /// Since when the list knows it.
    pub first: Option<Timestamp>,
    /// When the list last knew it to be there, such as the start of its lease.
    pub last: Option<Timestamp>,
    /// Where it comes from, as people say it: `dnsmasq leases`, `assets.csv`.
    pub source: Text,
}
