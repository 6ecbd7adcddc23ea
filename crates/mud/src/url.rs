//! What is wrong with the URL by which a device names its MUD file (RFC 8520, 5 and 10).

use std::fmt;
use std::net::IpAddr;

use crate::file::authority;
use crate::limits::MAX_URL;

/// Something that is wrong with a MUD URL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum UrlFault {
    /// Its scheme is not `https` (RFC 8520, 5).
    NotHttps,
    /// It has so many bytes, and more than fit into the option (RFC 8520, 10).
    TooLong(usize),
    /// It names no host.
    NoHost,
    /// Its host is an address, for which hardly anybody can vouch.
    Address,
    /// It carries a user name or a password; whoever reads it takes that for the host.
    User,
    /// It holds characters that no URL has (RFC 3986, 2).
    Characters,
}

impl fmt::Display for UrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UrlFault::NotHttps => {
                f.write_str("it is not https, so nobody vouches for what is fetched from there")
            }
            UrlFault::TooLong(bytes) => {
                write!(f, "it has {bytes} bytes, and a MUD URL has at most {MAX_URL}")
            }
            UrlFault::NoHost => f.write_str("it names no host"),
            UrlFault::Address => {
                f.write_str("its host is an address and no name that a certificate vouches for")
            }
            UrlFault::User => f.write_str("it carries a user name, which passes for its host"),
            UrlFault::Characters => f.write_str("it holds characters that no URL has"),
        }
    }
}

/// What is wrong with a MUD URL as a device said it; empty where nothing is.
///
/// ```
/// use cordon_mud::{UrlFault, url_faults};
/// assert!(url_faults("https://maker.example/camera.json").is_empty());
/// assert_eq!(url_faults("http://maker.example/camera.json"), [UrlFault::NotHttps]);
/// ```
#[must_use]
pub fn url_faults(url: &str) -> Vec<UrlFault> {
    let mut faults = Vec::new();
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    if !scheme.eq_ignore_ascii_case("https") {
        faults.push(UrlFault::NotHttps);
    }
    if url.len() > MAX_URL {
        faults.push(UrlFault::TooLong(url.len()));
    }
    match authority(url) {
        None => faults.push(UrlFault::NoHost),
        Some(host) if host.parse::<IpAddr>().is_ok() => faults.push(UrlFault::Address),
        Some(_) => {}
    }
    if user(url) {
        faults.push(UrlFault::User);
    }
    // Those that RFC 3986 excludes: controls, spaces, quotes, angles, braces, and all beyond ASCII.
    let stranger = |byte: u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&byte);
    if url.bytes().any(stranger) {
        faults.push(UrlFault::Characters);
    }
    faults
}

/// Whether two URLs name the same file: scheme and host in any case (RFC 3986, 6.2.2.1).
#[must_use]
pub fn same_url(a: &str, b: &str) -> bool {
    let split = |url: &str| -> Option<(String, String)> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(end)?;
        let path = if path.is_empty() { "/" } else { path };
        Some((format!("{scheme}://{host}").to_ascii_lowercase(), path.to_owned()))
    };
    a == b || (split(a).is_some() && split(a) == split(b))
}

fn user(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_with_a_name_for_a_host_is_sound() {
        assert!(url_faults("https://maker.example/a/b.json?v=2").is_empty());
        assert!(url_faults("HTTPS://maker.example:8443/a").is_empty());
        assert_eq!(url_faults("ftp://maker.example/a"), [UrlFault::NotHttps]);
        assert_eq!(url_faults("https://10.0.0.7/a"), [UrlFault::Address]);
        assert_eq!(url_faults("https://[fd00::7]:443/a"), [UrlFault::Address]);
        assert_eq!(url_faults("https:///a"), [UrlFault::NoHost]);
        assert_eq!(url_faults(""), [UrlFault::NotHttps, UrlFault::NoHost]);
    }

    #[test]
    fn a_host_that_poses_as_another_is_told() {
        assert_eq!(url_faults("https://maker.example@evil.example/a"), [UrlFault::User]);
        assert!(url_faults("https://maker.example/a@b").is_empty());
    }

    #[test]
    fn what_does_not_fit_into_the_option_is_too_long() {
        let of = |length: usize| format!("https://m/{}", "a".repeat(length - "https://m/".len()));
        assert!(url_faults(&of(253)).is_empty());
        assert_eq!(url_faults(&of(254)), [UrlFault::TooLong(254)]);
    }

    #[test]
    fn characters_of_no_url_are_told() {
        for bad in ["https://m/a\u{7}", "https://m/<script>", "https://m/\u{fffd}", "https://m/a b"]
        {
            assert_eq!(url_faults(bad), [UrlFault::Characters], "{bad:?}");
        }
    }

    #[test]
    fn the_same_file_has_the_same_url_in_any_case_of_its_host() {
        assert!(same_url("https://Maker.example/A", "HTTPS://maker.example/A"));
        assert!(same_url("https://maker.example", "https://maker.example/"));
        assert!(!same_url("https://maker.example/A", "https://maker.example/a"));
        assert!(!same_url("http://maker.example/A", "https://maker.example/A"));
        assert!(!same_url("", "https://maker.example/A"));
    }
}
