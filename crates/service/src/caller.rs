//! Who asks.

use std::net::IpAddr;

use cordon_model::record::{PersonId, Role, Scope};

/// Somebody whom the service knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// From where; none over the socket on the same machine.
    pub from: Option<IpAddr>,
}

/// The kinds of caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// A person in a browser.
    Person {
        /// Id.
        id: PersonId,
        /// Name.
        name: String,
        /// Role.
        role: Role,
        /// SHA-256 of the session's secret.
        session: [u8; 32],
        /// What forms must send back as `csrf`, and scripts as the header `x-csrf`.
        csrf: String,
        /// Whether they signed in within the last minutes.
        fresh: bool,
    },
    /// A program with a token.
    Token {
        /// The token's id.
        id: String,
        /// Whose it is.
        owner: PersonId,
        /// The owner's role.
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

impl Caller {
    /// As ledger entries name it.
    #[must_use]
    pub fn actor(&self) -> String {
        match &self.who {
            Who::Person { id, .. } => format!("person:{id}"),
            Who::Token { id, .. } => format!("token:{id}"),
            Who::Local { uid } => format!("local:{uid}"),
            Who::System => "system".to_owned(),
        }
    }

    /// Root on the same machine.
    #[must_use]
    pub const fn local(uid: u32) -> Self {
        Caller { who: Who::Local { uid }, from: None }
    }
}

/// A browser that is not signed in yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Visit {
    /// From where.
    pub from: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
    /// The origin that it uses, such as `https://cordon.example:8443`.
    pub origin: String,
    /// A random id kept in a cookie, so that a ceremony ends where it began.
    pub ceremony: String,
    /// Whether an open page asks by itself to stay up to date: nobody may sit before it, so it
    /// is no use of the session.
    pub by_itself: bool,
}
