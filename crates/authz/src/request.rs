//! What is asked: who, what, to what, and what else is known.

use cordon_model::Text;
use cordon_model::record::{Action, Criticality, PersonId, Role, Scope};

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Principal<'a> {
    /// Somebody who is signed in.
    Person {
        /// Id.
        id: &'a PersonId,
        /// Role.
        role: Role,
    },
    /// A program with a token.
    Token {
        /// The token's id.
        id: &'a str,
        /// Whose it is.
        owner: &'a PersonId,
        /// The owner's role as it is now, not as it was when the token was made.
        role: Role,
        /// What it may be used for.
        scope: Scope,
    },
    /// Root, or the service's own user, on the same machine.
    Local {
        /// User id.
        uid: u32,
    },
    /// The service itself.
    System,
}

/// What it is done to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resource<'a> {
    /// The site as a whole.
    Site,
    /// A device.
    Device {
        /// Id.
        id: &'a str,
        /// How much depends on it, before the change.
        criticality: Criticality,
        /// Its zone; empty where unknown.
        zone: &'a str,
    },
    /// A person; for an invitation an empty id and the role that it gives.
    Person {
        /// Id.
        id: &'a PersonId,
        /// Their role before the change.
        role: Role,
    },
    /// A request that waits for a second person.
    Approval {
        /// Its id.
        id: &'a str,
        /// Who asked.
        asked_by: &'a PersonId,
        /// What for.
        action: Action,
    },
}

/// What else is known. Everything is false unless said; a caller that leaves something out gets
/// the answer for the ordinary case, so fill in what applies to the action.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Context {
    /// The person proved who they are within the last minutes.
    pub fresh: bool,
    /// Somebody else is there who could decide: another enabled approver or admin.
    pub second_person: bool,
    /// `person.change`: it takes the admin role from an admin, or disables one.
    pub takes_admin: bool,
    /// `person.change`: the person is the only admin who can sign in.
    pub last_admin: bool,
    /// `person.change`: it makes the person an approver or admin, or enables one.
    pub gives_decider: bool,
    /// `device.edit`, `device.merge`, and `change.undo` on a device: it gets another criticality.
    pub criticality: bool,
    /// `device.reach`, `contract.adopt`, `contract.stage`: packets from or to the device may not
    /// pass any more that did.
    pub blocks: bool,
}

/// One question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub who: Principal<'a>,
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub on: Resource<'a>,
    /// What else is known.
    pub context: Context,
}

impl<'a> Request<'a> {
    /// A question about which nothing else is known.
    #[must_use]
    pub fn new(who: Principal<'a>, action: Action, on: Resource<'a>) -> Self {
        Request { who, action, on, context: Context::default() }
    }

    /// The same question with what else is known.
    #[must_use]
    pub fn with(self, context: Context) -> Self {
        Request { context, ..self }
    }
}

/// The name that policies use for a scope.
pub(crate) const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Metrics => "metrics",
    }
}

/// The name that policies use for a criticality.
pub(crate) const fn criticality_name(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Normal => "normal",
        Criticality::Process => "process",
        Criticality::LifeSafety => "life-safety",
    }
}

/// Text that is short enough to be an id in a policy.
///
/// Ids come from requests; Cedar has no limit of its own.
pub(crate) fn bounded(text: &str) -> Text {
    const MAX_CHARS: usize = 256;
    text.chars().take(MAX_CHARS).collect()
}
