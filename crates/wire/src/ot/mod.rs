//! Operational technology: Modbus/TCP, DNP3, S7comm, EtherNet/IP with CIP, BACnet/IP.
//!
//! Every message becomes one typed [`Operation`] (a message that does several things to different
//! objects becomes a few, bounded), and every answer about identity a `Said::Controller`. What an
//! operation means for a plant is not decided here.

pub mod bacnet;
mod bacnet_names;
mod bacnet_service;
mod bacnet_tag;
mod cip;
mod cip_identity;
mod cip_names;
mod cip_pccc;
pub mod dnp3;
mod dnp3_app;
mod dnp3_objects;
pub mod enip;
pub mod modbus;
mod modbus_pdu;
pub mod s7comm;
mod s7comm_job;
mod s7comm_userdata;

use std::fmt::Write;

use cordon_model::{
    App, Object, Operation, Outcome, Said, Text, Verb, operation::ControllerIdentity,
};

use crate::Out;

/// Most characters of a name or description that a device gives itself.
const NAME_LIMIT: usize = 128;
/// Most bytes of a written value that are spelled out; more is not a value but a transfer.
const VALUE_LIMIT: usize = 8;

/// A text that costs no allocation, however long.
const fn fixed(text: &'static str) -> Text {
    Text::const_new(text)
}

/// A formatted text; up to 24 bytes stay without an allocation.
fn words(arguments: std::fmt::Arguments<'_>) -> Text {
    let mut text = Text::default();
    let _ = text.write_fmt(arguments);
    text
}

/// Bytes as hexadecimal where they are few, else how many they are.
fn hex(bytes: &[u8]) -> Option<Text> {
    match bytes.len() {
        0 => None,
        count if count > VALUE_LIMIT => Some(words(format_args!("{count} bytes"))),
        _ => {
            let mut text = fixed("0x");
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
            Some(text)
        }
    }
}

/// The longest run of at least four printable ASCII characters, for answers whose layout is the
/// vendor's own.
fn printable(bytes: &[u8]) -> Option<Text> {
    bytes
        .split(|byte| !(0x20..0x7f).contains(byte))
        .max_by_key(|run| run.len())
        .filter(|run| run.len() >= 4)
        .and_then(|run| crate::dissect::some_text(run, NAME_LIMIT))
}

/// Says an operation.
fn say(out: &mut Out<'_>, operation: Operation) {
    out.say(Said::Operation(Box::new(operation)));
}

/// Says an identity, if it holds anything.
fn introduce(out: &mut Out<'_>, app: App, identity: ControllerIdentity) {
    if identity != ControllerIdentity::default() {
        out.say(Said::Controller { app, identity: Box::new(identity) });
    }
}

/// What was asked, kept until the answer comes.
#[derive(Clone, Debug)]
struct Asked {
    verb: Verb,
    code: u16,
    name: Text,
    object: Object,
}

impl Asked {
    fn answered(self, app: App, unit: Option<u32>, outcome: Outcome) -> Operation {
        let Asked { verb, code, name, object } = self;
        Operation { app, verb, code, name, unit, object, value: None, outcome }
    }
}

/// The last few requests, by what ties an answer to them. Without an allocation: a poller has
/// few requests under way, and an answer that finds none is still an answer.
#[derive(Debug)]
struct Recent<K, V, const N: usize> {
    slots: [Option<(K, V)>; N],
    next: usize,
}

impl<K: PartialEq, V, const N: usize> Recent<K, V, N> {
    const fn new() -> Self {
        Recent { slots: [const { None }; N], next: 0 }
    }

    /// Keeps a request in place of the oldest.
    fn put(&mut self, key: K, value: V) {
        if let Some(slot) = self.slots.get_mut(self.next) {
            *slot = Some((key, value));
        }
        self.next = (self.next + 1) % N.max(1);
    }

    /// Takes out the request that was tied to `key`.
    fn take(&mut self, key: &K) -> Option<V> {
        let slot =
            self.slots.iter_mut().find(|slot| slot.as_ref().is_some_and(|(k, _)| k == key))?;
        slot.take().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_requests_are_remembered() {
        let mut recent: Recent<u8, u8, 2> = Recent::new();
        recent.put(1, 10);
        recent.put(2, 20);
        recent.put(3, 30);
        assert_eq!(recent.take(&1), None);
        assert_eq!(recent.take(&3), Some(30));
        assert_eq!(recent.take(&3), None);
    }

    #[test]
    fn small_values_are_spelled_out_and_large_ones_counted() {
        assert_eq!(hex(&[0xca, 0xfe]).as_deref(), Some("0xcafe"));
        assert_eq!(hex(&[0; 9]).as_deref(), Some("9 bytes"));
        assert_eq!(hex(&[]), None);
    }
}

#[cfg(test)]
mod hostile {
    use cordon_model::{App, SecretKey};
    use proptest::prelude::*;

