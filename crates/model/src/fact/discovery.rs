//! Facts of discovery protocols.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::Text;

/// LLDP (IEEE 802.1AB) with the TIA-1057 inventory TLVs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Lldp {
    /// Chassis id as text.
    pub chassis: Text,
    /// Port id as text.
    pub port: Text,
    /// System name.
    pub system_name: Option<Text>,
    /// System description.
    pub system_description: Option<Text>,
    /// Enabled capabilities (bit 1 repeater, 2 bridge, 3 WLAN AP, 4 router, 5 telephone, 6 DOCSIS, 7 station).
    pub capabilities: u16,
    /// Management addresses.
    pub addresses: Vec<IpAddr>,
    /// LLDP-MED manufacturer.
    pub manufacturer: Option<Text>,
    /// LLDP-MED model.
    pub model: Option<Text>,
    /// LLDP-MED hardware, firmware and software revision.
    pub hardware: Option<Text>,
    /// LLDP-MED firmware revision.
    pub firmware: Option<Text>,
    /// LLDP-MED software revision.
    pub software: Option<Text>,
    /// LLDP-MED serial number.
    pub serial: Option<Text>,
    /// PROFINET: name of station, where the port id or organisation TLV has it.
    pub profinet_name: Option<Text>,
    /// MUD URL (RFC 8520).
    pub mud_url: Option<Text>,
}

/// Cisco Discovery Protocol.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Cdp {
    /// Device id.
    pub device: Text,
    /// Platform.
    pub platform: Option<Text>,
    /// Software version.
    pub software: Option<Text>,
    /// Port id.
    pub port: Option<Text>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// Capabilities (bit 0 router, 1 bridge, 3 switch, 4 host, 7 phone).
    pub capabilities: u32,
    /// Native VLAN.
    pub native_vlan: Option<u16>,
}

/// Which SSDP message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SsdpMethod {
    /// NOTIFY: the device announces itself.
    Notify,
    /// M-SEARCH: somebody looks for devices.
    Search,
    /// The answer to a search.
    Response,
}

/// SSDP (UPnP Device Architecture 2.0, 1).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ssdp {
    /// Which message.
    pub method: SsdpMethod,
    /// NT or ST: what is announced or looked for.
    pub target: Option<Text>,
    /// NTS of a NOTIFY, such as `ssdp:alive`.
    pub subtype: Option<Text>,
    /// USN.
    pub usn: Option<Text>,
    /// SERVER.
    pub server: Option<Text>,
    /// USER-AGENT.
    pub user_agent: Option<Text>,
    /// LOCATION.
    pub location: Option<Text>,
    /// Vendor headers worth keeping (`hue-bridgeid`, `X-User-Agent`, `OPT` …), at most 8.
    pub others: Vec<(Text, Text)>,
}

/// An UPnP device description (UPnP Device Architecture 2.0, 2.3): the root device.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct UpnpDescription {
    /// `deviceType` URN.
    pub device_type: Option<Text>,
    /// `friendlyName`.
    pub friendly_name: Option<Text>,
    /// `manufacturer`.
    pub manufacturer: Option<Text>,
    /// `modelName`.
    pub model_name: Option<Text>,
    /// `modelNumber`.
    pub model_number: Option<Text>,
    /// `modelDescription`.
    pub model_description: Option<Text>,
    /// `serialNumber`.
    pub serial: Option<Text>,
    /// `firmwareVersion`, a vendor's addition.
    pub firmware: Option<Text>,
    /// `UDN`.
    pub udn: Option<Text>,
    /// `serviceType` URNs of all services, at most 32.
    pub services: Vec<Text>,
}
