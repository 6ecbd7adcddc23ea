//! MQTT 3.1, 3.1.1 and 5: every control packet of a connection, both ways. Messages are passed
//! over; only their topics and lengths are kept.

mod packet;

use cordon_model::Said;

use crate::{Guess, Out, Reader, Side, Step, StreamDissector};
use packet::{Header, Read, kind};

/// What is waited for of one packet before it is read: a CONNECT with two long texts fits.
const MAX_WAIT: usize = 8 * 1024;
/// Topics are at the front; the rest of a PUBLISH is not waited for.
const MAX_TOPIC: usize = 1024;
/// Packets that are judged before a guess.
const MAX_JUDGED: usize = 8;
/// Packets of no known type in a row after which the framing is lost.
const MAX_UNKNOWN: u8 = 3;

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    let mut reader = Reader::new(data);
    let mut best = Guess::No;
    for count in 0..MAX_JUDGED {
        if count > 0 && reader.is_empty() {
            break;
        }
        let header = match Header::read(&mut reader) {
            Read::Header(header) => header,
            Read::More if count == 0 => return could_begin(data),
            Read::More => break,
            Read::Bad => return Guess::No,
        };
        match header.judge(reader.rest()) {
            Guess::No => return Guess::No,
            Guess::Sure if count == 0 => return Guess::Sure,
            Guess::More if count == 0 => return Guess::More,
            _ => best = Guess::Fits,
        }
        if reader.skip(header.length).is_none() {
            // A packet that is not whole says little, unless others stood before it.
            return if count == 0 && header.kind != kind::PUBLISH { Guess::More } else { best };
        }
    }
    best
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Connection::default())
}

fn could_begin(data: &[u8]) -> Guess {
    let known =
        data.first().is_none_or(|first| (kind::CONNECT..=kind::AUTH).contains(&(first >> 4)));
    if known { Guess::More } else { Guess::No }
}

#[derive(Default)]
struct Connection {
    level: Option<u8>,
    client: Half,
    server: Half,
}

#[derive(Default)]
struct Half {
    /// Bytes of a packet already read that are still to come.
    skip: usize,
    unknown: u8,
    astray: bool,
}

impl StreamDissector for Connection {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let half = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let mut used = 0;
        while let Some(rest) = data.get(used..).filter(|rest| !rest.is_empty()) {
            if half.skip > 0 {
                let count = half.skip.min(rest.len());
                half.skip -= count;
                used += count;
                continue;
            }
            if half.astray {
                if recognise(side, rest) < Guess::Fits {
                    return Step::Consumed(data.len());
                }
                half.astray = false;
            }
            let mut reader = Reader::new(rest);
            let header = match Header::read(&mut reader) {
                Read::Header(header) => header,
                Read::More => break,
                Read::Bad => return Step::Lost,
            };
            let Some(body) = reader.rest().get(..header.length.min(wanted(header))) else { break };
            half.unknown = if header.kind == 0 { half.unknown.saturating_add(1) } else { 0 };
            if half.unknown == MAX_UNKNOWN {
                *half = Half { astray: true, ..Half::default() };
                return Step::Lost;
            }
            if header.kind == kind::CONNECT {
                self.level = packet::level(body);
            }
            let fact = header.fact(body, self.level, out);
            out.say(Said::Mqtt(Box::new(fact)));
            half.skip = header.length - body.len();
            used += rest.len() - reader.len() + body.len();
        }
        Step::Consumed(used)
    }

    fn gap(&mut self, side: Side) {
        let half = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        *half = Half { astray: true, ..Half::default() };
    }

    fn window(&self) -> usize {
        MAX_WAIT + 8
    }
}

/// How much of a packet is enough to read it.
const fn wanted(header: Header) -> usize {
    if header.kind == kind::PUBLISH { MAX_TOPIC } else { MAX_WAIT }
}

#[cfg(test)]
mod tests;
