//! Detached signatures (CMS, RFC 5652): who signed these bytes, and whether that can be believed.
//!
//! Made for MUD files (RFC 8520, 13), whose makers sign them with a certificate that leads to an
//! authority that the operator trusts. It sits here and not with the parsers of those files because
//! a parser must not hold keys or know what is trusted.
//!
//! Only DER is read, as OpenSSL writes it with `-outform DER`; SHA-1 is not accepted; the signature
//! must be detached, and everything that is signed must be what was handed in. The trusted
//! authority's own certificate must be valid at the time too: most libraries do not look.

mod chain;
mod der;
mod signed_data;

use aws_lc_rs::digest;
use cordon_model::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use signed_data::{Identifier, SignedData, Signer};

/// Largest signature: a few certificates of 2 kB each.
pub const SIGNATURE_MAX: usize = 64 << 10;
/// Most certificates in a signature, and most trusted authorities: path building tries them all.
pub const CERTIFICATES_MAX: usize = 32;
/// Most who sign one file.
const SIGNERS_MAX: usize = 4;

/// Who signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedBy {
    /// The common name of the signer's certificate, or its whole subject where it has none.
    pub name: String,
    /// The whole subject.
    pub subject: String,
    /// Serial number of the signer's certificate, in hexadecimal.
    pub serial: String,
    /// When the signer's certificate ends.
    pub until: Timestamp,
}

/// Why a signature is not believed. Names come from certificates and are shortened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CmsError {
    /// No CMS, or damaged.
    #[error(
        "the signature is damaged or no CMS signature in DER ({0}); get it again from the maker"
    )]
    Malformed(&'static str),
    /// The signed bytes are inside.
    #[error("the signature has the file inside; a detached one is needed (RFC 8520, 13)")]
    Attached,
    /// Nobody signed.
    #[error("nobody signed it")]
    NoSigner,
    /// No certificate for the signer.
    #[error(
        "the signature does not bring the certificate of its signer; ask the maker for one that does"
    )]
    NoCertificate,
    /// The bytes are not those that were signed.
    #[error("the file was changed after it was signed, or is another one")]
    Changed,
    /// The signature is not by the key of the certificate.
    #[error("the signature is not by the key of {0}")]
    NotBy(String),
    /// A hash or signature that is not accepted.
    #[error(
        "the signature uses {0}, which is not accepted; ask the maker for ECDSA, RSA or Ed25519 with SHA-256 or better"
    )]
    Algorithm(&'static str),
    /// Not yet valid.
    #[error("the certificate of {who} is valid only from {from}")]
    NotYetValid {
        /// Whose.
        who: String,
        /// From when.
        from: Timestamp,
    },
    /// No longer valid.
    #[error("expired: the certificate of {who} ended on {until}")]
    Expired {
        /// Whose.
        who: String,
        /// Until when it was valid.
        until: Timestamp,
    },
    /// Not for signing.
    #[error("the certificate of {0} is not for signing files")]
    Usage(String),
    /// Leads to no authority that is trusted.
    #[error(
        "unknown signer {0}: the certificate leads to no authority that is trusted here; trust the maker's authority if you know it is theirs"
    )]
    Unknown(String),
    /// No authority at all is trusted.
    #[error("no authority is trusted for this; name the maker's")]
    NoAuthority,
}

/// Who signed `content`, by a detached signature, with a certificate that leads to one of
/// `trusted` at the time `at`.
///
/// # Errors
///
/// Why the signature is not believed; where several signed, the reason of the first.
pub fn verify(
    signature: &[u8],
    content: &[u8],
    trusted: &[CertificateDer<'_>],
    at: Timestamp,
) -> Result<SignedBy, CmsError> {
    if signature.len() > SIGNATURE_MAX {
        return Err(CmsError::Malformed("too large"));
    }
    if trusted.is_empty() {
        return Err(CmsError::NoAuthority);
    }
    let signed = SignedData::read(signature)?;
    let mut first = None;
    for signer in &signed.signers {
        match by(&signed, signer, content, trusted, at) {
            Ok(by) => return Ok(by),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(CmsError::NoSigner))
}

/// The certificates of a file, PEM or DER; what else is in it is passed over. None where it has
/// none.
#[must_use]
pub fn certificates(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let der = CertificateDer::from(bytes.to_vec());
    if x509(&der).is_ok() {
        return vec![der];
    }
    let found = CertificateDer::pem_slice_iter(bytes).take(CERTIFICATES_MAX);
    found.filter_map(Result::ok).filter(|certificate| x509(certificate).is_ok()).collect()
}

fn by(
    signed: &SignedData<'_>,
    signer: &Signer<'_>,
    content: &[u8],
    trusted: &[CertificateDer<'_>],
    at: Timestamp,
) -> Result<SignedBy, CmsError> {
    let algorithm = match signer.digest {
        der::SHA256 => &digest::SHA256,
        der::SHA384 => &digest::SHA384,
        der::SHA512 => &digest::SHA512,
        _ => return Err(CmsError::Algorithm("another hash than SHA-256, SHA-384 or SHA-512")),
    };
    let certificate = signed
        .certificates
        .iter()
        .find(|certificate| x509(certificate).is_ok_and(|x509| is_of(&signer.identifier, &x509)))
        .ok_or(CmsError::NoCertificate)?;
    // What was changed is said before who signed it: it is the plainer answer.
    let message = match &signer.attributes {
        Some(attributes) => {
            if attributes.content_type != signed.content_type {
                return Err(CmsError::Malformed("another type of content was signed"));
            }
            if attributes.digest != digest::digest(algorithm, content).as_ref() {
                return Err(CmsError::Changed);
            }
            attributes.signed.as_slice()
        }
        None if signed.content_type == der::DATA => content,
        None => return Err(CmsError::Malformed("no signed attributes")),
    };
    chain::check(certificate, message, signer)?;
    chain::trust(certificate, &signed.certificates, trusted, at)?;
    let x509 = x509(certificate)?;
    Ok(SignedBy {
        name: name(&x509),
        subject: shown(&x509.subject().to_string()),
        serial: shown(&x509.raw_serial_as_string()),
        until: Timestamp::from_secs(x509.validity().not_after.timestamp()),
    })
}

fn is_of(
    identifier: &Identifier<'_>,
    x509: &x509_parser::certificate::X509Certificate<'_>,
) -> bool {
    match identifier {
        Identifier::Serial { issuer, serial } => {
            x509.issuer().as_raw() == *issuer && x509.raw_serial() == *serial
        }
        Identifier::Key(key) => x509.extensions().iter().any(|extension| {
            use x509_parser::extensions::ParsedExtension;
            matches!(extension.parsed_extension(),
                ParsedExtension::SubjectKeyIdentifier(held) if held.0 == *key)
        }),
    }
}

/// Reads a certificate whole.
fn x509<'a>(
    certificate: &'a CertificateDer<'_>,
) -> Result<x509_parser::certificate::X509Certificate<'a>, CmsError> {
    match x509_parser::parse_x509_certificate(certificate) {
        Ok(([], x509)) => Ok(x509),
        _ => Err(CmsError::Malformed("a certificate in it cannot be read")),
    }
}

fn name(x509: &x509_parser::certificate::X509Certificate<'_>) -> String {
    let common = x509.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    shown(common.filter(|name| !name.is_empty()).unwrap_or(&x509.subject().to_string()))
}

/// Text of a certificate, short and without anything that moves a cursor.
fn shown(text: &str) -> String {
    const MOST: usize = 120;
    text.chars().filter(|char| !char.is_control()).take(MOST).collect()
}
