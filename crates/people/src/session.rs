//! Signed-in browsers.
//!
//! A session is begun anew whenever somebody proves who they are, so its age is the age of the
//! proof: [`fresh`] needs nothing else. A secret that was in the browser before sign-in never
//! becomes a session (no fixation).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cordon_model::record::{PersonId, Session};
use cordon_model::{Text, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Refusal, SignInError};
use crate::secret::{NoRandomness, Secret};

/// How long sessions last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionOptions {
    /// Unused for this long, it ends.
    pub idle: Duration,
    /// It ends for certain after this.
    pub absolute: Duration,
    /// For this long after a sign-in dangerous actions need no other.
    pub fresh: Duration,
}

impl Default for SessionOptions {
    /// 30 minutes, 12 hours (SP 800-63B-4, AAL2: at most 1 hour and 24 hours), 5 minutes.
    fn default() -> Self {
        SessionOptions {
            idle: Duration::from_secs(30 * 60),
            absolute: Duration::from_secs(12 * 3600),
            fresh: Duration::from_secs(5 * 60),
        }
    }
}

/// A browser's own name is kept up to this many characters; it is only shown.
const AGENT_CHARS: usize = 160;

/// Last use is written at most this often, so that reading a page is no write.
const TOUCH: Duration = Duration::from_secs(60);

/// Most sessions of one person; with another the oldest ends.
pub const MAX_PER_PERSON: usize = 16;

/// A browser is signed in: what goes into its cookie, and the row to keep.
///
/// # Errors
///
/// The kernel gave no random bytes.
pub fn begin(
    person: &PersonId,
    agent: &str,
    from: &str,
    now: Timestamp,
    options: &SessionOptions,
) -> Result<(Secret, Session), NoRandomness> {
    let secret = Secret::fresh()?;
    let session = Session {
        hash: secret.hash(),
        person: person.clone(),
        created: now,
        expires: now.plus(options.absolute),
        used: now,
        agent: shown(agent),
        from: shown(from),
    };
    Ok((secret, session))
}

/// The same session under another secret, after a change of its person's role: what was seen of
/// the old secret is worthless, and nothing lasts longer or becomes fresher by it.
///
/// # Errors
///
/// The kernel gave no random bytes.
pub fn rotate(session: &Session, now: Timestamp) -> Result<(Secret, Session), NoRandomness> {
    let secret = Secret::fresh()?;
    let session = Session { hash: secret.hash(), used: now.max(session.used), ..session.clone() };
    Ok((secret, session))
}

/// Whether a session that was found by its hash still lasts.
///
/// # Errors
///
/// It is over, or was unused for too long.
pub fn check(
    session: &Session,
    now: Timestamp,
    options: &SessionOptions,
) -> Result<(), SignInError> {
    // The shorter of what was promised then and what is configured now.
    let end = session.expires.min(session.created.plus(options.absolute));
    if now >= end {
        return Err(Refusal::ExpiredSession.into());
    }
    if now.since(session.used) >= options.idle {
        return Err(Refusal::IdleSession.into());
    }
    Ok(())
}

/// Marks a session as used; true where the row should be written.
pub fn touch(session: &mut Session, now: Timestamp) -> bool {
    let stale = now.since(session.used) >= TOUCH;
    if stale {
        session.used = now;
    }
    stale
}

/// Whether somebody proved who they are within the last minutes.
#[must_use]
pub fn fresh(session: &Session, now: Timestamp, options: &SessionOptions) -> bool {
    // A clock that was set back must not make an old proof a fresh one.
    now >= session.created && now.since(session.created) < options.fresh
}

/// What forms of this session send back. Derived from the secret, which is nowhere kept, so it
/// cannot be computed from a stolen database either.
#[must_use]
pub fn csrf(secret: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(mac(secret).finalize().into_bytes())
}

/// Whether a form came from a page of this session. Takes the same time for every wrong answer.
#[must_use]
pub fn csrf_matches(secret: &Secret, answer: &str) -> bool {
    // 32 bytes are 43 letters; anything longer is not worth decoding.
    answer.len() == 43
        && URL_SAFE_NO_PAD
            .decode(answer)
            .is_ok_and(|answer| mac(secret).verify_slice(&answer).is_ok())
}

fn mac(secret: &Secret) -> Hmac<Sha256> {
    // One block of SHA-256; HMAC pads shorter keys with zeros itself (RFC 2104).
    let mut key = [0; 64];
    key.iter_mut().zip(secret.bytes()).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(b"cordon csrf 1");
    mac
}

fn shown(text: &str) -> Text {
    text.chars().filter(|character| !character.is_control()).take(AGENT_CHARS).collect()
}
