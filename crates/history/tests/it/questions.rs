//! Arbitrary questions over arbitrary rows, compared with a filter over plain rows.

use std::net::IpAddr;
use std::time::Duration;

use cordon_history::conformance::{every_page, flow};
use cordon_history::{
    Address, AddressSpan, FlowQuery, FlowRow, History, Options, ParquetHistory, Site,
};
use cordon_model::{App, Flow, FlowId, Mac, Party, Timestamp, Transport};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

const START: i64 = 1_795_305_600;

pub fn time() -> impl Strategy<Value = Timestamp> {
    let usual = (0..300_000_000_u64).prop_map(|micros| {
        // Odd nanoseconds: rows are kept in whole microseconds.
        Timestamp::from_secs(START).plus(Duration::from_nanos(micros * 1_000 + micros % 1_000))
    });
    prop_oneof![
        20 => usual,
        4 => (0..4_i64).prop_map(|day| Timestamp::from_secs(START + day * 86_400)),
        1 => any::<i64>().prop_map(Timestamp::from_nanos),
    ]
}

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..6_u8).prop_map(|octet| IpAddr::from([10, 0, 0, octet])),
        (0..3_u16).prop_map(|group| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, group])),
        Just("::ffff:10.0.0.1".parse().unwrap()),
    ]
}

fn mac() -> impl Strategy<Value = Mac> {
    (0..5_u8).prop_map(|octet| Mac([0, 1, 2, 3, 4, octet]))
}

fn party() -> impl Strategy<Value = Party> {
    (of(mac()), of(ip()), of(0..4_u16)).prop_map(|(mac, ip, port)| Party { mac, ip, port })
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        Just(Transport::Tcp),
        Just(Transport::Udp),
        Just(Transport::Icmp),
        (88..90_u8).prop_map(Transport::Ip)
    ]
}

fn app() -> impl Strategy<Value = App> {
    prop_oneof![Just(App::Dns), Just(App::Modbus), Just(App::Mqtt)]
}

pub fn any_flow() -> impl Strategy<Value = Flow> {
    (time(), 0..100_000_000_u64, party(), party(), transport(), of(app()), any::<u64>()).prop_map(
        |(last, lasted, client, server, transport, app, count)| {
            let first = Timestamp::from_nanos(
                last.nanos().saturating_sub(i64::try_from(lasted).unwrap() * 1_000),
            );
            let mut flow = Flow { first, last, client, server, transport, app, ..flow(1) };
            flow.sent.packets = count;
            flow
        },
    )
}

fn span() -> impl Strategy<Value = AddressSpan> {
    let address = prop_oneof![mac().prop_map(Address::Mac), ip().prop_map(Address::Ip)];
    (address, of(time()), of(time())).prop_map(|(address, from, to)| AddressSpan {
        address,
        from,
        to,
    })
}

fn query() -> impl Strategy<Value = FlowQuery> {
    let text = prop_oneof![Just("10.0.0."), Just("FD00"), Just("mod"), Just(":04"), Just("?")];
    let spans = || prop_oneof![2 => Just(Vec::new()), 1 => vec(span(), 1..4)];
    let times = (of(time()), of(time()));
    let rest = (of(0..4_u16), of(transport()), of(app()), of(text), 1..20_usize);
    (times, spans(), spans(), rest).prop_map(|((from, to), device, peer, rest)| {
        let (port, transport, app, text, limit) = rest;
        let text = text.map(str::to_owned);
        FlowQuery {
            from,
            to,
            device,
            peer,
            port,
            transport,
            app,
            text,
            limit,
            ..Default::default()
        }
    })
}

