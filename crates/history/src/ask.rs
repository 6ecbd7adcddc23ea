//! Questions, made ready to be compared with rows and with columns.

use std::collections::HashMap;

use cordon_model::{Party, Timestamp};
use memchr::memmem;

use crate::query::{Address, AddressSpan, MAX_ADDRESSES, Window, page_size};
use crate::record::{Ask, Record, Select};
use crate::row::transport_name;
use crate::scan::{Group, Hits, Wanted};
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

    /// Ways in which the two ends of a flow can fit: of each, every end has to.
    fn ways(&self, group: &Group<'_>) -> Result<Vec<Way>, HistoryError> {
        let (device, peer) = (&self.device, &self.peer);
        let ways = match (device.is_empty(), peer.is_empty()) {
            (true, true) => vec![],
            (false, true) => vec![vec![(&CLIENT, device)], vec![(&SERVER, device)]],
            (true, false) => vec![vec![(&CLIENT, peer)], vec![(&SERVER, peer)]],
            (false, false) => vec![
                vec![(&CLIENT, device), (&SERVER, peer)],
                vec![(&SERVER, device), (&CLIENT, peer)],
            ],
        };
        let mut open = Vec::new();
        for way in ways {
            // First what costs least, and rules out most.
            let mut may = true;
            for (end, addresses) in &way {
                may = may && addresses.may_be_at(end, group)?;
            }
            if !may {
                continue;
            }
            let mut ends = Vec::new();
            for (end, addresses) in &way {
                ends.push(EndHits::new(group, end, addresses)?);
                // What cannot fit at one end is not looked for at the other.
                if ends.last().is_some_and(EndHits::nowhere) {
                    break;
                }
            }
            if !ends.iter().any(EndHits::nowhere) {
                open.push(ends);
            }
        }
        Ok(open)
    }
}

type Way = Vec<EndHits>;

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
        // First what the lists of distinct values say to every condition, then the rows.
        let query = self.query;
        let mut hits = Vec::new();
        if let Some(port) = query.port {
            hits.push(("server_port", group.number("server_port", port)?));
        }
        if let Some(app) = query.app {
            hits.push(("app", group.text("app", &|name| name == app.name().as_bytes())?));
        }
        if let Some(transport) = &self.transport {
            let same = |name: &[u8]| name == transport.as_bytes();
            hits.push(("transport", group.text("transport", &same)?));
        }
        if hits.iter().any(|(_, hits)| hits.nowhere()) {
            return Ok(Select::None);
        }
        let ends = !self.device.is_empty() || !self.peer.is_empty();
        let ways = self.ways(group)?;
        if ends && ways.is_empty() {
            return Ok(Select::None);
        }
        let mut texts = Vec::new();
        if let Some(text) = &self.text {
            let finder = memmem::Finder::new(text);
            for name in TEXTS.into_iter().filter(|name| *name == "app" || address_like(text)) {
                let hits = group.containing(name, &finder)?;
                texts.extend((!hits.nowhere()).then_some((name, hits)));
            }
            if texts.is_empty() {
                return Ok(Select::None);
            }
        }
        // One device has fewer rows than one application, so that the other columns are looked up
        // row by row; but application, port and transport cost less and may contradict each other.
        let mut select = Select::All;
        let pair = !self.device.is_empty() && !self.peer.is_empty();
        let together = hits.len() > 1 && !pair;
        if together {
            select = every(group, &hits, select)?;
        }
        if ends && !select.is_empty() {
            let mut any = Select::None;
            for way in &ways {
                let mut all = select.clone();
                for end in way {
                    if !all.is_empty() {
                        let rows = end.rows(group, &all)?;
                        all = all.and(rows);
                    }
                }
                any = any.or(all);
            }
            select = any;
        }
        if !together {
            select = every(group, &hits, select)?;
        }
        if self.text.is_some() && !select.is_empty() {
            let mut any = Select::None;
            for (name, hits) in &texts {
                any = any.or(group.rows_of(name, hits, &select)?);
            }
            select = select.and(any);
        }
        Ok(select)
    }
}

