//! What Zeek's protocol logs say, as facts. A line of such a log tells of a question and its
//! answer, so it becomes a fact of each end.

use std::net::{IpAddr, Ipv4Addr};

use cordon_model::fact::{
    Dhcp, DhcpMessage, Dns, DnsKind, DnsQuestion, DnsRecord, DnsValue, HttpRequest, HttpResponse,
    Party, Ssh,
};
use cordon_model::{App, Fact, Mac, Object, Operation, Outcome, Said, Text, Timestamp, Verb};

use super::row::Row;
use super::zeek::{ends, texts};
use super::{Out, some_text, text, tls};

const NO_ENDS: &str = "`id.orig_h` or `id.resp_h` is no address";
/// Records of an answer that are kept.
const MOST_RECORDS: usize = 128;
const DHCP_CLIENT: u16 = 68;
const DHCP_SERVER: u16 = 67;

/// Hands a fact on; `from` is who said it.
pub(super) fn say(out: &mut Out<'_>, at: Timestamp, from: Party, to: Party, said: Said) {
    let packet = out.packet();
    out.fact(&Fact { at, packet, flow: None, vlan: None, from, to, said });
}

/// What is known of a lease.
pub(super) struct Leased {
    pub(super) client: Option<Mac>,
    pub(super) client_ip: Option<Ipv4Addr>,
    pub(super) given: Option<Ipv4Addr>,
    pub(super) requested: Option<Ipv4Addr>,
    pub(super) server: Option<Ipv4Addr>,
    pub(super) hostname: Option<Text>,
    pub(super) vendor_class: Option<Text>,
}

impl Leased {
    pub(super) fn message(&self, message: DhcpMessage) -> Said {
        let answers = matches!(message, DhcpMessage::Ack | DhcpMessage::Offer);
        Said::Dhcp(Box::new(Dhcp {
            message,
            client: self.client,
            client_ip: self.client_ip.filter(|ip| !ip.is_unspecified()),
            your_ip: self.given.filter(|ip| answers && !ip.is_unspecified()),
            requested_ip: self.requested.filter(|_| !answers),
            server_id: self.server,
            routers: Vec::new(),
            resolvers: Vec::new(),
            hostname: self.hostname.clone().filter(|_| !answers),
            vendor_class: self.vendor_class.clone().filter(|_| !answers),
            user_class: None,
            parameters: Vec::new(),
            options: Vec::new(),
            max_size: None,
            client_id: Vec::new(),
            mud_url: None,
        }))
    }

    /// The client's end and the server's.
    pub(super) fn ends(&self) -> (Party, Party) {
        let ip = self.client_ip.filter(|ip| !ip.is_unspecified()).map(IpAddr::V4);
        let client = Party { mac: self.client, ip, port: Some(DHCP_CLIENT) };
        let server = Party { mac: None, ip: self.server.map(IpAddr::V4), port: Some(DHCP_SERVER) };
        (client, server)
    }
}

pub(super) fn dhcp(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let v4 = |name: &str| match row.ip(name) {
        Some(IpAddr::V4(ip)) => Some(ip),
        _ => None,
    };
    let leased = Leased {
        client: row.mac("mac"),
        client_ip: v4("client_addr").or_else(|| v4("id.orig_h")),
        given: v4("assigned_addr").or_else(|| v4("assigned_ip")).or_else(|| v4("client_addr")),
        requested: v4("requested_addr"),
        server: v4("server_addr").or_else(|| v4("id.resp_h")),
        hostname: row.text("host_name").or_else(|| row.text("client_fqdn")),
        vendor_class: row.text("client_software").or_else(|| row.text("vendor_class")),
    };
    if leased.client.is_none() {
        return out.left_out();
    }
    let (client, server) = leased.ends();
    let types = row.list("msg_types");
    let has = |name: &str| types.iter().any(|said| said == name);
    let asked = [
        ("REQUEST", DhcpMessage::Request),
        ("DISCOVER", DhcpMessage::Discover),
        ("INFORM", DhcpMessage::Inform),
    ];
    if let Some((_, message)) = asked.into_iter().find(|(name, _)| has(name)) {
        say(out, at, client, server, leased.message(message));
    }
    // Logs of old versions have one line per lease and no message types.
    if has("ACK") || (types.is_empty() && leased.given.is_some()) {
        say(out, at, server, client, leased.message(DhcpMessage::Ack));
    }
}

