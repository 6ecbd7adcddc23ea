//! Classic pcap files: draft-ietf-opsawg-pcap, and the variants that are met in practice.

use cordon_model::{LinkType, Timestamp};

use crate::{
    MAX_PACKET,
    source::{Record, Step},
    status::Interface,
    window::Window,
    words::Words,
};

const FILE_HEADER: usize = 24;

/// The fixed part of every packet's header.
const RECORD_HEADER: usize = 16;

/// The low bits of the last header field are the link type; the others tell of frame check
/// sequences.
const LINK_MASK: u32 = 0x03ff_ffff;

/// How the lengths of a packet are ordered: before version 2.3 the length on the wire came first,
/// and writers of 2.3 disagreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    LesserIsCaptured,
}

/// Reads the packets of a classic file.
#[derive(Debug)]
pub(crate) struct Classic {
    big_endian: bool,
    nanos_per_tick: i64,
    /// Size of a packet's header; Kuznetzov's has eight bytes more.
    header: usize,
    lengths: Lengths,
    link: LinkType,
}

/// What the first four bytes say about a file, if it is a classic one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Magic {
    big_endian: bool,
    nanos_per_tick: i64,
    header: usize,
    pub(crate) name: &'static str,
}

impl Magic {
    pub(crate) fn recognise(head: [u8; 4]) -> Option<Magic> {
        let magic = |big_endian, nanos_per_tick, header, name| {
            Some(Magic { big_endian, nanos_per_tick, header, name })
        };
        match head {
            [0xa1, 0xb2, 0xc3, 0xd4] => magic(true, 1_000, RECORD_HEADER, "pcap"),
            [0xd4, 0xc3, 0xb2, 0xa1] => magic(false, 1_000, RECORD_HEADER, "pcap"),
            [0xa1, 0xb2, 0x3c, 0x4d] => magic(true, 1, RECORD_HEADER, "pcap (nanoseconds)"),
            [0x4d, 0x3c, 0xb2, 0xa1] => magic(false, 1, RECORD_HEADER, "pcap (nanoseconds)"),
            [0xa1, 0xb2, 0xcd, 0x34] => magic(true, 1_000, RECORD_HEADER + 8, "pcap (modified)"),
            [0x34, 0xcd, 0xb2, 0xa1] => magic(false, 1_000, RECORD_HEADER + 8, "pcap (modified)"),
            _ => None,
        }
    }
}

impl Classic {
    /// Reads the file header, or says what is wrong with it.
    pub(crate) fn open(magic: Magic, window: &mut Window) -> Result<(Self, Interface), String> {
        let words = Words { big_endian: magic.big_endian };
        let header = window.peek(FILE_HEADER).and_then(|bytes| bytes.first_chunk::<FILE_HEADER>());
        let Some(header) = header else {
            return Err(window.why_it_ends("the header of the file"));
        };
        let [_, _, _, _, a, b, c, d, .., s0, s1, s2, s3, l0, l1, l2, l3] = *header;
        let (major, minor) = (words.u16([a, b]), words.u16([c, d]));
        let lengths = match (major, minor) {
            (2, 0..3) | (543, 0) => Lengths::WireFirst,
            (2, 3) => Lengths::LesserIsCaptured,
            (2, _) => Lengths::CapturedFirst,
            _ => {
                return Err(format!(
                    "the header names version {major}.{minor}, which nobody wrote"
                ));
            }
        };
        let link = LinkType(words.u32([l0, l1, l2, l3]) & LINK_MASK);
        let interface = Interface { name: None, link, snaplen: words.u32([s0, s1, s2, s3]) };
        window.pass(FILE_HEADER);
        let classic = Classic {
            big_endian: magic.big_endian,
            nanos_per_tick: magic.nanos_per_tick,
            header: magic.header,
            lengths,
            link,
        };
        Ok((classic, interface))
    }

    /// The next packet.
    #[inline]
    pub(crate) fn next(&mut self, window: &mut Window) -> Step {
        let words = Words { big_endian: self.big_endian };
        let head = window.peek(self.header).and_then(|bytes| bytes.first_chunk::<RECORD_HEADER>());
        let Some(head) = head else {
            return window.end("the header of the next packet");
        };
        let [s0, s1, s2, s3, t0, t1, t2, t3, c0, c1, c2, c3, w0, w1, w2, w3] = *head;
        let secs = i64::from(words.u32([s0, s1, s2, s3]));
        let ticks = i64::from(words.u32([t0, t1, t2, t3]));
        let mut captured = words.u32([c0, c1, c2, c3]);
        let mut wire_len = words.u32([w0, w1, w2, w3]);
        let swap = match self.lengths {
            Lengths::CapturedFirst => false,
            Lengths::WireFirst => true,
            Lengths::LesserIsCaptured => captured > wire_len,
        };
        if swap {
            std::mem::swap(&mut captured, &mut wire_len);
        }
        let len = captured as usize;
        if len > MAX_PACKET {
            return too_long(captured);
        }
        if window.peek(self.header + len).is_none() {
            return window.end("the next packet");
        }
        let place = window.pass(self.header + len) + self.header;
        Step::Packet(Record {
            // At most 2^32 seconds and 2^32 microseconds: far from overflow.
            at: Timestamp::from_nanos(secs * 1_000_000_000 + ticks * self.nanos_per_tick),
            link: self.link,
            wire_len: wire_len.max(captured),
            place,
            len,
        })
    }
}

#[cold]
fn too_long(captured: u32) -> Step {
    Step::Damaged(format!(
        "the next packet claims {captured} captured bytes, and no packet has more than {MAX_PACKET}"
    ))
}
