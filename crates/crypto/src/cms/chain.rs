//! Whether a certificate's key made a signature, and whether the certificate can be believed.

use std::time::Duration;

use cordon_model::Timestamp;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    anchor_from_trusted_cert, aws_lc_rs as algorithms,
};

use super::signed_data::Signer;
use super::{CERTIFICATES_MAX, CmsError, der, name, x509};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// `id-kp-documentSigning` (RFC 9336).
const DOCUMENT_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x24];

/// Whether the certificate's key signed `message`.
pub(super) fn check(
    certificate: &CertificateDer<'_>,
    message: &[u8],
    signer: &Signer<'_>,
) -> Result<(), CmsError> {
    let x509 = x509(certificate)?;
    let not_by = || CmsError::NotBy(name(&x509));
    let entity = EndEntityCert::try_from(certificate).map_err(|_| not_by())?;
    let mut fits = algorithms_of(signer)?.into_iter();
    let signed = |algorithm| entity.verify_signature(algorithm, message, signer.signature).is_ok();
    // An algorithm for a key of another kind fails without looking at the signature.
    if fits.any(signed) { Ok(()) } else { Err(not_by()) }
}

/// The ways to sign that an object identifier stands for.
fn algorithms_of(signer: &Signer<'_>) -> Result<Vec<Algorithm>, CmsError> {
    use algorithms as a;
    let other = CmsError::Algorithm("an unknown way to sign");
    if signer.algorithm == der::ED25519 {
        return Ok(vec![a::ED25519]);
    }
    let (last, family) = signer.algorithm.split_last().ok_or(other.clone())?;
    let hash = match signer.digest {
        der::SHA256 => 0,
        der::SHA384 => 1,
        _ => 2,
    };
    // Where the way to sign names its hash, it must be the one beside it.
    let named = |first: u8| *last == first + hash;
    let found = match (family, *last) {
        (der::ECDSA, _) if named(2) => [
            vec![a::ECDSA_P256_SHA256, a::ECDSA_P384_SHA256, a::ECDSA_P521_SHA256],
            vec![a::ECDSA_P256_SHA384, a::ECDSA_P384_SHA384, a::ECDSA_P521_SHA384],
            vec![a::ECDSA_P256_SHA512, a::ECDSA_P384_SHA512, a::ECDSA_P521_SHA512],
        ],
        (der::PKCS1, last) if last == 1 || named(11) => [
            vec![a::RSA_PKCS1_2048_8192_SHA256],
            vec![a::RSA_PKCS1_2048_8192_SHA384],
            vec![a::RSA_PKCS1_2048_8192_SHA512],
        ],
        (der::PKCS1, 10) => [
            vec![a::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
            vec![a::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
            vec![a::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ],
        (der::ECDSA | der::PKCS1, _) => {
            return Err(CmsError::Algorithm("two hashes, or SHA-1"));
        }
        _ => return Err(other),
    };
    found.into_iter().nth(usize::from(hash)).ok_or(other)
}

/// Whether the certificate is for signing and leads to an authority that is trusted at a time.
pub(super) fn trust(
    certificate: &CertificateDer<'_>,
    brought: &[CertificateDer<'_>],
    trusted: &[CertificateDer<'_>],
    at: Timestamp,
) -> Result<(), CmsError> {
    let signer = x509(certificate)?;
    if !for_signing(&signer) {
        return Err(CmsError::Usage(name(&signer)));
    }
    valid(certificate, at)?;
    // Trusted itself.
    if trusted.contains(certificate) {
        return Ok(());
    }
    let valid_now: Vec<_> = trusted
        .iter()
        .take(CERTIFICATES_MAX)
        .filter(|authority| valid(authority, at).is_ok())
        .cloned()
        .collect();
    let error = match leads(certificate, brought, &valid_now, at) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    // Does it lead to an authority that was trusted once?
    for authority in trusted.iter().take(CERTIFICATES_MAX) {
        if let Err(ended) = valid(authority, at)
            && leads(certificate, brought, std::slice::from_ref(authority), at).is_ok()
        {
            return Err(ended);
        }
    }
    // One between may have ended.
    if matches!(error, Error::CertExpired { .. } | Error::CertNotValidYet { .. }) {
        for between in brought {
            valid(between, at)?;
        }
    }
    Err(CmsError::Unknown(name(&signer)))
}

fn leads(
    certificate: &CertificateDer<'_>,
    brought: &[CertificateDer<'_>],
    trusted: &[CertificateDer<'_>],
    at: Timestamp,
) -> Result<(), Error> {
    let entity = EndEntityCert::try_from(certificate)?;
    let anchors: Vec<_> =
        trusted.iter().filter_map(|authority| anchor_from_trusted_cert(authority).ok()).collect();
    if anchors.is_empty() {
        return Err(Error::UnknownIssuer);
    }
    let others: Vec<_> = brought.iter().filter(|other| *other != certificate).cloned().collect();
    let seconds = u64::try_from(at.secs()).unwrap_or(0);
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let algorithms = ALL_VERIFICATION_ALGS;
    entity.verify_for_usage(algorithms, &anchors, &others, time, AnyPurpose, None, None).map(|_| ())
}

/// Whether a certificate is valid at a time.
fn valid(certificate: &CertificateDer<'_>, at: Timestamp) -> Result<(), CmsError> {
    let x509 = x509(certificate)?;
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_secs(time.timestamp());
    let (from, until) = (time(x509.validity().not_before), time(x509.validity().not_after));
    let who = || name(&x509);
    // To the second, as certificates are.
    let at = Timestamp::from_secs(at.secs());
    if at < from {
        return Err(CmsError::NotYetValid { who: who(), from });
    }
    if at > until {
        return Err(CmsError::Expired { who: who(), until });
    }
    Ok(())
}

/// The purposes of the signer's certificate were looked at already, all of them at once; webpki
/// asks for one.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Whether a certificate is for signing files. One that names no use is for any; one that names
/// purposes must name code signing, e-mail protection, document signing or any (RFC 5280,
/// 4.2.1.12; RFC 9336).
fn for_signing(x509: &x509_parser::certificate::X509Certificate<'_>) -> bool {
    let key = x509.key_usage();
    let key = key.is_ok_and(|use_| use_.is_none_or(|use_| use_.value.digital_signature()));
    let purposes = x509.extended_key_usage().is_ok_and(|purposes| {
        purposes.is_none_or(|purposes| {
            let named = purposes.value;
            let documents = named.other.iter().any(|oid| oid.as_bytes() == DOCUMENT_SIGNING);
            named.any || named.code_signing || named.email_protection || documents
        })
    });
    key && purposes
}
