//! Reads rows, page by page.

use std::collections::BTreeMap;
use std::ops::Range;

use cordon_contract::book::Step;
use cordon_model::record::{Approval, Change, Event, FindingKey, PersonId, TrackedFinding};
use cordon_model::{DeviceId, Text, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use serde::de::DeserializeOwned;

use super::apply::{Numbers, OWN, next};
use super::{parse, unsigned, window, word};
use crate::entity::{
    approval, change, change_device, checkpoint, contract, counter, credential, device, event,
    finding, invite, ledger, person, proposal, session, setting, step, step_device, token,
};
use crate::{
    Before, EventFilter, FindingFilter, LEAVES_MAX, LedgerFilter, LedgerHead, LedgerRow, Numbered,
    PAGE_MAX, Page, PastSession, SignedCheckpoint, Snapshot, StoreError,
};

/// Every row of a table as its record, in the order of its key.
macro_rules! all {
    ($db:expr, $site:expr, $table:ident $(, $filter:expr)?) => {
        parsed(
            stringify!($table),
            $table::Entity::find()
                .filter($table::Column::Site.eq($site))
                $(.filter($filter))?
                .order_by_asc($table::Column::Id)
                .all($db)
                .await?
                .into_iter()
                .map(|row| (row.id, row.body)),
        )?
    };
}

/// Everything small; `db` is a transaction, so that all of it is of one moment.
pub(crate) async fn snapshot<C: ConnectionTrait>(
    db: &C,
    site: &str,
) -> Result<Snapshot, StoreError> {
    let numbers = Numbers::load(db, site).await?;
    Ok(Snapshot {
        devices: all!(db, site, device),
        findings: all!(db, site, finding),
        people: all!(db, site, person),
        credentials: all!(db, site, credential),
        sessions: all!(db, site, session, session::Column::Ended.is_null()),
        invites: all!(db, site, invite),
        tokens: all!(db, site, token),
        approvals: all!(db, site, approval, approval::Column::Decided.is_null()),
        settings: settings(db, site).await?,
        counters: counters(db, site).await?,
        next_change: unsigned("change", numbers.next_change())?,
        standings: all!(db, site, contract),
        proposals: all!(db, site, proposal),
        steps: {
            let mut latest =
                steps(db, site, None, Before { before: None, limit: PAGE_MAX }).await?;
            latest.rows.reverse();
            latest.rows
        },
        next_step: unsigned("step", numbers.next_step())?,
        ledger: head(db, site).await?,
    })
}

fn parsed<T: DeserializeOwned>(
    table: &'static str,
    rows: impl Iterator<Item = (String, String)>,
) -> Result<Vec<T>, StoreError> {
    rows.map(|(id, body)| parse(table, id, &body)).collect()
}

async fn settings<C: ConnectionTrait>(
    db: &C,
    site: &str,
) -> Result<BTreeMap<Text, Text>, StoreError> {
    let rows = setting::Entity::find().filter(setting::Column::Site.eq(site)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.name.into(), row.value.into())).collect())
}

async fn counters<C: ConnectionTrait>(
    db: &C,
    site: &str,
) -> Result<BTreeMap<Text, i64>, StoreError> {
    let rows = counter::Entity::find().filter(counter::Column::Site.eq(site)).all(db).await?;
    let others = rows.into_iter().filter(|row| !row.name.starts_with(OWN));
    Ok(others.map(|row| (row.name.into(), row.value)).collect())
}

/// Where the ledger ends, by its rows.
pub(crate) async fn head<C: ConnectionTrait>(db: &C, site: &str) -> Result<LedgerHead, StoreError> {
    let size =
        next::<ledger::Entity, _>(db, ledger::Column::Site.eq(site), ledger::Column::Seq).await?;
    let last = checkpoint::Entity::find()
        .filter(checkpoint::Column::Site.eq(site))
        .order_by_desc(checkpoint::Column::Size)
        .limit(1)
        .one(db)
        .await?;
    Ok(LedgerHead {
        size: unsigned("ledger", size)?,
        checkpoint: last.map(|row| row.text).unwrap_or_default(),
    })
}

/// The latest checkpoint.
pub(crate) async fn last_checkpoint<C: ConnectionTrait>(
    db: &C,
    site: &str,
) -> Result<Option<SignedCheckpoint>, StoreError> {
    let row = checkpoint::Entity::find()
        .filter(checkpoint::Column::Site.eq(site))
        .order_by_desc(checkpoint::Column::Size)
        .limit(1)
        .one(db)
        .await?;
    row.map(|row| Ok(SignedCheckpoint { size: unsigned("checkpoint", row.size)?, text: row.text }))
        .transpose()
}

