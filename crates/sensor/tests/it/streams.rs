//! TCP payload in every order that networks and attackers produce.

use cordon_model::{App, Basis, Object, Said};

use crate::packets::{ACK, CLIENT, FIN, SERVER, SYN, read_registers, tcp};
use crate::{Memory, look};

/// First registers of the reads that were understood, in order.
fn reads(memory: &Memory) -> Vec<u32> {
    let start = |fact: &cordon_model::Fact| match &fact.said {
        Said::Operation(operation) => match operation.object {
            Object::Range { start, .. } => Some(start),
            _ => None,
        },
        _ => None,
    };
    memory.facts.iter().filter_map(start).collect()
}

fn handshake() -> Vec<Vec<u8>> {
    vec![
        tcp(CLIENT, SERVER, 100, SYN, &[]),
        tcp(SERVER, CLIENT, 900, SYN | ACK, &[]),
        tcp(CLIENT, SERVER, 101, ACK, &[]),
    ]
}

fn requests(count: u16) -> Vec<u8> {
    (1..=count).flat_map(|number| read_registers(number, number * 10, 2)).collect()
}

fn with(frames: Vec<Vec<u8>>) -> Memory {
    look(&[handshake(), frames].concat())
}

#[test]
fn a_stream_in_pieces_of_any_size_says_the_same() {
    let bytes = requests(5);
    for size in 1..=bytes.len() {
        let pieces = bytes.chunks(size).scan(101_u32, |seq, piece| {
            let frame = tcp(CLIENT, SERVER, *seq, ACK, piece);
            *seq += piece.len() as u32;
            Some(frame)
        });
        let memory = with(pieces.collect());
        assert_eq!(reads(&memory), [10, 20, 30, 40, 50], "pieces of {size}");
        assert_eq!(
            memory.flows[0].app.zip(memory.flows[0].basis),
            Some((App::Modbus, Basis::Payload))
        );
    }
}

#[test]
fn segments_out_of_order_are_put_in_order() {
    let bytes = requests(4);
    let (first, second) = bytes.split_at(20);
    let (second, third) = second.split_at(9);
    let memory = with(vec![
        tcp(CLIENT, SERVER, 101, ACK, first),
        tcp(CLIENT, SERVER, 101 + 29, ACK, third),
        tcp(CLIENT, SERVER, 101 + 20, ACK, second),
    ]);
    assert_eq!(reads(&memory), [10, 20, 30, 40]);
}

#[test]
fn a_retransmission_says_nothing_twice() {
    let bytes = requests(2);
    let frame = tcp(CLIENT, SERVER, 101, ACK, &bytes);
    assert_eq!(reads(&with(vec![frame.clone(), frame.clone(), frame])), [10, 20]);
}

#[test]
fn an_overlapping_segment_cannot_rewrite_what_came_first() {
    let good = requests(1);
    let evil = read_registers(1, 666, 2);
    let next = read_registers(2, 20, 2);
    let memory = with(vec![
        tcp(CLIENT, SERVER, 101, ACK, &good),
        tcp(CLIENT, SERVER, 101, ACK, &[evil, next].concat()),
    ]);
    assert_eq!(reads(&memory), [10, 20]);
}

#[test]
fn bytes_that_the_capture_lost_do_not_end_the_understanding() {
    let mut frames = vec![tcp(CLIENT, SERVER, 101, ACK, &requests(1))];
    // 5,000 bytes are missing; then twenty whole requests, one a segment.
    for number in 0..20_u16 {
        let seq = 101 + 12 + 5_000 + u32::from(number) * 12;
        frames.push(tcp(CLIENT, SERVER, seq, ACK, &read_registers(number, 1_000 + number, 2)));
    }
    let understood = reads(&with(frames));
    assert_eq!(understood[0], 10);
    assert!(understood.contains(&1_000) && understood.contains(&1_019), "{understood:?}");
}

#[test]
fn a_lost_first_segment_does_not_hide_the_rest_of_a_short_connection() {
    let memory = with(vec![
        // Twelve bytes are missing, one request came, and the connection is over.
        tcp(CLIENT, SERVER, 101 + 12, ACK, &read_registers(2, 20, 2)),
        tcp(CLIENT, SERVER, 101 + 24, ACK | FIN, &[]),
    ]);
    assert_eq!(reads(&memory), [20]);
}

#[test]
fn a_capture_that_starts_in_mid_stream_is_understood() {
    let bytes = requests(3);
    let memory = look(&[tcp(CLIENT, SERVER, 77, ACK, &bytes)]);
    assert_eq!(reads(&memory), [10, 20, 30]);
}

#[test]
fn sequence_numbers_wrap_around() {
    let bytes = requests(2);
    let start = u32::MAX - 4;
    let memory = look(&[
        tcp(CLIENT, SERVER, start.wrapping_sub(1), SYN, &[]),
        tcp(CLIENT, SERVER, start, ACK, &bytes[..10]),
        tcp(CLIENT, SERVER, start.wrapping_add(10), ACK, &bytes[10..]),
    ]);
    assert_eq!(reads(&memory), [10, 20]);
}

#[test]
fn a_port_used_again_is_another_flow() {
    let mut frames = handshake();
    frames.push(tcp(CLIENT, SERVER, 101, ACK, &requests(1)));
    frames.push(tcp(CLIENT, SERVER, 5_000_000, SYN, &[]));
    frames.push(tcp(CLIENT, SERVER, 5_000_001, ACK, &requests(1)));
    let memory = look(&frames);
    assert_eq!(memory.flows.len(), 2);
    assert_eq!(reads(&memory), [10, 10]);
}
