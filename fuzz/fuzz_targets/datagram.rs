//! Any bytes to every datagram protocol: byte 0 chooses the row, byte 1 the ports and side.
#![no_main]

use cordon_model::SecretKey;
use cordon_wire::protocols::DATAGRAMS;
use cordon_wire::{Datagram, DatagramDissect, Out, Side, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [row, how, payload @ ..] = data else { return };
    let row = &DATAGRAMS[usize::from(*row) % DATAGRAMS.len()];
    let port = row.app.udp_ports().first().copied().unwrap_or(40_000);
    let (from_port, to_port) = if how & 1 == 0 { (port, 40_001) } else { (40_001, port) };
    let side = if how & 2 == 0 { Side::Client } else { Side::Server };
    let multicast = how & 4 != 0;
    let key = SecretKey::new([7; 32]);
    let mut said = Vec::new();
    let halves = payload.split_at(payload.len() / 2);
    let pieces: &[&[u8]] = if how & 8 == 0 { &[payload] } else { &[halves.0, halves.1] };
    let mut parser = match row.dissect {
        DatagramDissect::Flow(start) => Some(start()),
        DatagramDissect::Each(_) => None,
    };
    for payload in pieces {
        let datagram = Datagram { side, from_port, to_port, multicast, payload };
        (row.recognise)(&datagram);
        let mut out = Out::new(&key, &mut said);
        match (&row.dissect, &mut parser) {
            (DatagramDissect::Each(dissect), _) => {
                dissect(&datagram, &mut out);
            }
            (_, Some(parser)) => {
                if parser.datagram(&datagram, &mut out) == Step::Done {
                    return;
                }
            }
            _ => {}
        }
    }
});
