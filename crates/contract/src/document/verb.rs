//! What may be said in a conversation.

use cordon_model::{App, Text, Verb};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TlsRule;

/// What may be said. A conversation with several rules may say what any of them allows.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum VerbRule {
    /// An act over an OT protocol: a Modbus function code, a BACnet service, a DNP3 control.
    Operation {
        /// The protocol.
        #[schemars(with = "String")]
        app: App,
        /// What kind of act.
        #[schemars(with = "String")]
        verb: Verb,
        /// The protocol's own codes; empty for any that does this.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        codes: Vec<u16>,
        /// On what; empty for anything.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        objects: Vec<Objects>,
    },
    /// MQTT.
    Mqtt {
        /// Which way.
        action: MqttAction,
        /// A topic filter (MQTT 5, 4.7): `plant/+/temperature`, `home/#`.
        #[schemars(with = "String")]
        topic: Text,
    },
    /// HTTP in the clear.
    Http {
        /// The method, upper-case.
        #[schemars(with = "String")]
        method: Text,
        /// The path; `*` at its end stands for everything that begins so.
        #[schemars(with = "String")]
        path: Text,
    },
    /// CoAP (RFC 7252).
    Coap {
        /// The method, upper-case.
        #[schemars(with = "String")]
        method: Text,
        /// The path; `*` at its end stands for everything that begins so.
        #[schemars(with = "String")]
        path: Text,
    },
    /// A question to a name server.
    Dns {
        /// The name asked for; `*.example.com` stands for every name below.
        #[schemars(with = "String")]
        name: Text,
    },
    /// A TLS client profile (RFC 9761).
    Tls(Box<TlsRule>),
}

/// Which way an MQTT message goes, seen from the client.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MqttAction {
    /// The client publishes.
    Publish,
    /// The client subscribes.
    Subscribe,
}

/// Things of one kind: numbers of a table, or instances of a class, or a name.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    /// Table, class or object type: `holding registers`, `analog-output`, a file or topic.
    #[schemars(with = "String")]
    pub of: Text,
    /// First number.
    pub first: u32,
    /// Last number, included.
    pub last: u32,
}
