//! From a frame to tokens: link, ARP, IP, and what is beside TCP and UDP.

use cordon_model::Timestamp;
use cordon_wire::Reader;

use super::device::{Cast, Device, Way};
use super::kind::{Arp, Kind};
use super::token::Part::{B, Dotted, Hex, N, S};

/// Group records of an IGMPv3 or MLDv2 report looked at.
const MOST_GROUPS: u16 = 8;
/// IPv6 extension headers passed over.
const MOST_EXTENSIONS: usize = 8;

/// An Ethernet frame behind its addresses and at most one VLAN tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub at: Timestamp,
    pub cast: Cast,
    ethertype: u16,
    body: &'a [u8],
    /// Bytes on the wire behind the Ethernet header.
    wire: u32,
    /// Bytes on the wire behind the tag too.
    length: u32,
}

impl<'a> Frame<'a> {
    /// None where the frame is too short to be one.
    pub(super) fn read(at: Timestamp, wire_len: u32, data: &'a [u8]) -> Option<Frame<'a>> {
        let mut reader = Reader::new(data);
        let to = reader.array::<6>()?;
        reader.skip(6)?;
        let mut ethertype = reader.u16()?;
        let wire = wire_len.saturating_sub(14);
        let mut length = wire;
        if ethertype == 0x8100 {
            reader.skip(2)?;
            ethertype = reader.u16()?;
            length = wire.saturating_sub(4);
        }
        let cast = match to {
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] => Cast::Broadcast,
            [first, ..] if first & 1 != 0 => Cast::Multicast,
            _ => Cast::Unicast,
        };
        Some(Frame { at, cast, ethertype, body: reader.rest(), wire, length })
    }
}

/// An IP packet's place on the way to its transport.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub at: Timestamp,
    pub way: Way,
    pub protocol: u8,
    pub body: &'a [u8],
    /// The other end; IPv4 addresses in the low bits.
    pub remote: u128,
    pub v6: bool,
    /// Length of the IP packet.
    pub length: u32,
}

