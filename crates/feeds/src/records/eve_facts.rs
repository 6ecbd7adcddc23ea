//! What Suricata's application events say, as facts.

use std::net::IpAddr;

use cordon_model::fact::{
    DhcpMessage, Dns, DnsQuestion, DnsRecord, DnsValue, HttpRequest, HttpResponse, Party, Ssh,
};
use cordon_model::{Said, Text, Timestamp};
use serde_json::Value;

use super::row::Row;
use super::zeek_facts::{Leased, dns_kind, say, target};
use super::{Out, some_text, text, tls as hello};

/// Records of an answer that are kept.
const MOST_RECORDS: usize = 128;
/// Record types by the names in the log.
const TYPES: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("PTR", 12),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("SRV", 33),
    ("NAPTR", 35),
    ("DS", 43),
    ("SVCB", 64),
    ("HTTPS", 65),
    ("ANY", 255),
];
/// Response codes by the names in the log (RFC 1035, 4.1.1).
const CODES: &[(&str, u8)] = &[
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
];

pub(super) fn dhcp(row: Row<'_>, at: Timestamp, _: Party, _: Party, out: &mut Out<'_>) {
    let Some(dhcp) = row.object("dhcp") else { return out.bad("a dhcp event without `dhcp`") };
    let v4 = |row: Row<'_>, name: &str| match row.ip(name) {
        Some(IpAddr::V4(ip)) => Some(ip),
        _ => None,
    };
    let reply = dhcp.string("type").as_deref() == Some("reply");
    let leased = Leased {
        client: dhcp.mac("client_mac"),
        client_ip: v4(dhcp, "client_ip"),
        given: v4(dhcp, "assigned_ip"),
        requested: v4(dhcp, "requested_ip"),
        server: if reply { v4(row, "src_ip") } else { None },
        hostname: dhcp.text("hostname"),
        vendor_class: dhcp.text("vendor_class_identifier"),
    };
    let message = match dhcp.string("dhcp_type").as_deref() {
        Some("discover") => DhcpMessage::Discover,
        Some("offer") => DhcpMessage::Offer,
        Some("request") => DhcpMessage::Request,
        Some("ack") => DhcpMessage::Ack,
        Some("nak") => DhcpMessage::Nak,
        Some("decline") => DhcpMessage::Decline,
        Some("release") => DhcpMessage::Release,
        Some("inform") => DhcpMessage::Inform,
        _ => DhcpMessage::Other,
    };
    let (client, server) = leased.ends();
    let (from, to) = if reply { (server, client) } else { (client, server) };
    say(out, at, from, to, leased.message(message));
}

/// Version 2 has one event per answer, version 1 one per record, version 3 lists of questions.
pub(super) fn dns(row: Row<'_>, at: Timestamp, from: Party, to: Party, out: &mut Out<'_>) {
    let Some(dns) = row.object("dns") else { return out.bad("a dns event without `dns`") };
    let response = matches!(dns.string("type").as_deref(), Some("answer" | "response"));
    // The service's port tells the server: which end is the source depends on the version.
    let serves = |party: &Party| matches!(party.port, Some(53 | 5353 | 5355 | 137));
    let (client, server) = if serves(&from) && !serves(&to) { (to, from) } else { (from, to) };
    let kind = dns_kind(server.port);
    let listed = match dns.get("queries") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).map(Row).collect(),
        _ => vec![dns],
    };
    let questions = listed
        .into_iter()
        .take(16)
        .filter_map(|row| Some(DnsQuestion { name: name(row)?, rtype: rtype(row) }))
        .collect();
    let records = match dns.get("answers") {
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_object).map(Row).filter_map(answer).collect()
        }
        _ => answer(dns).filter(|_| response).into_iter().collect::<Vec<_>>(),
    };
    let code = dns.string("rcode").unwrap_or_default();
    let rcode = CODES.iter().find(|(name, _)| *name == code).map_or(0, |(_, number)| *number);
    let records: Vec<DnsRecord> = records.into_iter().take(MOST_RECORDS).collect();
    let said = Said::Dns(Box::new(Dns { kind, response, rcode, questions, records, left_out: 0 }));
    match response {
        true => say(out, at, server, client, said),
        false => say(out, at, client, server, said),
    }
}

fn name(row: Row<'_>) -> Option<Text> {
    row.text("rrname").map(|name| text(&name.to_ascii_lowercase()))
}

fn rtype(row: Row<'_>) -> u16 {
    let said = row.string("rrtype").unwrap_or_default();
    TYPES.iter().find(|(name, _)| *name == said).map_or(0, |(_, number)| *number)
}

fn answer(row: Row<'_>) -> Option<DnsRecord> {
    let data = row.string("rdata")?;
    let rtype = rtype(row);
    let value = match (data.parse::<IpAddr>(), rtype) {
        (Ok(ip), _) => DnsValue::Address(ip),
        (_, 2 | 5 | 12) => DnsValue::Name(text(&data)),
        (_, 16) => DnsValue::Texts(some_text(&data).into_iter().collect()),
        _ => DnsValue::Other,
    };
    Some(DnsRecord { name: name(row)?, rtype, ttl: row.number("ttl").unwrap_or(0), value })
}

pub(super) fn tls(row: Row<'_>, at: Timestamp, client: Party, server: Party, out: &mut Out<'_>) {
    let Some(tls) = row.object("tls") else { return out.bad("a tls event without `tls`") };
    let offered = hello::client_hello(tls.text("sni"), tls.string("ja3.string").as_deref());
    say(out, at, client, server, Said::ClientHello(Box::new(offered)));
    let version = tls.string("version").and_then(|version| hello::version(&version));
    // `771,49199,65281-0`: version, suite, extensions of the ServerHello.
    let ja3s = tls.string("ja3s.string").unwrap_or_default();
    let suite = ja3s.split(',').nth(1).and_then(|suite| suite.parse().ok());
    if let Some(chosen) = hello::server_hello(version, suite, None) {
        say(out, at, server, client, Said::ServerHello(Box::new(chosen)));
    }
}

pub(super) fn http(row: Row<'_>, at: Timestamp, client: Party, server: Party, out: &mut Out<'_>) {
    let Some(http) = row.object("http") else { return out.bad("a http event without `http`") };
    if let Some(method) = http.text("http_method") {
        let request = HttpRequest {
            method,
            host: http.text("hostname"),
            path: target(&http.string("url").unwrap_or_default()),
            user_agent: http.text("http_user_agent"),
            ..HttpRequest::default()
        };
        say(out, at, client, server, Said::HttpRequest(Box::new(request)));
    }
    if let Some(status) = http.number("status") {
        let response = HttpResponse {
            status,
            server: http.text("server"),
            content_type: http.text("http_content_type"),
            length: http.number("length"),
            ..HttpResponse::default()
        };
        say(out, at, server, client, Said::HttpResponse(Box::new(response)));
    }
}

pub(super) fn ssh(row: Row<'_>, at: Timestamp, client: Party, server: Party, out: &mut Out<'_>) {
    for (side, from, to) in [("client", client, server), ("server", server, client)] {
        let Some(said) = row.object("ssh").and_then(|ssh| ssh.object(side)) else { continue };
        let Some(software) = said.string("software_version") else { continue };
        let version = said.string("proto_version").unwrap_or_default();
        let banner = some_text(&format!("{version}-{software}"));
        say(out, at, from, to, Said::Ssh(Box::new(Ssh { banner, ..Ssh::default() })));
    }
}
