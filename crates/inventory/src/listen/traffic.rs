//! What conversations tell: who speaks, who answers, what is offered and used.

use std::net::IpAddr;

use cordon_model::flow::TcpFlags;
use cordon_model::{App, Basis, Ends as EndsBasis, Flow, Party, Transport};

use crate::ends::{End, EndId, Offer, Tie};
use crate::inventory::Inventory;
use crate::scope::{Scope, scope};

/// A source without an answer must have sent so many packets to be more than a forged address.
const FEWEST_UNANSWERED: u64 = 3;
/// Below this port number an answer makes a service even if no application is known.
const FIRST_DYNAMIC: u16 = 32_768;

/// Takes in both ends of a conversation.
pub(crate) fn flow(inventory: &mut Inventory, flow: &Flow) {
    if flow.tunnelled {
        // Inner addresses belong to another network; the outer flow has its own record.
        return;
    }
    let answered = flow.sent.packets > 0 && flow.received.packets > 0;
    let living = answered && accepts(flow);
    let alone = flow.sent.packets < FEWEST_UNANSWERED && !answered;
    let client = if flow.sent.packets == 0 {
        None
    } else if alone && !is_near(&flow.client) {
        inventory.ends.known(flow.client.mac, flow.client.ip)
    } else {
        inventory.ends.at(flow.client.mac, flow.client.ip)
    };
    let server = if flow.received.packets == 0 {
        None
    } else if living {
        inventory.ends.at(flow.server.mac, flow.server.ip)
    } else {
        inventory.ends.known(flow.server.mac, flow.server.ip)
    };
    let site =
        |party: &Party| party.ip.is_some_and(|ip| matches!(scope(ip), Scope::Site | Scope::Link));
    if let Some(end) = heard(inventory, client, flow, answered, site(&flow.server)) {
        end.packets = end.packets.saturating_add(flow.sent.packets);
        end.bytes = end.bytes.saturating_add(flow.sent.bytes);
        if let (Some(app), Some(basis)) = (flow.app, flow.basis) {
            let server = flow.server.ip.filter(|_| answered || basis == Basis::Payload);
            end.uses(app, basis, flow.packet, server, flow.part == 0);
            if stays_on_link(app, flow.server.ip) {
                end.tie(Tie::LinkLocal, flow.packet);
            }
        }
    }
    if let Some(end) = heard(inventory, server, flow, answered, site(&flow.client)) {
        end.packets = end.packets.saturating_add(flow.received.packets);
        end.bytes = end.bytes.saturating_add(flow.received.bytes);
        if living && let Some(offer) = offer(flow) {
            end.offers(offer);
        }
    }
}

fn heard<'a>(
    inventory: &'a mut Inventory,
    id: Option<EndId>,
    flow: &Flow,
    answered: bool,
    meets_site: bool,
) -> Option<&'a mut End> {
    let end = inventory.ends.get(id?)?;
    end.seen(flow.first, flow.packet, flow.vlan);
    end.last = end.last.max(flow.last);
    end.answered |= answered;
    end.meets_site |= meets_site;
    Some(end)
}

/// Whether its link-layer address and address can both be its own.
fn is_near(party: &Party) -> bool {
    party.mac.is_some_and(|mac| mac.is_device())
        && party.ip.is_none_or(|ip| scope(ip) != Scope::Global)
}

/// Whether the server did more than refuse.
fn accepts(flow: &Flow) -> bool {
    match flow.transport {
        Transport::Tcp => {
            flow.received.data_packets > 0
                || flow.received_flags.has(TcpFlags::SYN)
                || !flow.received_flags.has(TcpFlags::RST)
        }
        _ => true,
    }
}

/// The service that a flow shows, if it shows one.
fn offer(flow: &Flow) -> Option<Offer> {
    if !matches!(flow.transport, Transport::Tcp | Transport::Udp) {
        return None;
    }
    let port = flow.server.port?;
    let seen = flow.basis == Some(Basis::Payload);
    let spoken = flow.received.data_packets > 0
        || flow.transport == Transport::Tcp && flow.received_flags.has(TcpFlags::SYN);
    let fixed = flow.ends == EndsBasis::Syn || port < FIRST_DYNAMIC && flow.app.is_some();
    if !spoken || !(seen && flow.ends != EndsBasis::Ports || fixed) {
        return None;
    }
    Some(Offer {
        transport: flow.transport,
        port,
        app: flow.app,
        basis: flow.basis.unwrap_or(Basis::Port),
        packet: flow.packet,
        first: flow.first,
        last: flow.last,
    })
}

/// Whether a datagram of that application to that address never crosses a router.
fn stays_on_link(app: App, to: Option<IpAddr>) -> bool {
    match app {
        App::Mdns | App::Llmnr => to.is_some_and(|to| to.is_multicast()),
        App::Ssdp => to.is_some_and(|to| to.is_multicast()),
        App::Nbns | App::Dhcp => to.is_some_and(is_broadcast),
        _ => false,
    }
}

/// All ones, or looks like a directed broadcast.
fn is_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.octets()[3] == 255)
}
