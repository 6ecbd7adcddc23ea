//! People and keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// Everybody who may sign in, and what waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeopleView {
    /// People.
    pub people: Vec<PersonView>,
    /// Links not used yet.
    pub invites: Vec<InviteView>,
}

/// One person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `viewer`, `operator`, `approver` or `admin`.
    pub role: String,
    /// Since when.
    pub created: Time,
    /// Whether they may no longer sign in.
    pub disabled: bool,
    /// Whether this is who asks.
    pub you: bool,
    /// Ways to sign in.
    pub credentials: Vec<CredentialView>,
    /// Where they are signed in.
    pub sessions: Vec<SessionView>,
    /// Their API tokens.
    pub tokens: Vec<TokenView>,
}

/// A way to sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialView {
    /// Id.
    pub id: String,
    /// `passkey`, `password` or `totp`.
    pub kind: String,
    /// What its owner calls it.
    pub label: String,
    /// Since when.
    pub created: Time,
    /// Last used.
    pub used: Option<Time>,
}

/// A signed-in browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Id: a part of its hash.
    pub id: String,
    /// The browser.
    pub agent: String,
    /// From which address.
    pub from: String,
    /// Since when.
    pub created: Time,
    /// Last used.
    pub used: Time,
    /// Ends for certain.
    pub expires: Time,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// An API token; its secret is shown once, when it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// Id.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// `read`, `write` or `metrics`.
    pub scope: String,
    /// Since when.
    pub created: Time,
    /// Useless afterwards.
    pub expires: Time,
    /// Last used.
    pub used: Option<Time>,
}

/// A link not used yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InviteView {
    /// Id: a part of its hash.
    pub id: String,
    /// For which role.
    pub role: String,
    /// Who made it.
    pub by: String,
    /// Useless afterwards.
    pub expires: Time,
}

/// A request that needs a second person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Id.
    pub id: String,
    /// What is to be done, such as `device.forget`.
    pub action: String,
    /// A sentence.
    pub says: String,
    /// Why, in the words of who asks.
    pub reason: String,
    /// Who asks.
    pub asked_by: String,
    /// When.
    pub asked: Time,
    /// Too late afterwards.
    pub expires: Time,
    /// `open`, `approved`, `refused` or `expired`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Whether whoever looks may decide it.
    pub yours_to_decide: bool,
}

/// Inviting somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvite {
    /// `viewer`, `operator`, `approver` or `admin`.
    #[schema(pattern = "^(viewer|operator|approver|admin)$")]
    pub role: String,
    /// Hours until the link is useless; 24 unless told, at most 168.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 168)]
    pub hours: Option<u32>,
}

/// A link that works once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InviteLink {
    /// Open it in a browser.
    pub url: String,
    /// Useless afterwards.
    pub expires: Time,
}

/// Making an API token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    pub label: String,
    /// `read`, `write` or `metrics`.
    #[schema(pattern = "^(read|write|metrics)$")]
    pub scope: String,
    /// Days until it is useless; at most 365.
    #[schema(minimum = 1, maximum = 365)]
    pub days: u32,
}

/// A new API token with its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// As in the list.
    pub token: TokenView,
    /// The secret; not shown again.
    pub secret: String,
}

/// Changing a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PersonEdit {
    /// A new name.
    pub name: Option<String>,
    /// A new role.
    #[schema(pattern = "^(viewer|operator|approver|admin)$")]
    pub role: Option<String>,
    /// Whether they may no longer sign in.
    pub disabled: Option<bool>,
}
