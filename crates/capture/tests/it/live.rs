//! Live capture, in a network namespace of its own.

use std::{
    net::UdpSocket,
    process::Command,
    time::{Duration, Instant},
};

use cordon_capture::{
    CaptureError, LiveOptions, LiveSource, Next, RawSocket,
    live::{clock_is_synchronised, link_state},
};
use cordon_model::LinkType;

const CHILD: &str = "CORDON_TEST_IN_NAMESPACE";

/// Runs a test of this module again, as root in a fresh network namespace; true within it.
fn in_namespace(test: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let possible = Command::new("unshare").args(["-n", "ip", "link", "show"]).output();
    if !possible.is_ok_and(|out| out.status.success()) {
        println!("skipped: needs root, unshare and ip");
        return false;
    }
    let status = Command::new("unshare")
        .arg("-n")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("live::{test}"), "--nocapture"])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success());
    false
}

fn ip(arguments: &str) -> String {
    let out = Command::new("ip").args(arguments.split_whitespace()).output().unwrap();
    assert!(out.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// A pair of interfaces, `ear` and `mouth`, that say nothing of their own accord; `mouth` has a
/// neighbour 10.9.0.2.
fn pair() {
    ip("link add ear type veth peer name mouth");
    for name in ["ear", "mouth"] {
        ip(&format!("link set {name} addrgenmode none"));
        ip(&format!("link set {name} up"));
    }
    address("mouth", "10.9.0");
}

fn address(name: &str, net: &str) {
    ip(&format!("addr add {net}.1/24 dev {name}"));
    ip(&format!("neigh add {net}.2 lladdr 02:00:00:00:00:02 dev {name}"));
}

fn say(to: &str, size: usize, times: usize) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    for _ in 0..times {
        socket.send_to(&vec![0x5a; size], (to, 9)).unwrap();
    }
}

/// Takes packets until `enough`, or three seconds.
fn hear(source: &mut LiveSource, enough: usize) -> Vec<(LinkType, u32, Vec<u8>)> {
    let mut heard = Vec::new();
    let begin = Instant::now();
    while heard.len() < enough && begin.elapsed() < Duration::from_secs(3) {
        if let Next::Packets(mut batch) = source.next_batch(Duration::from_millis(100)).unwrap() {
            while let Some(packet) = batch.next() {
                heard.push((packet.link, packet.wire_len, packet.data.to_vec()));
            }
        }
    }
    heard
}

#[test]
fn an_interface_is_heard_and_nothing_is_sent_on_it() {
    if !in_namespace("an_interface_is_heard_and_nothing_is_sent_on_it") {
        return;
    }
    pair();
    let mut source = LiveSource::open("ear", &LiveOptions::default(), 0).unwrap();
    say("10.9.0.2", 100, 20);
    let heard = hear(&mut source, 20);
    assert_eq!(heard.len(), 20);
    let (link, wire_len, plain) = &heard[0];
    assert_eq!((*link, *wire_len, plain.len()), (LinkType::ETHERNET, 142, 142));
    assert_eq!(plain[..6], [2, 0, 0, 0, 0, 2]);
    assert_eq!(plain[12..14], [0x08, 0x00]);
    let status = source.status();
    assert_eq!((status.packets, status.kernel_drops), (20, Some(0)));
    let known = Duration::from_secs(3600);
    assert!(status.last.unwrap().since(status.first.unwrap()) < known);
    drop(source);
    let counters = ip("-s -j link show ear");
    let sent = counters.split("\"tx\":{").nth(1).unwrap().split('}').next().unwrap();
    assert!(sent.contains("\"packets\":0,"), "{sent}");
}

#[test]
fn a_tag_that_the_kernel_takes_out_is_back_in_the_frame() {
    if !in_namespace("a_tag_that_the_kernel_takes_out_is_back_in_the_frame") {
        return;
    }
    pair();
    let add = "link add link mouth name tagged addrgenmode none type vlan id 5";
    if !Command::new("ip").args(add.split(' ')).output().unwrap().status.success() {
        println!("skipped: this kernel has no VLAN interfaces");
        return;
    }
    ip("link set tagged up");
    address("tagged", "10.9.5");
    let mut source = LiveSource::open("ear", &LiveOptions::default(), 0).unwrap();
    say("10.9.5.2", 100, 1);
    let heard = hear(&mut source, 1);
    let (_, wire_len, tagged) = &heard[0];
    assert_eq!((*wire_len, tagged.len()), (146, 146));
    assert_eq!(tagged[12..18], [0x81, 0x00, 0x00, 0x05, 0x08, 0x00]);
    assert_eq!(tagged[18], 0x45);
}

#[test]
fn a_snap_length_cuts_and_a_full_ring_is_counted() {
    if !in_namespace("a_snap_length_cuts_and_a_full_ring_is_counted") {
        return;
    }
    pair();
    let options = LiveOptions { snaplen: 64, ring_bytes: 0, ..LiveOptions::default() };
    let mut source = LiveSource::open("ear", &options, 0).unwrap();
    say("10.9.0.2", 1_000, 1);
    let heard = hear(&mut source, 1);
    assert_eq!((heard[0].1, heard[0].2.len()), (1_042, 64));
    assert_eq!(source.status().truncated_packets, 1);

    // Two blocks of a mebibyte hold some ten thousand packets; nobody takes them.
    say("10.9.0.2", 1_000, 30_000);
    let heard = hear(&mut source, 30_000);
    let dropped = source.status().kernel_drops.unwrap();
    assert!(dropped > 0 && heard.len() as u64 + dropped == 30_000, "{} {dropped}", heard.len());
}

#[test]
fn a_loopback_interface_shows_each_packet_once() {
    if !in_namespace("a_loopback_interface_shows_each_packet_once") {
        return;
    }
    ip("link set lo up");
    let mut source = LiveSource::open("lo", &LiveOptions::default(), 0).unwrap();
    let _listener = UdpSocket::bind("127.0.0.1:9").unwrap();
    say("127.0.0.1", 10, 3);
    assert_eq!(hear(&mut source, 4).len(), 3);
}

#[test]
fn capture_ends_when_time_is_over_or_the_interface_goes() {
    if !in_namespace("capture_ends_when_time_is_over_or_the_interface_goes") {
        return;
    }
    pair();
    let lasting = Some(Duration::from_millis(200));
    let options = LiveOptions { lasting, ..LiveOptions::default() };
    let mut source = LiveSource::open("ear", &options, 0).unwrap();
    let begin = Instant::now();
    while !matches!(source.next_batch(Duration::from_secs(9)).unwrap(), Next::Over) {}
    assert!((150..2_000).contains(&begin.elapsed().as_millis()));
    assert_eq!(source.status().cut_short, None);

    let mut source = LiveSource::open("ear", &LiveOptions::default(), 0).unwrap();
    ip("link set ear down");
    while !matches!(source.next_batch(Duration::from_secs(9)).unwrap(), Next::Over) {}
    assert!(source.status().cut_short.as_ref().unwrap().contains("stopped giving packets"));
}

/// Gives every right of this thread away, for good.
fn give_up_all_rights() {
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .unwrap();
    assert!(matches!(RawSocket::open("x"), Err(CaptureError::NeedsCapNetRaw { .. })));
}

fn state(source: &mut LiveSource) -> &'static str {
    match source.next_batch(Duration::from_millis(20)).unwrap() {
        Next::Packets(_) => "packets",
        Next::Quiet => "quiet",
        Next::Gone => "gone",
        Next::Over => "over",
    }
}

