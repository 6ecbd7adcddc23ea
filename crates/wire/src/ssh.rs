//! SSH (RFC 4253): identification strings and the key exchange offers of both sides.

use cordon_model::{Said, Text, fact::Ssh};

use crate::{
    Guess, Out, Reader, Side, Step, StreamDissector,
    dissect::{some_text, text},
};

/// The longest identification string (RFC 4253, 4.2), with room for servers that ignore it.
const MAX_LINE: usize = 512;
/// Lines that a server may send before its identification; more than any does.
const MAX_PREAMBLE: u8 = 16;
/// The longest packet that all must accept (RFC 4253, 6.1).
const MAX_PACKET: u32 = 35_000;
/// More algorithms of one kind than anybody offers.
const MAX_NAMES: usize = 64;
/// The longest algorithm name (RFC 4251, 6).
const MAX_NAME: usize = 64;
/// SSH_MSG_KEXINIT.
const KEXINIT: u8 = 20;

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    const FRONT: &[u8] = b"SSH-";
    if let Some(version) = data.strip_prefix(FRONT) {
        return match version {
            [b'1' | b'2', b'.', ..] => Guess::Sure,
            [] | [b'1' | b'2'] => Guess::More,
            _ => Guess::No,
        };
    }
    if FRONT.starts_with(data) {
        return Guess::More;
    }
    if is_packet(data) { Guess::Fits } else { Guess::No }
}

/// Whether bytes look like a packet of a key exchange: the middle of a connection.
fn is_packet(data: &[u8]) -> bool {
    let mut reader = Reader::new(data);
    let (Some(length), Some(padding), Some(kind)) = (reader.u32(), reader.u8(), reader.u8()) else {
        return false;
    };
    let aligned = (12..=MAX_PACKET).contains(&length) && (length + 4).is_multiple_of(8);
    // KEXINIT and NEWKEYS; methods of key exchange (RFC 4253, 12).
    let known = matches!(kind, KEXINIT | 21 | 30..=34);
    aligned && known && padding >= 4 && u32::from(padding) < length
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Handshake::default())
}

#[derive(Default)]
struct Handshake {
    client: Stage,
    server: Stage,
}

/// What a side sends next.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Its identification, after so many other lines.
    #[default]
    Banner,
    /// Other lines were sent already.
    Preamble(u8),
    /// Its key exchange offer.
    Offer,
    /// Nothing readable.
    Over,
}

impl StreamDissector for Handshake {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let stage = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let mut used = 0;
        loop {
            let rest = data.get(used..).unwrap_or_default();
            if *stage == Stage::Banner && is_packet(rest) {
                *stage = Stage::Offer;
            }
            let count = match *stage {
                Stage::Banner => banner(rest, 0, stage, out),
                Stage::Preamble(lines) => banner(rest, lines, stage, out),
                Stage::Offer => offer(rest, side, stage, out),
                Stage::Over => Some(rest.len()),
            };
            match count {
                None => return Step::Lost,
                Some(0) => break,
                Some(count) => used += count,
            }
        }
        if self.client == Stage::Over && self.server == Stage::Over {
            return Step::Done;
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, side: Side) {
        match side {
            Side::Client => self.client = Stage::Over,
            Side::Server => self.server = Stage::Over,
        }
    }

    fn window(&self) -> usize {
        // A whole offer must fit; real ones have two kilobytes.
        16 * 1024
    }
}

/// Reads a line of the identification phase: how many bytes it took, `None` where it is not SSH.
fn banner(data: &[u8], lines: u8, stage: &mut Stage, out: &mut Out<'_>) -> Option<usize> {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return (data.len() <= MAX_LINE).then_some(0);
    };
    let line = data.get(..end)?;
    let Some(identification) = line.strip_prefix(b"SSH-") else {
        *stage = Stage::Preamble(lines.saturating_add(1));
        return (lines < MAX_PREAMBLE).then_some(end + 1);
    };
    // SSH 1 has no offer in this form.
    let first = identification.starts_with(b"1.") && !identification.starts_with(b"1.99");
    *stage = if first { Stage::Over } else { Stage::Offer };
    let banner = some_text(identification, 255);
    out.say(Said::Ssh(Box::new(Ssh { banner, ..Ssh::default() })));
    Some(end + 1)
}

