//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, up to the transport layer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Reader;

/// IPv6 extension headers passed over; real packets have one or two.
pub const MAX_EXTENSIONS: usize = 8;

/// Protocol numbers that the decoder names.
pub mod protocol {
    #![allow(missing_docs, reason = "the names are those of the registry")]
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ICMPV6: u8 = 58;
}

/// One piece of a fragmented datagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fragment {
    /// Identification.
    pub id: u32,
    /// Where the piece begins, in bytes.
    pub offset: u32,
    /// Whether pieces follow.
    pub more: bool,
}

/// A decoded IP header and what it carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ip<'a> {
    /// Source.
    pub from: IpAddr,
    /// Destination.
    pub to: IpAddr,
    /// Protocol of the payload, behind all extension headers.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
    /// Set where this is a piece of a datagram.
    pub fragment: Option<Fragment>,
    /// The payload, without link padding.
    pub payload: &'a [u8],
    /// Whether the capture holds less than the header says.
    pub cut: bool,
    /// The IPv4 header, for its checksum; empty for IPv6.
    pub header: &'a [u8],
}

/// Decodes either version.
#[inline]
#[must_use]
pub fn decode(data: &[u8]) -> Option<Ip<'_>> {
    match data.first()? >> 4 {
        4 => v4(data),
        6 => v6(data),
        _ => None,
    }
}

#[inline]
fn v4(data: &[u8]) -> Option<Ip<'_>> {
    let fixed = data.first_chunk::<20>()?;
    let [v, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        *fixed;
    let header_len = usize::from(v & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([l0, l1]));
    if header_len < 20 {
        return None;
    }
    // A segmentation-offloading sender captures with length 0: all of the frame is meant.
    let total = if total == 0 { data.len() } else { total };
    let (header, rest) = data.split_at_checked(header_len)?;
    let wanted = total.checked_sub(header_len)?;
    let flags = u16::from_be_bytes([f0, f1]);
    let (offset, more) = (u32::from(flags & 0x1fff) * 8, flags & 0x2000 != 0);
    Some(Ip {
        from: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        to: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        protocol,
        ttl,
        fragment: (more || offset != 0).then(|| Fragment {
            id: u32::from(u16::from_be_bytes([i0, i1])),
            offset,
            more,
        }),
        payload: rest.get(..wanted).unwrap_or(rest),
        cut: rest.len() < wanted,
        header,
    })
}

fn v6(data: &[u8]) -> Option<Ip<'_>> {
    let mut reader = Reader::new(data);
    let _version_class_flow = reader.u32()?;
    let length = usize::from(reader.u16()?);
    let mut next = reader.u8()?;
    let ttl = reader.u8()?;
    let from = Ipv6Addr::from(reader.array::<16>()?);
    let to = Ipv6Addr::from(reader.array::<16>()?);
    let rest = reader.rest();
    // Length 0 is a jumbogram or an offloading sender.
    let wanted = if length == 0 { rest.len() } else { length };
    let cut = rest.len() < wanted;
    let mut body = Reader::new(rest.get(..wanted).unwrap_or(rest));
    let mut fragment = None;
    for _ in 0..MAX_EXTENSIONS {
        // RFC 8200, 4: hop-by-hop, routing, destination options, mobility, HIP, shim6.
        let known = matches!(next, 0 | 43 | 60 | 135 | 139 | 140);
        if known {
            let here = body;
            let header = (|| {
                let following = body.u8()?;
                let units = usize::from(body.u8()?);
                body.skip(6 + units * 8)?;
                Some(following)
            })();
            match header {
                Some(following) => next = following,
                None => {
                    body = here;
                    break;
                }
            }
        } else if next == 51 {
            let following = body.u8()?;
            let words = usize::from(body.u8()?);
            body.skip((words + 2) * 4 - 2)?;
            next = following;
        } else if next == 44 {
            let following = body.u8()?;
            let _reserved = body.u8()?;
            let bits = body.u16()?;
            let id = body.u32()?;
            next = following;
            let (offset, more) = (u32::from(bits & 0xfff8), bits & 1 != 0);
            if more || offset != 0 {
                fragment = Some(Fragment { id, offset, more });
                if offset != 0 {
                    break;
                }
            }
        } else {
            break;
        }
    }
    Some(Ip {
        from: IpAddr::V6(from),
        to: IpAddr::V6(to),
        protocol: next,
        ttl,
        fragment,
        payload: body.rest(),
        cut,
        header: &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(total: u16, flags: u16) -> Vec<u8> {
        let mut bytes = vec![0x45, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 9]);
        bytes.extend(flags.to_be_bytes());
        bytes.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes
    }

    #[test]
    fn ethernet_padding_is_no_payload() {
        let mut bytes = packet(22, 0);
        bytes.extend([1, 2, 0, 0, 0, 0]);
        let ip = decode(&bytes).unwrap();
        assert_eq!(ip.payload, &[1, 2]);
        assert!(!ip.cut && ip.fragment.is_none());
    }

    #[test]
    fn a_cut_packet_says_so() {
        let mut bytes = packet(100, 0);
        bytes.push(1);
        assert!(decode(&bytes).unwrap().cut);
    }

    #[test]
    fn a_length_shorter_than_the_header_is_refused() {
        assert_eq!(decode(&packet(19, 0)), None);
    }

    #[test]
    fn fragments_carry_offset_in_bytes() {
        let ip = packet(20, 0x2003);
        assert_eq!(decode(&ip).unwrap().fragment, Some(Fragment { id: 9, offset: 24, more: true }));
    }

    #[test]
    fn a_chain_of_extension_headers_ends() {
        let mut bytes = vec![0x60, 0, 0, 0, 1, 0, 0, 64];
        bytes.extend([0; 32]);
        bytes.extend([0; 256]);
        let ip = decode(&bytes).unwrap();
        assert_eq!(ip.protocol, 0);
        assert_eq!(ip.payload.len(), 256 - 8 * MAX_EXTENSIONS);
    }
}