/// What the words of the query mean, said a second time and as plainly as possible.
fn fits(query: &FlowQuery, row: &FlowRow) -> bool {
    let has = |party: &Party, spans: &[AddressSpan]| {
        spans.iter().any(|span| {
            let same = match span.address {
                Address::Mac(mac) => party.mac == Some(mac),
                Address::Ip(ip) => party.ip == Some(ip),
            };
            same && span.from.is_none_or(|from| row.last >= from)
                && span.to.is_none_or(|to| row.last < to)
        })
    };
    let any = |spans: &[AddressSpan], party: &Party| spans.is_empty() || has(party, spans);
    let ends = any(&query.device, &row.client) && any(&query.peer, &row.server)
        || any(&query.device, &row.server) && any(&query.peer, &row.client);
    let said = |text: &String| {
        let text = text.to_lowercase();
        let parties = [row.client, row.server];
        let ips = parties.iter().filter_map(|party| party.ip).map(|ip| ip.to_string());
        let macs = parties.iter().filter_map(|party| party.mac).map(|mac| mac.to_string());
        ips.chain(macs).chain(row.app.map(|app| app.to_string())).any(|it| it.contains(&text))
    };
    ends && query.from.is_none_or(|from| row.last >= from)
        && query.to.is_none_or(|to| row.first < to)
        && query.port.is_none_or(|port| row.server.port == Some(port))
        && query.transport.is_none_or(|transport| row.transport == transport)
        && query.app.is_none_or(|app| row.app == Some(app))
        && query.text.as_ref().is_none_or(said)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_search_finds_what_a_plain_filter_finds(
        batches in vec(vec(any_flow(), 0..25), 1..12),
        queries in vec(query(), 1..8),
        merge in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let history = ParquetHistory::open(dir.path(), Options::default()).unwrap();
        let mut rows = Vec::new();
        let mut seq = 0;
        for (number, batch) in batches.iter().enumerate() {
            history.append_flows(&Site::default(), batch);
            for flow in batch {
                seq += 1;
                rows.push(FlowRow::new(flow, seq));
            }
            if number + 1 < batches.len() {
                history.flush().unwrap();
            }
        }
        if merge {
            history.compact(Timestamp::from_secs(0)).unwrap();
            history.compact(Timestamp::from_secs(0)).unwrap();
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.last, row.seq)));
        for query in &queries {
            let expected: Vec<FlowRow> =
                rows.iter().filter(|row| fits(query, row)).copied().collect();
            prop_assert_eq!(every_page(&history, query), expected.clone());
            prop_assert_eq!(history.summary(query).unwrap().flows, expected.len() as u64);
        }
        prop_assert_eq!(history.status().problems, Vec::<String>::new());
    }
}

#[test]
fn a_row_group_and_more_is_searched_like_a_few_rows() {
    // More than twice the 131,072 rows of a row group, all on one day.
    const FLOWS: usize = 66_000;
    const TIMES: usize = 4;
    let dir = tempfile::tempdir().unwrap();
    let options = Options { flow_capacity: FLOWS, ..Options::default() };
    let history = ParquetHistory::open(dir.path(), options).unwrap();
    let flows: Vec<Flow> = (0..FLOWS as u64).map(|n| Flow { id: FlowId(n), ..flow(n) }).collect();
    for _ in 0..TIMES {
        assert_eq!(history.append_flows(&Site::default(), &flows).dropped, 0);
        history.flush().unwrap();
    }
    for _ in 0..2 {
        history.compact(Timestamp::from_secs(0)).unwrap();
    }
    let one = FlowQuery {
        from: Some(flow(30_000).last),
        to: Some(flow(30_006).first),
        ..FlowQuery::default()
    };
    let rows = every_page(&history, &one);
    assert_eq!(rows.len(), 6 * TIMES, "six seconds, each flow as often as it was written");
    let query = FlowQuery { port: Some(502), limit: 10_000, ..FlowQuery::default() };
    assert_eq!(every_page(&history, &query).len(), FLOWS * TIMES / 2);
    assert_eq!(
        history.sizes().unwrap().iter().map(|day| day.rows).sum::<u64>(),
        (FLOWS * TIMES) as u64
    );
}
