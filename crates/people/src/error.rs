//! Why somebody is not let in: one sentence outward, the reason inward.

use std::fmt;

macro_rules! refusals {
    ($($variant:ident $name:literal $title:literal,)*) => {
        /// Why somebody was not let in. For the ledger and the log, never for who is asking.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Refusal { $(#[doc = $title] $variant,)* }

        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Refusal] = &[$(Refusal::$variant,)*];

            /// The name used in the ledger.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Refusal::$variant => $name,)* }
            }

            /// In plain words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Refusal::$variant => $title,)* }
            }
        }
    };
}

refusals! {
    UnknownLink "unknown-link" "The link is unknown or was used before",
    ExpiredLink "expired-link" "The link has expired",
    UnknownPerson "unknown-person" "Nobody has this name or this passkey",
    DisabledPerson "disabled-person" "The person is disabled",
    WrongPassword "wrong-password" "The password is wrong",
    WrongCode "wrong-code" "The one-time or recovery code is wrong",
    ReplayedCode "replayed-code" "The one-time code was used before",
    NoCeremony "no-ceremony" "The sign-in was not begun in this browser, is over or took too long",
    WrongOrigin "wrong-origin" "The browser was at another address than it may be",
    WrongSite "wrong-site" "The passkey answered for another site",
    WrongChallenge "wrong-challenge" "The passkey answered an old or foreign question",
    WrongSignature "wrong-signature" "The passkey's signature is wrong",
    NotVerified "not-verified" "The passkey did not verify its person",
    ClonedPasskey "cloned-passkey" "The passkey's counter went back: there may be a copy of it",
    SuspendedPasskey "suspended-passkey" "The passkey is suspended because there may be a copy",
    Malformed "malformed" "The answer of the browser cannot be read",
    ExpiredSession "expired-session" "The session is over",
    IdleSession "idle-session" "The session was unused for too long",
    UnknownToken "unknown-token" "The token is unknown, mistyped or revoked",
    ExpiredToken "expired-token" "The token has expired",
    TooManyTries "too-many-tries" "There were too many tries",
    Internal "internal" "Something failed inside",
}

/// Somebody was not let in. Its text is the same whatever the reason, so that nobody learns from
/// it which part was wrong.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that did not work; check what you entered and try again")]
pub struct SignInError {
    reason: Refusal,
}

impl SignInError {
    /// An error for a reason.
    #[must_use]
    pub const fn new(reason: Refusal) -> Self {
        SignInError { reason }
    }

    /// Why. For the ledger and the log, never for who is asking.
    #[must_use]
    pub const fn reason(&self) -> Refusal {
        self.reason
    }
}

impl From<Refusal> for SignInError {
    fn from(reason: Refusal) -> Self {
        SignInError::new(reason)
    }
}

impl fmt::Debug for SignInError {
    /// With the reason: logs are written with it, answers with `Display`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignInError({})", self.reason.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outward_text_is_the_same_for_every_reason() {
        let mut texts: Vec<String> =
            Refusal::ALL.iter().map(|reason| SignInError::new(*reason).to_string()).collect();
        texts.dedup();
        assert_eq!(texts.len(), 1);
        for reason in Refusal::ALL {
            assert!(!texts[0].contains(reason.name()));
        }
    }
}
