//! People, what they sign in with, and how long that lasts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Text, Timestamp};

/// A person's id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Text);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody is here to do. What each may do is written in the policies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and changes devices.
    Operator,
    /// Reads and decides about others' requests.
    Approver,
    /// Everything, people included.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Approver, Role::Admin];

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Admin => "admin",
        }
    }
}

/// Somebody who may sign in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Their id: 128 random bits as text; never reused.
    pub id: PersonId,
    /// What they are called; unique.
    pub name: Text,
    /// What they are here to do.
    pub role: Role,
    /// Since when.
    pub created: Timestamp,
    /// Whether they may no longer sign in.
    pub disabled: bool,
}

/// How somebody shows who they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialKind {
    /// A passkey or hardware key (WebAuthn).
    Passkey,
    /// A password; counts only together with a one-time code.
    Password,
    /// A one-time code (RFC 6238).
    Totp,
}

/// Something to sign in with, as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credential {
    /// Its id.
    pub id: Text,
    /// Whose.
    pub person: PersonId,
    /// Which kind.
    pub kind: CredentialKind,
    /// What its owner calls it: `yellow key`.
    pub label: Text,
    /// The public key, the password's hash or the code's secret, sealed under the service's key.
    pub sealed: Vec<u8>,
    /// Since when.
    pub created: Timestamp,
    /// Last used.
    pub used: Option<Timestamp>,
}

/// A signed-in browser.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// SHA-256 of its secret; the secret itself is only in the browser.
    pub hash: [u8; 32],
    /// Whose.
    pub person: PersonId,
    /// Since when.
    pub created: Timestamp,
    /// Ends for certain.
    pub expires: Timestamp,
    /// Last used; it ends early when unused.
    pub used: Timestamp,
    /// The browser, as it calls itself, shortened.
    pub agent: Text,
    /// From which address.
    pub from: Text,
}

/// A link that lets one person in once, to register how they sign in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// The person it is for, if they exist already: then it adds a way to sign in.
    pub person: Option<PersonId>,
    /// The role they get.
    pub role: Role,
    /// Who made it, as in a ledger entry.
    pub by: Text,
    /// Since when.
    pub created: Timestamp,
    /// Useless afterwards.
    pub expires: Timestamp,
}

/// What a token may be used for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Reading.
    Read,
    /// Reading, and changing what its owner may change.
    Write,
    /// Metrics only.
    Metrics,
}

/// A key for a program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Token {
    /// Its id, shown.
    pub id: Text,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// Whose; it never may more than they do.
    pub person: PersonId,
    /// What it is for: `grafana`.
    pub label: Text,
    /// What it may be used for.
    pub scope: Scope,
    /// Since when.
    pub created: Timestamp,
    /// Useless afterwards.
    pub expires: Timestamp,
    /// Last used.
    pub used: Option<Timestamp>,
}
