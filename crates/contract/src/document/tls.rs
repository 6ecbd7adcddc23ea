//! How a client may open TLS (RFC 9761), as numbers of the registries of the IANA.

use cordon_model::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client may open TLS or DTLS. An empty list says nothing, and bears anything.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct TlsRule {
    /// Versions that may be offered, as on the wire: 0x0303, 0x0304.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<u16>,
    /// Cipher suites that may be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<u16>,
    /// Groups that may be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<u16>,
    /// Application protocols (ALPN) that may be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub alpn: Vec<Text>,
    /// Versions of DTLS that may be offered, as on the wire: 0xfefd, 0xfefc.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dtls_versions: Vec<u16>,
    /// Extensions that may be present.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<u16>,
    /// Signature algorithms that may be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<u16>,
    /// Signature algorithms that may be offered for certificates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate_signatures: Vec<u16>,
    /// PSK key exchange modes that may be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub psk_modes: Vec<u16>,
    /// Certificate compression algorithms that may be offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compressions: Vec<u16>,
    /// Authorities to which the certificates of servers lead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anchors: Vec<Anchor>,
}

/// An authority that a profile trusts.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Its name (RFC 4514).
    #[schemars(with = "String")]
    pub subject: Text,
    /// SHA-256 of its certificate, in hexadecimal.
    #[schemars(with = "String")]
    pub sha256: Text,
}

impl TlsRule {
    /// Whether everything that `other` bears is borne by this rule.
    #[must_use]
    pub fn covers(&self, other: &TlsRule) -> bool {
        fn all_of<T: PartialEq>(outer: &[T], inner: &[T]) -> bool {
            outer.is_empty() || (!inner.is_empty() && inner.iter().all(|one| outer.contains(one)))
        }
        self.numbers().iter().zip(other.numbers()).all(|(outer, inner)| all_of(outer, inner))
            && all_of(&self.alpn, &other.alpn)
            && all_of(&self.anchors, &other.anchors)
    }

    fn numbers(&self) -> [&[u16]; 9] {
        [
            &self.versions,
            &self.suites,
            &self.groups,
            &self.dtls_versions,
            &self.extensions,
            &self.signatures,
            &self.certificate_signatures,
            &self.psk_modes,
            &self.compressions,
        ]
    }
}
