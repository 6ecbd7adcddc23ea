//! The clinic's day: 300 devices, in order, in bounded memory, repeatable.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use cordon_lab::{Frame, Frames, PcapWriter, Player, Site, clinic_300, demo, pcap, write};
use cordon_model::{LinkType, Mac};

/// Frames that may be in memory at a time: the busiest quarter of an hour and some room.
const MOST_HELD: usize = 60_000;

#[test]
fn the_clinic_has_300_devices_that_all_differ() {
    let site = clinic_300().unwrap();
    let devices: Vec<_> = site.devices.iter().filter(|d| d.expect.is_some()).collect();
    assert_eq!(devices.len(), 300);
    let macs: BTreeSet<Mac> = site.devices.iter().filter_map(|d| d.mac).collect();
    let inside = site.devices.iter().filter(|d| d.network.is_some()).count();
    assert_eq!(macs.len(), inside, "two devices have the same link-layer address");
    let ips: BTreeSet<_> = site.devices.iter().map(|d| d.ip).collect();
    assert_eq!(ips.len(), site.devices.len(), "two devices have the same address");
    let networks: BTreeSet<_> = site.devices.iter().filter_map(|d| d.network.as_ref()).collect();
    assert_eq!(networks.len(), 10);
}

#[test]
fn a_day_has_all_devices_and_a_rhythm_and_fits_in_little_memory() {
    let site = clinic_300().unwrap();
    let mut frames = Frames::new(&site, 1).unwrap();
    let (mut hours, mut last) = (BTreeMap::<i64, u64>::new(), site.start);
    let mut speakers = BTreeSet::new();
    while let Some(frame) = frames.next() {
        let frame = frame.unwrap();
        assert!(frame.at >= last, "time ran backwards at {}", frame.at);
        assert!(frames.held() < MOST_HELD);
        last = frame.at;
        *hours.entry((frame.at.secs() - site.start.secs()) / 3600).or_default() += 1;
        if speakers.len() < 305 || frames.held().is_multiple_of(4) {
            speakers.insert(frame.bytes[6..12].to_vec());
        }
    }
    for device in site.devices.iter().filter(|device| device.expect.is_some()) {
        let mac = device.mac.unwrap();
        assert!(speakers.contains(mac.0.as_slice()), "{} is silent", device.name);
    }
    let total: u64 = hours.values().sum();
    assert!((1_000_000..3_500_000).contains(&total), "{total} packets");
    assert!(hours[&10] > 2 * hours[&3], "no rhythm: {hours:?}");
    assert!(*hours.last_key_value().unwrap().0 <= 24, "{hours:?}");
}

#[test]
fn a_stream_is_what_is_written_at_once() {
    let site = demo().unwrap();
    let streamed: Vec<Frame> = Frames::new(&site, 3).unwrap().map(Result::unwrap).collect();
    let captures = write(&site, 3).unwrap();
    assert_eq!(streamed, captures[0].frames);
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    pcap(&captures[0], &mut whole).unwrap();
    let mut file = PcapWriter::new(&mut pieces, LinkType::ETHERNET).unwrap();
    streamed.iter().for_each(|frame| file.write(frame).unwrap());
    assert_eq!(whole, pieces);
}

#[test]
fn a_player_says_when_each_frame_is_due() {
    let site = demo().unwrap();
    let frames: Vec<Frame> = Frames::new(&site, 1).unwrap().map(Result::unwrap).collect();
    let plain: Vec<_> = Player::new(&site, 1).unwrap().map(Result::unwrap).collect();
    assert_eq!(plain.len(), frames.len());
    assert!(plain.iter().all(|(due, frame)| site.start.plus(*due) == frame.at));
    let (later, ten) = (Duration::from_secs(120), NonZeroU32::new(10).unwrap());
    let player = Player::new(&site, 1).unwrap().from(later).speed(ten);
    let fast: Vec<_> = player.map(Result::unwrap).collect();
    let rest: Vec<&Frame> = frames.iter().filter(|f| f.at >= site.start.plus(later)).collect();
    assert!(!rest.is_empty() && rest.len() < frames.len());
    assert_eq!(fast.iter().map(|(_, frame)| frame).collect::<Vec<_>>(), rest);
    assert!(fast.iter().all(|(due, f)| *due == f.at.since(site.start.plus(later)) / 10));
}

