//! What actions are usually done to, for tables and menus.

use std::collections::BTreeMap;

use cordon_model::record::{Action, Criticality, PersonId, Role};

use crate::policies::Policies;
use crate::request::{Principal, Request, Resource};

/// What each role may do, asked once.
#[derive(Debug, Default)]
pub(crate) struct Menus {
    roles: BTreeMap<Role, Vec<Action>>,
    local: Vec<Action>,
}

impl Menus {
    pub(crate) fn new(policies: &Policies) -> Self {
        let me = PersonId("me".into());
        let role =
            |role: &Role| (*role, ask(policies, &Principal::Person { id: &me, role: *role }));
        Menus {
            roles: Role::ALL.iter().map(role).collect(),
            local: ask(policies, &Principal::Local { uid: 0 }),
        }
    }

    pub(crate) fn of(&self, policies: &Policies, who: &Principal<'_>) -> Vec<Action> {
        match who {
            Principal::Person { role, .. } => self.roles.get(role).cloned().unwrap_or_default(),
            Principal::Local { .. } => self.local.clone(),
            Principal::Token { .. } | Principal::System => ask(policies, who),
        }
    }
}

fn ask(policies: &Policies, who: &Principal<'_>) -> Vec<Action> {
    let other = PersonId("other".into());
    let me = match who {
        Principal::Person { id, .. } => (*id).clone(),
        Principal::Token { owner, .. } => (*owner).clone(),
        Principal::Local { .. } | Principal::System => other.clone(),
    };
    let may = |action: &Action| {
        [&me, &other].iter().any(|person| {
            policies.decide(&Request::new(*who, *action, usual(*action, person))).allowed
        })
    };
    Action::ALL.iter().copied().filter(may).collect()
}

/// What an action is usually done to.
pub(crate) fn usual(action: Action, person: &PersonId) -> Resource<'_> {
    let name = action.name();
    match action {
        Action::ApprovalDecide => {
            Resource::Approval { id: "a", asked_by: person, action: Action::DeviceForget }
        }
        // People who decide nothing; those who do are among the particular cases.
        Action::PeopleView | Action::SessionRevoke | Action::SessionEnd => {
            Resource::Person { id: person, role: Role::Viewer }
        }
        _ if ["person.", "credential.", "token."].iter().any(|p| name.starts_with(p))
            && action != Action::PersonEnrol =>
        {
            Resource::Person { id: person, role: Role::Viewer }
        }
        _ if name.starts_with("device.")
            || matches!(
                action,
                Action::ContractAdopt | Action::ContractStage | Action::ProbeMake
            ) =>
        {
            Resource::Device { id: "d", criticality: Criticality::Normal, zone: "" }
        }
        _ => Resource::Site,
    }
}
