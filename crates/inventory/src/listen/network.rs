//! What the network's own protocols say: which address belongs to which device, and how devices
//! introduce themselves to the network.

use std::fmt::Write as _;
use std::hash::Hasher;
use std::net::IpAddr;

use cordon_model::fact::{
    Arp, Dhcp, DhcpMessage, Dhcpv6, Eapol, GroupMembership, Neighbour, NeighbourMessage,
    SynFingerprint,
};
use cordon_model::{Fact, Mac, MudSource};

use crate::ends::Tie;
use crate::inventory::Inventory;
use crate::roles::Trait;
use crate::saying::Field;

/// The sender says which address it has; the one asked for need not exist.
pub(super) fn arp(inventory: &mut Inventory, fact: &Fact, arp: &Arp) {
    let mac = Some(arp.sender_mac).filter(|mac| mac.is_device()).or(fact.from.mac);
    let ip = Some(IpAddr::from(arp.sender_ip)).filter(|ip| !ip.is_unspecified());
    let Some(id) = inventory.ends.at(mac, ip) else { return };
    let Some(end) = inventory.ends.get(id) else { return };
    end.seen(fact.at, fact.packet, fact.vlan);
    if end.counted != fact.packet {
        end.counted = fact.packet;
        end.packets = end.packets.saturating_add(1);
    }
    end.tie(Tie::Stated, fact.packet);
}

pub(super) fn neighbour(inventory: &mut Inventory, fact: &Fact, neighbour: &Neighbour) {
    let Some(end) = inventory.speaker(fact) else { return };
    // Neighbour discovery is dropped unless its hop limit is 255: the sender is on this segment.
    end.tie(Tie::Stated, fact.packet);
    if neighbour.router {
        end.traits |= Trait::AdvertisesRoutes.bit();
        if let Some(link) = fact.from.mac.and_then(|mac| inventory.ends.link_of(mac)) {
            link.routes.get_or_insert(fact.packet);
        }
    }
    if neighbour.message == NeighbourMessage::Advert
        && let Some(mac) = neighbour.mac.or(fact.from.mac)
        && let Some(end) = inventory.spoken_of(Some(mac), neighbour.target)
    {
        end.seen(fact.at, fact.packet, fact.vlan);
        end.tie(Tie::Stated, fact.packet);
    }
}

pub(super) fn group(inventory: &mut Inventory, fact: &Fact, group: &GroupMembership) {
    let Some(end) = inventory.speaker(fact) else { return };
    // Sent with a time to live of one (RFC 3376, 4; RFC 3810, 5).
    end.tie(Tie::LinkLocal, fact.packet);
    if group.query {
        end.traits |= Trait::QueriesGroups.bit();
    }
}

/// The shape of a first TCP packet tells operating systems apart, roughly.
pub(super) fn syn(inventory: &mut Inventory, fact: &Fact, syn: &SynFingerprint) {
    let Some(id) = inventory.speaker_id(fact) else { return };
    let heard = inventory.recent.heard(id, |state: &mut dyn Hasher| {
        state.write_u8(syn.ttl);
        state.write_u16(syn.window);
        state.write_u16(syn.mss.unwrap_or(0));
        state.write_u8(syn.scale.unwrap_or(255));
        state.write_u8(u8::from(syn.ack));
        state.write(syn.options.as_bytes());
    });
    if heard {
        return;
    }
    let SynFingerprint { ack, ttl, window, options, .. } = syn;
    let text = format!(
        "{} ttl {ttl} window {window} options {options}",
        if *ack { "synack" } else { "syn" }
    );
    if let Some(end) = inventory.ends.get(id) {
        end.says(Field::SynShape, &text, fact.packet);
    }
}

pub(super) fn eapol(inventory: &mut Inventory, fact: &Fact, eapol: &Eapol) {
    let Some(end) = inventory.speaker(fact) else { return };
    end.may_say(Field::Identity8021x, eapol.identity.as_ref(), fact.packet);
    if eapol.kind == 3 || eapol.kind == 1 {
        end.traits |= Trait::SpeaksEapol.bit();
    }
}