    use crate::{Datagram, DatagramDissect, Guess, Out, Side, Step, protocols};

    /// Starts of real messages, so that random bytes reach behind the framing.
    const STARTS: &[&[u8]] = &[
        &[],
        &[0, 1, 0, 0, 0, 40, 1],
        &[0x32, 1, 0, 0, 0, 1, 0, 30, 0, 10],
        &[3, 0, 0, 60, 2, 0xf0, 0x80, 0x32, 7, 0, 0, 0, 1, 0, 12, 0, 31, 0, 1, 0x12],
        &[3, 0, 0, 60, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 0, 1, 0, 43, 0, 0],
        &[
            0x6f, 0, 40, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, 24, 0,
        ],
        &[0x81, 0x0a, 0, 60, 1, 0],
        &[0x81, 0x0a, 0, 60, 1, 0, 0, 5, 1, 16],
        &[0x81, 0x0a, 0, 60, 1, 0, 0x30, 1, 14],
    ];

    const OT: &[App] = &[App::Modbus, App::Dnp3, App::S7comm, App::Enip, App::Bacnet];

    proptest! {
        #[test]
        fn any_bytes_are_consumed_within_bounds(
            start in 0..STARTS.len(),
            random in proptest::collection::vec(any::<u8>(), 0..300),
            cut in 0..300usize,
        ) {
            let bytes = [STARTS[start], &random].concat();
            let key = SecretKey::new([1; 32]);
            let mut said = Vec::new();
            for row in protocols::STREAMS.iter().filter(|row| OT.contains(&row.app)) {
                (row.recognise)(Side::Client, &bytes);
                let mut dissector = (row.start)();
                let (front, back) = bytes.split_at(cut.min(bytes.len()));
                for (side, part) in [(Side::Client, front), (Side::Server, back)] {
                    let step = dissector.data(side, part, &mut Out::new(&key, &mut said));
                    if let Step::Consumed(count) = step {
                        prop_assert!(count <= part.len());
                    }
                    dissector.gap(side);
                }
            }
            for row in protocols::DATAGRAMS.iter().filter(|row| OT.contains(&row.app)) {
                let datagram = Datagram {
                    side: Side::Client,
                    from_port: 1,
                    to_port: 2,
                    multicast: false,
                    payload: &bytes,
                };
                let guess = (row.recognise)(&datagram);
                prop_assert!(guess != Guess::More);
                let mut out = Out::new(&key, &mut said);
                match row.dissect {
                    DatagramDissect::Each(each) => {
                        each(&datagram, &mut out);
                    }
                    DatagramDissect::Flow(start) => {
                        start().datagram(&datagram, &mut out);
                    }
                }
            }
            prop_assert!(said.len() <= 8 * bytes.len() + 16);
        }
    }
}

/// What tests of the dissectors share.
#[cfg(test)]
mod testing {
    use cordon_model::{Operation, Said, SecretKey, operation::ControllerIdentity};

    use crate::{Out, Side, Step, StreamDissector};

    /// Runs one dissector over segments and gives what it said and how each segment ended.
    pub fn run(
        dissector: &mut dyn StreamDissector,
        segments: &[(Side, &[u8])],
    ) -> (Vec<Said>, Vec<Step>) {
        let key = SecretKey::new([1; 32]);
        let mut said = Vec::new();
        let steps = segments
            .iter()
            .map(|(side, bytes)| dissector.data(*side, bytes, &mut Out::new(&key, &mut said)))
            .collect();
        (said, steps)
    }

    pub fn operations(said: &[Said]) -> Vec<&Operation> {
        said.iter()
            .filter_map(|said| match said {
                Said::Operation(operation) => Some(&**operation),
                _ => None,
            })
            .collect()
    }

    pub fn identities(said: &[Said]) -> Vec<&ControllerIdentity> {
        said.iter()
            .filter_map(|said| match said {
                Said::Controller { identity, .. } => Some(&**identity),
                _ => None,
            })
            .collect()
    }
}
