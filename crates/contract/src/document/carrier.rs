//! What carries a conversation.

use std::fmt;
use std::str::FromStr;

use cordon_model::Transport;

use super::{TextError, as_text};

/// What carries a conversation: a transport, any IP packet, or an Ethernet protocol without IP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Carrier {
    /// Any IP packet.
    Ip,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP; the service port is the type.
    Icmp,
    /// ICMPv6; the service port is the type.
    Icmpv6,
    /// Another IP protocol by its number.
    Protocol(u8),
    /// No IP: an ethertype.
    Ether(u16),
}

impl Carrier {
    /// The IP protocol number, where it is one.
    #[must_use]
    pub const fn protocol(self) -> Option<u8> {
        match self {
            Carrier::Tcp => Some(6),
            Carrier::Udp => Some(17),
            Carrier::Icmp => Some(1),
            Carrier::Icmpv6 => Some(58),
            Carrier::Protocol(number) => Some(number),
            Carrier::Ip | Carrier::Ether(_) => None,
        }
    }

    /// The carrier of an IP protocol number.
    #[must_use]
    pub const fn of_protocol(number: u8) -> Self {
        match number {
            6 => Carrier::Tcp,
            17 => Carrier::Udp,
            1 => Carrier::Icmp,
            58 => Carrier::Icmpv6,
            other => Carrier::Protocol(other),
        }
    }

    /// Whether it has ports, or types that stand for them.
    #[must_use]
    pub const fn has_ports(self) -> bool {
        matches!(self, Carrier::Tcp | Carrier::Udp | Carrier::Icmp | Carrier::Icmpv6)
    }

    /// Whether what is carried by `other` is allowed by an entry for `self`.
    #[must_use]
    pub fn covers(self, other: Carrier) -> bool {
        self == other || (self == Carrier::Ip && !matches!(other, Carrier::Ether(_)))
    }
}

impl From<Transport> for Carrier {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Tcp => Carrier::Tcp,
            Transport::Udp => Carrier::Udp,
            Transport::Icmp => Carrier::Icmp,
            Transport::Icmpv6 => Carrier::Icmpv6,
            Transport::Ip(number) => Carrier::of_protocol(number),
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Carrier::Ip => f.write_str("ip"),
            Carrier::Tcp => f.write_str("tcp"),
            Carrier::Udp => f.write_str("udp"),
            Carrier::Icmp => f.write_str("icmp"),
            Carrier::Icmpv6 => f.write_str("icmpv6"),
            Carrier::Protocol(number) => write!(f, "ip/{number}"),
            Carrier::Ether(ethertype) => write!(f, "ether/0x{ethertype:04x}"),
        }
    }
}

impl FromStr for Carrier {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            TextError::new(text, "a transport", "tcp, udp, icmp, icmpv6, ip, ip/47 or ether/0x888e")
        };
        Ok(match text {
            "ip" => Carrier::Ip,
            "tcp" => Carrier::Tcp,
            "udp" => Carrier::Udp,
            "icmp" => Carrier::Icmp,
            "icmpv6" => Carrier::Icmpv6,
            other => {
                if let Some(number) = other.strip_prefix("ip/") {
                    Carrier::of_protocol(number.parse().map_err(|_| wrong())?)
                } else if let Some(hex) = other.strip_prefix("ether/0x") {
                    Carrier::Ether(u16::from_str_radix(hex, 16).map_err(|_| wrong())?)
                } else {
                    return Err(wrong());
                }
            }
        })
    }
}

as_text!(
    Carrier,
    "tcp, udp, icmp, icmpv6, ip (any), ip/N (protocol number) or ether/0xNNNN (ethertype)"
);
