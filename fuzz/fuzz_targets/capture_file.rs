//! Any bytes as a capture file, through the whole sensor.
#![no_main]

use std::io::Cursor;

use cordon_capture::FileSource;
use cordon_model::{Fact, Flow, SecretKey};
use cordon_sensor::{Options, Sensor, Sink};
use libfuzzer_sys::fuzz_target;

struct Nothing;

impl Sink for Nothing {
    fn fact(&mut self, _: &Fact) {}
    fn flow(&mut self, _: &Flow) {}
}

fuzz_target!(|data: &[u8]| {
    let Ok(mut source) = FileSource::from_reader(Box::new(Cursor::new(data.to_vec())), "fuzz", 0) else { return };
    let mut sensor = Sensor::new(Options::new(SecretKey::new([7; 32]), 7));
    while let Some(packet) = source.next() {
        sensor.packet(&packet, &mut Nothing);
    }
    sensor.finish(&mut Nothing);
});
