//! S7comm over ISO-on-TCP: TPKT (RFC 1006), COTP class 0 (ISO 8073), and the S7 header.
//!
//! Other protocols share the transport and are told apart by their first byte: S7comm-plus (0x72)
//! and MMS (ISO 9506, an ISO session SPDU) are not S7comm.

use cordon_model::{App, Object, Operation, Outcome, Verb};

use super::s7comm_job as job;
use super::s7comm_userdata as userdata;
use super::{Asked, Recent, fixed, say, words};
use crate::{Guess, Out, Reader, Side, Step, StreamDissector};

/// Bytes of the TPKT header.
const TPKT: usize = 4;
/// Most bytes of an S7 PDU that are put together from several COTP fragments; controllers
/// negotiate 960 at most.
const PDU_LIMIT: usize = 4096;
/// Jobs kept per flow; controllers negotiate eight under way at most.
const PENDING: usize = 8;
/// TPKTs looked at before judging.
const LOOK: usize = 8;

/// First byte of S7comm.
const S7: u8 = 0x32;

/// Judges the start of a stream: TPKT and COTP, then the byte that tells S7comm from its
/// neighbours. A connection request alone is not enough.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    let mut rest = data;
    for _ in 0..LOOK {
        if rest.is_empty() {
            break;
        }
        let start = Packet::start(rest);
        match start {
            Start::Data { payload, .. } => match *payload {
                [S7, 1 | 2 | 3 | 7, 0, 0, ..] => return Guess::Sure,
                [S7] | [S7, 1 | 2 | 3 | 7] | [S7, 1 | 2 | 3 | 7, 0] => return Guess::More,
                [] => {}
                _ => return Guess::No,
            },
            Start::Connect => {}
            Start::Cut => return Guess::More,
            Start::Wrong => return Guess::No,
        }
        match Packet::size(rest).and_then(|size| rest.get(size..)) {
            Some(behind) => rest = behind,
            None => return Guess::More,
        }
    }
    Guess::More
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(S7comm {
        slot: None,
        asked: Recent::new(),
        system_status: userdata::SystemStatus::default(),
        client: Vec::new(),
        server: Vec::new(),
    })
}

struct S7comm {
    /// Slot of the module behind the address, from the called TSAP.
    slot: Option<u32>,
    asked: Recent<u16, Asked, PENDING>,
    system_status: userdata::SystemStatus,
    /// COTP fragments of a PDU that is not whole yet, of each side; unused in practice.
    client: Vec<u8>,
    server: Vec<u8>,
}

impl StreamDissector for S7comm {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let mut done = 0;
        loop {
            let rest = data.get(done..).unwrap_or_default();
            let lost = if done == 0 { Step::Lost } else { Step::Consumed(done) };
            let Some(size) = Packet::size(rest) else {
                let plausible = rest.iter().zip([3, 0]).all(|(is, should)| *is == should);
                return if rest.len() < TPKT && plausible { Step::Consumed(done) } else { lost };
            };
            let Some(packet) = rest.get(..size) else { return Step::Consumed(done) };
            match Packet::start(packet) {
                Start::Data { payload, last } => {
                    if self.fragment(side, payload, last, out).is_none() {
                        return lost;
                    }
                }
                Start::Connect => self.slot = called_slot(packet).or(self.slot),
                Start::Cut | Start::Wrong => return lost,
            }
            done += size;
        }
    }

    fn gap(&mut self, side: Side) {
        self.fragments(side).clear();
    }
}

