//! What differs between two versions of a contract.

use std::sync::Arc;

use cordon_contract::Contract;
use cordon_contract::book::{Adopt, Book, Step, Versions};
use cordon_contract::diff::{Difference, how};
use cordon_contract::envelope::{Envelope, PAYLOAD_TYPE};
use cordon_model::DeviceId;
use cordon_store::Before;

use super::show::entry_view;
use crate::engine::devices::find;
use crate::engine::show::time;
use crate::engine::{Engine, broken};
use crate::view::{ContractDiffQuery, ContractDiffView, EntryChange, EntryView, Link, VersionView};
use crate::{Answer, Caller, Problem, ProblemKind};

/// Versions that are listed.
const LISTED: usize = 50;
/// Steps that are read at a time where those in memory do not reach back far enough: a step may
/// hold the contracts of a whole site.
const AT_A_TIME: usize = 8;
/// Times that is done: more than five hundred steps of one device are looked through by nobody.
const TIMES: usize = 64;
/// Longest number of a version.
const DIGITS: usize = 9;

/// What is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Version(u32),
    Proposed,
}

impl Engine {
    pub(in crate::engine) async fn diff_contract(
        &self,
        caller: &Caller,
        device: &str,
        query: &ContractDiffQuery,
    ) -> Answer<ContractDiffView> {
        self.may_view(caller)?;
        let from = wanted(query.from.as_deref(), false)?;
        let to = wanted(query.to.as_deref(), true)?;
        let (link, id) = {
            let world = self.world.load();
            let record = find(&world, device)?;
            (Link { id: record.id.to_string(), label: record.label() }, record.id.clone())
        };
        let book = self.book();
        let steps = self.steps_back_to(&book, &id, from, to).await?;
        let versions = versions(&book, &id, &steps);
        let to = to.unwrap_or(Wanted::Version(versions.now));
        let from = match (from, to) {
            (Some(Wanted::Version(from)), _) => from,
            (_, Wanted::Proposed) => versions.now,
            (_, Wanted::Version(to)) => versions.previous(to).ok_or_else(|| unknown(&link, to))?,
        };
        let found = |number: u32| match number {
            0 => Ok(None),
            number => match versions.get(number) {
                Some(version) => Ok(Some(version.contract)),
                None => Err(unknown(&link, number)),
            },
        };
        let proposed = (to == Wanted::Proposed).then(|| self.if_adopted(&book, &id)).flatten();
        let before = found(from)?;
        let after = match to {
            Wanted::Version(number) => found(number)?,
            Wanted::Proposed => proposed.as_ref().or(found(versions.now)?),
        };
        let difference = Difference::between(before, after);
        let entries = |list: &[&cordon_contract::Entry]| -> Vec<EntryView> {
            list.iter().map(|entry| entry_view(entry)).collect()
        };
        let news = book.news(&id);
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let name = |number: u32| match number {
            0 => "nothing in force".to_owned(),
            number => format!("version {number}"),
        };
        let later = match to {
            Wanted::Version(number) => name(number),
            Wanted::Proposed => "what is proposed".to_owned(),
        };
        Ok(ContractDiffView {
            says: match (before, after) {
                (None, None) => "nothing is or was in force".to_owned(),
                _ => format!("from {} to {later}: {}", name(from), difference.says()),
            },
            device: link,
            from,
            to: match to {
                Wanted::Version(number) => Some(number),
                Wanted::Proposed => None,
            },
            came: entries(&difference.came),
            went: entries(&difference.went),
            changed: difference
                .changed
                .iter()
                .map(|(before, after)| EntryChange {
                    before: entry_view(before),
                    after: entry_view(after),
                    says: how(before, after),
                })
                .collect(),
            identity: difference.identity,
            versions: self.version_views(&versions),
            proposed: count(news.proposed.len()),
            held: count(news.held.len()),
        })
    }

