//! DNP3 (IEEE 1815-2012): link frames with their checks, transport segments, and what they carry.

use cordon_model::{App, Object, Operation, Outcome, Verb};

use super::dnp3_app::Application;
use super::{fixed, say};
use crate::{Datagram, DatagramDissector, Guess, Out, Reader, Side, Step, StreamDissector};

/// Bytes of the link header, its check included.
const HEADER: usize = 10;
/// User data bytes in front of each check.
const BLOCK: usize = 16;
/// Most user data of one frame: the length field counts up to 255, five of them header.
const USER_DATA: usize = 250;
/// Longest application fragment that is put together (IEEE 1815, 4.1.4 asks for 2048 at most).
const FRAGMENT_LIMIT: usize = 2048;
/// Added to link-layer function codes, so that they do not read as application functions.
const LINK_CODE: u16 = 0x100;

/// Judges the start of a stream: a link header whose check is right.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    judge(data)
}

/// Judges one datagram.
#[must_use]
pub fn recognise_datagram(datagram: &Datagram<'_>) -> Guess {
    match judge(datagram.payload) {
        Guess::More => Guess::No,
        guess => guess,
    }
}

fn judge(data: &[u8]) -> Guess {
    match Header::read(data) {
        Ok(Some(_)) => Guess::Sure,
        Ok(None) => Guess::More,
        Err(NotAFrame) => Guess::No,
    }
}

/// A fresh parser of a stream.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Dnp3::default())
}

/// A fresh parser of datagrams.
#[must_use]
pub fn start_datagrams() -> Box<dyn DatagramDissector> {
    Box::new(Dnp3::default())
}

#[derive(Default)]
struct Dnp3 {
    client: Assembly,
    server: Assembly,
    application: Application,
}

impl StreamDissector for Dnp3 {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let mut done = 0;
        loop {
            let rest = data.get(done..).unwrap_or_default();
            match Frame::read(rest) {
                Ok(Some(frame)) => {
                    done += frame.size;
                    self.frame(side, &frame, out);
                }
                Ok(None) => return Step::Consumed(done),
                Err(NotAFrame) => match next_start(rest) {
                    Some(skip) => done += skip,
                    None if done == 0 => return Step::Lost,
                    None => return Step::Consumed(data.len()),
                },
            }
        }
    }

    fn gap(&mut self, side: Side) {
        self.assembly(side).bytes.clear();
    }

    fn window(&self) -> usize {
        1024
    }
}

impl DatagramDissector for Dnp3 {
    fn datagram(&mut self, datagram: &Datagram<'_>, out: &mut Out<'_>) -> Step {
        self.data(datagram.side, datagram.payload, out)
    }
}

impl Dnp3 {
    fn assembly(&mut self, side: Side) -> &mut Assembly {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn frame(&mut self, side: Side, frame: &Frame, out: &mut Out<'_>) {
        let header = frame.header;
        let Some(data) = frame.user_data() else { return link_operation(header, out) };
        let assembly = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        if let Some(fragment) = assembly.add(header, data) {
            self.application.fragment(header.outstation(), fragment, out);
        }
    }
}

/// Segments of one application fragment (clause 8), of one sender to one receiver.
#[derive(Default)]
struct Assembly {
    bytes: Vec<u8>,
    from: u16,
    to: u16,
    next: u8,
}

impl Assembly {
    const FINAL: u8 = 0x80;
    const FIRST: u8 = 0x40;
    const SEQUENCE: u8 = 0x3f;

    /// The whole fragment, once its last segment is there.
    fn add<'a>(&'a mut self, header: Header, data: &'a [u8]) -> Option<&'a [u8]> {
        let (&control, segment) = data.split_first()?;
        let sequence = control & Self::SEQUENCE;
        if control & Self::FIRST != 0 {
            if control & Self::FINAL != 0 {
                return Some(segment);
            }
            self.bytes.clear();
            (self.from, self.to) = (header.source, header.destination);
        } else if self.bytes.is_empty()
            || sequence != self.next
            || (self.from, self.to) != (header.source, header.destination)
        {
            self.bytes.clear();
            return None;
        }
        if self.bytes.len() + segment.len() > FRAGMENT_LIMIT {
            // Too long to be right, but what it asks for stands in front.
            self.next = u8::MAX;
            return Some(&*self.bytes);
        }
        self.bytes.extend_from_slice(segment);
        self.next = sequence.wrapping_add(1) & Self::SEQUENCE;
        if control & Self::FINAL == 0 {
            return None;
        }
        Some(&*self.bytes)
    }
}

/// Bytes that do not begin a frame: the start octets or a check are wrong.
struct NotAFrame;

/// A link header (clause 9.2).
#[derive(Clone, Copy)]
struct Header {
    length: usize,
    control: u8,
    destination: u16,
    source: u16,
}

impl Header {
    const FROM_MASTER: u8 = 0x80;
    const PRIMARY: u8 = 0x40;

