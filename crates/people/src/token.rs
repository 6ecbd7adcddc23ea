//! API tokens: `cordon_` and 59 letters, the last seven a checksum, so that scanners of leaked
//! secrets recognise them without asking anybody.

use std::time::Duration;

use cordon_model::record::{PersonId, Scope, Token};
use cordon_model::{Text, Timestamp};

use crate::error::{Refusal, SignInError};
use crate::secret::{NoRandomness, random, sha256};
use crate::totp::base32;

/// What every token begins with.
pub const PREFIX: &str = "cordon_";

/// The longest that a token may be good: a year.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Longest label.
pub const MAX_LABEL_CHARS: usize = 64;

/// Letters of the random part: 256 bits in base32.
const RANDOM_LETTERS: usize = 52;

/// Last use is written at most this often.
const TOUCH: Duration = Duration::from_secs(60);

/// Why a token cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// It would not expire soon enough, or at once.
    #[error("a token lasts from a day to a year")]
    Lasts,
    /// Its label is empty or too long.
    #[error("say in up to 64 characters what the token is for")]
    Label,
    /// The kernel gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A new token: what its program gets, and the row to keep.
///
/// # Errors
///
/// Why it cannot be made.
pub fn make(
    person: &PersonId,
    label: &str,
    scope: Scope,
    lasts: Duration,
    now: Timestamp,
) -> Result<(String, Token), TokenError> {
    if lasts.is_zero() || lasts > LONGEST {
        return Err(TokenError::Lasts);
    }
    let label = label.trim();
    if label.is_empty()
        || label.chars().count() > MAX_LABEL_CHARS
        || label.chars().any(char::is_control)
    {
        return Err(TokenError::Label);
    }
    let secret = base32(&random::<32>()?).to_lowercase();
    let text = format!("{PREFIX}{secret}{}", checksum(&secret));
    let token = Token {
        id: base32(&random::<10>()?).to_lowercase().into(),
        hash: sha256(text.as_bytes()),
        person: person.clone(),
        label: Text::from(label),
        scope,
        created: now,
        expires: now.plus(lasts),
        used: None,
    };
    Ok((text, token))
}

/// The hash to look up for what a program presents; none for what is no token or mistyped.
#[must_use]
pub fn hash_text(text: &str) -> Option<[u8; 32]> {
    let letters = text.strip_prefix(PREFIX)?;
    let (secret, sum) = letters.split_at_checked(RANDOM_LETTERS)?;
    let base32 = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
    (secret.chars().all(base32) && sum == checksum(secret)).then(|| sha256(text.as_bytes()))
}

/// Whether a token that was found by its hash is still good.
///
/// # Errors
///
/// It has expired.
pub fn check(token: &Token, now: Timestamp) -> Result<(), SignInError> {
    if now < token.expires { Ok(()) } else { Err(Refusal::ExpiredToken.into()) }
}

/// Marks a token as used; true where the row should be written.
pub fn touch(token: &mut Token, now: Timestamp) -> bool {
    let stale = token.used.is_none_or(|used| now.since(used) >= TOUCH);
    if stale {
        token.used = Some(now);
    }
    stale
}

/// CRC-32 (ISO 3309) as seven letters of base32.
fn checksum(text: &str) -> String {
    let mut sum = u32::MAX;
    for byte in text.bytes() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            let carry = if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
            sum = (sum >> 1) ^ carry;
        }
    }
    base32(&(!sum).to_be_bytes()).to_lowercase()
}
