//! The kinds of a row group's rows, by the lists of distinct values: a text is read once for each
//! pair of an address and its link-layer address, however many rows have it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use cordon_model::{Mac, Transport};
use foldhash::fast::RandomState;
use parquet::basic::Type;

use super::kinds::Kinds;
use crate::HistoryError;
use crate::indexes::NOTHING;
use crate::row::transport_named;
use crate::scan::{Group, Listed};

/// Columns that make a kind.
const COLUMNS: [(&str, Type); 6] = [
    ("client_ip", Type::BYTE_ARRAY),
    ("client_mac", Type::BYTE_ARRAY),
    ("server_ip", Type::BYTE_ARRAY),
    ("server_mac", Type::BYTE_ARRAY),
    ("server_port", Type::INT32),
    ("transport", Type::BYTE_ARRAY),
];

/// Room for the places of columns, used again and again.
#[derive(Default)]
pub(super) struct Scratch([Vec<u32>; COLUMNS.len()]);

/// The columns of a row group that make kinds.
pub(super) struct Coding {
    columns: [Listed; COLUMNS.len()],
    /// Rows of which only packets of the server were seen, if there are any.
    server_only: Option<Vec<bool>>,
    tunnelled: Option<Vec<bool>>,
}

impl Coding {
    /// Reads them; `None` where they are not written as lists of distinct values.
    pub(super) fn read(
        group: &Group<'_>,
        scratch: Scratch,
    ) -> Result<Option<Coding>, HistoryError> {
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for ((name, kind), room) in COLUMNS.into_iter().zip(scratch.0) {
            let Some(column) = group.places(name, kind, None, room)? else { return Ok(None) };
            columns.push(column);
        }
        let Ok(columns) = <[Listed; COLUMNS.len()]>::try_from(columns) else { return Ok(None) };
        let Some(server_only) = server_only(group)? else { return Ok(None) };
        let tunnelled = group.flags("tunnelled")?;
        Ok(Some(Coding { columns, server_only, tunnelled }))
    }

    pub(super) fn into_scratch(self) -> Scratch {
        Scratch(self.columns.map(|column| column.places))
    }

    /// The keys of these rows; the error says what is wrong with the file.
    pub(super) fn keys(
        &self,
        kinds: &mut Kinds,
        rows: Range<usize>,
        keys: &mut Vec<u64>,
    ) -> Result<(), String> {
        let [client_ip, client_mac, server_ip, server_mac, port, transport] = &self.columns;
        let mut clients = Pairs::new(client_ip);
        let mut servers = Pairs::new(server_ip);
        let mut services = Pairs::new(port);
        let (client_texts, server_texts) =
            (Texts::of(client_ip, client_mac), Texts::of(server_ip, server_mac));
        let ports: Vec<i32> = port.list.distinct.all_ints().collect();
        let transports = transport.list.distinct.all_texts();
        keys.clear();
        let clients_of = of(client_ip, &rows).zip(of(client_mac, &rows));
        let servers_of = of(server_ip, &rows).zip(of(server_mac, &rows));
        let services_of = of(port, &rows).zip(of(transport, &rows));
        for ((client, server), service) in clients_of.zip(servers_of).zip(services_of) {
            let client = clients.get(client, || Ok(kinds.end(client_texts.end(client)?)))?;
            let server = servers.get(server, || Ok(kinds.end(server_texts.end(server)?)))?;
            let service = services.get(service, || {
                let port = port_at(&ports, *service.0)?;
                let transport = transport_at(&transports, *service.1)?;
                Ok(kinds.service((transport, port)))
            })?;
            keys.push(Kinds::joined(client, server, service));
        }
        for (marks, server_only) in [(&self.server_only, true), (&self.tunnelled, false)] {
            let marks = marks.as_ref().and_then(|marks| marks.get(rows.clone()));
            for (key, mark) in keys.iter_mut().zip(marks.unwrap_or_default()) {
                *key = Kinds::marked(*key, *mark && server_only, *mark && !server_only);
            }
        }
        Ok(())
    }
}

fn of<'c>(column: &'c Listed, rows: &Range<usize>) -> std::slice::Iter<'c, u32> {
    column.places.get(rows.clone()).unwrap_or_default().iter()
}

/// Numbers of pairs of places. Most values of the first occur with one of the second only.
struct Pairs {
    /// By the first place, shifted by one for rows without a value: the second, and the number.
    first: Vec<(u32, u32)>,
    others: HashMap<(u32, u32), u32, RandomState>,
}

impl Pairs {
    /// What no place is.
    const UNKNOWN: u32 = NOTHING - 1;

