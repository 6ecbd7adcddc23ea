//! Secrets that only their holder has.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The kernel gave no random bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the kernel gave no random bytes; nothing that must be secret can be made")]
pub struct NoRandomness;

/// Random bytes from the kernel.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// 256 random bits: a link, a session or a ceremony. Cannot be guessed, so its plain SHA-256 is
/// enough to keep, and looking it up by that hash tells nothing by time.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A fresh one.
    ///
    /// # Errors
    ///
    /// The kernel gave no random bytes.
    pub fn fresh() -> Result<Self, NoRandomness> {
        random().map(Secret)
    }

    /// Reads one back; none where it is not 43 letters of base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Before decoding: a header may be long.
        if text.len() != 43 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Secret)
    }

    /// As text: 43 letters of base64url.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    /// The hash to look up for what somebody presents.
    #[must_use]
    pub fn hash_text(text: &str) -> Option<[u8; 32]> {
        Self::parse(text).map(|secret| secret.hash())
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_and_never_shown_by_debug() {
        let secret = Secret::fresh().unwrap();
        let text = secret.reveal();
        assert_eq!(Secret::parse(&text), Some(secret.clone()));
        assert_eq!(Secret::hash_text(&text), Some(secret.hash()));
        assert!(!format!("{secret:?}").contains(&text));
        assert_ne!(Secret::fresh().unwrap(), secret);
    }

    #[test]
    fn text_of_any_other_form_is_no_secret() {
        let text = Secret::fresh().unwrap().reveal();
        for other in [&text[1..], &format!("{text}A"), "", &"=".repeat(43), &"é".repeat(43)] {
            assert_eq!(Secret::parse(other), None, "{other}");
        }
    }
}
