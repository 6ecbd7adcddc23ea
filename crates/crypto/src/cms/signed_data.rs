//! `SignedData` (RFC 5652, 5), as far as a detached signature needs it.

use rustls::pki_types::CertificateDer;

use super::der::{
    CONTENT_TYPE, CONTEXT_0, CONTEXT_1, Der, INTEGER, MESSAGE_DIGEST, OCTETS, OID, PRIMITIVE_0,
    SEQUENCE, SET, SIGNED_DATA,
};
use super::{CERTIFICATES_MAX, CmsError, SIGNERS_MAX};

/// A detached signature.
pub(super) struct SignedData<'a> {
    /// What kind of content was signed, as an object identifier.
    pub content_type: &'a [u8],
    /// The certificates that it brings.
    pub certificates: Vec<CertificateDer<'a>>,
    /// Who signed.
    pub signers: Vec<Signer<'a>>,
}

/// One who signed (5.3).
pub(super) struct Signer<'a> {
    pub identifier: Identifier<'a>,
    /// The hash, as an object identifier.
    pub digest: &'a [u8],
    /// What was signed in place of the content.
    pub attributes: Option<Attributes<'a>>,
    /// How it was signed, as an object identifier.
    pub algorithm: &'a [u8],
    pub signature: &'a [u8],
}

/// Which certificate is the signer's.
pub(super) enum Identifier<'a> {
    /// By issuer, as DER, and serial number.
    Serial { issuer: &'a [u8], serial: &'a [u8] },
    /// By the subject key identifier.
    Key(&'a [u8]),
}

/// Signed attributes.
pub(super) struct Attributes<'a> {
    pub content_type: &'a [u8],
    pub digest: &'a [u8],
    /// What the signature is over: the attributes as a SET (5.4).
    pub signed: Vec<u8>,
}

impl<'a> SignedData<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, CmsError> {
        let mut whole = Der(bytes);
        let mut info = whole.inside(SEQUENCE, "no content info")?;
        whole.end("something follows it")?;
        if info.take(OID, "no content type")?.content != SIGNED_DATA {
            return Err(CmsError::Malformed("no signed data"));
        }
        let mut explicit = info.inside(CONTEXT_0, "no signed data")?;
        info.end("something follows the signed data")?;
        let mut data = explicit.inside(SEQUENCE, "no signed data")?;
        explicit.end("something follows the signed data")?;
        data.take(INTEGER, "no version")?;
        data.take(SET, "no hashes")?;
        let mut content = data.inside(SEQUENCE, "no content")?;
        let content_type = content.take(OID, "no content type")?.content;
        if !content.is_empty() {
            return Err(CmsError::Attached);
        }
        let mut certificates = Vec::new();
        if let Some(found) = data.maybe(CONTEXT_0)? {
            let mut found = Der(found.content);
            while !found.is_empty() {
                let value = found.any()?;
                // Attribute certificates and older kinds stand here too (10.2.2).
                if value.tag == SEQUENCE {
                    certificates.push(CertificateDer::from(value.whole));
                }
                if certificates.len() > CERTIFICATES_MAX {
                    return Err(CmsError::Malformed("too many certificates"));
                }
            }
        }
        data.maybe(CONTEXT_1)?;
        let mut infos = data.inside(SET, "no signers")?;
        data.end("something follows the signers")?;
        let mut signers = Vec::new();
        while !infos.is_empty() {
            if signers.len() == SIGNERS_MAX {
                return Err(CmsError::Malformed("too many signers"));
            }
            signers.push(Signer::read(infos.inside(SEQUENCE, "no signer")?)?);
        }
        Ok(SignedData { content_type, certificates, signers })
    }
}

impl<'a> Signer<'a> {
    fn read(mut info: Der<'a>) -> Result<Self, CmsError> {
        info.take(INTEGER, "no version of a signer")?;
        let identifier = match info.maybe(PRIMITIVE_0)? {
            Some(key) => Identifier::Key(key.content),
            None => {
                let mut by = info.inside(SEQUENCE, "no name of a signer")?;
                let issuer = by.take(SEQUENCE, "no issuer of a signer")?.whole;
                let serial = by.take(INTEGER, "no serial number of a signer")?.content;
                Identifier::Serial { issuer, serial }
            }
        };
        let digest = algorithm(&mut info)?;
        let attributes = match info.maybe(CONTEXT_0)? {
            Some(value) => Some(Attributes::read(value.content, value.whole)?),
            None => None,
        };
        let algorithm = algorithm(&mut info)?;
        let signature = info.take(OCTETS, "no signature of a signer")?.content;
        info.maybe(CONTEXT_1)?;
        info.end("something follows a signer")?;
        Ok(Signer { identifier, digest, attributes, algorithm, signature })
    }
}

impl<'a> Attributes<'a> {
    fn read(content: &'a [u8], whole: &'a [u8]) -> Result<Self, CmsError> {
        let mut found = Der(content);
        let (mut content_type, mut digest) = (None, None);
        while !found.is_empty() {
            let mut attribute = found.inside(SEQUENCE, "no signed attribute")?;
            let kind = attribute.take(OID, "no type of a signed attribute")?.content;
            let mut values = attribute.inside(SET, "no value of a signed attribute")?;
            let (place, tag) = match kind {
                CONTENT_TYPE => (&mut content_type, OID),
                MESSAGE_DIGEST => (&mut digest, OCTETS),
                _ => continue,
            };
            // One of each, with one value (11.1, 11.2).
            let value = values.take(tag, "a signed attribute of another kind")?.content;
            values.end("a signed attribute with two values")?;
            if place.replace(value).is_some() {
                return Err(CmsError::Malformed("a signed attribute twice"));
            }
        }
        let (Some(content_type), Some(digest)) = (content_type, digest) else {
            return Err(CmsError::Malformed("a signed attribute is missing"));
        };
        let mut signed = whole.to_vec();
        if let Some(tag) = signed.first_mut() {
            *tag = SET;
        }
        Ok(Attributes { content_type, digest, signed })
    }
}

/// The object identifier of an algorithm. Parameters of the algorithms that are accepted say
/// nothing that the identifiers do not.
fn algorithm<'a>(from: &mut Der<'a>) -> Result<&'a [u8], CmsError> {
    let mut inside = from.inside(SEQUENCE, "no algorithm")?;
    Ok(inside.take(OID, "no algorithm")?.content)
}