/// Of these rows those to which the hits in every column lead.
fn every(
    group: &Group<'_>,
    hits: &[(&'static str, Hits)],
    mut select: Select,
) -> Result<Select, HistoryError> {
    for (name, hits) in hits {
        if !select.is_empty() {
            let rows = group.rows_of(name, hits, &select)?;
            select = select.and(rows);
        }
    }
    Ok(select)
}

/// Columns in which text is looked for.
const TEXTS: [&str; 5] = ["client_ip", "server_ip", "client_mac", "server_mac", "app"];

/// Whether a text of small letters can occur in an address.
fn address_like(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
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
            let hits = EndHits::new(group, &SPEAKER, &self.device)?;
            select = if hits.nowhere() { Select::None } else { hits.rows(group, &select)? };
        }
        if let Some(kind) = &self.query.kind
            && !select.is_empty()
        {
            let hits = group.text("kind", &|name| name == kind.as_bytes())?;
            let rows = group.rows_of("kind", &hits, &select)?;
            select = select.and(rows);
        }
        if let Some(text) = &self.text
            && !select.is_empty()
        {
            let said = |value: &[u8]| {
                std::str::from_utf8(value).is_ok_and(|value| value.to_lowercase().contains(text))
            };
            let hits = group.text("value", &said)?;
            let rows = group.rows_of("value", &hits, &select)?;
            select = select.and(rows);
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

    /// Whether this end of a row can have one of them, as far as times and Bloom filters say.
    fn may_be_at(&self, end: &End, group: &Group<'_>) -> Result<bool, HistoryError> {
        let within = group.span(end.time);
        for same in self.groups.iter().filter(|same| covered(&same.span, within).is_some()) {
            if group.may_have(end.ip, &same.ips)? || group.may_have(end.mac, &same.macs)? {
                return Ok(true);
            }
        }
        Ok(false)
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

/// What the columns of one end say to addresses.
struct EndHits {
    end: &'static End,
    same: Vec<SameHits>,
}

/// What they say to addresses that count at the same times.
struct SameHits {
    /// Unless the addresses count at every time in the row group.
    span: Option<AddressSpan>,
    ips: Hits,
    macs: Hits,
}

impl EndHits {
    fn new(
        group: &Group<'_>,
        end: &'static End,
        addresses: &Addresses,
    ) -> Result<EndHits, HistoryError> {
        let mut same = Vec::new();
        let within = group.span(end.time);
        for it in &addresses.groups {
            let Some(always) = covered(&it.span, within) else { continue };
            let (ips, macs) = (group.one_of(end.ip, &it.ips)?, group.one_of(end.mac, &it.macs)?);
            if !(ips.nowhere() && macs.nowhere()) {
                same.push(SameHits { span: (!always).then_some(it.span), ips, macs });
            }
        }
        Ok(EndHits { end, same })
    }

    fn nowhere(&self) -> bool {
        self.same.is_empty()
    }

    /// Rows of which this end has one of the addresses, among those that are still in question.
    fn rows(&self, group: &Group<'_>, within: &Select) -> Result<Select, HistoryError> {
        let mut select = Select::None;
        for SameHits { span, ips, macs } in &self.same {
            let ips = group.rows_of(self.end.ip, ips, within)?;
            let mut these = ips.or(group.rows_of(self.end.mac, macs, within)?);
            if let Some(span) = span
                && !these.is_empty()
            {
                let at = group.times(self.end.time)?;
                let covers = |at: &i64| span.covers(Timestamp::from_micros(*at));
                these = these.and(Select::Rows(at.iter().map(covers).collect()));
            }
            select = select.or(these);
        }
        Ok(select)
    }
}

/// Whether an address counts always between these times, `None` if never.
fn covered(span: &AddressSpan, (first, last): (i64, i64)) -> Option<bool> {
    let (first, last) = (Timestamp::from_micros(first), Timestamp::from_micros(last));
    let begins = span.from.is_none_or(|from| last >= from);
    let ends = span.to.is_none_or(|to| first < to);
    (begins && ends).then(|| span.covers(first) && span.covers(last))
}

fn lower(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect::<String>().to_lowercase()
}