#[test]
fn an_interface_that_comes_back_is_heard_again_without_any_right() {
    if !in_namespace("an_interface_that_comes_back_is_heard_again_without_any_right") {
        return;
    }
    // `ip` needs the rights that this thread gives up, so another thread keeps them.
    let (ask, asked) = std::sync::mpsc::channel::<fn()>();
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for errand in asked {
            errand();
            done.send(()).unwrap();
        }
    });
    let run = |errand: fn()| {
        ask.send(errand).unwrap();
        is_done.recv().unwrap();
    };

    let options = LiveOptions { wait_for_interface: true, ..LiveOptions::default() };
    let socket = RawSocket::open("ear").unwrap();
    give_up_all_rights();
    let mut source = LiveSource::from_socket(socket, "ear", &options, 0).unwrap();
    assert_eq!(state(&mut source), "gone");

    run(pair);
    run(|| say("10.9.0.2", 100, 5));
    assert_eq!(hear(&mut source, 6).len(), 0, "what came before is not heard");
    run(|| say("10.9.0.2", 100, 5));
    assert_eq!(hear(&mut source, 5).len(), 5);

    run(|| drop(ip("link del ear")));
    assert_eq!((state(&mut source), state(&mut source)), ("gone", "gone"));
    run(pair);
    assert_eq!(state(&mut source), "quiet");
    run(|| say("10.9.0.2", 100, 7));
    assert_eq!(hear(&mut source, 7).len(), 7);
    let promiscuous = ip("-d link show ear");
    assert!(promiscuous.contains("promiscuity 1"), "{promiscuous}");

    run(|| drop(ip("link set ear down")));
    assert_eq!((state(&mut source), state(&mut source)), ("gone", "gone"));
    run(|| drop(ip("link set ear up")));
    assert_eq!(state(&mut source), "quiet");
    run(|| say("10.9.0.2", 100, 3));
    assert_eq!(hear(&mut source, 3).len(), 3);
    assert_eq!((source.status().packets, source.status().kernel_drops), (15, Some(0)));
    assert_eq!(source.status().cut_short, None);
}

#[test]
fn the_state_of_an_interface_is_told() {
    if !in_namespace("the_state_of_an_interface_is_told") {
        return;
    }
    pair();
    // The kernel tells of a carrier a moment later.
    let becomes = |carrier: bool| {
        (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            link_state("ear").unwrap().carrier == carrier
        })
    };
    assert!(becomes(true));
    let ear = link_state("ear").unwrap();
    assert!(ear.up && !ear.loopback, "{ear:?}");
    assert!(ear.joins_packets.is_some());
    ip("link set mouth down");
    assert!(becomes(false));
    let lo = link_state("lo").unwrap();
    assert!(!lo.up && lo.loopback, "{lo:?}");
    for name in ["nosuch0", "", "sixteenletters16", "a\0b"] {
        assert!(link_state(name).is_err(), "{name}");
    }
    // Which of the two depends on the machine; that it answers does not.
    clock_is_synchronised().unwrap();
}

#[test]
fn an_interface_that_is_not_there_names_those_that_are() {
    let error = LiveSource::open("nosuch0", &LiveOptions::default(), 0).err().unwrap();
    assert!(matches!(error, CaptureError::NoSuchInterface { .. }));
    assert!(error.to_string().contains("there is "), "{error}");
    let error = LiveSource::open("with\0zero", &LiveOptions::default(), 0).err().unwrap();
    assert!(matches!(error, CaptureError::NoSuchInterface { .. }));
}

#[test]
fn without_the_right_to_capture_the_remedy_is_named() {
    let Some(name) = cordon_capture::live::interfaces().pop() else {
        println!("skipped: no interface");
        return;
    };
    match LiveSource::open(&name, &LiveOptions::default(), 0) {
        Ok(_) => println!("skipped: this user may capture"),
        Err(error) => assert!(error.to_string().contains("setcap cap_net_raw+ep"), "{error}"),
    }
}
