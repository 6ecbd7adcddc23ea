//! TCP payload: each direction put in order, recognised, and fed to its parser.
//!
//! Only what a parser still needs is held. The first copy of overlapping bytes wins, as it does
//! for most receivers of the first segment; a hole that is not filled soon is passed over and the
//! parser is told.

use cordon_model::App;
use cordon_wire::protocols::STREAMS;
use cordon_wire::{Out, Side, Step, StreamDissector};

use crate::recognise::{Opinion, Verdict, Verdicts};

/// Bytes of one direction held while its protocol is not known: the longest first message that a
/// recogniser wants to see is a few hundred bytes.
const MAX_UNKNOWN: usize = 2 * 1024;

/// Segments held behind a hole; senders seldom reorder by more than a handful.
const MAX_AHEAD: usize = 16;

/// Bytes held behind a hole.
const MAX_AHEAD_BYTES: usize = 64 * 1024;

/// A sequence number further than this from the expected one is another connection or damage.
const MAX_JUMP: u32 = 1 << 20;

/// How often a parser may lose its place before the flow is left alone.
const MAX_LOST: u8 = 8;

/// Both directions of a connection, client first.
#[derive(Default)]
pub struct Streams {
    halves: [Half; 2],
    verdicts: Verdicts,
    parser: Option<Box<dyn StreamDissector>>,
    lost: u8,
}

/// Whether payload is still of interest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Go on.
    More,
    /// Nothing more to learn.
    Over,
}

#[derive(Default)]
struct Half {
    next: Option<u32>,
    held: Vec<u8>,
    ahead: Vec<(u32, Box<[u8]>)>,
}

impl Streams {
    /// Notes where a direction begins.
    pub fn begin(&mut self, side: Side, seq: u32) {
        self.half(side).next = Some(seq);
    }

    /// Takes one segment. `app` is set when the protocol becomes known; `ports` are those of the
    /// connection.
    pub fn segment(
        &mut self,
        side: Side,
        seq: u32,
        data: &[u8],
        ports: (u16, u16),
        app: &mut Option<App>,
        out: &mut Out<'_>,
    ) -> Interest {
        let Some(next) = self.half(side).next else {
            self.half(side).next = Some(seq.wrapping_add(length(data)));
            return self.offer(side, data, ports, app, out);
        };
        let ahead = seq.wrapping_sub(next);
        let behind = next.wrapping_sub(seq);
        if ahead == 0 {
            self.half(side).next = Some(next.wrapping_add(length(data)));
            let interest = self.offer(side, data, ports, app, out);
            return if self.half(side).ahead.is_empty() || interest == Interest::Over {
                interest
            } else {
                self.catch_up(side, ports, app, out)
            };
        }
        if behind <= MAX_JUMP {
            let Some(fresh) = data.get(behind as usize..).filter(|fresh| !fresh.is_empty()) else {
                return Interest::More;
            };
            return self.segment(side, next, fresh, ports, app, out);
        }
        if ahead > MAX_JUMP {
            self.skip_to(side, seq);
            return self.segment(side, seq, data, ports, app, out);
        }
        if self.half(side).hold(seq, data) {
            return Interest::More;
        }
        if let Some(seq) = self.half(side).nearest(next) {
            self.skip_to(side, seq);
        }
        self.catch_up(side, ports, app, out)
    }

    /// One side has said its last: what lies behind holes is offered, since nothing will fill them.
    pub fn close(
        &mut self,
        side: Side,
        ports: (u16, u16),
        app: &mut Option<App>,
        out: &mut Out<'_>,
    ) -> Interest {
        for _ in 0..MAX_AHEAD {
            let half = self.half(side);
            let Some(seq) = half.next.and_then(|next| half.nearest(next)) else { break };
            self.skip_to(side, seq);
            if self.catch_up(side, ports, app, out) == Interest::Over {
                return Interest::Over;
            }
        }
        Interest::More
    }

    fn half(&mut self, side: Side) -> &mut Half {
        let [client, server] = &mut self.halves;
        match side {
            Side::Client => client,
            Side::Server => server,
        }
    }

    /// Turns the ends round, when it shows that the server spoke first.
    pub fn flip(&mut self) {
        self.halves.swap(0, 1);
    }

    fn skip_to(&mut self, side: Side, seq: u32) {
        let half = self.half(side);
        half.held.clear();
        half.next = Some(seq);
        if let Some(parser) = &mut self.parser {
            parser.gap(side);
        }
    }

