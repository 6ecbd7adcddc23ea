//! Time that misbehaves, floods, damage: nothing grows without end and nothing is hidden.

use std::net::Ipv4Addr;

use cordon_model::{SecretKey, Timestamp};
use cordon_sensor::{Options, Sensor, Unknown};
use proptest::prelude::*;

use crate::packets::{CLIENT, SERVER, SYN, ethernet, ip, question, raw, tcp, udp, udp_datagram};
use crate::{Memory, look, sensor};

#[test]
fn time_that_jumps_and_runs_backwards_is_harmless() {
    let mut sensor = sensor();
    let mut memory = Memory::default();
    let frame = udp(CLIENT, SERVER, &question());
    for (number, nanos) in [0, i64::MAX, i64::MIN, 5, -1, i64::MAX, 1].into_iter().enumerate() {
        sensor.packet(&raw(&frame, number as u64 + 1, Timestamp::from_nanos(nanos)), &mut memory);
    }
    sensor.finish(&mut memory);
    let packets: u64 = memory.flows.iter().map(cordon_model::Flow::packets).sum();
    assert_eq!(packets, 7);
}

#[test]
fn a_scan_of_random_peers_cannot_fill_the_memory_nor_push_out_conversations() {
    let mut options = Options::new(SecretKey::new([7; 32]), 7);
    options.max_flows = 1_000;
    let mut sensor = Sensor::new(options);
    let mut memory = Memory::default();
    let at = Timestamp::from_secs(1);
    sensor.packet(&raw(&tcp(CLIENT, SERVER, 1, SYN, &[]), 1, at), &mut memory);
    sensor.packet(&raw(&tcp(SERVER, CLIENT, 1, SYN | 16, &[]), 2, at), &mut memory);
    for number in 0..50_000_u32 {
        let target = (Ipv4Addr::from_bits(0x0b00_0000 + number), 23);
        sensor.packet(
            &raw(&tcp(CLIENT, target, 1, SYN, &[]), u64::from(number) + 3, at),
            &mut memory,
        );
        assert!(sensor.open_flows() <= 1_000);
    }
    assert!(memory.flows.iter().all(|flow| flow.server.ip != Some(SERVER.0.into())), "pushed out");
    sensor.finish(&mut memory);
    assert_eq!(memory.flows.len(), 50_001);
    assert_eq!(sensor.coverage().pushed_out, 49_001);
}

#[test]
fn a_fragmented_question_is_answered_for() {
    let datagram = udp_datagram(CLIENT, (SERVER.0, 53), &question());
    let (head, tail) = datagram.split_at(16);
    let frames = [
        ethernet(0x0800, &ip(CLIENT.0, SERVER.0, 17, 2, tail)),
        ethernet(0x0800, &ip(CLIENT.0, SERVER.0, 17, 0x2000, head)),
    ];
    assert_eq!(look(&frames).facts.len(), 1);
}

#[test]
fn what_was_not_decoded_is_counted_by_its_kind() {
    let mut sensor = sensor();
    let mut memory = Memory::default();
    for frame in [ethernet(0x88b8, &[0; 20]), ethernet(0x0800, &[0x45]), vec![1, 2, 3]] {
        sensor.packet(&raw(&frame, 1, Timestamp::default()), &mut memory);
    }
    let coverage = sensor.coverage();
    assert_eq!(coverage.unknown.get(&Unknown::EtherType(0x88b8)), Some(&1));
    assert_eq!((coverage.malformed, coverage.undecoded()), (2, 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_on_any_link_are_harmless(
        link in prop_oneof![Just(1_u32), Just(0), Just(101), Just(113), Just(276), Just(127), Just(105), Just(9), any::<u32>()],
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..8),
    ) {
        let mut sensor = sensor();
        let mut memory = Memory::default();
        for frame in &frames {
            let mut packet = raw(frame, 1, Timestamp::default());
            packet.link = cordon_model::LinkType(link);
            sensor.packet(&packet, &mut memory);
        }
        sensor.finish(&mut memory);
        prop_assert_eq!(sensor.coverage().packets, frames.len() as u64);
    }

    #[test]
    fn any_payload_behind_correct_headers_is_harmless(
        payloads in proptest::collection::vec((any::<bool>(), any::<u16>(), proptest::collection::vec(any::<u8>(), 0..300)), 0..12),
        port in prop_oneof![Just(53_u16), Just(80), Just(443), Just(502), Just(1883), Just(5683), Just(161), Just(20000), any::<u16>()],
    ) {
        let server = (SERVER.0, port);
        let frames: Vec<_> = payloads
            .iter()
            .map(|(stream, seq, bytes)| match stream {
                true => tcp(CLIENT, server, u32::from(*seq), 16, bytes),
                false => udp(CLIENT, server, bytes),
            })
            .collect();
        let memory = look(&frames);
        prop_assert!(memory.flows.len() <= 2);
    }
}
