//! Ranges of ports.

use std::fmt;
use std::str::FromStr;

use super::{TextError, as_text};

/// Ports from a first to a last, both included; for ICMP, types. Never empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ports {
    first: u16,
    last: u16,
}

impl Ports {
    /// Every port.
    pub const ALL: Ports = Ports { first: 0, last: u16::MAX };
    /// The ports that no service owns by right (RFC 6335): everything above the system ports.
    pub const HIGH: Ports = Ports { first: 1024, last: u16::MAX };

    /// One port.
    #[must_use]
    pub const fn one(port: u16) -> Self {
        Ports { first: port, last: port }
    }

    /// From one end to the other, in whichever order they come.
    #[must_use]
    pub const fn range(a: u16, b: u16) -> Self {
        if a <= b { Ports { first: a, last: b } } else { Ports { first: b, last: a } }
    }

    /// The first port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// Whether `port` is among them.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// Whether every port of `other` is among them.
    #[must_use]
    pub const fn covers(self, other: Ports) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Whether it is one port only.
    #[must_use]
    pub const fn is_one(self) -> bool {
        self.first == self.last
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_one() {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl FromStr for Ports {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TextError::new(text, "a port or a range of ports", "443 or 1024-65535");
        let number = |text: &str| text.trim().parse::<u16>().map_err(|_| wrong());
        match text.split_once('-') {
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err(wrong());
                }
                Ok(Ports { first, last })
            }
            None => number(text).map(Ports::one),
        }
    }
}

as_text!(Ports, "a port such as 443, or a range such as 1024-65535; for ICMP a type");
