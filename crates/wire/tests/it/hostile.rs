//! Any bytes, in any pieces: no parser panics, takes more than it is offered, or says something
//! else because the segments fell otherwise.

use cordon_model::{App, LinkType, Said, SecretKey};
use cordon_wire::Side::{Client, Server};
use cordon_wire::{
    Datagram, DatagramDissect, DatagramProtocol, Guess, Out, Side, Step, StreamProtocol, protocols,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;

use crate::seeds::{self, Conversation, Message};

const KEY: SecretKey = SecretKey::new([7; 32]);

/// One change to well-formed bytes.
#[derive(Clone, Debug)]
enum Harm {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

impl Harm {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Harm::Set(at, value) => bytes[at.index(length)] = *value,
            Harm::Flip(at, bit) => bytes[at.index(length)] ^= 1 << (bit & 7),
            Harm::Cut(at) => bytes.truncate(at.index(length)),
            Harm::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more.iter().copied());
            }
            Harm::Remove(at, count) => {
                let at = at.index(length);
                bytes.drain(at..length.min(at + count));
            }
            Harm::Repeat(at, times) => {
                let tail = bytes[at.index(length)..].to_vec();
                (0..*times).for_each(|_| bytes.extend(&tail));
            }
        }
    }
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<Index>(), select(vec![0, 1, 2, 0x0c, 0x3f, 0x7f, 0x80, 0xc0, 0xff, b'\n', b' ']))
            .prop_map(|(at, value)| Harm::Set(at, value)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        any::<Index>().prop_map(Harm::Cut),
        (any::<Index>(), vec(any::<u8>(), 1..8)).prop_map(|(at, more)| Harm::Insert(at, more)),
        (any::<Index>(), 1..8usize).prop_map(|(at, count)| Harm::Remove(at, count)),
        (any::<Index>(), prop_oneof![1..4usize, 100..400usize])
            .prop_map(|(at, times)| Harm::Repeat(at, times)),
    ]
}

fn harmed(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    vec(harm(), 0..6).prop_map(move |harms| {
        let mut bytes = bytes.clone();
        for harm in harms {
            harm.apply(&mut bytes);
            bytes.truncate(32 * 1024);
        }
        bytes
    })
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}

/// A damaged exchange of one protocol, or noise.
fn conversation() -> impl Strategy<Value = Conversation> {
    let all: Vec<Conversation> = seeds::streams().into_iter().map(|(_, turns)| turns).collect();
    let side = prop_oneof![Just(Client), Just(Server)];
    let damaged = select(all).prop_flat_map(|turns| {
        turns.into_iter().map(|(side, bytes)| (Just(side), harmed(bytes))).collect::<Vec<_>>()
    });
    prop_oneof![8 => damaged, 1 => vec((side, noise()), 1..4)]
}

fn message() -> impl Strategy<Value = Message> {
    let all: Vec<Message> = seeds::datagrams().into_iter().map(|(_, message)| message).collect();
    let ports = select(all.clone()).prop_map(|message| (message.from_port, message.to_port));
    let damaged = select(all).prop_flat_map(|seed| {
        harmed(seed.payload.clone()).prop_map(move |payload| Message { payload, ..seed.clone() })
    });
    let noise = (ports, noise()).prop_map(|((from_port, to_port), payload)| Message {
        from_port,
        to_port,
        payload,
    });
    prop_oneof![8 => damaged, 1 => noise]
}

/// What a parser said of a connection, and whether it lost its framing on the way.
struct Run {
    facts: Vec<Said>,
    lost: bool,
}

/// What the sensor does with one connection, without another try after the framing is lost.
fn run(row: &StreamProtocol, turns: &[(Side, Vec<u8>)], mut pieces: impl FnMut() -> usize) -> Run {
    let mut parser = (row.start)();
    let mut facts = Vec::new();
    let mut out = Out::new(&KEY, &mut facts);
    let mut held = [Vec::new(), Vec::new()];
    for (side, bytes) in turns {
        let mut rest = &bytes[..];
        let held = &mut held[usize::from(*side == Server)];
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(pieces().clamp(1, rest.len()));
            rest = behind;
            held.extend(piece);
            loop {
                let window = parser.window();
                let offered = &held[..held.len().min(window)];
                match parser.data(*side, offered, &mut out) {
                    // The sensor holds no more than the window: what it wants more of is lost.
                    Step::Consumed(0) if offered.len() == window => {
                        return Run { facts, lost: true };
                    }
                    Step::Consumed(0) => break,
                    Step::Consumed(count) => {
                        assert!(count <= offered.len(), "{}: took more than offered", row.app);
                        held.drain(..count);
                    }
                    Step::Done => return Run { facts, lost: false },
                    Step::Lost => return Run { facts, lost: true },
                }
                if held.is_empty() {
                    break;
                }
            }
        }
    }
    Run { facts, lost: false }
}

