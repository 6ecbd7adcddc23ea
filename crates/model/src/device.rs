//! Devices: what facts and flows are fused to.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{App, Basis, Mac, PacketId, Text, Timestamp, Transport};

/// A device's stable name within one result: made from its strongest address, such as `mac-0017882476ff` or `ip-10.0.0.7`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub Text);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! device_types {
    ($($variant:ident $name:literal $title:literal,)*) => {
        /// What a device is for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum DeviceType { $(#[doc = $title] $variant,)* }

        impl DeviceType {
            /// Every type, in table order.
            pub const ALL: &'static [DeviceType] = &[$(DeviceType::$variant,)*];

            /// The short name used in JSON and configuration.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(DeviceType::$variant => $name,)* }
            }

            /// In plain words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(DeviceType::$variant => $title,)* }
            }
        }
    };
}

device_types! {
    Router "router" "router or gateway",
    Switch "switch" "network switch",
    AccessPoint "access-point" "Wi-Fi access point",
    Firewall "firewall" "firewall",
    Camera "camera" "camera",
    VideoRecorder "video-recorder" "video recorder",
    DoorAccess "door-access" "door access or intercom",
    Alarm "alarm" "alarm or siren",
    Sensor "sensor" "sensor",
    Thermostat "thermostat" "thermostat or climate control",
    Light "light" "light",
    Plug "plug" "smart plug or switch",
    Hub "hub" "smart-home hub",
    Appliance "appliance" "household appliance",
    Speaker "speaker" "speaker or voice assistant",
    Tv "tv" "television or media player",
    GameConsole "game-console" "game console",
    Printer "printer" "printer or scanner",
    Phone "phone" "phone or tablet",
    VoipPhone "voip-phone" "desk phone",
    Computer "computer" "computer",
    Server "server" "server",
    Storage "storage" "network storage",
    VirtualMachine "virtual-machine" "virtual machine",
    Plc "plc" "programmable controller",
    Rtu "rtu" "remote terminal unit",
    Hmi "hmi" "operator panel or HMI",
    EngineeringStation "engineering-station" "engineering workstation",
    ScadaServer "scada-server" "SCADA or control server",
    Historian "historian" "data historian",
    Drive "drive" "drive or inverter",
    IoModule "io-module" "remote I/O",
    Relay "relay" "protection relay",
    Meter "meter" "energy meter",
    IndustrialGateway "industrial-gateway" "protocol gateway",
    BuildingController "building-controller" "building controller",
    Medical "medical" "medical device",
    InfusionPump "infusion-pump" "infusion pump",
    PatientMonitor "patient-monitor" "patient monitor",
    Imaging "imaging" "medical imaging",
    Scale "scale" "scale",
    Wearable "wearable" "wearable",
    Vehicle "vehicle" "vehicle or charger",
    SolarInverter "solar-inverter" "solar inverter",
    Iot "iot" "IoT device",
}

impl fmt::Display for DeviceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for DeviceType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DeviceType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        DeviceType::ALL
            .iter()
            .find(|kind| kind.name() == name)
            .copied()
            .ok_or_else(|| serde::de::Error::custom(format!("unknown device type {name:?}")))
    }
}

/// Which field of a device a claim is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribute {
    /// What people call it.
    Name,
    /// What it is for.
    Type,
    /// Who made it.
    Vendor,
    /// Which product it is.
    Model,
    /// Firmware version.
    Firmware,
    /// Operating system.
    Os,
}

/// Why something is believed, in plain words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// A sentence: `DHCP vendor class says "udhcp 1.19.4"`.
    pub says: Text,
    /// Where it comes from: a protocol's name, "oui", "statistics" or "traffic".
    pub source: Text,
    /// The packet that said it, if one did.
    pub packet: Option<PacketId>,
}

