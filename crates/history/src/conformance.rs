//! What every history must do, whatever it keeps its rows in: one suite, run for each backend.
//!
//! A test calls [`run`] with a way to open an empty history, and to open the same one again after
//! a crash.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of tests, which ends where an expectation is not met"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{
    App, Basis, Ends, Flow, FlowId, Mac, PacketId, Party, Text, Timestamp, Transport,
};

use crate::{
    Address, AddressSpan, FactQuery, FactRow, FlowQuery, FlowRow, Format, History, Keep, Site,
};

/// A backend under test.
pub trait Backend {
    /// Opens an empty history.
    fn fresh(&mut self) -> Box<dyn History>;
    /// Opens the history of the last call of [`Backend::fresh`] again, as after a crash: nothing
    /// was closed.
    fn again(&mut self) -> Box<dyn History>;
}

/// Runs the whole suite.
pub fn run(backend: &mut dyn Backend) {
    rows_are_found_before_and_after_a_flush(backend);
    what_was_acknowledged_survives_a_crash(backend);
    pages_follow_each_other_without_gaps(backend);
    a_page_stays_where_it_was_while_rows_are_added_and_merged(backend);
    every_filter_holds(backend);
    a_device_is_its_addresses_at_their_times(backend);
    a_device_and_its_peer_are_two_ends(backend);
    sites_are_kept_apart(backend);
    sums_and_exports_agree_with_pages(backend);
    old_days_go_and_others_stay(backend);
    wrong_clocks_do_not_make_thousands_of_days(backend);
    facts_are_found(backend);
}

/// 2026-11-22T00:00:00Z.
const DAY: i64 = 1_795_305_600;

/// A flow of the suite: its number decides everything about it.
#[must_use]
pub fn flow(number: u64) -> Flow {
    let last = Timestamp::from_secs(DAY).plus(Duration::from_secs(number));
    let end = |number: u64, port: u16| {
        let octet = u8::try_from(number % 200).unwrap_or_default();
        Party {
            mac: Some(Mac([0, 1, 2, 3, 4, octet])),
            ip: Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, octet))),
            port: Some(port),
        }
    };
    let odd = number % 2 == 1;
    let counters =
        |number| Counters { packets: number, bytes: number * 100, ..Counters::default() };
    Flow {
        id: FlowId(number),
        transport: if odd { Transport::Tcp } else { Transport::Udp },
        client: end(number % 7, 40_000),
        server: end(100 + number % 3, if odd { 502 } else { 53 }),
        ends: Ends::Syn,
        vlan: odd.then_some(7),
        tunnelled: false,
        app: if odd { Some(App::Modbus) } else { Some(App::Dns) },
        basis: Some(if odd { Basis::Payload } else { Basis::Port }),
        first: Timestamp::from_nanos(last.nanos().saturating_sub(5_000_000_000)),
        last,
        packet: PacketId { input: 0, number },
        sent: counters(number),
        received: counters(1),
        sent_flags: TcpFlags(if odd { 0x1b } else { 0 }),
        received_flags: TcpFlags(0),
        first_sizes: [0; 8],
        part: 0,
        continues: false,
        community_id: Text::default(),
    }
}

fn flows(numbers: std::ops::Range<u64>) -> Vec<Flow> {
    numbers.map(flow).collect()
}

fn numbers(rows: &[FlowRow]) -> Vec<u64> {
    rows.iter().map(|row| row.flow).collect()
}

fn ip(octet: u8) -> AddressSpan {
    AddressSpan::always(Address::Ip(IpAddr::V4(Ipv4Addr::new(10, 0, 0, octet))))
}

/// Every page of a query, one after the other.
pub fn every_page(history: &dyn History, query: &FlowQuery) -> Vec<FlowRow> {
    let mut query = query.clone();
    let mut rows = Vec::new();
    loop {
        let page = history.search(&query).unwrap();
        rows.extend(page.rows);
        query.cursor = page.next;
        if page.next.is_none() {
            return rows;
        }
    }
}

fn rows_are_found_before_and_after_a_flush(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let site = Site::default();
    let appended = history.append_flows(&site, &flows(0..10));
    assert_eq!((appended.accepted, appended.dropped, appended.held), (10, 0, 10));
    let before = history.search(&FlowQuery::default()).unwrap();
    let flushed = history.flush().unwrap();
    assert_eq!((flushed.flows, flushed.flows_through), (10, appended.through));
    let after = history.search(&FlowQuery::default()).unwrap();
    assert_eq!(numbers(&before.rows), (0..10).rev().collect::<Vec<_>>());
    assert_eq!(before.rows, after.rows, "a row is the same in memory and in a file");
    assert_eq!(after.rows[0], FlowRow::new(&flow(9), after.rows[0].seq));
    assert_eq!(history.status().held_flows, 0);
}

