//! The way in for the first time: a link that works once, then a passkey, or a password with codes.

use std::sync::Arc;

use cordon_model::record::{Action, Credential, CredentialKind, Invite, Person, PersonId, Role};
use cordon_model::{Text, Timestamp};
use cordon_people::limit::Try;
use cordon_people::password::NewPassword;
use cordon_people::{
    Attestation, Ceremony, Name, OneTimeCodes, PendingPassword, Refusal, Secret, SignInError,
    StoredPasskey, invite, new_person,
};
use cordon_store::Write;

use super::Engine;
use super::sign_in::{Failed, refused};
use crate::view::{EnrolView, TotpSetup};
use crate::{Answer, Enrolled, Problem, ProblemKind, SignedIn, Visit};

/// Characters of a credential's label.
const LABEL: usize = 60;

impl Engine {
    pub(super) fn look_at_link(&self, visit: &Visit, link: &str) -> Answer<EnrolView> {
        self.within_limits(visit, Try::Ceremony)?;
        let invite = self.link(link).map_err(refused)?;
        let hindrance = self.passkeys.hindrance(&visit.origin);
        let name = invite.person.as_ref().and_then(|id| self.name_of(id));
        Ok(EnrolView {
            site: self.options.site_name.clone(),
            role: invite.role.name().to_owned(),
            name,
            passkey_hindrance: hindrance.map(|hindrance| hindrance.to_string()),
        })
    }

    pub(super) async fn begin_passkey_enrolment(
        &self,
        visit: &Visit,
        link: &str,
        name: &str,
    ) -> Answer<serde_json::Value> {
        self.count(visit, Try::Ceremony).await?;
        let invite = self.usable(visit, link).await?;
        let (person, name) = self.who_enrols(&invite, name)?;
        let existing = self.passkeys_of(&person.id).map_err(refused)?;
        let (options, mut state) = self
            .passkeys
            .begin_registration(&visit.origin, &person.id, &name, &existing)
            .map_err(|hindrance| Problem::invalid(hindrance.to_string()))?;
        state.invite = Some(invite.hash);
        let ceremony = Ceremony::Register(Box::new(state));
        let now = self.clock.now();
        self.ceremonies()
            .begin(&visit.ceremony, visit.from.into(), ceremony, now)
            .map_err(refused)?;
        Ok(options)
    }

    pub(super) async fn end_passkey_enrolment(
        &self,
        visit: &Visit,
        link: &str,
        label: &str,
        answer: serde_json::Value,
    ) -> Answer<SignedIn> {
        self.count(visit, Try::Ceremony).await?;
        match self.try_passkey_enrolment(visit, link, label, answer).await {
            Ok(signed_in) => Ok(signed_in),
            Err(Failed::Problem(problem)) => Err(problem),
            Err(Failed::Refused(error, who)) => Err(self.refuse(visit, error, who).await),
        }
    }

    async fn try_passkey_enrolment(
        &self,
        visit: &Visit,
        link: &str,
        label: &str,
        answer: serde_json::Value,
    ) -> Result<SignedIn, Failed> {
        let now = self.clock.now();
        let state = self.ceremonies().take_registration(&visit.ceremony, now)?;
        let invite = self.link(link)?;
        if state.invite != Some(invite.hash) {
            return Err(SignInError::new(Refusal::UnknownLink).into());
        }
        let passkey = self.passkeys.finish_registration(&state, &Attestation::parse(answer)?)?;
        let writing = self.writing.lock().await;
        if self.folk().credentials.contains_key(passkey.id().as_str()) {
            return Err(SignInError::new(Refusal::Malformed).into());
        }
        let person = self.enrolling(&invite, &state.name, &state.person, now)?;
        let credential = Credential {
            id: passkey.id().into(),
            person: person.id.clone(),
            kind: CredentialKind::Passkey,
            label: shown(label, "passkey"),
            sealed: self.seal_passkey(&passkey)?,
            created: now,
            used: Some(now),
        };
        let done = self.enrol(visit, &invite, person, vec![credential], "passkey").await?;
        drop(writing);
        Ok(done)
    }

