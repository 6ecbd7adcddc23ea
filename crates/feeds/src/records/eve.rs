//! Suricata's `eve.json`: one event per line, of which flows, DHCP, DNS, TLS, HTTP and SSH are read.

use std::borrow::Cow;

use cordon_model::fact::Party;
use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{App, Basis, Ends, Flow, FlowId, Timestamp, Transport};
use serde_json::{Map, Value};

use super::line::{Line, Lines};
use super::row::Row;
use super::zeek::app;
use super::{ImportError, Out, eve_facts};

pub(super) fn read(lines: &mut Lines<'_>, out: &mut Out<'_>) -> Result<(), ImportError> {
    loop {
        let line = match lines.next()? {
            None => return Ok(()),
            Some(Line::TooLong) => Cow::Borrowed("{"),
            Some(Line::Text(line)) => line,
        };
        if line.trim().is_empty() {
            continue;
        }
        let event: Result<Map<String, Value>, _> = serde_json::from_str(&line);
        drop(line);
        out.line = lines.number();
        match event {
            Ok(event) => record(Row(&event), out),
            Err(error) => out.bad(format!("not JSON: {error}; give the file as Suricata wrote it")),
        }
    }
}

fn record(row: Row<'_>, out: &mut Out<'_>) {
    let Some(kind) = row.string("event_type") else {
        return out.bad("there is no `event_type`; is this an eve.json?");
    };
    let Some(at) = row.time("timestamp") else {
        return out.bad("there is no time in `timestamp`");
    };
    let read = match &*kind {
        "flow" => flow as fn(Row<'_>, Timestamp, Party, Party, &mut Out<'_>),
        "dhcp" => eve_facts::dhcp,
        "dns" => eve_facts::dns,
        "tls" => eve_facts::tls,
        "http" => eve_facts::http,
        "ssh" => eve_facts::ssh,
        _ => return out.left_out(),
    };
    let from = row.party("src_ip", "src_port", "ether.src_mac");
    let to = row.party("dest_ip", "dest_port", "ether.dest_mac");
    if from.ip.is_none() || to.ip.is_none() {
        return out.bad("`src_ip` or `dest_ip` is no address");
    }
    read(row, at, from, to, out);
}

/// Source and destination of a flow event are client and server as Suricata sees them.
fn flow(row: Row<'_>, at: Timestamp, client: Party, server: Party, out: &mut Out<'_>) {
    let transport = match row.string("proto").unwrap_or_default().to_ascii_uppercase().as_str() {
        "TCP" => Transport::Tcp,
        "UDP" => Transport::Udp,
        "ICMP" => Transport::Icmp,
        "IPV6-ICMP" | "ICMPV6" => Transport::Icmpv6,
        _ => return out.left_out(),
    };
    let icmp_type = || row.number("icmp_type");
    let server = Party { port: server.port.or_else(icmp_type), ..server };
    let seen = row.string("app_proto").and_then(|name| app(&name, server.port));
    let guess = || server.port.and_then(|port| App::guess(transport, port));
    let basis = match seen {
        Some(_) => Some(Basis::Payload),
        None => guess().map(|_| Basis::Port),
    };
    let counters = |side: &str| Counters {
        packets: row.number(&format!("flow.pkts_{side}")).unwrap_or(0),
        bytes: row.number(&format!("flow.bytes_{side}")).unwrap_or(0),
        // Suricata does not count payload; recognised payload was there.
        ..Counters::default()
    };
    let flags = |name: &str| {
        let bits = row.string(name).and_then(|bits| u8::from_str_radix(&bits, 16).ok());
        TcpFlags(bits.unwrap_or(0))
    };
    let sent_flags = flags("tcp.tcp_flags_ts");
    let ends = match (sent_flags.has(TcpFlags::SYN), basis) {
        (true, _) => Ends::Syn,
        (_, Some(Basis::Payload)) => Ends::Roles,
        _ => Ends::Ports,
    };
    let first = row.time("flow.start").unwrap_or(at);
    out.flow(Flow {
        id: FlowId(0),
        transport,
        client: Party { mac: client.mac.or_else(|| lone_mac(row, "ether.src_macs")), ..client },
        server: Party { mac: server.mac.or_else(|| lone_mac(row, "ether.dest_macs")), ..server },
        ends,
        vlan: row.list("vlan").first().and_then(|vlan| vlan.parse().ok()),
        tunnelled: row.get("tunnel").is_some(),
        app: seen.or_else(guess),
        basis,
        first,
        last: row.time("flow.end").unwrap_or(first).max(first),
        packet: out.packet(),
        sent: counters("toserver"),
        received: counters("toclient"),
        sent_flags,
        received_flags: flags("tcp.tcp_flags_tc"),
        first_sizes: [0; 8],
        part: 0,
        continues: row.string("flow.state").as_deref() == Some("established")
            && row.string("flow.reason").as_deref() == Some("shutdown"),
        community_id: row.text("community_id").unwrap_or_default(),
    });
}

/// The link-layer address of an end, where only one was seen.
fn lone_mac(row: Row<'_>, name: &str) -> Option<cordon_model::Mac> {
    match row.list(name).as_slice() {
        [one] => one.parse().ok().filter(|mac: &cordon_model::Mac| mac.is_device()),
        _ => None,
    }
}
