//! Tallies, compared with every row by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use cordon_history::conformance::{every_page, flow};
use cordon_history::{
    FlowKind, FlowQuery, FlowRow, History, Options, ParquetHistory, Seen, Site, Tallied, Tally,
    TallyQuery, Want,
};
use cordon_model::flow::TcpFlags;
use cordon_model::{App, Flow, FlowId, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::questions::{any_flow, time};

/// Wants something else of each kind, by its hash.
#[derive(Default)]
struct Asker {
    tags: Vec<(FlowKind, bool)>,
    asked: usize,
    forgot: usize,
    /// What was shown, as text so that it can be sorted.
    shown: Vec<String>,
}

/// What is wanted of a kind: something that depends on everything in it.
fn worth(kind: &FlowKind) -> u64 {
    format!("{kind:?}").bytes().fold(7_u64, |sum, byte| sum * 31 % 1_009 + u64::from(byte)) % 6
}

fn shown(kind: &FlowKind, seen: &Seen, with_port: bool) -> String {
    let seen = Seen { client_port: seen.client_port.filter(|_| with_port), ..*seen };
    format!("{kind:?} {seen:?}")
}

impl Tally for Asker {
    fn kind(&mut self, kind: &FlowKind) -> Want {
        self.asked += 1;
        match worth(kind) {
            0 => Want::Nothing,
            1 | 2 => Want::Count,
            other => {
                let tag = u32::try_from(self.tags.len()).unwrap();
                self.tags.push((*kind, other == 3));
                match other {
                    3 | 4 => Want::Glance { tag, client_port: other == 3 },
                    _ => Want::Rows(tag),
                }
            }
        }
    }

    fn glance(&mut self, tag: u32, first: Timestamp, client_port: Option<u16>) -> bool {
        let (kind, with_port) = self.tags[usize::try_from(tag).unwrap()];
        glanced(&kind, first, client_port.filter(|_| with_port))
    }

    fn row(&mut self, tag: u32, row: &Seen) {
        let (kind, with_port) = self.tags[usize::try_from(tag).unwrap()];
        self.shown.push(shown(&kind, row, with_port));
    }

    fn forget(&mut self) {
        self.forgot += 1;
        self.tags.clear();
    }
}

fn asked(history: &dyn History, query: &TallyQuery) -> (Tallied, Asker) {
    let mut asker = Asker::default();
    let tallied = history.tally(query, &mut asker).unwrap();
    asker.shown.sort();
    (tallied, asker)
}

/// Whether a row is wanted of a kind of which not all are.
fn glanced(kind: &FlowKind, first: Timestamp, client_port: Option<u16>) -> bool {
    let odd = |number: i64| number.rem_euclid(3) == 1;
    odd(first.nanos() / 1_000) || (worth(kind) == 3 && client_port.is_some_and(|it| it == 1))
}

/// The same from rows, one by one.
fn by_rows(rows: &[FlowRow]) -> (u64, u64, Vec<String>) {
    let (mut flows, mut ignored, mut all) = (0, 0, Vec::new());
    for row in rows {
        let kind = FlowKind::of(row);
        match worth(&kind) {
            0 => ignored += 1,
            1 | 2 => flows += 1,
            other => {
                flows += 1;
                let glance = other == 3 || other == 4;
                let port = row.client.port.filter(|_| other == 3);
                if !glance || glanced(&kind, row.first, port) {
                    all.push(shown(&kind, &Seen::of(row), other == 3));
                }
            }
        }
    }
    all.sort();
    (flows, ignored, all)
}

fn agree(history: &dyn History, query: &TallyQuery) {
    let (tallied, asker) = asked(history, query);
    let (site, from, to) = (query.site.clone(), query.from, query.to);
    let rows =
        every_page(history, &FlowQuery { site, from, to, limit: 1_000, ..FlowQuery::default() });
    let (flows, ignored, all) = by_rows(&rows);
    assert_eq!((tallied.flows, tallied.ignored, tallied.left_out), (flows, ignored, false));
    assert_eq!(tallied.looked.damaged, 0);
    assert_eq!(asker.shown, all);
}

fn any_tallied() -> impl Strategy<Value = Flow> {
    let counts = prop_oneof![Just(0_u64), Just(1), any::<u64>()];
    (any_flow(), counts.clone(), counts, any::<u8>(), 0..8_u8).prop_map(
        |(mut flow, sent, received, flags, odd)| {
            (flow.sent.packets, flow.received.packets) = (sent, received);
            flow.received_flags = TcpFlags(flags);
            flow.tunnelled = odd == 0;
            flow
        },
    )
}

fn query() -> impl Strategy<Value = TallyQuery> {
    use proptest::option::of;
    let site = of(prop_oneof![Just(Site::default()), Just("other".parse().unwrap())]);
    (site, of(time()), of(time())).prop_map(|(site, from, to)| TallyQuery {
        site,
        from,
        to,
        ..TallyQuery::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Several files, rows being held, two sites, any window: the same as row by row.
    #[test]
    fn a_tally_is_what_the_rows_come_to(
        flows in vec((any_tallied(), 0..12_u8), 1..160),
        queries in vec(query(), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let history = ParquetHistory::open(folder.path(), Options::default()).unwrap();
        for (number, (flow, then)) in flows.iter().enumerate() {
            let site = if then % 3 == 0 { "other".parse().unwrap() } else { Site::default() };
            history.append_flows(&site, &[Flow { id: FlowId(number as u64), ..flow.clone() }]);
            if *then == 11 {
                history.flush().unwrap();
            }
        }
        agree(&history, &TallyQuery::default());
        for query in &queries {
            agree(&history, query);
        }
        for _ in 0..2 {
            history.compact(Timestamp::from_nanos(i64::MAX)).unwrap();
        }
        for query in &queries {
            agree(&history, query);
        }
    }
}

/// A network with few kinds, and now and then one that comes once.
fn busy(number: u64) -> Flow {
    let mut flow = Flow { id: FlowId(number), ..flow(10 + number % 400) };
    flow.last = flow.last.plus(Duration::from_secs(number));
    flow.app = (!number.is_multiple_of(5)).then_some(App::Tls);
    flow.sent.packets = number % 17;
    flow.tunnelled = number.is_multiple_of(1_000);
    if number.is_multiple_of(50) {
        flow.server.port = Some((number / 50 % 60_000) as u16);
        flow.server.ip = Some([11, 0, (number >> 16) as u8, (number >> 8) as u8].into());
    }
    if number.is_multiple_of(70) {
        flow.client.ip = None;
    }
    flow
}

#[test]
fn kinds_of_many_pages_and_row_groups_are_asked_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { flow_capacity: 400_000, ..Options::default() };
    let history = ParquetHistory::open(folder.path(), options).unwrap();
    // All within one day and one file, so that a file has several row groups of several pages.
    let flows: Vec<Flow> = (0..300_000)
        .map(|number| {
            let mut flow = busy(number);
            flow.last = flow.first.plus(Duration::from_micros(number));
            flow
        })
        .collect();
    assert_eq!(history.append_flows(&Site::default(), &flows).dropped, 0);
    let held = asked(&history, &TallyQuery::default());
    history.flush().unwrap();
    let (tallied, asker) = asked(&history, &TallyQuery::default());
    assert_eq!((tallied.looked.files, tallied.looked.groups, tallied.looked.rows), (1, 3, 300_000));
    assert_eq!((held.0.flows, held.0.ignored), (tallied.flows, tallied.ignored));
    assert_eq!(held.1.shown, asker.shown, "rows in memory and in files are the same");
    let rows: Vec<FlowRow> = flows.iter().map(|flow| FlowRow::new(flow, 0)).collect();
    let (flows, ignored, all) = by_rows(&rows);
    assert_eq!((tallied.flows, tallied.ignored), (flows, ignored));
    assert!(asker.shown == all, "every row that was to be shown was shown as it is");
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rows {
        *kinds.entry(format!("{:?}", FlowKind::of(row))).or_default() += 1;
    }
    assert_eq!((asker.asked, asker.forgot), (kinds.len(), 0));
}

#[test]
fn older_files_are_left_out_once_there_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let history = ParquetHistory::open(folder.path(), Options::default()).unwrap();
    for start in 0..4 {
        let flows: Vec<Flow> = (start * 1_000..(start + 1) * 1_000).map(flow).collect();
        history.append_flows(&Site::default(), &flows);
        history.flush().unwrap();
    }
    let most = |most| {
        let (tallied, asker) = asked(&history, &TallyQuery { most, ..TallyQuery::default() });
        (tallied.looked.rows, tallied.left_out, asker.shown)
    };
    let (rows, left_out, shown) = most(1_500);
    assert_eq!((rows, left_out), (2_000, true));
    let newest: Vec<FlowRow> = (2_000..4_000).map(|it| FlowRow::new(&flow(it), 0)).collect();
    assert_eq!(shown, by_rows(&newest).2);
    let (rows, left_out, _) = most(4_000);
    assert_eq!((rows, left_out), (4_000, false), "exactly as many as there are");
}

/// Wants every row.
#[derive(Default)]
struct All(Vec<(FlowKind, u32)>, usize, Vec<u64>);

impl Tally for All {
    fn kind(&mut self, kind: &FlowKind) -> Want {
        self.0.push((*kind, 0));
        Want::Rows(u32::try_from(self.0.len() - 1).unwrap())
    }

    fn glance(&mut self, _: u32, _: Timestamp, _: Option<u16>) -> bool {
        panic!("every row is wanted")
    }

    fn row(&mut self, tag: u32, _: &Seen) {
        self.0[usize::try_from(tag).unwrap()].1 += 1;
    }

    fn forget(&mut self) {
        self.2.extend(self.0.drain(..).map(|(_, times)| u64::from(times)));
        self.1 += 1;
    }
}

#[test]
fn a_scan_of_millions_of_addresses_fills_no_memory_and_loses_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { flow_capacity: 1 << 20, ..Options::default() };
    let history = ParquetHistory::open(folder.path(), options).unwrap();
    let scanned = |number: u32| {
        let mut flow = flow(1);
        flow.server.ip = Some(number.to_be_bytes().into());
        flow
    };
    let flows: Vec<Flow> = (0..700_000).map(scanned).collect();
    assert_eq!(history.append_flows(&Site::default(), &flows).dropped, 0);
    let mut all = All::default();
    let held = history.tally(&TallyQuery::default(), &mut all).unwrap();
    assert_eq!((held.flows, all.1), (700_000, 1), "forgets once");
    all.forget();
    assert_eq!((all.2.len(), all.2.iter().sum::<u64>()), (700_000, 700_000));
}

#[test]
fn a_damaged_file_is_set_aside_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let history = ParquetHistory::open(folder.path(), Options::default()).unwrap();
    for start in 0..3 {
        let flows: Vec<Flow> = (start * 1_000..(start + 1) * 1_000).map(flow).collect();
        history.append_flows(&Site::default(), &flows);
        history.flush().unwrap();
    }
    let mut files: Vec<_> = crate::damage::files(folder.path());
    files.sort();
    let mut bytes = std::fs::read(&files[1]).unwrap();
    // Within the first columns, whose pages lie at the beginning.
    bytes[2_000..2_600].fill(0xa5);
    std::fs::write(&files[1], bytes).unwrap();
    let (tallied, asker) = asked(&history, &TallyQuery::default());
    assert_eq!(tallied.looked.damaged, 1);
    let rest = (0..1_000).chain(2_000..3_000).map(|it| FlowRow::new(&flow(it), 0));
    let (flows, ignored, all) = by_rows(&rest.collect::<Vec<_>>());
    assert_eq!((tallied.flows, tallied.ignored), (flows, ignored));
    assert_eq!(asker.shown, all);
    agree(&history, &TallyQuery::default());
}
