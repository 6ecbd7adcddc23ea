//! Facts of 802.11 management frames.

use serde::{Deserialize, Serialize};

use crate::{Mac, Text};

/// Cipher suites (IEEE 802.11-2020, table 9-149).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cipher {
    /// WEP-40 or WEP-104.
    Wep,
    /// TKIP.
    Tkip,
    /// CCMP-128 or -256.
    Ccmp,
    /// GCMP-128 or -256.
    Gcmp,
    /// Any other.
    Other,
}

/// Authentication and key management suites (IEEE 802.11-2020, table 9-151).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthenticationSuite {
    /// Pre-shared key (WPA/WPA2 Personal).
    Psk,
    /// 802.1X (Enterprise).
    Enterprise,
    /// SAE (WPA3 Personal).
    Sae,
    /// Opportunistic wireless encryption.
    Owe,
    /// Any other.
    Other,
}

/// A beacon or probe response.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct AccessPoint {
    /// BSSID.
    pub bssid: Mac,
    /// Network name; none if hidden.
    pub ssid: Option<Text>,
    /// Channel, where said.
    pub channel: Option<u8>,
    /// Privacy bit: any encryption at all.
    pub privacy: bool,
    /// WPA (version 1) element present.
    pub wpa: bool,
    /// RSN (WPA2/WPA3) element present.
    pub rsn: bool,
    /// Group and pairwise ciphers of WPA and RSN elements.
    pub ciphers: Vec<Cipher>,
    /// Authentication suites.
    pub authentication: Vec<AuthenticationSuite>,
    /// Protected management frames: capable.
    pub pmf_capable: bool,
    /// Protected management frames: required.
    pub pmf_required: bool,
    /// WPS element present and not switched off; state as sent (1 not configured, 2 configured).
    pub wps: Option<u8>,
    /// WPS manufacturer.
    pub manufacturer: Option<Text>,
    /// WPS model name.
    pub model: Option<Text>,
    /// WPS model number.
    pub model_number: Option<Text>,
    /// WPS device name.
    pub device_name: Option<Text>,
}

/// A probe, association or authentication request.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct WlanClient {
    /// The client.
    pub mac: Mac,
    /// The access point it speaks to; none in a probe to all.
    pub bssid: Option<Mac>,
    /// Network name asked for.
    pub ssid: Option<Text>,
    /// WPS manufacturer, where a probe says so.
    pub manufacturer: Option<Text>,
    /// WPS model name.
    pub model: Option<Text>,
    /// WPS device name.
    pub device_name: Option<Text>,
}