fn what_was_acknowledged_survives_a_crash(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let site = Site::default();
    history.append_flows(&site, &flows(0..10));
    history.flush().unwrap();
    history.append_flows(&site, &flows(10..20));
    let history = backend.again();
    let rows = history.search(&FlowQuery::default()).unwrap().rows;
    assert_eq!(numbers(&rows), (0..10).rev().collect::<Vec<_>>());
    history.append_flows(&site, &flows(10..20));
    let rows = history.search(&FlowQuery::default()).unwrap().rows;
    assert_eq!(numbers(&rows), (0..20).rev().collect::<Vec<_>>());
    let mut seqs: Vec<u64> = rows.iter().map(|row| row.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 20, "row numbers stay unique");
}

fn pages_follow_each_other_without_gaps(backend: &mut dyn Backend) {
    let history = backend.fresh();
    for start in 0..10 {
        // Many rows at the same time: the place of a page lies among them.
        let same: Vec<Flow> =
            (0..30).map(|n| Flow { id: FlowId(start * 30 + n), ..flow(start / 2) }).collect();
        history.append_flows(&Site::default(), &same);
        if start % 3 == 0 {
            history.flush().unwrap();
        }
    }
    for limit in [1, 7, 100, 300, 1_000] {
        let rows = every_page(&*history, &FlowQuery { limit, ..FlowQuery::default() });
        let mut found = numbers(&rows);
        assert!(rows.windows(2).all(|pair| pair[0].last >= pair[1].last), "newest first");
        found.sort_unstable();
        assert_eq!(found, (0..300).collect::<Vec<_>>(), "limit {limit}");
    }
}

fn a_page_stays_where_it_was_while_rows_are_added_and_merged(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let site = Site::default();
    for start in 0..20 {
        history.append_flows(&site, &flows(start * 10..start * 10 + 10));
        history.flush().unwrap();
    }
    let query = FlowQuery { limit: 50, ..FlowQuery::default() };
    let page = history.search(&query).unwrap();
    history.append_flows(&site, &flows(500..520));
    history.flush().unwrap();
    let later = Timestamp::from_secs(DAY + 86_400 * 3);
    let mut merged = history.compact(later).unwrap().merged_files;
    merged += history.compact(later).unwrap().merged_files;
    let next = history.search(&FlowQuery { cursor: page.next, ..query.clone() }).unwrap();
    assert_eq!(numbers(&page.rows), (150..200).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&next.rows), (100..150).rev().collect::<Vec<_>>());
    let all = every_page(&*history, &query);
    assert_eq!(all.len(), 220, "merging loses and doubles nothing");
    drop(history);
    let history = backend.again();
    assert_eq!(every_page(&*history, &query), all);
    let files: u64 = history.sizes().unwrap().iter().map(|day| day.files).sum();
    assert!(merged == 0 || files == 1, "{files} files of a settled day");
}

/// Which flows of the suite are to be found.
type Expected = Box<dyn Fn(u64) -> bool>;

fn every_filter_holds(backend: &mut dyn Backend) {
    let history = backend.fresh();
    history.append_flows(&Site::default(), &flows(0..60));
    history.flush().unwrap();
    history.append_flows(&Site::default(), &flows(60..100));
    let at = |number: u64| Some(Timestamp::from_secs(DAY).plus(Duration::from_secs(number)));
    let all = FlowQuery::default;
    let cases: Vec<(&str, FlowQuery, Expected)> = vec![
        ("port", FlowQuery { port: Some(502), ..all() }, Box::new(|n| n % 2 == 1)),
        ("no such port", FlowQuery { port: Some(9), ..all() }, Box::new(|_| false)),
        ("app", FlowQuery { app: Some(App::Dns), ..all() }, Box::new(|n| n % 2 == 0)),
        ("no such app", FlowQuery { app: Some(App::Coap), ..all() }, Box::new(|_| false)),
        (
            "transport",
            FlowQuery { transport: Some(Transport::Udp), ..all() },
            Box::new(|n| n % 2 == 0),
        ),
        ("client", FlowQuery { device: vec![ip(3)], ..all() }, Box::new(|n| n % 7 == 3)),
        ("server", FlowQuery { device: vec![ip(101)], ..all() }, Box::new(|n| n % 3 == 1)),
        (
            "link-layer address",
            FlowQuery { device: vec![Mac([0, 1, 2, 3, 4, 3]).into()], ..all() },
            Box::new(|n| n % 7 == 3),
        ),
        ("text", FlowQuery { text: Some("0.0.102".into()), ..all() }, Box::new(|n| n % 3 == 2)),
        ("text, case", FlowQuery { text: Some("MODB".into()), ..all() }, Box::new(|n| n % 2 == 1)),
        ("from", FlowQuery { from: at(50), ..all() }, Box::new(|n| n >= 50)),
        ("to", FlowQuery { to: at(50), ..all() }, Box::new(|n| n < 55)),
        (
            "everything at once",
            FlowQuery {
                from: at(20),
                to: at(80),
                device: vec![ip(3)],
                peer: vec![ip(100), ip(101)],
                port: Some(502),
                app: Some(App::Modbus),
                transport: Some(Transport::Tcp),
                ..all()
            },
            Box::new(|n| (20..85).contains(&n) && n % 7 == 3 && n % 3 != 2 && n % 2 == 1),
        ),
    ];
    for (name, query, expected) in cases {
        let expected: Vec<u64> = (0..100).rev().filter(|n| expected(*n)).collect();
        assert_eq!(numbers(&history.search(&query).unwrap().rows), expected, "{name}");
    }
}

