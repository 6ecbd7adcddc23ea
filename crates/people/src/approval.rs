//! A second person's yes: asked, decided once, or expired.
//!
//! The request is fixed when it is asked and executed as it stands. The caller writes the decided
//! row only if it was still undecided, and executes in the same transaction: once.

use std::time::Duration;

use cordon_model::record::{Action, Approval, PersonId, Verdict};
use cordon_model::{Text, Timestamp};

use crate::secret::{NoRandomness, random};
use crate::totp::base32;

/// How long a request waits unless told.
pub const LASTS: Duration = Duration::from_secs(24 * 3600);

/// The longest that one may wait: what was asked for should still be what is wanted.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Longest reason, in characters: a paragraph.
pub const MAX_REASON_CHARS: usize = 500;

/// Longest request, in bytes: an edit of a device with long notes.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// Why a request cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AskError {
    /// There is no reason, or too much of it.
    #[error("say in up to 500 characters why; the second person reads it")]
    Reason,
    /// The request is too long.
    #[error("the request is too long to be approved; split it")]
    TooLong,
    /// The kernel gave no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why a request cannot be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecideError {
    /// Whoever decides asked for it.
    #[error("somebody else must decide about what you asked for")]
    OwnRequest,
    /// Whoever decides may not.
    #[error("you may not decide about requests; ask an approver or admin")]
    MayNot,
    /// It was decided before.
    #[error("this request was decided already")]
    Decided,
    /// It waited for too long.
    #[error("this request has expired; ask for it again")]
    Expired,
}

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalState {
    /// It waits.
    Open,
    /// Somebody said yes.
    Approved,
    /// Somebody said no.
    Refused,
    /// Nobody said anything in time.
    Expired,
}

impl ApprovalState {
    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ApprovalState::Open => "open",
            ApprovalState::Approved => "approved",
            ApprovalState::Refused => "refused",
            ApprovalState::Expired => "expired",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask<'a> {
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub subject: &'a str,
    /// The request as JSON.
    pub request: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Asks for a second person.
///
/// # Errors
///
/// Why it cannot be asked for.
pub fn ask(
    ask: &Ask<'_>,
    by: &PersonId,
    lasts: Duration,
    now: Timestamp,
) -> Result<Approval, AskError> {
    let reason = ask.reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON_CHARS {
        return Err(AskError::Reason);
    }
    if ask.request.len() > MAX_REQUEST_BYTES {
        return Err(AskError::TooLong);
    }
    Ok(Approval {
        id: base32(&random::<10>()?).to_lowercase().into(),
        action: ask.action,
        subject: Text::from(ask.subject),
        request: Text::from(ask.request),
        reason: Text::from(reason),
        asked_by: by.clone(),
        asked: now,
        expires: now.plus(lasts.min(LONGEST)),
        decided: None,
    })
}

/// Where a request stands now.
#[must_use]
pub fn state(approval: &Approval, now: Timestamp) -> ApprovalState {
    match &approval.decided {
        Some((Verdict::Approved, ..)) => ApprovalState::Approved,
        Some((Verdict::Refused, ..)) => ApprovalState::Refused,
        None if now >= approval.expires => ApprovalState::Expired,
        None => ApprovalState::Open,
    }
}

/// Decides a request: the row as it is from now on. `may` is what the policies say about whoever
/// decides; that it is not who asked holds whatever they say.
///
/// # Errors
///
/// Why it cannot be decided.
pub fn decide(
    approval: &Approval,
    verdict: Verdict,
    by: &PersonId,
    may: bool,
    now: Timestamp,
) -> Result<Approval, DecideError> {
    if *by == approval.asked_by {
        return Err(DecideError::OwnRequest);
    }
    if !may {
        return Err(DecideError::MayNot);
    }
    match state(approval, now) {
        ApprovalState::Open => {}
        ApprovalState::Approved | ApprovalState::Refused => return Err(DecideError::Decided),
        ApprovalState::Expired => return Err(DecideError::Expired),
    }
    Ok(Approval { decided: Some((verdict, by.clone(), now)), ..approval.clone() })
}
