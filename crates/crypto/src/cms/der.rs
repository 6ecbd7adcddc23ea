//! The little DER (X.690) that a signature is made of: tags, lengths, and nothing indefinite.

use super::CmsError;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// Context tags: 0 and 1 constructed, 0 primitive.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;
pub(super) const PRIMITIVE_0: u8 = 0x80;

/// `id-data` (RFC 5652, 4).
pub(super) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// `id-signedData` (RFC 5652, 5).
pub(super) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `id-contentType` (RFC 5652, 11.1).
pub(super) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
/// `id-messageDigest` (RFC 5652, 11.2).
pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// RFC 5754, 2.
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// RFC 5754, 2.
pub(super) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
/// RFC 5754, 2.
pub(super) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
/// `ecdsa-with-SHA2` without its last number: 2 to 4 for SHA-256 to SHA-512 (RFC 5754, 3.3).
pub(super) const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// PKCS #1 without its last number: 1 for RSA with the hash beside it, 11 to 13 with SHA-2, 10 for
/// PSS (RFC 8017).
pub(super) const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// `id-Ed25519` (RFC 8419).
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// One value.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    /// With tag and length.
    pub whole: &'a [u8],
}

/// Values one after the other.
#[derive(Clone, Copy)]
pub(super) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The tag of what comes next.
    pub fn peek(self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value.
    pub fn any(&mut self) -> Result<Value<'a>, CmsError> {
        let cut = || CmsError::Malformed("cut off");
        let (&tag, rest) = self.0.split_first().ok_or_else(cut)?;
        // No tag of a signature has a number above 30.
        if tag & 0x1f == 0x1f {
            return Err(CmsError::Malformed("an unknown tag"));
        }
        let (&first, mut rest) = rest.split_first().ok_or_else(cut)?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x80 => return Err(CmsError::Malformed("BER with an indefinite length")),
            _ => {
                let count = usize::from(first & 0x7f);
                let (digits, after) = rest.split_at_checked(count).ok_or_else(cut)?;
                rest = after;
                if count > 3 || digits.first() == Some(&0) {
                    return Err(CmsError::Malformed("a length that is not DER"));
                }
                digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
            }
        };
        let (content, after) = rest.split_at_checked(length).ok_or_else(cut)?;
        let (whole, _) = self.0.split_at_checked(self.0.len() - after.len()).ok_or_else(cut)?;
        self.0 = after;
        Ok(Value { tag, content, whole })
    }

    /// The next value, which has this tag.
    pub fn take(&mut self, tag: u8, what: &'static str) -> Result<Value<'a>, CmsError> {
        let value = self.any()?;
        if value.tag == tag { Ok(value) } else { Err(CmsError::Malformed(what)) }
    }

    /// The values inside the next value, which has this tag.
    pub fn inside(&mut self, tag: u8, what: &'static str) -> Result<Der<'a>, CmsError> {
        Ok(Der(self.take(tag, what)?.content))
    }

    /// The next value if it has this tag.
    pub fn maybe(&mut self, tag: u8) -> Result<Option<Value<'a>>, CmsError> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Nothing may follow.
    pub fn end(self, what: &'static str) -> Result<(), CmsError> {
        if self.is_empty() { Ok(()) } else { Err(CmsError::Malformed(what)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_are_not_der_and_values_that_are_cut_off_are_refused() {
        let cases: [&[u8]; 9] = [
            &[],
            &[0x30],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81],
            &[0x30, 0x82, 0x00, 0x01, 0],
            &[0x30, 0x84, 0, 0, 0, 1, 0],
            &[0x30, 0x83, 0xff, 0xff, 0xff],
            &[0x30, 2, 0],
            &[0x3f, 0x81, 0],
        ];
        for bytes in cases {
            assert!(Der(bytes).any().is_err(), "{bytes:?}");
        }
        let mut two = Der(&[0x02, 1, 5, 0x04, 0]);
        assert_eq!(two.any().unwrap().whole, [0x02, 1, 5]);
        assert_eq!(two.take(OCTETS, "").unwrap().content, [0_u8; 0]);
        assert!(two.is_empty() && two.any().is_err());
    }
}
