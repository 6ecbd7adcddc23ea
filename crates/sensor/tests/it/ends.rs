//! Which end offers the service, and what is seen or only guessed.

use cordon_model::{App, Basis, Ends, Transport};

use crate::look;
use crate::packets::{ACK, CLIENT, SERVER, SYN, question, read_registers, tcp, udp};

#[test]
fn a_syn_decides_whatever_the_ports_say() {
    let (odd_client, odd_server) = ((CLIENT.0, 502), (SERVER.0, 49_200));
    let flow = &look(&[tcp(odd_client, odd_server, 1, SYN, &[])]).flows[0];
    assert_eq!((flow.client.port, flow.ends), (Some(502), Ends::Syn));
}

#[test]
fn a_syn_ack_alone_names_its_sender_the_server() {
    let flow = &look(&[tcp(SERVER, CLIENT, 1, SYN | ACK, &[])]).flows[0];
    assert_eq!((flow.server.port, flow.ends), (Some(502), Ends::Syn));
}

#[test]
fn an_answer_seen_first_still_finds_the_service() {
    let resolver = (SERVER.0, 53);
    let flow = &look(&[udp(resolver, CLIENT, &question())]).flows[0];
    // The message is a question, so its speaker is the client, ports or not.
    assert_eq!((flow.client.port, flow.ends), (Some(53), Ends::Roles));
}

#[test]
fn counters_belong_to_their_direction() {
    let request = read_registers(1, 0, 1);
    let flow = &look(&[
        tcp(CLIENT, SERVER, 100, SYN, &[]),
        tcp(SERVER, CLIENT, 200, SYN | ACK, &[]),
        tcp(CLIENT, SERVER, 101, ACK, &request),
    ])
    .flows[0];
    assert_eq!((flow.sent.packets, flow.received.packets), (2, 1));
    assert_eq!((flow.sent.payload, flow.received.payload), (request.len() as u64, 0));
    assert_eq!(flow.first_sizes[0], request.len() as i16);
    assert_eq!(flow.transport, Transport::Tcp);
}

#[test]
fn a_port_is_a_guess_and_stays_one() {
    let flow =
        &look(&[tcp(CLIENT, SERVER, 1, ACK, b"\xff\xfeneither modbus nor anything\x00\x01")]).flows
            [0];
    assert_eq!((flow.app, flow.basis), (Some(App::Modbus), Some(Basis::Port)));
}

#[test]
fn a_protocol_on_a_foreign_port_is_seen() {
    let odd = (SERVER.0, 31_337);
    let flow = &look(&[udp(CLIENT, odd, &question())]).flows[0];
    assert_eq!((flow.app, flow.basis), (Some(App::Dns), Some(Basis::Payload)));
}
