//! Signing in with a password and a one-time code, in one step and with one answer.

use cordon_model::Timestamp;

use crate::error::{Refusal, SignInError};
use crate::password::{HashError, Hasher};
use crate::totp::OneTimeCodes;

/// What is kept about whoever's name was entered.
#[derive(Debug)]
pub struct Claimed<'a> {
    /// The password's hash.
    pub hash: &'a str,
    /// Their one-time codes. What was spent is spent only where sign-in succeeds.
    pub codes: &'a mut OneTimeCodes,
    /// Whether they may no longer sign in.
    pub disabled: bool,
}

/// Somebody proved who they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    /// The password hashed anew, to be kept instead.
    pub renewed: Option<String>,
    /// They used a recovery code; so many are left.
    pub recovery_left: Option<usize>,
}

/// Checks password and code. Somebody unknown is `None` and takes as long as anybody.
///
/// Save the codes in the transaction that begins the session, and only if they are still what was
/// read: then a code wins once, even when it is sent twice at the same moment.
///
/// # Errors
///
/// What is wrong; the same text for everything.
pub fn with_password(
    hasher: &Hasher,
    claimed: Option<Claimed<'_>>,
    password: &str,
    code: &str,
    now: Timestamp,
) -> Result<Proven, SignInError> {
    let kept = claimed.as_ref().map(|claimed| claimed.hash);
    let verified = hasher.verify(password, kept).map_err(|error| match error {
        HashError::Busy => Refusal::TooManyTries,
        HashError::Failed => Refusal::Internal,
    })?;
    let Some(claimed) = claimed else { return Err(Refusal::UnknownPerson.into()) };
    // The code is looked at in any case, on a copy: neither time nor a spent code tells whether
    // the password was right.
    let mut codes = claimed.codes.clone();
    let code = codes.verify(code, now);
    if !verified.matches {
        return Err(Refusal::WrongPassword.into());
    }
    code?;
    if claimed.disabled {
        return Err(Refusal::DisabledPerson.into());
    }
    let before = claimed.codes.recovery_left();
    let left = codes.recovery_left();
    *claimed.codes = codes;
    let recovery_left = (left < before).then_some(left);
    Ok(Proven { renewed: verified.renewed, recovery_left })
}
