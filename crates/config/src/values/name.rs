//! Names and paths.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use crate::{rule::Rule, value::Word};

macro_rules! name {
    ($(#[$doc:meta])* $Name:ident, $kind:literal, $kinds:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $Name(String);

        impl $Name {
            /// As it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $Name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                $check(text).map($Name)
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Word for $Name {
            const KIND: &'static str = $kind;
            const KINDS: &'static str = $kinds;

            fn from_word(word: &str, _: Rule) -> Result<Self, String> {
                word.parse()
            }

            fn to_word(&self) -> String {
                self.0.clone()
            }
        }
    };
}

name! {
    /// What people call a site: 1 to 64 characters, none of which controls a terminal.
    SiteName, "text", "list of texts", site
}

name! {
    /// The name of a network interface, as the kernel takes it (`dev_valid_name`).
    InterfaceName, "interface name", "list of interface names", interface
}

name! {
    /// A name (RFC 1123) or an address under which a browser reaches the console; in lower case.
    HostName, "host name or address", "list of host names and addresses", host
}

name! {
    /// The name of an account, as `useradd` takes it.
    UserName, "user name", "list of user names", user
}

name! {
    /// The name of a time zone, as in `Europe/Berlin`. Whether there is one is for others to say.
    ZoneName, "time zone", "list of time zones", zone
}

impl SiteName {
    pub(crate) fn here() -> SiteName {
        SiteName("here".to_owned())
    }
}

impl HostName {
    /// The address, where it is one. A passkey cannot be bound to an address (WebAuthn, 5.1.2).
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

/// Where a file or folder lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilePath(PathBuf);

/// PATH_MAX of Linux, in bytes.
const LONGEST_PATH: usize = 4096;

impl FilePath {
    /// As the standard library has it.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Word for FilePath {
    const KIND: &'static str = "path";

    fn from_word(word: &str, rule: Rule) -> Result<Self, String> {
        if word.is_empty() || word.len() > LONGEST_PATH || word.contains('\0') {
            return Err("must be a path".to_owned());
        }
        if rule.absolute && !word.starts_with('/') {
            return Err("must be an absolute path: begin it with /".to_owned());
        }
        Ok(FilePath(PathBuf::from(word)))
    }

    fn to_word(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    fn limits(rule: Rule) -> Option<String> {
        rule.absolute.then(|| "absolute".to_owned())
    }
}

fn site(text: &str) -> Result<String, String> {
    let fits = (1..=64).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(|c| c.is_control() || is_invisible(c));
    if fits {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 64 visible characters, without space at either end".to_owned())
}

/// Marks that turn the direction of text round or take no room: a name could pose as another.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn interface(text: &str) -> Result<String, String> {
    let fits = (1..=15).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b':'));
    if fits {
        return Ok(text.to_owned());
    }
    Err("must be an interface name of 1 to 15 characters; `ip link` lists them".to_owned())
}

fn host(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A last label of digits alone would be read as an address (RFC 1123, 2.1).
    let last_is_no_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| !b.is_ascii_digit()));
    if text.len() <= 253 && text.split('.').all(is_label) && last_is_no_number {
        return Ok(text.to_ascii_lowercase());
    }
    Err("must be a host name such as cordon.example.org, or an address, without port or path"
        .to_owned())
}

fn user(text: &str) -> Result<String, String> {
    let mut bytes = text.bytes();
    let fits = text.len() <= 32
        && bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    if fits {
        return Ok(text.to_owned());
    }
    Err("must be the name of an account".to_owned())
}

fn zone(text: &str) -> Result<String, String> {
    let is_part = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+'))
    };
    if text.len() <= 64 && text.split('/').all(is_part) {
        return Ok(text.to_owned());
    }
    Err("must be a time zone such as UTC or Europe/Berlin; `timedatectl list-timezones` lists them"
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_reach_a_path_or_a_terminal_are_refused() {
        for text in ["", ".", "..", "a/b", "eth0:1", "eth 0", "sixteenletters16", "é", "a\u{1b}"] {
            assert!(interface(text).is_err(), "{text}");
        }
        for text in ["eth0", "enp3s0f1", "br-lan", "vlan.10", "wg0"] {
            assert!(interface(text).is_ok(), "{text}");
        }
        for text in ["", " Hall", "Hall\n", "a\u{202e}b", "x".repeat(65).as_str()] {
            assert!(site(text).is_err(), "{text}");
        }
        assert!(zone("../../etc/passwd").is_err());
        assert!(zone("Etc/GMT+5").is_ok());
        assert!(user("root;reboot").is_err());
    }

    #[test]
    fn hosts_are_names_or_addresses_without_port_or_path() {
        assert_eq!(host("Cordon.Example.ORG").unwrap(), "cordon.example.org");
        assert_eq!(host("2001:DB8::1").unwrap(), "2001:db8::1");
        assert!(HostName("192.0.2.1".to_owned()).address().is_some());
        for text in ["", "a..b", "-a", "a-", "a.", "https://a", "a:1", "192.0.2.256", "1.2", "*.a"]
        {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
