//! Every flow of a time, counted by its kind: what a rehearsal asks.
//!
//! A network has few kinds of conversations and many of each. So whoever asks is shown each kind
//! once and says what its rows are worth; rows that only count are never put together from their
//! columns, and of the others only what was asked for is decoded.

mod details;
mod group;
mod kinds;

use std::sync::{Arc, PoisonError};

use cordon_model::flow::TcpFlags;
use cordon_model::{App, Party, Timestamp, Transport};
use serde::Serialize;

use crate::file::free_buffers;
use crate::pages::Opener;
use crate::part::{Bounds, Part};
use crate::query::{Looked, Window};
use crate::record::{Record, Select};
use crate::scan::Group;
use crate::search::{Opened, in_window, may_have};
use crate::table::{Place, Table};
use crate::{FlowRow, HistoryError, Site};

use details::{Details, Glances};
use group::{Coding, Scratch};
use kinds::{Kinds, Pick};

/// Rows whose kinds are told apart at once: a row group of the files that are written here.
const SLICE: usize = 131_072;

/// Which flows are tallied.
#[derive(Clone, PartialEq, Debug)]
pub struct TallyQuery {
    /// Only this site.
    pub site: Option<Site>,
    /// Only flows whose latest packet is at or after this time.
    pub from: Option<Timestamp>,
    /// Only flows whose first packet is before this time.
    pub to: Option<Timestamp>,
    /// Once so many rows were looked at, older files are left out.
    pub most: u64,
}

impl Default for TallyQuery {
    fn default() -> Self {
        TallyQuery { site: None, from: None, to: None, most: u64::MAX }
    }
}

/// What makes flows the same kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlowKind {
    /// The end that opened the conversation; without its port, which mostly was picked at random.
    pub client: Party,
    /// The end that offers the service.
    pub server: Party,
    /// What carries the flow.
    pub transport: Transport,
    /// Whether packets of the server were seen and none of the client.
    pub server_only: bool,
    /// Whether the flow ran inside a tunnel.
    pub tunnelled: bool,
}

impl FlowKind {
    /// The kind of a row.
    #[must_use]
    pub const fn of(row: &FlowRow) -> Self {
        FlowKind {
            client: Party { port: None, ..row.client },
            server: row.server,
            transport: row.transport,
            server_only: row.sent_packets == 0 && row.received_packets > 0,
            tunnelled: row.tunnelled,
        }
    }
}

/// What the rows of a kind are worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// Nothing: they are left out.
    Nothing,
    /// Their number.
    Count,
    /// Their number, and each is shown with this tag, which is below 2²⁹.
    Rows(u32),
    /// Their number, and each is shown for which [`Tally::glance`] says so.
    Glance {
        /// Comes with each of them; below 2²⁹.
        tag: u32,
        /// Whether each comes with the client's port.
        client_port: bool,
    },
}

/// A row of a kind, as far as the kind does not say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// First packet, in whole microseconds.
    pub first: Timestamp,
    /// Latest packet, in whole microseconds.
    pub last: Timestamp,
    /// The client's port, where it was asked for; otherwise it may be missing.
    pub client_port: Option<u16>,
    /// The application, if recognised or guessed.
    pub app: Option<App>,
    /// Packets from client to server.
    pub sent_packets: u64,
    /// Bytes on the wire from client to server.
    pub sent_bytes: u64,
    /// Packets from server to client.
    pub received_packets: u64,
    /// Bytes on the wire from server to client.
    pub received_bytes: u64,
    /// TCP flags seen from the server.
    pub received_flags: TcpFlags,
}

impl Seen {
    /// What is shown of a row.
    #[must_use]
    pub const fn of(row: &FlowRow) -> Self {
        Seen {
            first: row.first,
            last: row.last,
            client_port: row.client.port,
            app: row.app,
            sent_packets: row.sent_packets,
            sent_bytes: row.sent_bytes,
            received_packets: row.received_packets,
            received_bytes: row.received_bytes,
            received_flags: row.received_flags,
        }
    }
}

