//! When what happens: rows of activity that repeat, taken one by one in the order of their times.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use cordon_model::Timestamp;
use serde::Deserialize;

use crate::error::SiteError;
use crate::play::Act;
use crate::rng::Rng;
use crate::span::Span;
use crate::template;

/// Happenings beyond which a site is refused; a slip in `times` would play for ever.
const MOST_HAPPENINGS: u64 = 4_000_000;
/// Separates the randomness of times from the randomness of what is said.
const TIMES: u64 = 0x7469_6d65_735f_5f5f;
const HOUR: i64 = 3600;

/// How likely something is in each hour of the day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Rhythm {
    pub(crate) name: String,
    /// From midnight on; the site's times are taken as local.
    pub(crate) percent: [u8; 24],
}

/// One act of one device, as often as it happens.
#[derive(Clone, Debug)]
pub(crate) struct Recurring {
    at: Duration,
    every: Duration,
    times: u32,
    jitter: Duration,
    rhythm: Option<[u8; 24]>,
    /// What to call its row in an error.
    pub(crate) row: Arc<str>,
    pub(crate) act: Act,
}

/// Something that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'s> {
    /// Since the site's start.
    pub(crate) at: Duration,
    /// Numbers of happenings, from zero; those that the rhythm leaves out have one too.
    pub(crate) number: u64,
    pub(crate) what: &'s Recurring,
}

/// What is still to come. Holds one entry per row and device, however often it happens.
#[derive(Debug)]
pub(crate) struct Schedule<'s> {
    rows: &'s [Recurring],
    start: Timestamp,
    seed: u64,
    coming: BinaryHeap<Reverse<(Duration, usize, u32)>>,
    number: u64,
}

impl<'s> Schedule<'s> {
    pub(crate) fn new(rows: &'s [Recurring], start: Timestamp, seed: u64) -> Self {
        let mut schedule = Schedule {
            rows,
            start,
            seed,
            coming: BinaryHeap::with_capacity(rows.len()),
            number: 0,
        };
        for (index, row) in rows.iter().enumerate() {
            schedule.push(row, index, 0);
        }
        schedule
    }

    fn push(&mut self, row: &Recurring, index: usize, time: u32) {
        if time < row.times {
            let at = row.at + row.every * time + self.jitter(row, index, time);
            self.coming.push(Reverse((at, index, time)));
        }
    }

    fn jitter(&self, row: &Recurring, index: usize, time: u32) -> Duration {
        let micros = u64::try_from(row.jitter.as_micros()).unwrap_or(u64::MAX);
        let happening = (u64::try_from(index).unwrap_or(0) << 32) | u64::from(time);
        Duration::from_micros(Rng::new(self.seed ^ TIMES, happening).below(micros))
    }

    fn happens(&self, row: &Recurring, at: Duration, number: u64) -> bool {
        let Some(percent) = row.rhythm else { return true };
        let hour = self.start.plus(at).secs().div_euclid(HOUR).rem_euclid(24);
        let percent = usize::try_from(hour).ok().and_then(|hour| percent.get(hour)).copied();
        Rng::new(!self.seed ^ TIMES, number).below(100) < u64::from(percent.unwrap_or(100))
    }
}

impl<'s> Iterator for Schedule<'s> {
    type Item = Turn<'s>;

    fn next(&mut self) -> Option<Turn<'s>> {
        loop {
            let Reverse((at, index, time)) = self.coming.pop()?;
            let what = self.rows.get(index)?;
            self.push(what, index, time.saturating_add(1));
            let number = self.number;
            self.number += 1;
            if self.happens(what, at, number) {
                return Some(Turn { at, number, what });
            }
        }
    }
}

/// When a row happens; everything else in it belongs to its act.
#[derive(Deserialize)]
struct When {
    at: Span,
    /// Time between one happening and the next.
    every: Option<Span>,
    /// How often it happens.
    times: Option<u32>,
    /// Until when it happens, instead of `times`.
    until: Option<Span>,
    /// Time between one device of a list and the next.
    #[serde(default)]
    spread: Span,
    /// Each happening is up to this much later; at most `every`.
    #[serde(default)]
    jitter: Span,
    /// Name of a rhythm that leaves some out.
    rhythm: Option<String>,
}

impl When {
    const KEYS: [&str; 7] = ["at", "every", "times", "until", "spread", "jitter", "rhythm"];

