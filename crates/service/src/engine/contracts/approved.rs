//! What waits for a second person, and what becomes of it.

use cordon_contract::book::Adopt;
use cordon_contract::{Entry, EntryId, Expected, Reach, Stage};
use cordon_model::record::Action;
use cordon_model::{DeviceId, Text};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::view::Changed;
use crate::{Answer, Caller};

/// A change of contracts as it waits for approval.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(in crate::engine) enum ContractRequest {
    /// Put a contract in force.
    Adopt {
        device: DeviceId,
        proposed: bool,
        admit: Vec<EntryId>,
        add: Vec<Entry>,
        remove: Vec<EntryId>,
        /// Of the file that it is from, where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mud_url: Option<Text>,
        why: Text,
    },
    /// Enforce it, or not.
    Stage { devices: Vec<DeviceId>, stage: Stage, why: Text },
    /// Switch devices.
    Reach { devices: Vec<DeviceId>, reach: Reach, why: Text },
}

impl ContractRequest {
    pub fn action(&self) -> Action {
        match self {
            ContractRequest::Adopt { .. } => Action::ContractAdopt,
            ContractRequest::Stage { .. } => Action::ContractStage,
            ContractRequest::Reach { .. } => Action::DeviceReach,
        }
    }

    pub fn devices(&self) -> &[DeviceId] {
        match self {
            ContractRequest::Adopt { device, .. } => std::slice::from_ref(device),
            ContractRequest::Stage { devices, .. } | ContractRequest::Reach { devices, .. } => {
                devices
            }
        }
    }

    pub fn why(&self) -> &str {
        match self {
            ContractRequest::Adopt { why, .. }
            | ContractRequest::Stage { why, .. }
            | ContractRequest::Reach { why, .. } => why,
        }
    }

    /// Whether packets may be dropped because of it.
    pub fn blocks(&self) -> bool {
        match self {
            ContractRequest::Adopt { remove, .. } => !remove.is_empty(),
            ContractRequest::Stage { stage, .. } => *stage == Stage::Enforce,
            ContractRequest::Reach { reach, .. } => *reach != Reach::Normal,
        }
    }

    /// In words, to be read behind "to".
    pub fn says(&self, names: &str) -> String {
        match self {
            ContractRequest::Adopt { add, admit, remove, proposed, .. } => {
                let mut parts = Vec::new();
                if *proposed {
                    parts.push("everything that is proposed".to_owned());
                }
                let count = add.len() + admit.len();
                if count > 0 {
                    parts.push(format!("{count} entries"));
                }
                if !remove.is_empty() {
                    parts.push(format!("without {} entries", remove.len()));
                }
                format!("put a contract in force for {names}: {}", parts.join(", "))
            }
            ContractRequest::Stage { stage, .. } => match stage {
                Stage::Watch => format!("only watch the contract of {names}"),
                Stage::Warn => format!("warn where {names} leaves its contract"),
                Stage::Enforce => format!("enforce the contract of {names}"),
            },
            ContractRequest::Reach { reach, .. } => match reach {
                Reach::Normal => format!("let {names} reach what its contract says"),
                Reach::LocalOnly => format!("let {names} reach local addresses only"),
                Reach::InternetOnly => format!("let {names} reach the Internet only"),
                Reach::Off => format!("cut {names} off"),
            },
        }
    }
}

impl Engine {
    /// Does what a request says, or has it wait for a second person. Every device is asked about.
    pub(super) async fn do_or_ask(
        &self,
        caller: &Caller,
        request: ContractRequest,
    ) -> Answer<Changed> {
        let mut waits = false;
        {
            let world = self.world.load();
            for id in request.devices() {
                let record = crate::engine::devices::find(&world, &id.0)?;
                let needs =
                    self.may_contract(caller, request.action(), record, request.blocks())?;
                waits |= !needs.approval.is_empty();
            }
        }
        if waits {
            let subject = request.devices().first().map(|id| id.0.to_string()).unwrap_or_default();
            let reason =
                if request.why().is_empty() { "no reason given" } else { request.why() }.to_owned();
            let approval = self.ask(caller, request.action(), &subject, &request, &reason).await?;
            return Ok(Changed {
                outcome: "waits".to_owned(),
                says: vec![format!(
                    "This waits for a second person now, see People & keys: {}",
                    approval.says
                )],
                rules: self.rules_view(),
                ..Changed::default()
            });
        }
        self.carry_out_contract(&caller.actor(), request).await
    }

    /// Does what a request says.
    pub(in crate::engine) async fn carry_out_contract(
        &self,
        actor: &str,
        request: ContractRequest,
    ) -> Answer<Changed> {
        let (action, now) = (request.action(), self.clock.now());
        let seal = |contract: &cordon_contract::Contract| self.contracts.seal(contract);
        match request {
            ContractRequest::Adopt { device, proposed, admit, add, remove, mud_url, why } => {
                let book = self.book();
                let held = book.standing(&device).and_then(|standing| standing.contract());
                // The file that somebody took in stays the device's: classes of its maker go by it.
                let mud_url = mud_url.or_else(|| held?.expected.mud_url.clone());
                let expected = {
                    let world = self.world.load();
                    let record = world.register.get(&device);
                    record.map(|record| Expected { mud_url, ..super::learn::expected(record) })
                };
                let adopt = Adopt { proposed, admit, add, remove, expected };
                let what = [(device, adopt)];
                self.change_book(actor, action, |book| book.adopt(&what, actor, &why, now, &seal))
                    .await
            }
            ContractRequest::Stage { devices, stage, why } => {
                self.change_book(actor, action, |book| {
                    book.stage(&devices, stage, actor, &why, now)
                })
                .await
            }
            ContractRequest::Reach { devices, reach, why } => {
                self.change_book(actor, action, |book| {
                    book.switch(&devices, reach, actor, &why, now)
                })
                .await
            }
        }
    }
}