fn dissect(row: &DatagramProtocol, messages: &[Message]) -> Vec<Said> {
    let mut facts = Vec::new();
    let mut out = Out::new(&KEY, &mut facts);
    let mut flow = match row.dissect {
        DatagramDissect::Flow(start) => Some(start()),
        DatagramDissect::Each(_) => None,
    };
    for (position, message) in messages.iter().enumerate() {
        let side = if position % 2 == 0 { Client } else { Server };
        let datagram = datagram(side, message);
        let _ = (row.recognise)(&datagram);
        match (&row.dissect, &mut flow) {
            (DatagramDissect::Each(each), _) => {
                each(&datagram, &mut out);
            }
            (_, Some(parser)) => match parser.datagram(&datagram, &mut out) {
                Step::Consumed(count) => assert!(count <= message.payload.len(), "{}", row.app),
                Step::Done | Step::Lost => break,
            },
            _ => {}
        }
    }
    facts
}

fn datagram(side: Side, message: &Message) -> Datagram<'_> {
    Datagram {
        side,
        from_port: message.from_port,
        to_port: message.to_port,
        multicast: false,
        payload: &message.payload,
    }
}

/// A page that ends with its connection has no end that a parser sees: it must give up waiting
/// for the title at some segment.
fn without_title(said: Said) -> Said {
    match said {
        Said::HttpResponse(mut response) => {
            response.title = None;
            Said::HttpResponse(response)
        }
        other => other,
    }
}

fn best<'a>(guesses: impl Iterator<Item = (App, Guess)> + 'a) -> Option<(App, Guess)> {
    let believed = guesses.filter(|(_, guess)| *guess >= Guess::Fits);
    believed.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[test]
fn well_formed_datagrams_are_taken_for_what_they_are() {
    for (app, message) in seeds::datagrams() {
        let datagram = datagram(Client, &message);
        let guesses = protocols::DATAGRAMS.iter().map(|row| (row.app, (row.recognise)(&datagram)));
        let best = best(guesses);
        let has_row = protocols::DATAGRAMS.iter().any(|row| row.app == app);
        match best {
            Some((best, guess)) => {
                assert!(best == app || !has_row && guess < Guess::Sure, "{app} is taken for {best}")
            }
            None => assert!(!has_row, "{app} is not recognised"),
        }
        for row in protocols::DATAGRAMS.iter().filter(|row| row.app == app) {
            assert!(!dissect(row, std::slice::from_ref(&message)).is_empty(), "{app} says nothing");
        }
    }
}

#[test]
fn well_formed_streams_are_taken_for_what_they_are() {
    for (app, turns) in seeds::streams() {
        let has_row = protocols::STREAMS.iter().any(|row| row.app == app);
        let guesses = protocols::STREAMS.iter().flat_map(|row| {
            turns.iter().map(|(side, bytes)| (row.app, (row.recognise)(*side, bytes)))
        });
        match best(guesses) {
            Some((best, guess)) => {
                assert!(best == app || !has_row && guess < Guess::Sure, "{app} is taken for {best}")
            }
            None => assert!(!has_row, "{app} is not recognised"),
        }
        for row in protocols::STREAMS.iter().filter(|row| row.app == app) {
            assert!(!run(row, &turns, || usize::MAX).facts.is_empty(), "{app} says nothing");
        }
    }
}

/// The same cases in every run, unless the environment asks for others (`PROPTEST_CASES`,
/// `PROPTEST_RNG_SEED`).
fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn stream_parsers_say_the_same_however_the_bytes_are_cut(
        turns in conversation(),
        sizes in vec(prop_oneof![1..4usize, 1..200usize], 1..32),
    ) {
        for row in protocols::STREAMS {
            for (side, bytes) in &turns {
                let _ = (row.recognise)(*side, bytes);
            }
            let whole = run(row, &turns, || usize::MAX);
            let mut sizes = sizes.iter().cycle();
            let cut = run(row, &turns, || sizes.next().copied().unwrap_or(1));
            // Where the next try begins after a loss depends on the segments.
            let common = match (whole.lost, cut.lost) {
                (false, false) => usize::MAX,
                (true, false) => whole.facts.len(),
                (false, true) => cut.facts.len(),
                (true, true) => whole.facts.len().min(cut.facts.len()),
            };
            // Telnet has no messages: a prompt is what a segment ends with.
            if row.app == App::Telnet {
                continue;
            }
            let comparable = |run: Run| -> Vec<Said> {
                run.facts.into_iter().take(common).map(without_title).collect()
            };
            prop_assert_eq!(comparable(whole), comparable(cut), "{}", row.app);
        }
    }

    #[test]
    fn stream_parsers_outlive_gaps(
        turns in conversation(),
        gaps in vec(any::<bool>(), 8),
    ) {
        for row in protocols::STREAMS {
            let mut parser = (row.start)();
            let mut facts = Vec::new();
            let mut out = Out::new(&KEY, &mut facts);
            for ((side, bytes), gap) in turns.iter().zip(gaps.iter().cycle()) {
                if *gap {
                    parser.gap(*side);
                }
                let offered = &bytes[..bytes.len().min(parser.window())];
                if let Step::Consumed(count) = parser.data(*side, offered, &mut out) {
                    prop_assert!(count <= offered.len(), "{}", row.app);
                }
            }
        }
    }

    #[test]
    fn datagram_parsers_take_anything_and_say_the_same_twice(messages in vec(message(), 1..4)) {
        for row in protocols::DATAGRAMS {
            prop_assert_eq!(dissect(row, &messages), dissect(row, &messages), "{}", row.app);
        }
    }

    #[test]
    fn noise_on_an_unknown_port_is_never_surely_something(payload in noise()) {
        let message = Message { from_port: 40_001, to_port: 40_002, payload };
        for row in protocols::DATAGRAMS {
            let guess = (row.recognise)(&datagram(Client, &message));
            prop_assert!(guess < Guess::Sure, "{}", row.app);
        }
        for row in protocols::STREAMS {
            let guess = (row.recognise)(Client, &message.payload);
            prop_assert!(guess < Guess::Sure, "{}", row.app);
        }
    }

    #[test]
    fn link_and_frame_parsers_take_anything(
        frame in prop_oneof![
            noise(),
            select(frames()).prop_flat_map(harmed),
        ],
        link in select(vec![
            LinkType::IEEE802_11, LinkType::RADIOTAP, LinkType::PRISM, LinkType::AVS, LinkType::PPI,
        ]),
    ) {
        use cordon_wire::{arp, cdp, eapol, group, lldp, ndp, upnp, wlan};
        let mut facts = Vec::new();
        let mut out = Out::new(&KEY, &mut facts);
        for dissect in [
            arp::dissect, cdp::dissect, eapol::dissect, group::igmp, group::mld, lldp::dissect,
            ndp::dissect,
        ] {
            let _ = dissect(&frame, &mut out);
        }
        let _ = wlan::frame(&frame, &mut out);
        if let Some(inner) = wlan::strip_header(link, &frame) {
            let _ = wlan::frame(inner, &mut out);
        }
        let _ = upnp::description(&frame);
        prop_assert!(facts.len() <= 64);
    }
}

