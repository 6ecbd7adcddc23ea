//! Writes one row.

use std::cmp::max;

use cordon_contract::book::Step;
use cordon_model::DeviceId;
use cordon_model::record::{Approval, Change, Event, Record, Session, TrackedFinding};
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    Iterable, PrimaryKeyToColumn, QueryFilter, QueryOrder, QuerySelect,
};

use super::{body, hex, signed, word};
use crate::entity::{
    approval, change, change_device, checkpoint, contract, counter, credential, device, event,
    finding, invite, ledger, person, proposal, session, setting, step, step_device, token,
};
use crate::{LedgerRow, StoreError, Write};

/// Counters of the store itself begin with this; nobody else sees them.
pub(crate) const OWN: &str = "store.";

/// The next numbers of the lists that grow. A number is never given twice, also after its row
/// was removed: before rows are removed, the numbers are written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Numbers {
    event: i64,
    session: i64,
    approval: i64,
    change: i64,
    step: i64,
}

impl Numbers {
    /// One past the highest of each, as rows and as written down.
    pub(crate) async fn load<C: ConnectionTrait>(db: &C, site: &str) -> Result<Self, StoreError> {
        let event = next::<event::Entity, _>(db, event::Column::Site.eq(site), event::Column::Seq);
        let event = max(event.await?, kept(db, site, "event").await?);
        let session =
            next::<session::Entity, _>(db, session::Column::Site.eq(site), session::Column::Seq);
        let session = max(session.await?, kept(db, site, "session").await?);
        let approval =
            next::<approval::Entity, _>(db, approval::Column::Site.eq(site), approval::Column::Seq);
        let approval = max(approval.await?, kept(db, site, "approval").await?);
        let change =
            next::<change::Entity, _>(db, change::Column::Site.eq(site), change::Column::Id);
        let change = max(change.await?, kept(db, site, "change").await?);
        let step = next::<step::Entity, _>(db, step::Column::Site.eq(site), step::Column::Id);
        let step = max(step.await?, kept(db, site, "step").await?);
        Ok(Numbers { event, session, approval, change, step })
    }

    /// The next free id of a change.
    pub(crate) fn next_change(&self) -> i64 {
        self.change
    }

    /// The next free id of a step.
    pub(crate) fn next_step(&self) -> i64 {
        self.step
    }

    /// Writes them down.
    pub(crate) async fn keep<C: ConnectionTrait>(
        &self,
        db: &C,
        site: &str,
    ) -> Result<(), StoreError> {
        for (name, value) in [
            ("event", self.event),
            ("session", self.session),
            ("approval", self.approval),
            ("change", self.change),
            ("step", self.step),
        ] {
            let name = format!("{OWN}{name}");
            put::<counter::Entity, _, _>(db, counter::Model { site: site.to_owned(), name, value })
                .await?;
        }
        Ok(())
    }
}

async fn kept<C: ConnectionTrait>(db: &C, site: &str, name: &str) -> Result<i64, StoreError> {
    let row =
        counter::Entity::find_by_id((site.to_owned(), format!("{OWN}{name}"))).one(db).await?;
    Ok(row.map_or(0, |row| row.value))
}

/// One past the highest value of a column.
pub(crate) async fn next<E: EntityTrait, C: ConnectionTrait>(
    db: &C,
    site: Expr,
    column: E::Column,
) -> Result<i64, StoreError> {
    let top: Option<i64> = E::find()
        .select_only()
        .column(column)
        .filter(site)
        .order_by_desc(column)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(top.map_or(0, |top| top.saturating_add(1)))
}

fn take(number: &mut i64) -> i64 {
    let taken = *number;
    *number = number.saturating_add(1);
    taken
}

