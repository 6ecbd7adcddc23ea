//! Facts: what packets said, as typed values, one per message.
//!
//! Text in facts comes from hostile bytes: it is UTF-8, but may hold any character; surfaces
//! escape it. Parsers bound every list and every text.

mod application;
mod discovery;
mod network;
mod says;
mod tls;
mod wlan;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use application::{
    Coap, Ftp, HttpRequest, HttpResponse, HubChild, Mqtt, Ntp, Rtsp, Snmp, SnmpVersion, Ssh, Telnet,
};
pub use discovery::{Cdp, Lldp, Ssdp, SsdpMethod, UpnpDescription};
pub use network::{
    Arp, Dhcp, DhcpMessage, Dhcpv6, Dns, DnsKind, DnsQuestion, DnsRecord, DnsValue, Eapol,
    GroupMembership, Neighbour, NeighbourMessage, SynFingerprint,
};
pub use tls::{
    Certificate, KeyAlgorithm, TlsCertificates, TlsClientHello, TlsServerHello, TlsVersion,
};
pub use wlan::{AccessPoint, AuthenticationSuite, Cipher, WlanClient};

use crate::operation::ControllerIdentity;
use crate::{App, Credential, FlowId, Mac, Operation, PacketId, Timestamp};

/// One end of a packet or flow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Party {
    /// Link-layer address on the captured segment: the device's own or a router's.
    pub mac: Option<Mac>,
    /// Address.
    pub ip: Option<IpAddr>,
    /// Port, or type for ICMP.
    pub port: Option<u16>,
}

/// What one packet said, who said it, and where that lies.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// When.
    pub at: Timestamp,
    /// Where it lies.
    pub packet: PacketId,
    /// The flow it belongs to, if it is part of one.
    pub flow: Option<FlowId>,
    /// The outermost VLAN, if tagged.
    pub vlan: Option<u16>,
    /// The speaker.
    pub from: Party,
    /// The one spoken to.
    pub to: Party,
    /// What was said.
    pub said: Said,
}

/// What a message said.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "value")]
#[non_exhaustive]
pub enum Said {
    /// ARP request or reply.
    Arp(Arp),
    /// IPv6 neighbour discovery.
    Neighbour(Neighbour),
    /// IGMP or MLD membership.
    Group(GroupMembership),
    /// The first packet of a TCP connection.
    Syn(SynFingerprint),
    /// 802.1X.
    Eapol(Eapol),
    /// LLDP.
    Lldp(Box<Lldp>),
    /// Cisco Discovery Protocol.
    Cdp(Box<Cdp>),
    /// DHCP.
    Dhcp(Box<Dhcp>),
    /// DHCPv6.
    Dhcpv6(Box<Dhcpv6>),
    /// DNS and its relatives: mDNS, LLMNR, NetBIOS names.
    Dns(Box<Dns>),
    /// SSDP.
    Ssdp(Box<Ssdp>),
    /// An UPnP device description fetched over HTTP.
    Upnp(Box<UpnpDescription>),
    /// A hub listing the devices that speak only through it.
    HubChildren(Vec<HubChild>),
    /// HTTP request.
    HttpRequest(Box<HttpRequest>),
    /// HTTP response.
    HttpResponse(Box<HttpResponse>),
    /// TLS or QUIC ClientHello.
    ClientHello(Box<TlsClientHello>),
    /// TLS ServerHello.
    ServerHello(Box<TlsServerHello>),
    /// TLS Certificate message.
    Certificates(Box<TlsCertificates>),
    /// NTP.
    Ntp(Ntp),
    /// SNMP.
    Snmp(Box<Snmp>),
    /// SSH.
    Ssh(Box<Ssh>),
    /// Telnet.
    Telnet(Box<Telnet>),
    /// FTP.
    Ftp(Box<Ftp>),
    /// RTSP.
    Rtsp(Box<Rtsp>),
    /// MQTT.
    Mqtt(Box<Mqtt>),
    /// CoAP.
    Coap(Box<Coap>),
    /// An act over an OT protocol.
    Operation(Box<Operation>),
    /// An OT device saying who it is.
    Controller {
        /// Over which protocol.
        app: App,
        /// What it said.
        identity: Box<ControllerIdentity>,
    },
    /// A credential in clear text, over whichever protocol.
    Credential(Credential),
    /// A Wi-Fi access point advertising a network.
    AccessPoint(Box<AccessPoint>),
    /// A Wi-Fi client probing or associating.
    WlanClient(Box<WlanClient>),
}
