//! Contracts in a list.

use cordon_contract::Stage;
use cordon_contract::book::Book;
use cordon_model::record::Record;

use super::{reach_name, stage_name};
use crate::engine::Engine;
use crate::engine::show::{bad_cursor, limit, time};
use crate::view::{ContractQuery, ContractRow, Link, Page};
use crate::{Answer, Caller, Problem};

impl Engine {
    pub(in crate::engine) fn list_contracts(
        &self,
        caller: &Caller,
        query: &ContractQuery,
    ) -> Answer<Page<ContractRow>> {
        self.may_view(caller)?;
        let limit = limit(query.limit)?;
        let state = query.state.as_deref().filter(|state| !state.is_empty());
        if let Some(state) = state
            && !["learning", "ready", "watch", "warn", "enforce"].contains(&state)
        {
            return Err(Problem::invalid(
                "state is learning, ready, watch, warn or enforce; or leave it out",
            ));
        }
        let news = match query.news.as_deref() {
            None | Some("") => false,
            Some("yes") => true,
            Some(_) => return Err(Problem::invalid("news is yes, or leave it out")),
        };
        let (world, book) = (self.world.load(), self.book());
        let mut rows: Vec<ContractRow> = world
            .register
            .records()
            .map(|record| contract_row(&book, record))
            .filter(|row| state.is_none_or(|state| row.state == state))
            .filter(|row| !news || row.proposed + row.held > 0)
            .collect();
        // What has to be decided about comes first; then by name.
        rows.sort_by_cached_key(|row| {
            let decided = row.version > 0 && row.proposed + row.held == 0;
            (decided, row.device.label.to_lowercase(), row.device.id.clone())
        });
        let total = rows.len() as u64;
        let begin = match query.cursor.as_ref().filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => rows
                .iter()
                .position(|row| row.device.id == *cursor)
                .map(|place| place + 1)
                .ok_or_else(bad_cursor)?,
        };
        let more = rows.len() > begin + limit;
        let items: Vec<ContractRow> = rows.into_iter().skip(begin).take(limit).collect();
        let next = items.last().filter(|_| more).map(|row| row.device.id.clone());
        Ok(Page { items, next, total: Some(total) })
    }
}

/// A device's contract as a row.
pub(super) fn contract_row(book: &Book, record: &Record) -> ContractRow {
    let standing = book.standing(&record.id);
    let contract = standing.and_then(|standing| standing.contract());
    let proposal = book.proposal(&record.id);
    let learning = proposal.and_then(|proposal| proposal.contract.learning.as_ref());
    let news = book.news(&record.id);
    let state = match (contract, standing.map(|standing| standing.stage)) {
        (Some(_), Some(stage @ (Stage::Watch | Stage::Warn | Stage::Enforce))) => stage_name(stage),
        _ if learning.is_some_and(|learning| learning.done) => "ready",
        _ => "learning",
    };
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    ContractRow {
        device: Link { id: record.id.to_string(), label: record.label() },
        state: state.to_owned(),
        reach: standing.map_or("normal", |standing| reach_name(standing.reach)).to_owned(),
        criticality: crate::engine::devices::criticality(record.criticality()).to_owned(),
        zone: record.own.zone.as_ref().map(|zone| zone.value.to_string()).unwrap_or_default(),
        version: contract.map_or(0, |contract| contract.version),
        entries: count(contract.map_or(0, |contract| contract.entries.len())),
        proposed: count(news.proposed.len()),
        held: count(news.held.len()),
        learning: learning.map(cordon_contract::Learning::says),
        known: learning.map(|learning| learning.known),
        since: standing.map(|standing| time(standing.since)),
    }
}
