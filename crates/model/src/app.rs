//! The table of application protocols: one row each, from which names, help, reports and port
//! guesses come.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Transport;

macro_rules! apps {
    ($($variant:ident $name:literal $title:literal tcp[$($tcp:literal),*] udp[$($udp:literal),*] $class:ident $safety:ident,)*) => {
        /// An application (or link-control) protocol.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum App { $(#[doc = $title] $variant,)* }

        impl App {
            /// Every protocol, in table order.
            pub const ALL: &'static [App] = &[$(App::$variant,)*];

            /// The short name used in JSON, filters and configuration; lower-case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(App::$variant => $name,)* }
            }

            /// The name that people know.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(App::$variant => $title,)* }
            }

            /// Whether it speaks to people, things or plants.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(App::$variant => Class::$class,)* }
            }

            /// Whether a listener on the path can read or change it.
            #[must_use]
            pub const fn safety(self) -> Safety {
                match self { $(App::$variant => Safety::$safety,)* }
            }

            /// Service ports registered or customary for TCP.
            #[must_use]
            pub const fn tcp_ports(self) -> &'static [u16] {
                match self { $(App::$variant => &[$($tcp),*],)* }
            }

            /// Service ports registered or customary for UDP.
            #[must_use]
            pub const fn udp_ports(self) -> &'static [u16] {
                match self { $(App::$variant => &[$($udp),*],)* }
            }
        }
    };
}

apps! {
    Dhcp     "dhcp"     "DHCP"                 tcp[]            udp[67, 68]        Network    Clear,
    Dhcpv6   "dhcpv6"   "DHCPv6"               tcp[]            udp[546, 547]      Network    Clear,
    Dns      "dns"      "DNS"                  tcp[53]          udp[53]            Network    Clear,
    Mdns     "mdns"     "mDNS"                 tcp[]            udp[5353]          Discovery  Clear,
    Llmnr    "llmnr"    "LLMNR"                tcp[]            udp[5355]          Discovery  Clear,
    Nbns     "nbns"     "NetBIOS names"        tcp[]            udp[137]           Discovery  Clear,
    Ssdp     "ssdp"     "SSDP"                 tcp[]            udp[1900]          Discovery  Clear,
    Http     "http"     "HTTP"                 tcp[80, 8080, 8000, 8008, 8081, 8888, 49152] udp[] Web Clear,
    Tls      "tls"      "TLS"                  tcp[443, 8443, 8883, 993, 995, 465, 636, 853, 5671] udp[] Web Encrypted,
    Quic     "quic"     "QUIC"                 tcp[]            udp[443]           Web        Encrypted,
    Ntp      "ntp"      "NTP"                  tcp[]            udp[123]           Network    Clear,
    Snmp     "snmp"     "SNMP"                 tcp[]            udp[161, 162]      Management Clear,
    Ssh      "ssh"      "SSH"                  tcp[22]          udp[]              Management Encrypted,
    Telnet   "telnet"   "Telnet"               tcp[23, 2323]    udp[]              Management Clear,
    Ftp      "ftp"      "FTP"                  tcp[21]          udp[]              Management Clear,
    Rtsp     "rtsp"     "RTSP"                 tcp[554, 8554]   udp[]              Media      Clear,
    Mqtt     "mqtt"     "MQTT"                 tcp[1883]        udp[]              Iot        Clear,
    Coap     "coap"     "CoAP"                 tcp[]            udp[5683]          Iot        Clear,
    Modbus   "modbus"   "Modbus/TCP"           tcp[502]         udp[]              Ot         Clear,
    Dnp3     "dnp3"     "DNP3"                 tcp[20000]       udp[20000]         Ot         Clear,
    S7comm   "s7comm"   "S7comm"               tcp[102]         udp[]              Ot         Clear,
    Enip     "enip"     "EtherNet/IP"          tcp[44818]       udp[44818, 2222]   Ot         Clear,
    Bacnet   "bacnet"   "BACnet/IP"            tcp[]            udp[47808]         Ot         Clear,
    Arp      "arp"      "ARP"                  tcp[]            udp[]              Network    Clear,
    Icmp     "icmp"     "ICMP"                 tcp[]            udp[]              Network    Clear,
    Icmpv6   "icmpv6"   "ICMPv6"               tcp[]            udp[]              Network    Clear,
    Igmp     "igmp"     "IGMP"                 tcp[]            udp[]              Network    Clear,
    Eapol    "eapol"    "EAPOL"                tcp[]            udp[]              Network    Clear,
    Lldp     "lldp"     "LLDP"                 tcp[]            udp[]              Discovery  Clear,
    Cdp      "cdp"      "CDP"                  tcp[]            udp[]              Discovery  Clear,
    Wlan     "wlan"     "Wi-Fi management"     tcp[]            udp[]              Network    Clear,
}

/// What a protocol is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// Keeps the network itself going.
    Network,
    /// Lets devices find each other.
    Discovery,
    /// The web and its carriers.
    Web,
    /// Manages devices.
    Management,
    /// Pictures and sound.
    Media,
    /// Sensors and small things.
    Iot,
    /// Controls plants and buildings.
    Ot,
}

/// Whether the protocol protects what it carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Safety {
    /// Readable on the path.
    Clear,
    /// Encrypted.
    Encrypted,
}

impl App {
    /// The protocol whose customary service port this is: a guess, to be shown as a guess.
    #[must_use]
    pub fn guess(transport: Transport, port: u16) -> Option<App> {
        let listed = |app: &&App| match transport {
            Transport::Tcp => app.tcp_ports().contains(&port),
            Transport::Udp => app.udp_ports().contains(&port),
            _ => false,
        };
        App::ALL.iter().find(listed).copied()
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for App {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for App {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        App::ALL
            .iter()
            .find(|app| app.name() == name)
            .copied()
            .ok_or_else(|| serde::de::Error::custom(format!("unknown protocol {name:?}")))
    }
}

/// How it is known which application a flow carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Guessed from the service port.
    Port,
    /// Seen in the payload.
    Payload,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut names: Vec<_> = App::ALL.iter().map(|app| app.name()).collect();
        assert!(
            names
                .iter()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), App::ALL.len());
    }

    #[test]
    fn a_port_is_guessed_only_for_its_transport() {
        assert_eq!(App::guess(Transport::Tcp, 502), Some(App::Modbus));
        assert_eq!(App::guess(Transport::Udp, 502), None);
    }
}
