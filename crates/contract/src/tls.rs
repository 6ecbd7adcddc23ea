//! What a client offered when it opened TLS, and what certificates it was sent, held against the
//! profile that its maker gave (RFC 9761).
//!
//! The profile bears what it lists. What a client offers besides is a difference, as far as it is
//! registered: a number that nobody here knows may be newer than this program, and is none
//! (RFC 9761, 6). GREASE (RFC 8701) and signalling suites stand for nothing. A list that the profile
//! leaves out bears anything, and to offer less than it lists is no difference either.
//!
//! ```
//! use cordon_contract::{TlsRule, tls::registered_suite};
//! let profile = TlsRule { suites: vec![0x1301], ..TlsRule::default() };
//! assert!(profile.suites.iter().all(|suite| registered_suite(*suite)));
//! ```

use std::fmt;

use cordon_model::Text;
use cordon_model::fact::{Certificate, TlsCertificates, TlsClientHello, TlsVersion};

use crate::document::{Entry, EntryId, TlsRule, VerbRule, Why};

/// Values that are named in a sentence; more are counted.
const NAMED: usize = 6;
/// Signalling values among the suites (RFC 5746, 3.3; RFC 7507, 2): they stand for no cipher.
const SIGNALS: [u16; 2] = [0x00ff, 0x5600];

/// What of a hello differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Parameter {
    /// TLS or DTLS versions.
    Versions,
    /// Cipher suites.
    Suites,
    /// Extensions.
    Extensions,
    /// Groups.
    Groups,
    /// Signature algorithms.
    Signatures,
    /// Signature algorithms for certificates.
    CertificateSignatures,
    /// PSK key exchange modes.
    PskModes,
    /// Application protocols.
    Alpn,
    /// Certificate compression.
    Compressions,
    /// The authority of a server's certificate.
    Anchors,
}

/// Something that a client offers and the profile does not bear.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Difference {
    /// What.
    pub of: Parameter,
    /// What the profile bears, as people write it.
    pub expected: Vec<Text>,
    /// What is offered besides.
    pub seen: Vec<Text>,
}

/// A list of numbers that a profile may hold.
struct List {
    of: Parameter,
    profile: fn(&TlsRule) -> &[u16],
    hello: fn(&TlsClientHello) -> &[u16],
    /// Whether a number is registered.
    known: fn(u16) -> bool,
}

const LISTS: [List; 7] = [
    List {
        of: Parameter::Suites,
        profile: |rule| &rule.suites,
        hello: |hello| &hello.suites,
        known: registered_suite,
    },
    List {
        of: Parameter::Extensions,
        profile: |rule| &rule.extensions,
        hello: |hello| &hello.extensions,
        known: registered_extension,
    },
    List {
        of: Parameter::Groups,
        profile: |rule| &rule.groups,
        hello: |hello| &hello.groups,
        known: registered_group,
    },
    List {
        of: Parameter::Signatures,
        profile: |rule| &rule.signatures,
        hello: |hello| &hello.signatures,
        known: registered_signature,
    },
    List {
        of: Parameter::CertificateSignatures,
        profile: |rule| &rule.certificate_signatures,
        hello: |hello| &hello.certificate_signatures,
        known: registered_signature,
    },
    List {
        of: Parameter::PskModes,
        profile: |rule| &rule.psk_modes,
        hello: |hello| &hello.psk_modes,
        known: |mode| mode <= 1,
    },
    List {
        of: Parameter::Compressions,
        profile: |rule| &rule.compressions,
        hello: |hello| &hello.compressions,
        known: |algorithm| (1..=3).contains(&algorithm),
    },
];

