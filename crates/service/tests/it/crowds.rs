//! More of everything than anybody has: devices, names, hostile strings; a store that refuses.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_lab::Frame;
use cordon_model::Timestamp;
use cordon_service::Site;
use cordon_service::clock::Clock;
use cordon_service::view::{DeviceQuery, FindingQuery};

use crate::scene::{How, Running, TestClock, frames, root, to_now, until};

/// A request of an address by a device of this number and with this name (DHCP, RFC 2131).
fn dhcp(mac: [u8; 6], name: &[u8], at: Timestamp) -> Frame {
    let mut dhcp = vec![1, 1, 6, 0, 0, 0, 0, 9, 0, 0, 0, 0];
    dhcp.extend([0; 16]);
    dhcp.extend(mac);
    dhcp.extend([0; 202]);
    dhcp.extend([99, 130, 83, 99, 53, 1, 3, 12, name.len() as u8]);
    dhcp.extend(name);
    dhcp.push(255);
    let mut udp = vec![0, 68, 0, 67];
    udp.extend(((dhcp.len() + 8) as u16).to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(dhcp);
    let mut bytes = vec![255; 6];
    bytes.extend(mac);
    bytes.extend([8, 0, 0x45, 0]);
    bytes.extend(((udp.len() + 20) as u16).to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    bytes.extend(Ipv4Addr::UNSPECIFIED.octets());
    bytes.extend(Ipv4Addr::BROADCAST.octets());
    bytes.extend(udp);
    Frame { at, bytes }
}

fn mac(number: u32) -> [u8; 6] {
    let [_, a, b, c] = number.to_be_bytes();
    [0x00, 0x1b, 0x1b, a, b, c]
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap().to_owned();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_hundred_thousand_forged_devices_are_bounded_and_pages_still_answer() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let how = How { most_devices: 4096, ..How::default() };
    let mut site = Running::begin(folder.path(), &clock, how);
    let (before, now) = (resident(), clock.now());
    for thousand in 0..100 {
        let some: Vec<Frame> =
            (0..1000).map(|number| dhcp(mac(thousand * 1000 + number), b"forged", now)).collect();
        site.play(&some, 0);
    }
    drop(site.outlet.take());
    until("devices", || site.devices().len() > 1000);
    site.settle();
    let count = site.devices().len();
    assert!(count <= 4096, "{count} devices");
    let grown = resident().saturating_sub(before);
    assert!(grown < 300, "{grown} MiB more");
    let begun = Instant::now();
    let query = DeviceQuery { q: Some("forged".to_owned()), ..Default::default() };
    site.engine.devices(&root(), &query).unwrap();
    site.engine.today(&root()).unwrap();
    site.engine.map(&root()).unwrap();
    site.engine.device_groups(&root()).unwrap();
    site.engine.findings(&root(), &FindingQuery::default()).unwrap();
    // Tests are not optimised: ten times slower than what is served.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    site.end();
}

#[test]
fn more_devices_at_once_than_a_transaction_takes_are_written_all_the_same() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let how = How { most_devices: 30_000, ..How::default() };
    let mut site = Running::begin(folder.path(), &clock, how);
    let now = clock.now();
    let all: Vec<Frame> = (0..12_000).map(|number| dhcp(mac(number), b"forged", now)).collect();
    site.play(&all, 0);
    drop(site.outlet.take());
    until("devices", || site.devices().len() > 11_000);
    assert_eq!(site.check("database").unwrap().verdict, "good");
    let count = site.devices().len();
    site.end();
    let site = Running::begin(folder.path(), &clock, how);
    assert_eq!(site.devices().len(), count);
    site.end();
}

#[test]
fn ten_thousand_names_of_one_device_and_hostile_ones_stay_bounded_text() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How::default());
    let now = clock.now();
    let hostile: [&[u8]; 6] = [
        b"\x1b[2J\x07",
        b"<img src=x onerror=alert(1)>",
        b"'; drop table device; --",
        "\u{202e}\u{200b}\u{feff}".as_bytes(),
        b"\xff\xfe\x00\x00",
        &[b'A'; 255],
    ];
    for number in 0..10_000_u32 {
        let at = now.plus(Duration::from_millis(u64::from(number)));
        let name = format!("name-{number}");
        site.play(&[dhcp(mac(1), name.as_bytes(), at)], 0);
        let odd = hostile[number as usize % hostile.len()];
        site.play(&[dhcp(mac(2 + number % 6), odd, at)], 0);
    }
    drop(site.outlet.take());
    site.settle();
    for row in site.devices() {
        let device = site.runtime.block_on(site.engine.device(&root(), &row.id)).unwrap();
        assert!(device.names.len() <= 128, "{} names", device.names.len());
        let shown = serde_json::to_string(&device).unwrap();
        assert!(shown.len() < 200_000, "{} bytes", shown.len());
        // What a packet said is kept as it was said; surfaces escape it.
        for text in device.names.iter().map(|name| &name.value).chain([&row.label]) {
            assert!(text.chars().count() <= 255, "{} characters", text.chars().count());
        }
    }
    site.end();
}

#[test]
fn a_device_that_flaps_is_one_device() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How { live: true, ..How::default() });
    site.play(frames(), to_now(&clock));
    site.settle();
    let known = site.devices().len();
    let told = |site: &Running| {
        let page = site.runtime.block_on(site.engine.timeline(&root(), None, None, 500)).unwrap();
        assert!(page.next.is_none(), "more than a page of events");
        page.items.len()
    };
    let before = told(&site);
    for _ in 0..20 {
        clock.pass(Duration::from_secs(1800));
        until("nobody is heard", || site.devices().iter().all(|device| !device.online));
        site.play(&frames()[frames().len() - 200..], to_now(&clock));
        until("somebody is back", || site.devices().iter().any(|device| device.online));
    }
    assert_eq!(site.devices().len(), known);
    let after = told(&site);
    assert!(after <= before + 20, "{before} events became {after}");
    site.end();
}

#[test]
fn what_a_full_store_refuses_is_said_on_health_and_written_when_there_is_room() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How::default());
    site.play(&frames()[..50], to_now(&clock));
    until("a first device", || !site.devices().is_empty());
    site.runtime.block_on(site.full(true));
    site.play(frames(), to_now(&clock));
    // The recording ends while nothing can be written.
    drop(site.outlet.take());
    until("Health says so", || site.check("database").unwrap().verdict == "bad");
    assert!(site.check("database").unwrap().says.contains("full"));
    let few = site.devices().len();
    site.runtime.block_on(site.full(false));
    until("the rest is written", || site.devices().len() > few);
    until("Health is good", || site.check("database").unwrap().verdict == "good");
    site.end();
}
