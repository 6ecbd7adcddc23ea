//! Fragmented IP datagrams, put together again (RFC 791, 3.2; RFC 8200, 4.5).

use std::net::IpAddr;

use cordon_wire::ip::{Fragment, Ip};

/// Datagrams being put together at a time; the oldest goes first.
const MAX_DATAGRAMS: usize = 64;

/// Pieces of one datagram.
const MAX_PIECES: usize = 64;

/// A datagram cannot be longer.
const MAX_LENGTH: u32 = 65_535;

/// Pieces waiting for the rest of their datagrams.
#[derive(Default)]
pub struct Fragments {
    waiting: Vec<Waiting>,
    /// Datagrams that never became whole.
    pub incomplete: u64,
}

#[derive(PartialEq, Eq)]
struct Name {
    from: IpAddr,
    to: IpAddr,
    protocol: Option<u8>,
    id: u32,
}

struct Waiting {
    name: Name,
    protocol: u8,
    length: Option<u32>,
    pieces: Vec<(u32, Box<[u8]>)>,
}

impl Fragments {
    /// Adds a piece; the protocol and payload of the datagram, if that made it whole.
    pub fn add(&mut self, ip: &Ip<'_>, piece: Fragment) -> Option<(u8, Vec<u8>)> {
        let end = piece.offset.checked_add(u32::try_from(ip.payload.len()).ok()?)?;
        if end > MAX_LENGTH || ip.payload.is_empty() {
            self.incomplete += 1;
            return None;
        }
        // A later IPv6 piece names the protocol of its fragment header, the first one may have
        // further extension headers: only IPv4 has it in the identity.
        let protocol = matches!(ip.from, IpAddr::V4(_)).then_some(ip.protocol);
        let name = Name { from: ip.from, to: ip.to, protocol, id: piece.id };
        let place = match self.waiting.iter().position(|waiting| waiting.name == name) {
            Some(place) => place,
            None => {
                if self.waiting.len() >= MAX_DATAGRAMS {
                    self.waiting.remove(0);
                    self.incomplete += 1;
                }
                self.waiting.push(Waiting {
                    name,
                    protocol: ip.protocol,
                    length: None,
                    pieces: Vec::new(),
                });
                self.waiting.len() - 1
            }
        };
        let waiting = self.waiting.get_mut(place)?;
        if piece.offset == 0 {
            waiting.protocol = ip.protocol;
        }
        if !piece.more {
            waiting.length = waiting.length.or(Some(end));
        }
        waiting.pieces.push((piece.offset, ip.payload.into()));
        if let Some(whole) = waiting.whole() {
            let protocol = waiting.protocol;
            self.waiting.remove(place);
            return Some((protocol, whole));
        }
        if waiting.pieces.len() >= MAX_PIECES {
            self.waiting.remove(place);
            self.incomplete += 1;
        }
        None
    }

    /// Counts what is still waiting as incomplete.
    pub fn finish(&mut self) {
        self.incomplete += self.waiting.len() as u64;
        self.waiting.clear();
    }
}

impl Waiting {
    /// The payload, if no byte is missing; where pieces overlap, the one that came first wins.
    fn whole(&mut self) -> Option<Vec<u8>> {
        let length = self.length? as usize;
        // Pieces may overlap, so equality is too strict; but less can never be whole.
        if self.pieces.iter().map(|(_, data)| data.len()).sum::<usize>() < length {
            return None;
        }
        let mut whole = vec![0; length];
        let mut known = vec![false; length];
        for (offset, data) in &self.pieces {
            let start = *offset as usize;
            let slots = whole.iter_mut().zip(known.iter_mut()).skip(start);
            for ((slot, known), byte) in slots.zip(data.iter()) {
                if !*known {
                    (*slot, *known) = (*byte, true);
                }
            }
        }
        known.iter().all(|known| *known).then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(payload: &[u8], id: u32, offset: u32, more: bool) -> (Ip<'_>, Fragment) {
        let fragment = Fragment { id, offset, more };
        let ip = Ip {
            from: "10.0.0.1".parse().unwrap(),
            to: "10.0.0.2".parse().unwrap(),
            protocol: 17,
            ttl: 64,
            fragment: Some(fragment),
            payload,
            cut: false,
            header: &[],
        };
        (ip, fragment)
    }

    fn add(
        fragments: &mut Fragments,
        payload: &[u8],
        id: u32,
        offset: u32,
        more: bool,
    ) -> Option<(u8, Vec<u8>)> {
        let (ip, fragment) = piece(payload, id, offset, more);
        fragments.add(&ip, fragment)
    }

    #[test]
    fn pieces_in_any_order_become_whole() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, &[2; 8], 1, 8, false), None);
        assert_eq!(add(&mut fragments, &[9; 8], 2, 0, true), None);
        let whole = add(&mut fragments, &[1; 8], 1, 0, true).unwrap().1;
        assert_eq!(whole, [[1; 8], [2; 8]].concat());
    }

    #[test]
    fn overlapping_pieces_cannot_rewrite_what_came_first() {
        let mut fragments = Fragments::default();
        assert_eq!(add(&mut fragments, &[1; 16], 1, 0, true), None);
        let whole = add(&mut fragments, &[2; 16], 1, 8, false).unwrap().1;
        assert_eq!(whole, [[1; 8], [1; 8], [2; 8]].concat());
    }

    #[test]
    fn a_flood_of_first_pieces_is_bounded_and_counted() {
        let mut fragments = Fragments::default();
        for id in 0..1000 {
            add(&mut fragments, &[0; 8], id, 0, true);
        }
        assert_eq!(fragments.waiting.len(), MAX_DATAGRAMS);
        fragments.finish();
        assert_eq!(fragments.incomplete, 1000);
    }

    #[test]
    fn a_datagram_longer_than_ip_allows_is_dropped() {
        assert_eq!(add(&mut Fragments::default(), &[0; 64], 1, 65_528, false), None);
    }
}
