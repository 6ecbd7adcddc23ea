//! pcapng files: draft-ietf-opsawg-pcapng, walked block by block.
//!
//! Several sections in either byte order, several interfaces with their own clocks, enhanced,
//! simple and obsolete packet blocks, and interface statistics. Other blocks are passed over.

use cordon_model::{LinkType, Timestamp};

use crate::{
    MAX_PACKET,
    source::{Record, Step},
    status::{InputStatus, Interface},
    window::{MAX_RECORD, Window},
    words::Words,
};

/// Type of a section header; it reads the same in both byte orders.
pub(crate) const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Type, length, and length again.
const LEAST_BLOCK: usize = 12;

/// Interfaces of one section; a packet names its interface by 32 bits, and each costs memory.
const MAX_INTERFACES: usize = 65_536;

/// Longest name of an interface that is kept, in characters.
const MAX_NAME: usize = 64;

/// Reads the packets of a pcapng file.
#[derive(Debug, Default)]
pub(crate) struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Source>,
    /// Time of the packet before, for blocks that carry none.
    last: Timestamp,
}

/// What the section says about one interface.
#[derive(Debug)]
struct Source {
    link: LinkType,
    snaplen: u32,
    clock: Clock,
    /// Packets lost so far, by the newest statistics.
    drops: u64,
}

impl Pcapng {
    /// The next packet; what other blocks tell goes to the status.
    #[inline]
    pub(crate) fn next(&mut self, window: &mut Window, status: &mut InputStatus) -> Step {
        loop {
            let Some([t0, t1, t2, t3, l0, l1, l2, l3]) =
                window.peek(8).and_then(|head| head.first_chunk::<8>()).copied()
            else {
                return window.end("the head of the next block");
            };
            if [t0, t1, t2, t3] == SECTION_HEADER {
                match self.section(window) {
                    Ok(()) => continue,
                    Err(damage) => return Step::Damaged(damage),
                }
            }
            let words = Words { big_endian: self.big_endian };
            let kind = words.u32([t0, t1, t2, t3]);
            let total = words.u32([l0, l1, l2, l3]);
            let taken = match kind {
                ENHANCED_PACKET | SIMPLE_PACKET | PACKET => {
                    return self
                        .packet(kind, total as usize, window)
                        .map_or_else(Step::Damaged, Step::Packet);
                }
                INTERFACE_DESCRIPTION => self.interface(total as usize, window, status),
                INTERFACE_STATISTICS => self.statistics(total as usize, window, status),
                _ => self.pass_over(kind, total, window),
            };
            if let Err(damage) = taken {
                return Step::Damaged(damage);
            }
        }
    }

    /// A section starts: its byte order holds, and interfaces are numbered anew.
    #[cold]
    fn section(&mut self, window: &mut Window) -> Result<(), String> {
        let Some(head) = window.peek(16).and_then(|head| head.first_chunk::<16>()).copied() else {
            return Err(window.why_it_ends("a section header"));
        };
        let [_, _, _, _, l0, l1, l2, l3, magic @ .., a, b, _, _] = head;
        self.big_endian = match magic {
            [0x1a, 0x2b, 0x3c, 0x4d] => true,
            [0x4d, 0x3c, 0x2b, 0x1a] => false,
            _ => return Err("a section header has no byte order".to_owned()),
        };
        let words = Words { big_endian: self.big_endian };
        let major = words.u16([a, b]);
        if major != 1 {
            return Err(format!(
                "a section is of pcapng version {major}, and cordon reads version 1"
            ));
        }
        self.interfaces.clear();
        let total = words.u32([l0, l1, l2, l3]);
        self.pass_over(u32::from_be_bytes(SECTION_HEADER), total, window)
    }

