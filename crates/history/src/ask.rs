//! Questions, made ready to be compared with rows and with columns.

use std::collections::HashMap;

use cordon_model::{Party, Timestamp};

use crate::query::{Address, AddressSpan, MAX_ADDRESSES, Window, page_size};
use crate::record::{Ask, Record, Select};
use crate::row::transport_name;
use crate::scan::{Group, Wanted};
use crate::{FactQuery, FactRow, FlowQuery, FlowRow, HistoryError, Site};

/// Longest text that is looked for: longer than any value.
const MAX_TEXT: usize = 256;

/// A question about flows.
pub(crate) struct FlowAsk<'q> {
    query: &'q FlowQuery,
    device: Addresses,
    peer: Addresses,
    transport: Option<String>,
    text: Option<String>,
}

impl<'q> FlowAsk<'q> {
    pub(crate) fn new(query: &'q FlowQuery) -> Self {
        FlowAsk {
            query,
            device: Addresses::new(&query.device),
            peer: Addresses::new(&query.peer),
            transport: query.transport.map(transport_name),
            text: query.text.as_deref().map(lower),
        }
    }

    fn ends(&self, group: &Group<'_>) -> Result<Select, HistoryError> {
        match (self.device.is_empty(), self.peer.is_empty()) {
            (true, true) => Ok(Select::All),
            (false, true) => either(group, &self.device),
            (true, false) => either(group, &self.peer),
            (false, false) => {
                let forth = both(group, (&CLIENT, &self.device), (&SERVER, &self.peer))?;
                let back = both(group, (&SERVER, &self.device), (&CLIENT, &self.peer))?;
                Ok(forth.or(back))
            }
        }
    }
}

impl Ask<FlowRow> for FlowAsk<'_> {
    fn site(&self) -> Option<&Site> {
        self.query.site.as_ref()
    }

    fn window(&self) -> Window {
        Window::new(self.query.from, self.query.to, self.query.cursor)
    }

    fn limit(&self) -> usize {
        page_size(self.query.limit)
    }

    fn fits(&self, row: &FlowRow) -> bool {
        let query = self.query;
        let has = |party: &Party, addresses: &Addresses| addresses.has(party, row.last);
        let (client, server) = (&row.client, &row.server);
        let ends = match (self.device.is_empty(), self.peer.is_empty()) {
            (true, true) => true,
            (false, true) => has(client, &self.device) || has(server, &self.device),
            (true, false) => has(client, &self.peer) || has(server, &self.peer),
            (false, false) => {
                has(client, &self.device) && has(server, &self.peer)
                    || has(server, &self.device) && has(client, &self.peer)
            }
        };
        ends && query.port.is_none_or(|port| row.server.port == Some(port))
            && query.transport.is_none_or(|transport| row.transport == transport)
            && query.app.is_none_or(|app| row.app == Some(app))
            && self.text.as_deref().is_none_or(|text| {
                let said = |value: Option<String>| value.is_some_and(|value| value.contains(text));
                said(client.ip.map(|ip| ip.to_string()))
                    || said(server.ip.map(|ip| ip.to_string()))
                    || said(client.mac.map(|mac| mac.to_string()))
                    || said(server.mac.map(|mac| mac.to_string()))
                    || row.app.is_some_and(|app| app.name().contains(text))
            })
    }

    fn select(&self, group: &mut Group<'_>) -> Result<Select, HistoryError> {
        let mut select = Select::All;
        if let Some(port) = self.query.port {
            select = select.and(group.number("server_port", port)?);
        }
        if let Some(app) = self.query.app
            && !select.is_empty()
        {
            select = select.and(group.text("app", &|name| name == app.name().as_bytes())?);
        }
        if !select.is_empty() {
            select = select.and(self.ends(group)?);
        }
        if let Some(transport) = &self.transport
            && !select.is_empty()
        {
            select = select.and(group.text("transport", &|name| name == transport.as_bytes())?);
        }
        if let Some(text) = &self.text
            && !select.is_empty()
        {
            let mut any = Select::None;
            for name in ["client_ip", "server_ip", "client_mac", "server_mac", "app"] {
                any = any.or(group.text(name, &|value| holds(value, text))?);
            }
            select = select.and(any);
        }
        Ok(select)
    }
}

/// A question about facts.
pub(crate) struct FactAsk<'q> {
    query: &'q FactQuery,
    device: Addresses,
    text: Option<String>,
}

impl<'q> FactAsk<'q> {
    pub(crate) fn new(query: &'q FactQuery) -> Self {
        FactAsk {
            query,
            device: Addresses::new(&query.device),
            text: query.text.as_deref().map(lower),
        }
    }
}

