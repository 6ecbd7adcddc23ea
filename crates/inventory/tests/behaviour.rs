//! What becomes a device, what does not, and whose word counts, through the public inlets.

#![allow(clippy::disallowed_methods, reason = "tests start peers and bound their time")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::net::{IpAddr, Ipv4Addr};

use cordon_inventory::{Devices, Inventory, InventoryOptions, NoStatistics};
use cordon_model::fact::{
    Arp, Certificate, Dhcp, DhcpMessage, Dhcpv6, Dns, DnsKind, DnsRecord, DnsValue, HttpRequest,
    HttpResponse, KeyAlgorithm, Lldp, SynFingerprint, TlsCertificates, UpnpDescription,
};
use cordon_model::operation::ControllerIdentity;
use cordon_model::{App, Device, DeviceType, Fact, Mac, PacketId, Party, Said, Timestamp};

const SERVER: Mac = Mac([0x00, 0x1b, 0x21, 1, 1, 1]);
const PHONE: Mac = Mac([0xda, 0xa1, 0x19, 2, 2, 2]);
const PHONE_AGAIN: Mac = Mac([0x6e, 0x41, 0x07, 3, 3, 3]);

/// Facts in order, one second apart.
struct Net {
    inventory: Inventory,
    number: u64,
}

impl Net {
    fn new() -> Net {
        Net::with(InventoryOptions::default())
    }

    fn with(options: InventoryOptions) -> Net {
        Net { inventory: Inventory::new(options), number: 0 }
    }

    fn say(&mut self, from: Party, to: Party, said: Said) {
        self.number += 1;
        let nanos = i64::try_from(self.number).unwrap() * 1_000_000_000;
        self.inventory.fact(&Fact {
            at: Timestamp::from_nanos(nanos),
            packet: PacketId { input: 0, number: self.number },
            flow: None,
            vlan: None,
            from,
            to,
            said,
        });
    }

    fn arp(&mut self, mac: Mac, ip: [u8; 4], target: [u8; 4], reply: bool) {
        let arp = Arp {
            reply,
            sender_mac: mac,
            sender_ip: Ipv4Addr::from(ip),
            target_ip: Ipv4Addr::from(target),
        };
        self.say(party(mac, ip), Party::default(), Said::Arp(arp));
    }

    fn dhcp(&mut self, mac: Mac, ip: [u8; 4], hostname: &str, class: &str) {
        for message in [DhcpMessage::Request, DhcpMessage::Ack] {
            let asks = message == DhcpMessage::Request;
            let dhcp = Dhcp {
                message,
                client: Some(mac),
                client_ip: None,
                your_ip: (!asks).then(|| Ipv4Addr::from(ip)),
                requested_ip: None,
                server_id: Some(Ipv4Addr::new(192, 168, 1, 1)),
                routers: Vec::new(),
                resolvers: Vec::new(),
                hostname: asks.then(|| hostname.into()),
                vendor_class: (asks && !class.is_empty()).then(|| class.into()),
                user_class: None,
                parameters: Vec::new(),
                options: Vec::new(),
                max_size: None,
                client_id: Vec::new(),
                mud_url: None,
            };
            let from = if asks {
                Party { mac: Some(mac), ip: Some(Ipv4Addr::UNSPECIFIED.into()), port: Some(68) }
            } else {
                party(SERVER, [192, 168, 1, 1])
            };
            self.say(from, Party::default(), Said::Dhcp(Box::new(dhcp)));
        }
    }

    fn devices(self) -> Devices {
        self.inventory.finish(&NoStatistics)
    }
}

fn party(mac: Mac, ip: [u8; 4]) -> Party {
    Party { mac: Some(mac), ip: Some(IpAddr::from(ip)), port: None }
}

fn of(devices: &Devices, mac: Mac) -> &Device {
    devices.devices.iter().find(|device| device.macs.contains(&mac)).unwrap()
}