pub(crate) async fn events<C: ConnectionTrait>(
    db: &C,
    site: &str,
    wanted: &EventFilter,
    page: Before,
) -> Result<Page<Numbered<Event>>, StoreError> {
    use event::Column;
    let (before, limit) = window(page);
    let kinds = wanted.kinds.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    let devices = wanted.devices.iter().take(PAGE_MAX).map(ToString::to_string);
    let rows = event::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Seq.lt(before))
        .apply_if((!wanted.devices.is_empty()).then_some(devices), |query, devices| {
            query.filter(Column::Device.is_in(devices))
        })
        .apply_if((!kinds.is_empty()).then_some(kinds), |query, kinds| {
            query.filter(Column::Kind.is_in(kinds))
        })
        .apply_if(wanted.since, |query, since| query.filter(Column::At.gte(since.nanos())))
        .order_by_desc(Column::Seq)
        .limit(limit + 1)
        .all(db)
        .await?;
    numbered("event", limit, rows.into_iter().map(|row| (row.seq, row.body)))
}

pub(crate) async fn changes<C: ConnectionTrait>(
    db: &C,
    site: &str,
    device: Option<&DeviceId>,
    page: Before,
) -> Result<Page<Change>, StoreError> {
    use change::Column;
    let (before, limit) = window(page);
    let rows = change::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Id.lt(before))
        .apply_if(device, |query, device| {
            let involved = change_device::Entity::find()
                .select_only()
                .column(change_device::Column::Change)
                .filter(change_device::Column::Site.eq(site))
                .filter(change_device::Column::Device.eq(device.to_string()));
            query.filter(Column::Id.in_subquery(involved.into_query()))
        })
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(db)
        .await?;
    let page = numbered("change", limit, rows.into_iter().map(|row| (row.id, row.body)))?;
    Ok(Page { rows: page.rows.into_iter().map(|row| row.row).collect(), next: page.next })
}

pub(crate) async fn steps<C: ConnectionTrait>(
    db: &C,
    site: &str,
    device: Option<&DeviceId>,
    page: Before,
) -> Result<Page<Step>, StoreError> {
    use step::Column;
    let (before, limit) = window(page);
    let rows = step::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Id.lt(before))
        .apply_if(device, |query, device| {
            let involved = step_device::Entity::find()
                .select_only()
                .column(step_device::Column::Step)
                .filter(step_device::Column::Site.eq(site))
                .filter(step_device::Column::Device.eq(device.to_string()));
            query.filter(Column::Id.in_subquery(involved.into_query()))
        })
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(db)
        .await?;
    let page = numbered("step", limit, rows.into_iter().map(|row| (row.id, row.body)))?;
    Ok(Page { rows: page.rows.into_iter().map(|row| row.row).collect(), next: page.next })
}

pub(crate) async fn change<C: ConnectionTrait>(
    db: &C,
    site: &str,
    id: u64,
) -> Result<Option<Change>, StoreError> {
    let Ok(id) = i64::try_from(id) else { return Ok(None) };
    let row = change::Entity::find_by_id((site.to_owned(), id)).one(db).await?;
    row.map(|row| parse("change", row.id, &row.body)).transpose()
}

pub(crate) async fn findings<C: ConnectionTrait>(
    db: &C,
    site: &str,
    wanted: &FindingFilter,
    after: Option<&FindingKey>,
    limit: usize,
) -> Result<Vec<TrackedFinding>, StoreError> {
    use finding::Column;
    let state = wanted.state.as_ref().map(word).transpose()?;
    let rows = finding::Entity::find()
        .filter(Column::Site.eq(site))
        .apply_if(wanted.device.as_ref(), |query, id| {
            query.filter(Column::Device.eq(id.to_string()))
        })
        .apply_if(state, |query, state| query.filter(Column::State.eq(state)))
        .apply_if(after, |query, after| query.filter(Column::Id.gt(after.0.to_string())))
        .order_by_asc(Column::Id)
        .limit(limit.clamp(1, PAGE_MAX) as u64)
        .all(db)
        .await?;
    parsed("finding", rows.into_iter().map(|row| (row.id, row.body)))
}

pub(crate) async fn approvals<C: ConnectionTrait>(
    db: &C,
    site: &str,
    page: Before,
) -> Result<Page<Numbered<Approval>>, StoreError> {
    use approval::Column;
    let (before, limit) = window(page);
    let rows = approval::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Seq.lt(before))
        .order_by_desc(Column::Seq)
        .limit(limit + 1)
        .all(db)
        .await?;
    numbered("approval", limit, rows.into_iter().map(|row| (row.seq, row.body)))
}

pub(crate) async fn past_sessions<C: ConnectionTrait>(
    db: &C,
    site: &str,
    person: Option<&PersonId>,
    page: Before,
) -> Result<Page<Numbered<PastSession>>, StoreError> {
    use session::Column;
    let (before, limit) = window(page);
    let rows = session::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Seq.lt(before))
        .filter(Column::Ended.is_not_null())
        .apply_if(person, |query, id| query.filter(Column::Person.eq(id.to_string())))
        .order_by_desc(Column::Seq)
        .limit(limit + 1)
        .all(db)
        .await?;
    let rows = rows.into_iter().map(|row| {
        let session = parse("session", &row.id, &row.body)?;
        let ended = Timestamp::from_nanos(row.ended.unwrap_or(row.expires));
        Ok((unsigned("session", row.seq)?, PastSession { session, ended }))
    });
    paged(limit, rows)
}

