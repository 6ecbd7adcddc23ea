//! One contract in plain words, and what was done to contracts.

use cordon_contract::book::{Did, Step};
use cordon_contract::words::{self, Line};
use cordon_contract::{Entry, Reach, Stage};

use super::learn::empty;
use super::list::contract_row;
use crate::engine::devices::{find, link, mud_urls};
use crate::engine::show::{moment, number, time};
use crate::engine::{Engine, broken};
use crate::view::{ContractPart, ContractView, EntryView, HeldView, Page, StepView};
use crate::{Answer, Caller};
use cordon_store::Before;

/// Steps that a contract's page shows.
const STEPS: usize = 20;

impl Engine {
    pub(in crate::engine) fn show_contract(
        &self,
        caller: &Caller,
        device: &str,
    ) -> Answer<ContractView> {
        self.may_view(caller)?;
        let (world, book) = (self.world.load(), self.book());
        let record = find(&world, device)?;
        let standing = book.standing(&record.id);
        let contract = standing.and_then(|standing| standing.contract());
        let proposal = book.proposal(&record.id);
        let told = match contract {
            Some(contract) => words::tell(contract),
            None => words::tell(&cordon_contract::Contract {
                learning: proposal.and_then(|proposal| proposal.contract.learning.clone()),
                ..empty(record, self.clock.now())
            }),
        };
        let since = self.since_its_firmware(&record.id, world.now);
        let news = book.news(&record.id);
        let entries = |entries: &[&Entry]| entries.iter().map(|entry| entry_view(entry)).collect();
        let unresolved = self.contracts.unresolved.load();
        let steps = book
            .steps()
            .filter(|step| step.before.iter().any(|held| held.device == record.id))
            .take(STEPS)
            .map(|step| self.step_view(step))
            .collect();
        let document = contract.or_else(|| proposal.map(|proposal| &proposal.contract));
        let json = |value: Option<&cordon_contract::envelope::Envelope>| {
            value.and_then(|value| serde_json::to_value(value).ok())
        };
        Ok(ContractView {
            row: contract_row(&book, record),
            about: told.about.into_iter().chain(since).collect(),
            parts: told
                .parts
                .into_iter()
                .map(|part| ContractPart {
                    title: part.title.to_owned(),
                    entries: part.lines.into_iter().map(line_view).collect(),
                })
                .collect(),
            rest: match contract {
                Some(_) => told.rest,
                None => "No contract is in force: everything is allowed.".to_owned(),
            },
            proposed: entries(&news.proposed),
            held: news
                .held
                .iter()
                .map(|held| HeldView {
                    entry: entry_view(&held.entry),
                    suspicion: held.suspicion.says(),
                })
                .collect(),
            unseen: entries(&news.unseen),
            mud: mud_urls(record, contract),
            unresolved: unresolved
                .iter()
                .filter(|one| one.device == record.id)
                .map(|one| {
                    let entry = one.entry.as_ref().and_then(|id| contract?.entry(id));
                    match entry {
                        Some(entry) => format!("{}: {}", words::sentence(entry), one.missing),
                        None => one.missing.to_string(),
                    }
                })
                .collect(),
            steps,
            envelope: json(
                standing.and_then(|held| held.signed.as_ref()).map(|signed| signed.envelope()),
            ),
            document: document
                .and_then(|contract| serde_json::to_value(contract).ok())
                .unwrap_or_default(),
        })
    }

    pub(in crate::engine) async fn list_steps(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<StepView>> {
        self.may_view(caller)?;
        let limit = crate::engine::show::limit(Some(limit))?;
        let page = Before { before: number(cursor)?, limit };
        let steps = self.state.steps(None, page).await.map_err(broken)?;
        let items = steps.rows.iter().map(|step| self.step_view(step)).collect();
        Ok(Page { items, next: steps.next.map(|next| next.to_string()), total: None })
    }

    fn step_view(&self, step: &Step) -> StepView {
        let world = self.world.load();
        let folk = self.folk();
        let devices = step.before.iter().filter_map(|held| link(&world, &held.device));
        StepView {
            id: step.id,
            at: time(step.at),
            by: folk.label(&step.by),
            says: self.step_says(step),
            why: step.why.to_string(),
            devices: devices.take(STEPS).collect(),
            undoable: step.undone.is_none() && !matches!(step.did, Did::TookBack { .. }),
            undone: step
                .undone
                .as_ref()
                .map(|undone| format!("{} on {}", folk.label(&undone.by), moment(undone.at))),
        }
    }

    /// What a step did, in words.
    pub(super) fn step_says(&self, step: &Step) -> String {
        let world = self.world.load();
        let label = |id| world.register.get(id).map_or_else(String::new, |one| one.label());
        let who = match step.before.as_slice() {
            [one] => label(&one.device),
            many => format!("{} devices", many.len()),
        };
        match step.did {
            Did::Adopted => format!("put the contract of {who} in force"),
            Did::Staged { stage: Stage::Watch } => format!("set {who} to watch"),
            Did::Staged { stage: Stage::Warn } => format!("set {who} to warn"),
            Did::Staged { stage: Stage::Enforce } => format!("set {who} to enforce"),
            Did::Switched { reach: Reach::Normal } => format!("switched {who} to normal"),
            Did::Switched { reach: Reach::LocalOnly } => format!("switched {who} to local only"),
            Did::Switched { reach: Reach::InternetOnly } => {
                format!("switched {who} to Internet only")
            }
            Did::Switched { reach: Reach::Off } => format!("cut {who} off"),
            Did::TookBack { step } => format!("took step {step} back, about {who}"),
        }
    }
}

pub(super) fn entry_view(entry: &Entry) -> EntryView {
    line_view(words::line(entry))
}

fn line_view(line: Line) -> EntryView {
    EntryView { id: line.id, says: line.says, exactly: line.exactly, because: line.because }
}