fn agent(text: &str) -> Said {
    Said::HttpRequest(Box::new(HttpRequest {
        method: "GET".into(),
        path: "/".into(),
        user_agent: Some(text.into()),
        ..HttpRequest::default()
    }))
}

#[test]
fn a_device_is_known_by_the_mud_url_that_each_source_said_last() {
    use cordon_model::MudSource::{self, Dhcp as InDhcp, Lldp as InLldp};
    let mut net = Net::new();
    let named = |url: &str| {
        Said::Dhcp(Box::new(Dhcp {
            message: DhcpMessage::Request,
            client: Some(PHONE),
            client_ip: None,
            your_ip: None,
            requested_ip: None,
            server_id: None,
            routers: Vec::new(),
            resolvers: Vec::new(),
            hostname: None,
            vendor_class: None,
            user_class: None,
            parameters: Vec::new(),
            options: vec![53, 161],
            max_size: None,
            client_id: Vec::new(),
            mud_url: Some(url.into()),
        }))
    };
    let phone = party(PHONE, [0, 0, 0, 0]);
    for url in ["https://a.example/1", "https://a.example/2", "https://a.example/1"] {
        net.say(phone, Party::default(), named(url));
    }
    let certificate = Certificate {
        subject: "CN=phone".into(),
        common_name: None,
        organisation: None,
        issuer: "CN=maker".into(),
        names: Vec::new(),
        not_before: Timestamp::default(),
        not_after: Timestamp::default(),
        key: KeyAlgorithm::Ec,
        key_bits: 256,
        signature: "".into(),
        self_signed: false,
        sha256: [1; 32],
        key_sha256: [2; 32],
        mud_url: Some("https://d.example/".into()),
    };
    let here = party(PHONE, [192, 168, 1, 30]);
    let chain = TlsCertificates { chain: vec![certificate] };
    net.say(here, party(SERVER, [192, 168, 1, 1]), Said::Certificates(Box::new(chain)));
    let six = Dhcpv6 {
        message: 1,
        duid: Vec::new(),
        duid_mac: None,
        fqdn: None,
        vendor_class: None,
        parameters: Vec::new(),
        addresses: Vec::new(),
        mud_url: Some("https://c.example/".into()),
    };
    let local = Party { mac: Some(PHONE), ip: "fe80::1".parse().ok(), port: Some(546) };
    net.say(local, Party::default(), Said::Dhcpv6(Box::new(six)));
    let lldp = Lldp { mud_url: Some("https://b.example/".into()), ..Lldp::default() };
    net.say(phone, Party::default(), Said::Lldp(Box::new(lldp)));
    let devices = net.devices();
    let mud: Vec<_> = of(&devices, PHONE)
        .mud
        .iter()
        .map(|one| (one.url.as_str(), one.source, one.packet.number))
        .collect();
    assert_eq!(
        mud,
        [
            ("https://b.example/", InLldp, 6),
            ("https://c.example/", MudSource::Dhcpv6, 5),
            ("https://d.example/", MudSource::Certificate, 4),
            ("https://a.example/1", InDhcp, 3)
        ],
        "who goes back to an earlier URL says that one now"
    );
}

#[test]
fn arp_for_hosts_that_are_not_there_makes_no_devices() {
    let mut net = Net::new();
    for host in 2..250 {
        net.arp(SERVER, [192, 168, 1, 1], [192, 168, 1, host], false);
    }
    assert_eq!(net.devices().devices.len(), 1);
}

#[test]
fn a_scan_of_65_thousand_addresses_makes_no_devices() {
    let mut net = Net::new();
    net.arp(SERVER, [192, 168, 1, 9], [192, 168, 1, 1], false);
    for host in 0..=u16::MAX {
        let [high, low] = host.to_be_bytes();
        let syn = SynFingerprint {
            ack: false,
            ttl: 64,
            window: 1024,
            mss: Some(1460),
            scale: None,
            options: "mss".into(),
        };
        let target = party(Mac([0, 0x1b, 0x21, 9, 9, 9]), [10, 9, high, low]);
        net.say(party(SERVER, [192, 168, 1, 9]), target, Said::Syn(syn));
    }
    let devices = net.devices();
    assert_eq!(devices.devices.len(), 1, "only the scanner spoke");
    assert_eq!(devices.left_out, 0);
}

