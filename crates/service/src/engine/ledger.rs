//! The ledger: read, verified, exported.

use cordon_crypto::Ed25519;
use cordon_ledger::export::Line;
use cordon_ledger::{Auditor, List, Row};

use cordon_model::DeviceId;
use cordon_model::record::{Action, Entry, FindingKey, PersonId};
use cordon_store::{Before, LedgerFilter, LedgerRow as Kept, PAGE_MAX};

use super::show::{hex, number, time};
use super::{Engine, broken};
use crate::view::{LedgerHead, LedgerRow, Page};
use crate::{Answer, Caller, Problem, ProblemKind};

impl Engine {
    pub(super) async fn list_ledger(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<LedgerRow>> {
        self.may_site(caller, Action::LedgerView)?;
        let limit = super::show::limit(Some(limit))?;
        let page = Before { before: number(cursor)?, limit };
        let rows =
            self.state.ledger_search(&LedgerFilter::default(), page).await.map_err(broken)?;
        let items = rows.rows.iter().filter_map(|row| self.ledger_row(row)).collect();
        let total = self.size().await?;
        let next = rows.next.map(|next| next.to_string());
        Ok(Page { items, next, total: Some(total) })
    }

    fn ledger_row(&self, row: &Kept) -> Option<LedgerRow> {
        let (_, entry) = cordon_ledger::decode(&row.record).ok()?;
        let subject = self.subject_in_words(&entry);
        let folk = self.folk();
        Some(LedgerRow {
            index: row.index,
            at: time(entry.at),
            actor_label: folk.label(&entry.actor),
            actor: entry.actor.to_string(),
            action: entry.action.name().to_owned(),
            action_title: entry.action.title().to_owned(),
            subject_label: subject,
            subject: entry.subject.to_string(),
            detail: entry
                .detail
                .iter()
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect(),
            hash: hex(&row.leaf),
        })
    }

    /// What a record is about as people call it today; its id where nothing has that name any
    /// more.
    fn subject_in_words(&self, entry: &Entry) -> String {
        let detail = |name: &str| entry.detail.get(name).map(|value| value.as_str());
        // A request is about what is to be done, not about itself.
        let id = match entry.action {
            Action::ApprovalAsk | Action::ApprovalDecide => detail("subject"),
            _ => None,
        };
        let id = id.unwrap_or(&entry.subject);
        let world = self.world.load();
        let named = world.register.get(&DeviceId(id.into())).map(|record| record.label());
        let named = named.or_else(|| self.name_of(&PersonId(id.into())));
        let named = named.or_else(|| {
            let tracked = world.register.finding(&FindingKey(id.into()))?;
            Some(tracked.finding.title.to_string())
        });
        // Tokens and ways to sign in are gone when they are removed; what they were called stays.
        let named = named.or_else(|| detail("label").map(str::to_owned));
        let about_device = entry.action.name().starts_with("device.")
            || detail("action").is_some_and(|action| action.starts_with("device."));
        named.unwrap_or_else(|| match about_device {
            true => "a device no longer here".to_owned(),
            false => id.to_owned(),
        })
    }

    pub(super) async fn head(&self, caller: &Caller, verify: bool) -> Answer<LedgerHead> {
        self.may_site(caller, Action::LedgerView)?;
        if verify {
            drop(self.verify_ledger().await?);
        }
        let size = self.size().await?;
        let newest = self.newest_checkpoint(size).await?;
        let verified = self.verified.lock().ok().and_then(|verified| verified.clone());
        let (at, good, says) = match verified {
            None => (None, false, "not verified since the service started".to_owned()),
            Some((at, Ok(size))) => {
                (Some(time(at)), true, format!("all {size} records are what was signed"))
            }
            Some((at, Err(fault))) => (Some(time(at)), false, fault),
        };
        Ok(LedgerHead {
            size,
            checkpoint: newest,
            public_key: self.log_key.to_string(),
            verified: at,
            says,
            good,
        })
    }

    /// Reads the whole log and compares it with every checkpoint, those beside the database too.
    pub(super) async fn verify_ledger(&self) -> Answer<Result<u64, String>> {
        let mut auditor = Auditor::new(self.log_key.clone(), &Ed25519);
        let beside = self.options.data.join(cordon_store::CHECKPOINTS);
        let outside = tokio::task::spawn_blocking(move || std::fs::read_to_string(beside))
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default();
        for note in cordon_ledger::Notes::new(&outside) {
            auditor.checkpoint(List::File, note);
        }
        // The size is read after the file: a checkpoint that is written meanwhile is not missed.
        let size = self.size().await?;
        let mut from = 0;
        while from <= size {
            let kept =
                self.state.checkpoints(from..size.saturating_add(1)).await.map_err(broken)?;
            let Some(last) = kept.last().map(|one| one.size) else { break };
            kept.iter().for_each(|one| auditor.checkpoint(List::Database, &one.text));
            from = last.saturating_add(1);
        }
        let mut from = 0;
        loop {
            let rows = self.state.ledger(from, PAGE_MAX).await.map_err(broken)?;
            let Some(last) = rows.last().map(|row| row.index) else { break };
            for row in rows.iter().filter(|row| row.index < size) {
                auditor.row(Row { index: row.index, record: &row.record, leaf: row.leaf });
            }
            from = last.saturating_add(1);
            if from >= size {
                break;
            }
        }
        let outcome = auditor.finish().map(|verified| verified.size).map_err(|fault| {
            tracing::error!(%fault, "the ledger is not what was signed");
            fault.to_string()
        });
        if let Ok(mut verified) = self.verified.lock() {
            *verified = Some((self.clock.now(), outcome.clone()));
        }
        Ok(outcome)
    }

    pub(super) async fn ledger_as_file(&self, caller: &Caller) -> Answer<Vec<u8>> {
        self.may_site(caller, Action::LedgerExport)?;
        let entry = self.entry(&caller.actor(), Action::LedgerExport, "", &[]);
        let size = self.commit(Vec::new(), vec![entry]).await?.size;
        let mut file = Line::Header { key: self.log_key.clone(), size }.to_text();
        let (mut checkpoints, mut records) = (0, 0);
        let mut from = 0;
        loop {
            let kept =
                self.state.checkpoints(from..size.saturating_add(1)).await.map_err(broken)?;
            let Some(last) = kept.last().map(|one| one.size) else { break };
            for one in kept {
                checkpoints += 1;
                file.push_str(&Line::Checkpoint { list: List::Database, text: one.text }.to_text());
            }
            from = last.saturating_add(1);
        }
        let mut from = 0;
        while from < size {
            let rows = self.state.ledger(from, PAGE_MAX).await.map_err(broken)?;
            let Some(last) = rows.last().map(|row| row.index) else { break };
            for Kept { index, record, leaf } in rows.into_iter().filter(|row| row.index < size) {
                records += 1;
                file.push_str(&Line::Record { index, record, leaf }.to_text());
            }
            from = last.saturating_add(1);
        }
        file.push_str(&Line::End { checkpoints, records }.to_text());
        Ok(file.into_bytes())
    }

    async fn size(&self) -> Answer<u64> {
        let page = Before { before: None, limit: 1 };
        let newest =
            self.state.ledger_search(&LedgerFilter::default(), page).await.map_err(broken)?;
        Ok(newest.rows.first().map_or(0, |row| row.index.saturating_add(1)))
    }

    async fn newest_checkpoint(&self, size: u64) -> Answer<String> {
        let kept = self.state.checkpoints(size..u64::MAX).await.map_err(broken)?;
        kept.into_iter().next_back().map(|one| one.text).ok_or_else(|| {
            let detail = "the newest record has no checkpoint; run `cordon ledger verify`";
            Problem::new(ProblemKind::Broken, detail)
        })
    }
}
