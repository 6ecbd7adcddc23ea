//! Whom a device speaks with, as people say it.

use std::net::IpAddr;

use cordon_model::{DeviceId, Text};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whom a device speaks with. It is turned into addresses when a policy is made, so that a
/// contract outlives a renumbering.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Peer {
    /// One device.
    Device {
        /// Its id in the register.
        #[schemars(with = "String")]
        id: DeviceId,
        /// What people called it when the entry was made; says nothing about who it is.
        #[schemars(with = "String")]
        name: Text,
    },
    /// Every device with a label.
    Group {
        /// The label.
        #[schemars(with = "String")]
        tag: Text,
    },
    /// Every device of a zone.
    Zone {
        /// The zone.
        #[schemars(with = "String")]
        zone: Text,
    },
    /// Every address of a network.
    Network {
        /// In prefix notation: `10.0.5.0/24`.
        #[schemars(with = "String")]
        net: IpNet,
    },
    /// Whatever a DNS name means, by the answers that this very device received.
    Name {
        /// The name; `*.example.com` stands for every name below.
        #[schemars(with = "String")]
        name: Text,
    },
    /// The controller of this device (RFC 8520, `my-controller`); the operator says which it is.
    MyController,
    /// A controller for a class of devices (RFC 8520, `controller`): DNS and NTP servers are.
    Controller {
        /// The class, a URI.
        #[schemars(with = "String")]
        class: Text,
    },
    /// Devices of the same maker (RFC 8520, `same-manufacturer`).
    SameManufacturer,
    /// Devices of a maker (RFC 8520, `manufacturer`).
    Manufacturer {
        /// The authority of the maker's MUD URLs, or the maker's name.
        #[schemars(with = "String")]
        name: Text,
    },
    /// Devices of a model (RFC 8520, `model`).
    Model {
        /// The MUD URL of the model, or its name.
        #[schemars(with = "String")]
        name: Text,
    },
    /// Every network of the site (RFC 8520, `local-networks`).
    LocalNetworks,
    /// The router of the device's network.
    Gateway,
    /// A multicast group.
    Multicast {
        /// Its address.
        #[schemars(with = "String")]
        group: IpAddr,
    },
    /// Everybody on the device's network, by broadcast.
    Broadcast,
    /// Every public address.
    Internet,
    /// Whoever it is.
    Anyone,
}