impl Ask<FactRow> for FactAsk<'_> {
    fn site(&self) -> Option<&Site> {
        self.query.site.as_ref()
    }

    fn window(&self) -> Window {
        Window::new(self.query.from, self.query.to, self.query.cursor)
    }

    fn limit(&self) -> usize {
        page_size(self.query.limit)
    }

    fn fits(&self, row: &FactRow) -> bool {
        let speaker = Party { mac: row.mac, ip: row.ip, port: None };
        (self.device.is_empty() || self.device.has(&speaker, row.at))
            && self.query.kind.as_deref().is_none_or(|kind| *row.kind == *kind)
            && self.text.as_ref().is_none_or(|text| row.value.to_lowercase().contains(text))
    }

    fn select(&self, group: &mut Group<'_>) -> Result<Select, HistoryError> {
        let mut select = Select::All;
        if !self.device.is_empty() {
            select = end(group, &SPEAKER, &self.device)?;
        }
        if let Some(kind) = &self.query.kind
            && !select.is_empty()
        {
            select = select.and(group.text("kind", &|name| name == kind.as_bytes())?);
        }
        if let Some(text) = &self.text
            && !select.is_empty()
        {
            let said = |value: &[u8]| {
                std::str::from_utf8(value).is_ok_and(|value| value.to_lowercase().contains(text))
            };
            select = select.and(group.text("value", &said)?);
        }
        Ok(select)
    }
}

/// The columns of one end.
struct End {
    ip: &'static str,
    mac: &'static str,
    time: &'static str,
}

const CLIENT: End = End { ip: "client_ip", mac: "client_mac", time: FlowRow::TIME };
const SERVER: End = End { ip: "server_ip", mac: "server_mac", time: FlowRow::TIME };
const SPEAKER: End = End { ip: "ip", mac: "mac", time: FactRow::TIME };

/// Addresses in the spelling of the files, those with the same span together.
struct Addresses {
    spans: Vec<AddressSpan>,
    groups: Vec<Same>,
}

/// Addresses that count at the same times.
struct Same {
    span: AddressSpan,
    ips: Wanted,
    macs: Wanted,
}

impl Addresses {
    fn new(spans: &[AddressSpan]) -> Self {
        let spans = spans.get(..MAX_ADDRESSES).unwrap_or(spans).to_vec();
        let mut places = HashMap::new();
        let mut groups: Vec<Same> = Vec::new();
        for span in &spans {
            let place = *places.entry((span.from, span.to)).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Same { span: *span, ips: Wanted::default(), macs: Wanted::default() });
            }
            if let Some(group) = groups.get_mut(place) {
                match span.address {
                    Address::Ip(ip) => group.ips.add(&ip.to_string()),
                    Address::Mac(mac) => group.macs.add(&mac.to_string()),
                };
            }
        }
        Addresses { spans, groups }
    }

    const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn has(&self, party: &Party, at: Timestamp) -> bool {
        self.spans.iter().any(|span| {
            let same = match span.address {
                Address::Ip(ip) => party.ip == Some(ip),
                Address::Mac(mac) => party.mac == Some(mac),
            };
            same && span.covers(at)
        })
    }
}

fn either(group: &Group<'_>, addresses: &Addresses) -> Result<Select, HistoryError> {
    Ok(end(group, &CLIENT, addresses)?.or(end(group, &SERVER, addresses)?))
}

fn both(
    group: &Group<'_>,
    one: (&End, &Addresses),
    other: (&End, &Addresses),
) -> Result<Select, HistoryError> {
    let select = end(group, one.0, one.1)?;
    if select.is_empty() {
        return Ok(Select::None);
    }
    Ok(select.and(end(group, other.0, other.1)?))
}

/// Rows of which this end has one of the addresses.
fn end(group: &Group<'_>, end: &End, addresses: &Addresses) -> Result<Select, HistoryError> {
    let mut select = Select::None;
    for same in &addresses.groups {
        let mut these = Select::None;
        if !same.ips.is_empty() {
            these = these.or(group.one_of(end.ip, &same.ips)?);
        }
        if !same.macs.is_empty() {
            these = these.or(group.one_of(end.mac, &same.macs)?);
        }
        let bounded = same.span.from.is_some() || same.span.to.is_some();
        if bounded && !these.is_empty() {
            let at = group.times(end.time)?;
            let covers = |at: &i64| same.span.covers(Timestamp::from_micros(*at));
            these = these.and(Select::Rows(at.iter().map(covers).collect()));
        }
        select = select.or(these);
    }
    Ok(select)
}

/// Whether a text of small letters occurs in a value of small letters.
fn holds(value: &[u8], text: &str) -> bool {
    text.is_empty() || value.windows(text.len()).any(|part| part == text.as_bytes())
}

fn lower(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect::<String>().to_lowercase()
}