    /// One of the three blocks that carry a packet.
    #[inline]
    fn packet(&mut self, kind: u32, total: usize, window: &mut Window) -> Result<Record, String> {
        let words = Words { big_endian: self.big_endian };
        let body = block(words, total, window)?;
        let cut = || "a packet block is shorter than its fixed part".to_owned();
        // Fixed part of the body, and where in the block the packet's bytes begin.
        let (interface, units, captured, wire_len, data) = if kind == SIMPLE_PACKET {
            let &[w0, w1, w2, w3] = body.first_chunk().ok_or_else(cut)?;
            let wire_len = words.u32([w0, w1, w2, w3]);
            let room = u32::try_from(body.len() - 4).unwrap_or(u32::MAX);
            (0, None, wire_len.min(room), wire_len, 12)
        } else {
            let &[i0, i1, i2, i3, h0, h1, h2, h3, u0, u1, u2, u3, c0, c1, c2, c3, w0, w1, w2, w3] =
                body.first_chunk().ok_or_else(cut)?;
            let interface = match kind {
                ENHANCED_PACKET => words.u32([i0, i1, i2, i3]),
                _ => u32::from(words.u16([i0, i1])),
            };
            let high = u64::from(words.u32([h0, h1, h2, h3]));
            let units = high << 32 | u64::from(words.u32([u0, u1, u2, u3]));
            let captured = words.u32([c0, c1, c2, c3]);
            (interface, Some(units), captured, words.u32([w0, w1, w2, w3]), 28)
        };
        let Some(source) = self.interfaces.get(interface as usize) else {
            return Err(format!("the next packet is of interface {interface}, never described"));
        };
        let captured = match (kind, source.snaplen) {
            (SIMPLE_PACKET, 1..) => captured.min(source.snaplen),
            _ => captured,
        };
        let len = captured as usize;
        if len > MAX_PACKET || data + len + 4 > total {
            return Err(format!(
                "the next packet claims {captured} captured bytes, more than its block holds"
            ));
        }
        if let Some(units) = units {
            self.last = source.clock.at(units);
        }
        let link = source.link;
        let place = window.pass(total) + data;
        Ok(Record { at: self.last, link, wire_len: wire_len.max(captured), place, len })
    }

    /// A new interface.
    #[cold]
    fn interface(
        &mut self,
        total: usize,
        window: &mut Window,
        status: &mut InputStatus,
    ) -> Result<(), String> {
        let words = Words { big_endian: self.big_endian };
        let body = block(words, total, window)?;
        let Some((&[a, b, _, _, s0, s1, s2, s3], options)) = body.split_first_chunk() else {
            return Err("the description of an interface is too short".to_owned());
        };
        let mut described = Interface {
            name: None,
            link: LinkType(u32::from(words.u16([a, b]))),
            snaplen: words.u32([s0, s1, s2, s3]),
        };
        let mut clock = Clock::default();
        for (code, value) in (Options { words, rest: options }) {
            match (code, value) {
                (2, name) => {
                    let name = String::from_utf8_lossy(name);
                    described.name = Some(name.chars().take(MAX_NAME).collect());
                }
                (9, &[resolution, ..]) => clock.ticks = Ticks::from_resolution(resolution),
                (14, value) => {
                    if let Some(offset) = value.first_chunk() {
                        clock.offset_secs = words.u64(*offset).cast_signed();
                    }
                }
                _ => {}
            }
        }
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(format!("the file describes more than {MAX_INTERFACES} interfaces"));
        }
        let (link, snaplen) = (described.link, described.snaplen);
        self.interfaces.push(Source { link, snaplen, clock, drops: 0 });
        status.name_interface(described);
        window.pass(total);
        Ok(())
    }

    /// How many packets an interface lost; the numbers are totals, and newer ones replace older.
    #[cold]
    fn statistics(
        &mut self,
        total: usize,
        window: &mut Window,
        status: &mut InputStatus,
    ) -> Result<(), String> {
        let words = Words { big_endian: self.big_endian };
        let body = block(words, total, window)?;
        let Some((&[i0, i1, i2, i3, ..], options)) = body.split_first_chunk::<12>() else {
            return Err("the statistics of an interface are too short".to_owned());
        };
        let mut drops = None;
        for (code, value) in (Options { words, rest: options }) {
            // isb_ifdrop and isb_osdrop: lost by the interface, and by the system.
            if let (5 | 7, Some(count)) = (code, value.first_chunk()) {
                drops = Some(words.u64(*count).saturating_add(drops.unwrap_or(0)));
            }
        }
        let source = self.interfaces.get_mut(words.u32([i0, i1, i2, i3]) as usize);
        if let (Some(source), Some(drops)) = (source, drops) {
            let more = drops.saturating_sub(source.drops);
            source.drops = drops;
            status.kernel_drops = Some(status.kernel_drops.unwrap_or(0).saturating_add(more));
        }
        window.pass(total);
        Ok(())
    }

    /// A block that says nothing to cordon, of any size.
    #[cold]
    fn pass_over(&mut self, kind: u32, total: u32, window: &mut Window) -> Result<(), String> {
        let words = Words { big_endian: self.big_endian };
        if (total as usize) < LEAST_BLOCK {
            return Err(impossible_length(total as usize));
        }
        if !window.skip(u64::from(total) - 4) {
            return Err(window.why_it_ends(&format!("a block of type {kind:#x}")));
        }
        let Some(again) = window.peek(4).and_then(|bytes| bytes.first_chunk()).copied() else {
            return Err(window.why_it_ends(&format!("a block of type {kind:#x}")));
        };
        if words.u32(again) != total {
            return Err(lying_length(total as usize));
        }
        window.pass(4);
        Ok(())
    }
}

