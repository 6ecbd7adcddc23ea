//! People, links, ways to sign in and sessions.

use std::time::Duration;

use cordon_authz::Context;
use cordon_model::record::{Action, CredentialKind, Invite, Person, PersonId, Role, Session};
use cordon_people::{Name, invite, new_person, session};
use cordon_store::Write;
use serde::{Deserialize, Serialize};

use super::Engine;
use super::allow::person;
use super::folk::Folk;
use super::show::{id_of, time};
use crate::view::{
    CredentialView, InviteLink, InviteView, NewInvite, PeopleView, PersonEdit, PersonView,
    SessionView, TokenView,
};
use crate::{Answer, Caller, Outcome, Problem, ProblemKind, SignedIn, Visit, Who};

const HOUR: Duration = Duration::from_secs(3600);
/// Hours that a link lasts unless told.
const LINK_HOURS: u32 = 24;

/// A change to a person as it waits for approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PersonRequest {
    pub id: PersonId,
    pub edit: PersonEdit,
}

impl Engine {
    pub(super) fn people_of(&self, caller: &Caller) -> Answer<PeopleView> {
        let everybody = self.may_see_people(caller).is_ok();
        let own = person(caller);
        if !everybody && own.is_none() {
            return Err(self.deny(caller, Action::PeopleView, "", "your role may not see people"));
        }
        let folk = self.folk();
        let seen = |one: &&Person| everybody || own == Some(&one.id);
        let people = folk
            .people
            .values()
            .filter(seen)
            .map(|one| self.person_view(&folk, caller, one))
            .collect();
        let mut invites: Vec<InviteView> = match everybody {
            true => {
                folk.invites.values().map(|one| invite_view(one, &folk.label(&one.by))).collect()
            }
            false => Vec::new(),
        };
        invites.sort_by(|a, b| a.expires.cmp(&b.expires));
        Ok(PeopleView { people, invites })
    }

