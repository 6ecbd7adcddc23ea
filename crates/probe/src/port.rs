//! What is tried: a transport and a port, as people write it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A port of TCP or UDP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Port {
    /// Of TCP.
    Tcp(u16),
    /// Of UDP.
    Udp(u16),
}

/// Text that is no port.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PortError {
    /// Something else.
    #[error("{0:?} is no port to try; write it as tcp/104 or udp/53")]
    Malformed(String),
    /// Nothing, or the same twice.
    #[error("{0} is named twice; name each port once")]
    Twice(Port),
    /// More than [`crate::MAX_PORTS`].
    #[error("a probe tries at most {most} ports; name fewer", most = crate::MAX_PORTS)]
    TooMany,
}

impl Port {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Port::Tcp(number) | Port::Udp(number) => number,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Port::Tcp(number) => write!(f, "tcp/{number}"),
            Port::Udp(number) => write!(f, "udp/{number}"),
        }
    }
}

impl FromStr for Port {
    type Err = PortError;

    /// `tcp/N` or `udp/N`, N from 1 to 65535 without leading zeros or signs.
    fn from_str(text: &str) -> Result<Self, PortError> {
        let wrong = || PortError::Malformed(text.chars().take(40).collect());
        let (transport, digits) = text.split_once('/').ok_or_else(wrong)?;
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        if !plain || digits.starts_with('0') {
            return Err(wrong());
        }
        let number: u16 = digits.parse().map_err(|_| wrong())?;
        match transport {
            "tcp" => Ok(Port::Tcp(number)),
            "udp" => Ok(Port::Udp(number)),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Ports that somebody named, in their order.
///
/// # Errors
/// Where one is none, one comes twice, or there are more than [`crate::MAX_PORTS`].
pub fn ports<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Vec<Port>, PortError> {
    let mut all = Vec::new();
    for text in texts {
        let port = text.parse()?;
        if all.contains(&port) {
            return Err(PortError::Twice(port));
        }
        if all.len() >= crate::MAX_PORTS {
            return Err(PortError::TooMany);
        }
        all.push(port);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_in_one_spelling() {
        assert_eq!("tcp/104".parse(), Ok(Port::Tcp(104)));
        assert_eq!("udp/65535".parse(), Ok(Port::Udp(65_535)));
        for bad in [
            "",
            "tcp",
            "tcp/",
            "tcp/0",
            "tcp/080",
            "tcp/+80",
            "tcp/65536",
            "sctp/1",
            "TCP/80",
            "80/tcp",
            "tcp/80 ",
            "icmp",
        ] {
            assert!(bad.parse::<Port>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_of_too_many_is_no_scan() {
        let many: Vec<String> = (1..=25).map(|number| format!("tcp/{number}")).collect();
        assert_eq!(ports(many.iter().map(String::as_str)), Err(PortError::TooMany));
        assert_eq!(ports(["tcp/1", "udp/1", "tcp/1"]), Err(PortError::Twice(Port::Tcp(1))));
    }

    #[test]
    fn a_message_repeats_little_of_what_was_sent() {
        let long = "x".repeat(100_000);
        assert!(long.parse::<Port>().unwrap_err().to_string().len() < 120);
    }
}