    /// None where bytes are missing.
    fn read(data: &[u8]) -> Result<Option<Header>, NotAFrame> {
        if data.iter().zip([0x05, 0x64]).any(|(is, should)| *is != should) {
            return Err(NotAFrame);
        }
        let Some((checked, rest)) = data.split_first_chunk::<8>() else { return Ok(None) };
        let Some(check) = rest.first_chunk() else { return Ok(None) };
        let [_, _, length, control, destination @ .., source_low, source_high] = *checked;
        if length < 5 || crc(checked) != u16::from_le_bytes(*check) {
            return Err(NotAFrame);
        }
        Ok(Some(Header {
            length: usize::from(length) - 5,
            control,
            destination: u16::from_le_bytes(destination),
            source: u16::from_le_bytes([source_low, source_high]),
        }))
    }

    const fn function(self) -> u8 {
        self.control & 0x0f
    }

    const fn is_primary(self) -> bool {
        self.control & Self::PRIMARY != 0
    }

    const fn is_from_master(self) -> bool {
        self.control & Self::FROM_MASTER != 0
    }

    fn outstation(self) -> u32 {
        u32::from(if self.is_from_master() { self.destination } else { self.source })
    }
}

/// A whole frame, its checks verified and taken out.
struct Frame {
    header: Header,
    data: [u8; USER_DATA],
    size: usize,
}

impl Frame {
    /// None where bytes are missing.
    fn read(bytes: &[u8]) -> Result<Option<Frame>, NotAFrame> {
        let Some(header) = Header::read(bytes)? else { return Ok(None) };
        let size = HEADER + header.length + 2 * header.length.div_ceil(BLOCK);
        let Some(blocks) = bytes.get(HEADER..size) else { return Ok(None) };
        let mut frame = Frame { header, data: [0; USER_DATA], size };
        let mut reader = Reader::new(blocks);
        for to in frame.data.chunks_mut(BLOCK) {
            let count = BLOCK.min(reader.len().saturating_sub(2)).min(to.len());
            let (Some(block), Some(check)) = (reader.take(count), reader.u16_le()) else { break };
            if crc(block) != check {
                return Err(NotAFrame);
            }
            to.iter_mut().zip(block).for_each(|(to, from)| *to = *from);
        }
        Ok(Some(frame))
    }

