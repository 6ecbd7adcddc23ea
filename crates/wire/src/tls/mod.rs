//! TLS over TCP (RFC 8446, RFC 5246): the records of both directions, handshake messages across
//! records, until the handshake is over or encrypted.

pub mod hello;
mod record;
pub mod ssl2;

use cordon_model::{
    Said,
    fact::{TlsCertificates, TlsVersion},
};

use crate::{Guess, Out, Reader, Side, Step, StreamDissector, x509};
use record::{Header, kind};

/// What one handshake message may take: as much as a long chain of certificates.
const MAX_MESSAGE: usize = 64 * 1024;
/// More certificates than a sane chain has.
const MAX_CHAIN: usize = 8;
/// Records of application data after which a stream whose handshake was not seen is given up.
const PATIENCE: u8 = 4;

/// Handshake message types (RFC 8446, B.3).
mod message {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const CERTIFICATE: u8 = 11;
}

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    match data.first() {
        Some(first) if first & 0x80 != 0 => ssl2::recognise(data),
        _ => record::recognise(data),
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Tls::default())
}

/// One TLS connection.
#[derive(Default)]
pub struct Tls {
    client: Half,
    server: Half,
    /// The version that the server chose.
    chosen: Option<TlsVersion>,
    /// The server asked for another hello, so a change_cipher_spec means nothing yet.
    retries: bool,
    data_records: u8,
}

/// One direction.
#[derive(Default)]
struct Half {
    /// The record whose rest is still to come.
    record: Option<Header>,
    /// The front of a handshake message that spans records.
    pending: Vec<u8>,
    /// Bytes of a message too long to keep that are still to come.
    excess: usize,
    /// Whether a handshake message of this side was read.
    spoke: bool,
    /// Everything from here on is encrypted.
    encrypted: bool,
    /// The place in the record layer is not known.
    astray: bool,
}

impl StreamDissector for Tls {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let mut reader = Reader::new(data);
        let half = self.half(side);
        if half.astray {
            if record::recognise(data) < Guess::Fits {
                return Step::Consumed(data.len());
            }
            half.astray = false;
        }
        if half.record.is_none() && !half.spoke && ssl2::recognise(data) == Guess::Sure {
            let Some((hello, used)) = ssl2::hello(data) else { return Step::Consumed(0) };
            half.spoke = true;
            match hello {
                ssl2::Hello::Client(hello) => out.say(Said::ClientHello(hello)),
                ssl2::Hello::Server(hello) => {
                    out.say(Said::ServerHello(Box::new(hello)));
                    return Step::Done;
                }
            }
            reader.skip(used);
        }
        while !reader.is_empty() {
            let open = self.half(side).record.take();
            let Some(mut header) = open.or_else(|| Header::read(&mut reader)) else {
                let waits = record::recognise(reader.rest()) == Guess::More;
                return if waits { Step::Consumed(data.len() - reader.len()) } else { Step::Lost };
            };
            let part = reader.len().min(usize::from(header.left));
            let bytes = reader.take(part).unwrap_or_default();
            let fresh = header.left == header.length;
            header.left -= u16::try_from(part).unwrap_or(header.left);
            if header.left > 0 {
                self.half(side).record = Some(header);
            }
            if fresh && header.begins_a_hello(bytes) {
                // Before a second hello stands a change_cipher_spec that changes nothing
                // (RFC 8446, D.4).
                self.half(side).encrypted = false;
            }
            self.content(side, header.kind, fresh, bytes, out);
            if self.is_over() {
                return Step::Done;
            }
        }
        Step::Consumed(data.len())
    }

    fn gap(&mut self, side: Side) {
        let half = self.half(side);
        *half =
            Half { spoke: half.spoke, encrypted: half.encrypted, astray: true, ..Half::default() };
    }
}

impl Tls {
    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Takes a piece of a record's content.
    fn content(&mut self, side: Side, kind: u8, fresh: bool, bytes: &[u8], out: &mut Out<'_>) {
        let retries = self.retries;
        let half = self.half(side);
        match kind {
            kind::HANDSHAKE if !half.encrypted => self.handshake(side, bytes, out),
            kind::CHANGE_CIPHER_SPEC => half.encrypted = !retries,
            kind::APPLICATION_DATA => {
                half.encrypted = true;
                self.data_records = self.data_records.saturating_add(u8::from(fresh));
            }
            _ => {}
        }
    }

