//! Signing in and out, and who a cookie or token belongs to.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use cordon_model::record::{Action, Credential, CredentialKind, Entry, Person, PersonId, Session};
use cordon_people::limit::{Source, Try};
use cordon_people::sign_in::{Claimed, with_password};
use cordon_people::{
    Assertion, Ceremony, Name, OneTimeCodes, Refusal, Secret, SignInError, StoredPasskey, session,
    token,
};
use cordon_store::Write;

use super::Engine;
use crate::view::Me;
use crate::{Answer, Caller, Problem, ProblemKind, SignedIn, Visit, Who};

impl Engine {
    pub(super) fn session_of(&self, secret: &str, visit: &Visit) -> Option<Caller> {
        let secret = Secret::parse(secret)?;
        let (hash, now) = (secret.hash(), self.clock.now());
        let mut folk = self.folk.write().unwrap_or_else(PoisonError::into_inner);
        let session = folk.sessions.get_mut(&hash)?;
        session::check(session, now, &self.options.session).ok()?;
        if self.is_ahead(session.created) {
            return None;
        }
        // Last use is told from memory; a restart forgets minutes of it and nothing else.
        if !visit.by_itself {
            session::touch(session, now);
        }
        let fresh = session::fresh(session, now, &self.options.session);
        let id = session.person.clone();
        let person = folk.people.get(&id).filter(|person| !person.disabled)?;
        Some(Caller {
            who: Who::Person {
                id,
                name: person.name.to_string(),
                role: person.role,
                session: hash,
                csrf: session::csrf(&secret),
                fresh,
            },
            from: Some(visit.from),
        })
    }

    pub(super) fn token_of(&self, text: &str, visit: &Visit) -> Option<Caller> {
        let hash = token::hash_text(text)?;
        let now = self.clock.now();
        let mut folk = self.folk.write().unwrap_or_else(PoisonError::into_inner);
        let token = folk.tokens.get_mut(&hash)?;
        token::check(token, now).ok()?;
        if self.is_ahead(token.created) {
            return None;
        }
        token::touch(token, now);
        let (id, owner, scope) = (token.id.to_string(), token.person.clone(), token.scope);
        let person = folk.people.get(&owner).filter(|person| !person.disabled)?;
        let role = person.role;
        Some(Caller { who: Who::Token { id, owner, role, scope }, from: Some(visit.from) })
    }

    /// Whether whoever was recognised a while ago still is somebody: a stream of changes asks
    /// again and again, and that is no use of the session.
    pub(super) fn still(&self, caller: &Caller) -> Answer<()> {
        let (folk, now) = (self.folk(), self.clock.now());
        let enabled = |id: &PersonId| folk.people.get(id).is_some_and(|one| !one.disabled);
        let good = match &caller.who {
            Who::Person { id, session, .. } => {
                let lasts = folk.sessions.get(session).is_some_and(|session| {
                    session::check(session, now, &self.options.session).is_ok()
                });
                lasts && enabled(id)
            }
            Who::Token { id, owner, .. } => {
                let token = folk.tokens.values().find(|token| token.id == *id);
                token.is_some_and(|token| token::check(token, now).is_ok()) && enabled(owner)
            }
            Who::Local { .. } | Who::System => true,
        };
        let over = || Problem::new(ProblemKind::SignInNeeded, "you are signed out; sign in again");
        if good { Ok(()) } else { Err(over()) }
    }

    pub(super) fn who_am_i(&self, caller: &Caller) -> Me {
        let (id, name, role) = match &caller.who {
            Who::Person { id, name, role, .. } => (id.to_string(), name.clone(), role.name()),
            Who::Token { owner, role, .. } => {
                (owner.to_string(), self.folk().label(&caller.actor()), role.name())
            }
            Who::Local { .. } | Who::System => {
                (String::new(), self.folk().label(&caller.actor()), "admin")
            }
        };
        Me { id, name, role: role.to_owned(), may: self.may_names(caller) }
    }

    pub(super) async fn begin_passkey(&self, visit: &Visit) -> Answer<serde_json::Value> {
        self.count(visit, Try::Ceremony).await?;
        let (options, state) = self
            .passkeys
            .begin_sign_in(&visit.origin)
            .map_err(|hindrance| Problem::invalid(hindrance.to_string()))?;
        let ceremony = Ceremony::SignIn(Box::new(state));
        let now = self.clock.now();
        self.ceremonies()
            .begin(&visit.ceremony, visit.from.into(), ceremony, now)
            .map_err(refused)?;
        Ok(options)
    }

