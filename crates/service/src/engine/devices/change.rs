//! What people change about devices.

use cordon_model::record::{Action, Address, Criticality, Record};
use cordon_model::{DeviceId, DeviceType, Text};
use cordon_register::Edit;
use cordon_store::{Before, Write};

use super::list::criticality;
use super::one::{change_view, find};
use crate::engine::approvals::DeviceRequest;
use crate::engine::show::number;
use crate::engine::write::told;
use crate::engine::{Engine, broken};
use crate::view::{ChangeView, DeviceEdit, DeviceView, Page};
use crate::{Answer, Caller, Outcome, Problem, ProblemKind};

impl Engine {
    pub(in crate::engine) async fn change_device(
        &self,
        caller: &Caller,
        id: &str,
        edit: &DeviceEdit,
    ) -> Answer<DeviceView> {
        let record = self.record(id)?;
        let grave = edit
            .criticality
            .as_deref()
            .is_some_and(|value| value != criticality(record.criticality()));
        let needs = self.may_device(caller, Action::DeviceEdit, &record, grave)?;
        parse(edit)?;
        if !needs.approval.is_empty() {
            let request = DeviceRequest { id: record.id.clone(), edit: edit.clone() };
            let reason = edit.notes.as_deref().unwrap_or("another criticality");
            self.ask(caller, Action::DeviceEdit, &record.id.0, &request, reason).await?;
            let detail = "this waits for a second person now; see People & keys";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        self.carry_out_edit(&caller.actor(), &record.id, edit).await?;
        self.show_device(caller, &record.id.0).await
    }

    pub(in crate::engine) async fn carry_out_edit(
        &self,
        actor: &str,
        id: &DeviceId,
        edit: &DeviceEdit,
    ) -> Answer<()> {
        let (edit, now) = (parse(edit)?, self.clock.now());
        let fields = serde_json::to_value(&edit).unwrap_or_default();
        let fields: Vec<&str> = fields
            .as_object()
            .map(|fields| fields.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let entry = self.entry(actor, Action::DeviceEdit, &id.0, &[("fields", &fields.join(" "))]);
        let writing = self.writing.lock().await;
        let _update = self
            .write_register(vec![entry], |register| register.edit(id, &edit, actor, now))
            .await?;
        drop(writing);
        Ok(())
    }

    pub(in crate::engine) async fn merge_into(
        &self,
        caller: &Caller,
        id: &str,
        other: &str,
    ) -> Answer<DeviceView> {
        let (record, other) = (self.record(id)?, self.record(other)?);
        let grave = record.criticality() != other.criticality();
        for one in [&record, &other] {
            let needs = self.may_device(caller, Action::DeviceMerge, one, grave)?;
            if let Some(because) = needs.approval.first() {
                let detail = format!("{}; give both the same criticality first", because.title);
                return Err(self.deny(caller, Action::DeviceMerge, &one.id.0, detail));
            }
        }
        let (actor, now) = (caller.actor(), self.clock.now());
        let entry =
            self.entry(&actor, Action::DeviceMerge, &record.id.0, &[("other", &other.id.0)]);
        let writing = self.writing.lock().await;
        let _update = self
            .write_register(vec![entry], |register| {
                register.merge(&record.id, &other.id, &actor, now)
            })
            .await?;
        drop(writing);
        self.show_device(caller, &record.id.0).await
    }

    pub(in crate::engine) async fn split_off(
        &self,
        caller: &Caller,
        id: &str,
        addresses: &[String],
    ) -> Answer<String> {
        let record = self.record(id)?;
        self.may_device(caller, Action::DeviceSplit, &record, false)?;
        let addresses =
            addresses.iter().map(|text| address(text)).collect::<Answer<Vec<Address>>>()?;
        let (actor, now) = (caller.actor(), self.clock.now());
        let entry = self.entry(&actor, Action::DeviceSplit, &record.id.0, &[]);
        let writing = self.writing.lock().await;
        let update = self
            .write_register(vec![entry], |register| {
                register.split(&record.id, &addresses, &actor, now)
            })
            .await?;
        drop(writing);
        let made = update.records.iter().find(|one| one.id != record.id);
        made.map(|one| one.id.to_string())
            .ok_or_else(|| Problem::new(ProblemKind::Broken, "the split made no device"))
    }

    pub(in crate::engine) async fn forget(
        &self,
        caller: &Caller,
        id: &str,
        reason: &str,
    ) -> Answer<Outcome> {
        let record = self.record(id)?;
        let needs = self.may_device(caller, Action::DeviceForget, &record, false)?;
        if !needs.approval.is_empty() {
            let nothing = serde_json::json!({});
            let asked = self.ask(caller, Action::DeviceForget, &record.id.0, &nothing, reason);
            return asked.await.map(|approval| Outcome::Waits(Box::new(approval)));
        }
        self.carry_out_forget(&caller.actor(), &record.id).await?;
        Ok(Outcome::Done)
    }

    pub(in crate::engine) async fn carry_out_forget(
        &self,
        actor: &str,
        id: &DeviceId,
    ) -> Answer<()> {
        // Its name does not stay in the ledger either: forgotten is forgotten.
        let entry = self.entry(actor, Action::DeviceForget, &id.0, &[]);
        let writing = self.writing.lock().await;
        let world = self.world.load_full();
        let mut register = cordon_register::Register::clone(&world.register);
        drop(register.forget(id).map_err(told)?);
        self.commit(vec![Write::ForgetDevice(id.clone())], vec![entry]).await?;
        self.world.rcu(|world| {
            let mut next = crate::engine::world::World::clone(world);
            next.register = std::sync::Arc::new(register.clone());
            std::sync::Arc::new(next)
        });
        self.let_go(std::slice::from_ref(id), true);
        self.follow().await;
        drop(writing);
        self.tick(&["today", "devices", "findings", "contracts"]);
        Ok(())
    }

    pub(in crate::engine) async fn list_changes(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<ChangeView>> {
        self.may_view(caller)?;
        let limit = crate::engine::show::limit(Some(limit))?;
        let page = Before { before: number(cursor)?, limit };
        let changes = self.state.changes(None, page).await.map_err(broken)?;
        let folk = self.folk();
        let items = changes.rows.iter().map(|change| change_view(&folk, change)).collect();
        Ok(Page { items, next: changes.next.map(|next| next.to_string()), total: None })
    }

    pub(in crate::engine) async fn take_back(&self, caller: &Caller, change: u64) -> Answer<()> {
        let world = self.world.load_full();
        let known = world.register.changes().iter().find(|one| one.id == change);
        // What it changes back is decided like changing it.
        for before in known.iter().flat_map(|change| &change.before) {
            let now = world.register.get(&before.id);
            let grave = now.is_some_and(|now| now.criticality() != before.criticality());
            let needs =
                self.may_device(caller, Action::ChangeUndo, now.unwrap_or(before), grave)?;
            if let Some(because) = needs.approval.first() {
                let detail = format!("{}; change it in the device's form instead", because.title);
                return Err(self.deny(caller, Action::ChangeUndo, &before.id.0, detail));
            }
        }
        self.may_site(caller, Action::ChangeUndo)?;
        let (actor, now) = (caller.actor(), self.clock.now());
        let number = change.to_string();
        let entry = self.entry(&actor, Action::ChangeUndo, &number, &[]);
        let writing = self.writing.lock().await;
        let _update =
            self.write_register(vec![entry], |register| register.undo(change, &actor, now)).await?;
        drop(writing);
        Ok(())
    }

    fn record(&self, id: &str) -> Answer<Record> {
        find(&self.world.load(), id).cloned()
    }
}

/// An address of either layer.
pub(in crate::engine) fn address(text: &str) -> Answer<Address> {
    let text = text.trim();
    let ip = text.parse().map(Address::Ip).ok();
    ip.or_else(|| text.parse().map(Address::Mac).ok()).ok_or_else(|| {
        let short: String = text.chars().take(60).collect();
        Problem::invalid(format!("{short:?} is no address; write 10.0.0.7 or 00:17:88:24:76:ff"))
    })
}

/// An edit in the register's terms: an empty text clears.
fn parse(edit: &DeviceEdit) -> Answer<Edit> {
    let text = |value: &Option<String>| {
        value.as_ref().map(|value| {
            let value = value.trim();
            (!value.is_empty()).then(|| Text::from(value))
        })
    };
    let kind = match edit.kind.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(name) => {
            let kind = DeviceType::ALL.iter().find(|kind| kind.name() == name);
            Some(Some(*kind.ok_or_else(|| {
                Problem::invalid("this kind is unknown; see the list of kinds in the device form")
            })?))
        }
    };
    let criticality = match edit.criticality.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some("normal") => Some(Some(Criticality::Normal)),
        Some("process") => Some(Some(Criticality::Process)),
        Some("life-safety") => Some(Some(Criticality::LifeSafety)),
        Some(_) => {
            return Err(Problem::invalid("criticality is normal, process or life-safety"));
        }
    };
    Ok(Edit {
        name: text(&edit.name),
        kind,
        vendor: text(&edit.vendor),
        model: text(&edit.model),
        firmware: text(&edit.firmware),
        os: text(&edit.os),
        owner: text(&edit.owner),
        location: text(&edit.location),
        zone: text(&edit.zone),
        criticality,
        tags: edit.tags.as_ref().map(|tags| tags.iter().map(Text::from).collect()),
        notes: text(&edit.notes),
    })
}
