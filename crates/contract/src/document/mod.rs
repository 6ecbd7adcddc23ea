//! The document: `cordon.contract/1`.

mod carrier;
mod covers;
mod entry;
mod id;
mod ip_version;
mod peer;
mod ports;
mod tls;
mod verb;
mod why;

use cordon_model::record::Criticality;
use cordon_model::{DeviceId, DeviceType, Mac, Text, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use carrier::Carrier;
pub use entry::{Bounds, Day, Entry, Opens, Validity, Window};
pub use id::EntryId;
pub use ip_version::IpVersion;
pub use peer::Peer;
pub use ports::Ports;
pub use tls::{Anchor, TlsRule};
pub use verb::{MqttAction, Objects, VerbRule};
pub use why::Why;

/// Most entries of one contract; the largest public MUD file has 201.
pub const MAX_ENTRIES: usize = 4_096;

/// The format of the document.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Schema {
    /// The first.
    #[default]
    #[serde(rename = "cordon.contract/1")]
    V1,
}

/// What one device may do. What no entry allows is denied.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// The format.
    pub schema: Schema,
    /// Whose contract it is: the id in the register.
    #[schemars(with = "String")]
    pub device: DeviceId,
    /// What people call the device.
    #[schemars(with = "String")]
    pub name: Text,
    /// Counts up with every change, from 1.
    pub version: u32,
    /// When this version was made (RFC 3339).
    #[schemars(with = "String")]
    pub made: Timestamp,
    /// Who made this version: `learning`, `person:anna`, `mud:https://…`.
    #[schemars(with = "String")]
    pub by: Text,
    /// Who the device is, as far as the contract relies on it.
    #[serde(default, skip_serializing_if = "Expected::is_empty")]
    pub expected: Expected,
    /// What is allowed.
    pub entries: Vec<Entry>,
    /// How far learning had come when this version was made, if anything in it was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning: Option<Learning>,
}

impl Contract {
    /// A contract that allows nothing.
    #[must_use]
    pub fn new(device: DeviceId, name: &str, made: Timestamp) -> Self {
        Contract {
            schema: Schema::V1,
            device,
            name: name.into(),
            version: 1,
            made,
            by: "learning".into(),
            expected: Expected::default(),
            entries: Vec::new(),
            learning: None,
        }
    }

    /// Adds an entry. One that allows the same already gains the new reasons instead.
    pub fn allow(&mut self, entry: Entry) {
        let id = entry.id();
        match self.entries.iter_mut().find(|held| held.id() == id) {
            Some(held) => held.join(entry),
            None => self.entries.push(entry),
        }
    }

    /// The entry with this id.
    #[must_use]
    pub fn entry(&self, id: &EntryId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id() == *id)
    }
}

/// Who the device is, as far as the contract relies on it.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expected {
    /// Link-layer addresses it may speak from; empty for any that the register knows as its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub macs: Vec<Mac>,
    /// SHA-256 of the certificate it has to show, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub certificate: Option<Text>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub kind: Option<DeviceType>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub vendor: Option<Text>,
    /// Which product it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub model: Option<Text>,
    /// Firmware version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub firmware: Option<Text>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub owner: Option<Text>,
    /// The zone it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub zone: Option<Text>,
    /// How much depends on it. Life-safety and process devices are never blocked automatically.
    #[serde(skip_serializing_if = "is_normal")]
    #[schemars(with = "String")]
    pub criticality: Criticality,
    /// Until when its maker supports it (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub support_end: Option<Timestamp>,
    /// Where its maker describes it (RFC 8520).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub mud_url: Option<Text>,
}

impl Expected {
    /// Whether nothing is expected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Expected::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_normal(criticality: &Criticality) -> bool {
    *criticality == Criticality::Normal
}

/// How far learning had come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Learning {
    /// Since when the device is watched (RFC 3339).
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// Until when (RFC 3339).
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Estimated share of the device's behaviour that is known, 0 to 1.
    pub known: f32,
    /// Kinds of behaviour seen.
    pub kinds: u32,
    /// Kinds that were new in the last quarter of the time.
    pub new: u32,
    /// Whether more watching is unlikely to show more.
    pub done: bool,
}

/// A text is not what it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} is not {wanted}; write {example}")]
pub struct TextError {
    what: String,
    wanted: &'static str,
    example: &'static str,
}

impl TextError {
    fn new(what: &str, wanted: &'static str, example: &'static str) -> Self {
        let what: String = what.chars().take(60).collect();
        TextError { what: format!("{what:?}"), wanted, example }
    }
}

/// A type that is written as text: serde and the schema by `Display` and `FromStr`.
macro_rules! as_text {
    ($type:ident, $description:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description })
            }
        }
    };
}
use as_text;