    pub(super) async fn end_passkey(
        &self,
        visit: &Visit,
        answer: serde_json::Value,
    ) -> Answer<SignedIn> {
        self.count(visit, Try::Ceremony).await?;
        match self.try_passkey(visit, answer).await {
            Ok(signed_in) => Ok(signed_in),
            Err(Failed::Problem(problem)) => Err(problem),
            Err(Failed::Refused(error, who)) => Err(self.refuse(visit, error, who).await),
        }
    }

    async fn try_passkey(
        &self,
        visit: &Visit,
        answer: serde_json::Value,
    ) -> Result<SignedIn, Failed> {
        let now = self.clock.now();
        let state = self.ceremonies().take_sign_in(&visit.ceremony, now)?;
        let assertion = Assertion::parse(answer)?;
        let writing = self.writing.lock().await;
        let id = assertion.passkey();
        let known = self.folk().credentials.get(id.as_str()).cloned();
        let mut credential = known.ok_or(SignInError::new(Refusal::UnknownPerson))?;
        let owner = credential.person.clone();
        let whose = |error: SignInError| Failed::Refused(error, Some(owner.clone()));
        let mut stored = self.open_passkey(&credential).map_err(whose)?;
        let proven = self.passkeys.finish_sign_in(state, &assertion, &owner, &mut stored);
        if proven.is_ok() || stored.suspended() {
            credential.sealed = self.seal_passkey(&stored).map_err(whose)?;
            credential.used = Some(now);
        }
        if let Err(error) = proven {
            if stored.suspended() {
                let write = Write::PutCredential(credential.clone());
                self.write_folk(vec![write], Vec::new(), |folk| {
                    folk.credentials.insert(credential.id.clone(), credential);
                })
                .await?;
            }
            return Err(whose(error));
        }
        let person = self.folk().people.get(&owner).cloned();
        let person = person
            .filter(|person| !person.disabled)
            .ok_or_else(|| whose(SignInError::new(Refusal::DisabledPerson)))?;
        let done = self.let_in(visit, &person, vec![credential], "passkey").await?;
        drop(writing);
        Ok(done)
    }

    pub(super) async fn with_password(
        &self,
        visit: &Visit,
        name: &str,
        password: &str,
        code: &str,
    ) -> Answer<SignedIn> {
        let key = Name::key_of(name);
        self.count(visit, Try::Password { name: &key }).await?;
        match self.try_password(visit, &key, password, code).await {
            Ok(signed_in) => Ok(signed_in),
            Err(Failed::Problem(problem)) => Err(problem),
            Err(Failed::Refused(error, who)) => Err(self.refuse(visit, error, who).await),
        }
    }

    async fn try_password(
        &self,
        visit: &Visit,
        name: &str,
        password: &str,
        code: &str,
    ) -> Result<SignedIn, Failed> {
        let found = {
            let folk = self.folk();
            folk.named(name).and_then(|person| {
                let hash = folk.one(&person.id, CredentialKind::Password)?.clone();
                let codes = folk.one(&person.id, CredentialKind::Totp)?.clone();
                Some((person.clone(), hash, codes))
            })
        };
        let who = found.as_ref().map(|(person, ..)| person.id.clone());
        let whose = |error: SignInError| Failed::Refused(error, who.clone());
        let opened = match &found {
            None => None,
            Some((person, hash, codes)) => {
                let hash = self.open_password(hash).map_err(whose)?;
                Some((person.disabled, hash, self.open_codes(codes).map_err(whose)?))
            }
        };
        let (hasher, now) = (Arc::clone(&self.hasher), self.clock.now());
        let (password, code) = (password.to_owned(), code.to_owned());
        let checked = tokio::task::spawn_blocking(move || {
            let mut opened = opened;
            let claimed = opened.as_mut().map(|(disabled, hash, codes)| Claimed {
                hash: hash.as_str(),
                codes,
                disabled: *disabled,
            });
            let proven = with_password(&hasher, claimed, &password, &code, now);
            proven.map(|proven| (proven, opened.map(|(_, _, codes)| codes)))
        })
        .await
        .map_err(|_| whose(SignInError::new(Refusal::Internal)))?;
        let (proven, codes) = checked.map_err(whose)?;
        let (Some((person, mut hash, mut totp)), Some(codes)) = (found, codes) else {
            return Err(whose(SignInError::new(Refusal::Internal)));
        };
        let writing = self.writing.lock().await;
        // A code wins once: what was read must still be what is kept.
        if self.folk().credentials.get(&totp.id) != Some(&totp) {
            return Err(whose(SignInError::new(Refusal::ReplayedCode)));
        }
        // Disabled while the password was hashed: no session may wait for the day they are
        // enabled again.
        if self.folk().people.get(&person.id).is_none_or(|person| person.disabled) {
            return Err(whose(SignInError::new(Refusal::DisabledPerson)));
        }
        totp.sealed = self.seal_codes(&person.id, &codes).map_err(whose)?;
        totp.used = Some(now);
        hash.used = Some(now);
        if let Some(renewed) = proven.renewed {
            hash.sealed = self.seal_password(&person.id, &renewed).map_err(whose)?;
        }
        let done = self.let_in(visit, &person, vec![totp, hash], "password and code").await?;
        drop(writing);
        self.limits().succeeded(visit.from.into(), name, now);
        Ok(done)
    }

