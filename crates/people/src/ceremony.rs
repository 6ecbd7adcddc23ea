//! What was begun in a browser and is not over: registrations and sign-ins.
//!
//! Each is bound to the browser by the random id in its cookie, may be ended once, and lasts five
//! minutes. A browser has one at a time. The table is bounded; who begins many loses their own.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use cordon_model::Timestamp;

use crate::error::{Refusal, SignInError};
pub use crate::limit::Source;
use crate::name::Name;
use crate::passkey::{RegistrationState, SignInState};
use crate::secret::Secret;
use crate::totp::OneTimeCodes;

/// Something that was begun.
#[derive(Debug)]
pub enum Ceremony {
    /// A passkey is being registered.
    Register(Box<RegistrationState>),
    /// A passkey is asked to sign somebody in.
    SignIn(Box<SignInState>),
    /// A password was chosen and its one-time code is being set up.
    Password(Box<PendingPassword>),
}

/// A password that was chosen, until the first one-time code shows that the phone has the secret.
pub struct PendingPassword {
    /// Whose it will be.
    pub name: Name,
    /// The hash of the link that it was begun with.
    pub invite: [u8; 32],
    /// The password's hash.
    pub hash: String,
    /// The one-time codes.
    pub codes: OneTimeCodes,
}

impl fmt::Debug for PendingPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingPassword").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What was begun in browsers and is not over.
#[derive(Debug, Default)]
pub struct Ceremonies {
    begun: HashMap<[u8; 32], Begun>,
}

#[derive(Debug)]
struct Begun {
    ceremony: Ceremony,
    source: Source,
    at: Timestamp,
    tries: u8,
}

impl Ceremonies {
    /// How long one may take: what WebAuthn recommends (Level 3, 15.1).
    pub const LASTS: Duration = Duration::from_secs(300);

    /// How many there may be: about 2 MB.
    pub const MAX: usize = 1024;

    /// How many there may be from one address: an office behind one router.
    pub const MAX_PER_SOURCE: usize = 16;

    /// How many wrong first codes a set-up survives.
    pub const CODE_TRIES: u8 = 5;

    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins one in the browser that has this id in its cookie; what it had begun before is over.
    ///
    /// # Errors
    ///
    /// The id is none that was given out.
    pub fn begin(
        &mut self,
        id: &str,
        source: Source,
        ceremony: Ceremony,
        now: Timestamp,
    ) -> Result<(), SignInError> {
        let key = Secret::hash_text(id).ok_or(Refusal::NoCeremony)?;
        self.begun.retain(|_, begun| alive(begun, now));
        self.begun.remove(&key);
        self.make_room(source);
        self.begun.insert(key, Begun { ceremony, source, at: now, tries: 0 });
        Ok(())
    }

    /// Ends the registration that was begun in this browser.
    ///
    /// # Errors
    ///
    /// There is none, or it took too long.
    pub fn take_registration(
        &mut self,
        id: &str,
        now: Timestamp,
    ) -> Result<RegistrationState, SignInError> {
        match self.take(id, now)? {
            Ceremony::Register(state) => Ok(*state),
            Ceremony::SignIn(_) | Ceremony::Password(_) => Err(Refusal::NoCeremony.into()),
        }
    }

    /// Ends the sign-in that was begun in this browser.
    ///
    /// # Errors
    ///
    /// There is none, or it took too long.
    pub fn take_sign_in(&mut self, id: &str, now: Timestamp) -> Result<SignInState, SignInError> {
        match self.take(id, now)? {
            Ceremony::SignIn(state) => Ok(*state),
            Ceremony::Register(_) | Ceremony::Password(_) => Err(Refusal::NoCeremony.into()),
        }
    }

    /// Ends the set-up of a password with the first code of its phone. A mistyped code may be
    /// tried again, a few times.
    ///
    /// # Errors
    ///
    /// There is none, it took too long, or the code is wrong.
    pub fn take_password(
        &mut self,
        id: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<PendingPassword, SignInError> {
        let key = Secret::hash_text(id).ok_or(Refusal::NoCeremony)?;
        let begun = self.begun.get_mut(&key).filter(|begun| alive(begun, now));
        let begun = begun.ok_or(Refusal::NoCeremony)?;
        if let Ceremony::Password(pending) = &mut begun.ceremony
            && let Err(error) = pending.codes.verify(code, now)
        {
            begun.tries = begun.tries.saturating_add(1);
            if begun.tries >= Self::CODE_TRIES {
                self.begun.remove(&key);
            }
            return Err(error);
        }
        match self.take(id, now)? {
            Ceremony::Password(pending) => Ok(*pending),
            Ceremony::Register(_) | Ceremony::SignIn(_) => Err(Refusal::NoCeremony.into()),
        }
    }

    /// How many are not over.
    #[must_use]
    pub fn len(&self) -> usize {
        self.begun.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    fn take(&mut self, id: &str, now: Timestamp) -> Result<Ceremony, SignInError> {
        let key = Secret::hash_text(id).ok_or(Refusal::NoCeremony)?;
        // Removed before anything is looked at: whatever the outcome, it was used.
        let begun = self.begun.remove(&key).filter(|begun| alive(begun, now));
        begun.map(|begun| begun.ceremony).ok_or(Refusal::NoCeremony.into())
    }

    fn make_room(&mut self, source: Source) {
        let own = self.begun.values().filter(|begun| begun.source == source).count();
        if own >= Self::MAX_PER_SOURCE {
            self.drop_oldest(source);
        } else if self.begun.len() >= Self::MAX
            && let Some(busiest) = self.busiest()
        {
            self.drop_oldest(busiest);
        }
    }

    /// The address with the most: a flood pushes itself out before anybody else.
    fn busiest(&self) -> Option<Source> {
        let mut counts: HashMap<Source, usize> = HashMap::new();
        for begun in self.begun.values() {
            *counts.entry(begun.source).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(source, count)| (*count, *source)).map(|(source, _)| source)
    }

    fn drop_oldest(&mut self, source: Source) {
        let of_source = self.begun.iter().filter(|(_, begun)| begun.source == source);
        let oldest = of_source.min_by_key(|(_, begun)| begun.at).map(|(key, _)| *key);
        if let Some(key) = oldest {
            self.begun.remove(&key);
        }
    }
}

fn alive(begun: &Begun, now: Timestamp) -> bool {
    // One from the future was begun before the clock was set back; how old it is nobody knows.
    now >= begun.at && now.since(begun.at) < Ceremonies::LASTS
}