/// Client fields are about the client, whoever sends the message: servers and relays answer.
pub(super) fn dhcp(inventory: &mut Inventory, fact: &Fact, dhcp: &Dhcp) {
    use DhcpMessage::{Ack, Nak, Offer};
    let answers = matches!(dhcp.message, Offer | Ack | Nak);
    if answers {
        served(inventory, fact, dhcp);
    } else if fact.from.mac == dhcp.client {
        inventory.speaker(fact);
    }
    let client = dhcp.client.or(if answers { None } else { fact.from.mac });
    let Some(id) = inventory.ends.at(client, None) else { return };
    if let Some(end) = inventory.ends.get(id)
        && !answers
    {
        end.seen(fact.at, fact.packet, fact.vlan);
        // Before what is repeated is passed over: who goes back to an earlier URL repeats itself.
        end.names_mud(MudSource::Dhcp, dhcp.mud_url.as_ref(), fact);
    }
    let heard = inventory.recent.heard(id, |state| dhcp_hash(dhcp, state));
    if heard {
        return;
    }
    let given = if dhcp.message == Ack { dhcp.your_ip } else { None };
    if let Some(ip) = given.or(dhcp.client_ip).map(IpAddr::from)
        && let Some(end) = inventory.spoken_of(client, Some(ip))
    {
        end.tie(Tie::Stated, fact.packet);
    }
    let Some(end) = inventory.ends.get(id) else { return };
    end.traits |= Trait::UsesDhcp.bit();
    let packet = fact.packet;
    if !answers {
        end.may_say(Field::DhcpHostname, dhcp.hostname.as_ref(), packet);
        end.may_say(Field::DhcpVendorClass, dhcp.vendor_class.as_ref(), packet);
        end.may_say(Field::DhcpUserClass, dhcp.user_class.as_ref(), packet);
        end.may_say(Field::MudUrl, dhcp.mud_url.as_ref(), packet);
        end.says(Field::DhcpParameters, &list(&dhcp.parameters), packet);
        end.says(Field::DhcpClientId, &hex(&dhcp.client_id), packet);
    }
}

fn dhcp_hash(dhcp: &Dhcp, state: &mut dyn Hasher) {
    state.write_u8(dhcp.message as u8);
    for ip in [dhcp.client_ip, dhcp.your_ip] {
        state.write_u32(ip.map_or(0, u32::from));
    }
    for text in [&dhcp.hostname, &dhcp.vendor_class, &dhcp.user_class, &dhcp.mud_url] {
        state.write(text.as_deref().unwrap_or_default().as_bytes());
        state.write_u8(0xff);
    }
    state.write(&dhcp.parameters);
    state.write_u8(0);
    state.write(&dhcp.client_id);
}

/// What an answer says about the server and the routers it hands out.
fn served(inventory: &mut Inventory, fact: &Fact, dhcp: &Dhcp) {
    if let Some(end) = inventory.speaker(fact) {
        end.traits |= Trait::ServesDhcp.bit();
        end.answered = true;
        if fact.from.ip == dhcp.server_id.map(IpAddr::from) {
            end.tie(Tie::LinkLocal, fact.packet);
        }
    }
    for router in &dhcp.routers {
        inventory.gateway(IpAddr::from(*router), fact.packet);
    }
}

/// DHCPv6 message types that clients send (RFC 8415, 7.3).
const FROM_CLIENT: [u8; 8] = [1, 3, 4, 5, 6, 8, 9, 11];

pub(super) fn dhcpv6(inventory: &mut Inventory, fact: &Fact, dhcp: &Dhcpv6) {
    let from_client = FROM_CLIENT.contains(&dhcp.message);
    let Some(end) = inventory.speaker(fact) else { return };
    end.tie(Tie::LinkLocal, fact.packet);
    if !from_client {
        end.traits |= Trait::ServesDhcp.bit();
        return;
    }
    let packet = fact.packet;
    end.may_say(Field::Dhcp6Fqdn, dhcp.fqdn.as_ref(), packet);
    end.may_say(Field::MudUrl, dhcp.mud_url.as_ref(), packet);
    end.names_mud(MudSource::Dhcpv6, dhcp.mud_url.as_ref(), fact);
    if let Some((enterprise, class)) = &dhcp.vendor_class {
        end.says(Field::Dhcp6VendorClass, &format!("{enterprise} {class}"), packet);
    }
    end.says(Field::Dhcp6Duid, &hex(&dhcp.duid), packet);
    // Addresses that the client names as its own: request, renew, rebind, release, decline.
    if matches!(dhcp.message, 3 | 5 | 6 | 8 | 9) {
        let mac: Option<Mac> = fact.from.mac;
        for address in dhcp.addresses.iter().take(8) {
            if let Some(end) = inventory.spoken_of(mac, Some(*address)) {
                end.tie(Tie::Stated, packet);
            }
        }
    }
}

fn list(numbers: &[u8]) -> String {
    let mut out = String::with_capacity(numbers.len() * 4);
    for number in numbers.iter().take(60) {
        let comma = if out.is_empty() { "" } else { "," };
        let _ = write!(out, "{comma}{number}");
    }
    out
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes.iter().take(64) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