/// Writes one row in the open transaction.
pub(crate) async fn apply<C: ConnectionTrait>(
    db: &C,
    site: &str,
    numbers: &mut Numbers,
    write: &Write,
) -> Result<(), StoreError> {
    let site = site.to_owned();
    match write {
        Write::PutDevice(row) => put::<device::Entity, _, _>(db, device_row(site, row)?).await,
        Write::DropDevice(id) => drop_row::<device::Entity, _>(db, (site, id.to_string())).await,
        Write::ForgetDevice(id) => {
            numbers.keep(db, &site).await?;
            forget(db, &site, id).await
        }
        Write::PutFinding(row) => put::<finding::Entity, _, _>(db, finding_row(site, row)?).await,
        Write::DropFinding(id) => {
            drop_row::<finding::Entity, _>(db, (site, id.0.to_string())).await
        }
        Write::AddEvent(row) => {
            let model = event_row(site, numbers, row)?;
            event::Entity::insert(model.into_active_model()).exec_without_returning(db).await?;
            Ok(())
        }
        Write::PutChange(row) => {
            numbers.change = max(numbers.change, signed(row.id)?.saturating_add(1));
            put_change(db, site, row).await
        }
        Write::PutStanding(row) => {
            let model =
                contract::Model { site, id: row.device.to_string(), body: body(row.as_ref())? };
            put::<contract::Entity, _, _>(db, model).await
        }
        Write::PutProposal(row) => {
            let model =
                proposal::Model { site, id: row.device().to_string(), body: body(row.as_ref())? };
            put::<proposal::Entity, _, _>(db, model).await
        }
        Write::DropContract(id) => {
            drop_row::<proposal::Entity, _>(db, (site.clone(), id.to_string())).await?;
            drop_row::<contract::Entity, _>(db, (site, id.to_string())).await
        }
        Write::PutStep(row) => {
            numbers.step = max(numbers.step, signed(row.id)?.saturating_add(1));
            put_step(db, site, row).await
        }
        Write::PutPerson(row) => {
            let model = person::Model {
                site,
                id: row.id.to_string(),
                name: row.name.to_string(),
                body: body(row)?,
            };
            put::<person::Entity, _, _>(db, model).await
        }
        Write::DropPerson(id) => {
            numbers.keep(db, &site).await?;
            drop_row::<person::Entity, _>(db, (site, id.to_string())).await
        }
        Write::PutCredential(row) => {
            let model = credential::Model {
                site,
                id: row.id.to_string(),
                person: row.person.to_string(),
                body: body(row)?,
            };
            put::<credential::Entity, _, _>(db, model).await
        }
        Write::DropCredential(id) => {
            drop_row::<credential::Entity, _>(db, (site, id.to_string())).await
        }
        Write::PutSession(row) => put_session(db, site, take(&mut numbers.session), row).await,
        Write::EndSession { hash, at } => {
            session::Entity::update_many()
                .col_expr(session::Column::Ended, Expr::value(at.nanos()))
                .filter(session::Column::Site.eq(site))
                .filter(session::Column::Id.eq(hex(hash)))
                .filter(session::Column::Ended.is_null())
                .exec(db)
                .await?;
            Ok(())
        }
        Write::PutInvite(row) => {
            let model = invite::Model {
                site,
                id: hex(&row.hash),
                expires: row.expires.nanos(),
                body: body(row)?,
            };
            put::<invite::Entity, _, _>(db, model).await
        }
        Write::TakeInvite(hash) => {
            let gone = invite::Entity::delete_by_id((site, hex(hash))).exec(db).await?;
            match gone.rows_affected {
                0 => Err(StoreError::Conflict("the invitation was used already".to_owned())),
                _ => Ok(()),
            }
        }
        Write::DropInvite(hash) => drop_row::<invite::Entity, _>(db, (site, hex(hash))).await,
        Write::PutToken(row) => {
            let model = token::Model {
                site,
                id: row.id.to_string(),
                hash: hex(&row.hash),
                person: row.person.to_string(),
                expires: row.expires.nanos(),
                body: body(row)?,
            };
            put::<token::Entity, _, _>(db, model).await
        }
        Write::DropToken(id) => drop_row::<token::Entity, _>(db, (site, id.to_string())).await,
        Write::PutApproval(row) => put_approval(db, site, take(&mut numbers.approval), row).await,
        Write::PutSetting { name, value } => {
            let (name, value) = (name.to_string(), value.to_string());
            put::<setting::Entity, _, _>(db, setting::Model { site, name, value }).await
        }
        Write::DropSetting(name) => {
            drop_row::<setting::Entity, _>(db, (site, name.to_string())).await
        }
        Write::PutCounter { name, value } => {
            let model = counter::Model { site, name: name.to_string(), value: *value };
            put::<counter::Entity, _, _>(db, model).await
        }
    }
}

