//! Any bytes as frames of any link type: byte 0 is the link type, then length-prefixed frames.
#![no_main]

use cordon_model::{Fact, Flow, LinkType, PacketId, RawPacket, SecretKey, Timestamp};
use cordon_sensor::{Options, Sensor, Sink};
use libfuzzer_sys::fuzz_target;

struct Nothing;

impl Sink for Nothing {
    fn fact(&mut self, _: &Fact) {}
    fn flow(&mut self, _: &Flow) {}
}

fuzz_target!(|data: &[u8]| {
    let Some((link, mut rest)) = data.split_first() else { return };
    let mut sensor = Sensor::new(Options::new(SecretKey::new([7; 32]), 7));
    let mut number = 0;
    while let Some((length, tail)) = rest.split_first() {
        let (frame, tail) = tail.split_at(tail.len().min(usize::from(*length) * 8));
        rest = tail;
        number += 1;
        let packet = RawPacket {
            id: PacketId { input: 0, number },
            at: Timestamp::from_secs(number as i64),
            link: LinkType(u32::from(*link)),
            wire_len: frame.len() as u32,
            data: frame,
        };
        sensor.packet(&packet, &mut Nothing);
    }
    sensor.finish(&mut Nothing);
});
