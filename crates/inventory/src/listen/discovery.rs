//! What devices announce to their neighbours.

use std::hash::Hasher;
use std::net::IpAddr;

use cordon_model::fact::{
    AccessPoint, Cdp, Dns, DnsKind, DnsRecord, DnsValue, Lldp, Ssdp, SsdpMethod, UpnpDescription,
    WlanClient,
};
use cordon_model::{Fact, MudSource, PacketId};

use crate::ends::{End, Tie};
use crate::inventory::Inventory;
use crate::roles::Trait;
use crate::saying::Field;
use crate::scope::{Scope, scope};

/// NetBIOS names that are no device's.
const NOT_A_HOST: [&str; 6] =
    ["workgroup", "mshome", "wg", "home", "__msbrowse__", "\u{1}\u{2}__msbrowse__\u{2}"];

pub(super) fn lldp(inventory: &mut Inventory, fact: &Fact, lldp: &Lldp) {
    let Some(end) = inventory.speaker(fact) else { return };
    let packet = fact.packet;
    for (field, text) in [
        (Field::LldpName, &lldp.system_name),
        (Field::LldpDescription, &lldp.system_description),
        (Field::LldpVendor, &lldp.manufacturer),
        (Field::LldpModel, &lldp.model),
        (Field::LldpFirmware, &lldp.software),
        (Field::LldpFirmware, &lldp.firmware),
        (Field::LldpSerial, &lldp.serial),
        (Field::ProfinetName, &lldp.profinet_name),
        (Field::MudUrl, &lldp.mud_url),
    ] {
        end.may_say(field, text.as_ref(), packet);
    }
    end.names_mud(MudSource::Lldp, lldp.mud_url.as_ref(), fact);
    // Bits of IEEE 802.1AB, table 8-4.
    for (bit, name) in
        [(2, "bridge"), (3, "wlan access point"), (4, "router"), (5, "telephone"), (7, "station")]
    {
        if lldp.capabilities >> bit & 1 == 1 {
            end.says(Field::Capability, name, packet);
        }
    }
    let mac = fact.from.mac;
    for address in lldp.addresses.iter().take(8) {
        if let Some(end) = inventory.spoken_of(mac, Some(*address)) {
            end.tie(Tie::Stated, packet);
        }
    }
    if lldp.capabilities >> 4 & 1 == 1
        && let Some(link) = mac.and_then(|mac| inventory.ends.link_of(mac))
    {
        link.routes.get_or_insert(packet);
    }
}

pub(super) fn cdp(inventory: &mut Inventory, fact: &Fact, cdp: &Cdp) {
    let Some(end) = inventory.speaker(fact) else { return };
    let packet = fact.packet;
    end.says(Field::CdpDevice, &cdp.device, packet);
    end.may_say(Field::CdpPlatform, cdp.platform.as_ref(), packet);
    end.may_say(Field::CdpSoftware, cdp.software.as_ref(), packet);
    for (bit, name) in [(0, "router"), (1, "bridge"), (3, "switch"), (7, "telephone")] {
        if cdp.capabilities >> bit & 1 == 1 {
            end.says(Field::Capability, name, packet);
        }
    }
    for address in cdp.addresses.iter().take(8) {
        if let Some(end) = inventory.spoken_of(fact.from.mac, Some(*address)) {
            end.tie(Tie::Stated, packet);
        }
    }
}

pub(super) fn dns(inventory: &mut Inventory, fact: &Fact, dns: &Dns) {
    let Some(id) = inventory.speaker_id(fact) else { return };
    if inventory.recent.heard(id, |state| dns_hash(dns, state)) {
        return;
    }
    let Some(end) = inventory.ends.get(id) else { return };
    match dns.kind {
        DnsKind::Dns if dns.response => end.traits |= Trait::ServesDns.bit(),
        DnsKind::Dns => {
            for question in &dns.questions {
                if !question.name.ends_with(".arpa") && question.name.contains('.') {
                    end.says(Field::DnsAsked, &question.name, fact.packet);
                }
            }
        }
        DnsKind::Mdns => mdns(inventory, fact, dns),
        DnsKind::Llmnr => {
            if dns.response
                && let Some(record) = dns.records.iter().find(|r| is_own_address(r, fact))
            {
                end.says(Field::Llmnr, &record.name, fact.packet);
            }
        }
        DnsKind::Nbns => netbios(end, dns, fact.packet),
    }
}

