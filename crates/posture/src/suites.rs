//! What is weak about a TLS cipher suite.

use cordon_model::Severity;

use crate::suite_table::WEAK_SUITES;

/// Why a suite is weak, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Weakness {
    /// Nothing is encrypted.
    Null,
    /// Keys of 40 or 56 bits (FREAK, Logjam).
    Export,
    /// The server is not authenticated.
    Anonymous,
    /// RC4 (RFC 7465).
    Rc4,
    /// DES, RC2, IDEA.
    OldCipher,
    /// 64-bit blocks (Sweet32, CVE-2016-2183).
    TripleDes,
    /// RSA key transport with CBC and SHA-1: no forward secrecy.
    NoForwardSecrecy,
}

impl Weakness {
    pub(crate) const fn severity(self) -> Severity {
        match self {
            Weakness::Null | Weakness::Export | Weakness::Anonymous => Severity::High,
            Weakness::Rc4 | Weakness::OldCipher | Weakness::TripleDes => Severity::Medium,
            Weakness::NoForwardSecrecy => Severity::Low,
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Weakness::Null => "TLS cipher suite without encryption",
            Weakness::Export => "TLS cipher suite with an export key",
            Weakness::Anonymous => "TLS cipher suite without authentication",
            Weakness::Rc4 => "TLS cipher suite with RC4",
            Weakness::OldCipher => "TLS cipher suite with DES, RC2 or IDEA",
            Weakness::TripleDes => "TLS cipher suite with 3DES",
            Weakness::NoForwardSecrecy => "TLS cipher suite without forward secrecy",
        }
    }

    pub(crate) const fn why(self) -> &'static str {
        match self {
            Weakness::Null => "Everything is readable although the connection is called TLS.",
            Weakness::Export => "Keys of 40 or 56 bits are found within hours on one computer.",
            Weakness::Anonymous => "Whoever is on the path can pose as the server.",
            Weakness::Rc4 => "RC4 leaks what it encrypts and is forbidden (RFC 7465).",
            Weakness::OldCipher => "The cipher's key is too short or the cipher is withdrawn.",
            Weakness::TripleDes => {
                "Long connections leak data because the blocks are small (Sweet32, CVE-2016-2183)."
            }
            Weakness::NoForwardSecrecy => {
                "Whoever gets the server's key later can read everything recorded before."
            }
        }
    }
}

/// Name and weakness of a suite; none for suites that are not weak.
pub(crate) fn weakness(suite: u16) -> Option<(&'static str, Weakness)> {
    let at = WEAK_SUITES.binary_search_by_key(&suite, |(number, _)| *number).ok()?;
    let (_, name) = WEAK_SUITES.get(at)?;
    let has = |word: &str| name.contains(word);
    let weakness = if has("NULL") {
        Weakness::Null
    } else if has("EXPORT") {
        Weakness::Export
    } else if has("anon") {
        Weakness::Anonymous
    } else if has("RC4") {
        Weakness::Rc4
    } else if has("3DES") {
        Weakness::TripleDes
    } else if has("DES") || has("RC2") || has("IDEA") {
        Weakness::OldCipher
    } else {
        Weakness::NoForwardSecrecy
    };
    Some((*name, weakness))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(WEAK_SUITES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn suites_are_weak_for_their_worst_part() {
        let of = |suite| weakness(suite).map(|(_, weakness)| weakness);
        assert_eq!(of(0x0001), Some(Weakness::Null));
        assert_eq!(of(0x0003), Some(Weakness::Export));
        assert_eq!(of(0x0018), Some(Weakness::Anonymous));
        assert_eq!(of(0x0005), Some(Weakness::Rc4));
        assert_eq!(of(0x000a), Some(Weakness::TripleDes));
        assert_eq!(of(0x0009), Some(Weakness::OldCipher));
        assert_eq!(of(0x002f), Some(Weakness::NoForwardSecrecy));
        for healthy in [0x1301, 0xc02f, 0xc02b, 0xcca8, 0xc013, 0x009e, 0x00ff] {
            assert_eq!(of(healthy), None, "{healthy:#06x}");
        }
    }
}