/// Reads the first binary packet.
fn offer(data: &[u8], side: Side, stage: &mut Stage, out: &mut Out<'_>) -> Option<usize> {
    let mut reader = Reader::new(data);
    let Some(length) = reader.u32() else { return Some(0) };
    if !(12..=MAX_PACKET).contains(&length) {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let Some(mut packet) = reader.sub(length) else { return Some(0) };
    *stage = Stage::Over;
    if let Some(fact) = key_exchange(&mut packet, side) {
        out.say(Said::Ssh(Box::new(fact)));
    }
    Some(4 + length)
}

fn key_exchange(packet: &mut Reader<'_>, side: Side) -> Option<Ssh> {
    packet.skip(1)?;
    if packet.u8()? != KEXINIT {
        return None;
    }
    // The cookie.
    packet.skip(16)?;
    let (kex, host_keys) = (names(packet)?, names(packet)?);
    let ciphers = [names(packet)?, names(packet)?];
    let macs = [names(packet)?, names(packet)?];
    Some(Ssh { banner: None, kex, host_keys, ciphers: own(ciphers, side), macs: own(macs, side) })
}

/// Of two lists, client to server and back, the one in which the speaker sends.
fn own([from_client, from_server]: [Vec<Text>; 2], side: Side) -> Vec<Text> {
    match side {
        Side::Client => from_client,
        Side::Server => from_server,
    }
}

fn names(packet: &mut Reader<'_>) -> Option<Vec<Text>> {
    let length = usize::try_from(packet.u32()?).ok()?;
    let list = packet.take(length)?;
    let names = list.split(|byte| *byte == b',').filter(|name| !name.is_empty());
    Some(names.take(MAX_NAMES).map(|name| text(name, MAX_NAME)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Feed;

    fn offer_of(lists: [&str; 6]) -> Vec<u8> {
        let mut payload = vec![4, KEXINIT];
        payload.extend([9; 16]);
        for list in lists.iter().copied().chain(["none", "none", "", ""]) {
            payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
            payload.extend(list.bytes());
        }
        payload.extend([0; 9]);
        payload.resize((payload.len() + 4).next_multiple_of(8) - 4, 0);
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[..], &payload].concat()
    }

    #[test]
    fn banner_and_offer_of_both_sides_end_the_reading() {
        let offer = offer_of(["kex-a,kex-b", "ssh-rsa", "aes-c", "aes-s", "mac-c", "mac-s"]);
        let mut feed = Feed::new(start());
        feed.trickle(Side::Client, b"SSH-2.0-OpenSSH_9.6 x\r\n");
        feed.trickle(Side::Client, &offer);
        feed.send(Side::Server, b"hello\r\nSSH-2.0-dropbear_2014.63\n");
        assert_eq!(feed.send(Side::Server, &offer), Step::Done);
        let said: Vec<_> = feed
            .said
            .iter()
            .map(|said| match said {
                Said::Ssh(ssh) => ssh.as_ref(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(said[0].banner.as_deref(), Some("2.0-OpenSSH_9.6 x"));
        assert_eq!(said[1].kex, ["kex-a", "kex-b"]);
        assert_eq!((&said[1].ciphers[0], &said[1].macs[0]), (&"aes-c".into(), &"mac-c".into()));
        assert_eq!(said[2].banner.as_deref(), Some("2.0-dropbear_2014.63"));
        assert_eq!((&said[3].ciphers[0], &said[3].macs[0]), (&"aes-s".into(), &"mac-s".into()));
    }

    #[test]
    fn a_packet_of_an_absurd_length_is_not_waited_for() {
        let mut feed = Feed::new(start());
        let step = feed.send(Side::Server, b"SSH-2.0-x\r\n\xff\xff\xff\xff");
        assert_eq!(step, Step::Lost);
    }

    #[test]
    fn a_connection_without_its_first_lines_gives_its_offer() {
        let offer = offer_of(["kex-a", "ssh-rsa", "aes-c", "aes-s", "mac-c", "mac-sss"]);
        assert_eq!(recognise(Side::Server, &offer), Guess::Fits);
        let mut feed = Feed::new(start());
        feed.send(Side::Server, &offer);
        let [Said::Ssh(ssh)] = feed.said.as_slice() else { panic!("{:?}", feed.said) };
        assert_eq!(ssh.kex, ["kex-a"]);
    }

    #[test]
    fn only_an_identification_is_recognised() {
        assert_eq!(recognise(Side::Server, b"SSH-1.99-Cisco"), Guess::Sure);
        assert_eq!(recognise(Side::Server, b"SS"), Guess::More);
        assert_eq!(recognise(Side::Server, b"SSH-x"), Guess::No);
        assert_eq!(recognise(Side::Server, b"220 ready"), Guess::No);
    }
}
