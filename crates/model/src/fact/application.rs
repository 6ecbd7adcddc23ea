//! Facts of application protocols.

use serde::{Deserialize, Serialize};

use crate::Text;

/// HTTP/1 request head (RFC 9112).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Method.
    pub method: Text,
    /// Host.
    pub host: Option<Text>,
    /// Target, cut to 256 bytes; values of parameters that look like secrets are replaced by `…`.
    pub path: Text,
    /// User-Agent.
    pub user_agent: Option<Text>,
    /// Content-Type of the body.
    pub content_type: Option<Text>,
    /// SOAPAction, such as a UPnP port mapping.
    pub soap_action: Option<Text>,
    /// Scheme of the Authorization header (`Basic`, `Digest`, `Bearer` …).
    pub authorization: Option<Text>,
    /// Length of the body, if stated.
    pub length: Option<u64>,
    /// Header names in wire order, lower-case, at most 32.
    pub headers: Vec<Text>,
}

/// HTTP/1 response head.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Server.
    pub server: Option<Text>,
    /// Content-Type.
    pub content_type: Option<Text>,
    /// Scheme and realm of WWW-Authenticate.
    pub authenticate: Option<Text>,
    /// Location.
    pub location: Option<Text>,
    /// The `<title>` of an HTML page, if it was in the head of the stream.
    pub title: Option<Text>,
    /// Length of the body, if stated.
    pub length: Option<u64>,
}

/// NTP (RFC 5905).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ntp {
    /// Version.
    pub version: u8,
    /// Mode: 3 client, 4 server, 5 broadcast, 6 control, 7 private.
    pub mode: u8,
    /// Stratum.
    pub stratum: u8,
}

/// SNMP version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnmpVersion {
    /// SNMPv1.
    V1,
    /// SNMPv2c.
    V2c,
    /// SNMPv3.
    V3,
}

/// SNMP. The community goes into a [`crate::Credential`] of its own.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Snmp {
    /// Version.
    pub version: SnmpVersion,
    /// PDU, such as `get-request`, `set-request`, `response`, `trap`; empty where encrypted.
    pub pdu: Text,
    /// Whether it answers.
    pub response: bool,
    /// sysDescr.0, if carried.
    pub sys_descr: Option<Text>,
    /// sysObjectID.0 in dotted form, if carried.
    pub sys_object_id: Option<Text>,
    /// sysName.0, if carried.
    pub sys_name: Option<Text>,
    /// sysLocation.0, if carried.
    pub sys_location: Option<Text>,
    /// User name of SNMPv3.
    pub user: Option<Text>,
    /// Authoritative engine id of SNMPv3.
    pub engine_id: Vec<u8>,
    /// Security level flags of SNMPv3: bit 0 authenticated, bit 1 private.
    pub flags: u8,
    /// Object ids in dotted form, at most 8.
    pub objects: Vec<Text>,
}

/// SSH identification and key exchange (RFC 4253, 4.2 and 7.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Ssh {
    /// Identification string without `SSH-`, such as `2.0-dropbear_2014.63`.
    pub banner: Option<Text>,
    /// Key exchange algorithms offered, in order.
    pub kex: Vec<Text>,
    /// Host key algorithms offered.
    pub host_keys: Vec<Text>,
    /// Ciphers offered by this side for its direction.
    pub ciphers: Vec<Text>,
    /// MACs offered by this side for its direction.
    pub macs: Vec<Text>,
}

/// Telnet (RFC 854).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Telnet {
    /// The text that the server sent up to its login prompt.
    Banner(Text),
    /// Somebody logged in, as the prompts tell; the account.
    Login(Text),
    /// The login was refused; the account.
    Refused(Text),
    /// Options were negotiated; nothing readable yet.
    Negotiates,
}

/// FTP (RFC 959).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ftp {
    /// The 220 greeting.
    Banner(Text),
    /// SYST or similar answer that names the system.
    System(Text),
    /// A login succeeded; the account.
    Login(Text),
    /// A login was refused; the account.
    Refused(Text),
    /// A file was fetched.
    Retrieves(Text),
    /// A file was stored.
    Stores(Text),
    /// The control connection turned to TLS.
    StartsTls,
}

/// RTSP (RFC 7826 and 2326).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Rtsp {
    /// Method of a request.
    pub method: Option<Text>,
    /// URL of a request, without user information.
    pub url: Option<Text>,
    /// Status of a response.
    pub status: Option<u16>,
    /// Server.
    pub server: Option<Text>,
    /// User-Agent.
    pub user_agent: Option<Text>,
    /// Scheme of the Authorization header.
    pub authorization: Option<Text>,
    /// Scheme and realm of WWW-Authenticate.
    pub authenticate: Option<Text>,
}

/// MQTT 3.1, 3.1.1 and 5. Passwords go into a [`crate::Credential`] of their own.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mqtt {
    /// CONNECT.
    Connect {
        /// Protocol level: 3 for 3.1, 4 for 3.1.1, 5.
        level: u8,
        /// Client identifier.
        client_id: Text,
        /// User name, if any.
        user: Option<Text>,
        /// Whether a password is carried.
        password: bool,
        /// Will topic, if any.
        will: Option<Text>,
    },
    /// CONNACK with its code; 0 is accepted.
    Connack(u8),
    /// PUBLISH.
    Publish {
        /// Topic; empty where MQTT 5 uses an alias.
        topic: Text,
        /// Retained.
        retain: bool,
        /// Length of the message in bytes.
        length: u32,
    },
    /// SUBSCRIBE: topic filters, at most 16.
    Subscribe(Vec<Text>),
    /// Some other packet, by type number.
    Other(u8),
}

/// CoAP (RFC 7252).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Coap {
    /// Code as class × 32 + detail: 1 GET, 2 POST, 3 PUT, 4 DELETE, 69 (2.05) Content …
    pub code: u8,
    /// Message type: 0 confirmable, 1 non-confirmable, 2 acknowledgement, 3 reset.
    pub kind: u8,
    /// Uri-Path joined with `/`.
    pub path: Text,
    /// Uri-Host, if any.
    pub host: Option<Text>,
    /// Content-Format number.
    pub format: Option<u16>,
    /// Observe option present.
    pub observe: bool,
    /// Length of the payload in bytes.
    pub length: u32,
}

/// A device that speaks only through its hub, as the hub lists it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct HubChild {
    /// Number or name under which the hub knows it.
    pub key: Text,
    /// What kind of thing the hub calls it, such as `Dimmable light`.
    pub kind: Option<Text>,
    /// The name that its owner gave it.
    pub name: Option<Text>,
    /// Maker.
    pub vendor: Option<Text>,
    /// Model.
    pub model: Option<Text>,
    /// Firmware version.
    pub firmware: Option<Text>,
}