impl Device {
    /// Takes in a frame that it sent or received.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, sent: bool) {
        let way = Way { sent, cast: frame.cast };
        let d = S(way.direction());
        self.packets += 1;
        if sent && self.first_sent.is_none() {
            self.first_sent = Some(frame.at);
        }
        self.counters.frame(way);
        let mut length = frame.length;
        let kind = match frame.ethertype {
            size if size < 1536 => {
                let head = frame.body.get(..3).unwrap_or(frame.body);
                self.add(&[S("L"), S("llc"), d, Hex(head), S(way.cast())]);
                length = u32::from(size);
                Kind::Llc
            }
            0x888e => {
                self.add(&[S("L"), S("eapol"), d, N(u64::from(frame.wire))]);
                Kind::Eapol
            }
            0x0806 => self.arp(way, frame.body),
            0x0800 => return self.ipv4(frame, way),
            0x86dd => return self.ipv6(frame, way),
            other => {
                let kind = Kind::EtherType(other);
                self.add(&[S("L"), super::token::Part::Kind(kind), d]);
                kind
            }
        };
        let kind = self.kind(kind);
        self.count(frame.at, way, kind, length);
    }

    fn arp(&mut self, way: Way, body: &[u8]) -> Kind {
        let Some(fixed) = body.first_chunk::<28>() else { return Kind::ShortArp };
        let [.., o0, o1, _, _, _, _, _, _, a0, a1, a2, a3, _, _, _, _, _, _, b0, b1, b2, b3] =
            *fixed;
        let (sender, target) = ([a0, a1, a2, a3], [b0, b1, b2, b3]);
        let arp = if sender == [0; 4] {
            Arp::Probe
        } else if sender == target {
            Arp::Announcement
        } else if [o0, o1] == [0, 1] {
            Arp::Request
        } else {
            Arp::Reply
        };
        self.add(&[S("A"), S(way.direction()), S(arp.name()), S(way.cast())]);
        self.counters.arp(way, arp);
        Kind::Arp(arp)
    }

    fn ipv4(&mut self, frame: &Frame<'_>, way: Way) {
        let body = frame.body;
        let Some(fixed) = body.first_chunk::<20>() else {
            let kind = self.kind(Kind::ShortIpv4);
            return self.count(frame.at, way, kind, body.len() as u32);
        };
        let [v, _, l0, l1, _, _, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
            *fixed;
        let header = usize::from(v & 15) * 4;
        let total = u16::from_be_bytes([l0, l1]);
        let flags = u16::from_be_bytes([f0, f1]);
        if way.sent {
            self.sent_ipv4(way, ttl, protocol, flags);
            if header > 20 {
                let options = body.get(20..header.min(24)).unwrap_or_default();
                self.add(&[S("T"), S("ipopt"), Hex(options)]);
            }
        }
        let length = u32::from(total);
        if flags & 0x1fff != 0 {
            let kind = self.kind(Kind::Fragment);
            return self.count(frame.at, way, kind, length);
        }
        let total = usize::from(total);
        // A sender that leaves segmentation to its card captures with length 0.
        let end = if total >= header { total.min(body.len()) } else { body.len() };
        let remote = if way.sent { [d0, d1, d2, d3] } else { [s0, s1, s2, s3] };
        let payload = body.get(header.min(end)..end).unwrap_or_default();
        self.transport(&Packet {
            at: frame.at,
            way,
            protocol,
            body: payload,
            remote: u128::from(u32::from_be_bytes(remote)),
            v6: false,
            length,
        });
    }

    fn sent_ipv4(&mut self, way: Way, ttl: u8, protocol: u8, flags: u16) {
        let flags = (flags >> 13) & 3;
        let key = u64::from(ttl) << 32 | u64::from(protocol) << 16 | u64::from(way.index()) << 8;
        if self.is_new((2, key | u64::from(flags))) {
            let cast = if protocol == 2 { "igmp" } else { way.cast() };
            self.add(&[S("T"), S("ttl"), N(u64::from(ttl)), S(cast)]);
            let (dont, more) = (u64::from(flags >> 1), u64::from(flags & 1));
            self.add(&[S("T"), S("df"), N(u64::from(protocol)), N(dont), N(more)]);
        }
    }

    fn ipv6(&mut self, frame: &Frame<'_>, way: Way) {
        let Some((fixed, _)) = frame.body.split_first_chunk::<40>() else {
            let kind = self.kind(Kind::ShortIpv6);
            return self.count(frame.at, way, kind, frame.body.len() as u32);
        };
        let [_, _, _, _, l0, l1, next, hops, ends @ ..] = *fixed;
        let length = u32::from(u16::from_be_bytes([l0, l1])) + 40;
        if way.sent && self.is_new((3, u64::from(hops))) {
            self.add(&[S("T"), S("hl"), N(u64::from(hops))]);
        }
        let (from, to) = ends.split_at(16);
        let remote = if way.sent { to } else { from };
        let remote = remote.first_chunk::<16>().map_or(0, |address| u128::from_be_bytes(*address));
        let (mut next, mut start) = (next, 40);
        for _ in 0..MOST_EXTENSIONS {
            let (0 | 43 | 60, Some([following, units])) =
                (next, frame.body.get(start..).and_then(|rest| rest.first_chunk::<2>()))
            else {
                break;
            };
            next = *following;
            start += (usize::from(*units) + 1) * 8;
        }
        self.counters.ipv6 += 1;
        let end = frame.body.len().min(length as usize);
        let body = frame.body.get(start.min(end)..end).unwrap_or_default();
        self.transport(&Packet {
            at: frame.at,
            way,
            protocol: next,
            body,
            remote,
            v6: true,
            length,
        });
    }

    fn transport(&mut self, packet: &Packet<'_>) {
        let kind = match packet.protocol {
            6 | 17 => self.segment(packet),
            protocol => {
                let kind = self.beside(packet, protocol);
                self.kind(kind)
            }
        };
        self.count(packet.at, packet.way, kind, packet.length);
    }

    /// What is neither TCP nor UDP.
    fn beside(&mut self, packet: &Packet<'_>, protocol: u8) -> Kind {
        let body = packet.body;
        let d = S(packet.way.direction());
        let first = body.first().copied().unwrap_or(0);
        match protocol {
            2 => {
                self.igmp(d, body);
                Kind::Igmp
            }
            1 => {
                let code = body.get(1).copied().unwrap_or(0);
                self.add(&[S("I"), S("icmp"), d, N(u64::from(first)), N(u64::from(code))]);
                Kind::Icmp(first)
            }
            58 => {
                self.add(&[S("I"), S("icmp6"), d, N(u64::from(first))]);
                if first == 143 {
                    self.mld(d, body);
                }
                Kind::Icmp6(first)
            }
            _ => {
                self.add(&[S("I"), S("proto"), d, N(u64::from(protocol))]);
                Kind::Protocol(protocol)
            }
        }
    }

    fn igmp(&mut self, d: super::token::Part<'_>, body: &[u8]) {
        let Some(fixed) = body.first_chunk::<8>() else { return };
        let [kind, _, _, _, g0, g1, count @ ..] = *fixed;
        if kind != 0x22 || body.len() < 16 {
            let [g2, g3] = count;
            self.add(&[S("I"), S("igmp"), d, Hex(&[kind]), Dotted(&[g0, g1, g2, g3])]);
            return;
        }
        let records = body.get(8..).unwrap_or_default().chunks_exact(8);
        for record in records.take(usize::from(u16::from_be_bytes(count).min(MOST_GROUPS))) {
            if let [kind, _, _, _, group @ ..] = record {
                self.add(&[S("I"), S("igmp3"), d, N(u64::from(*kind)), Dotted(group)]);
            }
        }
    }

    fn mld(&mut self, d: super::token::Part<'_>, body: &[u8]) {
        const SOLICITED: [u8; 13] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];
        let Some([.., c0, c1]) = body.first_chunk::<8>() else { return };
        let records = body.get(8..).unwrap_or_default().chunks_exact(20);
        for record in records.take(usize::from(u16::from_be_bytes([*c0, *c1]).min(MOST_GROUPS))) {
            if let [kind, _, _, _, group @ ..] = record {
                // Solicited-node groups end in the device's own address.
                let solicited = group.starts_with(&SOLICITED);
                let group = if solicited { B(b"ff02:1:ff") } else { Hex(group) };
                self.add(&[S("I"), S("mld"), d, N(u64::from(*kind)), group]);
            }
        }
    }
}