#[test]
fn forged_sources_fill_no_more_than_the_memory_they_are_given() {
    let mut net = Net::with(InventoryOptions { most_devices: 500, ..InventoryOptions::default() });
    for number in 0..20_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        net.arp(Mac([2, 0, 0, a, b, c]), [10, a, b, c], [10, 0, 0, 1], false);
    }
    let devices = net.devices();
    assert!(devices.devices.len() <= 500, "{}", devices.devices.len());
    assert!(devices.left_out > 0, "what found no room is counted");
}

#[test]
fn twenty_thousand_devices_are_told_apart_in_seconds() {
    let mut net = Net::new();
    for number in 0..20_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        net.dhcp(Mac([0x50, 0xc7, 0xbf, a, b, c]), [10, a, b, c], "HS110(EU)", "udhcp 0.9.9-pre");
    }
    let begun = std::time::Instant::now();
    let devices = net.devices();
    assert!(devices.devices.len() >= 20_000, "{}", devices.devices.len());
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn a_phone_that_changes_its_made_up_address_stays_one_device_without_a_vendor_of_its_address() {
    let mut net = Net::new();
    net.dhcp(PHONE, [192, 168, 1, 20], "Annas-iPhone", "");
    net.dhcp(PHONE_AGAIN, [192, 168, 1, 21], "Annas-iPhone", "");
    let devices = net.devices();
    let phone = of(&devices, PHONE);
    assert!(phone.macs.contains(&PHONE_AGAIN), "{:?}", phone.macs);
    assert!(phone.random_mac);
    assert_eq!(phone.kind.as_ref().unwrap().value, DeviceType::Phone);
    let reasons = phone.vendor.iter().flat_map(|vendor| &vendor.reasons);
    assert!(reasons.into_iter().all(|reason| reason.source != "oui"));
}

#[test]
fn two_plugs_of_one_product_stay_two() {
    let (one, two) = (Mac([0x50, 0xc7, 0xbf, 0, 0, 1]), Mac([0x50, 0xc7, 0xbf, 0, 0, 2]));
    let mut net = Net::new();
    net.dhcp(one, [192, 168, 1, 31], "HS110(EU)", "udhcp 0.9.9-pre");
    net.dhcp(two, [192, 168, 1, 32], "HS110(EU)", "udhcp 0.9.9-pre");
    let devices = net.devices();
    assert_ne!(of(&devices, one).id, of(&devices, two).id);
    for mac in [one, two] {
        let plug = of(&devices, mac);
        assert_eq!(plug.model.as_ref().unwrap().value, "HS110");
        assert_eq!(plug.vendor.as_ref().unwrap().value, "TP-Link");
        assert_eq!(plug.kind.as_ref().unwrap().value, DeviceType::Plug);
        assert!(plug.model.as_ref().unwrap().confidence >= 0.9);
    }
}

#[test]
fn a_new_lease_is_another_address_of_the_same_device() {
    let mut net = Net::new();
    let mac = Mac([0x50, 0xc7, 0xbf, 0, 0, 1]);
    net.dhcp(mac, [192, 168, 1, 31], "HS100(EU)", "");
    net.dhcp(mac, [192, 168, 1, 77], "HS100(EU)", "");
    let devices = net.devices();
    assert_eq!(of(&devices, mac).ips.len(), 2);
}

