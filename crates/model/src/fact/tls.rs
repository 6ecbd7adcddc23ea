//! Facts of TLS handshakes, over TCP or inside QUIC.

use serde::{Deserialize, Serialize};

use crate::{Text, Timestamp};

/// A protocol version by its wire number: 0x0300 SSLv3 … 0x0304 TLS 1.3; 0xfeff DTLS 1.0, 0xfefd DTLS 1.2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TlsVersion(pub u16);

impl TlsVersion {
    /// SSLv2, by its wire number.
    pub const SSL2: TlsVersion = TlsVersion(0x0002);
    /// SSLv3.
    pub const SSL3: TlsVersion = TlsVersion(0x0300);
    /// TLS 1.0.
    pub const TLS1_0: TlsVersion = TlsVersion(0x0301);
    /// TLS 1.1.
    pub const TLS1_1: TlsVersion = TlsVersion(0x0302);
    /// TLS 1.2.
    pub const TLS1_2: TlsVersion = TlsVersion(0x0303);
    /// TLS 1.3.
    pub const TLS1_3: TlsVersion = TlsVersion(0x0304);

    /// Whether it is SSL, TLS 1.0 or TLS 1.1 (RFC 8996, RFC 7568), or DTLS 1.0.
    #[must_use]
    pub const fn is_obsolete(self) -> bool {
        matches!(self.0, 0x0002 | 0x0300..=0x0302 | 0xfeff)
    }
}

impl std::fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0x0002 => f.write_str("SSLv2"),
            0x0300 => f.write_str("SSLv3"),
            0x0301 => f.write_str("TLS 1.0"),
            0x0302 => f.write_str("TLS 1.1"),
            0x0303 => f.write_str("TLS 1.2"),
            0x0304 => f.write_str("TLS 1.3"),
            0xfeff => f.write_str("DTLS 1.0"),
            0xfefd => f.write_str("DTLS 1.2"),
            other => write!(f, "TLS version {other:#06x}"),
        }
    }
}

/// ClientHello.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TlsClientHello {
    /// Highest version offered, `supported_versions` included.
    pub version: TlsVersion,
    /// Lowest version offered, where `supported_versions` says so.
    pub lowest: Option<TlsVersion>,
    /// Cipher suites offered, without GREASE.
    pub suites: Vec<u16>,
    /// Named groups offered, without GREASE.
    pub groups: Vec<u16>,
    /// Server name.
    pub sni: Option<Text>,
    /// Application protocols offered.
    pub alpn: Vec<Text>,
    /// JA4 fingerprint of the TLS client.
    pub ja4: Text,
    /// Whether an encrypted ClientHello extension is present.
    pub ech: bool,
    /// Whether it came inside QUIC, and which QUIC version.
    pub quic: Option<u32>,
    /// Extension types, without GREASE, in numeric order: clients shuffle them.
    #[serde(default)]
    pub extensions: Vec<u16>,
    /// Signature algorithms, without GREASE (RFC 8446, 4.2.3).
    #[serde(default)]
    pub signatures: Vec<u16>,
    /// Signature algorithms for certificates, without GREASE (RFC 8446, 4.2.3).
    #[serde(default)]
    pub certificate_signatures: Vec<u16>,
    /// PSK key exchange modes, without GREASE (RFC 8446, 4.2.9).
    #[serde(default)]
    pub psk_modes: Vec<u16>,
    /// Certificate compression algorithms (RFC 8879).
    #[serde(default)]
    pub compressions: Vec<u16>,
}

/// ServerHello.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TlsServerHello {
    /// Version chosen, `supported_versions` included.
    pub version: TlsVersion,
    /// Suite chosen.
    pub suite: u16,
    /// Application protocol chosen, where readable.
    pub alpn: Option<Text>,
}

/// The kind of a public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    /// RSA.
    Rsa,
    /// Elliptic curve.
    Ec,
    /// Ed25519 or Ed448.
    Ed,
    /// DSA.
    Dsa,
    /// Any other.
    Other,
}

/// One X.509 certificate (RFC 5280).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Certificate {
    /// Subject in RFC 4514 style.
    pub subject: Text,
    /// Common name of the subject.
    pub common_name: Option<Text>,
    /// Organisation of the subject.
    pub organisation: Option<Text>,
    /// Issuer in RFC 4514 style.
    pub issuer: Text,
    /// DNS names and addresses it is for, at most 32.
    pub names: Vec<Text>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Key algorithm.
    pub key: KeyAlgorithm,
    /// Key size in bits; 0 where unknown.
    pub key_bits: u32,
    /// Signature algorithm, such as `sha1WithRSAEncryption`.
    pub signature: Text,
    /// Subject equals issuer.
    pub self_signed: bool,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// SHA-256 of the subject public key info: equal where two devices share a key.
    pub key_sha256: [u8; 32],
    /// MUD URL extension (RFC 8520, 11), if present.
    pub mud_url: Option<Text>,
}

/// Certificate message: the chain as sent, the speaker's own certificate first, at most 8.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TlsCertificates {
    /// The chain.
    pub chain: Vec<Certificate>,
}
