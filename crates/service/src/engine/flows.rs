//! Flows out of the history, with the devices that had the addresses then.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cordon_history::{Address, AddressSpan, FlowQuery, Format, History as _, transport_named};
use cordon_model::record::{Action, Address as RecordAddress};
use cordon_model::{App, DeviceId, Party, Timestamp};

use super::Engine;
use super::devices::{address, find};
use super::show::{bad_cursor, limit, parse_time, time};
use super::world::World;
use crate::view::{EndView, FlowPage, FlowRow, FlowSearch, Link};
use crate::{Answer, Caller, ExportFormat, Problem, ProblemKind};

/// Rows in an exported file.
const EXPORTED: u64 = 1_000_000;
/// Slack around the times in which an address was seen: flows begin before and end after.
const SLACK: Duration = Duration::from_secs(600);

impl Engine {
    pub(super) async fn search_flows(
        &self,
        caller: &Caller,
        search: &FlowSearch,
    ) -> Answer<FlowPage> {
        self.may_view(caller)?;
        let begun = self.clock.instant();
        let world = self.world.load_full();
        let Some(query) = self.flow_query(&world, search)? else {
            return Ok(FlowPage::default());
        };
        let page = self.blocking(move |history| history.search(&query)).await?;
        let items = page.rows.iter().map(|row| flow_row(&world, row)).collect();
        let took = self.clock.instant() - begun;
        Ok(FlowPage {
            items,
            next: page.next.map(|next| next.to_string()),
            searched: page.looked.rows,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })
    }

    pub(super) async fn flows_as_file(
        &self,
        caller: &Caller,
        search: &FlowSearch,
        format: ExportFormat,
    ) -> Answer<Vec<u8>> {
        self.may_site(caller, Action::FlowsExport)?;
        let world = self.world.load_full();
        let asked = serde_json::to_string(search).unwrap_or_default();
        let entry = self.entry(&caller.actor(), Action::FlowsExport, "", &[("search", &asked)]);
        self.commit(Vec::new(), vec![entry]).await?;
        let format = match format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Ndjson => Format::Ndjson,
            ExportFormat::Parquet => Format::Parquet,
        };
        let Some(query) = self.flow_query(&world, search)? else { return Ok(Vec::new()) };
        let summed = query.clone();
        let flows = self.blocking(move |history| history.summary(&summed)).await?.flows;
        if flows > EXPORTED {
            let detail = format!(
                "that is {flows} flows; narrow the search to a million at most, or read the Parquet files in the data \
                 folder themselves"
            );
            return Err(Problem::new(ProblemKind::TooLarge, detail));
        }
        self.blocking(move |history| {
            let mut file = Vec::new();
            history.export(&query, format, &mut file)?;
            Ok(file)
        })
        .await
    }

    /// Asks the history in a thread that may block.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&cordon_history::ParquetHistory) -> Result<T, cordon_history::HistoryError>
        + Send
        + 'static,
    ) -> Answer<T> {
        let history = Arc::clone(&self.history);
        let broken = |detail: String| Problem::new(ProblemKind::Broken, detail);
        tokio::task::spawn_blocking(move || ask(&history))
            .await
            .map_err(|_| broken("the history could not be searched".to_owned()))?
            .map_err(|error| {
                // It names files: for whoever runs the service, not for who asks.
                tracing::error!(%error, "the history failed");
                broken("the history failed; the service's log says why".to_owned())
            })
    }

    /// The search in the history's terms; none where nothing can match.
    fn flow_query(&self, world: &World, search: &FlowSearch) -> Answer<Option<FlowQuery>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let when = |text: &Option<String>| {
            given(text)
                .map(|text| {
                    parse_time(&text)
                        .ok_or_else(|| Problem::invalid("write times like 2026-11-22T08:00:00Z"))
                })
                .transpose()
        };
        let mut query = FlowQuery {
            site: Some(self.options.history_site.clone()),
            from: when(&search.from)?,
            to: when(&search.to)?,
            port: search.port,
            limit: limit(search.limit)?,
            cursor: given(&search.cursor)
                .map(|text| text.parse().map_err(|_| bad_cursor()))
                .transpose()?,
            ..FlowQuery::default()
        };
        if let Some(name) = given(&search.transport) {
            let unknown = || Problem::invalid("transport is tcp, udp, icmp, icmpv6 or ip-47");
            query.transport = Some(transport_named(&name).ok_or_else(unknown)?);
        }
        if let Some(name) = given(&search.app) {
            let known = App::ALL.iter().find(|app| app.name() == name);
            let unknown =
                || Problem::invalid("this application is unknown; see the list of applications");
            query.app = Some(*known.ok_or_else(unknown)?);
        }
        if let Some(id) = given(&search.device) {
            query.device = spans(world, &find(world, &id)?.id);
            if query.device.is_empty() {
                return Ok(None);
            }
        }
        if let Some(text) = given(&search.peer) {
            query.peer = match find(world, &text) {
                Ok(record) => spans(world, &record.id),
                Err(problem) => match address(&text) {
                    Ok(address) => vec![always(address)],
                    Err(_) => return Err(problem),
                },
            };
        }
        if let Some(text) = given(&search.address) {
            let wanted = always(address(&text)?);
            match (query.device.is_empty(), query.peer.is_empty()) {
                (true, _) => query.device = vec![wanted],
                (false, true) => query.peer = vec![wanted],
                (false, false) => {
                    let detail = "give a device and a peer, or an address; not all three";
                    return Err(Problem::invalid(detail));
                }
            }
        }
        // A peer alone is simply one end.
        if query.device.is_empty() {
            std::mem::swap(&mut query.device, &mut query.peer);
        }
        Ok(Some(query))
    }
}

