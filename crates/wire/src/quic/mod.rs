//! QUIC Initial packets of versions 1 and 2 (RFC 9000, 9001, 9369) and the late drafts: the hellos
//! inside. Google's versions and older drafts are recognised and left closed.

mod assemble;
mod keys;
mod packet;

use cordon_model::Said;

use crate::{
    Datagram, DatagramDissector, Guess, Out, Reader, Side, Step,
    tls::hello::{client_hello, server_hello},
};
use assemble::Assembly;
use keys::{Derivation, Keys, TAG};
use packet::{Family, Kind, Long, Version, is_google};

/// Datagrams after which a flow whose hellos were not found is given up.
const PATIENCE: u8 = 24;
/// Packets that may be coalesced in one datagram (RFC 9000, 12.2); one for each kind of keys.
const MAX_COALESCED: usize = 4;
/// A client fills its first datagrams up to this (RFC 9000, 14.1).
const MIN_INITIAL: usize = 1200;

/// Handshake message types (RFC 8446, B.3).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// Judges one datagram.
#[must_use]
pub fn recognise(datagram: &Datagram<'_>) -> Guess {
    let payload = datagram.payload;
    if is_old_google(payload) {
        return Guess::Sure;
    }
    let mut reader = Reader::new(payload);
    let Some(long) = Long::read(&mut reader) else { return Guess::No };
    match long.kind {
        Kind::Negotiation => negotiation(payload, &long),
        Kind::Initial | Kind::Sealed if !long.whole => Guess::Fits,
        Kind::Initial | Kind::Sealed => {
            if long.bytes.len() > long.number_at + TAG {
                Guess::Sure
            } else {
                Guess::No
            }
        }
        Kind::Retry if long.bytes.len() > long.number_at + TAG => Guess::Sure,
        Kind::Retry => Guess::No,
        Kind::Foreign => {
            let named = long.version.0 & 0x0f0f_0f0f != 0x0a0a_0a0a;
            if named && payload.len() >= 21 {
                Guess::Sure
            } else if payload.len() >= MIN_INITIAL {
                Guess::Fits
            } else {
                Guess::No
            }
        }
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn DatagramDissector> {
    Box::new(Quic::default())
}

/// A list of versions of which at least one is known.
fn negotiation(payload: &[u8], long: &Long<'_>) -> Guess {
    let list = payload.get(long.number_at..).unwrap_or_default();
    let (versions, rest) = list.as_chunks::<4>();
    let known = |bytes: &[u8; 4]| {
        let family = Version(u32::from_be_bytes(*bytes)).family();
        !matches!(family, None | Some(Family::Negotiation))
    };
    let good = rest.is_empty() && versions.len() <= 64 && versions.iter().any(known);
    if good { Guess::Sure } else { Guess::No }
}

/// The public header of Google's versions up to Q043: flags, connection id, version.
fn is_old_google(payload: &[u8]) -> bool {
    let mut reader = Reader::new(payload);
    let flags = reader.u8();
    // Version present and an eight-byte id, but neither reset nor anything unknown.
    flags.is_some_and(|flags| flags & 0x8b == 0x09)
        && reader.skip(8).is_some()
        && reader.array::<4>().is_some_and(is_google)
}

/// One QUIC connection until both hellos are known.
#[derive(Default)]
struct Quic {
    opened: Option<Opened>,
    client: Assembly,
    server: Assembly,
    client_known: bool,
    server_known: bool,
    datagrams: u8,
}

/// What opened the client's first Initial.
struct Opened {
    client_side: Side,
    version: Version,
    client: Keys,
    server: Keys,
}

impl Opened {
    fn new(long: &Long<'_>, derivation: Derivation, side: Side) -> Self {
        Opened {
            client_side: side,
            version: long.version,
            client: Keys::new(derivation, long.destination, Side::Client),
            server: Keys::new(derivation, long.destination, Side::Server),
        }
    }
}

impl DatagramDissector for Quic {
    fn datagram(&mut self, datagram: &Datagram<'_>, out: &mut Out<'_>) -> Step {
        self.datagrams = self.datagrams.saturating_add(1);
        let mut reader = Reader::new(datagram.payload);
        for _ in 0..MAX_COALESCED {
            let Some(long) = Long::read(&mut reader) else { break };
            if let (Kind::Initial, true, Some(Family::Open(derivation))) =
                (long.kind, long.whole, long.version.family())
            {
                self.initial(datagram.side, &long, derivation);
            }
        }
        let over = self.conclude(out);
        if over || self.datagrams >= PATIENCE { Step::Done } else { Step::Consumed(0) }
    }
}

impl Quic {
    /// Opens an Initial with the keys at hand, or, if it is a client's first, with its own.
    fn initial(&mut self, side: Side, long: &Long<'_>, derivation: Derivation) {
        if let Some(opened) = &self.opened {
            let from_client = side == opened.client_side;
            let (keys, assembly) = if from_client {
                (&opened.client, &mut self.client)
            } else {
                (&opened.server, &mut self.server)
            };
            if open_into(keys, long, assembly) || !from_client {
                return;
            }
        }
        // A first Initial, one after a Retry, or another connection over the same ports.
        let opened = Opened::new(long, derivation, side);
        let mut fresh = Assembly::default();
        if open_into(&opened.client, long, &mut fresh) {
            self.opened = Some(opened);
            self.client = fresh;
            self.server = Assembly::default();
        }
    }

    /// Says the hellos that are complete; whether both are.
    fn conclude(&mut self, out: &mut Out<'_>) -> bool {
        let Some(opened) = &self.opened else { return false };
        if !self.client_known
            && let Some(body) = message(self.client.front(), CLIENT_HELLO)
        {
            self.client_known = true;
            if let Some(hello) = client_hello(body, Some(opened.version.0)) {
                out.say(Said::ClientHello(Box::new(hello)));
            }
        }
        if !self.server_known
            && let Some(body) = message(self.server.front(), SERVER_HELLO)
        {
            self.server_known = true;
            if let Some(hello) = server_hello(body) {
                out.say(Said::ServerHello(Box::new(hello)));
            }
        }
        self.client_known && self.server_known
    }
}

/// Decrypts a packet and keeps its handshake bytes; false where these are not its keys.
fn open_into(keys: &Keys, long: &Long<'_>, assembly: &mut Assembly) -> bool {
    let mut copy = long.bytes.to_vec();
    let Some(clear) = keys.open(&mut copy, long.number_at) else { return false };
    assembly.frames(clear);
    true
}

/// The body of a whole handshake message of this type at the front.
fn message(stream: &[u8], kind: u8) -> Option<&[u8]> {
    let mut reader = Reader::new(stream);
    let (found, length) = (reader.u8()?, reader.u24()?);
    if found != kind {
        return None;
    }
    reader.take(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests;