pub(crate) async fn ledger_from<C: ConnectionTrait>(
    db: &C,
    site: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<LedgerRow>, StoreError> {
    use ledger::Column;
    let Ok(from) = i64::try_from(from) else { return Ok(Vec::new()) };
    let rows = ledger::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Seq.gte(from))
        .order_by_asc(Column::Seq)
        .limit(limit.clamp(1, PAGE_MAX) as u64)
        .all(db)
        .await?;
    rows.into_iter().map(ledger_row).collect()
}

pub(crate) async fn ledger_search<C: ConnectionTrait>(
    db: &C,
    site: &str,
    wanted: &LedgerFilter,
    page: Before,
) -> Result<Page<LedgerRow>, StoreError> {
    use ledger::Column;
    let (before, limit) = window(page);
    let rows = ledger::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Seq.lt(before))
        .apply_if(wanted.actor.as_ref(), |query, actor| {
            query.filter(Column::Actor.eq(actor.as_str()))
        })
        .apply_if(wanted.action, |query, action| query.filter(Column::Action.eq(action.name())))
        .apply_if(wanted.subject.as_ref(), |query, subject| {
            query.filter(Column::Subject.eq(subject.as_str()))
        })
        .order_by_desc(Column::Seq)
        .limit(limit + 1)
        .all(db)
        .await?;
    let page =
        paged(limit, rows.into_iter().map(|row| ledger_row(row).map(|row| (row.index, row))))?;
    Ok(Page { rows: page.rows.into_iter().map(|row| row.row).collect(), next: page.next })
}

pub(crate) async fn leaf_hashes<C: ConnectionTrait>(
    db: &C,
    site: &str,
    range: Range<u64>,
) -> Result<Vec<[u8; 32]>, StoreError> {
    use ledger::Column;
    let (Ok(from), to) = (i64::try_from(range.start), i64::try_from(range.end).unwrap_or(i64::MAX))
    else {
        return Ok(Vec::new());
    };
    let rows: Vec<(i64, Vec<u8>)> = ledger::Entity::find()
        .select_only()
        .columns([Column::Seq, Column::Leaf])
        .filter(Column::Site.eq(site))
        .filter(Column::Seq.gte(from))
        .filter(Column::Seq.lt(to))
        .order_by_asc(Column::Seq)
        .limit(LEAVES_MAX as u64)
        .into_tuple()
        .all(db)
        .await?;
    let mut wanted = from;
    let mut leaves = Vec::with_capacity(rows.len());
    for (seq, leaf) in rows {
        if seq != wanted {
            return Err(StoreError::Ledger(format!("entry {wanted} is missing")));
        }
        leaves.push(hash(seq, leaf)?);
        wanted = wanted.saturating_add(1);
    }
    Ok(leaves)
}

pub(crate) async fn checkpoints<C: ConnectionTrait>(
    db: &C,
    site: &str,
    range: Range<u64>,
) -> Result<Vec<SignedCheckpoint>, StoreError> {
    use checkpoint::Column;
    let (Ok(from), to) = (i64::try_from(range.start), i64::try_from(range.end).unwrap_or(i64::MAX))
    else {
        return Ok(Vec::new());
    };
    let rows = checkpoint::Entity::find()
        .filter(Column::Site.eq(site))
        .filter(Column::Size.gte(from))
        .filter(Column::Size.lt(to))
        .order_by_asc(Column::Size)
        .limit(PAGE_MAX as u64)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| Ok(SignedCheckpoint { size: unsigned("checkpoint", row.size)?, text: row.text }))
        .collect()
}

fn ledger_row(row: ledger::Model) -> Result<LedgerRow, StoreError> {
    Ok(LedgerRow {
        index: unsigned("ledger", row.seq)?,
        record: row.record,
        leaf: hash(row.seq, row.leaf)?,
    })
}

fn hash(seq: i64, leaf: Vec<u8>) -> Result<[u8; 32], StoreError> {
    leaf.try_into().map_err(|_| StoreError::Ledger(format!("entry {seq} has no proper leaf hash")))
}

/// Rows of JSON with their numbers; one more than `limit` was asked for, to know whether it ends.
fn numbered<T: DeserializeOwned>(
    table: &'static str,
    limit: u64,
    rows: impl Iterator<Item = (i64, String)>,
) -> Result<Page<Numbered<T>>, StoreError> {
    paged(
        limit,
        rows.map(|(number, body)| Ok((unsigned(table, number)?, parse(table, number, &body)?))),
    )
}

fn paged<T>(
    limit: u64,
    rows: impl Iterator<Item = Result<(u64, T), StoreError>>,
) -> Result<Page<Numbered<T>>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(PAGE_MAX);
    let mut rows = rows
        .map(|row| row.map(|(number, row)| Numbered { number, row }))
        .collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(|row| row.number) } else { None };
    Ok(Page { rows, next })
}
