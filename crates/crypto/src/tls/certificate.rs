//! A certificate chain with its key, and what is written in it.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use cordon_model::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{PEM_MAX, RENEW_BEFORE, TlsError, provider, spelled};
use crate::files::{read_public, read_shared_key};

/// Certificates in a chain.
const CHAIN_MAX: usize = 10;

/// SHA-256 of a certificate, as browsers show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let colon = if place == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// Whether a certificate can be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Validity {
    /// Yes.
    Valid,
    /// Yes, for less than [`RENEW_BEFORE`].
    ExpiresSoon,
    /// No more.
    Expired,
    /// Not yet.
    NotYet,
}

/// A certificate chain with its key.
pub struct Identity {
    certified: Arc<CertifiedKey>,
    fingerprint: Fingerprint,
    from: Timestamp,
    until: Timestamp,
    names: Vec<String>,
    self_issued: bool,
}

impl Identity {
    /// From a PEM chain and a PEM key.
    ///
    /// # Errors
    /// When a file cannot be read or does not hold what it should, or key and certificate do not
    /// belong together. Times are not looked at.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain_pem = read_public(chain, PEM_MAX)?;
        let key_pem = read_shared_key(key, PEM_MAX)?;
        Identity::from_pem(&chain_pem, chain, &key_pem, key, false)
    }

    pub(super) fn from_pem(
        chain_pem: &[u8],
        chain: &Path,
        key_pem: &[u8],
        key: &Path,
        self_issued: bool,
    ) -> Result<Self, TlsError> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain_pem)
            .take(CHAIN_MAX)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate(chain.to_owned()))?;
        let Some(first) = certificates.first().cloned() else {
            return Err(TlsError::NoCertificate(chain.to_owned()));
        };
        let private =
            PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| TlsError::NoKey(key.to_owned()))?;
        let unusable = |why: String| TlsError::Unusable { path: chain.to_owned(), why };
        let (_, parsed) = X509Certificate::from_der(&first)
            .map_err(|_| unusable("it is no X.509 certificate".to_owned()))?;
        let certified = CertifiedKey::from_der(certificates, private, &provider()).map_err(
            |error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    TlsError::Mismatch { chain: chain.to_owned(), key: key.to_owned() }
                }
                rustls::Error::General(_) => TlsError::NoKey(key.to_owned()),
                other => unusable(other.to_string()),
            },
        )?;
        let validity = parsed.validity();
        Ok(Identity {
            certified: Arc::new(certified),
            fingerprint: Fingerprint(Sha256::digest(&first).into()),
            from: Timestamp::from_secs(validity.not_before.timestamp()),
            until: Timestamp::from_secs(validity.not_after.timestamp()),
            names: names(&parsed),
            self_issued,
        })
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// From when it is valid.
    #[must_use]
    pub const fn valid_from(&self) -> Timestamp {
        self.from
    }

    /// Until when it is valid.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.until
    }

    /// Host names and addresses that it speaks for.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the service issued it to itself.
    #[must_use]
    pub const fn is_self_issued(&self) -> bool {
        self.self_issued
    }

    /// Whether it can be shown now.
    #[must_use]
    pub fn validity(&self, now: Timestamp) -> Validity {
        if now < self.from {
            Validity::NotYet
        } else if now > self.until {
            Validity::Expired
        } else if self.until.since(now) < RENEW_BEFORE {
            Validity::ExpiresSoon
        } else {
            Validity::Valid
        }
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint)
    }
}

/// Subject alternative names (RFC 5280, section 4.2.1.6).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(spelled(name)),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    });
    names.collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}