/// A site of a router and three pumps with one row of activity.
fn pumps(activity: &str) -> Result<Site, String> {
    let text = format!(
        r#"
name = "pumps"
start = "2026-01-01T00:00:00Z"
[[network]]
name = "lan"
prefix = 24
router = "router"
dns = "router"
dhcp = "router"
domain = "lan"
[[rhythm]]
name = "noon"
percent = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
[[stack]]
name = "linux"
ttl = 64
window = 64240
options = ["mss"]
[[device]]
name = "router"
network = "lan"
mac = "02:00:00:00:00:01"
ip = "10.0.0.1"
[[device]]
name = "pump"
count = 3
network = "lan"
mac = "02:00:01:{{n:mac}}"
ip = "10.0.0.{{n+10}}"
[[planted]]
device = "pump-*"
kind = "telnet-service"
note = "all of them"
[[activity]]
{activity}
"#
    );
    Site::parse(&text).map_err(|error| error.to_string())
}

#[test]
fn a_pattern_means_every_device_and_a_rhythm_leaves_hours_out() {
    let site = pumps(
        "at = \"0s\"\nact = \"arp-announce\"\nfrom = \"pump-*\"\nevery = \"30m\"\nuntil = \"24h\"\n\
            rhythm = \"noon\"\njitter = \"10m\"",
    )
    .unwrap();
    assert_eq!(site.planted.len(), 3);
    let hours: BTreeSet<i64> = Frames::new(&site, 1)
        .unwrap()
        .map(|frame| (frame.unwrap().at.secs() - site.start.secs()) / 3600)
        .collect();
    assert_eq!(hours, [12].into());
    let who: BTreeSet<Vec<u8>> =
        Frames::new(&site, 1).unwrap().map(|f| f.unwrap().bytes[6..12].to_vec()).collect();
    assert_eq!(who.len(), 3);
}

#[test]
fn a_wrong_repetition_names_the_mistake() {
    let cases = [
        ("at = \"0s\"\nact = \"arp-announce\"\nfrom = \"pmup-*\"", "pmup-*"),
        ("at = \"0s\"\nact = \"ping\"\nfrom = \"pump-*\"\nto = \"ruoter-*\"", "ruoter-*"),
        ("at = \"0s\"\nact = \"lldp\"\nfrom = \"pump-1\"\nuntil = \"1h\"", "`until` needs `every`"),
        (
            "at = \"0s\"\nact = \"lldp\"\nfrom = \"pump-1\"\nevery = \"1m\"\nuntil = \"1h\"\ntimes = 3",
            "not both",
        ),
        ("at = \"0s\"\nact = \"lldp\"\nfrom = \"pump-1\"\nrhythm = \"tango\"", "tango"),
        (
            "at = \"0s\"\nact = \"lldp\"\nfrom = \"pump-1\"\nevery = \"1m\"\njitter = \"2m\"",
            "`jitter`",
        ),
    ];
    for (activity, mistake) in cases {
        let says = pumps(activity).unwrap_err();
        assert!(says.starts_with("activity 1 (") && says.contains(mistake), "{says}");
    }
}

#[test]
fn an_error_ends_the_stream() {
    let site = pumps("at = \"0s\"\nact = \"ssh\"\nfrom = \"pump-*\"\nto = \"router\"").unwrap();
    let results: Vec<_> = Frames::new(&site, 1).unwrap().collect();
    assert_eq!(results.len(), 1);
    assert!(results[0].as_ref().unwrap_err().to_string().contains("`ssh` table"));
}