fn dns_hash(dns: &Dns, state: &mut dyn Hasher) {
    state.write_u8(dns.kind as u8 * 2 + u8::from(dns.response));
    for question in &dns.questions {
        state.write(question.name.as_bytes());
        state.write_u16(question.rtype);
    }
    for record in &dns.records {
        state.write(record.name.as_bytes());
        state.write_u16(record.rtype);
        match &record.value {
            DnsValue::Address(IpAddr::V4(ip)) => state.write(&ip.octets()),
            DnsValue::Address(IpAddr::V6(ip)) => state.write(&ip.octets()),
            DnsValue::Name(name) => state.write(name.as_bytes()),
            DnsValue::Service(target, port) => {
                state.write(target.as_bytes());
                state.write_u16(*port);
            }
            DnsValue::Texts(texts) | DnsValue::NodeNames(texts) => {
                texts.iter().for_each(|text| state.write(text.as_bytes()));
            }
            DnsValue::Host(cpu, os) => {
                state.write(cpu.as_bytes());
                state.write(os.as_bytes());
            }
            DnsValue::Other => {}
        }
    }
}

fn is_own_address(record: &DnsRecord, fact: &Fact) -> bool {
    matches!(&record.value, DnsValue::Address(ip) if Some(*ip) == fact.from.ip)
}

/// A responder speaks for itself; a reflector or sleep proxy repeats what others said, and is
/// told apart by the addresses in the message.
fn mdns(inventory: &mut Inventory, fact: &Fact, dns: &Dns) {
    let v4 = |record: &&DnsRecord| matches!(&record.value, DnsValue::Address(IpAddr::V4(_)));
    let mut others = dns.records.iter().filter(v4);
    let first_other = others.clone().next();
    let own = others.any(|record| is_own_address(record, fact));
    let subject = match (first_other.map(|record| &record.value), fact.from.ip) {
        (Some(DnsValue::Address(ip)), Some(IpAddr::V4(_))) if !own => {
            if !matches!(scope(*ip), Scope::Site) {
                return;
            }
            inventory.spoken_of(None, Some(*ip))
        }
        _ => {
            let end = inventory.ends.known(fact.from.mac, fact.from.ip);
            end.and_then(|id| inventory.ends.get(id))
        }
    };
    let Some(end) = subject else { return };
    if dns.response {
        dns.records.iter().for_each(|record| mdns_record(end, record, fact.packet));
        return;
    }
    // A probe asks for any record of a name that its sender is about to take (RFC 6762, 8.1).
    for question in dns.questions.iter().filter(|question| question.rtype == 255) {
        dns.records
            .iter()
            .filter(|record| record.name.eq_ignore_ascii_case(&question.name))
            .for_each(|record| mdns_record(end, record, fact.packet));
    }
}

fn mdns_record(end: &mut End, record: &DnsRecord, packet: PacketId) {
    let bare = |name: &str| name.trim_end_matches(".local").len();
    let without_local =
        |name: &'_ str| -> String { name.get(..bare(name)).unwrap_or(name).to_owned() };
    if record.name.ends_with(".arpa") {
        return;
    }
    match &record.value {
        DnsValue::Address(_) => end.says(Field::MdnsHost, &without_local(&record.name), packet),
        DnsValue::Name(instance) if record.name.starts_with('_') && !instance.starts_with('_') => {
            end.says(Field::MdnsInstance, &without_local(instance), packet);
        }
        DnsValue::Service(target, _) => {
            end.says(Field::MdnsInstance, &without_local(&record.name), packet);
            end.says(Field::MdnsHost, &without_local(target), packet);
        }
        DnsValue::Texts(texts) => {
            texts.iter().for_each(|text| end.says(Field::MdnsTxt, text, packet));
            if record.name.contains("._") {
                end.says(Field::MdnsInstance, &without_local(&record.name), packet);
            }
        }
        DnsValue::Host(cpu, os) => end.says(Field::MdnsHostInfo, &format!("{cpu} {os}"), packet),
        _ => {}
    }
}

/// Registrations and answers carry the speaker's own names; questions do not.
fn netbios(end: &mut End, dns: &Dns, packet: PacketId) {
    let mut own = |name: &str| {
        let name = name.trim();
        let host = !NOT_A_HOST.contains(&name.to_lowercase().as_str())
            && name.len() <= 15
            && name.chars().all(|c| c.is_ascii_graphic());
        if host {
            end.says(Field::NetBios, name, packet);
        }
    };
    for record in &dns.records {
        match &record.value {
            DnsValue::NodeNames(names) => names.iter().take(2).for_each(|name| own(name)),
            _ => own(&record.name),
        }
    }
}