/// Which member of the family, by the service's port.
pub(super) fn dns_kind(port: Option<u16>) -> DnsKind {
    match port {
        Some(5353) => DnsKind::Mdns,
        Some(5355) => DnsKind::Llmnr,
        Some(137) => DnsKind::Nbns,
        _ => DnsKind::Dns,
    }
}

pub(super) fn dns(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let Some((client, server)) = ends(row) else { return out.bad(NO_ENDS) };
    let kind = dns_kind(server.port);
    let (name, rtype) = (row.text("query"), row.number("qtype").unwrap_or(0));
    let name = name.map(|name| match kind {
        DnsKind::Mdns => name,
        _ => text(&name.to_ascii_lowercase()),
    });
    let questions: Vec<DnsQuestion> =
        name.iter().map(|name| DnsQuestion { name: name.clone(), rtype }).collect();
    let records = answers(row, name.unwrap_or_default(), rtype);
    let rcode: Option<u8> = row.number("rcode");
    let message = |response: bool, records: Vec<DnsRecord>| {
        let rcode = rcode.filter(|_| response).unwrap_or(0);
        let questions = questions.clone();
        Said::Dns(Box::new(Dns { kind, response, rcode, questions, records, left_out: 0 }))
    };
    if kind == DnsKind::Mdns {
        // Everybody speaks to the group: the originator said what there is.
        return say(out, at, client, server, message(!records.is_empty(), records));
    }
    say(out, at, client, server, message(false, Vec::new()));
    let group = server.ip.is_some_and(|ip| ip.is_multicast());
    if (rcode.is_some() || !records.is_empty()) && !group {
        say(out, at, server, client, message(true, records));
    }
}

/// The list of answers, in which aliases stand before what they stand for.
fn answers(row: Row<'_>, asked: Text, rtype: u16) -> Vec<DnsRecord> {
    let ttls: Vec<u32> = row
        .list("TTLs")
        .iter()
        .map(|ttl| ttl.split('.').next().unwrap_or_default().parse().unwrap_or(0))
        .collect();
    let mut owner = asked;
    let mut records = Vec::new();
    for (index, answer) in row.list("answers").iter().take(MOST_RECORDS).enumerate() {
        let ttl = ttls.get(index).copied().unwrap_or(0);
        let name = owner.clone();
        let (rtype, value) = match (answer.parse::<IpAddr>(), rtype) {
            (Ok(ip), _) => (if ip.is_ipv4() { 1 } else { 28 }, DnsValue::Address(ip)),
            (Err(_), 1 | 28) => {
                owner = text(&answer.to_ascii_lowercase());
                (5, DnsValue::Name(owner.clone()))
            }
            (Err(_), 2 | 5 | 12) => (rtype, DnsValue::Name(text(answer))),
            (Err(_), rtype) => (rtype, DnsValue::Other),
        };
        records.push(DnsRecord { name, rtype, ttl, value });
    }
    records
}

pub(super) fn ssl(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let Some((client, server)) = ends(row) else { return out.bad(NO_ENDS) };
    let hello = tls::client_hello(row.text("server_name"), None);
    say(out, at, client, server, Said::ClientHello(Box::new(hello)));
    let version = row.string("version").and_then(|version| tls::version(&version));
    let suite = row.string("cipher").and_then(|name| tls::suite(&name));
    if let Some(hello) = tls::server_hello(version, suite, row.text("next_protocol")) {
        say(out, at, server, client, Said::ServerHello(Box::new(hello)));
    }
}

