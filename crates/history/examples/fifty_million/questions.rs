//! What people ask: each question as the console and the API would ask it, and as SQL.
//!
//! The hard ones have no hit: only looking at everything that could fit shows that nothing does.

use std::net::{IpAddr, Ipv4Addr};

use cordon_history::{Address, AddressSpan, FlowQuery, transport_name};
use cordon_model::{App, Mac, Timestamp, Transport};

use crate::network::{RARE, ROUTER, START, device_ip, device_mac};

/// A device by everything that it ever had.
fn device(number: u64) -> Vec<AddressSpan> {
    vec![AddressSpan::from(device_mac(number)), device_ip(number).into()]
}

/// A device as the register knows it: the MAC always, the IP address since the device was first
/// seen with it.
fn known(number: u64) -> Vec<AddressSpan> {
    vec![device_mac(number).into(), since(number, START - 600, None)]
}

/// The router by its IP address alone: its MAC is on everything that it carries.
fn router() -> Vec<AddressSpan> {
    vec![since(ROUTER, START - 600, None)]
}

/// An address that a device had for a while.
fn since(number: u64, from: i64, to: Option<i64>) -> AddressSpan {
    AddressSpan {
        address: Address::Ip(device_ip(number)),
        from: Some(Timestamp::from_secs(from)),
        to: to.map(Timestamp::from_secs),
    }
}

fn ip(number: u64) -> Vec<AddressSpan> {
    vec![device_ip(number).into()]
}

/// The questions by name.
pub fn questions() -> Vec<(&'static str, FlowQuery)> {
    let mut all = with_hits();
    all.extend(without_hits());
    all.extend(by_time());
    all
}

fn with_hits() -> Vec<(&'static str, FlowQuery)> {
    let all = FlowQuery::default;
    let first_day = Some(Timestamp::from_secs(START + 86_400));
    vec![
        ("newest 100, no filter", all()),
        ("page of 16384 rows", FlowQuery { limit: 16_384, ..all() }),
        ("busiest device, newest 100", FlowQuery { device: known(0), ..all() }),
        (
            "busiest device, page of 16384 rows",
            FlowQuery { device: known(0), limit: 16_384, ..all() },
        ),
        (
            "busiest device, page at the far end",
            FlowQuery { device: known(0), to: first_day, ..all() },
        ),
        ("device that talked once", FlowQuery { device: known(RARE), ..all() }),
        ("device and peer, common", FlowQuery { device: known(0), peer: known(2), ..all() }),
        (
            "device and peer, both clients and servers, hardly ever together",
            FlowQuery { device: known(1), peer: known(3), ..all() },
        ),
        (
            "device and peer by IP address, hardly ever together",
            FlowQuery { device: ip(1), peer: ip(3), ..all() },
        ),
        ("port in rare use (scan)", FlowQuery { port: Some(4_444), ..all() }),
        ("device and port in rare use", FlowQuery { device: known(1), port: Some(4_444), ..all() }),
        ("application, common", FlowQuery { app: Some(App::Modbus), ..all() }),
        (
            "device and application, common",
            FlowQuery { device: known(1), app: Some(App::Modbus), ..all() },
        ),
        ("text in an address, common", FlowQuery { text: Some("10.0.0.7".into()), ..all() }),
        ("text of a public address, rare", FlowQuery { text: Some("52.99.9".into()), ..all() }),
    ]
}

fn without_hits() -> Vec<(&'static str, FlowQuery)> {
    let all = FlowQuery::default;
    let nobody: Vec<AddressSpan> = vec![
        AddressSpan::always(Address::Mac(Mac([2, 9, 9, 9, 9, 9]))),
        IpAddr::V4(Ipv4Addr::new(10, 99, 99, 99)).into(),
    ];
    vec![
        ("device that never talked", FlowQuery { device: nobody, ..all() }),
        (
            "device and peer, both busy, never together",
            FlowQuery { device: known(1), peer: known(4), ..all() },
        ),
        (
            "device and router, never together",
            FlowQuery { device: known(1), peer: router(), ..all() },
        ),
        (
            "client and server, both busy, never together",
            FlowQuery { device: known(0), peer: known(10), ..all() },
        ),
        (
            "client and server by IP address, never together",
            FlowQuery { device: ip(0), peer: ip(10), ..all() },
        ),
        (
            "device, gateway's MAC and application, never together",
            FlowQuery { device: device(1), peer: device(ROUTER), app: Some(App::Modbus), ..all() },
        ),
        (
            "device by MAC, text of an address it never meets",
            FlowQuery {
                device: vec![device_mac(2).into()],
                text: Some("10.0.0.7".into()),
                app: Some(App::Tls),
                ..all()
            },
        ),
        (
            "application and transport, both common, never together",
            FlowQuery { app: Some(App::Modbus), transport: Some(Transport::Udp), ..all() },
        ),
        (
            "application and port, both common, never together",
            FlowQuery { app: Some(App::Modbus), port: Some(443), ..all() },
        ),
        (
            "1024 addresses and a port, hardly ever together",
            FlowQuery {
                device: (0..1_024).map(|it| device_ip(it * 2 + 1).into()).collect(),
                port: Some(1_883),
                ..all()
            },
        ),
        ("port nobody uses", FlowQuery { port: Some(31_337), ..all() }),
        (
            "busy device, common port, never together",
            FlowQuery { device: known(1), port: Some(1_883), ..all() },
        ),
        (
            "busy device, common application, never together",
            FlowQuery { device: known(1), app: Some(App::Mqtt), ..all() },
        ),
        (
            "busy device, common transport and application, never together",
            FlowQuery {
                device: known(1),
                app: Some(App::Dns),
                transport: Some(Transport::Tcp),
                ..all()
            },
        ),
        (
            "device, peer, port, application, all common, never together",
            FlowQuery {
                device: known(0),
                peer: known(2),
                port: Some(1_883),
                app: Some(App::Mqtt),
                ..all()
            },
        ),
        ("application, never", FlowQuery { app: Some(App::Dnp3), ..all() }),
        (
            "everything of transport ICMPv6 (none)",
            FlowQuery { transport: Some(Transport::Icmpv6), ..all() },
        ),
        ("text that occurs nowhere", FlowQuery { text: Some("zebra".into()), ..all() }),
        (
            "text like an address that occurs nowhere",
            FlowQuery { text: Some("10.0.77.".into()), ..all() },
        ),
    ]
}

