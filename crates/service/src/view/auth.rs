//! What passes between a browser and the service while somebody enrols or signs in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who somebody is once signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Person's id; empty for root on the same machine.
    pub id: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// Names of the actions that they may do.
    pub may: Vec<String>,
}

/// What the holder of an enrolment link sees first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolView {
    /// The site's name.
    pub site: String,
    /// The role that the link gives.
    pub role: String,
    /// The person's name, where the link adds a way to sign in to somebody who exists.
    pub name: Option<String>,
    /// Whether passkeys can work at the address that the browser used; the reason if not.
    pub passkey_hindrance: Option<String>,
}

/// A one-time code's secret, shown while it is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotpSetup {
    /// `otpauth://…`.
    pub url: String,
    /// Base32, to type in.
    pub secret: String,
    /// The same as an SVG picture.
    pub svg: String,
}