#[test]
fn a_router_is_told_from_the_public_addresses_behind_it_and_these_are_no_devices() {
    let router = Mac([0x08, 0x55, 0x31, 1, 2, 3]);
    let mut net = Net::new();
    net.arp(router, [192, 168, 1, 1], [192, 168, 1, 9], true);
    for last in 1..20 {
        let server = party(router, [93, 184, 216, last]);
        let response =
            HttpResponse { status: 200, server: Some("nginx".into()), ..HttpResponse::default() };
        net.say(server, party(PHONE, [192, 168, 1, 9]), Said::HttpResponse(Box::new(response)));
    }
    let devices = net.devices();
    let router = of(&devices, router);
    assert!(router.routes);
    assert_eq!(router.ips, [IpAddr::from([192, 168, 1, 1])]);
    assert_eq!(router.kind.as_ref().unwrap().value, DeviceType::Router);
    assert!(
        devices.devices.iter().all(|device| !device.ips.contains(&IpAddr::from([93, 184, 216, 3])))
    );
}

#[test]
fn routed_devices_name_the_router_as_parent() {
    let router = Mac([0x08, 0x55, 0x31, 1, 2, 3]);
    let mut net = Net::new();
    net.arp(router, [192, 168, 1, 1], [192, 168, 1, 9], true);
    for last in 1..20 {
        let identity = ControllerIdentity {
            vendor: Some("Siemens".into()),
            model: Some("6ES7 315-2EH14-0AB0".into()),
            ..ControllerIdentity::default()
        };
        let said = Said::Controller { app: App::S7comm, identity: Box::new(identity) };
        net.say(party(router, [10, 20, 0, last]), party(SERVER, [192, 168, 1, 9]), said);
    }
    let devices = net.devices();
    let parent = of(&devices, router).id.clone();
    let plc =
        devices.devices.iter().find(|d| d.ips.contains(&IpAddr::from([10, 20, 0, 7]))).unwrap();
    assert_eq!(plc.parent.as_ref(), Some(&parent));
    assert_eq!(plc.kind.as_ref().unwrap().value, DeviceType::Plc);
    assert_eq!(plc.vendor.as_ref().unwrap().value, "Siemens");
    assert!(plc.macs.is_empty(), "the router's address is not the controller's");
}

#[test]
fn the_shared_address_of_two_routers_is_a_router_of_its_own() {
    for (mac, words) in [
        (Mac([0, 0, 0x5e, 0, 1, 7]), "VRRP group 7"),
        (Mac([0, 0, 0x0c, 7, 0xac, 3]), "HSRP group 3"),
    ] {
        let mut net = Net::new();
        net.arp(mac, [192, 168, 1, 254], [192, 168, 1, 9], true);
        let devices = net.devices();
        let router = of(&devices, mac);
        assert!(router.routes);
        let kind = router.kind.as_ref().unwrap();
        assert_eq!(kind.value, DeviceType::Router);
        assert!(kind.reasons.iter().any(|reason| reason.says.contains(words)), "{kind:?}");
        assert!(router.vendor.is_none());
    }
}

#[test]
fn lights_behind_a_hub_are_its_children() {
    let bridge = Mac([0xec, 0xb5, 0xfa, 1, 2, 3]);
    let mut net = Net::new();
    net.arp(bridge, [192, 168, 1, 5], [192, 168, 1, 9], true);
    for path in ["/api/x1/lights/3/state", "/api/x1/lights/4/state", "/api/x1/lights/3"] {
        let request =
            HttpRequest { method: "PUT".into(), path: path.into(), ..HttpRequest::default() };
        let said = Said::HttpRequest(Box::new(request));
        net.say(party(PHONE, [192, 168, 1, 9]), party(bridge, [192, 168, 1, 5]), said);
    }
    let devices = net.devices();
    let hub = of(&devices, bridge).id.clone();
    let children = devices.devices.iter().filter(|device| device.parent.as_ref() == Some(&hub));
    assert_eq!(children.count(), 2);
}