fn by_time() -> Vec<(&'static str, FlowQuery)> {
    let all = FlowQuery::default;
    let at = |day: i64, hour: i64| Timestamp::from_secs(START + day * 86_400 + 3_600 * hour);
    let (from, to) = (Some(at(3, 13)), Some(at(3, 14)));
    let moved = vec![device_mac(1).into(), since(1, START + 15 * 86_400, None)];
    let left = vec![since(4, START - 600, Some(START + 15 * 86_400))];
    vec![
        ("one hour, day 3", FlowQuery { from, to, ..all() }),
        (
            "one hour, day 3, device, port, app",
            FlowQuery { from, to, device: known(5), port: Some(53), app: Some(App::Dns), ..all() },
        ),
        (
            "ten days, busy device, common port, never together",
            FlowQuery {
                from: Some(at(3, 13)),
                to: Some(at(13, 13)),
                device: known(1),
                port: Some(1_883),
                ..all()
            },
        ),
        (
            "device that had its address for half the time, port, never together",
            FlowQuery { device: moved.clone(), port: Some(1_883), ..all() },
        ),
        (
            "two devices, their addresses at no time together",
            FlowQuery { device: moved, peer: left, ..all() },
        ),
    ]
}

/// The same question in SQL, to be asked of other programs.
pub fn sql(query: &FlowQuery) -> String {
    let mut parts = Vec::new();
    let time = |at: Timestamp| format!("TIMESTAMPTZ '{at}'");
    let has = |end: &str, spans: &[AddressSpan]| {
        let of = |span: &AddressSpan| {
            let mut one = match span.address {
                Address::Ip(ip) => format!("{end}_ip = '{ip}'"),
                Address::Mac(mac) => format!("{end}_mac = '{mac}'"),
            };
            one += &span.from.map(|at| format!(" AND last >= {}", time(at))).unwrap_or_default();
            one += &span.to.map(|at| format!(" AND last < {}", time(at))).unwrap_or_default();
            format!("({one})")
        };
        // Many addresses are a list for every other program.
        if spans.len() > 16 {
            let all: Vec<String> = spans
                .iter()
                .filter_map(|span| match span.address {
                    Address::Ip(ip) => Some(format!("'{ip}'")),
                    Address::Mac(_) => None,
                })
                .collect();
            return format!("{end}_ip IN ({})", all.join(","));
        }
        format!("({})", spans.iter().map(of).collect::<Vec<_>>().join(" OR "))
    };
    let (device, peer) = (&query.device, &query.peer);
    match (device.is_empty(), peer.is_empty()) {
        (true, true) => {}
        (false, true) => {
            parts.push(format!("({} OR {})", has("client", device), has("server", device)));
        }
        (true, false) => {
            parts.push(format!("({} OR {})", has("client", peer), has("server", peer)));
        }
        (false, false) => parts.push(format!(
            "({} AND {} OR {} AND {})",
            has("client", device),
            has("server", peer),
            has("server", device),
            has("client", peer)
        )),
    }
    parts.extend(query.port.map(|port| format!("server_port = {port}")));
    let carried = query.transport.map(transport_name);
    parts.extend(carried.map(|name| format!("transport = '{name}'")));
    parts.extend(query.app.map(|app| format!("app = '{app}'")));
    if let Some(text) = &query.text {
        let columns = ["client_ip", "server_ip", "client_mac", "server_mac", "app"];
        let any = columns.map(|column| format!("contains({column}, '{text}')"));
        parts.push(format!("({})", any.join(" OR ")));
    }
    parts.extend(query.from.map(|at| format!("last >= {}", time(at))));
    parts.extend(query.to.map(|at| format!("first < {}", time(at))));
    let limit = if query.limit == 0 { cordon_history::DEFAULT_LIMIT } else { query.limit };
    let condition = if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") };
    format!("SELECT * FROM flows WHERE {condition} ORDER BY last DESC, seq DESC LIMIT {limit}")
}
