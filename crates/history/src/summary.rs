//! Sums over the flows that a question means, without showing them.

use std::sync::{Mutex, PoisonError};

use cordon_model::Timestamp;

use crate::ask::FlowAsk;
use crate::file::free_buffers;
use crate::pages::Opener;
use crate::part::Bounds;
use crate::query::{FlowSummary, Window};
use crate::record::{Ask, Record, Select};
use crate::row::micros;
use crate::scan::Group;
use crate::search::{ATTEMPTS, Opened, THREADS, may_have, selected};
use crate::table::{Place, Table};
use crate::{FlowRow, HistoryError};

/// Sums over every flow; the query's limit does not count.
pub(crate) fn summary(
    table: &Table<FlowRow>,
    ask: &FlowAsk<'_>,
) -> Result<FlowSummary, HistoryError> {
    let mut attempt = 1;
    loop {
        match sum(table, ask) {
            Err(error) if error.is_gone() && attempt < ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

fn sum(table: &Table<FlowRow>, ask: &FlowAsk<'_>) -> Result<FlowSummary, HistoryError> {
    let window = ask.window();
    let mut total = FlowSummary::default();
    let mut waiting = Vec::new();
    {
        let state = table.lock();
        let here = |place: &Place| ask.site().is_none_or(|site| *site == place.0);
        let buffered = state
            .buffer
            .iter()
            .filter(|(site, _)| ask.site().is_none_or(|wanted| wanted == *site))
            .flat_map(|(_, days)| days.values().flatten());
        let writing = state.writing.iter().filter(|(place, _)| here(place));
        for row in buffered.chain(writing.flat_map(|(_, rows)| rows.iter())) {
            total.looked.rows += 1;
            if window.has(row.begin(), row.place()) && ask.fits(row) {
                add_row(&mut total, row);
            }
        }
        for (place, parts) in state.parts.iter().filter(|(place, _)| here(place)) {
            let parts = parts.iter().filter(|part| may_have(&window, &part.bounds));
            waiting.extend(parts.map(|part| (place.clone(), part.clone())));
        }
    }
    let shared = Mutex::new((waiting, total, None));
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        let opener = Opener::default();
        loop {
            let next = {
                let mut now = lock();
                if now.2.is_some() { None } else { now.0.pop() }
            };
            let Some((place, part)) = next else { return };
            let mut sum = FlowSummary::default();
            let read = table.reading(&place, &part, || {
                let opened = Opened::new::<FlowRow>(&part)?;
                sum_part(&opened, &part, (ask, &window), &opener, &mut sum)
            });
            let mut now = lock();
            match read {
                Ok(()) => add(&mut now.1, &sum),
                Err(error) if error.is_damage() => now.1.looked.damaged += 1,
                Err(error) => now.2 = Some(error),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..THREADS {
            scope.spawn(work);
        }
        work();
    });
    free_buffers();
    let (_, total, failed) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(total), Err)
}

fn sum_part(
    opened: &Opened,
    part: &crate::part::Part,
    (ask, window): (&FlowAsk<'_>, &Window),
    opener: &Opener,
    sum: &mut FlowSummary,
) -> Result<(), HistoryError> {
    sum.looked.files += 1;
    for (index, meta) in opened.meta.metadata().row_groups().iter().enumerate() {
        sum.looked.groups += 1;
        if !may_have(window, &Bounds::of::<FlowRow>(meta)) {
            sum.looked.skipped += 1;
            continue;
        }
        let mut group = Group::new(part, &opened.file, &opened.meta, index, opener)?;
        let mut looked = sum.looked;
        let select = selected::<FlowRow, _>(&mut group, ask, window, &mut looked)?;
        sum.looked = looked;
        if !select.is_empty() {
            sum_group(&group, &select, sum)?;
        }
    }
    Ok(())
}

fn sum_group(
    group: &Group<'_>,
    select: &Select,
    sum: &mut FlowSummary,
) -> Result<(), HistoryError> {
    let fits = match select {
        Select::All => None,
        Select::None => return Ok(()),
        Select::Rows(rows) => Some(rows),
    };
    let picked = |values: Vec<i64>| -> Vec<i64> {
        match fits {
            None => values,
            Some(fits) => {
                values.into_iter().zip(fits).filter(|(_, fits)| **fits).map(|(it, _)| it).collect()
            }
        }
    };
    let total = |name| -> Result<u64, HistoryError> {
        let values = picked(group.longs(name)?);
        Ok(values
            .iter()
            .fold(0, |sum: u64, value| sum.saturating_add(u64::try_from(*value).unwrap_or(0))))
    };
    let packets = total("sent_packets")?.saturating_add(total("received_packets")?);
    let bytes = total("sent_bytes")?.saturating_add(total("received_bytes")?);
    let (first, last) = (picked(group.times(FlowRow::BEGIN)?), picked(group.times(FlowRow::TIME)?));
    let part = FlowSummary {
        flows: last.len() as u64,
        packets,
        bytes,
        first: first.iter().min().map(|at| Timestamp::from_micros(*at)),
        last: last.iter().max().map(|at| Timestamp::from_micros(*at)),
        ..FlowSummary::default()
    };
    add(sum, &part);
    Ok(())
}

fn add_row(sum: &mut FlowSummary, row: &FlowRow) {
    let row = FlowSummary {
        flows: 1,
        packets: row.sent_packets.saturating_add(row.received_packets),
        bytes: row.sent_bytes.saturating_add(row.received_bytes),
        first: Some(Timestamp::from_micros(micros(row.first))),
        last: Some(Timestamp::from_micros(micros(row.last))),
        ..FlowSummary::default()
    };
    add(sum, &row);
}

fn add(sum: &mut FlowSummary, other: &FlowSummary) {
    sum.flows = sum.flows.saturating_add(other.flows);
    sum.packets = sum.packets.saturating_add(other.packets);
    sum.bytes = sum.bytes.saturating_add(other.bytes);
    sum.first = sum.first.into_iter().chain(other.first).min();
    sum.last = sum.last.into_iter().chain(other.last).max();
    sum.looked.add(&other.looked);
}