/// The body of the next block, which must be in memory as a whole; the caller passes over it.
#[inline]
fn block(words: Words, total: usize, window: &mut Window) -> Result<&[u8], String> {
    if !(LEAST_BLOCK..=MAX_RECORD).contains(&total) {
        return Err(impossible_length(total));
    }
    if window.peek(total).is_none() {
        return Err(window.why_it_ends("the next block"));
    }
    let (rest, again) = window
        .rest()
        .get(8..total)
        .unwrap_or_default()
        .split_last_chunk()
        .unwrap_or((&[], &[0; 4]));
    if words.u32(*again) as usize != total {
        return Err(lying_length(total));
    }
    Ok(rest)
}

#[cold]
fn impossible_length(total: usize) -> String {
    format!("the next block claims {total} bytes, which no block of its type has")
}

#[cold]
fn lying_length(total: usize) -> String {
    format!("the next block claims {total} bytes, and does not end there")
}

/// The options at the end of a block: number, length, value, padding to four bytes.
struct Options<'a> {
    words: Words,
    rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[c0, c1, l0, l1], rest) = self.rest.split_first_chunk()?;
        let code = self.words.u16([c0, c1]);
        let len = usize::from(self.words.u16([l0, l1]));
        let value = rest.get(..len)?;
        self.rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        (code != 0).then_some((code, value))
    }
}

/// What one unit of an interface's time stamps is.
#[derive(Debug, Default)]
struct Clock {
    ticks: Ticks,
    /// Added to every time, in seconds (if_tsoffset).
    offset_secs: i64,
}

#[derive(Debug)]
enum Ticks {
    /// A tick is so many nanoseconds.
    Nanos(u32),
    /// So many ticks are a nanosecond.
    PerNano(u128),
    /// Two to this power of ticks are a second.
    Binary(u32),
}

impl Default for Ticks {
    /// Microseconds, where the file says nothing.
    fn default() -> Self {
        Ticks::Nanos(1_000)
    }
}

impl Ticks {
    /// From if_tsresol: a negative power of ten, or of two where the high bit is set.
    fn from_resolution(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        match (resolution & 0x80, power) {
            (0, 0..=9) => Ticks::Nanos(10u32.pow(9 - power)),
            // Finer than any 64-bit count of it can show as a nanosecond: all times are zero.
            (0, _) => Ticks::PerNano(10u128.checked_pow(power - 9).unwrap_or(u128::MAX)),
            _ => Ticks::Binary(power),
        }
    }
}

impl Clock {
    #[inline]
    fn at(&self, units: u64) -> Timestamp {
        let nanos = match self.ticks {
            Ticks::Nanos(nanos) => u128::from(units) * u128::from(nanos),
            Ticks::PerNano(ticks) => u128::from(units) / ticks,
            Ticks::Binary(power) => (u128::from(units) * 1_000_000_000) >> power,
        };
        // Below 2^64 * 10^9 < 2^94, and the offset below 2^93: no overflow.
        let nanos = nanos.cast_signed() + i128::from(self.offset_secs) * 1_000_000_000;
        let limit = if nanos < 0 { i64::MIN } else { i64::MAX };
        Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_and_offset_gives_a_time() {
        let at = |resolution, offset_secs, units| {
            Clock { ticks: Ticks::from_resolution(resolution), offset_secs }.at(units).nanos()
        };
        assert_eq!(at(6, 0, 1_500_000), 1_500_000_000);
        assert_eq!(at(9, 0, 7), 7);
        assert_eq!(at(0, 0, 2), 2_000_000_000);
        assert_eq!(at(12, 0, 5_000), 5);
        assert_eq!(at(0x80 | 10, 0, 1536), 1_500_000_000);
        assert_eq!(at(6, -1, 1_500_000), 500_000_000);
        assert_eq!(at(0, 0, u64::MAX), i64::MAX);
        assert_eq!(at(9, i64::MIN, 0), i64::MIN);
        assert_eq!(at(0x7f, 0, u64::MAX), 0);
        assert_eq!(at(0xff, i64::MAX, u64::MAX), i64::MAX);
    }
}