pub(super) fn ssdp(inventory: &mut Inventory, fact: &Fact, ssdp: &Ssdp) {
    let Some(id) = inventory.speaker_id(fact) else { return };
    if ssdp.method == SsdpMethod::Search {
        if let Some(end) = inventory.ends.get(id) {
            end.may_say(Field::SsdpUserAgent, ssdp.user_agent.as_ref(), fact.packet);
        }
        return;
    }
    // Who announces a description on another host repeats what that host said.
    let at = ssdp.location.as_deref().and_then(host_of);
    let end = match (at, fact.from.ip) {
        (Some(at @ IpAddr::V4(_)), Some(from @ IpAddr::V4(_))) if at != from => {
            if scope(at) != Scope::Site {
                return;
            }
            inventory.spoken_of(None, Some(at))
        }
        _ => inventory.ends.get(id),
    };
    let Some(end) = end else { return };
    let packet = fact.packet;
    end.may_say(Field::SsdpServer, ssdp.server.as_ref(), packet);
    end.may_say(Field::SsdpUsn, ssdp.usn.as_ref(), packet);
    end.may_say(Field::SsdpTarget, ssdp.target.as_ref(), packet);
    for (name, value) in &ssdp.others {
        if !name.eq_ignore_ascii_case("opt") && !name.ends_with("-nls") {
            end.says(Field::SsdpHeader, &format!("{name}: {value}"), packet);
        }
    }
}

/// The address in a URL such as `http://10.0.0.5:8008/desc.xml`.
fn host_of(url: &str) -> Option<IpAddr> {
    let rest = url.split_once("://")?.1;
    let host = rest.split(['/', '?']).next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    host.parse().ok()
}

pub(super) fn upnp(inventory: &mut Inventory, fact: &Fact, upnp: &UpnpDescription) {
    let Some(end) = inventory.speaker(fact) else { return };
    for (field, text) in [
        (Field::UpnpName, &upnp.friendly_name),
        (Field::UpnpManufacturer, &upnp.manufacturer),
        (Field::UpnpModel, &upnp.model_name),
        (Field::UpnpModelNumber, &upnp.model_number),
        (Field::UpnpDescription, &upnp.model_description),
        (Field::UpnpFirmware, &upnp.firmware),
        (Field::UpnpType, &upnp.device_type),
        (Field::UpnpSerial, &upnp.serial),
        (Field::UpnpUdn, &upnp.udn),
    ] {
        end.may_say(field, text.as_ref(), fact.packet);
    }
}

pub(super) fn access_point(inventory: &mut Inventory, fact: &Fact, ap: &AccessPoint) {
    let Some(id) = inventory.ends.at(Some(ap.bssid), None) else { return };
    let Some(end) = inventory.ends.get(id) else { return };
    let packet = fact.packet;
    end.seen(fact.at, packet, fact.vlan);
    end.packets = end.packets.saturating_add(1);
    end.traits |= Trait::Beacons.bit();
    end.may_say(Field::Ssid, ap.ssid.as_ref(), packet);
    end.may_say(Field::WpsVendor, ap.manufacturer.as_ref(), packet);
    end.may_say(Field::WpsModel, ap.model.as_ref(), packet);
    end.may_say(Field::WpsModel, ap.model_number.as_ref(), packet);
    end.may_say(Field::WpsName, ap.device_name.as_ref(), packet);
}

pub(super) fn wlan_client(inventory: &mut Inventory, fact: &Fact, client: &WlanClient) {
    let Some(id) = inventory.ends.at(Some(client.mac), None) else { return };
    let Some(end) = inventory.ends.get(id) else { return };
    end.seen(fact.at, fact.packet, fact.vlan);
    end.packets = end.packets.saturating_add(1);
    end.traits |= Trait::WifiClient.bit();
    end.may_say(Field::WpsVendor, client.manufacturer.as_ref(), fact.packet);
    end.may_say(Field::WpsModel, client.model.as_ref(), fact.packet);
    end.may_say(Field::WpsName, client.device_name.as_ref(), fact.packet);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_location_is_found() {
        assert_eq!(host_of("http://10.0.0.5:8008/desc.xml"), "10.0.0.5".parse().ok());
        assert_eq!(host_of("http://[fd00::5]:80/"), "fd00::5".parse().ok());
        assert_eq!(host_of("http://tv.local/"), None);
        assert_eq!(host_of("10.0.0.5"), None);
    }
}