/// The addresses by which a device's flows are found. A link-layer address finds everything on
/// its segment; an IP address counts for as long as the device had it, and for a router not at
/// all by what it carries for others.
pub(super) fn spans(world: &World, id: &DeviceId) -> Vec<AddressSpan> {
    let Some(record) = world.register.get(id) else { return Vec::new() };
    let routes = record.seen.routes;
    let of = world.register.addresses_of(id).iter().filter_map(|span| match span.value {
        RecordAddress::Mac(mac) if !routes => Some(AddressSpan::always(Address::Mac(mac))),
        RecordAddress::Mac(_) => None,
        RecordAddress::Ip(ip) => Some(AddressSpan {
            address: Address::Ip(ip),
            from: Some(earlier(span.first)),
            to: span.gone.then(|| span.last.plus(SLACK)),
        }),
    });
    of.collect()
}

fn earlier(at: Timestamp) -> Timestamp {
    let slack = i64::try_from(SLACK.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(at.nanos().saturating_sub(slack))
}

const fn always(address: RecordAddress) -> AddressSpan {
    match address {
        RecordAddress::Mac(mac) => AddressSpan::always(Address::Mac(mac)),
        RecordAddress::Ip(ip) => AddressSpan::always(Address::Ip(ip)),
    }
}

fn flow_row(world: &World, row: &cordon_history::FlowRow) -> FlowRow {
    FlowRow {
        first: time(row.first),
        last: time(row.last),
        client: end(world, &row.client, row.last),
        server: end(world, &row.server, row.last),
        transport: cordon_history::transport_name(row.transport),
        app: row.app.map(|app| app.name().to_owned()),
        seen: row.basis == Some(cordon_model::Basis::Payload),
        vlan: row.vlan,
        sent_packets: row.sent_packets,
        sent_bytes: row.sent_bytes,
        received_packets: row.received_packets,
        received_bytes: row.received_bytes,
        community_id: cordon_sensor::community::id(row.transport, (&row.client, &row.server))
            .map(|id| id.to_string())
            .unwrap_or_default(),
    }
}

fn end(world: &World, party: &Party, at: Timestamp) -> EndView {
    let public = |ip: IpAddr| cordon_model::is_public(ip);
    // A public address behind a router is not the router.
    let mac = party.mac.filter(|_| !party.ip.is_some_and(public));
    let record = world.register.record_of(mac, party.ip, at);
    EndView {
        device: record.map(|record| Link { id: record.id.to_string(), label: record.label() }),
        ip: party.ip.map(|ip| ip.to_string()),
        mac: party.mac.map(|mac| mac.to_string()),
        port: party.port,
    }
}
