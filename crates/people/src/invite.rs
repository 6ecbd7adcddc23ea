//! Links that let one person in once.
//!
//! The caller consumes a link atomically: it removes the row in the same transaction that adds
//! the way to sign in, and goes on only if the row was still there.

use std::time::Duration;

use cordon_model::record::{Invite, PersonId, Role};
use cordon_model::{Text, Timestamp};

use crate::error::{Refusal, SignInError};
use crate::secret::{NoRandomness, Secret};

/// How long the link of the first start is good.
pub const FIRST: Duration = Duration::from_secs(24 * 3600);

/// The longest that a link may be good: a week, so that a forgotten letter opens nothing.
pub const LONGEST: Duration = Duration::from_secs(168 * 3600);

/// A new link: what goes into it, and the row to keep. Lasts at most [`LONGEST`].
///
/// # Errors
///
/// The kernel gave no random bytes.
pub fn make(
    role: Role,
    person: Option<PersonId>,
    by: &str,
    lasts: Duration,
    now: Timestamp,
) -> Result<(Secret, Invite), NoRandomness> {
    let secret = Secret::fresh()?;
    let invite = Invite {
        hash: secret.hash(),
        person,
        role,
        by: Text::from(by),
        created: now,
        expires: now.plus(lasts.min(LONGEST)),
    };
    Ok((secret, invite))
}

/// Whether a link that was found by its hash is still good.
///
/// # Errors
///
/// It has expired.
pub fn check(invite: &Invite, now: Timestamp) -> Result<(), SignInError> {
    if now < invite.expires { Ok(()) } else { Err(Refusal::ExpiredLink.into()) }
}
