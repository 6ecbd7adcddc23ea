//! Conclusions in the middle, flows in parts, and a listener.

use crate::frames::{End, Net, end};

const CLIENT: End = end([0, 0x1b, 0x21, 1, 1, 1], [10, 0, 0, 5], 40_000);
const SERVER: End = end([0, 0x1b, 0x21, 2, 2, 2], [10, 0, 0, 9], 80);
const ASKS: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: panel\r\n\r\n";
const ANSWERS: &[u8] = b"HTTP/1.1 200 OK\r\nServer: Boa/0.94.13\r\nContent-Length: 0\r\n\r\n";

#[test]
fn conclusions_can_be_drawn_while_packets_keep_coming_and_are_the_same_at_the_end() {
    let mut net = Net::new(None);
    net.arp(CLIENT);
    let early = net.pipeline.conclude();
    assert_eq!(early.devices.devices.len(), 1);
    net.talk(CLIENT, SERVER, ASKS, ANSWERS);
    assert!(!net.pipeline.conclude().findings.is_empty(), "facts count at once");
    net.pipeline.end_flows(&mut net.tap);
    let (before, after) = (net.pipeline.conclude(), net.pipeline.finish());
    assert_eq!(before.devices.devices, after.devices.devices);
    assert_eq!(before.findings, after.findings);
    assert_eq!(before.talks, after.talks);
}

#[test]
fn whoever_listens_in_gets_every_fact_and_flow() {
    let mut net = Net::new(None);
    net.talk(CLIENT, SERVER, ASKS, ANSWERS);
    assert!(net.tap.facts >= 4, "two SYNs, a request and a response: {}", net.tap.facts);
    assert!(net.tap.flows.is_empty());
    net.now += 120;
    net.tick();
    assert_eq!(net.tap.flows.len(), 1, "a closed connection ends a minute later");
    assert_eq!((net.tap.flows[0].part, net.tap.flows[0].continues), (0, false));
}

#[test]
fn a_long_flow_is_told_in_parts_that_add_up_and_count_once() {
    let mut net = Net::new(Some(300));
    net.tcp(CLIENT, SERVER, 1, 0x02, &[]);
    net.tcp(SERVER, CLIENT, 1, 0x12, &[]);
    for minute in 0..20_u32 {
        net.tcp(CLIENT, SERVER, 2 + minute * 10, 0x18, &[b'x'; 10]);
        net.tcp(SERVER, CLIENT, 2 + minute * 10, 0x18, &[b'y'; 10]);
        net.now += 60;
        net.tick();
    }
    net.pipeline.end_flows(&mut net.tap);
    let parts: Vec<u32> = net.tap.flows.iter().map(|flow| flow.part).collect();
    assert_eq!(parts, [0, 1, 2, 3]);
    let packets: u64 = net.tap.flows.iter().map(cordon_model::Flow::packets).sum();
    assert_eq!(packets, 42, "every packet is in one part");
    for pair in net.tap.flows.windows(2) {
        assert!(pair[0].continues && pair[0].id == pair[1].id);
        assert!(pair[0].last < pair[1].first && pair[0].packet < pair[1].packet);
    }
    let talks = net.pipeline.conclude().talks;
    assert_eq!((talks[0].flows, talks[0].packets), (1, 42));
    assert_eq!(net.pipeline.coverage().conversations, 1);
}

#[test]
fn a_flow_that_fell_silent_is_told_once_and_not_again() {
    let mut net = Net::new(Some(300));
    net.udp(CLIENT, SERVER, b"hello");
    for _ in 0..120 {
        net.now += 60;
        net.tick();
    }
    assert_eq!(net.tap.flows.len(), 1);
    assert_eq!(net.pipeline.open_flows(), 0, "time alone ends it");
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_flows_for_ever() {
    let mut net = Net::new(Some(300));
    net.now += 365 * 86_400;
    net.udp(CLIENT, SERVER, b"hello");
    net.now -= 365 * 86_400;
    for _ in 0..60 {
        net.now += 60;
        net.tick();
    }
    assert_eq!(net.pipeline.open_flows(), 0);
}

#[test]
fn findings_say_when_they_were_first_and_last_seen() {
    let mut net = Net::new(None);
    let first = net.at();
    net.talk(CLIENT, SERVER, ASKS, ANSWERS);
    net.now += 3600;
    net.talk(End { port: 40_001, ..CLIENT }, SERVER, ASKS, ANSWERS);
    let findings = net.pipeline.conclude().findings;
    let old = findings.iter().find(|one| one.title.contains("Boa")).expect("an old web server");
    assert_eq!((old.first, old.last), (first, net.at()));
    assert_eq!(old.evidence[0].at, first);
}
