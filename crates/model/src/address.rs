//! Link-layer addresses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A 48-bit IEEE 802 MAC address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// Group bit set: multicast or broadcast, never one device.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Locally administered (bit 1 of the first octet): a randomised or made-up address, which
    /// says nothing about a vendor.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// All zero: no address at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }

    /// Whether this address can stand for one device.
    #[must_use]
    pub fn is_device(self) -> bool {
        !self.is_group() && !self.is_zero()
    }

    /// The first three octets as `0x00OOUUII`.
    #[must_use]
    pub const fn oui(self) -> u32 {
        let [a, b, c, ..] = self.0;
        u32::from_be_bytes([0, a, b, c])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not six hexadecimal octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacParseError(String);

impl fmt::Display for MacParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a MAC address; write it as 00:11:22:aa:bb:cc", self.0)
    }
}

impl std::error::Error for MacParseError {}

impl FromStr for Mac {
    type Err = MacParseError;

    /// Accepts `:`, `-`, `.` or nothing between the digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || MacParseError(text.chars().take(40).collect());
        let mut value: u64 = 0;
        let mut digits = 0;
        for c in text.chars().filter(|c| !matches!(c, ':' | '-' | '.')) {
            let digit = c.to_digit(16).ok_or_else(wrong)?;
            digits += 1;
            if digits > 12 {
                return Err(wrong());
            }
            value = value << 4 | u64::from(digit);
        }
        if digits != 12 {
            return Err(wrong());
        }
        let [_, _, octets @ ..] = value.to_be_bytes();
        Ok(Mac(octets))
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl TryFrom<String> for Mac {
    type Error = MacParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_spelling_of_a_mac_is_read() {
        let mac = Mac([0, 0x17, 0x88, 0x24, 0x76, 0xff]);
        for text in ["00:17:88:24:76:ff", "00-17-88-24-76-FF", "0017.8824.76ff", "0017882476ff"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
    }

    #[test]
    fn a_wrong_mac_is_refused_with_the_right_spelling() {
        for text in ["", "00:17", "00:17:88:24:76:ff:00", "zz:17:88:24:76:ff"] {
            let error = text.parse::<Mac>().unwrap_err().to_string();
            assert!(error.contains("00:11:22:aa:bb:cc"), "{error}");
        }
    }
}