impl S7comm {
    fn fragments(&mut self, side: Side) -> &mut Vec<u8> {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// None where this is not S7comm.
    fn fragment(
        &mut self,
        side: Side,
        payload: &[u8],
        last: bool,
        out: &mut Out<'_>,
    ) -> Option<()> {
        let held = self.fragments(side);
        if last && held.is_empty() {
            return self.pdu(payload, out);
        }
        if held.len() + payload.len() > PDU_LIMIT {
            held.clear();
            return None;
        }
        held.extend_from_slice(payload);
        if !last {
            return Some(());
        }
        let whole = std::mem::take(held);
        self.pdu(&whole, out)
    }

    fn pdu(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Option<()> {
        if bytes.is_empty() {
            return Some(());
        }
        let mut reader = Reader::new(bytes);
        let [S7, kind, _, _] = reader.array()? else { return None };
        let (reference, parameters, data) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let error = if matches!(kind, 2 | 3) { reader.u16()? } else { 0 };
        let parameters = reader.take(parameters.into())?;
        let data = reader.rest().get(..usize::from(data)).unwrap_or(reader.rest());
        match kind {
            1 => self.job(reference, parameters, data, out),
            2 | 3 => self.answer(reference, error, parameters, data, out),
            7 => userdata::read(&mut self.system_status, self.slot, parameters, data, out)?,
            _ => return None,
        }
        Some(())
    }

    fn job(&mut self, reference: u16, parameters: &[u8], data: &[u8], out: &mut Out<'_>) {
        let Some((&function, rest)) = parameters.split_first() else { return };
        let (verb, name) = job::act(function, rest);
        let asked = |object| Asked { verb, code: function.into(), name: name.clone(), object };
        // In a download the controller fetches the blocks: its job is an answer to the station
        // that began the download, and that station's answer is what writes to it.
        let outcome = if job::is_fetch(function) { Outcome::Done } else { Outcome::Asked };
        let mut first = None;
        for (object, value) in job::targets(function, rest, data) {
            first.get_or_insert_with(|| object.clone());
            let mut operation = asked(object).answered(App::S7comm, self.slot, outcome);
            operation.value = value;
            say(out, operation);
        }
        self.asked.put(reference, asked(first.unwrap_or_default()));
    }

    fn answer(
        &mut self,
        reference: u16,
        error: u16,
        parameters: &[u8],
        data: &[u8],
        out: &mut Out<'_>,
    ) {
        let function = parameters.first().copied();
        let asked = self
            .asked
            .take(&reference)
            .filter(|asked| function.is_none_or(|function| asked.code == u16::from(function)));
        let asked = match (asked, function) {
            (Some(asked), _) => asked,
            (None, Some(function)) => {
                let (verb, name) = job::act(function, &[]);
                Asked { verb, code: function.into(), name, object: Object::None }
            }
            (None, None) => return,
        };
        let refusal = match error {
            0 => job::item_refusal(asked.code, data),
            _ => Some(words(format_args!("error {error:#06x}"))),
        };
        let fetched = function.is_some_and(job::is_fetch);
        let outcome = match refusal {
            Some(_) => Outcome::Refused,
            None if fetched => Outcome::Asked,
            None => Outcome::Done,
        };
        let mut operation = asked.answered(App::S7comm, self.slot, outcome);
        operation.value = refusal;
        say(out, operation);
    }
}

/// What stands behind a TPKT header.
enum Start<'a> {
    /// Data, as far as it is there, and whether it ends a PDU.
    Data {
        payload: &'a [u8],
        last: bool,
    },
    /// Connection request, confirm, or another control PDU.
    Connect,
    Cut,
    Wrong,
}

struct Packet;

impl Packet {
    /// Bytes of the whole TPKT.
    fn size(data: &[u8]) -> Option<usize> {
        let mut reader = Reader::new(data);
        let [3, 0] = reader.array()? else { return None };
        reader.u16().map(usize::from).filter(|size| *size >= TPKT + 3)
    }

    fn start(data: &[u8]) -> Start<'_> {
        if data.iter().zip([3, 0]).any(|(is, should)| *is != should) {
            return Start::Wrong;
        }
        if data.len() < TPKT {
            return Start::Cut;
        }
        let Some(size) = Packet::size(data) else { return Start::Wrong };
        let packet = data.get(TPKT..size.min(data.len())).unwrap_or_default();
        match packet {
            [2, 0xf0, number, payload @ ..] => Start::Data { payload, last: number & 0x80 != 0 },
            [header, 0xe0 | 0xd0 | 0x80 | 0xc0 | 0x70, ..] => {
                let fits = usize::from(*header) < size - TPKT;
                if fits { Start::Connect } else { Start::Wrong }
            }
            [] | [_] | [2, 0xf0] => Start::Cut,
            _ => Start::Wrong,
        }
    }
}

/// The slot in the called TSAP of a connection request (or confirm): in the customary two-byte
/// form the second byte is rack times 32 plus slot.
fn called_slot(packet: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(packet);
    reader.skip(TPKT)?;
    let [_, 0xe0 | 0xd0, _, _, _, _, _] = reader.array()? else { return None };
    while let (Some(parameter), Some(length)) = (reader.u8(), reader.u8()) {
        let value = reader.take(length.into())?;
        if let (0xc2, [1..=3, place]) = (parameter, value) {
            return Some(u32::from(place & 0x1f));
        }
    }
    None
}