/// Writes one leaf of the ledger; its columns come from the entry.
pub(crate) async fn add_leaf<C: ConnectionTrait>(
    db: &C,
    site: &str,
    row: LedgerRow,
    entry: &cordon_model::record::Entry,
) -> Result<(), StoreError> {
    let model = ledger::Model {
        site: site.to_owned(),
        seq: signed(row.index)?,
        actor: entry.actor.to_string(),
        action: entry.action.name().to_owned(),
        subject: entry.subject.to_string(),
        record: row.record,
        leaf: row.leaf.to_vec(),
    };
    ledger::Entity::insert(model.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Writes a signed checkpoint.
pub(crate) async fn add_checkpoint<C: ConnectionTrait>(
    db: &C,
    site: &str,
    size: u64,
    text: String,
) -> Result<(), StoreError> {
    let model = checkpoint::Model { site: site.to_owned(), size: signed(size)?, text };
    checkpoint::Entity::insert(model.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Inserts a row, or replaces every column but the key of the one that is there.
async fn put<E, M, C>(db: &C, model: M) -> Result<(), StoreError>
where
    E: EntityTrait<Model = M>,
    M: IntoActiveModel<E::ActiveModel> + sea_orm::ModelTrait<Entity = E>,
    C: ConnectionTrait,
{
    E::insert(model.into_active_model())
        .on_conflict(replace::<E>())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// What happens to a row of the same key: every other column is replaced.
pub(super) fn replace<E: EntityTrait>() -> OnConflict {
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let rest = E::Column::iter()
        .filter(|column| E::PrimaryKey::from_column(*column).is_none())
        .collect::<Vec<_>>();
    OnConflict::columns(keys).update_columns(rest).to_owned()
}

async fn drop_row<E, C>(
    db: &C,
    key: <E::PrimaryKey as sea_orm::PrimaryKeyTrait>::ValueType,
) -> Result<(), StoreError>
where
    E: EntityTrait,
    C: ConnectionTrait,
{
    E::delete_by_id(key).exec(db).await?;
    Ok(())
}

pub(super) fn device_row(site: String, row: &Record) -> Result<device::Model, StoreError> {
    Ok(device::Model { site, id: row.id.to_string(), last: row.last.nanos(), body: body(row)? })
}

pub(super) fn finding_row(
    site: String,
    row: &TrackedFinding,
) -> Result<finding::Model, StoreError> {
    Ok(finding::Model {
        site,
        id: row.id.0.to_string(),
        device: row.finding.device.as_ref().map(ToString::to_string),
        state: word(&row.state)?,
        last: row.last.nanos(),
        body: body(row)?,
    })
}

/// An event under the next number.
pub(super) fn event_row(
    site: String,
    numbers: &mut Numbers,
    row: &Event,
) -> Result<event::Model, StoreError> {
    Ok(event::Model {
        site,
        seq: take(&mut numbers.event),
        at: row.at.nanos(),
        device: row.device.to_string(),
        kind: word(&row.kind)?,
        body: body(row)?,
    })
}

/// A change is found by every device that it holds or leaves.
async fn put_change<C: ConnectionTrait>(
    db: &C,
    site: String,
    row: &Change,
) -> Result<(), StoreError> {
    let id = signed(row.id)?;
    let model = change::Model { site: site.clone(), id, at: row.at.nanos(), body: body(row)? };
    put::<change::Entity, _, _>(db, model).await?;
    change_device::Entity::delete_many()
        .filter(change_device::Column::Site.eq(&*site))
        .filter(change_device::Column::Change.eq(id))
        .exec(db)
        .await?;
    let before = row.before.iter().map(|record| &record.id);
    let mut devices: Vec<&DeviceId> = before.chain(&row.after).collect();
    devices.sort();
    devices.dedup();
    for device in devices {
        let link = change_device::ActiveModel {
            site: Set(site.clone()),
            device: Set(device.to_string()),
            change: Set(id),
        };
        change_device::Entity::insert(link).exec_without_returning(db).await?;
    }
    Ok(())
}

async fn put_step<C: ConnectionTrait>(db: &C, site: String, row: &Step) -> Result<(), StoreError> {
    let id = signed(row.id)?;
    let model = step::Model { site: site.clone(), id, at: row.at.nanos(), body: body(row)? };
    put::<step::Entity, _, _>(db, model).await?;
    step_device::Entity::delete_many()
        .filter(step_device::Column::Site.eq(&*site))
        .filter(step_device::Column::Step.eq(id))
        .exec(db)
        .await?;
    let mut devices: Vec<&DeviceId> = row.before.iter().map(|standing| &standing.device).collect();
    devices.sort();
    devices.dedup();
    for device in devices {
        let link = step_device::ActiveModel {
            site: Set(site.clone()),
            device: Set(device.to_string()),
            step: Set(id),
        };
        step_device::Entity::insert(link).exec_without_returning(db).await?;
    }
    Ok(())
}

async fn put_session<C: ConnectionTrait>(
    db: &C,
    site: String,
    seq: i64,
    row: &Session,
) -> Result<(), StoreError> {
    use session::Column;
    let model = session::Model {
        site,
        id: hex(&row.hash),
        seq,
        person: row.person.to_string(),
        expires: row.expires.nanos(),
        ended: None,
        body: body(row)?,
    };
    let conflict = OnConflict::columns([Column::Site, Column::Id])
        .update_columns([Column::Person, Column::Expires, Column::Body])
        .action_and_where(Expr::col((session::Entity, Column::Ended).into_column_ref()).is_null())
        .to_owned();
    session::Entity::insert(model.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

async fn put_approval<C: ConnectionTrait>(
    db: &C,
    site: String,
    seq: i64,
    row: &Approval,
) -> Result<(), StoreError> {
    use approval::Column;
    let model = approval::Model {
        site,
        id: row.id.to_string(),
        seq,
        expires: row.expires.nanos(),
        decided: row.decided.as_ref().map(|(_, _, at)| at.nanos()),
        body: body(row)?,
    };
    let open = Expr::col((approval::Entity, Column::Decided).into_column_ref()).is_null();
    let conflict = OnConflict::columns([Column::Site, Column::Id])
        .update_columns([Column::Expires, Column::Decided, Column::Body])
        .action_and_where(open)
        .to_owned();
    let written = approval::Entity::insert(model.into_active_model())
        .on_conflict(conflict)
        .exec_without_returning(db)
        .await?;
    match written {
        0 => Err(StoreError::Conflict("the request was decided already".to_owned())),
        _ => Ok(()),
    }
}

/// Removes a device and everything that holds a copy of it, changes of others included.
async fn forget<C: ConnectionTrait>(db: &C, site: &str, id: &DeviceId) -> Result<(), StoreError> {
    let id = id.to_string();
    device::Entity::delete_by_id((site.to_owned(), id.clone())).exec(db).await?;
    finding::Entity::delete_many()
        .filter(finding::Column::Site.eq(site))
        .filter(finding::Column::Device.eq(&*id))
        .exec(db)
        .await?;
    event::Entity::delete_many()
        .filter(event::Column::Site.eq(site))
        .filter(event::Column::Device.eq(&*id))
        .exec(db)
        .await?;
    contract::Entity::delete_by_id((site.to_owned(), id.clone())).exec(db).await?;
    proposal::Entity::delete_by_id((site.to_owned(), id.clone())).exec(db).await?;
    let involved = step_device::Entity::find()
        .select_only()
        .column(step_device::Column::Step)
        .filter(step_device::Column::Site.eq(site))
        .filter(step_device::Column::Device.eq(&*id));
    step::Entity::delete_many()
        .filter(step::Column::Site.eq(site))
        .filter(step::Column::Id.in_subquery(sea_orm::QueryTrait::into_query(involved)))
        .exec(db)
        .await?;
    let involved = change_device::Entity::find()
        .select_only()
        .column(change_device::Column::Change)
        .filter(change_device::Column::Site.eq(site))
        .filter(change_device::Column::Device.eq(&*id));
    change::Entity::delete_many()
        .filter(
            Condition::all()
                .add(change::Column::Site.eq(site))
                .add(change::Column::Id.in_subquery(sea_orm::QueryTrait::into_query(involved))),
        )
        .exec(db)
        .await?;
    Ok(())
}
