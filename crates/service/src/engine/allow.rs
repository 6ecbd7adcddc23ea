//! Who may do what: asked for every call, and refusals written down.

use cordon_authz::{Context, Needs, Principal, Request, Resource};
use cordon_model::record::{Action, Person, PersonId, Record, Role};

use super::Engine;
use crate::{Answer, Caller, Problem, ProblemKind, Who};

/// An id that is nobody's, for actions about people who do not exist yet.
static NOBODY: PersonId = PersonId(cordon_model::Text::const_new(""));

impl Engine {
    /// Whether a caller may look at the site.
    pub(super) fn may_view(&self, caller: &Caller) -> Answer<()> {
        self.may(caller, Action::SiteView, Resource::Site, Context::default()).map(drop)
    }

    /// Whether a caller may do something to the site as a whole.
    pub(super) fn may_site(&self, caller: &Caller, action: Action) -> Answer<Needs> {
        self.may(caller, action, Resource::Site, Context::default())
    }

    /// Whether a caller may do something to a device.
    pub(super) fn may_device(
        &self,
        caller: &Caller,
        action: Action,
        record: &Record,
        criticality: bool,
    ) -> Answer<Needs> {
        let zone = record.own.zone.as_ref().map_or("", |set| set.value.as_str());
        let on = Resource::Device { id: &record.id.0, criticality: record.criticality(), zone };
        self.may(caller, action, on, Context { criticality, ..Context::default() })
    }

    /// Whether a caller may do something to a person.
    pub(super) fn may_person(
        &self,
        caller: &Caller,
        action: Action,
        person: &Person,
        context: Context,
    ) -> Answer<Needs> {
        let last_admin = self.folk().is_last_admin(&person.id);
        let context = Context { last_admin, ..context };
        self.may(caller, action, Resource::Person { id: &person.id, role: person.role }, context)
    }

    /// Whether a caller may invite somebody to a role.
    pub(super) fn may_invite(&self, caller: &Caller, role: Role) -> Answer<Needs> {
        let on = Resource::Person { id: &NOBODY, role };
        self.may(caller, Action::PersonInvite, on, Context::default())
    }

    /// Whether a caller may see everybody; themselves they always may, so that this is no refusal.
    pub(super) fn may_see_people(&self, caller: &Caller) -> Answer<Needs> {
        let on = Resource::Person { id: &NOBODY, role: Role::Viewer };
        self.would(caller, Action::PeopleView, on, Context::default())
    }

    /// Asks the policies for somebody who wants to do something now. A refusal goes into the
    /// ledger; that it takes a fresh sign-in is an answer of its own.
    pub(super) fn may(
        &self,
        caller: &Caller,
        action: Action,
        on: Resource<'_>,
        context: Context,
    ) -> Answer<Needs> {
        let answer = self.would(caller, action, on, context);
        match answer {
            Err(problem) if problem.kind == ProblemKind::Forbidden => {
                Err(self.deny(caller, action, subject(&on), problem.detail))
            }
            other => other,
        }
    }

    /// A refusal, and its entry in the ledger.
    pub(super) fn deny(
        &self,
        caller: &Caller,
        action: Action,
        subject: &str,
        detail: impl Into<String>,
    ) -> Problem {
        tracing::warn!(actor = caller.actor(), action = action.name(), "refused");
        self.note_refusal(caller, action, subject);
        Problem::new(ProblemKind::Forbidden, detail)
    }

    /// Asks the policies what they would say, for what is only shown or not.
    pub(super) fn would(
        &self,
        caller: &Caller,
        action: Action,
        on: Resource<'_>,
        context: Context,
    ) -> Answer<Needs> {
        let second_person = self.options.second_person
            && person(caller).is_some_and(|id| self.folk().second_person(id));
        let context = Context { fresh: is_fresh(caller), second_person, ..context };
        let request = Request { who: principal(caller), action, on, context };
        let decision = self.policies.decide(&request);
        if !decision.allowed {
            let why = decision.because.first().map(|because| because.title.clone());
            let detail = why.unwrap_or_else(|| {
                format!("your role does not permit {}; ask an admin", action.name())
            });
            return Err(Problem::new(ProblemKind::Forbidden, detail));
        }
        let needs = self.policies.needs(&request);
        if let Some(because) = needs.fresh.first() {
            return Err(Problem::new(ProblemKind::FreshSignInNeeded, because.title.clone()));
        }
        Ok(needs)
    }

    /// The names of what a caller may do, to something at least; the thing itself is asked about
    /// when it is done.
    pub(super) fn may_names(&self, caller: &Caller) -> Vec<String> {
        self.policies
            .may(&principal(caller))
            .iter()
            .map(|action| action.name().to_owned())
            .collect()
    }
}

/// The id of what something is done to, as ledger entries have it.
fn subject<'a>(on: &Resource<'a>) -> &'a str {
    match on {
        Resource::Site => "",
        Resource::Device { id, .. } | Resource::Approval { id, .. } => id,
        Resource::Person { id, .. } => &id.0,
    }
}

/// The person behind a caller who sits at a browser.
pub(super) const fn person(caller: &Caller) -> Option<&PersonId> {
    match &caller.who {
        Who::Person { id, .. } => Some(id),
        _ => None,
    }
}

fn is_fresh(caller: &Caller) -> bool {
    match &caller.who {
        Who::Person { fresh, .. } => *fresh,
        _ => true,
    }
}

fn principal(caller: &Caller) -> Principal<'_> {
    match &caller.who {
        Who::Person { id, role, .. } => Principal::Person { id, role: *role },
        Who::Token { id, owner, role, scope } => {
            Principal::Token { id, owner, role: *role, scope: *scope }
        }
        Who::Local { uid } => Principal::Local { uid: *uid },
        Who::System => Principal::System,
    }
}
