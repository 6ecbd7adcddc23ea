//! Writes in a row that concern one table become one statement: each statement wakes the thread of
//! the database and waits for it, which costs more than the row.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

use super::apply::{Numbers, apply, device_row, event_row, finding_row, replace};
use crate::entity::{device, event, finding};
use crate::{StoreError, Write};

/// Rows of one statement: six columns each stay far below the 32,766 values that SQLite binds, and
/// more rows gain nothing.
const ROWS: usize = 64;

/// Which table takes rows several at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Devices,
    Findings,
    Events,
}

impl Run {
    /// The table and the key that a row must not share with another of its statement.
    fn of(write: &Write) -> Option<(Self, Option<&str>)> {
        match write {
            Write::PutDevice(row) => Some((Run::Devices, Some(row.id.0.as_str()))),
            Write::PutFinding(row) => Some((Run::Findings, Some(row.id.0.as_str()))),
            Write::AddEvent(_) => Some((Run::Events, None)),
            _ => None,
        }
    }
}

/// Writes rows in their order, in the open transaction.
pub(crate) async fn apply_all<C: ConnectionTrait>(
    db: &C,
    site: &str,
    numbers: &mut Numbers,
    writes: &[Write],
) -> Result<(), StoreError> {
    let mut rest = writes;
    while let Some(first) = rest.first() {
        let (now, later) = rest.split_at(length(rest));
        match (Run::of(first), now) {
            (None, _) | (_, [_]) => apply(db, site, numbers, first).await?,
            (Some((run, _)), several) => together(db, site, numbers, run, several).await?,
        }
        rest = later;
    }
    Ok(())
}

/// How many writes at the beginning go into one statement; at least one.
fn length<'a>(writes: &'a [Write]) -> usize {
    let Some((run, _)) = writes.first().and_then(Run::of) else { return 1 };
    let mut keys = HashSet::new();
    let mut fits = |one: Option<(Run, Option<&'a str>)>| {
        one.is_some_and(|(same, key)| same == run && key.is_none_or(|key| keys.insert(key)))
    };
    writes.iter().take(ROWS).map(Run::of).map(&mut fits).take_while(|fits| *fits).count().max(1)
}

async fn together<C: ConnectionTrait>(
    db: &C,
    site: &str,
    numbers: &mut Numbers,
    run: Run,
    writes: &[Write],
) -> Result<(), StoreError> {
    let (mut devices, mut findings, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        let site = site.to_owned();
        match write {
            Write::PutDevice(row) => devices.push(device_row(site, row)?.into_active_model()),
            Write::PutFinding(row) => findings.push(finding_row(site, row)?.into_active_model()),
            Write::AddEvent(row) => events.push(event_row(site, numbers, row)?.into_active_model()),
            other => apply(db, &site, numbers, other).await?,
        }
    }
    match run {
        Run::Devices => {
            let insert = device::Entity::insert_many(devices);
            insert.on_conflict(replace::<device::Entity>()).exec_without_returning(db).await?;
        }
        Run::Findings => {
            let insert = finding::Entity::insert_many(findings);
            insert.on_conflict(replace::<finding::Entity>()).exec_without_returning(db).await?;
        }
        Run::Events => {
            event::Entity::insert_many(events).exec_without_returning(db).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::sample::{device, event};
    use cordon_model::record::EventKind;
    use std::sync::Arc;

    #[test]
    fn rows_of_one_table_go_together_and_one_key_never_twice() {
        let put = |id: &str| Write::PutDevice(Arc::new(device(id)));
        let other = Write::AddEvent(event("a", 1, EventKind::Appeared));
        assert_eq!(length(&[put("a"), put("b"), other.clone(), put("c")]), 2);
        assert_eq!(length(&[put("a"), put("a")]), 1, "the second replaces the first");
        assert_eq!(length(&vec![other.clone(); 1000]), ROWS);
        assert_eq!(length(&[Write::DropSetting("x".into()), other]), 1);
    }
}
