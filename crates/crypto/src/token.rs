//! Random tokens, of which the service keeps only the hash.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::CryptoError;

/// A secret for one person or program: shown once, kept as a hash.
pub struct RandomToken {
    /// base64url text without padding.
    pub text: String,
    /// SHA-256 of the text. Without a salt, because the token is random and not guessed.
    pub hash: [u8; 32],
}

impl fmt::Debug for RandomToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomToken(..)")
    }
}

/// A token of `N` random bytes; 16 are enough, 32 are customary.
///
/// # Errors
/// When the kernel gives no randomness.
pub fn random_token<const N: usize>() -> Result<RandomToken, CryptoError> {
    let text = URL_SAFE_NO_PAD.encode(random_bytes::<N>()?);
    let hash = hash_token(&text);
    Ok(RandomToken { text, hash })
}

/// The hash under which a token is kept and looked up.
#[must_use]
pub fn hash_token(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Whether two secrets are equal, in a time that depends on their length alone.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

/// Randomness from the kernel.
///
/// # Errors
/// When the kernel gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| CryptoError::System("randomness"))?;
    Ok(bytes)
}