    /// What a frame of confirmed or unconfirmed user data carries.
    fn user_data(&self) -> Option<&[u8]> {
        let carries = self.header.is_primary() && matches!(self.header.function(), 3 | 4);
        if carries { self.data.get(..self.header.length) } else { None }
    }
}

/// Where the next start octets are.
fn next_start(data: &[u8]) -> Option<usize> {
    let behind = data.get(1..)?;
    behind.windows(2).position(|pair| pair == [0x05, 0x64]).map(|at| at + 1)
}

/// A frame without user data: the link layer talking to itself (clause 9.2.4).
fn link_operation(header: Header, out: &mut Out<'_>) {
    use Outcome::{Asked, Done, Refused};
    let (verb, name, outcome) = match (header.is_primary(), header.function()) {
        (true, 0) => (Verb::Session, "reset link states", Asked),
        (true, 1) => (Verb::Restart, "reset user process", Asked),
        (true, 2) => (Verb::Session, "test link states", Asked),
        (true, 9) => (Verb::Session, "request link status", Asked),
        (true, _) => (Verb::Session, "link request", Asked),
        (false, 0) => (Verb::Session, "link acknowledged", Done),
        (false, 1) => (Verb::Session, "link not acknowledged", Refused),
        (false, 11) => (Verb::Session, "link status", Done),
        (false, 14 | 15) => (Verb::Session, "link not supported", Refused),
        (false, _) => (Verb::Session, "link answer", Done),
    };
    let operation = Operation {
        app: App::Dnp3,
        verb,
        code: LINK_CODE | u16::from(header.function()),
        name: fixed(name),
        unit: Some(header.outstation()),
        object: Object::None,
        value: None,
        outcome,
    };
    say(out, operation);
}

/// CRC-16/DNP (clause 9.2.4.4), table-driven: it runs over every byte of every frame.
fn crc(bytes: &[u8]) -> u16 {
    let step = |crc: u16, byte: &u8| {
        let [low, _] = crc.to_le_bytes();
        crc >> 8 ^ TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default()
    };
    !bytes.iter().fold(0, step)
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse it")]
static TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ot::testing::{operations, run};

    /// A frame of user data from master 1 to outstation 10, or back.
    pub fn frame(from_master: bool, data: &[u8]) -> Vec<u8> {
        let (control, to, from) = if from_master { (0xc4, 10, 1) } else { (0x44, 1, 10) };
        let mut bytes = vec![5, 0x64, 5 + data.len() as u8, control, to, 0, from, 0];
        bytes.extend_from_slice(&crc(&bytes).to_le_bytes());
        for block in data.chunks(BLOCK) {
            bytes.extend_from_slice(block);
            bytes.extend_from_slice(&crc(block).to_le_bytes());
        }
        bytes
    }

    #[test]
    fn the_check_is_that_of_the_standard() {
        assert_eq!(crc(b"123456789"), 0xea82);
    }

    #[test]
    fn a_right_header_is_sure_and_a_wrong_check_is_not() {
        let mut bytes = frame(true, &[0xc0, 0xc1, 1, 60, 2, 6]);
        assert_eq!(recognise(Side::Client, &bytes), Guess::Sure);
        assert_eq!(recognise(Side::Server, &bytes[..7]), Guess::More);
        bytes[8] ^= 1;
        assert_eq!(recognise(Side::Client, &bytes), Guess::No);
    }

    #[test]
    fn a_damaged_block_is_passed_over_and_the_next_frame_read() {
        let good = frame(true, &[0xc0, 0xc1, 1, 60, 2, 6]);
        let mut bytes = good.clone();
        bytes[12] ^= 0xff;
        bytes.extend_from_slice(&good);
        let (said, steps) = run(&mut *start(), &[(Side::Client, &bytes)]);
        assert_eq!(steps, [Step::Consumed(bytes.len())]);
        assert_eq!(operations(&said).len(), 1);
    }

    #[test]
    fn a_fragment_is_put_together_from_its_segments_only_in_order() {
        let first = frame(true, &[0x40, 0xc1, 1, 60]);
        let last = frame(true, &[0x81, 2, 6]);
        let (said, _) = run(&mut *start(), &[(Side::Client, &[&first[..], &last[..]].concat())]);
        assert_eq!(operations(&said).len(), 1);
        let late = frame(true, &[0x82, 2, 6]);
        let (said, _) = run(&mut *start(), &[(Side::Client, &[&first[..], &late[..]].concat())]);
        assert!(operations(&said).is_empty());
    }

    #[test]
    fn a_fragment_without_an_end_does_not_grow() {
        let mut dissector = Dnp3::default();
        let key = cordon_model::SecretKey::new([1; 32]);
        let mut said = Vec::new();
        for sequence in 0..60u8 {
            let control = if sequence == 0 { 0x40 } else { sequence };
            let mut data = vec![control];
            data.extend_from_slice(&[0; 200]);
            dissector.data(Side::Client, &frame(true, &data), &mut Out::new(&key, &mut said));
        }
        assert!(dissector.client.bytes.len() <= FRAGMENT_LIMIT);
    }

    #[test]
    fn a_user_process_reset_is_a_restart() {
        let mut bytes = vec![5, 0x64, 5, 0xc1, 10, 0, 1, 0];
        bytes.extend_from_slice(&crc(&bytes).to_le_bytes());
        let (said, _) = run(&mut *start(), &[(Side::Client, &bytes)]);
        let said = operations(&said);
        assert_eq!((said[0].verb, said[0].unit), (Verb::Restart, Some(10)));
    }
}
