//! A site that answers from made-up data: 300 devices of a hospital with a plant, some of them
//! with names that attack whoever shows them.

mod contracts;
mod data;
mod more;
mod site;

use std::sync::Mutex;

use cordon_model::record::{Action, PersonId, Role};
use cordon_service::view::{DeviceRow, FindingRow};
use cordon_service::{Caller, Tick, Visit, Who};
use tokio::sync::broadcast;

/// What forms must send back.
pub const CSRF: &str = "csrf-of-the-fake-session";

/// The time that the made-up traffic has reached.
pub const NOW: &str = "2026-11-22T12:00:00Z";

/// A name that becomes a script where it is not escaped.
pub const SCRIPT: &str = "<script>alert(1)</script>";

/// A name that leaves an attribute where it is not escaped.
pub const ATTRIBUTE: &str = "\" onmouseover=\"alert(1)\" x='<img src=x onerror=alert(1)>";

/// A made-up site.
pub struct FakeSite {
    pub devices: Vec<DeviceRow>,
    pub findings: Vec<FindingRow>,
    /// What was done, in order.
    pub done: Mutex<Vec<String>>,
    pub role: Role,
    /// Whether every change asks for a fresh sign-in.
    pub stale: bool,
    pub ticks: broadcast::Sender<Tick>,
}

impl FakeSite {
    /// As somebody with that role sees it.
    pub fn new(role: Role) -> Self {
        let devices = data::devices();
        let findings = data::findings(&devices);
        let (ticks, _) = broadcast::channel(16);
        FakeSite { devices, findings, done: Mutex::default(), role, stale: false, ticks }
    }

    /// A site that has seen nothing yet.
    pub fn empty() -> Self {
        FakeSite { devices: Vec::new(), findings: Vec::new(), ..FakeSite::new(Role::Admin) }
    }

    /// Names of the actions that the role may do.
    pub fn may(&self) -> Vec<String> {
        let looks = [Action::SiteView, Action::SessionEnd];
        let works = [
            Action::DeviceEdit,
            Action::DeviceMerge,
            Action::DeviceSplit,
            Action::ChangeUndo,
            Action::FindingAccept,
            Action::FindingReopen,
            Action::RecordsImport,
            Action::FlowsExport,
            Action::TokenCreate,
            Action::DeviceReach,
            Action::ContractAdopt,
            Action::ContractStage,
            Action::ContractUndo,
            Action::RulesConfirm,
            Action::RulesBack,
            Action::ProofMake,
        ];
        let all: Vec<Action> = match self.role {
            Role::Viewer => looks.to_vec(),
            Role::Operator => looks.into_iter().chain(works).collect(),
            _ => Action::ALL.to_vec(),
        };
        all.iter().map(|action| action.name().to_owned()).collect()
    }
}

/// Somebody signed in with that role.
pub fn caller(role: Role) -> Caller {
    Caller {
        who: Who::Person {
            id: PersonId("p-anna".into()),
            name: "Anna Adler".into(),
            role,
            session: [7; 32],
            csrf: CSRF.into(),
            fresh: true,
        },
        from: None,
    }
}

/// A browser.
pub fn visit(origin: &str) -> Visit {
    Visit {
        from: std::net::IpAddr::from([127, 0, 0, 1]),
        agent: "Firefox".into(),
        origin: origin.into(),
        ceremony: "0f1e2d3c".into(),
        by_itself: false,
    }
}