/// Who asks for a tally.
pub trait Tally {
    /// What the rows of a kind are worth. Asked when a kind is first met, and again after
    /// [`Tally::forget`].
    fn kind(&mut self, kind: &FlowKind) -> Want;

    /// Whether a row is shown, by when it began and the client's port where that was asked for.
    fn glance(&mut self, tag: u32, first: Timestamp, client_port: Option<u16>) -> bool;

    /// A row that is shown, in no particular order.
    fn row(&mut self, tag: u32, row: &Seen);

    /// There were too many kinds to remember: tags that were given so far are used no more.
    fn forget(&mut self);
}

/// What a tally came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tallied {
    /// Flows that count, whether they were shown or not.
    pub flows: u64,
    /// Flows that were worth nothing.
    pub ignored: u64,
    /// Whether older flows were left out because there are more than were asked for.
    pub left_out: bool,
    /// What was looked at.
    pub looked: Looked,
}

/// Tallies every flow that the query means, the newest files first.
pub(crate) fn tally(
    table: &Table<FlowRow>,
    query: &TallyQuery,
    to: &mut dyn Tally,
) -> Result<Tallied, HistoryError> {
    // Files are neither merged nor removed meanwhile, so that nothing is counted twice or missed.
    let _still = table.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
    let window = Window::new(query.from, query.to, None);
    let (rows, mut parts) = snapshot(table, query, &window);
    parts.sort_by_key(|(_, part)| std::cmp::Reverse(part.bounds.time.1));
    let mut work = Work {
        table,
        window,
        most: query.most,
        to,
        kinds: Kinds::default(),
        opener: Opener::default(),
        scratch: Scratch::default(),
        keys: Vec::new(),
        picks: Vec::new(),
        done: Tallied::default(),
    };
    work.rows(&rows);
    for (place, part) in parts {
        if work.is_enough() {
            break;
        }
        match work.part(&place, &part) {
            Ok(()) => {}
            // What is gone was set aside by somebody else.
            Err(error) if error.is_damage() || error.is_gone() => work.done.looked.damaged += 1,
            Err(error) => return Err(error),
        }
    }
    free_buffers();
    Ok(work.done)
}

type Snapshot = (Vec<FlowRow>, Vec<(Place, Arc<Part>)>);

/// Rows that are in no file yet, and the files.
fn snapshot(table: &Table<FlowRow>, query: &TallyQuery, window: &Window) -> Snapshot {
    let state = table.lock();
    let here = |site: &Site| query.site.as_ref().is_none_or(|wanted| wanted == site);
    let buffered = state.buffer.iter().filter(|(site, _)| here(site));
    let writing = state.writing.iter().filter(|(place, _)| here(&place.0));
    let rows = buffered
        .flat_map(|(_, days)| days.values().flatten())
        .chain(writing.flat_map(|(_, rows)| rows.iter()))
        .filter(|row| window.has(row.begin(), row.place()))
        .copied()
        .collect();
    let parts = state.parts.iter().filter(|(place, _)| here(&place.0));
    let parts = parts.flat_map(|(place, parts)| {
        parts
            .iter()
            .filter(|part| may_have(window, &part.bounds))
            .map(|part| (place.clone(), Arc::clone(part)))
    });
    (rows, parts.collect())
}

struct Work<'a> {
    table: &'a Table<FlowRow>,
    window: Window,
    most: u64,
    to: &'a mut dyn Tally,
    kinds: Kinds,
    opener: Opener,
    scratch: Scratch,
    keys: Vec<u64>,
    picks: Vec<Pick>,
    done: Tallied,
}

