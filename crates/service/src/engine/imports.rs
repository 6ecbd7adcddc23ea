//! Records of other tools: leases, inventories, logs.
//!
//! What they say of devices goes to the register; what was said and who talked to whom takes the
//! way of packets, so that names and findings come of it in the same way.

use std::sync::mpsc::SyncSender;

use cordon_feeds::records::{self, Import, RecordSink};
use cordon_model::record::{Action, Hint};
use cordon_model::{Fact, Flow};

use super::Engine;
use crate::view::ImportView;
use crate::watch::Records;
use crate::{Answer, Caller, Problem, ProblemKind};

/// Facts or flows handed over at a time.
const AT_ONCE: usize = 4096;
/// Hints of one file; a larger list is given in parts.
const HINTS: usize = 65_536;
/// Characters of a file's name that are kept.
const NAME: usize = 80;

impl Engine {
    pub(super) async fn take_in_records(
        &self,
        caller: &Caller,
        name: &str,
        content: &[u8],
    ) -> Answer<ImportView> {
        self.may_site(caller, Action::RecordsImport)?;
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(NAME).collect();
        let head = content.get(..content.len().min(64 * 1024)).unwrap_or_default();
        let kind = records::detect(head, &name).ok_or_else(|| {
            Problem::invalid(format!(
                "{name:?} is none of: dnsmasq, ISC dhcpd or Kea leases, a device list as CSV with a header line, a \
                 Zeek log, Suricata's eve.json"
            ))
        })?;
        let (content, import) = (content.to_vec(), Import::new(name.clone()));
        let records = self.records.clone();
        let parsed = tokio::task::spawn_blocking(move || {
            let mut sink =
                Sink { records, hints: Vec::new(), waiting: Records::default(), closed: false };
            let summary = records::parse(kind, &import, &mut content.as_slice(), &mut sink)
                .map_err(|error| Problem::invalid(error.to_string()))?;
            sink.hand_over();
            match sink.closed {
                true => Err(Problem::new(ProblemKind::Unavailable, "the service is stopping")),
                false => Ok((summary, sink.hints)),
            }
        });
        let broken = |_| Problem::new(ProblemKind::Broken, "the import was broken off");
        let (summary, hints) = parsed.await.map_err(broken)??;
        let (actor, now) = (caller.actor(), self.clock.now());
        let count = summary.lines.to_string();
        let detail = [("file", name.as_str()), ("kind", kind.title()), ("lines", count.as_str())];
        let entry = self.entry(&actor, Action::RecordsImport, "", &detail);
        let writing = self.writing.lock().await;
        let update = self
            .write_register(vec![entry], |register| Ok(register.import(&hints, &actor, now)))
            .await?;
        drop(writing);
        Ok(ImportView {
            kind: kind.title().to_owned(),
            records: summary.lines,
            devices: update.records.len() as u64,
            flows: summary.flows,
            bad: summary.bad_lines,
            problems: summary.problems.iter().map(ToString::to_string).collect(),
        })
    }
}

/// Hands records on in parts; waits where the watcher is behind.
struct Sink {
    records: SyncSender<Records>,
    hints: Vec<Hint>,
    waiting: Records,
    closed: bool,
}

impl Sink {
    fn hand_over(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.facts.is_empty() || !waiting.flows.is_empty() {
            self.closed |= self.records.send(waiting).is_err();
        }
    }
}

impl RecordSink for Sink {
    fn hint(&mut self, hint: &Hint) {
        if self.hints.len() < HINTS {
            self.hints.push(hint.clone());
        }
    }

    fn fact(&mut self, fact: &Fact) {
        self.waiting.facts.push(fact.clone());
        if self.waiting.facts.len() >= AT_ONCE {
            self.hand_over();
        }
    }

    fn flow(&mut self, flow: &Flow) {
        self.waiting.flows.push(flow.clone());
        if self.waiting.flows.len() >= AT_ONCE {
            self.hand_over();
        }
    }
}