fn a_device_is_its_addresses_at_their_times(backend: &mut dyn Backend) {
    let history = backend.fresh();
    history.append_flows(&Site::default(), &flows(0..100));
    let at = |number: u64| Some(Timestamp::from_secs(DAY).plus(Duration::from_secs(number)));
    let device = vec![AddressSpan { to: at(40), ..ip(3) }, AddressSpan { from: at(40), ..ip(5) }];
    let query = FlowQuery { device, ..FlowQuery::default() };
    let fits = |n: &u64| if *n < 40 { n % 7 == 3 } else { n % 7 == 5 };
    let expected: Vec<u64> = (0..100).rev().filter(fits).collect();
    assert_eq!(numbers(&history.search(&query).unwrap().rows), expected);
    history.flush().unwrap();
    assert_eq!(numbers(&history.search(&query).unwrap().rows), expected);
}

fn a_device_and_its_peer_are_two_ends(backend: &mut dyn Backend) {
    let history = backend.fresh();
    history.append_flows(&Site::default(), &flows(0..100));
    history.flush().unwrap();
    let query = |device, peer| FlowQuery {
        device: vec![ip(device)],
        peer: vec![ip(peer)],
        ..FlowQuery::default()
    };
    let forth = history.search(&query(3, 101)).unwrap().rows;
    assert_eq!(forth, history.search(&query(101, 3)).unwrap().rows);
    assert!(!forth.is_empty());
    assert!(history.search(&query(3, 3)).unwrap().rows.is_empty(), "one end is not both");
}

fn sites_are_kept_apart(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let (one, two): (Site, Site) = ("one".parse().unwrap(), "two".parse().unwrap());
    history.append_flows(&one, &flows(0..5));
    history.append_flows(&two, &flows(5..9));
    for _ in 0..2 {
        let of = |site: &Site| FlowQuery { site: Some(site.clone()), ..FlowQuery::default() };
        assert_eq!(numbers(&history.search(&of(&one)).unwrap().rows), [4, 3, 2, 1, 0]);
        assert_eq!(numbers(&history.search(&of(&two)).unwrap().rows), [8, 7, 6, 5]);
        assert_eq!(history.summary(&of(&two)).unwrap().flows, 4);
        assert_eq!(history.search(&FlowQuery::default()).unwrap().rows.len(), 9);
        history.flush().unwrap();
    }
}

fn sums_and_exports_agree_with_pages(backend: &mut dyn Backend) {
    let history = backend.fresh();
    history.append_flows(&Site::default(), &flows(0..300));
    history.flush().unwrap();
    history.append_flows(&Site::default(), &flows(300..400));
    for query in [FlowQuery::default(), FlowQuery { port: Some(502), ..FlowQuery::default() }] {
        let rows = every_page(&*history, &query);
        let sum = history.summary(&query).unwrap();
        assert_eq!(sum.flows, rows.len() as u64);
        let packets: u64 = rows.iter().map(|row| row.sent_packets + row.received_packets).sum();
        let bytes: u64 = rows.iter().map(|row| row.sent_bytes + row.received_bytes).sum();
        assert_eq!((sum.packets, sum.bytes), (packets, bytes));
        assert_eq!(sum.first, rows.iter().map(|row| row.first).min());
        assert_eq!(sum.last, rows.iter().map(|row| row.last).max());
        let export = |format| {
            let mut bytes = Vec::new();
            let exported = history.export(&query, format, &mut bytes).unwrap();
            assert_eq!(exported.rows, rows.len() as u64);
            bytes
        };
        let csv = String::from_utf8(export(Format::Csv)).unwrap();
        assert_eq!(csv.lines().count(), rows.len() + 1);
        let columns = csv.lines().next().unwrap().split(',').count();
        assert!(csv.lines().all(|line| line.split(',').count() == columns));
        let ndjson = String::from_utf8(export(Format::Ndjson)).unwrap();
        for (line, row) in ndjson.lines().zip(&rows) {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value, serde_json::to_value(row).unwrap());
        }
        assert_eq!(ndjson.lines().count(), rows.len());
        let parquet = export(Format::Parquet);
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    }
}