/// What a client offers and the profile does not bear; empty where it fits.
#[must_use]
pub fn differences(profile: &TlsRule, hello: &TlsClientHello) -> Vec<Difference> {
    let mut found: Vec<Difference> = versions(profile, hello).into_iter().collect();
    for list in &LISTS {
        let bears = (list.profile)(profile);
        let offered = (list.hello)(hello).iter().filter(|number| {
            !bears.contains(number) && (list.known)(**number) && !SIGNALS.contains(number)
        });
        let seen: Vec<Text> = offered.map(|number| written(list.of, *number)).collect();
        if !bears.is_empty() && !seen.is_empty() {
            let expected = bears.iter().map(|number| written(list.of, *number)).collect();
            found.push(Difference { of: list.of, expected, seen });
        }
    }
    let offered = hello.alpn.iter().filter(|name| !profile.alpn.contains(name) && !is_grease(name));
    let seen: Vec<Text> = offered.cloned().collect();
    if !profile.alpn.is_empty() && !seen.is_empty() {
        found.push(Difference { of: Parameter::Alpn, expected: profile.alpn.clone(), seen });
    }
    found
}

/// Versions: of a hello the highest and the lowest are known.
fn versions(profile: &TlsRule, hello: &TlsClientHello) -> Option<Difference> {
    // Where there is no fingerprint it was not read from a packet, but from the log of another
    // tool, or is older than extensions: the version in its first field may hide a newer one.
    let hides = hello.ja4.is_empty() && hello.version == TlsVersion::TLS1_2;
    if hello.version.0 == 0 || hides {
        return None;
    }
    let datagrams = hello.version.0 >> 8 == 0xfe;
    let bears = if datagrams { &profile.dtls_versions } else { &profile.versions };
    let mut seen: Vec<u16> = vec![hello.version.0];
    seen.extend(hello.lowest.map(|lowest| lowest.0).filter(|lowest| *lowest != hello.version.0));
    seen.retain(|version| !bears.contains(version) && registered_version(*version));
    let name = |version: &u16| written(Parameter::Versions, *version);
    (!bears.is_empty() && !seen.is_empty()).then(|| Difference {
        of: Parameter::Versions,
        expected: bears.iter().map(name).collect(),
        seen: seen.iter().map(name).collect(),
    })
}

/// A device opens TLS otherwise than its contract says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Otherwise {
    /// The entry whose profile it is nearest to.
    pub entry: EntryId,
    /// The MUD file that says so, where one does.
    pub file: Option<Text>,
    /// In which ways.
    pub differences: Vec<Difference>,
}

/// Holds a hello against the entries that allow its conversation: none where one of them bears it,
/// or says nothing of TLS.
#[must_use]
pub fn judge(entries: &[&Entry], hello: &TlsClientHello) -> Option<Otherwise> {
    nearest(entries, |profile| differences(profile, hello))
}

/// The same for the certificates that a server sent. They are seen up to TLS 1.2, and whether their
/// signatures hold is not looked at: the device does that.
#[must_use]
pub fn judge_chain(entries: &[&Entry], chain: &TlsCertificates) -> Option<Otherwise> {
    nearest(entries, |profile| leads_elsewhere(profile, chain).into_iter().collect())
}

/// The authority of a chain, where it is none of the profile's. A server need not send the
/// authority's own certificate: it is known by its name, too.
fn leads_elsewhere(profile: &TlsRule, chain: &TlsCertificates) -> Option<Difference> {
    let last = chain.chain.last()?;
    let is_one = |certificate: &Certificate| {
        let sha256 = hex(&certificate.sha256);
        profile.anchors.iter().any(|anchor| {
            [&certificate.issuer, &certificate.subject].contains(&&anchor.subject)
                || anchor.sha256 == sha256
        })
    };
    if profile.anchors.is_empty() || chain.chain.iter().any(is_one) {
        return None;
    }
    let expected = profile.anchors.iter().map(|anchor| anchor.subject.clone()).collect();
    Some(Difference { of: Parameter::Anchors, expected, seen: vec![last.issuer.clone()] })
}

fn nearest(
    entries: &[&Entry],
    differences: impl Fn(&TlsRule) -> Vec<Difference>,
) -> Option<Otherwise> {
    let mut nearest: Option<Otherwise> = None;
    for entry in entries {
        let mut profiles = entry.verbs.iter().filter_map(|verb| match verb {
            VerbRule::Tls(profile) => Some(profile),
            _ => None,
        });
        let first = profiles.next()?;
        for profile in std::iter::once(first).chain(profiles) {
            let differences = differences(profile);
            if differences.is_empty() {
                return None;
            }
            if nearest.as_ref().is_none_or(|held| differences.len() < held.differences.len()) {
                nearest = Some(Otherwise { entry: entry.id(), file: file(entry), differences });
            }
        }
    }
    nearest
}