    /// Takes a piece of the stream of handshake messages.
    fn handshake(&mut self, side: Side, bytes: &[u8], out: &mut Out<'_>) {
        let half = self.half(side);
        let dropped = bytes.len().min(half.excess);
        half.excess -= dropped;
        let bytes = bytes.get(dropped..).unwrap_or_default();
        let mut pending = std::mem::take(&mut half.pending);
        let whole = if pending.is_empty() {
            bytes
        } else {
            pending.extend_from_slice(bytes);
            pending.as_slice()
        };
        let mut reader = Reader::new(whole);
        while let Some((kind, body)) = next_message(&mut reader) {
            self.message(side, kind, body, out);
        }
        let rest = reader.rest();
        if let Some((kind, body, excess)) = too_long(rest) {
            self.message(side, kind, body, out);
            self.half(side).excess = excess;
        } else if pending.is_empty() {
            self.half(side).pending = rest.to_vec();
        } else {
            // Many small records must not copy the message as often.
            let done = pending.len() - rest.len();
            pending.drain(..done);
            self.half(side).pending = pending;
        }
    }

    fn message(&mut self, side: Side, kind: u8, body: &[u8], out: &mut Out<'_>) {
        self.half(side).spoke = true;
        match kind {
            message::CLIENT_HELLO => {
                if let Some(hello) = hello::client_hello(body, None) {
                    out.say(Said::ClientHello(Box::new(hello)));
                }
            }
            message::SERVER_HELLO => {
                if let Some(hello) = hello::server_hello(body) {
                    self.retries = is_retry(body);
                    if !self.retries {
                        self.chosen = Some(hello.version);
                    }
                    out.say(Said::ServerHello(Box::new(hello)));
                }
            }
            message::CERTIFICATE => {
                let chain = chain(body);
                if !chain.chain.is_empty() {
                    out.say(Said::Certificates(Box::new(chain)));
                }
            }
            _ => {}
        }
    }

    /// Whether nothing readable can follow.
    fn is_over(&self) -> bool {
        let Tls { client, server, chosen, data_records, .. } = self;
        let both_met = client.spoke && server.spoke;
        // From the ServerHello of TLS 1.3 on everything is encrypted.
        both_met && *chosen >= Some(TlsVersion::TLS1_3)
            || client.encrypted && server.encrypted
            || both_met && *data_records > 0
            || *data_records >= PATIENCE
    }
}

/// The next whole handshake message: its type and body.
fn next_message<'a>(reader: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let mut ahead = *reader;
    let kind = ahead.u8()?;
    let length = usize::try_from(ahead.u24()?).ok()?;
    let body = ahead.take(length)?;
    *reader = ahead;
    Some((kind, body))
}

/// A message that would not fit although more than enough of it is here: its type, the part that
/// is here, and how much is still to come.
fn too_long(rest: &[u8]) -> Option<(u8, &[u8], usize)> {
    if rest.len() < MAX_MESSAGE {
        return None;
    }
    let mut reader = Reader::new(rest);
    let kind = reader.u8()?;
    let length = usize::try_from(reader.u24()?).ok()?;
    Some((kind, reader.rest(), length.saturating_sub(reader.len())))
}

/// The random value by which a ServerHello is a HelloRetryRequest (RFC 8446, 4.1.3) begins so.
const RETRY: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];

fn is_retry(body: &[u8]) -> bool {
    body.get(2..).is_some_and(|random| random.starts_with(&RETRY))
}

/// The certificates of a Certificate message up to TLS 1.2; those that cannot be read are left
/// out.
fn chain(body: &[u8]) -> TlsCertificates {
    let mut reader = Reader::new(body);
    let _ = reader.u24();
    let ders = std::iter::from_fn(|| {
        let length = usize::try_from(reader.u24()?).ok()?;
        reader.take(length)
    });
    TlsCertificates { chain: ders.take(MAX_CHAIN).filter_map(x509::certificate).collect() }
}

