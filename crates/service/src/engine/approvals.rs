//! A second person's yes: asked for, decided, and carried out once.

use cordon_authz::{Context, Resource};
use cordon_model::DeviceId;
use cordon_model::record::{Action, Approval, Verdict};
use cordon_people::approval::{self, Ask, DecideError};
use cordon_store::Write;
use serde::Serialize;

use super::Engine;
use super::allow::person;
use super::contracts::ContractRequest;
use super::people::PersonRequest;
use super::show::time;
use crate::view::{ApprovalView, DeviceEdit};
use crate::{Answer, Caller, Problem, ProblemKind};

/// Decided requests that the list shows.
const DECIDED: usize = 100;

/// A change to a device as it waits for approval.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub(super) struct DeviceRequest {
    pub id: DeviceId,
    pub edit: DeviceEdit,
}

impl Engine {
    /// Asks for a second person.
    pub(super) async fn ask(
        &self,
        caller: &Caller,
        action: Action,
        subject: &str,
        request: &impl Serialize,
        reason: &str,
    ) -> Answer<ApprovalView> {
        let Some(asker) = person(caller) else {
            let detail = "this takes two people: sign in to ask for it";
            return Err(self.deny(caller, action, subject, detail));
        };
        let request =
            serde_json::to_string(request).map_err(|error| Problem::invalid(error.to_string()))?;
        let ask = Ask { action, subject, request: &request, reason };
        let row = approval::ask(&ask, asker, approval::LASTS, self.clock.now())
            .map_err(|error| Problem::invalid(error.to_string()))?;
        let detail =
            [("action", action.name()), ("subject", subject), ("reason", row.reason.as_str())];
        let entry = self.entry(&caller.actor(), Action::ApprovalAsk, &row.id, &detail);
        let write = Write::PutApproval(Box::new(row.clone()));
        self.write_folk(vec![write], vec![entry], |folk| {
            folk.approvals.insert(row.id.clone(), row.clone());
        })
        .await?;
        self.tick(&["approvals", "today"]);
        Ok(self.approval_view(caller, &row))
    }

    pub(super) fn list_approvals(&self, caller: &Caller) -> Answer<Vec<ApprovalView>> {
        self.may_view(caller)?;
        let mut rows: Vec<Approval> = self.folk().approvals.values().cloned().collect();
        rows.sort_by_key(|row| (row.decided.is_some(), std::cmp::Reverse(row.asked)));
        rows.truncate(DECIDED);
        Ok(rows.iter().map(|row| self.approval_view(caller, row)).collect())
    }

    pub(super) async fn decide_approval(
        &self,
        caller: &Caller,
        id: &str,
        approve: bool,
    ) -> Answer<ApprovalView> {
        let known = self.folk().approvals.get(id).cloned();
        let row = known.ok_or_else(|| Problem::not_found("such request"))?;
        let on = Resource::Approval { id, asked_by: &row.asked_by, action: row.action };
        self.may(caller, Action::ApprovalDecide, on, Context::default())?;
        let Some(decider) = person(caller) else {
            let detail = "a person must decide: sign in in a browser";
            return Err(self.deny(caller, Action::ApprovalDecide, id, detail));
        };
        let verdict = if approve { Verdict::Approved } else { Verdict::Refused };
        let decided = approval::decide(&row, verdict, decider, true, self.clock.now())
            .map_err(|error| Problem::new(kind(error), error.to_string()))?;
        let detail = [
            ("verdict", if approve { "approved" } else { "refused" }),
            ("action", row.action.name()),
            ("subject", row.subject.as_str()),
        ];
        let entry = self.entry(&caller.actor(), Action::ApprovalDecide, id, &detail);
        let write = Write::PutApproval(Box::new(decided.clone()));
        // The store refuses a second decision, so that what follows happens once.
        self.write_folk(vec![write], vec![entry], |folk| {
            folk.approvals.insert(decided.id.clone(), decided.clone());
        })
        .await?;
        if approve {
            self.carry_out(&decided).await?;
        }
        self.tick(&["approvals", "today", "devices"]);
        Ok(self.approval_view(caller, &decided))
    }

