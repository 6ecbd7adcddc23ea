//! Zeek logs: tab-separated values under a `#fields` line, or JSON lines.

use std::borrow::Cow;
use std::time::Duration;

use cordon_model::fact::Party;
use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{App, Basis, Ends, Flow, FlowId, Text, Timestamp, Transport};
use serde_json::{Map, Value};

use super::line::{Line, Lines};
use super::row::Row;
use super::{ImportError, Out, zeek_facts};

/// Columns that are read; Zeek's widest log has some 70.
const MOST_COLUMNS: usize = 256;
/// Elements of a set or vector that are read.
const MOST_ELEMENTS: usize = 256;
/// Longest duration that is believed: a century.
const LONGEST_SECONDS: f64 = 3.2e9;

/// What the head of a file with separated values says.
struct Head {
    separator: char,
    set_separator: char,
    unset: String,
    empty: String,
    path: String,
    fields: Vec<String>,
    /// Whether the field at the same place is a set or vector.
    lists: Vec<bool>,
}

pub(super) fn read(lines: &mut Lines<'_>, out: &mut Out<'_>) -> Result<(), ImportError> {
    let mut head = Head::new();
    loop {
        let line = match lines.next()? {
            None => return Ok(()),
            Some(Line::TooLong) => Cow::Borrowed("{"),
            Some(Line::Text(line)) => line,
        };
        // Editors put blanks before the first line; no record begins with one.
        let row = if line.trim_start().starts_with('#') {
            head.read(line.trim_start());
            continue;
        } else if line.trim().is_empty() {
            continue;
        } else if line.starts_with('{') {
            serde_json::from_str(&line).map_err(|error| format!("not JSON: {error}"))
        } else if head.fields.is_empty() {
            drop(line);
            return Err(lines.header(
                "there is no `#fields` line above the records; give the log as Zeek wrote it",
            ));
        } else {
            head.row(&line)
        };
        out.line = lines.number();
        match row {
            Ok(map) => record(Row(&map), &head.path, out),
            Err(says) => out.bad(says),
        }
    }
}

impl Head {
    fn new() -> Self {
        Head {
            separator: '\t',
            set_separator: ',',
            unset: "-".to_owned(),
            empty: "(empty)".to_owned(),
            path: String::new(),
            fields: Vec::new(),
            lists: Vec::new(),
        }
    }

    fn read(&mut self, line: &str) {
        let (name, value) = line.split_once([self.separator, ' ']).unwrap_or((line, ""));
        let many = || value.split(self.separator).take(MOST_COLUMNS);
        match name {
            "#separator" => {
                let code = value.trim().strip_prefix("\\x");
                let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
                self.separator = code.map_or('\t', char::from);
            }
            "#set_separator" => self.set_separator = value.chars().next().unwrap_or(','),
            "#unset_field" => self.unset = value.to_owned(),
            "#empty_field" => self.empty = value.to_owned(),
            "#path" => self.path = value.to_owned(),
            "#fields" => self.fields = many().map(str::to_owned).collect(),
            "#types" => {
                self.lists =
                    many().map(|t| t.starts_with("set[") || t.starts_with("vector[")).collect();
            }
            _ => {}
        }
    }

    fn row(&self, line: &str) -> Result<Map<String, Value>, String> {
        let mut row = Map::new();
        let mut values = line.split(self.separator);
        for (index, field) in self.fields.iter().enumerate() {
            let Some(value) = values.next() else {
                let (has, wants) = (index, self.fields.len());
                return Err(format!("the line has {has} of {wants} fields; is it cut short?"));
            };
            if value == self.unset {
                continue;
            }
            let value = if self.lists.get(index).copied().unwrap_or(false) {
                let elements = value.split(self.set_separator).filter(|_| value != self.empty);
                let element = |text: &str| Value::String(unescape(text));
                Value::Array(elements.take(MOST_ELEMENTS).map(element).collect())
            } else {
                Value::String(unescape(if value == self.empty { "" } else { value }))
            };
            row.insert(field.clone(), value);
        }
        Ok(row)
    }
}

/// Undoes `\x09`, with which Zeek writes bytes that are not printable.
fn unescape(text: &str) -> String {
    let mut pieces = text.split("\\x");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match (code, piece.get(2..)) {
            (Some(code), Some(rest)) => {
                whole.push(char::from(code));
                whole.push_str(rest);
            }
            _ => {
                whole.push_str("\\x");
                whole.push_str(piece);
            }
        }
    }
    whole
}

/// One record; JSON lines name their log in `_path`, or only by their fields.
fn record(row: Row<'_>, path: &str, out: &mut Out<'_>) {
    let named = row.string("_path").unwrap_or(Cow::Borrowed(path));
    let has = |name: &str| row.get(name).is_some();
    let log = match &*named {
        "" if has("conn_state") => "conn",
        "" if has("msg_types") => "dhcp",
        "" if has("query") || has("qclass_name") || has("trans_id") => "dns",
        "" if has("method") && has("trans_depth") => "http",
        "" if has("trans_depth") && has("status_code") => "http",
        "" if has("cipher") && has("established") => "ssl",
        "" if has("auth_attempts") || (has("client") && has("kex_alg")) => "ssh",
        "" if has("func") && has("id.orig_h") => "modbus",
        named => named,
    };
    let read = match log {
        "conn" => conn as fn(Row<'_>, Timestamp, &mut Out<'_>),
        "dhcp" => zeek_facts::dhcp,
        "dns" => zeek_facts::dns,
        "ssl" => zeek_facts::ssl,
        "http" => zeek_facts::http,
        "ssh" => zeek_facts::ssh,
        "modbus" => zeek_facts::modbus,
        _ => return out.left_out(),
    };
    match row.time("ts") {
        Some(at) => read(row, at, out),
        None => out.bad("there is no time in `ts`; is this a Zeek log?"),
    }
}