    fn person_view(&self, folk: &Folk, caller: &Caller, one: &Person) -> PersonView {
        let now = self.clock.now();
        let current = match &caller.who {
            Who::Person { session, .. } => Some(*session),
            _ => None,
        };
        let mut sessions: Vec<&Session> = folk
            .sessions
            .values()
            .filter(|open| open.person == one.id)
            .filter(|open| session::check(open, now, &self.options.session).is_ok())
            .collect();
        sessions.sort_by_key(|open| std::cmp::Reverse(open.used));
        let mut tokens: Vec<TokenView> = folk
            .tokens
            .values()
            .filter(|token| token.person == one.id)
            .map(super::tokens::token_view)
            .collect();
        tokens.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| a.id.cmp(&b.id)));
        PersonView {
            id: one.id.to_string(),
            name: one.name.to_string(),
            role: one.role.name().to_owned(),
            created: time(one.created),
            disabled: one.disabled,
            you: person(caller) == Some(&one.id),
            credentials: folk
                .of(&one.id)
                .map(|credential| CredentialView {
                    id: credential.id.to_string(),
                    kind: format!("{:?}", credential.kind).to_lowercase(),
                    label: credential.label.to_string(),
                    created: time(credential.created),
                    used: credential.used.map(time),
                })
                .collect(),
            sessions: sessions
                .into_iter()
                .map(|open| SessionView {
                    id: id_of(&open.hash),
                    agent: open.agent.to_string(),
                    from: open.from.to_string(),
                    created: time(open.created),
                    used: time(open.used),
                    expires: time(open.expires),
                    current: current == Some(open.hash),
                })
                .collect(),
            tokens,
        }
    }

    pub(super) async fn invite_somebody(
        &self,
        caller: &Caller,
        new: &NewInvite,
    ) -> Answer<InviteLink> {
        let role = role_named(&new.role)?;
        let needs = self.may_invite(caller, role)?;
        if let Some(because) = needs.approval.first() {
            // A link cannot wait: its secret would have to be kept. The role can be given later,
            // and that is what a second person approves.
            let detail = format!(
                "{}; invite a viewer, then have the change of role approved",
                because.title
            );
            return Err(self.deny(caller, Action::PersonInvite, "", detail));
        }
        let lasts = HOUR.saturating_mul(hours(new.hours)?);
        self.link_for(caller, role, None, lasts).await
    }

    /// The link with which the first admin comes in; only while nobody can sign in as one.
    ///
    /// # Errors
    /// Where somebody can, or the link cannot be kept.
    pub async fn first_link(&self) -> Answer<InviteLink> {
        if !self.is_unclaimed() {
            let detail = "somebody can sign in already; an admin invites others";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let system = Caller { who: Who::System, from: None };
        self.link_for(&system, Role::Admin, None, invite::FIRST).await
    }

    /// Lets the visitor of a demo in as an admin without any way to sign in: only from this
    /// machine, only once, and only while nobody can sign in. Nothing but a demo calls it.
    ///
    /// # Errors
    /// Where somebody can or did already, or it cannot be kept.
    pub async fn first_visitor(&self, visit: &Visit) -> Answer<SignedIn> {
        let writing = self.writing.lock().await;
        let taken = !self.is_unclaimed() || !self.folk().people.is_empty();
        if taken || !visit.from.is_loopback() {
            let detail = "the demo's visitor is there already, or this is another machine";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let broken =
            |error: &dyn std::fmt::Display| Problem::new(ProblemKind::Broken, error.to_string());
        let name = Name::parse("visitor").map_err(|error| broken(&error))?;
        let person =
            new_person(&name, Role::Admin, self.clock.now()).map_err(|error| broken(&error))?;
        let actor = format!("person:{}", person.id);
        let detail = [("how", "demo"), ("name", "visitor"), ("role", "admin")];
        let entry = self.entry(&actor, Action::PersonEnrol, &person.id.0, &detail);
        self.write_folk(vec![Write::PutPerson(person.clone())], vec![entry], |folk| {
            folk.people.insert(person.id.clone(), person.clone());
        })
        .await?;
        let done = self.let_in(visit, &person, Vec::new(), "demo").await?;
        drop(writing);
        Ok(done)
    }

    pub(super) async fn invite_person_again(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Answer<InviteLink> {
        let target = self.person(id)?;
        self.may_person(caller, Action::CredentialAdd, &target, Context::default())?;
        self.link_for(caller, target.role, Some(target.id), HOUR.saturating_mul(LINK_HOURS)).await
    }

    async fn link_for(
        &self,
        caller: &Caller,
        role: Role,
        who: Option<PersonId>,
        lasts: Duration,
    ) -> Answer<InviteLink> {
        let by = caller.actor();
        let (secret, row) = self.make_invite(role, who.clone(), &by, lasts)?;
        let subject = who.map(|id| id.to_string()).unwrap_or_default();
        let expires = time(row.expires);
        let detail = [("role", role.name()), ("expires", expires.as_str())];
        let entry = self.entry(&by, Action::PersonInvite, &subject, &detail);
        self.write_folk(vec![Write::PutInvite(row.clone())], vec![entry], |folk| {
            folk.invites.insert(row.hash, row);
        })
        .await?;
        let origin = self.options.origins.first().map_or("https://localhost:8443", String::as_str);
        Ok(InviteLink { url: format!("{origin}/enrol/{}", secret.reveal()), expires })
    }

    pub(super) async fn withdraw(&self, caller: &Caller, id: &str) -> Answer<()> {
        let known = self.folk().invites.values().find(|one| id_of(&one.hash) == id).cloned();
        let row = known.ok_or_else(|| Problem::not_found("such link; it may have been used"))?;
        self.may_invite(caller, row.role)?;
        let entry = self.entry(
            &caller.actor(),
            Action::PersonInvite,
            "",
            &[("withdrawn", row.role.name())],
        );
        self.write_folk(vec![Write::DropInvite(row.hash)], vec![entry], |folk| {
            folk.invites.remove(&row.hash);
        })
        .await
    }

    pub(super) async fn change_person(
        &self,
        caller: &Caller,
        id: &str,
        edit: &PersonEdit,
        reason: &str,
    ) -> Answer<Outcome> {
        let target = self.person(id)?;
        let takes_admin = target.role == Role::Admin
            && (edit.disabled == Some(true)
                || edit.role.as_deref().is_some_and(|role| role != "admin"));
        let decides = |role: Role| matches!(role, Role::Admin | Role::Approver);
        let changed = self.check_person_edit(&target, edit)?;
        let gives_decider = decides(changed.role)
            && !changed.disabled
            && (!decides(target.role) || target.disabled);
        let context = Context { takes_admin, gives_decider, ..Context::default() };
        let needs = self.may_person(caller, Action::PersonChange, &target, context)?;
        let request = PersonRequest { id: target.id.clone(), edit: edit.clone() };
        if !needs.approval.is_empty() {
            return self
                .ask(caller, Action::PersonChange, &target.id.0, &request, reason)
                .await
                .map(|approval| Outcome::Waits(Box::new(approval)));
        }
        self.carry_out_person(&caller.actor(), &request).await?;
        Ok(Outcome::Done)
    }

    fn check_person_edit(&self, target: &Person, edit: &PersonEdit) -> Answer<Person> {
        let mut changed = target.clone();
        if let Some(name) = &edit.name {
            let name = Name::parse(name).map_err(|error| Problem::invalid(error.to_string()))?;
            if self.folk().named(name.as_str()).is_some_and(|other| other.id != target.id) {
                let detail = "somebody here has that name already; use another";
                return Err(Problem::new(ProblemKind::Conflict, detail));
            }
            changed.name = name.as_str().into();
        }
        if let Some(role) = &edit.role {
            changed.role = role_named(role)?;
        }
        changed.disabled = edit.disabled.unwrap_or(changed.disabled);
        if changed == *target {
            return Err(Problem::invalid("nothing changes: give a new name, role or state"));
        }
        Ok(changed)
    }

    /// Changes a person, as asked or as approved.
    pub(super) async fn carry_out_person(
        &self,
        actor: &str,
        request: &PersonRequest,
    ) -> Answer<()> {
        let writing = self.writing.lock().await;
        let target = self.person(&request.id.0)?;
        let changed = self.check_person_edit(&target, &request.edit)?;
        let loses = target.role == Role::Admin && (changed.role != Role::Admin || changed.disabled);
        if loses && self.folk().is_last_admin(&target.id) {
            let detail = "this is the last admin; make somebody else an admin first";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let disabled = changed.disabled.to_string();
        let detail = [
            ("name", changed.name.as_str()),
            ("role", changed.role.name()),
            ("disabled", disabled.as_str()),
        ];
        let entry = self.entry(actor, Action::PersonChange, &target.id.0, &detail);
        // Sessions end with a change of role, so that nothing of the old one stays in use.
        let ends = changed.disabled || changed.role != target.role;
        let sessions: Vec<[u8; 32]> = self
            .folk()
            .sessions
            .values()
            .filter(|open| ends && open.person == target.id)
            .map(|open| open.hash)
            .collect();
        let at = self.clock.now();
        let mut writes = vec![Write::PutPerson(changed.clone())];
        writes.extend(sessions.iter().map(|hash| Write::EndSession { hash: *hash, at }));
        let done = self
            .write_folk(writes, vec![entry], |folk| {
                folk.people.insert(changed.id.clone(), changed);
                folk.sessions.retain(|hash, _| !sessions.contains(hash));
            })
            .await;
        drop(writing);
        done
    }

    pub(super) async fn drop_credential(&self, caller: &Caller, id: &str) -> Answer<()> {
        let writing = self.writing.lock().await;
        let known = self.folk().credentials.get(id).cloned();
        let credential = known.ok_or_else(|| Problem::not_found("such way to sign in"))?;
        let owner = self.person(&credential.person.0)?;
        self.may_person(caller, Action::CredentialRemove, &owner, Context::default())?;
        let mut without = self.folk().clone();
        without.credentials.remove(id);
        if !without.can_sign_in(&owner.id) {
            let detail = match credential.kind {
                CredentialKind::Passkey => {
                    "this is the last way to sign in; add another first, or disable the person"
                }
                CredentialKind::Password | CredentialKind::Totp => {
                    "a password and its codes sign in together or not at all, and there is no passkey: add a passkey \
                     first, set both anew by a link under People & keys, or disable the person"
                }
            };
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let detail = [("label", credential.label.as_str()), ("person", owner.id.0.as_str())];
        let entry = self.entry(&caller.actor(), Action::CredentialRemove, id, &detail);
        let done = self
            .write_folk(vec![Write::DropCredential(credential.id.clone())], vec![entry], |folk| {
                folk.credentials.remove(&credential.id);
            })
            .await;
        drop(writing);
        done
    }

    pub(super) async fn end_session(&self, caller: &Caller, id: &str) -> Answer<()> {
        let known = self.folk().sessions.values().find(|one| id_of(&one.hash) == id).cloned();
        let open = known.ok_or_else(|| Problem::not_found("such session; it may be over"))?;
        let owner = self.person(&open.person.0)?;
        self.may_person(caller, Action::SessionRevoke, &owner, Context::default())?;
        let entry = self.entry(&caller.actor(), Action::SessionRevoke, &owner.id.0, &[]);
        let (hash, at) = (open.hash, self.clock.now());
        self.write_folk(vec![Write::EndSession { hash, at }], vec![entry], |folk| {
            folk.sessions.remove(&hash);
        })
        .await
    }

    pub(super) fn person(&self, id: &str) -> Answer<Person> {
        let known = self.folk().people.get(&PersonId(id.into())).cloned();
        known.ok_or_else(|| Problem::not_found("such person"))
    }
}

fn invite_view(one: &Invite, by: &str) -> InviteView {
    InviteView {
        id: id_of(&one.hash),
        role: one.role.name().to_owned(),
        by: by.to_owned(),
        expires: time(one.expires),
    }
}

/// The role of a name.
pub(super) fn role_named(name: &str) -> Answer<Role> {
    Role::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| {
        Problem::invalid(format!(
            "{:?} is no role; use viewer, operator, approver or admin",
            name.chars().take(40).collect::<String>()
        ))
    })
}

fn hours(wanted: Option<u32>) -> Answer<u32> {
    let longest = u32::try_from(invite::LONGEST.as_secs() / 3600).unwrap_or(u32::MAX);
    match wanted.unwrap_or(LINK_HOURS) {
        0 => Err(Problem::invalid("a link lasts at least an hour")),
        hours if hours > longest => {
            Err(Problem::invalid(format!("a link lasts at most {longest} hours")))
        }
        hours => Ok(hours),
    }
}