/// A value with how sure we are and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Claim<T> {
    /// The value.
    pub value: T,
    /// 0 to 1: the share of such claims that turn out right.
    pub confidence: f32,
    /// What gave it away, strongest first.
    pub reasons: Vec<Reason>,
}

/// A service that a device offers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Service {
    /// Transport.
    pub transport: Transport,
    /// Port.
    pub port: u16,
    /// Application, if known or guessed.
    pub app: Option<App>,
    /// How the application is known.
    pub basis: Basis,
}

/// Where a device named its MUD file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MudSource {
    /// Its certificate (RFC 8520, 11): its maker's word, where the certificate is believed.
    Certificate,
    /// LLDP (RFC 8520, 12).
    Lldp,
    /// DHCPv4, option 161 (RFC 8520, 10).
    Dhcp,
    /// DHCPv6, option 112 (RFC 8520, 10).
    Dhcpv6,
}

impl MudSource {
    /// In plain words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            MudSource::Certificate => "its certificate",
            MudSource::Lldp => "LLDP",
            MudSource::Dhcp => "DHCP",
            MudSource::Dhcpv6 => "DHCPv6",
        }
    }
}

/// A URL under which a device says that its maker describes it (RFC 8520). It is the device's own
/// word: nobody has vouched for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MudUrl {
    /// As it was said.
    pub url: Text,
    /// Where.
    pub source: MudSource,
    /// The first packet that said it.
    pub packet: PacketId,
    /// When it was first said.
    pub first: Timestamp,
    /// When it was last said.
    pub last: Timestamp,
}

/// One thing on the network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Its id in this result.
    pub id: DeviceId,
    /// What people call it.
    pub name: Option<Claim<Text>>,
    /// What it is for.
    pub kind: Option<Claim<DeviceType>>,
    /// Who made it.
    pub vendor: Option<Claim<Text>>,
    /// Which product it is.
    pub model: Option<Claim<Text>>,
    /// Firmware version.
    pub firmware: Option<Claim<Text>>,
    /// Operating system.
    pub os: Option<Claim<Text>>,
    /// Link-layer addresses, strongest evidence first.
    pub macs: Vec<Mac>,
    /// Addresses, strongest evidence first.
    pub ips: Vec<IpAddr>,
    /// Whether its only link-layer addresses are randomised.
    pub random_mac: bool,
    /// The hub or router that stands for it on this segment.
    pub parent: Option<DeviceId>,
    /// Whether it forwards for others.
    pub routes: bool,
    /// VLANs it was seen in.
    pub vlans: Vec<u16>,
    /// Services it offers.
    pub services: Vec<Service>,
    /// Where it says that its maker describes it: what was said last of each source, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mud: Vec<MudUrl>,
    /// First packet from it.
    pub first: Timestamp,
    /// Latest packet from it.
    pub last: Timestamp,
    /// Packets from it.
    pub packets: u64,
    /// Bytes from it.
    pub bytes: u64,
}

impl Device {
    /// What to call it in a sentence: name, else model, else vendor and type, else address.
    #[must_use]
    pub fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.value.to_string();
        }
        let vendor = self.vendor.as_ref().map(|claim| claim.value.as_str());
        if let Some(model) = &self.model {
            return match vendor {
                Some(vendor) if !model.value.starts_with(vendor) => {
                    format!("{vendor} {}", model.value)
                }
                _ => model.value.to_string(),
            };
        }
        let address = || match (self.ips.first(), self.macs.first()) {
            (Some(ip), _) => ip.to_string(),
            (None, Some(mac)) => mac.to_string(),
            (None, None) => self.id.to_string(),
        };
        match (vendor, &self.kind) {
            (Some(vendor), Some(kind)) => format!("{vendor} {} {}", kind.value.title(), address()),
            (Some(vendor), None) => format!("{vendor} device {}", address()),
            (None, Some(kind)) => format!("{} {}", kind.value.title(), address()),
            (None, None) => format!("unknown device {}", address()),
        }
    }
}
