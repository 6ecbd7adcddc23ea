//! Months pass: what is old makes room, what is there every day stays.

use std::time::Duration;

use cordon_model::record::Address;

use crate::frames::{End, Net, end};

const DAY: Duration = Duration::from_secs(86_400);
const SERVER: End = end([0, 0x1b, 0x21, 2, 2, 2], [10, 0, 0, 9], 23);
const REGULAR: End = end([0, 0x1b, 0x21, 1, 1, 1], [10, 0, 0, 5], 40_000);

fn visitor(number: u32) -> End {
    let [_, b, c, d] = number.to_be_bytes();
    end([0xda, 0x10, 0, b, c, d], [10, 1 + b, c, d], 50_000)
}

#[test]
fn after_a_year_of_passing_visitors_a_new_device_a_new_pair_and_a_new_weakness_are_still_seen() {
    let mut net = Net::new(Some(300));
    let mut number = 0;
    for _ in 0..365 {
        net.arp(REGULAR);
        net.talk(REGULAR, SERVER, b"x", b"login: ");
        for _ in 0..60 {
            number += 1;
            net.arp(visitor(number));
            net.talk(visitor(number), End { port: 21, ..SERVER }, b"USER a\r\n", b"220 ready\r\n");
        }
        net.now += 86_400;
        net.tick();
        net.pipeline.forget(net.at(), DAY * 30, DAY);
    }
    assert!(net.tap.flows.len() > 21_900);
    net.tap.flows.clear();
    // 21,900 visitors passed; the tables here hold 8,000 link addresses and 20,000 pairs.
    let newcomer = end([0, 0x1b, 0x21, 9, 9, 9], [10, 0, 0, 77], 41_000);
    net.arp(newcomer);
    net.talk(
        newcomer,
        End { mac: [0, 0x1b, 0x21, 8, 8, 8], ip: [10, 0, 0, 78], port: 23 },
        &[b'x'; 400],
        b"login: ",
    );
    net.now += 120;
    net.tick();
    let seen = net.pipeline.conclude();
    assert_eq!(seen.devices.left_out, 0);
    assert!(seen.devices.devices.len() < 10_000, "{}", seen.devices.devices.len());
    let has =
        |ip: &str| seen.devices.devices.iter().any(|one| one.ips.contains(&ip.parse().unwrap()));
    assert!(has("10.0.0.77") && has("10.0.0.78") && has("10.0.0.5") && has("10.0.0.9"));
    let id =
        seen.devices.devices.iter().find(|one| one.ips.contains(&"10.0.0.78".parse().unwrap()));
    let id = id.map(|one| one.id.clone());
    assert!(
        seen.talks
            .iter()
            .any(|talk| Some(&talk.to) == id.as_ref().map(|id| id.0.to_string()).as_ref())
    );
    let telnet: Vec<_> =
        seen.findings.iter().filter(|one| one.kind.name() == "telnet-service").collect();
    assert!(telnet.iter().any(|one| one.device == id), "the new one");
    assert!(telnet.len() >= 2, "and the old one, which is used every day");
}

#[test]
fn an_address_that_a_device_gave_up_is_forgotten_and_its_times_tell_until_when_it_had_it() {
    let mut net = Net::new(Some(300));
    let old_ip = end(REGULAR.mac, [10, 0, 0, 50], 40_000);
    net.arp(old_ip);
    let left = net.at();
    for _ in 0..10 {
        net.now += 86_400;
        net.arp(REGULAR);
        net.pipeline.forget(net.at(), DAY * 30, DAY);
    }
    let devices = net.pipeline.conclude().devices;
    let spans = &devices.addresses[0];
    let of = |ip: [u8; 4]| spans.iter().find(|span| span.value == Address::Ip(ip.into()));
    assert_eq!(of(old_ip.ip).map(|span| span.last), Some(left));
    assert_eq!(of(REGULAR.ip).map(|span| span.last), Some(net.at()));
    for _ in 0..25 {
        net.now += 86_400;
        net.arp(REGULAR);
        net.pipeline.forget(net.at(), DAY * 30, DAY);
    }
    let devices = net.pipeline.conclude().devices;
    assert_eq!(devices.devices[0].ips, [std::net::IpAddr::from(REGULAR.ip)]);
}

#[test]
fn a_new_host_name_replaces_the_old_one_and_a_repeated_one_stays() {
    let mut net = Net::new(Some(300));
    net.dhcp(REGULAR, "boiler-old");
    let name = |net: &Net| {
        let devices = net.pipeline.conclude().devices.devices;
        devices[0].name.as_ref().map(|claim| claim.value.to_string())
    };
    assert_eq!(name(&net).as_deref(), Some("boiler-old"));
    for _ in 0..60 {
        net.now += 86_400 / 2;
        net.dhcp(REGULAR, "boiler-new");
        net.pipeline.forget(net.at(), DAY * 30, DAY);
    }
    assert_eq!(name(&net).as_deref(), Some("boiler-new"));
    for _ in 0..120 {
        net.now += 86_400 / 2;
        net.dhcp(REGULAR, "boiler-new");
        net.pipeline.forget(net.at(), DAY * 30, DAY);
    }
    assert_eq!(name(&net).as_deref(), Some("boiler-new"));
}
