//! The result of a look: `cordon.look/1`.
//!
//! Fields are only ever added within version 1. Text in it comes from the network: every surface
//! escapes it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The name and version of the format.
pub const SCHEMA: &str = "cordon.look/1";

/// Everything that one look found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Look {
    /// Always `cordon.look/1`.
    pub schema: String,
    /// Version of cordon that wrote this.
    pub version: String,
    /// What was read, in the order given.
    pub inputs: Vec<Input>,
    /// What this look could and could not see.
    pub coverage: Coverage,
    /// Protocols seen in payload, by name.
    pub protocols: BTreeMap<String, ProtocolCount>,
    /// Protocols guessed from port numbers alone, by name.
    pub guessed: BTreeMap<String, ProtocolCount>,
    /// Number of flows.
    pub flows: u64,
    /// Packets that cordon sent: always 0.
    pub packets_sent: u64,
    /// Devices, in the order of their ids.
    pub devices: Vec<Device>,
    /// Devices and peers that exchanged packets.
    pub talks: Vec<Talk>,
    /// Weaknesses, gravest first.
    pub findings: Vec<Finding>,
    /// What to do first, at most five actions.
    pub first_five: Vec<Action>,
}

/// One file or interface.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Input {
    /// Path, `-` for standard input, or interface name.
    pub path: String,
    /// Packets read.
    pub packets: u64,
    /// Captured bytes read.
    pub bytes: u64,
    /// Time of the earliest packet, RFC 3339 in UTC.
    pub first: Option<String>,
    /// Time of the latest packet.
    pub last: Option<String>,
    /// Whether the file ends in the middle or is damaged; what comes before is in the result.
    pub cut_short: bool,
    /// What is damaged and where, in plain words.
    pub damage: Option<String>,
    /// Packets that the kernel or the capturing program dropped, where known.
    pub dropped: Option<u64>,
}

/// What was seen, and what not.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Coverage {
    /// Packets read.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Packets that no parser understood.
    pub undecoded_packets: u64,
    /// Of these: packets with damaged headers.
    pub malformed_packets: u64,
    /// Of these: packets with payload of an unrecognised application.
    pub unrecognised_packets: u64,
    /// Of these: packets of kinds that are not decoded, by kind.
    pub unknown_kinds: BTreeMap<String, u64>,
    /// Conversations of which only one direction was captured.
    pub one_way_flows: u64,
    /// Conversations between two single addresses.
    pub conversations: u64,
    /// Packets that the capture cut off.
    pub truncated_packets: u64,
    /// What this capture cannot show, in plain words.
    pub notes: Vec<String>,
}

/// How much of a protocol was seen.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct ProtocolCount {
    /// Flows; 0 for protocols without flows, such as ARP.
    pub flows: u64,
    /// Packets that carried the protocol.
    pub packets: u64,
}

/// One thing on the network.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Device {
    /// Its id within this result.
    pub id: String,
    /// What people call it; null if nothing says.
    pub name: Option<String>,
    /// What it is for; null if unknown.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who made it; null if unknown.
    pub vendor: Option<String>,
    /// Which product it is; null if unknown.
    pub model: Option<String>,
    /// Firmware version; null if unknown.
    pub firmware: Option<String>,
    /// Operating system; null if unknown.
    pub os: Option<String>,
    /// How sure the identification is, 0 to 1: of the model, else the type, else the vendor, else
    /// the name; 0 where nothing is known.
    pub confidence: f32,
    /// How sure each field is, 0 to 1.
    pub confidences: BTreeMap<String, f32>,
    /// Short text to call it by, never empty.
    pub label: String,
    /// Link-layer addresses.
    pub macs: Vec<String>,
    /// IP addresses.
    pub ips: Vec<String>,
    /// Whether its link-layer address is randomised.
    pub random_mac: bool,
    /// Id of the hub or router that stands for it.
    pub parent: Option<String>,
    /// Whether it forwards packets for others.
    pub routes: bool,
    /// VLANs it was seen in.
    pub vlans: Vec<u16>,
    /// First packet from it, RFC 3339 in UTC.
    pub first: String,
    /// Latest packet from it.
    pub last: String,
    /// Packets from it.
    pub packets: u64,
    /// Bytes from it.
    pub bytes: u64,
    /// Services it offers.
    pub services: Vec<Service>,
    /// What gave it away, strongest first.
    pub evidence: Vec<Reason>,
}

/// A service that a device offers.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Service {
    /// `tcp` or `udp`.
    pub transport: String,
    /// Port.
    pub port: u16,
    /// Application; null if unknown.
    pub app: Option<String>,
    /// `payload` where the application was seen, `port` where it is guessed from the number.
    pub basis: String,
}

/// Why a field has its value.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Reason {
    /// Which field: `name`, `type`, `vendor`, `model`, `firmware` or `os`.
    pub field: String,
    /// In plain words.
    pub says: String,
    /// A protocol's name, `oui`, `statistics` or `traffic`.
    pub source: String,
    /// Number of the packet that said it, counted from 1 in its file.
    pub packet: Option<u64>,
    /// The file of that packet.
    pub file: Option<String>,
}

/// Two ends that exchanged packets.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Talk {
    /// Device id of the end that opened, or its address where it is no device.
    pub from: String,
    /// Device id of the end that answered, or its address where it is no device.
    pub to: String,
    /// Whether the other end is outside: a public address.
    pub outside: bool,
    /// Applications, by name; `port:…` where only guessed.
    pub apps: Vec<String>,
    /// Flows.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One weakness.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Which kind; see `docs/findings.md`.
    pub kind: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// Id of the device; null where it belongs to the network as a whole.
    pub device: Option<String>,
    /// What was found.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// How to mend it.
    pub fix: String,
    /// How often it was seen.
    pub count: u64,
    /// The first packets that show it.
    pub evidence: Vec<Evidence>,
}

/// The packet that shows a weakness.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Evidence {
    /// The file.
    pub file: String,
    /// Number of the packet, counted from 1 in its file.
    pub packet: u64,
    /// What it shows.
    pub detail: String,
}

/// Something to do.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Action {
    /// What to do, as one instruction.
    pub what: String,
    /// Why this before others.
    pub why: String,
    /// How to do it.
    pub fix: String,
    /// The gravest severity that it mends.
    pub severity: String,
    /// Ids of the devices concerned.
    pub devices: Vec<String>,
    /// Kinds of finding that it mends.
    pub kinds: Vec<String>,
}

impl Look {
    /// The JSON Schema of the format.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Look).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_every_documented_field() {
        let schema = Look::json_schema().to_string();
        for field in [
            "inputs",
            "cut_short",
            "undecoded_packets",
            "one_way_flows",
            "random_mac",
            "basis",
            "evidence",
        ] {
            assert!(schema.contains(&format!("\"{field}\"")), "{field}");
        }
    }
}
