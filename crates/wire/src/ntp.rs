//! NTP (RFC 5905), SNTP, and the control and private modes (RFC 9327).

use cordon_model::{Said, fact::Ntp};

use crate::{Datagram, Guess, Out, Reader};

/// Length of the header without extensions (RFC 5905, 7.3).
const HEADER: usize = 48;
/// Longest plain packet: extensions and a message digest.
const MAX_PACKET: usize = 2048;
/// Header of a control message (RFC 9327, 2).
const CONTROL_HEADER: usize = 12;
/// Header of a private message as ntpd had it.
const PRIVATE_HEADER: usize = 8;
/// Stratum 16 is unsynchronised; more is reserved.
const MAX_STRATUM: u8 = 16;
/// 1990 in seconds since 1900: clocks of embedded devices start at 1970 or 2000, servers do not.
const SANE: u32 = 2_840_140_800;

/// Modes (RFC 5905, 7.3).
mod mode {
    pub const CLIENT: u8 = 3;
    pub const SERVER: u8 = 4;
    pub const BROADCAST: u8 = 5;
    pub const CONTROL: u8 = 6;
    pub const PRIVATE: u8 = 7;
}

/// Judges one datagram.
#[must_use]
pub fn recognise(datagram: &Datagram<'_>) -> Guess {
    match parse(datagram.payload) {
        Some((_, guess)) => guess,
        None => Guess::No,
    }
}

/// Reads one datagram; false where it is none.
pub fn dissect(datagram: &Datagram<'_>, out: &mut Out<'_>) -> bool {
    let Some((ntp, _)) = parse(datagram.payload) else { return false };
    out.say(Said::Ntp(ntp));
    true
}

fn parse(payload: &[u8]) -> Option<(Ntp, Guess)> {
    let mut reader = Reader::new(payload);
    let first = reader.u8()?;
    let (version, mode) = (first >> 3 & 7, first & 7);
    if !(1..=4).contains(&version) {
        return None;
    }
    let (stratum, guess) = match mode {
        mode::CONTROL => (0, control(payload)?),
        mode::PRIVATE => (0, private(payload)?),
        1..=mode::BROADCAST => header(mode, payload, reader)?,
        // Mode 0 is version 1 (RFC 1059), whose clients leave it out.
        0 if version == 1 => header(mode::CLIENT, payload, reader)?,
        _ => return None,
    };
    Some((Ntp { version, mode, stratum }, guess))
}

/// The stratum of a plain packet, and how much it looks like one.
fn header(mode: u8, payload: &[u8], mut reader: Reader<'_>) -> Option<(u8, Guess)> {
    let length = payload.len();
    if !(HEADER..=MAX_PACKET).contains(&length) || !length.is_multiple_of(4) {
        return None;
    }
    let stratum = reader.u8()?;
    let (poll, precision) = (reader.u8()?.cast_signed(), reader.u8()?.cast_signed());
    let delay = reader.u32()?;
    reader.skip(8)?;
    let reference = reader.u32()?;
    reader.skip(4)?;
    let origin = reader.u32()?;
    reader.skip(4)?;
    let receive = reader.u32()?;
    reader.skip(4)?;
    let transmit = reader.u32()?;
    let plausible = stratum <= MAX_STRATUM && (-6..=24).contains(&poll);
    // Clients that give nothing away send a precision that is none.
    let asks = matches!(mode, 1 | mode::CLIENT);
    let plausible = plausible && precision <= if asks { 32 } else { 0 };
    if !plausible {
        return None;
    }
    let answers = mode == mode::SERVER || mode == mode::BROADCAST;
    let sane = |seconds: u32| seconds >= SANE;
    // A server's own clock shows the same hour in two or three fields.
    let steady = sane(transmit) && (receive == 0 || transmit.abs_diff(receive) < 3600);
    let bare = mode == mode::CLIENT && length == HEADER;
    let empty = bare && stratum == 0 && delay == 0 && reference == 0 && origin == 0 && receive == 0;
    let sure = answers && steady && precision < 0 || empty && sane(transmit);
    Some((stratum, if sure { Guess::Sure } else { Guess::Fits }))
}

