//! The file as a value.

use cordon_model::{Text, Timestamp};

use crate::acl::Acl;
use crate::limits::CACHE_HOURS_DEFAULT;

/// What a maker says of a device (RFC 8520, the `ietf-mud` and access-list containers).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MudFile {
    /// Where the file is from: its name in the world (3.2).
    pub url: Text,
    /// When it was made (3.3).
    pub last_update: Option<Timestamp>,
    /// Where the detached signature is (3.4).
    pub signature: Option<Text>,
    /// Hours before a manager looks again (3.5), 1 to 168.
    pub cache_validity: u16,
    /// Whether the maker still supports the device (3.6).
    pub is_supported: bool,
    /// What the device is, for people (3.7).
    pub systeminfo: Option<Text>,
    /// Maker (3.8).
    pub mfg_name: Option<Text>,
    /// Model (3.8).
    pub model_name: Option<Text>,
    /// Firmware (3.8).
    pub firmware_rev: Option<Text>,
    /// Software (3.8).
    pub software_rev: Option<Text>,
    /// Where its documentation is (3.8).
    pub documentation: Option<Text>,
    /// Extensions that it uses (3.9).
    pub extensions: Vec<Text>,
    /// Whether entries carry TLS profiles (RFC 9761, 5.2), where it says.
    pub tls_profiles: Option<bool>,
    /// Names of the lists about what the device sends (3.10).
    pub from_device: Vec<Text>,
    /// Names of the lists about what is sent to the device (3.10).
    pub to_device: Vec<Text>,
    /// The lists.
    pub acls: Vec<Acl>,
}

impl MudFile {
    /// A file that allows nothing.
    #[must_use]
    pub fn new(url: &str) -> Self {
        MudFile {
            url: url.into(),
            last_update: None,
            signature: None,
            cache_validity: CACHE_HOURS_DEFAULT,
            is_supported: true,
            systeminfo: None,
            mfg_name: None,
            model_name: None,
            firmware_rev: None,
            software_rev: None,
            documentation: None,
            extensions: Vec::new(),
            tls_profiles: None,
            from_device: Vec::new(),
            to_device: Vec::new(),
            acls: Vec::new(),
        }
    }

    /// The list with this name.
    #[must_use]
    pub fn acl(&self, name: &str) -> Option<&Acl> {
        self.acls.iter().find(|acl| acl.name == name)
    }

    /// How many entries its lists have.
    #[must_use]
    pub fn ace_count(&self) -> usize {
        self.acls.iter().map(|acl| acl.aces.len()).sum()
    }

    /// The authority of the file's URL, by which devices of the same maker know each other (8.1).
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        authority(&self.url)
    }
}

/// The host of a URL, without user and port; none where it is no URL with a host.
#[must_use]
pub fn authority(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest.get(..end)?.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_is_the_host_and_nothing_that_imitates_one() {
        assert_eq!(authority("https://toaster.nist.local/super1"), Some("toaster.nist.local"));
        assert_eq!(authority("https://good.example@evil.example:8443/x"), Some("evil.example"));
        assert_eq!(authority("https://[2001:db8::1]:443/x"), Some("2001:db8::1"));
        assert_eq!(authority("https://a.example?b.example/"), Some("a.example"));
        assert_eq!(authority("file:mud.json"), None);
        assert_eq!(authority("file:///mud.json"), None);
    }
}