/// A target without the values of its parameters, which may be secrets.
pub(super) fn target(uri: &str) -> Text {
    match uri.split_once('?') {
        Some((path, _)) => text(&format!("{}?…", text(path))),
        None => text(uri),
    }
}

pub(super) fn http(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let Some((client, server)) = ends(row) else { return out.bad(NO_ENDS) };
    if let Some(method) = row.text("method") {
        let request = HttpRequest {
            method,
            host: row.text("host"),
            path: target(&row.string("uri").unwrap_or_default()),
            user_agent: row.text("user_agent"),
            // A user name stands in the log only where Basic authentication was decoded.
            authorization: row.text("username").map(|_| "Basic".into()),
            length: row.number("request_body_len"),
            ..HttpRequest::default()
        };
        say(out, at, client, server, Said::HttpRequest(Box::new(request)));
    }
    if let Some(status) = row.number("status_code") {
        let response = HttpResponse {
            status,
            content_type: texts(row, "resp_mime_types").into_iter().next(),
            length: row.number("response_body_len"),
            ..HttpResponse::default()
        };
        say(out, at, server, client, Said::HttpResponse(Box::new(response)));
    }
}

pub(super) fn ssh(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let Some((client, server)) = ends(row) else { return out.bad(NO_ENDS) };
    for (field, from, to) in [("client", client, server), ("server", server, client)] {
        let banner = row.string(field);
        let banner = banner.and_then(|b| some_text(b.strip_prefix("SSH-").unwrap_or(&b)));
        if banner.is_some() {
            say(out, at, from, to, Said::Ssh(Box::new(Ssh { banner, ..Ssh::default() })));
        }
    }
}

/// Zeek's names of Modbus functions, with their codes.
const FUNCTIONS: &[(&str, u16, Verb)] = &[
    ("READ_COILS", 1, Verb::Read),
    ("READ_DISCRETE_INPUTS", 2, Verb::Read),
    ("READ_HOLDING_REGISTERS", 3, Verb::Read),
    ("READ_INPUT_REGISTERS", 4, Verb::Read),
    ("WRITE_SINGLE_COIL", 5, Verb::Write),
    ("WRITE_SINGLE_REGISTER", 6, Verb::Write),
    ("DIAGNOSTICS", 8, Verb::Diagnose),
    ("WRITE_MULTIPLE_COILS", 15, Verb::Write),
    ("WRITE_MULTIPLE_REGISTERS", 16, Verb::Write),
    ("REPORT_SLAVE_ID", 17, Verb::Identify),
    ("MASK_WRITE_REGISTER", 22, Verb::Write),
    ("READ_WRITE_MULTIPLE_REGISTERS", 23, Verb::Write),
    ("ENCAP_INTERFACE_TRANSPORT", 43, Verb::Identify),
];

pub(super) fn modbus(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let Some((client, server)) = ends(row) else { return out.bad(NO_ENDS) };
    let func = row.string("func").unwrap_or_default();
    let plain = func.strip_suffix("_EXCEPTION").unwrap_or(&func);
    let known = FUNCTIONS.iter().find(|(name, ..)| *name == plain);
    let Some((name, code, verb)) = known else { return out.left_out() };
    let answers = row.string("pdu_type").as_deref() == Some("RESP");
    let refused = func.ends_with("_EXCEPTION") || row.get("exception").is_some();
    let outcome = match (refused, answers) {
        (true, _) => Outcome::Refused,
        (_, true) => Outcome::Done,
        _ => Outcome::Asked,
    };
    let operation = Operation {
        app: App::Modbus,
        verb: *verb,
        code: *code,
        name: text(&name.to_ascii_lowercase().replace('_', " ")),
        unit: row.number("unit"),
        object: Object::None,
        value: None,
        outcome,
    };
    let (from, to) = if outcome == Outcome::Asked { (client, server) } else { (server, client) };
    say(out, at, from, to, Said::Operation(Box::new(operation)));
}
