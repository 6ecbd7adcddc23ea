//! A second person's yes.

use serde::{Deserialize, Serialize};

use super::{Action, PersonId};
use crate::{Text, Timestamp};

/// What the second person said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Do it.
    Approved,
    /// Do not.
    Refused,
}

/// A dangerous action that waits for, or has got, a second person's word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: Text,
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub subject: Text,
    /// The request as JSON, executed as it stands once approved.
    pub request: Text,
    /// Why, in the words of who asks.
    pub reason: Text,
    /// Who asks.
    pub asked_by: PersonId,
    /// When.
    pub asked: Timestamp,
    /// After this it can no longer be approved.
    pub expires: Timestamp,
    /// What was said, by whom, when; never the one who asked.
    pub decided: Option<(Verdict, PersonId, Timestamp)>,
}
