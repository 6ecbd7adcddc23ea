//! DNS over TCP: each message behind its length in two octets (RFC 1035, 4.2.2).

use cordon_model::fact::DnsKind;

use super::message::{HEADER, Header, Walk, judge};
use super::name::Stop;
use super::say;
use crate::{Guess, Out, Reader, Side, Step, StreamDissector};

/// Octets of one message that are looked at: zone transfers are larger, and their first records
/// are enough.
const WINDOW: usize = 4096;
/// With so many octets a longer message that walks cleanly so far is believed to be one.
const ENOUGH: usize = 256;

pub(super) fn recognise(_: Side, data: &[u8]) -> Guess {
    let mut reader = Reader::new(data);
    let Some(length) = reader.u16().map(usize::from) else {
        return Guess::More;
    };
    if length < HEADER {
        return Guess::No;
    }
    if let Some(message) = reader.take(length) {
        // A refusal may be a header alone.
        let alone = length == HEADER;
        return judge(message, DnsKind::Dns, alone);
    }
    let message = reader.rest();
    if message.len() < HEADER {
        return Guess::More;
    }
    match Header::read(message, DnsKind::Dns) {
        Some(header) if header.is_sure(DnsKind::Dns, length) => begun(header, message),
        _ => Guess::No,
    }
}

/// Judges the beginning of a message that is not all there.
fn begun(header: Header, message: &[u8]) -> Guess {
    let walk = Walk::over(header, DnsKind::Dns, message);
    match walk.stop {
        Some(Stop::Short) if message.len() < ENOUGH => Guess::More,
        Some(Stop::Short) if walk.items > 0 => Guess::Fits,
        // All that was promised is there, yet the message goes on: only behind so many records
        // that the walk did not see them all.
        None if walk.items > 1 && walk.rest == 0 => Guess::Fits,
        _ => Guess::No,
    }
}

pub(super) fn start() -> Box<dyn StreamDissector> {
    Box::new(DnsStream::default())
}

#[derive(Default)]
struct DnsStream {
    /// Octets of a large message from the client still to pass over.
    client: usize,
    /// The same from the server.
    server: usize,
}

impl DnsStream {
    fn left(&mut self, side: Side) -> &mut usize {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl StreamDissector for DnsStream {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let left = self.left(side);
        let mut reader = Reader::new(data);
        loop {
            let passed = (*left).min(reader.len());
            let _ = reader.skip(passed);
            *left -= passed;
            let consumed = data.len() - reader.len();
            let Some(length) = reader.u16().map(usize::from) else {
                return Step::Consumed(consumed);
            };
            let Some(message) = reader.take(length.min(WINDOW - 2)) else {
                return Step::Consumed(consumed);
            };
            if !say(message, DnsKind::Dns, out) {
                return Step::Lost;
            }
            *left = length - message.len();
        }
    }

    fn gap(&mut self, side: Side) {
        *self.left(side) = 0;
    }

    fn window(&self) -> usize {
        WINDOW
    }
}