    fn new(by: &Listed) -> Self {
        let count = (by.list.distinct.count as usize).saturating_add(1);
        Pairs { first: vec![(Self::UNKNOWN, 0); count], others: HashMap::default() }
    }

    #[inline]
    fn get(
        &mut self,
        (one, two): (&u32, &u32),
        number: impl FnOnce() -> Result<u32, String>,
    ) -> Result<u32, String> {
        match self.first.get_mut(one.wrapping_add(1) as usize) {
            Some((known, found)) if known == two => Ok(*found),
            Some(entry) if entry.0 == Self::UNKNOWN => {
                *entry = (*two, number()?);
                Ok(entry.1)
            }
            _ => self.other((*one, *two), number),
        }
    }

    fn other(
        &mut self,
        pair: (u32, u32),
        number: impl FnOnce() -> Result<u32, String>,
    ) -> Result<u32, String> {
        if let Some(known) = self.others.get(&pair) {
            return Ok(*known);
        }
        let number = number()?;
        self.others.insert(pair, number);
        Ok(number)
    }
}

/// The addresses of one end as texts.
struct Texts<'c> {
    ips: Vec<&'c [u8]>,
    macs: Vec<&'c [u8]>,
}

impl<'c> Texts<'c> {
    fn of(ip: &'c Listed, mac: &'c Listed) -> Self {
        Texts { ips: ip.list.distinct.all_texts(), macs: mac.list.distinct.all_texts() }
    }

    fn end(&self, (ip, mac): (&u32, &u32)) -> Result<(Option<Mac>, Option<IpAddr>), String> {
        Ok((parsed(&self.macs, *mac)?, parsed(&self.ips, *ip)?))
    }
}

fn parsed<T: std::str::FromStr>(texts: &[&[u8]], place: u32) -> Result<Option<T>, String> {
    text_at(texts, place)?
        .map(|text| text.parse().map_err(|_| format!("strange value {text:?}")))
        .transpose()
}

fn text_at<'t>(texts: &[&'t [u8]], place: u32) -> Result<Option<&'t str>, String> {
    if place == NOTHING {
        return Ok(None);
    }
    let text = texts.get(place as usize).ok_or("a list of values is shorter than it says")?;
    std::str::from_utf8(text).map(Some).map_err(|_| "a text that is not UTF-8".to_owned())
}

fn port_at(ports: &[i32], place: u32) -> Result<Option<u16>, String> {
    if place == NOTHING {
        return Ok(None);
    }
    let port = ports.get(place as usize).ok_or("a list of values is shorter than it says")?;
    u16::try_from(*port).map(Some).map_err(|_| format!("strange port {port}"))
}

fn transport_at(texts: &[&[u8]], place: u32) -> Result<Transport, String> {
    let text = text_at(texts, place)?.ok_or("a row without transport")?;
    transport_named(text).ok_or_else(|| format!("strange value {text:?}"))
}

/// Rows with packets from the server and none from the client, if there are any; `None` where
/// the columns are not written as lists of distinct values.
#[allow(clippy::option_option, reason = "two answers: not so written, and none such")]
fn server_only(group: &Group<'_>) -> Result<Option<Option<Vec<bool>>>, HistoryError> {
    if group.span("sent_packets").0 > 0 {
        return Ok(Some(None));
    }
    let Some(mut rows) = positive(group, "sent_packets", None)? else { return Ok(None) };
    rows.iter_mut().for_each(|sent| *sent = !*sent);
    let silent = (0_u32..).zip(&rows).filter(|(_, silent)| **silent);
    let silent: Vec<u32> = silent.map(|(row, _)| row).collect();
    if silent.is_empty() {
        return Ok(Some(None));
    }
    let Some(received) = positive(group, "received_packets", Some(&silent))? else {
        return Ok(None);
    };
    rows.iter_mut().zip(received).for_each(|(row, received)| *row &= received);
    Ok(Some(Some(rows)))
}

/// Rows in which this number is more than zero, among those that are in question.
fn positive(
    group: &Group<'_>,
    name: &'static str,
    asked: Option<&[u32]>,
) -> Result<Option<Vec<bool>>, HistoryError> {
    let read = group.places(name, Type::INT64, asked, Vec::new())?;
    Ok(read.map(|Listed { list, places }| {
        let positive: Vec<bool> = list.distinct.all_longs().map(|value| value > 0).collect();
        let is = |place: &u32| positive.get(*place as usize).is_some_and(|positive| *positive);
        places.iter().map(is).collect()
    }))
}