fn control(payload: &[u8]) -> Option<Guess> {
    let mut reader = Reader::new(payload);
    let operation = {
        reader.skip(1)?;
        reader.u8()?
    } & 0x1f;
    reader.skip(8)?;
    let count = usize::from(reader.u16()?);
    let known = matches!(operation, 0..=12 | 31);
    // Behind the data come at most padding and a message digest.
    let behind = payload.len().checked_sub(CONTROL_HEADER + count)?;
    let fits = known && count <= 468 && behind <= 32;
    fits.then_some(Guess::Fits)
}

fn private(payload: &[u8]) -> Option<Guess> {
    let mut reader = Reader::new(payload);
    reader.skip(2)?;
    // XNTPD and its predecessor.
    let implementation = reader.u8()?;
    let request = reader.u8()?;
    let count = usize::from(reader.u16()? & 0x0fff);
    let size = usize::from(reader.u16()? & 0x0fff);
    let known = matches!(implementation, 0 | 2 | 3) && request <= 64 && size <= 500;
    // Requests are filled up to one of these lengths.
    let filled = matches!(payload.len(), 8 | 48 | 184 | 192 | 200 | 216);
    let fits = known && (filled || payload.len() == PRIVATE_HEADER + count * size);
    fits.then_some(Guess::Fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::testing::said;

    fn judge(payload: &[u8]) -> Guess {
        recognise(&datagram(payload))
    }

    fn datagram(payload: &[u8]) -> Datagram<'_> {
        Datagram { side: Side::Client, from_port: 40000, to_port: 40001, multicast: false, payload }
    }

    fn packet(first: u8, stratum: u8, transmit: u32) -> Vec<u8> {
        let mut packet = vec![first, stratum, 6, 0xe9];
        packet.resize(40, 0);
        packet.extend(transmit.to_be_bytes());
        packet.extend([0; 4]);
        packet
    }

    #[test]
    fn a_servers_answer_is_told_on_any_port() {
        let answer = packet(0x24, 2, 3_900_000_000);
        assert_eq!(judge(&answer), Guess::Sure);
        let (parsed, facts) = said(|out| dissect(&datagram(&answer), out));
        assert!(parsed);
        assert_eq!(facts, [Said::Ntp(Ntp { version: 4, mode: 4, stratum: 2 })]);
    }

    #[test]
    fn an_almost_empty_question_only_fits() {
        assert_eq!(judge(&packet(0x1b, 0, 0)), Guess::Fits);
        assert_eq!(judge(&packet(0x1b, 0, 3_900_000_000)), Guess::Sure);
        let mut secretive = packet(0x23, 0, 0x7a39_4d8d);
        secretive[3] = 32;
        assert_eq!(judge(&secretive), Guess::Fits);
    }

    #[test]
    fn monlist_and_control_queries_fit() {
        assert_eq!(judge(&[0x17, 0, 3, 42, 0, 0, 0, 0]), Guess::Fits);
        assert_eq!(judge(&[0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Guess::Fits);
    }

    /// The front of a hello of DTLS before its standard.
    const DTLS: [u8; 119] = {
        let mut bytes = [7; 119];
        let (front, _) = bytes.split_at_mut(14);
        front.copy_from_slice(&[0x16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6a, 1]);
        bytes
    };

    #[test]
    fn other_datagrams_are_none() {
        for payload in
            [&b""[..], &[0x1b; 47], &[0xff; 48], &[0x24; 60], b"GET / HTTP/1.1\r\n", &DTLS]
        {
            assert_eq!(judge(payload), Guess::No, "{payload:?}");
        }
        let mut far = packet(0x24, 200, 3_900_000_000);
        assert_eq!(judge(&far), Guess::No);
        far.truncate(30);
        assert_eq!(judge(&far), Guess::No);
    }
}
