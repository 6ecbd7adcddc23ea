//! TCP (RFC 9293) and UDP (RFC 768) headers, and the tunnels that are looked into: GRE, VXLAN,
//! ERSPAN.

use cordon_model::fact::SynFingerprint;
use cordon_model::flow::TcpFlags;

use crate::Reader;
use crate::link::{self, Link, Payload, ethertype};

/// TCP options looked at; a header of 40 option bytes can hold no more real ones.
const MAX_OPTIONS: usize = 16;

/// A decoded TCP header and what it carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tcp<'a> {
    /// Source port.
    pub from: u16,
    /// Destination port.
    pub to: u16,
    /// Sequence number of the first payload byte (of the SYN, if set).
    pub seq: u32,
    /// Acknowledgement number; meaningless without the ACK flag.
    pub ack: u32,
    /// Flags.
    pub flags: TcpFlags,
    /// Window as sent, unscaled.
    pub window: u16,
    /// Options.
    pub options: &'a [u8],
    /// Payload.
    pub payload: &'a [u8],
}

/// Decodes a TCP segment.
#[inline]
#[must_use]
pub fn tcp(data: &[u8]) -> Option<Tcp<'_>> {
    let (fixed, _) = data.split_first_chunk::<20>()?;
    let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = *fixed;
    let header = usize::from(offset >> 4) * 4;
    if header < 20 {
        return None;
    }
    let (head, payload) = data.split_at_checked(header)?;
    Some(Tcp {
        from: u16::from_be_bytes([s0, s1]),
        to: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: TcpFlags(flags),
        window: u16::from_be_bytes([w0, w1]),
        options: head.get(20..)?,
        payload,
    })
}

impl Tcp<'_> {
    /// What a SYN or SYN-ACK tells about its sender's stack.
    #[must_use]
    pub fn fingerprint(&self, ttl: u8) -> SynFingerprint {
        let mut reader = Reader::new(self.options);
        let (mut mss, mut scale) = (None, None);
        let mut kinds = String::with_capacity(24);
        for _ in 0..MAX_OPTIONS {
            let Some(kind) = reader.u8() else { break };
            if !kinds.is_empty() {
                kinds.push(',');
            }
            kinds.push_str(itoa(kind, &mut [0; 3]));
            match kind {
                0 => break,
                1 => continue,
                _ => {}
            }
            let Some(body) =
                reader.u8().and_then(|len| reader.sub(usize::from(len).saturating_sub(2)))
            else {
                break;
            };
            let mut body = body;
            match kind {
                2 => mss = body.u16(),
                3 => scale = body.u8(),
                _ => {}
            }
        }
        SynFingerprint {
            ack: self.flags.has(TcpFlags::ACK),
            ttl,
            window: self.window,
            mss,
            scale,
            options: kinds.as_str().into(),
        }
    }
}

fn itoa(number: u8, buffer: &mut [u8; 3]) -> &str {
    let mut rest = number;
    let mut start = buffer.len();
    for (index, slot) in buffer.iter_mut().enumerate().rev() {
        *slot = b'0' + rest % 10;
        rest /= 10;
        start = index;
        if rest == 0 {
            break;
        }
    }
    buffer.get(start..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or("")
}

/// A decoded UDP header and what it carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Udp<'a> {
    /// Source port.
    pub from: u16,
    /// Destination port.
    pub to: u16,
    /// Payload.
    pub payload: &'a [u8],
    /// Whether the capture holds less than the header says.
    pub cut: bool,
}

/// Decodes a UDP datagram.
#[inline]
#[must_use]
pub fn udp(data: &[u8]) -> Option<Udp<'_>> {
    let (fixed, rest) = data.split_first_chunk::<8>()?;
    let [s0, s1, d0, d1, l0, l1, ..] = *fixed;
    // Length 0 is a jumbogram (RFC 2675) or an offloading sender.
    let wanted = match usize::from(u16::from_be_bytes([l0, l1])) {
        0 => rest.len(),
        length => length.checked_sub(8)?,
    };
    Some(Udp {
        from: u16::from_be_bytes([s0, s1]),
        to: u16::from_be_bytes([d0, d1]),
        payload: rest.get(..wanted).unwrap_or(rest),
        cut: rest.len() < wanted,
    })
}