    /// Offers what lay behind a hole that is now filled or given up.
    fn catch_up(
        &mut self,
        side: Side,
        ports: (u16, u16),
        app: &mut Option<App>,
        out: &mut Out<'_>,
    ) -> Interest {
        while let Some(data) = self.half(side).due() {
            let half = self.half(side);
            half.next = half.next.map(|next| next.wrapping_add(length(&data)));
            if self.offer(side, &data, ports, app, out) == Interest::Over {
                return Interest::Over;
            }
        }
        Interest::More
    }

    /// Offers bytes that are next in line.
    fn offer(
        &mut self,
        side: Side,
        data: &[u8],
        ports: (u16, u16),
        app: &mut Option<App>,
        out: &mut Out<'_>,
    ) -> Interest {
        if self.parser.is_some() {
            return self.feed(side, data, out);
        }
        let verdicts = &mut self.verdicts;
        let [client, server] = &mut self.halves;
        let (half, other) = match side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        let judged = if half.held.is_empty() {
            data
        } else {
            half.held.extend_from_slice(data);
            &half.held
        };
        let verdict = verdicts.hear(
            side,
            STREAMS.iter().map(|row| Opinion {
                guess: (row.recognise)(side, judged),
                on_port: {
                    let known = row.app.tcp_ports();
                    known.contains(&ports.0) || known.contains(&ports.1)
                },
            }),
        );
        match verdict {
            Verdict::Row(row) => {
                let Some(row) = STREAMS.get(row) else { return Interest::Over };
                *app = Some(row.app);
                self.parser = Some((row.start)());
                let earlier = std::mem::take(&mut other.held);
                let mut held = std::mem::take(&mut half.held);
                if !earlier.is_empty() && self.feed(side.other(), &earlier, out) == Interest::Over {
                    return Interest::Over;
                }
                if held.is_empty() {
                    held.extend_from_slice(data);
                }
                self.feed(side, &held, out)
            }
            Verdict::More | Verdict::Fits => {
                if half.held.is_empty() {
                    half.held.extend_from_slice(data);
                }
                if half.held.len() > MAX_UNKNOWN || verdicts.exhausted() {
                    return Interest::Over;
                }
                Interest::More
            }
            Verdict::None => {
                half.held.clear();
                if verdicts.exhausted() { Interest::Over } else { Interest::More }
            }
        }
    }

    fn feed(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Interest {
        let Some(parser) = &mut self.parser else { return Interest::More };
        let [client, server] = &mut self.halves;
        let half = match side {
            Side::Client => client,
            Side::Server => server,
        };
        let step = if half.held.is_empty() {
            let step = parser.data(side, data, out);
            if let Step::Consumed(count) = step {
                half.held.extend_from_slice(data.get(count..).unwrap_or_default());
            }
            step
        } else {
            half.held.extend_from_slice(data);
            let step = parser.data(side, &half.held, out);
            if let Step::Consumed(count) = step {
                half.held.drain(..count.min(half.held.len()));
            }
            step
        };
        match step {
            Step::Done => Interest::Over,
            Step::Consumed(_) if half.held.len() <= parser.window() => Interest::More,
            Step::Consumed(_) | Step::Lost => {
                half.held.clear();
                parser.gap(side);
                self.lost += 1;
                if self.lost > MAX_LOST { Interest::Over } else { Interest::More }
            }
        }
    }
}

impl Half {
    /// Keeps a segment that lies ahead; false where there is no room.
    fn hold(&mut self, seq: u32, data: &[u8]) -> bool {
        if self.ahead.iter().any(|(other, held)| *other == seq && held.len() >= data.len()) {
            return true;
        }
        let bytes: usize = self.ahead.iter().map(|(_, held)| held.len()).sum();
        self.ahead.push((seq, data.into()));
        self.ahead.len() < MAX_AHEAD && bytes + data.len() < MAX_AHEAD_BYTES
    }

    /// Where the first held segment behind `next` begins.
    fn nearest(&self, next: u32) -> Option<u32> {
        self.ahead.iter().map(|(seq, _)| *seq).min_by_key(|seq| seq.wrapping_sub(next))
    }

    /// The held segment that is next in line, without what was seen already.
    fn due(&mut self) -> Option<Box<[u8]>> {
        let next = self.next?;
        self.ahead.retain(|(seq, data)| {
            let behind = next.wrapping_sub(*seq);
            behind > MAX_JUMP || (behind as usize) < data.len()
        });
        let place = self.ahead.iter().position(|(seq, _)| next.wrapping_sub(*seq) <= MAX_JUMP)?;
        let (seq, data) = self.ahead.swap_remove(place);
        match next.wrapping_sub(seq) as usize {
            0 => Some(data),
            behind => data.get(behind..).map(Into::into),
        }
    }
}

fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}