/// The MUD file that an entry is from.
fn file(entry: &Entry) -> Option<Text> {
    entry.why.iter().find_map(|why| match why {
        Why::Mud { url, .. } => Some(url.clone()),
        _ => None,
    })
}

impl Otherwise {
    /// In words, to be read behind the device's name.
    #[must_use]
    pub fn says(&self) -> String {
        let whose = match self.file {
            Some(_) => "its maker's profile",
            None => "its contract",
        };
        let differences: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        format!("speaks TLS otherwise than {whose} says: {}", differences.join("; "))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.of {
            Parameter::Versions => "versions",
            Parameter::Suites => "cipher suites",
            Parameter::Extensions => "extensions",
            Parameter::Groups => "groups",
            Parameter::Signatures => "signature algorithms",
            Parameter::CertificateSignatures => "signature algorithms for certificates",
            Parameter::PskModes => "PSK modes",
            Parameter::Alpn => "application protocols",
            Parameter::Compressions => "certificate compression",
            Parameter::Anchors => "authority",
        };
        write!(f, "{what} {} beside {}", listed(&self.seen), listed(&self.expected))
    }
}

fn listed(list: &[Text]) -> String {
    let named: Vec<&str> = list.iter().take(NAMED).map(Text::as_str).collect();
    match list.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> Text {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// As the registries write it.
fn written(of: Parameter, number: u16) -> Text {
    match of {
        Parameter::Versions => TlsVersion(number).to_string().into(),
        Parameter::Extensions
        | Parameter::Groups
        | Parameter::PskModes
        | Parameter::Compressions => number.to_string().into(),
        _ => format!("{number:#06x}").into(),
    }
}

/// ALPN's GREASE are two equal bytes that end in `a` (RFC 8701, 2); what is no text was one, too.
fn is_grease(name: &str) -> bool {
    match name.as_bytes() {
        [] => true,
        [a, b] => a == b && a & 0x0f == 0x0a,
        _ => name.contains('\u{fffd}'),
    }
}

fn registered_version(version: u16) -> bool {
    matches!(version, 0x0002 | 0x0300..=0x0304 | 0xfeff | 0xfefd | 0xfefc)
}

/// Whether a cipher suite is in the registry (TLS Cipher Suites, as of 2026), or was widely used
/// without.
#[must_use]
pub fn registered_suite(suite: u16) -> bool {
    matches!(suite,
        0x0000..=0x00c7 | 0x1301..=0x1307 | 0xc001..=0xc0b7 | 0xc100..=0xc106
        | 0xcc13..=0xcc15 | 0xcca8..=0xccae | 0xd001..=0xd005 | 0xfefe..=0xfeff)
}

/// TLS ExtensionType Values, and next protocol negotiation, which was never registered.
fn registered_extension(extension: u16) -> bool {
    matches!(extension, 0..=64 | 13_172 | 0xfe0d | 0xff01)
}

/// TLS Supported Groups; 0x6399 was tried before the hybrids were registered.
fn registered_group(group: u16) -> bool {
    matches!(group, 1..=41 | 256..=260 | 512..=514 | 4_587..=4_590 | 0x6399 | 0xff01..=0xff02)
}

/// TLS SignatureScheme, and the pairs of hash and signature of TLS 1.2 (RFC 5246, 7.4.1.4.1).
fn registered_signature(scheme: u16) -> bool {
    let [hash, signature] = scheme.to_be_bytes();
    (1..=6).contains(&hash) && signature <= 3
        || matches!(scheme,
            0x0420 | 0x0520 | 0x0620 | 0x0704..=0x070f | 0x0804..=0x0810 | 0x081a..=0x081c
            | 0x0840..=0x0841 | 0x0904..=0x0906)
}