#[test]
fn without_link_addresses_local_addresses_are_devices_and_public_ones_are_not() {
    let mut net = Net::new();
    let bare = |ip: [u8; 4]| Party { mac: None, ip: Some(IpAddr::from(ip)), port: None };
    net.say(bare([10, 0, 0, 5]), bare([93, 184, 216, 34]), agent("Roku/DVP-9.10"));
    let response =
        HttpResponse { status: 200, server: Some("ECS".into()), ..HttpResponse::default() };
    net.say(bare([93, 184, 216, 34]), bare([10, 0, 0, 5]), Said::HttpResponse(Box::new(response)));
    let devices = net.devices();
    assert_eq!(devices.devices.len(), 1);
    assert_eq!(devices.devices[0].ips, [IpAddr::from([10, 0, 0, 5])]);
    assert_eq!(devices.devices[0].vendor.as_ref().unwrap().value, "Roku");
}

#[test]
fn a_user_agent_is_about_the_client_and_never_about_the_server() {
    let camera = Mac([0xb0, 0xc5, 0x54, 1, 2, 3]);
    let mut net = Net::new();
    net.arp(camera, [192, 168, 1, 40], [192, 168, 1, 9], true);
    net.say(
        party(PHONE, [192, 168, 1, 9]),
        party(camera, [192, 168, 1, 40]),
        agent("Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X)"),
    );
    let devices = net.devices();
    let kind = |mac| of(&devices, mac).kind.as_ref().map(|kind| kind.value);
    assert_eq!(kind(PHONE), Some(DeviceType::Phone));
    assert_ne!(kind(camera), Some(DeviceType::Phone));
    assert!(of(&devices, camera).os.is_none());
}

#[test]
fn a_name_that_somebody_else_announces_is_not_believed() {
    let mut net = Net::new();
    let (liar, printer) = (Mac([0, 0x1b, 0x21, 4, 4, 4]), Mac([0xb0, 0x5c, 0xda, 5, 5, 5]));
    net.arp(liar, [192, 168, 1, 66], [192, 168, 1, 1], true);
    net.arp(printer, [192, 168, 1, 41], [192, 168, 1, 1], true);
    let record = DnsRecord {
        name: "Front-Desk.local".into(),
        rtype: 1,
        ttl: 120,
        value: DnsValue::Address(IpAddr::from([192, 168, 1, 41])),
    };
    let dns = Dns {
        kind: DnsKind::Mdns,
        response: true,
        rcode: 0,
        questions: Vec::new(),
        records: vec![record],
        left_out: 0,
    };
    net.say(party(liar, [192, 168, 1, 66]), Party::default(), Said::Dns(Box::new(dns)));
    let devices = net.devices();
    assert!(of(&devices, liar).name.is_none(), "it spoke of another");
}

#[test]
fn strings_that_disagree_are_not_certain() {
    let mac = Mac([0x02, 1, 2, 3, 4, 5]);
    let mut net = Net::new();
    let upnp =
        UpnpDescription { manufacturer: Some("Sonos, Inc.".into()), ..UpnpDescription::default() };
    net.say(party(mac, [10, 0, 0, 4]), Party::default(), Said::Upnp(Box::new(upnp)));
    net.dhcp(mac, [10, 0, 0, 4], "x", "ubnt");
    let devices = net.devices();
    let vendor = of(&devices, mac).vendor.as_ref().unwrap();
    assert!(vendor.confidence < 0.9, "{vendor:?}");
}

#[test]
fn the_order_of_packets_does_not_change_ids() {
    let hosts: Vec<([u8; 4], Mac)> =
        (1..9).map(|n| ([192, 168, 1, n], Mac([0x50, 0xc7, 0xbf, 0, 0, n]))).collect();
    let ids = |order: &mut dyn Iterator<Item = &([u8; 4], Mac)>| {
        let mut net = Net::new();
        for (ip, mac) in order {
            net.arp(*mac, *ip, [192, 168, 1, 1], false);
        }
        net.devices().devices.into_iter().map(|device| device.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut hosts.iter()), ids(&mut hosts.iter().rev()));
}
