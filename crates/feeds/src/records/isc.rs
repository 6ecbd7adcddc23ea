//! `dhcpd.leases` and `dhcpd6.leases` of ISC dhcpd (dhcpd.leases(5)): blocks of statements, of
//! which the last one of an address counts. Times are in UTC unless they are `epoch` seconds.

use std::net::IpAddr;

use cordon_model::record::Hint;
use cordon_model::{Mac, Timestamp};

use super::line::{Line, Lines};
use super::{ImportError, Out, some_text, time};

/// A lease that is being read.
#[derive(Default)]
struct Lease {
    hint: Hint,
    /// Whether the file says that it is in use; files of old versions say nothing.
    state: Option<bool>,
    /// Line of its beginning.
    line: u64,
}

pub(super) fn read(lines: &mut Lines<'_>, out: &mut Out<'_>) -> Result<(), ImportError> {
    let mut open: Option<Lease> = None;
    // The identity association around IPv6 addresses: its link-layer address and last time.
    let mut around: Option<(Option<Mac>, Option<Timestamp>)> = None;
    loop {
        let line = match lines.next()? {
            None => break,
            Some(Line::TooLong) => String::new(),
            Some(Line::Text(line)) => line.trim().to_owned(),
        };
        out.line = lines.number();
        let words: Vec<&str> = line.trim_end_matches([';', '{']).split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["lease" | "iaaddr", address] => match address.parse::<IpAddr>() {
                Ok(ip) => {
                    let (mac, last) = around.unwrap_or_default();
                    let hint = Hint { ip: Some(ip), mac, last, ..Hint::default() };
                    open = Some(Lease { hint, state: None, line: out.line });
                }
                Err(_) => out.bad(format!("{address:?} is not an address")),
            },
            ["ia-na" | "ia-ta" | "ia-pd", ..] => around = Some((duid_of(&line), None)),
            ["}"] => match open.take() {
                Some(lease) => close(lease, out),
                None => around = None,
            },
            statement => match (&mut open, &mut around) {
                (Some(lease), _) => inside(lease, statement, &line),
                (None, Some((_, last))) => {
                    if let ["cltt", when @ ..] = statement {
                        *last = date(when);
                    }
                }
                _ => {}
            },
        }
    }
    if let Some(lease) = open {
        out.line = lease.line;
        out.bad("the lease has no end; is the file cut short?");
    }
    Ok(())
}

fn close(lease: Lease, out: &mut Out<'_>) {
    if lease.state.unwrap_or(true) {
        out.line = lease.line;
        out.hint(lease.hint);
    } else {
        out.left_out();
    }
}

fn inside(lease: &mut Lease, statement: &[&str], line: &str) {
    match statement {
        ["starts", when @ ..] => lease.hint.last = date(when).or(lease.hint.last),
        ["cltt", when @ ..] => lease.hint.last = date(when).or(lease.hint.last),
        ["binding", "state", state] => lease.state = Some(*state == "active"),
        ["hardware", "ethernet", mac] => {
            lease.hint.mac = mac.parse().ok().filter(|mac: &Mac| mac.is_device());
        }
        ["client-hostname", ..] => lease.hint.name = quoted(line).and_then(|n| some_text(&n)),
        _ => {}
    }
}

/// `4 2026/11/22 10:00:00`, `epoch 1795391473`, or `never`.
fn date(words: &[&str]) -> Option<Timestamp> {
    match words {
        ["epoch", seconds, ..] => time::epoch(seconds.trim_end_matches(';')),
        [_, date, clock, ..] => time::slashed(date, clock),
        _ => None,
    }
}

/// The text between the first and the last quotation mark, with its escapes undone.
fn quoted(line: &str) -> Option<String> {
    Some(
        unescape(line.split_once('"')?.1.rsplit_once('"')?.0).into_iter().map(char::from).collect(),
    )
}

/// Undoes `\"`, `\\` and octal `\303`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = tail.get(3..).unwrap_or_default();
        } else if let [escaped, tail @ ..] = tail {
            bytes.push(*escaped);
            rest = tail;
        }
    }
    bytes
}

/// The link-layer address in the identifier of `ia-na "…" {`: four bytes of IAID, then the DUID.
fn duid_of(line: &str) -> Option<Mac> {
    let bytes = unescape(line.split_once('"')?.1.rsplit_once('"')?.0);
    duid_mac(bytes.get(4..)?)
}

/// The Ethernet address inside a DUID of type 1 or 3 (RFC 8415, 11.2 and 11.4).
pub(super) fn duid_mac(duid: &[u8]) -> Option<Mac> {
    let mac = match duid {
        [0, 1, 0, 1, _, _, _, _, mac @ ..] | [0, 3, 0, 1, mac @ ..] => mac,
        _ => return None,
    };
    Some(Mac(mac.try_into().ok()?)).filter(|mac| mac.is_device())
}
