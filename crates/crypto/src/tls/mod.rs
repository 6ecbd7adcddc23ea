//! The certificate that the service shows, and how it speaks TLS.
//!
//! A service has one [`ServerIdentity`]: at first a certificate that it issues to itself, then the
//! operator's own. A certificate that cannot be used never takes the service down: what was shown
//! before is shown on, and the reason is handed to whoever asked.

mod certificate;
mod issue;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_model::Timestamp;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

pub use certificate::{Fingerprint, Identity, Validity};

use crate::{CryptoError, Vault};

/// How long a self-issued certificate is valid: what browsers accept at most (CA/Browser Forum
/// Baseline Requirements until 2026, section 6.3.2).
pub const VALID_FOR: Duration = Duration::from_secs(398 * 24 * 3600);
/// A self-issued certificate is renewed when less than this is left; of others it is said.
pub const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Names and addresses in a self-issued certificate.
pub const NAMES_MAX: usize = 64;
/// Bytes of a certificate or key file: a chain of ten certificates stays below.
const PEM_MAX: u64 = 256 << 10;

/// Why a certificate is not used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file.
    #[error(transparent)]
    Key(#[from] CryptoError),
    /// No certificate in the file.
    #[error("{} holds no PEM certificate; give the chain as PEM, the server's own certificate first", .0.display())]
    NoCertificate(PathBuf),
    /// No key in the file.
    #[error("{} holds no unencrypted PEM private key; give one in PKCS#8, SEC1 or PKCS#1 form", .0.display())]
    NoKey(PathBuf),
    /// Not a certificate that TLS can use.
    #[error("the certificate in {} cannot be used ({why}); ask who issued it for an X.509 version 3 server certificate", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Certificate and key are of different pairs.
    #[error(
        "the key in {} does not belong to the first certificate in {}; put the server's own certificate first, and give its key",
        key.display(), chain.display()
    )]
    Mismatch {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// Too late.
    #[error("the certificate in {} expired on {since}; renew it", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// When.
        since: Timestamp,
    },
    /// Too early.
    #[error("the certificate in {} is valid from {from} only; check this machine's clock, or wait", path.display())]
    NotYetValid {
        /// The file.
        path: PathBuf,
        /// When it begins.
        from: Timestamp,
    },
    /// A name that no certificate can carry.
    #[error("{0:?} is neither a host name nor an address; correct it in the configuration")]
    Name(String),
    /// Too many names, or none.
    #[error(
        "a certificate carries 1 to {NAMES_MAX} names, not {0}; correct them in the configuration"
    )]
    Names(usize),
    /// The library refused.
    #[error("no certificate can be made ({0}); report this")]
    Issue(String),
}

/// Which certificate a service should show.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where the self-issued certificate is kept; the file is sealed and has mode 0600.
    pub file: PathBuf,
    /// Host names and addresses for the self-issued certificate.
    pub names: Vec<String>,
    /// The operator's own certificate chain and key.
    pub own: Option<(PathBuf, PathBuf)>,
}

/// What a look at the files led to.
#[derive(Debug)]
pub enum Refreshed {
    /// The same certificate as before.
    Same,
    /// Another one is shown from now on.
    Changed,
    /// The wanted one cannot be used; what was shown before is shown on.
    Kept(TlsError),
}

/// Makes aws-lc-rs the one implementation of TLS in this process; called first in `main`.
/// Calling it again changes nothing.
pub fn install_provider() {
    // An error means that there is one already.
    drop(aws_lc_rs::default_provider().install_default());
}

/// Seals the self-issued certificate in `file` anew where a former master key sealed it; that there
/// is none is no error.
///
/// # Errors
/// When it does not open or cannot be written.
pub fn reseal(file: &Path, vault: &Vault) -> Result<(), CryptoError> {
    issue::reseal(file, vault)
}

/// The certificate that is shown, which can change while connections are made.
#[derive(Debug)]
pub struct ServerIdentity {
    wanted: Wanted,
    current: Arc<Current>,
}

impl ServerIdentity {
    /// Loads the operator's certificate, or the self-issued one, which is made if it is missing,
    /// expires soon or has other names. With it comes why the operator's is not used.
    ///
    /// # Errors
    /// When there is no certificate at all to show.
    pub fn open(
        wanted: Wanted,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<(Self, Option<TlsError>), TlsError> {
        let (identity, problem) = match own(&wanted, now) {
            Some(Ok(identity)) => (identity, None),
            Some(Err(problem)) => (issue::load_or_issue(&wanted, vault, now)?, Some(problem)),
            None => (issue::load_or_issue(&wanted, vault, now)?, None),
        };
        let current = Arc::new(Current(ArcSwap::from_pointee(identity)));
        Ok((ServerIdentity { wanted, current }, problem))
    }

    /// Looks at the files again, and issues anew what expires; for new connections only.
    pub fn refresh(&self, vault: &Vault, now: Timestamp) -> Refreshed {
        let found = own(&self.wanted, now)
            .unwrap_or_else(|| issue::load_or_issue(&self.wanted, vault, now));
        match found {
            Ok(identity) if identity.fingerprint() == self.current().fingerprint() => {
                Refreshed::Same
            }
            Ok(identity) => {
                self.current.0.store(Arc::new(identity));
                Refreshed::Changed
            }
            Err(problem) => Refreshed::Kept(problem),
        }
    }

    /// The certificate that is shown now.
    #[must_use]
    pub fn current(&self) -> Arc<Identity> {
        self.current.0.load_full()
    }

    /// TLS 1.3 and 1.2 for HTTP/2 and HTTP/1.1; follows every [`ServerIdentity::refresh`].
    ///
    /// # Errors
    /// Only if the library refuses its own defaults.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| TlsError::Issue(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What connections ask for the certificate.
#[derive(Debug)]
struct Current(ArcSwap<Identity>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().certified())
    }
}

/// The operator's certificate, if one is configured.
fn own(wanted: &Wanted, now: Timestamp) -> Option<Result<Identity, TlsError>> {
    let (chain, key) = wanted.own.as_ref()?;
    Some(Identity::from_files(chain, key).and_then(|identity| in_time(identity, chain, now)))
}

fn in_time(identity: Identity, path: &Path, now: Timestamp) -> Result<Identity, TlsError> {
    match identity.validity(now) {
        Validity::Expired => {
            Err(TlsError::Expired { path: path.to_owned(), since: identity.expires() })
        }
        Validity::NotYet => {
            Err(TlsError::NotYetValid { path: path.to_owned(), from: identity.valid_from() })
        }
        Validity::Valid | Validity::ExpiresSoon => Ok(identity),
    }
}

fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()))
}

/// The one spelling of a name: addresses as they are printed, host names in lower case.
fn spelled(name: &str) -> String {
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.trim_end_matches('.').to_ascii_lowercase(),
    }
}