#[cfg(test)]
mod tests {
    use super::{
        hello::tests::{client_body, server_body},
        *,
    };
    use cordon_model::SecretKey;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, a, b, c], body].concat()
    }

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let [a, b] = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 3, 1, a, b], content].concat()
    }

    /// Feeds both sides in turn, keeping what is not consumed as the sensor does.
    struct Feed {
        tls: Tls,
        held: [Vec<u8>; 2],
        said: Vec<Said>,
    }

    impl Feed {
        fn new() -> Self {
            Feed { tls: Tls::default(), held: Default::default(), said: Vec::new() }
        }

        fn send(&mut self, side: Side, bytes: &[u8]) -> Step {
            let held = &mut self.held[usize::from(side == Side::Server)];
            held.extend_from_slice(bytes);
            let key = SecretKey::new([0; 32]);
            let step = self.tls.data(side, held, &mut Out::new(&key, &mut self.said));
            if let Step::Consumed(count) = step {
                held.drain(..count);
            }
            step
        }
    }

    #[test]
    fn a_hello_in_many_records_and_segments_is_read() {
        let hello = message(message::CLIENT_HELLO, &client_body("plug.example"));
        let bytes: Vec<u8> = hello.chunks(10).flat_map(|part| record(22, part)).collect();
        assert_eq!(recognise(Side::Client, &bytes), Guess::Sure);
        let mut feed = Feed::new();
        for byte in bytes.chunks(1) {
            assert!(matches!(feed.send(Side::Client, byte), Step::Consumed(_)));
        }
        let [Said::ClientHello(hello)] = feed.said.as_slice() else { panic!("{:?}", feed.said) };
        assert_eq!(hello.sni.as_deref(), Some("plug.example"));
    }

    #[test]
    fn a_tls_1_3_handshake_is_over_after_both_hellos() {
        let mut feed = Feed::new();
        let hello = message(1, &client_body("plug.example"));
        feed.send(Side::Client, &record(22, &hello));
        let answer = message(2, &server_body(0x0303, &[(43, vec![3, 4])]));
        assert_eq!(feed.send(Side::Server, &record(22, &answer)), Step::Done);
        assert_eq!(feed.said.len(), 2);
    }

    #[test]
    fn a_retry_request_does_not_end_the_handshake() {
        let mut feed = Feed::new();
        feed.send(Side::Client, &record(22, &message(1, &client_body("plug.example"))));
        let mut retry = server_body(0x0303, &[(43, vec![3, 4])]);
        retry[2..10].copy_from_slice(&RETRY);
        feed.send(Side::Server, &record(22, &message(2, &retry)));
        feed.send(Side::Server, &record(20, &[1]));
        let step = feed.send(Side::Client, &record(20, &[1]));
        assert!(matches!(step, Step::Consumed(_)));
    }

    #[test]
    fn encrypted_handshake_records_are_not_read_as_messages() {
        let mut feed = Feed::new();
        feed.send(Side::Client, &record(20, &[1]));
        feed.send(Side::Client, &record(22, &message(1, &client_body("plug.example"))[..80]));
        assert!(feed.said.is_empty());
    }

    #[test]
    fn the_hello_after_a_retry_request_is_read() {
        let mut feed = Feed::new();
        feed.send(Side::Client, &record(20, &[1]));
        feed.send(Side::Client, &record(22, &message(1, &client_body("plug.example"))));
        assert_eq!(feed.said.len(), 1);
    }

    #[test]
    fn a_huge_message_does_not_grow_the_memory() {
        let mut feed = Feed::new();
        feed.send(Side::Server, &record(22, &[11, 0xff, 0xff, 0xff]));
        for _ in 0..100 {
            feed.send(Side::Server, &record(22, &[0; 16000]));
            assert!(feed.tls.server.pending.len() <= MAX_MESSAGE);
        }
    }

    #[test]
    fn after_lost_bytes_reading_goes_on_at_the_next_record() {
        let mut feed = Feed::new();
        feed.send(Side::Server, &record(22, &message(2, &server_body(0x0303, &[])))[..20]);
        feed.held = Default::default();
        feed.tls.gap(Side::Server);
        feed.send(Side::Server, &[0x55; 100]);
        feed.send(Side::Server, &record(22, &message(2, &server_body(0x0302, &[]))));
        let [Said::ServerHello(hello)] = feed.said.as_slice() else { panic!("{:?}", feed.said) };
        assert_eq!(hello.version, TlsVersion::TLS1_1);
    }

    #[test]
    fn a_connection_without_a_handshake_is_given_up() {
        let mut feed = Feed::new();
        let data = record(23, &[0; 40]);
        assert_eq!(recognise(Side::Server, &data), Guess::Fits);
        assert_eq!(recognise(Side::Server, &[data.clone(), data.clone()].concat()), Guess::Sure);
        assert!((0..PATIENCE).any(|_| feed.send(Side::Server, &data) == Step::Done));
    }
}