    /// The steps with a device, newest first: those in memory, and older ones as far back as the
    /// versions that are asked for.
    async fn steps_back_to(
        &self,
        book: &Book,
        id: &DeviceId,
        from: Option<Wanted>,
        to: Option<Wanted>,
    ) -> Answer<Vec<Arc<Step>>> {
        let of_device = |step: &&Arc<Step>| step.before.iter().any(|held| held.device == *id);
        let mut steps: Vec<Arc<Step>> = book.steps().filter(of_device).cloned().collect();
        let reaches = |wanted: Option<Wanted>, versions: &Versions<'_>| match wanted {
            Some(Wanted::Version(number)) if number > 0 => versions.get(number).is_some(),
            _ => true,
        };
        for _ in 0..TIMES {
            let versions = versions(book, id, &steps);
            let goal = match to {
                Some(Wanted::Version(number)) => number,
                _ => versions.now,
            };
            // Without `from`, what `to` took the place of has to be known as well.
            let whole = from.is_some() || versions.previous(goal).is_some();
            if versions.before == 0 || (whole && reaches(from, &versions) && reaches(to, &versions))
            {
                break;
            }
            let before =
                steps.last().map(|step| step.id).or_else(|| book.steps().last().map(|one| one.id));
            let page = self.state.steps(Some(id), Before { before, limit: AT_A_TIME });
            let page = page.await.map_err(broken)?;
            if page.rows.is_empty() {
                break;
            }
            steps.extend(page.rows.into_iter().map(Arc::new));
        }
        Ok(steps)
    }

    /// What would be in force if everything that is proposed were adopted; none where that is what
    /// is in force.
    fn if_adopted(&self, book: &Book, id: &DeviceId) -> Option<Contract> {
        let mut book = Book::clone(book);
        let what = [(id.clone(), Adopt { proposed: true, ..Adopt::default() })];
        // What is not in force is not signed.
        let seal = |contract: &Contract| {
            let body = serde_json::to_vec(contract).unwrap_or_default();
            Envelope::of(PAYLOAD_TYPE, &body, "", |_| Vec::new())
        };
        book.adopt(&what, "learning", "", self.clock.now(), &seal).ok()?;
        book.standing(id)?.contract().cloned()
    }

    fn version_views(&self, versions: &Versions<'_>) -> Vec<VersionView> {
        let folk = self.folk();
        versions
            .list
            .iter()
            .take(LISTED)
            .map(|version| {
                let number = version.contract.version;
                let before = version.replaced.map(|replaced| versions.get(replaced));
                let says = before.map(|before| {
                    let before = before.map(|version| version.contract);
                    Difference::between(before, Some(version.contract)).says()
                });
                VersionView {
                    version: number,
                    at: time(version.at()),
                    by: folk.label(version.by()),
                    did: version.step.map(|step| self.step_says(step)).unwrap_or_default(),
                    why: version.step.map(|step| step.why.to_string()).unwrap_or_default(),
                    step: version.step.map(|step| step.id),
                    replaced: version.replaced,
                    entries: u32::try_from(version.contract.entries.len()).unwrap_or(u32::MAX),
                    now: number == versions.now,
                    says: says.unwrap_or_default(),
                }
            })
            .collect()
    }
}

fn versions<'a>(book: &'a Book, id: &DeviceId, steps: &'a [Arc<Step>]) -> Versions<'a> {
    let now = book.standing(id).map(|standing| &**standing);
    Versions::of(id, now, steps.iter().map(|step| &**step))
}

/// A version by its number, as the description has it.
fn wanted(text: Option<&str>, later: bool) -> Answer<Option<Wanted>> {
    let text = match text {
        None | Some("") => return Ok(None),
        Some("proposed") if later => return Ok(Some(Wanted::Proposed)),
        Some(text) => text,
    };
    let digits = text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(number) if plain => Ok(Some(Wanted::Version(number))),
        _ => Err(Problem::invalid(if later {
            "to is the number of a version, 0 or proposed; or leave it out"
        } else {
            "from is the number of a version or 0; or leave it out"
        })),
    }
}

fn unknown(link: &Link, number: u32) -> Problem {
    let detail = format!(
        "version {number} of the contract of {} is not known; leave it out to see which are",
        link.label
    );
    Problem::new(ProblemKind::NotFound, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_plain_number_and_nothing_that_reads_as_one() {
        let read = |text: &str, later| {
            wanted(Some(text), later).map(|one| match one {
                Some(Wanted::Version(number)) => Some(number),
                Some(Wanted::Proposed) => Some(u32::MAX),
                None => None,
            })
        };
        assert_eq!(read("", true).unwrap(), None);
        assert_eq!(read("0", false).unwrap(), Some(0));
        assert_eq!(read("999999999", false).unwrap(), Some(999_999_999));
        assert_eq!(read("proposed", true).unwrap(), Some(u32::MAX));
        for bad in ["proposed", "01", "+1", "-1", " 1", "1 ", "1.0", "v1", "4294967296", "١"] {
            assert!(read(bad, false).is_err(), "{bad:?}");
        }
    }
}