    fn times(&self) -> Result<u32, SiteError> {
        let every = self.every.unwrap_or_default().0;
        if self.every.is_some() && self.jitter.0 > every {
            return Err(SiteError::new("`jitter` is longer than `every`; shorten it"));
        }
        match (self.times, self.until) {
            (Some(_), Some(_)) => Err(SiteError::new("give `times` or `until`, not both")),
            (times, None) => Ok(times.unwrap_or(1)),
            (None, Some(_)) if every.is_zero() => Err(SiteError::new("`until` needs `every`")),
            (None, Some(until)) => {
                let length = until.0.saturating_sub(self.at.0).as_millis();
                let times = length.div_ceil(every.as_millis().max(1));
                u32::try_from(times).map_err(|_| SiteError::new("`until` is too late; lower it"))
            }
        }
    }
}

/// Makes the entries of one row after the other.
pub(crate) struct Planner<'a> {
    names: &'a [String],
    known: BTreeSet<&'a str>,
    rhythms: BTreeMap<&'a str, [u8; 24]>,
    happenings: u64,
    pub(crate) rows: Vec<Recurring>,
}

impl<'a> Planner<'a> {
    /// For devices of these names.
    pub(crate) fn new(names: &'a [String], rhythms: &'a [Rhythm]) -> Self {
        let known = names.iter().map(String::as_str).collect();
        let rhythms = rhythms.iter().map(|r| (r.name.as_str(), r.percent)).collect();
        Planner { names, known, rhythms, happenings: 0, rows: Vec::new() }
    }

    /// Adds a row of activity: one entry for every device of its `from`.
    pub(crate) fn plan(&mut self, row: usize, table: &toml::Table) -> Result<(), SiteError> {
        let text =
            |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or("?").to_owned();
        let name = || format!("activity {} ({} from {})", row + 1, text("act"), text("from"));
        self.plan_row(table.clone(), &name().into()).map_err(|error| error.in_row(name))
    }

    fn plan_row(&mut self, mut table: toml::Table, label: &Arc<str>) -> Result<(), SiteError> {
        let take = |key: &str| table.remove(key).map(|value| (key.to_owned(), value));
        let own: toml::Table = When::KEYS.into_iter().filter_map(take).collect();
        let when: When = own.try_into()?;
        let times = when.times()?;
        let rhythm = match &when.rhythm {
            None => None,
            Some(name) => {
                let none = || SiteError::new(format!("there is no rhythm {name:?}"));
                Some(*self.rhythms.get(name.as_str()).ok_or_else(none)?)
            }
        };
        let from = match table.remove("from") {
            Some(toml::Value::Array(names)) => names,
            Some(one) => vec![one],
            None => return Err(SiteError::new("it needs `from`: who does it")),
        };
        let mut devices = Vec::new();
        for from in &from {
            let wrong = || SiteError::new("`from` is the name of a device, or a list of names");
            devices.extend(self.find(from.as_str().ok_or_else(wrong)?)?);
        }
        for (index, from) in (0u32..).zip(devices) {
            let mut own = table.clone();
            own.insert("from".to_owned(), from.into());
            if let Some(to) = own.get("to").and_then(toml::Value::as_str) {
                let all = self.find(to)?;
                let turn = usize::try_from(index).unwrap_or(0).checked_rem(all.len()).unwrap_or(0);
                let one = all.get(turn).copied().unwrap_or_default().to_owned();
                own.insert("to".to_owned(), one.into());
            }
            template::fill(&mut own, u64::from(index) + 1, label);
            self.happenings += u64::from(times);
            if self.happenings > MOST_HAPPENINGS {
                let says = format!("more than {MOST_HAPPENINGS} activities; lower `times`");
                return Err(SiteError::new(says));
            }
            self.rows.push(Recurring {
                at: when.at.0 + when.spread.0 * index,
                every: when.every.unwrap_or_default().0,
                times,
                jitter: when.jitter.0,
                rhythm,
                row: label.clone(),
                act: own.try_into()?,
            });
        }
        Ok(())
    }

    fn find<'p>(&self, pattern: &'p str) -> Result<Vec<&'p str>, SiteError>
    where
        'a: 'p,
    {
        if self.known.contains(pattern) {
            return Ok(vec![pattern]);
        }
        template::matching(pattern, self.names)
    }
}
