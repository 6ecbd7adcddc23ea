//! TLS as logs write it: versions and suites by name, fingerprints as lists of numbers.

use cordon_model::Text;
use cordon_model::fact::{TlsClientHello, TlsServerHello, TlsVersion};

use super::suites::SUITES;

/// A suite that no server can choose (RFC 8701): stands for one that the log does not tell.
pub(super) const UNKNOWN_SUITE: u16 = 0x0a0a;
/// Numbers of a list in a JA3 text that are kept; real ones have fewer.
const MOST_NUMBERS: usize = 128;

/// `TLSv12` as Zeek, `TLS 1.2` as Suricata, `771` as JA3 writes it.
pub(super) fn version(text: &str) -> Option<TlsVersion> {
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match plain.to_ascii_lowercase().as_str() {
        "sslv2" => TlsVersion::SSL2,
        "sslv3" | "768" => TlsVersion::SSL3,
        "tlsv10" | "tlsv1" | "tls10" | "769" => TlsVersion(0x0301),
        "tlsv11" | "tls11" | "770" => TlsVersion(0x0302),
        "tlsv12" | "tls12" | "771" => TlsVersion::TLS1_2,
        "tlsv13" | "tls13" | "772" => TlsVersion::TLS1_3,
        "dtlsv10" | "dtls10" => TlsVersion(0xfeff),
        "dtlsv12" | "dtls12" => TlsVersion(0xfefd),
        _ => return None,
    })
}

/// A suite by its name in the registry of the IANA.
pub(super) fn suite(name: &str) -> Option<u16> {
    let at = SUITES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    SUITES.get(at).map(|(_, number)| *number)
}

/// A hello of which only the server name is known, and what a JA3 text adds.
pub(super) fn client_hello(sni: Option<Text>, ja3: Option<&str>) -> TlsClientHello {
    let mut lists = ja3.unwrap_or_default().split(',');
    let offered = lists.next().and_then(version);
    let mut numbers = || -> Vec<u16> {
        let list = lists.next().unwrap_or_default().split('-');
        list.filter_map(|number| number.parse().ok()).take(MOST_NUMBERS).collect()
    };
    let (suites, mut extensions, groups) = (numbers(), numbers(), numbers());
    extensions.sort_unstable();
    TlsClientHello {
        // Zero is no version: only the negotiated one is in such logs.
        version: offered.unwrap_or(TlsVersion(0)),
        lowest: None,
        suites,
        groups,
        sni,
        alpn: Vec::new(),
        ja4: Text::default(),
        ech: false,
        quic: None,
        extensions,
        signatures: Vec::new(),
        certificate_signatures: Vec::new(),
        psk_modes: Vec::new(),
        compressions: Vec::new(),
    }
}

/// What the server chose, where the log tells its version.
pub(super) fn server_hello(
    version: Option<TlsVersion>,
    suite: Option<u16>,
    alpn: Option<Text>,
) -> Option<TlsServerHello> {
    Some(TlsServerHello { version: version?, suite: suite.unwrap_or(UNKNOWN_SUITE), alpn })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_and_versions_are_known_by_name() {
        assert!(SUITES.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(suite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"), Some(0xc014));
        assert_eq!(suite("TLS_RSA_WITH_RC4_128_SHA"), Some(0x0005));
        assert_eq!(suite("TLS_MADE_UP"), None);
        assert_eq!(version("TLSv10"), version("TLS 1.0"));
        assert_eq!(version("TLSv13"), Some(TlsVersion::TLS1_3));
        assert_eq!(version("UNDETERMINED"), None);
    }

    #[test]
    fn a_ja3_text_gives_suites_and_groups() {
        let hello = client_hello(None, Some("770,51-57-69,11-10,23-24,0"));
        assert_eq!(hello.version, TlsVersion(0x0302));
        assert_eq!((hello.suites, hello.groups), (vec![51, 57, 69], vec![23, 24]));
        assert_eq!(hello.extensions, [10, 11]);
    }
}