/// What a tunnel carries.
pub type Inner<'a> = (Link, Payload<'a>);

/// Looks into GRE (RFC 2784, 2890), with PPTP's version 1 and ERSPAN inside.
#[must_use]
pub fn gre(data: &[u8]) -> Option<Inner<'_>> {
    let mut reader = Reader::new(data);
    let flags = reader.u16()?;
    let kind = reader.u16()?;
    let optional =
        [0x8000 | 0x4000, 0x2000, 0x1000].iter().filter(|bit| flags & **bit != 0).count();
    reader.skip(optional * 4)?;
    if flags & 7 == 1 && flags & 0x0080 != 0 {
        reader.skip(4)?;
    }
    match kind {
        ethertype::TRANSPARENT_ETHERNET => Some(link::ethernet(reader.rest())),
        // ERSPAN type I has no header and no GRE sequence number; type II has both.
        ethertype::ERSPAN if flags & 0x1000 == 0 => Some(link::ethernet(reader.rest())),
        ethertype::ERSPAN => {
            reader.skip(8)?;
            Some(link::ethernet(reader.rest()))
        }
        ethertype::ERSPAN3 => {
            reader.skip(10)?;
            let subheader = reader.u16()? & 1 == 1;
            reader.skip(if subheader { 8 } else { 0 })?;
            Some(link::ethernet(reader.rest()))
        }
        // Aruba access points tunnel whole 802.11 frames; the type counts the radio.
        0x8200..=0x8210 | 0x9000 => Some((Link::default(), Payload::Wlan(reader.rest()))),
        ethertype::PPP => Some(link::decode(cordon_model::LinkType::PPP, reader.rest())),
        _ => {
            let mut inner = Link::default();
            let payload = link::network(kind, reader.rest(), &mut inner);
            Some((inner, payload))
        }
    }
}

/// Port of VXLAN (RFC 7348).
pub const VXLAN_PORT: u16 = 4789;

/// Looks into VXLAN: the flags byte must say that an identifier is there, the reserved fields be zero.
#[must_use]
pub fn vxlan(payload: &[u8]) -> Option<Inner<'_>> {
    let (header, frame) = payload.split_first_chunk::<8>()?;
    let [0x08, 0, 0, 0, _, _, _, 0] = header else { return None };
    match link::ethernet(frame) {
        (_, Payload::Malformed) => None,
        inner => Some(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_tells_its_options_in_their_order() {
        let mut bytes = vec![0, 80, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 0x72, 0x10, 0, 0, 0, 0];
        bytes.extend([2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7]);
        let print = tcp(&bytes).unwrap().fingerprint(64);
        assert_eq!(print.options, "2,4,8,1,3");
        assert_eq!((print.mss, print.scale, print.window), (Some(1460), Some(7), 0x7210));
    }

    #[test]
    fn an_option_of_length_zero_ends_the_walk() {
        let mut bytes = vec![0, 80, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 0, 0, 0, 0, 0, 0];
        bytes.extend([2, 0].repeat(10));
        assert!(tcp(&bytes).unwrap().fingerprint(1).options.len() < 64);
    }

    #[test]
    fn a_header_that_claims_more_than_there_is_is_refused() {
        assert_eq!(tcp(&[0; 20]), None);
        let mut bytes = vec![0; 20];
        bytes[12] = 0xf0;
        assert_eq!(tcp(&bytes), None);
    }

    #[test]
    fn vxlan_with_reserved_bits_is_something_else() {
        let frame = [&[8u8, 0, 0, 0, 0, 0, 5, 0][..], &[0; 12], &[8, 0, 0x45]].concat();
        assert!(vxlan(&frame).is_some());
        let mut odd = frame.clone();
        odd[1] = 1;
        assert!(vxlan(&odd).is_none());
    }
}