    /// Begins a session for somebody who proved who they are; whoever calls holds `writing`.
    pub(super) async fn let_in(
        &self,
        visit: &Visit,
        person: &Person,
        credentials: Vec<Credential>,
        how: &str,
    ) -> Answer<SignedIn> {
        let (secret, entry, row, ended) = self.new_session(visit, &person.id, how)?;
        let mut writes: Vec<Write> =
            credentials.iter().cloned().map(Write::PutCredential).collect();
        writes.push(Write::PutSession(row.clone()));
        let at = self.clock.now();
        writes.extend(ended.iter().map(|hash| Write::EndSession { hash: *hash, at }));
        self.write_folk(writes, vec![entry], |folk| {
            for credential in credentials {
                folk.credentials.insert(credential.id.clone(), credential);
            }
            for hash in ended {
                folk.sessions.remove(&hash);
            }
            folk.sessions.insert(row.hash, row);
        })
        .await?;
        Ok(self.signed_in(secret, person, visit.from))
    }

    /// A session, its ledger entry, and the sessions that make room for it.
    pub(super) fn new_session(
        &self,
        visit: &Visit,
        person: &PersonId,
        how: &str,
    ) -> Answer<(Secret, Entry, Session, Vec<[u8; 32]>)> {
        let now = self.clock.now();
        let from = visit.from.to_string();
        let (secret, row) = session::begin(person, &visit.agent, &from, now, &self.options.session)
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
        let mut own: Vec<Session> =
            self.folk().sessions.values().filter(|one| one.person == *person).cloned().collect();
        own.sort_by_key(|one| one.used);
        let over = own.len().saturating_add(1).saturating_sub(session::MAX_PER_PERSON);
        let ended = own.into_iter().take(over).map(|one| one.hash).collect();
        let actor = format!("person:{person}");
        let detail = [("how", how), ("from", from.as_str())];
        let entry = self.entry(&actor, Action::SessionBegin, &person.0, &detail);
        Ok((secret, entry, row, ended))
    }

    pub(super) fn signed_in(&self, secret: Secret, person: &Person, from: IpAddr) -> SignedIn {
        let caller = Caller {
            who: Who::Person {
                id: person.id.clone(),
                name: person.name.to_string(),
                role: person.role,
                session: secret.hash(),
                csrf: session::csrf(&secret),
                fresh: true,
            },
            from: Some(from),
        };
        SignedIn {
            secret: secret.reveal(),
            lasts_secs: self.options.session.absolute.as_secs(),
            me: self.who_am_i(&caller),
        }
    }

    pub(super) async fn end_own_session(&self, caller: &Caller) -> Answer<()> {
        let Who::Person { id, session, .. } = &caller.who else { return Ok(()) };
        let entry = self.entry(&caller.actor(), Action::SessionEnd, &id.0, &[]);
        let (hash, at) = (*session, self.clock.now());
        let done = self.write_folk(vec![Write::EndSession { hash, at }], vec![entry], |_| {}).await;
        // Whoever leaves is out, also where that cannot be written down.
        self.folk.write().unwrap_or_else(PoisonError::into_inner).sessions.remove(&hash);
        done
    }