/// Originator and responder.
pub(super) fn ends(row: Row<'_>) -> Option<(Party, Party)> {
    let client = row.party("id.orig_h", "id.orig_p", "orig_l2_addr");
    let server = row.party("id.resp_h", "id.resp_p", "resp_l2_addr");
    (client.ip.is_some() && server.ip.is_some()).then_some((client, server))
}

fn conn(row: Row<'_>, at: Timestamp, out: &mut Out<'_>) {
    let Some((client, server)) = ends(row) else {
        return out.bad("`id.orig_h` or `id.resp_h` is no address");
    };
    let v6 = client.ip.is_some_and(|ip| ip.is_ipv6());
    let transport = match row.string("proto").as_deref() {
        Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some("icmp") if v6 => Transport::Icmpv6,
        Some("icmp") => Transport::Icmp,
        _ => return out.left_out(),
    };
    let seconds = row.decimal("duration").filter(|s| (0.0..LONGEST_SECONDS).contains(s));
    let history = row.string("history").unwrap_or_default();
    let (app, basis) = application(row, transport, server.port);
    let counters = |side: &str| {
        let count = |what: &str| row.number(&format!("{side}_{what}")).unwrap_or(0);
        let (packets, payload): (u64, u64) = (count("pkts"), count("bytes"));
        // Zeek counts bytes from the IP header on, and not which packets carried data.
        let data_packets = u64::from(payload > 0).min(packets);
        Counters { packets, bytes: count("ip_bytes"), data_packets, payload }
    };
    out.flow(Flow {
        id: FlowId(0),
        transport,
        client,
        server,
        ends: sure_ends(&history, transport, basis),
        vlan: row.number("vlan"),
        tunnelled: !row.list("tunnel_parents").is_empty(),
        app,
        basis,
        first: at,
        last: at.plus(Duration::from_secs_f64(seconds.unwrap_or(0.0))),
        packet: out.packet(),
        sent: counters("orig"),
        received: counters("resp"),
        sent_flags: flags(&history, char::is_uppercase),
        received_flags: flags(&history, char::is_lowercase),
        first_sizes: [0; 8],
        part: 0,
        continues: false,
        community_id: row.text("community_id").unwrap_or_default(),
    });
}

/// `^` says that Zeek turned the ends round by their ports.
fn sure_ends(history: &str, transport: Transport, basis: Option<Basis>) -> Ends {
    match (transport, basis) {
        (Transport::Tcp, _) if history.contains(['S', 'h']) && !history.contains('^') => Ends::Syn,
        (_, Some(Basis::Payload)) => Ends::Roles,
        _ => Ends::Ports,
    }
}

/// The flags that the history tells of one end: capital letters are the originator's.
fn flags(history: &str, of: impl Fn(char) -> bool) -> TcpFlags {
    let bits = history.chars().filter(|c| of(*c)).map(|c| match c.to_ascii_lowercase() {
        's' => TcpFlags::SYN,
        'h' => TcpFlags::SYN | TcpFlags::ACK,
        'a' | 'd' => TcpFlags::ACK,
        'f' => TcpFlags::FIN,
        'r' => TcpFlags::RST,
        _ => 0,
    });
    TcpFlags(bits.fold(0, |all, bit| all | bit))
}

fn application(
    row: Row<'_>,
    transport: Transport,
    port: Option<u16>,
) -> (Option<App>, Option<Basis>) {
    let services = row.string("service").unwrap_or_default();
    if let Some(app) = services.split(',').find_map(|service| app(service, port)) {
        return (Some(app), Some(Basis::Payload));
    }
    let guess = port.and_then(|port| App::guess(transport, port));
    (guess, guess.map(|_| Basis::Port))
}

/// A service or application by the name that Zeek and Suricata give it.
pub(super) fn app(service: &str, port: Option<u16>) -> Option<App> {
    let service = service.trim().to_ascii_lowercase();
    Some(match (service.as_str(), port) {
        ("dns", Some(5353)) => App::Mdns,
        ("dns", Some(5355)) => App::Llmnr,
        ("dns", Some(137)) => App::Nbns,
        ("ssl" | "tls" | "dtls", _) => App::Tls,
        ("dnp3_tcp" | "dnp3_udp", _) => App::Dnp3,
        ("enip_tcp" | "enip_udp" | "cip", _) => App::Enip,
        ("s7comm" | "s7comm_plus" | "s7comm-plus", _) => App::S7comm,
        (name, _) => *App::ALL.iter().find(|app| app.name() == name)?,
    })
}

/// The text of a field as a list of names, for scripts that write either.
pub(super) fn texts(row: Row<'_>, name: &str) -> Vec<Text> {
    row.list(name).iter().filter_map(|text| super::some_text(text)).collect()
}