    pub(super) async fn begin_password_enrolment(
        &self,
        visit: &Visit,
        link: &str,
        name: &str,
        password: &str,
    ) -> Answer<TotpSetup> {
        self.count(visit, Try::Ceremony).await?;
        let invite = self.usable(visit, link).await?;
        // Hashing is counted for the link that it is done for: who has none spends nobody's tries.
        self.count(visit, Try::Password { name: link }).await?;
        let (person, name) = self.who_enrols(&invite, name)?;
        let context = [name.as_str(), self.options.site_name.as_str(), "cordon"];
        let chosen = NewPassword::choose(password, &context)
            .map_err(|weak| Problem::invalid(weak.to_string()))?;
        let hasher = Arc::clone(&self.hasher);
        let hash = tokio::task::spawn_blocking(move || hasher.hash(&chosen))
            .await
            .map_err(|_| Problem::new(ProblemKind::Broken, "the password could not be hashed"))?
            .map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?;
        let codes = OneTimeCodes::fresh()
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
        let setup = codes.setup(&self.options.site_name, &person.name);
        let pending = PendingPassword { name, invite: invite.hash, hash, codes };
        let ceremony = Ceremony::Password(Box::new(pending));
        let now = self.clock.now();
        self.ceremonies()
            .begin(&visit.ceremony, visit.from.into(), ceremony, now)
            .map_err(refused)?;
        Ok(TotpSetup { url: setup.url, secret: setup.secret, svg: setup.svg })
    }

    pub(super) async fn end_password_enrolment(
        &self,
        visit: &Visit,
        link: &str,
        code: &str,
    ) -> Answer<Enrolled> {
        self.count(visit, Try::Ceremony).await?;
        match self.try_password_enrolment(visit, link, code).await {
            Ok(enrolled) => Ok(enrolled),
            Err(Failed::Problem(problem)) => Err(problem),
            Err(Failed::Refused(error, who)) => Err(self.refuse(visit, error, who).await),
        }
    }

    async fn try_password_enrolment(
        &self,
        visit: &Visit,
        link: &str,
        code: &str,
    ) -> Result<Enrolled, Failed> {
        let now = self.clock.now();
        let mut pending = self.ceremonies().take_password(&visit.ceremony, code, now)?;
        let invite = self.link(link)?;
        if pending.invite != invite.hash {
            return Err(SignInError::new(Refusal::UnknownLink).into());
        }
        let broken = |error: cordon_people::NoRandomness| {
            Problem::new(ProblemKind::Broken, error.to_string())
        };
        let recovery = pending.codes.renew_recovery().map_err(broken)?;
        let writing = self.writing.lock().await;
        let fresh = new_person(&pending.name, invite.role, now).map_err(broken)?;
        let person = self.enrolling(&invite, &pending.name, &fresh.id, now)?;
        let made = |id: String, kind, label: &str, sealed| Credential {
            id: id.into(),
            person: person.id.clone(),
            kind,
            label: label.into(),
            sealed,
            created: now,
            used: Some(now),
        };
        // One of each per person: setting them up again replaces them.
        let credentials = vec![
            made(
                format!("password-{}", person.id),
                CredentialKind::Password,
                "password",
                self.seal_password(&person.id, &pending.hash)?,
            ),
            made(
                format!("totp-{}", person.id),
                CredentialKind::Totp,
                "one-time codes",
                self.seal_codes(&person.id, &pending.codes)?,
            ),
        ];
        let signed_in =
            self.enrol(visit, &invite, person, credentials, "password and code").await?;
        drop(writing);
        Ok(Enrolled { signed_in, recovery_codes: recovery.0 })
    }

