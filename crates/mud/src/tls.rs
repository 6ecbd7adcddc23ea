//! TLS and DTLS client profiles (RFC 9761, `ietf-acl-tls`).

use cordon_model::Text;

use crate::limits::{MAX_ANCHOR, MAX_TEXT};

/// How a device opens TLS or DTLS: what a client may offer. An empty list says nothing.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct TlsProfile {
    /// Its name.
    pub name: Text,
    /// TLS versions as on the wire: 0x0303, 0x0304.
    pub tls_versions: Vec<u16>,
    /// DTLS versions as on the wire: 0xfefd, 0xfefc.
    pub dtls_versions: Vec<u16>,
    /// Cipher suites.
    pub cipher_suites: Vec<u16>,
    /// Extension types.
    pub extension_types: Vec<u16>,
    /// PSK key exchange modes.
    pub psk_modes: Vec<u16>,
    /// Groups.
    pub groups: Vec<u16>,
    /// Signature algorithms for certificates.
    pub certificate_signatures: Vec<u16>,
    /// Signature algorithms.
    pub signatures: Vec<u16>,
    /// Application protocols (ALPN).
    pub alpn: Vec<Text>,
    /// Certificate compression algorithms.
    pub compressions: Vec<u16>,
    /// Trust anchors that servers' certificates lead to, as the file has them (base64).
    pub trust_anchors: Vec<Text>,
    /// Certificate authorities that the client names, as the file has them (base64).
    pub authorities: Vec<Text>,
}

/// A version's name in the file and its number on the wire.
pub(crate) const TLS_VERSIONS: [(&str, u16); 2] = [("tls12", 0x0303), ("tls13", 0x0304)];
/// A version's name in the file and its number on the wire.
pub(crate) const DTLS_VERSIONS: [(&str, u16); 2] = [("dtls12", 0xfefd), ("dtls13", 0xfefc)];

/// The lists of numbers: the leaf's name in RFC 9761, in its drafts, and where it is kept.
/// One table reads and writes them.
pub(crate) const NUMBERS: [Numbers; 7] = [
    Numbers { leaf: "cipher-suite", draft: "cipher-suites", of: |p| &mut p.cipher_suites },
    Numbers { leaf: "extension-type", draft: "extension-types", of: |p| &mut p.extension_types },
    Numbers {
        leaf: "psk-key-exchange-mode",
        draft: "psk-key-exchange-modes",
        of: |p| &mut p.psk_modes,
    },
    Numbers { leaf: "supported-group", draft: "supported-groups", of: |p| &mut p.groups },
    Numbers {
        leaf: "signature-algorithm-cert",
        draft: "signature-algorithms-cert",
        of: |p| &mut p.certificate_signatures,
    },
    Numbers {
        leaf: "signature-algorithm",
        draft: "signature-algorithms",
        of: |p| &mut p.signatures,
    },
    Numbers {
        leaf: "cert-compression-algorithm",
        draft: "cert-compression-algorithms",
        of: |p| &mut p.compressions,
    },
];

/// The lists of texts, likewise.
pub(crate) const TEXTS: [Texts; 3] = [
    Texts {
        leaf: "application-protocol",
        draft: "application-protocols",
        most: MAX_TEXT,
        of: |p| &mut p.alpn,
    },
    Texts {
        leaf: "accept-list-ta-cert",
        draft: "accept-list-ta-certs",
        most: MAX_ANCHOR,
        of: |p| &mut p.trust_anchors,
    },
    Texts {
        leaf: "certificate-authorities",
        draft: "certificate-authority",
        most: MAX_ANCHOR,
        of: |p| &mut p.authorities,
    },
];

/// A leaf-list of numbers.
pub(crate) struct Numbers {
    /// Its name.
    pub leaf: &'static str,
    /// Its name in the drafts.
    pub draft: &'static str,
    /// Where it is kept.
    pub of: fn(&mut TlsProfile) -> &mut Vec<u16>,
}

/// A leaf-list of texts.
pub(crate) struct Texts {
    /// Its name.
    pub leaf: &'static str,
    /// Its name in the drafts.
    pub draft: &'static str,
    /// Most bytes of one of them.
    pub most: usize,
    /// Where it is kept.
    pub of: fn(&mut TlsProfile) -> &mut Vec<Text>,
}