/// An operation without more than its name; for messages that are about the connection itself.
pub(super) fn plain(verb: Verb, code: u16, name: &'static str, unit: Option<u32>) -> Operation {
    Operation {
        app: App::S7comm,
        verb,
        code,
        name: fixed(name),
        unit,
        object: Object::None,
        value: None,
        outcome: Outcome::Asked,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ot::testing::{operations, run};

    pub fn packet(pdu: &[u8]) -> Vec<u8> {
        let mut bytes = vec![3, 0, 0, (pdu.len() + 7) as u8, 2, 0xf0, 0x80];
        bytes.extend_from_slice(pdu);
        bytes
    }

    pub fn pdu(kind: u8, reference: u8, parameters: &[u8], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x32, kind, 0, 0, 0, reference];
        bytes.extend_from_slice(&(parameters.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&(data.len() as u16).to_be_bytes());
        if matches!(kind, 2 | 3) {
            bytes.extend_from_slice(&[0, 0]);
        }
        bytes.extend_from_slice(parameters);
        bytes.extend_from_slice(data);
        packet(&bytes)
    }

    const CONNECT: &[u8] =
        &[3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 0x0a, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2];
    const SETUP: &[u8] = &[0xf0, 0, 0, 1, 0, 1, 1, 0xe0];
    const READ_DB: &[u8] = &[4, 1, 0x12, 0x0a, 0x10, 2, 0, 8, 0, 5, 0x84, 0, 0, 0x50];

    #[test]
    fn only_what_follows_the_connection_tells_the_protocol() {
        assert_eq!(recognise(Side::Client, CONNECT), Guess::More);
        let s7 = [CONNECT, &pdu(1, 0, SETUP, &[])].concat();
        assert_eq!(recognise(Side::Client, &s7), Guess::Sure);
        let s7_plus = [CONNECT, &packet(&[0x72, 1, 0, 4, 0, 0, 0, 0])].concat();
        assert_eq!(recognise(Side::Client, &s7_plus), Guess::No);
        let mms = [CONNECT, &packet(&[0x0d, 0x20, 5, 6, 0x13, 1, 0])].concat();
        assert_eq!(recognise(Side::Client, &mms), Guess::No);
        assert_eq!(recognise(Side::Client, &[3, 0]), Guess::More);
    }

    #[test]
    fn a_read_names_the_data_block_and_its_answer_too() {
        let answer = pdu(3, 9, &[4, 1], &[0xff, 4, 0, 64, 1, 2, 3, 4, 5, 6, 7, 8]);
        let segments =
            [(Side::Client, [CONNECT, &pdu(1, 9, READ_DB, &[])].concat()), (Side::Server, answer)];
        let segments: Vec<_> = segments.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        let (said, _) = run(&mut *start(), &segments);
        let said = operations(&said);
        assert_eq!(said[0].object.to_string(), "DB5 10-17");
        assert_eq!((said[0].verb, said[0].unit), (Verb::Read, Some(2)));
        assert_eq!(said[1].object, said[0].object);
        assert_eq!(said[1].outcome, Outcome::Done);
    }

    #[test]
    fn a_refused_item_refuses_the_write() {
        let write = [5, 1, 0x12, 0x0a, 0x10, 2, 0, 2, 0, 0, 0x83, 0, 0, 0];
        let segments = [
            (Side::Client, pdu(1, 1, &write, &[0, 4, 0, 16, 0xca, 0xfe])),
            (Side::Server, pdu(3, 1, &[5, 1], &[0x03])),
        ];
        let segments: Vec<_> = segments.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        let (said, _) = run(&mut *start(), &segments);
        let said = operations(&said);
        assert_eq!(said[0].object.to_string(), "flags 0-1");
        assert_eq!(said[0].value.as_deref(), Some("0xcafe"));
        assert_eq!(said[1].outcome, Outcome::Refused);
        assert_eq!(said[1].value.as_deref(), Some("access denied"));
    }

    #[test]
    fn stop_start_and_download_have_their_own_verbs() {
        let stop = [&[0x29, 0, 0, 0, 0, 0, 9][..], b"P_PROGRAM"].concat();
        let begin = [&[0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 9][..], b"P_PROGRAM"].concat();
        let insert =
            [&[0x28, 0, 0, 0, 0, 0, 0, 0xfd, 0, 10, 1, 0][..], b"0800001P", &[5], b"_INSE"]
                .concat();
        let download = [&[0x1a, 0, 1, 0, 0, 0, 0, 0, 9][..], b"_0A00001P"].concat();
        let jobs: Vec<_> =
            [stop, begin, insert, download].iter().flat_map(|job| pdu(1, 1, job, &[])).collect();
        let (said, _) = run(&mut *start(), &[(Side::Client, &jobs)]);
        let said = operations(&said);
        let verbs: Vec<_> = said.iter().map(|said| said.verb).collect();
        assert_eq!(verbs, [Verb::Stop, Verb::Start, Verb::ProgramDownload, Verb::ProgramDownload]);
        assert_eq!(said[2].object, Object::Name("OB 1".into()));
        assert_eq!(said[3].object, Object::Name("DB 1".into()));
    }

    #[test]
    fn the_controller_that_fetches_a_block_is_not_the_actor() {
        let segments = [
            (Side::Server, pdu(1, 1, &[0x1b, 0, 0, 0, 0, 0, 0, 0], &[])),
            (Side::Client, pdu(3, 1, &[0x1b, 0], &[0, 4, 0, 0xfb, 1, 2, 3, 4])),
        ];
        let segments: Vec<_> = segments.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        let (said, _) = run(&mut *start(), &segments);
        let outcomes: Vec<_> = operations(&said).iter().map(|said| said.outcome).collect();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Asked]);
    }

    #[test]
    fn a_pdu_in_two_fragments_is_put_together() {
        let whole = pdu(1, 9, READ_DB, &[]);
        let (front, back) = whole[7..].split_at(10);
        let fragments = [
            &[3, 0, 0, (front.len() + 7) as u8, 2, 0xf0, 0][..],
            front,
            &[3, 0, 0, (back.len() + 7) as u8, 2, 0xf0, 0x80],
            back,
        ]
        .concat();
        let (said, _) = run(&mut *start(), &[(Side::Client, &fragments)]);
        assert_eq!(operations(&said).len(), 1);
    }
}