    /// Uses the link up, keeps person and credentials, and begins a session: all or nothing.
    async fn enrol(
        &self,
        visit: &Visit,
        invite: &Invite,
        person: Person,
        credentials: Vec<Credential>,
        how: &str,
    ) -> Answer<SignedIn> {
        let (secret, begun, session, ended) = self.new_session(visit, &person.id, how)?;
        let actor = format!("person:{}", person.id);
        let action = match invite.person {
            Some(_) => Action::CredentialAdd,
            None => Action::PersonEnrol,
        };
        let detail = [("how", how), ("name", person.name.as_str()), ("role", person.role.name())];
        let entry = self.entry(&actor, action, &person.id.0, &detail);
        let at = self.clock.now();
        let mut writes = vec![Write::TakeInvite(invite.hash), Write::PutPerson(person.clone())];
        writes.extend(credentials.iter().cloned().map(Write::PutCredential));
        writes.push(Write::PutSession(session.clone()));
        writes.extend(ended.iter().map(|hash| Write::EndSession { hash: *hash, at }));
        self.write_folk(writes, vec![entry, begun], |folk| {
            folk.invites.remove(&invite.hash);
            folk.people.insert(person.id.clone(), person.clone());
            for credential in credentials {
                folk.credentials.insert(credential.id.clone(), credential);
            }
            for hash in ended {
                folk.sessions.remove(&hash);
            }
            folk.sessions.insert(session.hash, session);
        })
        .await?;
        Ok(self.signed_in(secret, &person, visit.from))
    }

    /// The invitation behind a link, if it is good.
    fn link(&self, link: &str) -> Result<Invite, SignInError> {
        let hash = Secret::hash_text(link).ok_or(SignInError::new(Refusal::UnknownLink))?;
        let invite = self.folk().invites.get(&hash).cloned();
        let invite = invite.ok_or(SignInError::new(Refusal::UnknownLink))?;
        invite::check(&invite, self.clock.now())?;
        if self.is_ahead(invite.created) {
            return Err(Refusal::ExpiredLink.into());
        }
        Ok(invite)
    }

    /// As [`Engine::link`]; a bad one is written down.
    async fn usable(&self, visit: &Visit, link: &str) -> Answer<Invite> {
        match self.link(link) {
            Ok(invite) => Ok(invite),
            Err(error) => Err(self.refuse(visit, error, None).await),
        }
    }

    /// Who enrols by an invitation: somebody who exists, or somebody new of this name.
    fn who_enrols(&self, invite: &Invite, name: &str) -> Answer<(Person, Name)> {
        if let Some(id) = &invite.person {
            let person = self.folk().people.get(id).cloned();
            let person = person.ok_or_else(|| refused(Refusal::UnknownLink.into()))?;
            let name =
                Name::parse(&person.name).map_err(|error| Problem::invalid(error.to_string()))?;
            return Ok((person, name));
        }
        let name = Name::parse(name).map_err(|error| Problem::invalid(error.to_string()))?;
        if self.folk().named(name.as_str()).is_some() {
            let detail = "somebody here has that name already; use another";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let person = new_person(&name, invite.role, self.clock.now())
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
        Ok((person, name))
    }

    /// The person as they will be kept; names are unique, also in a race.
    fn enrolling(
        &self,
        invite: &Invite,
        name: &Name,
        id: &PersonId,
        now: Timestamp,
    ) -> Answer<Person> {
        if let Some(id) = &invite.person {
            let person = self.folk().people.get(id).cloned();
            return person.ok_or_else(|| refused(Refusal::UnknownLink.into()));
        }
        if self.folk().named(name.as_str()).is_some() {
            let detail = "somebody here has that name already; open the link again with another";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        Ok(Person {
            id: id.clone(),
            name: Text::from(name.as_str()),
            role: invite.role,
            created: now,
            disabled: false,
        })
    }

    fn passkeys_of(&self, person: &PersonId) -> Result<Vec<StoredPasskey>, SignInError> {
        let kept: Vec<Credential> = self
            .folk()
            .of(person)
            .filter(|credential| credential.kind == CredentialKind::Passkey)
            .cloned()
            .collect();
        kept.iter().map(|credential| self.open_passkey(credential)).collect()
    }

    pub(super) fn name_of(&self, id: &PersonId) -> Option<String> {
        self.folk().people.get(id).map(|person| person.name.to_string())
    }

    /// Makes an invitation: the link's secret, and the row to keep.
    pub(super) fn make_invite(
        &self,
        role: Role,
        person: Option<PersonId>,
        by: &str,
        lasts: std::time::Duration,
    ) -> Answer<(Secret, Invite)> {
        invite::make(role, person, by, lasts, self.clock.now())
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))
    }
}

/// A label as it is kept.
fn shown(label: &str, otherwise: &str) -> Text {
    let label: String =
        label.trim().chars().filter(|letter| !letter.is_control()).take(LABEL).collect();
    if label.is_empty() { otherwise.into() } else { label.into() }
}