impl Work<'_> {
    fn is_enough(&mut self) -> bool {
        self.done.left_out = self.done.looked.rows >= self.most;
        self.done.left_out
    }

    fn part(&mut self, place: &Place, part: &Part) -> Result<(), HistoryError> {
        let table = self.table;
        let opened = table.reading(place, part, || Opened::new::<FlowRow>(part))?;
        self.done.looked.files += 1;
        let opener = std::mem::take(&mut self.opener);
        let groups = opened.meta.metadata().row_groups();
        // Later row groups are newer.
        for (index, meta) in groups.iter().enumerate().rev() {
            if self.is_enough() {
                break;
            }
            self.done.looked.groups += 1;
            if !may_have(&self.window, &Bounds::of::<FlowRow>(meta)) {
                self.done.looked.skipped += 1;
                continue;
            }
            let group = Group::new(part, &opened.file, &opened.meta, index, &opener)?;
            self.group(place, part, &group)?;
        }
        self.opener = opener;
        Ok(())
    }

    fn group(&mut self, place: &Place, part: &Part, group: &Group<'_>) -> Result<(), HistoryError> {
        let (table, window) = (self.table, self.window);
        let scratch = std::mem::take(&mut self.scratch);
        // Only what touches the file is run as reading: nothing else can be the file's fault.
        let (select, coding) = table.reading(place, part, || {
            Ok((in_window::<FlowRow>(group, &window)?, Coding::read(group, scratch)?))
        })?;
        let within = match &select {
            Select::None => return Ok(()),
            Select::All => None,
            Select::Rows(rows) => Some(rows.as_slice()),
        };
        let Some(coding) = coding else {
            // Another program wrote it in another way.
            let mut rows =
                table.reading(place, part, || group.decode::<FlowRow>(&group.read(&[], None)?))?;
            let mut within = within.map(|within| within.iter());
            rows.retain(|_| within.as_mut().is_none_or(|it| it.next().is_some_and(|fits| *fits)));
            self.rows(&rows);
            return Ok(());
        };
        for from in (0..group.rows()).step_by(SLICE) {
            let until = from.saturating_add(SLICE).min(group.rows());
            self.make_room();
            let (kinds, keys) = (&mut self.kinds, &mut self.keys);
            table.reading(place, part, || {
                coding.keys(kinds, from..until, keys).map_err(|error| part.damaged(error))
            })?;
            let within = within.map(|within| within.get(from..until).unwrap_or_default());
            let counted = self.count(within);
            if self.picks.is_empty() {
                self.add(counted);
                continue;
            }
            let mut picks = std::mem::take(&mut self.picks);
            let mut glances = None;
            if picks.iter().any(|pick| pick.is_glance()) {
                let read = table.reading(place, part, || Glances::read(group, from, &picks))?;
                read.choose(from, &mut picks, &mut *self.to);
                glances = Some(read);
            }
            if !picks.is_empty() {
                let read = || Details::read(group, from, &picks, glances);
                let details = table.reading(place, part, read)?;
                details.each(&picks, |tag, row| self.to.row(tag, row));
            }
            self.picks = picks;
            self.add(counted);
        }
        self.scratch = coding.into_scratch();
        Ok(())
    }

    /// Rows that stand as such.
    fn rows(&mut self, rows: &[FlowRow]) {
        for rows in rows.chunks(SLICE) {
            self.make_room();
            self.keys.clear();
            let kinds = &mut self.kinds;
            self.keys.extend(rows.iter().map(|row| kinds.key(&FlowKind::of(row))));
            let counted = self.count(None);
            self.add(counted);
            for pick in &self.picks {
                let Some(row) = rows.get(pick.row()) else { continue };
                let port = row.client.port;
                if !pick.is_glance() || self.to.glance(pick.tag(), row.first, port) {
                    self.to.row(pick.tag(), &Seen::of(row));
                }
            }
        }
    }

    fn make_room(&mut self) {
        if self.kinds.make_room() {
            self.to.forget();
        }
    }

    /// Counts the rows whose keys are there, and picks out those that are to be shown.
    fn count(&mut self, within: Option<&[bool]>) -> (u64, u64) {
        self.done.looked.rows += self.keys.len() as u64;
        self.picks.clear();
        self.kinds.count(&self.keys, within, &mut *self.to, &mut self.picks)
    }

    /// Rows of a file count once all that was wanted of them was read.
    fn add(&mut self, (counted, ignored): (u64, u64)) {
        self.done.flows += counted;
        self.done.ignored += ignored;
    }
}
