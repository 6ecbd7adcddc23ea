//! What devices ask for and announce by name: DNS, LLMNR and multicast DNS.

use cordon_wire::Reader;

use super::device::Device;
use super::normal::norm;
use super::token::Part::{B, Hex, N, S};

/// Labels and pointers followed of one name.
const MOST_LABELS: usize = 40;
/// Questions of a multicast DNS message looked at.
const MOST_QUESTIONS: u16 = 24;
/// Records of a multicast DNS message looked at.
const MOST_RECORDS: u32 = 48;
/// Longest key of a TXT record kept.
const LONGEST_KEY: usize = 30;

const PTR: u16 = 12;
const HINFO: u16 = 13;
const TXT: u16 = 16;

impl Device {
    /// A question sent to a name server.
    pub(super) fn dns_question(&mut self, message: &[u8]) {
        let (name, end) = read_name(message, 12);
        let Some(kind) = message.get(end..).and_then(|rest| Reader::new(rest).u16()) else {
            return;
        };
        let name = norm(&name, &self.own);
        self.add(&[S("N"), S("q"), N(u64::from(kind)), B(&name)]);
        let mut dots = name.iter().enumerate().rev().filter(|(_, byte)| **byte == b'.');
        let start = dots.nth(1).map_or(0, |(index, _)| index + 1);
        self.add(&[S("N"), S("dom"), B(name.get(start..).unwrap_or_default())]);
        self.counters.dns_questions += 1;
    }

    /// A name asked of the neighbours.
    pub(super) fn llmnr(&mut self, message: &[u8]) {
        let (name, _) = read_name(message, 12);
        self.add_normal(&[S("N"), S("llmnr")], &name);
    }

    /// A multicast DNS message that the device sent.
    pub(super) fn multicast_dns(&mut self, message: &[u8]) {
        // A message cut short gives what was read up to there.
        let _cut = self.read_multicast_dns(message);
    }

    fn read_multicast_dns(&mut self, message: &[u8]) -> Option<()> {
        let mut header = Reader::new(message);
        header.skip(2)?;
        let flags = header.array::<2>()?;
        let [questions, answers, authorities, additions] =
            [header.u16()?, header.u16()?, header.u16()?, header.u16()?];
        let few = |count: u16| N(u64::from(count.min(9)));
        let counts = [few(questions), few(answers), few(authorities), few(additions)];
        self.add(&[S("M"), S("hdr"), Hex(&flags), counts[0], counts[1], counts[2], counts[3]]);
        let mut at = 12;
        for _ in 0..questions.min(MOST_QUESTIONS) {
            let (name, end) = read_name(message, at);
            let mut fixed = Reader::new(message.get(end..)?);
            let kind = fixed.u16()?;
            fixed.skip(2)?;
            at = end + 4;
            let name = norm(&name, &self.own);
            let reverse = name.windows(4).any(|window| window == b"arpa");
            let shown = if reverse { S("arpa") } else { B(&name) };
            self.add(&[S("M"), S("q"), N(u64::from(kind)), shown]);
        }
        let records = u32::from(answers) + u32::from(authorities) + u32::from(additions);
        for _ in 0..records.min(MOST_RECORDS) {
            let (name, end) = read_name(message, at);
            let mut fixed = Reader::new(message.get(end..)?);
            let kind = fixed.u16()?;
            fixed.skip(2)?;
            let lifetime = fixed.u32()?;
            let length = usize::from(fixed.u16()?);
            let start = end + 10;
            self.record(message, kind, &name, lifetime, (start, start + length))?;
            at = start + length;
        }
        Some(())
    }

    fn record(
        &mut self,
        message: &[u8],
        kind: u16,
        name: &[u8],
        lifetime: u32,
        (start, end): (usize, usize),
    ) -> Option<()> {
        let name = norm(name, &self.own);
        let shown = if name.ends_with(b"arpa") { S("arpa") } else { B(&name) };
        let number = N(u64::from(kind));
        self.add(&[S("M"), S("rr"), number, shown]);
        if matches!(kind, 1 | 28 | PTR | 33 | TXT) {
            self.add(&[S("M"), S("ttl"), number, N(u64::from(lifetime))]);
        }
        match kind {
            PTR => self.add_string("H", &[b"mdns"], &read_name(message, start).0, true),
            TXT => {
                let mut at = start;
                while at < end {
                    let length = usize::from(*message.get(at)?);
                    let tail = message.get(at + 1..).unwrap_or_default();
                    self.text_record(tail.get(..length).unwrap_or(tail));
                    at += 1 + length;
                }
            }
            HINFO => {
                let data = message.get(start..).unwrap_or_default();
                let data = data.get(..end - start).unwrap_or(data);
                self.add_string("H", &[b"hinfo"], data, true);
            }
            _ => {}
        }
        Some(())
    }

    fn text_record(&mut self, pair: &[u8]) {
        if pair.is_empty() {
            return;
        }
        self.add_string("H", &[b"txt"], pair, false);
        let key = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        let key: Vec<u8> = key.iter().take(LONGEST_KEY).map(|byte| lower_latin1(*byte)).collect();
        self.add(&[S("M"), S("txtk"), B(&key)]);
    }
}

/// Lower case of ISO 8859-1.
fn lower_latin1(byte: u8) -> u8 {
    match byte {
        0xc0..=0xd6 | 0xd8..=0xde => byte + 0x20,
        _ => byte.to_ascii_lowercase(),
    }
}

/// A name in dots and where it ends; damage ends the name, and the rest of the message then too.
fn read_name(message: &[u8], start: usize) -> (Vec<u8>, usize) {
    let mut name = Vec::new();
    let (mut at, mut end) = (start, None);
    let mut first = true;
    for _ in 0..MOST_LABELS {
        let Some(length) = message.get(at).copied() else { break };
        if length == 0 {
            at += 1;
            break;
        }
        if length & 0xc0 == 0xc0 {
            let Some(low) = message.get(at + 1) else { break };
            end.get_or_insert(at + 2);
            at = usize::from(length & 0x3f) << 8 | usize::from(*low);
            continue;
        }
        if !first {
            name.push(b'.');
        }
        first = false;
        let tail = message.get(at + 1..).unwrap_or_default();
        name.extend_from_slice(tail.get(..usize::from(length)).unwrap_or(tail));
        at += 1 + usize::from(length);
    }
    (name, end.unwrap_or(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_that_points_at_itself_ends() {
        let message = [&[0; 12][..], &[0xc0, 12]].concat();
        assert_eq!(read_name(&message, 12), (Vec::new(), 14));
    }

    #[test]
    fn names_are_joined_by_dots_and_end_behind_the_first_pointer() {
        let message = [&[0; 12][..], b"\x05local\0\x04plug\xc0\x0cX"].concat();
        assert_eq!(read_name(&message, 19), (b"plug.local".to_vec(), 26));
        assert_eq!(message[26], b'X');
    }
}