    /// Counts a try before anything is looked at.
    pub(super) async fn count(&self, visit: &Visit, what: Try<'_>) -> Answer<()> {
        self.within_limits(visit, what)
    }

    pub(super) fn within_limits(&self, visit: &Visit, what: Try<'_>) -> Answer<()> {
        let now = self.clock.now();
        let counted = self.limits().attempt(Source::from(visit.from), what, now);
        let Err(wait) = counted else { return Ok(()) };
        let mut problem = Problem::new(ProblemKind::TooMany, wait.to_string());
        problem.retry_after = u32::try_from(wait.0.as_secs().max(1)).ok();
        Err(problem)
    }

    /// Writes a refused try down and answers as always.
    pub(super) async fn refuse(
        &self,
        visit: &Visit,
        error: SignInError,
        who: Option<PersonId>,
    ) -> Problem {
        let subject = who.map(|id| id.to_string()).unwrap_or_default();
        let from = visit.from.to_string();
        let detail = [("reason", error.reason().name()), ("from", from.as_str())];
        if let Err(problem) = self.note(Action::SessionRefused, &subject, &detail).await {
            tracing::error!(%problem, "a refused sign-in cannot be written down");
        }
        refused(error)
    }
}

/// The same answer for everything that is wrong.
pub(super) fn refused(error: SignInError) -> Problem {
    Problem::new(ProblemKind::SignInRefused, error.to_string())
}

/// Why nobody was let in.
pub(super) enum Failed {
    /// They did not prove who they are; whose account it was, if anybody's.
    Refused(SignInError, Option<PersonId>),
    /// The service could not do it.
    Problem(Problem),
}

impl From<SignInError> for Failed {
    fn from(error: SignInError) -> Self {
        Failed::Refused(error, None)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Failed::Problem(problem)
    }
}

/// What a credential is sealed as, and whose it is then.
#[must_use]
pub fn sealed_as(kept: &Credential) -> (&'static str, &str) {
    match kept.kind {
        CredentialKind::Passkey => ("passkey", &kept.id),
        CredentialKind::Password => ("password", &kept.person.0),
        CredentialKind::Totp => ("totp", &kept.person.0),
    }
}

/// What credentials hold, sealed per person and kind, so that rows cannot be swapped.
impl Engine {
    pub(super) fn open_passkey(&self, kept: &Credential) -> Result<StoredPasskey, SignInError> {
        StoredPasskey::from_bytes(&self.unseal(kept)?)
    }

    pub(super) fn seal_passkey(&self, passkey: &StoredPasskey) -> Result<Vec<u8>, SignInError> {
        self.seal("passkey", &passkey.id(), &passkey.to_bytes()?)
    }

    fn open_password(&self, kept: &Credential) -> Result<String, SignInError> {
        let bytes = self.unseal(kept)?;
        String::from_utf8(bytes).map_err(|_| Refusal::Internal.into())
    }

    pub(super) fn seal_password(
        &self,
        person: &PersonId,
        hash: &str,
    ) -> Result<Vec<u8>, SignInError> {
        self.seal("password", &person.0, hash.as_bytes())
    }

    pub(super) fn open_codes(&self, kept: &Credential) -> Result<OneTimeCodes, SignInError> {
        serde_json::from_slice(&self.unseal(kept)?).map_err(|_| Refusal::Internal.into())
    }

    pub(super) fn seal_codes(
        &self,
        person: &PersonId,
        codes: &OneTimeCodes,
    ) -> Result<Vec<u8>, SignInError> {
        let bytes = serde_json::to_vec(codes).map_err(|_| SignInError::new(Refusal::Internal))?;
        self.seal("totp", &person.0, &bytes)
    }

    fn seal(&self, kind: &str, id: &str, secret: &[u8]) -> Result<Vec<u8>, SignInError> {
        self.vault.seal(kind, id, secret).map_err(|error| {
            tracing::error!(%error, "a credential cannot be sealed");
            Refusal::Internal.into()
        })
    }

    fn unseal(&self, kept: &Credential) -> Result<Vec<u8>, SignInError> {
        let (kind, id) = sealed_as(kept);
        self.vault.open(kind, id, &kept.sealed).map_err(|error| {
            tracing::error!(%error, credential = %kept.id, "a credential cannot be opened");
            Refusal::Internal.into()
        })
    }
}