    /// Does what was approved, in the name of who asked.
    async fn carry_out(&self, row: &Approval) -> Answer<()> {
        let actor = format!("person:{}", row.asked_by);
        let unreadable =
            |_| Problem::new(ProblemKind::Broken, "the request cannot be read any more");
        match row.action {
            Action::DeviceForget => {
                self.carry_out_forget(&actor, &DeviceId(row.subject.clone())).await
            }
            Action::PersonChange => {
                let request: PersonRequest =
                    serde_json::from_str(&row.request).map_err(unreadable)?;
                self.carry_out_person(&actor, &request).await
            }
            Action::DeviceEdit => {
                let request: DeviceRequest =
                    serde_json::from_str(&row.request).map_err(unreadable)?;
                self.carry_out_edit(&actor, &request.id, &request.edit).await
            }
            Action::ContractAdopt | Action::ContractStage | Action::DeviceReach => {
                let request: ContractRequest =
                    serde_json::from_str(&row.request).map_err(unreadable)?;
                self.carry_out_contract(&actor, request).await.map(drop)
            }
            other => {
                let detail = format!("{other} cannot be carried out by approval");
                Err(Problem::new(ProblemKind::Broken, detail))
            }
        }
    }

    fn approval_view(&self, caller: &Caller, row: &Approval) -> ApprovalView {
        let now = self.clock.now();
        let state = approval::state(row, now);
        let on = Resource::Approval { id: &row.id, asked_by: &row.asked_by, action: row.action };
        let may = self.would(caller, Action::ApprovalDecide, on, Context::default());
        let yours = match may {
            Ok(_) => person(caller).is_some(),
            Err(problem) => problem.kind == ProblemKind::FreshSignInNeeded,
        };
        let says = self.says(row);
        let folk = self.folk();
        let label = |id: &str| folk.label(&format!("person:{id}"));
        ApprovalView {
            id: row.id.to_string(),
            action: row.action.name().to_owned(),
            says,
            reason: row.reason.to_string(),
            asked_by: label(&row.asked_by.0),
            asked: time(row.asked),
            expires: time(row.expires),
            state: state.name().to_owned(),
            decided_by: row.decided.as_ref().map(|(_, who, _)| label(&who.0)),
            yours_to_decide: yours && state == approval::ApprovalState::Open,
        }
    }

    fn says(&self, row: &Approval) -> String {
        let world = self.world.load();
        let device =
            world.register.get(&DeviceId(row.subject.clone())).map(|record| record.label());
        let person = self.name_of(&cordon_model::record::PersonId(row.subject.clone()));
        let subject = device.or(person).unwrap_or_else(|| row.subject.to_string());
        match row.action {
            Action::DeviceForget => format!("forget {subject} and its history"),
            Action::PersonChange => {
                let edit = serde_json::from_str::<PersonRequest>(&row.request).map(|one| one.edit);
                let mut parts = Vec::new();
                if let Ok(edit) = edit {
                    parts.extend(edit.name.map(|name| format!("call them {name}")));
                    parts.extend(edit.role.map(|role| format!("make them {role}")));
                    parts.extend(edit.disabled.map(|disabled| {
                        if disabled { "disable them".to_owned() } else { "enable them".to_owned() }
                    }));
                }
                format!("change {subject}: {}", parts.join(", "))
            }
            Action::ContractAdopt | Action::ContractStage | Action::DeviceReach => {
                match serde_json::from_str::<ContractRequest>(&row.request) {
                    Ok(request) if request.devices().len() > 1 => {
                        request.says(&format!("{} devices", request.devices().len()))
                    }
                    Ok(request) => request.says(&subject),
                    Err(_) => format!("change the contract of {subject}"),
                }
            }
            Action::DeviceEdit => format!("change how much depends on {subject}"),
            other => format!("{} ({subject})", other.title()),
        }
    }
}

const fn kind(error: DecideError) -> ProblemKind {
    match error {
        DecideError::OwnRequest | DecideError::MayNot => ProblemKind::Forbidden,
        DecideError::Decided | DecideError::Expired => ProblemKind::Conflict,
    }
}
