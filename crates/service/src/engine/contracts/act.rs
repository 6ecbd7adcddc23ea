//! What people do with contracts.

use cordon_contract::EntryId;
use cordon_model::DeviceId;
use cordon_model::record::Action;

use super::approved::ContractRequest;
use super::change::may_block;
use super::{reach_named, reason, stage_named, told};
use crate::engine::Engine;
use crate::engine::devices::find;
use crate::view::{AdoptRequest, Changed, ReachRequest, StageRequest};
use crate::{Answer, Caller, Problem};

/// Entries that one request may name.
const MAX_NAMED: usize = 4_096;
/// Devices that one request may name.
const MAX_DEVICES: usize = 20_000;

impl Engine {
    pub(in crate::engine) async fn adopt_contract(
        &self,
        caller: &Caller,
        device: &str,
        request: &AdoptRequest,
    ) -> Answer<Changed> {
        let device = find(&self.world.load(), device)?.id.clone();
        let ids = |list: &[String]| -> Answer<Vec<EntryId>> {
            if list.len() > MAX_NAMED {
                return Err(Problem::invalid("name 4,096 entries at most"));
            }
            Ok(list.iter().map(|id| EntryId(id.as_str().into())).collect())
        };
        let what = ContractRequest::Adopt {
            device,
            proposed: request.proposed,
            admit: ids(&request.admit)?,
            add: Vec::new(),
            remove: ids(&request.remove)?,
            mud_url: None,
            why: reason(&request.reason)?,
        };
        self.do_or_rehearse(caller, what, request.rehearse).await
    }

    pub(in crate::engine) async fn stage_contracts(
        &self,
        caller: &Caller,
        request: &StageRequest,
    ) -> Answer<Changed> {
        let stage = stage_named(&request.stage)?;
        let named = self.devices_named(&request.devices, false)?;
        let blocks = stage == cordon_contract::Stage::Enforce;
        // Who may not is told so, before what is wrong with the request.
        self.may_contracts(caller, Action::ContractStage, &named, blocks)?;
        let what = ContractRequest::Stage {
            devices: self.devices_named(&request.devices, true)?,
            stage,
            why: reason(&request.reason)?,
        };
        self.do_or_rehearse(caller, what, request.rehearse).await
    }

    pub(in crate::engine) async fn switch_devices(
        &self,
        caller: &Caller,
        request: &ReachRequest,
    ) -> Answer<Changed> {
        let what = ContractRequest::Reach {
            devices: self.devices_named(&request.devices, false)?,
            reach: reach_named(&request.reach)?,
            why: reason(&request.reason)?,
        };
        self.do_or_rehearse(caller, what, request.rehearse).await
    }

    pub(in crate::engine) async fn take_step_back(
        &self,
        caller: &Caller,
        step: Option<u64>,
    ) -> Answer<Changed> {
        self.may_site(caller, Action::ContractUndo)?;
        let book = self.book();
        let step = match step {
            Some(step) => step,
            None => {
                let nothing = || Problem::not_found("step that could be taken back");
                book.last_step().ok_or_else(nothing)?.id
            }
        };
        let actor = caller.actor();
        let now = self.clock.now();
        let seal = |contract: &cordon_contract::Contract| self.contracts.seal(contract);
        // What it would tighten is decided like tightening it.
        let mut trial = cordon_contract::book::Book::clone(&book);
        let update = trial.undo(step, &actor, now, &seal).map_err(told)?;
        {
            let world = self.world.load();
            for after in &update.standings {
                let before = book.standing(&after.device).map(|held| &**held);
                let blocks = may_block(before, after)
                    || (after.reach != cordon_contract::Reach::Normal
                        && before.is_none_or(|before| before.reach != after.reach));
                if let (true, Ok(record)) = (blocks, find(&world, &after.device.0)) {
                    let needs = self.may_contract(caller, Action::ContractStage, record, true)?;
                    if let Some(because) = needs.approval.first() {
                        let detail = format!("{}; ask for it on the device's page", because.title);
                        let action = Action::ContractUndo;
                        return Err(self.deny(caller, action, &after.device.0, detail));
                    }
                }
            }
        }
        self.change_book(&actor, Action::ContractUndo, |book| book.undo(step, &actor, now, &seal))
            .await
    }

    /// Whether a caller may change the contracts of devices.
    pub(super) fn may_contracts(
        &self,
        caller: &Caller,
        action: Action,
        devices: &[DeviceId],
        blocks: bool,
    ) -> Answer<()> {
        let world = self.world.load();
        for id in devices {
            let record = find(&world, &id.0)?;
            self.may_contract(caller, action, record, blocks)?;
        }
        Ok(())
    }

    /// Whether a caller may change a device's contract.
    pub(super) fn may_contract(
        &self,
        caller: &Caller,
        action: Action,
        record: &cordon_model::record::Record,
        blocks: bool,
    ) -> Answer<cordon_authz::Needs> {
        let zone = record.own.zone.as_ref().map_or("", |set| set.value.as_str());
        let on = cordon_authz::Resource::Device {
            id: &record.id.0,
            criticality: record.criticality(),
            zone,
        };
        let context = cordon_authz::Context { blocks, ..cordon_authz::Context::default() };
        self.may(caller, action, on, context)
    }

    async fn do_or_rehearse(
        &self,
        caller: &Caller,
        what: ContractRequest,
        rehearse: bool,
    ) -> Answer<Changed> {
        if rehearse {
            return self.rehearse_change(caller, &what).await;
        }
        self.do_or_ask(caller, what).await
    }

    /// The devices that a request names: ids, names, addresses, `zone:…`, `tag:…`, `all`.
    pub(super) fn devices_named(
        &self,
        names: &[String],
        with_contract: bool,
    ) -> Answer<Vec<DeviceId>> {
        let (world, book) = (self.world.load(), self.book());
        let stands = |id: &DeviceId| {
            !with_contract || book.standing(id).is_some_and(|held| held.signed.is_some())
        };
        let mut devices: Vec<DeviceId> = Vec::new();
        for name in names.iter().take(MAX_DEVICES) {
            let zone = name.strip_prefix("zone:");
            let tag = name.strip_prefix("tag:");
            if name == "all" || zone.is_some() || tag.is_some() {
                let is = |record: &&cordon_model::record::Record| {
                    let own = &record.own;
                    zone.is_none_or(|zone| own.zone.as_ref().is_some_and(|held| held.value == zone))
                        && tag.is_none_or(|tag| own.tags.iter().any(|held| held == tag))
                };
                let found = world.register.records().filter(is).map(|record| record.id.clone());
                devices.extend(found.filter(|id| stands(id)));
            } else {
                devices.push(find(&world, name)?.id.clone());
            }
        }
        devices.sort();
        devices.dedup();
        if devices.is_empty() {
            let detail = if with_contract && !names.is_empty() {
                "none of these devices has a contract in force; adopt one first"
            } else {
                "name a device, zone:NAME, tag:NAME or all"
            };
            return Err(Problem::invalid(detail));
        }
        Ok(devices)
    }
}