fn old_days_go_and_others_stay(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let now = Timestamp::from_secs(DAY + 50_000);
    for ago in 0..40 {
        let last = Timestamp::from_secs(DAY - ago * 86_400);
        let id = FlowId(u64::try_from(ago).unwrap());
        history.append_flows(&Site::default(), &[Flow { id, last, first: last, ..flow(0) }]);
        history.append_facts(&Site::default(), &[FactRow::new(last, "dhcp", "x")]);
        history.flush().unwrap();
    }
    let retired = history.retire(now, Keep { flow_days: 30, fact_days: 365 }).unwrap();
    assert_eq!((retired.days, retired.rows), (9, 9));
    let rows = every_page(&*history, &FlowQuery::default());
    assert_eq!(numbers(&rows), (0..=30).collect::<Vec<_>>());
    assert_eq!(history.facts(&FactQuery::default()).unwrap().rows.len(), 40);
    let sizes = history.sizes().unwrap();
    assert_eq!(sizes.iter().filter(|day| day.table == "flows").count(), 31);
    assert!(sizes.iter().all(|day| day.rows == 1 && day.bytes > 0));
    drop(history);
    let history = backend.again();
    assert_eq!(every_page(&*history, &FlowQuery::default()).len(), 31);
}

fn wrong_clocks_do_not_make_thousands_of_days(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let site = Site::default();
    let mut times = vec![i64::MIN, 0, i64::MAX, DAY * 1_000_000_000];
    times.extend((0..2_000).map(|day| (DAY - day * 86_400 * 15) * 1_000_000_000));
    let at = |nanos: i64| {
        let at = Timestamp::from_nanos(nanos);
        Flow { first: at, last: at, ..flow(0) }
    };
    for chunk in times.chunks(100) {
        let flows: Vec<Flow> = chunk.iter().map(|nanos| at(*nanos)).collect();
        assert_eq!(history.append_flows(&site, &flows).dropped, 0);
        history.flush().unwrap();
    }
    let days = history.sizes().unwrap().len();
    assert!(days <= crate::MAX_DAYS, "{days} days");
    let rows = every_page(&*history, &FlowQuery { limit: 500, ..FlowQuery::default() });
    assert_eq!(rows.len(), times.len());
    assert!(rows.windows(2).all(|pair| pair[0].last >= pair[1].last));
    assert!(rows[0].last > Timestamp::from_secs(9_000_000_000), "a row keeps its own time");
}

fn facts_are_found(backend: &mut dyn Backend) {
    let history = backend.fresh();
    let fact = |number: u8, kind: &str, value: &str| FactRow {
        mac: Some(Mac([0, 1, 2, 3, 4, number])),
        flow: number.is_multiple_of(2).then_some(u64::from(number)),
        ..FactRow::new(Timestamp::from_secs(DAY + i64::from(number)), kind, value)
    };
    let facts: Vec<FactRow> = (0..50)
        .map(|n| fact(n % 5, if n % 2 == 0 { "dhcp" } else { "mdns" }, &format!("Lamp {n}")))
        .collect();
    history.append_facts(&Site::default(), &facts);
    for _ in 0..2 {
        let ask = |query: FactQuery| history.facts(&query).unwrap().rows;
        assert_eq!(ask(FactQuery::default()).len(), 50);
        let dhcp = ask(FactQuery { kind: Some("dhcp".into()), ..FactQuery::default() });
        assert!(dhcp.len() == 25 && dhcp.iter().all(|row| &*row.kind == "dhcp"));
        let lamp = ask(FactQuery { text: Some("LAMP 41".into()), ..FactQuery::default() });
        assert_eq!(lamp.iter().map(|row| &*row.value).collect::<Vec<_>>(), ["Lamp 41"]);
        let mac = Mac([0, 1, 2, 3, 4, 3]);
        let one = ask(FactQuery { device: vec![mac.into()], ..FactQuery::default() });
        assert!(one.len() == 10 && one.iter().all(|row| row.mac == Some(mac)));
        history.flush().unwrap();
    }
}