fn frames() -> Vec<Vec<u8>> {
    let beacon = b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x0a\x02\0\0\0\0\x0a\0\0\
        \0\0\0\0\0\0\0\0\x64\0\x11\0\0\x04home\x03\x01\x06\
        \x30\x14\x01\0\0\x0f\xac\x04\x01\0\0\x0f\xac\x04\x01\0\0\x0f\xac\x02\xc0\0\
        \xdd\x0d\0\x50\xf2\x04\x10\x44\0\x01\x02\x10\x23\0\0";
    let data = b"\x88\x02\0\0\x02\0\0\0\0\x0c\x02\0\0\0\0\x0a\x02\0\0\0\0\x0f\0\0\x80\0\
        \x02\0\0\0\0\x0c\x02\0\0\0\0\x0f\0\x0a\xaa\xaa\x03\0\0\0\x08\0\x45\0";
    let radiotap = [&b"\0\0\x0a\0\x02\0\0\0\x10\0"[..], beacon].concat();
    let lldp = b"\x02\x07\x04\x02\0\0\0\0\x07\x04\x05\x05eth0\x06\x02\0\x78\x0a\x02sw\
        \xfe\x07\0\x12\xbb\x09Acm\xfe\x06\0\x0e\xcf\x02\0\0\0\0";
    let cdp = b"\x02\xb4\0\0\0\x01\0\x06sw\0\x02\0\x11\0\0\0\x01\x01\x01\xcc\0\x04\x0a\0\0\x02";
    let eapol = b"\x02\0\0\x0a\x02\x01\0\x0a\x01alice";
    let report =
        b"\x22\0\0\0\0\0\0\x02\x04\0\0\x01\xef\xff\xff\xfa\x0a\0\0\x01\x04\0\0\0\xe0\0\0\xfb";
    let upnp =
        b"<root><device><deviceType>urn:a</deviceType><friendlyName>A &amp; B</friendlyName>\
        <serviceList><serviceType>urn:s</serviceType></serviceList></device></root>";
    let mut advert = vec![136, 0, 0, 0, 0xe0, 0, 0, 0];
    advert.extend([0xfe; 16]);
    advert.extend([2, 1, 2, 0, 0, 0, 0, 1]);
    let arp = b"\0\x01\x08\0\x06\x04\0\x02\x02\0\0\0\0\x09\x0a\0\0\x09\x02\0\0\0\0\x01\x0a\0\0\x01";
    let borrowed: [&[u8]; 9] = [beacon, data, lldp, cdp, eapol, report, upnp, arp, &radiotap];
    borrowed.into_iter().map(<[u8]>::to_vec).chain([advert]).collect()
}
