//! Conversations under way that are no longer allowed are cut: their entries in the kernel's
//! connection tracking are deleted, so that their next packet is judged as if it opened one.
//!
//! The kernel is asked directly: `conntrack -D` walks its whole table for each deletion, 12 ms
//! each time, where a deletion by its tuple takes microseconds.

use std::net::IpAddr;

use cordon_contract::{Carrier, Packet};
use rustix::io::Errno;

use crate::driver::DriverError;
use crate::netlink::{Socket, attributes};

/// Most conversations that are deleted at once; the kernel's own table has 262,144 unless it was
/// made larger.
const MAX_CUT: usize = 1_000_000;

/// Connection tracking among the subsystems of netfilter, and what is asked of it
/// (`linux/netfilter/nfnetlink_conntrack.h`).
const GET: u16 = 0x0101;
const DELETE: u16 = 0x0102;

/// Attributes of a conversation.
const TUPLE_ORIGINAL: u16 = 1;
const TUPLE_REPLY: u16 = 2;
const ID: u16 = 12;
const ZONE: u16 = 18;

/// Deletes the conversations that are not to be kept, and returns how many those were. `keep` is
/// asked about what opened each, as the forward hook saw that: after the destination was
/// translated and before the source was, without a link-layer address. Call it after the rule set
/// was changed, so that none comes back.
///
/// # Errors
///
/// Where the kernel refuses; then conversations end when they end, and the switch of a device still
/// stops them at once.
pub fn cut(keep: impl Fn(&Packet) -> bool) -> Result<usize, DriverError> {
    let refused = |errno: Errno| DriverError::Refused(format!("connection tracking: {errno}"));
    let socket = Socket::open().map_err(refused)?;
    let mut unwanted = Vec::new();
    let each = |family, bytes: &[u8]| {
        if unwanted.len() < MAX_CUT
            && let Some((opening, handle)) = conversation(bytes)
            && !keep(&opening)
        {
            unwanted.push((family, handle));
        }
    };
    socket.dump(GET, each).map_err(refused)?;
    for answer in socket.request_all(DELETE, &unwanted).map_err(refused)? {
        match answer {
            // It ended by itself.
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(refused(errno)),
        }
    }
    Ok(unwanted.len())
}

/// As [`cut()`], to be handed over by its address.
///
/// # Errors
///
/// As there.
pub fn cut_kept(keep: &dyn Fn(&Packet) -> bool) -> Result<usize, DriverError> {
    cut(keep)
}

/// What opened a conversation, and the attributes by which the kernel finds it again. None without
/// the tuple, because a deletion without one deletes everything.
fn conversation(bytes: &[u8]) -> Option<(Packet, Vec<u8>)> {
    let mut original = None;
    let mut reply = None;
    let mut handle = Vec::new();
    for (kind, value, whole) in attributes(bytes) {
        match kind {
            TUPLE_ORIGINAL => original = Some(tuple(value)?),
            TUPLE_REPLY => reply = Some(tuple(value)?),
            _ => {}
        }
        if matches!(kind, TUPLE_ORIGINAL | ID | ZONE) {
            handle.extend(whole);
            handle.resize(handle.len().next_multiple_of(4), 0);
        }
    }
    let (original, reply) = (original?, reply?);
    let packet = Packet {
        mac: None,
        from: original.from,
        // Who answers is who was spoken to, whatever the name under which that was.
        to: reply.from,
        carrier: original.carrier,
        from_port: original.from_port,
        to_port: match original.carrier {
            Carrier::Tcp | Carrier::Udp => reply.from_port,
            _ => original.to_port,
        },
        established: false,
    };
    Some((packet, handle))
}

struct Tuple {
    from: IpAddr,
    carrier: Carrier,
    from_port: u16,
    /// Or the ICMP type.
    to_port: u16,
}

fn tuple(bytes: &[u8]) -> Option<Tuple> {
    const ADDRESSES: u16 = 1;
    const PROTOCOL: u16 = 2;
    let mut from = None;
    let (mut number, mut from_port, mut to_port) = (None, 0, 0);
    for (kind, value, _) in attributes(bytes) {
        match kind {
            ADDRESSES => from = attributes(value).find_map(|(kind, value, _)| source(kind, value)),
            PROTOCOL => {
                for (kind, value, _) in attributes(value) {
                    let port = || Some(u16::from_be_bytes(*value.first_chunk()?));
                    match kind {
                        1 => number = Some(*value.first()?),
                        2 => from_port = port()?,
                        3 => to_port = port()?,
                        // The type of ICMP, and of ICMPv6.
                        5 | 8 => to_port = u16::from(*value.first()?),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Some(Tuple { from: from?, carrier: Carrier::of_protocol(number?), from_port, to_port })
}

fn source(kind: u16, value: &[u8]) -> Option<IpAddr> {
    match kind {
        1 => Some(IpAddr::from(*value.first_chunk::<4>()?)),
        3 => Some(IpAddr::from(*value.first_chunk::<16>()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = (value.len() as u16 + 4).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn one_way(from: [u8; 4], to: [u8; 4], ports: [u16; 2]) -> Vec<u8> {
        let addresses = [attribute(1, &from), attribute(2, &to)].concat();
        let protocol = [
            attribute(1, &[6]),
            attribute(2, &ports[0].to_be_bytes()),
            attribute(3, &ports[1].to_be_bytes()),
        ];
        // Nested, as the kernel marks it.
        [attribute(0x8001, &addresses), attribute(0x8002, &protocol.concat())].concat()
    }

    #[test]
    fn a_translated_conversation_is_judged_by_who_answers_and_found_by_who_was_asked() {
        let original = attribute(0x8001, &one_way([10, 0, 0, 5], [192, 0, 2, 1], [40_000, 80]));
        let reply = attribute(0x8002, &one_way([10, 0, 1, 9], [198, 51, 100, 4], [8_080, 40_000]));
        let id = attribute(12, &[1, 2, 3, 4]);
        let bytes = [original.clone(), reply, attribute(3, &[0, 0, 0, 8]), id.clone()].concat();
        let (packet, handle) = conversation(&bytes).unwrap();
        assert_eq!((packet.from, packet.from_port), ("10.0.0.5".parse().unwrap(), 40_000));
        assert_eq!((packet.to, packet.to_port), ("10.0.1.9".parse().unwrap(), 8_080));
        assert_eq!(handle, [original, id].concat());
    }

    proptest! {
        #[test]
        fn nothing_is_deleted_without_a_tuple(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some((_, handle)) = conversation(&bytes) {
                prop_assert!(attributes(&handle).any(|(kind, ..)| kind == TUPLE_ORIGINAL));
            }
        }
    }
}
