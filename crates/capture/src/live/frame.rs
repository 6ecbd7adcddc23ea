//! The packets in one block of the ring: `struct tpacket_block_desc` and `struct tpacket3_hdr` of
//! the kernel's `linux/if_packet.h`, read as bytes.

use cordon_model::Timestamp;

/// The block's bytes are given from here on: before lies the word that the kernel and this process
/// hand each other.
pub(super) const BLOCK_HEAD: usize = 12;

/// An 802.1Q tag, in bytes.
pub(super) const TAG_SIZE: u32 = 4;

/// Destination and source address of an Ethernet frame; the tag comes behind them.
const ADDRESSES: usize = 12;

/// `sll_pkttype` of the address that follows the 48 bytes of `tpacket3_hdr`.
const PACKET_TYPE: usize = 48 + 10;

/// Where the next packet of a block lies, and how many are left with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    offset: usize,
    left: u32,
}

/// One packet as the kernel describes it.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Frame<'a> {
    pub(super) at: Timestamp,
    pub(super) wire_len: u32,
    pub(super) data: &'a [u8],
    /// The tag that the interface took out of the frame: protocol, and control information.
    pub(super) vlan: Option<(u16, u16)>,
    /// Whether this machine sent it.
    pub(super) outgoing: bool,
}

/// Where the first packet of a block lies.
pub(super) fn first(block: &[u8]) -> Option<Place> {
    let left = u32::from_ne_bytes(array(block, 0)?);
    let offset = u32::from_ne_bytes(array(block, 4)?) as usize;
    (left > 0).then_some(Place { offset: offset.checked_sub(BLOCK_HEAD)?, left })
}

/// The packet at a place, and the place of the one behind it.
#[inline]
pub(super) fn at(block: &[u8], place: Place) -> Option<(Frame<'_>, Option<Place>)> {
    let bytes = block.get(place.offset..)?;
    let [next, secs, nanos, captured, wire_len, status] = words(bytes)?;
    let start = usize::from(u16::from_ne_bytes(array(bytes, 24)?));
    let end = start.checked_add(captured as usize)?;
    let data = bytes.get(start..end)?;
    let vlan = (status & libc::TP_STATUS_VLAN_VALID != 0)
        .then(|| {
            let control = u32::from_ne_bytes(array(bytes, 32)?) & 0xffff;
            let protocol = match status & libc::TP_STATUS_VLAN_TPID_VALID {
                0 => 0x8100,
                _ => u16::from_ne_bytes(array(bytes, 36)?),
            };
            Some((protocol, u16::try_from(control).ok()?))
        })
        .flatten();
    let frame = Frame {
        at: Timestamp::from_nanos(i64::from(secs) * 1_000_000_000 + i64::from(nanos)),
        wire_len: wire_len.max(captured),
        data,
        vlan,
        outgoing: bytes.get(PACKET_TYPE) == Some(&libc::PACKET_OUTGOING),
    };
    let behind = (place.left > 1 && next > 0)
        .then(|| {
            Some(Place { offset: place.offset.checked_add(next as usize)?, left: place.left - 1 })
        })
        .flatten();
    Some((frame, behind))
}

/// Writes the frame with its tag into `into`; false where the frame is too short to have one.
pub(super) fn put_tag_back(
    frame: &[u8],
    (protocol, control): (u16, u16),
    into: &mut Vec<u8>,
) -> bool {
    let Some((addresses, rest)) = frame.split_at_checked(ADDRESSES) else {
        return false;
    };
    into.clear();
    into.extend_from_slice(addresses);
    into.extend_from_slice(&protocol.to_be_bytes());
    into.extend_from_slice(&control.to_be_bytes());
    into.extend_from_slice(rest);
    true
}

#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The leading words of a packet's head, in the byte order of this machine.
#[inline]
fn words<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let mut words = [0; N];
    let (chunks, _) = bytes.as_chunks::<4>();
    if chunks.len() < N {
        return None;
    }
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_ne_bytes(*chunk);
    }
    Some(words)
}

/// Whether an Ethernet frame is an answer of ARP (RFC 826).
pub(super) fn is_arp_answer(frame: &Frame<'_>) -> bool {
    const TYPE: [u8; 2] = [0x08, 0x06];
    const ANSWER: [u8; 2] = [0, 2];
    frame.data.get(12..14) == Some(&TYPE) && frame.data.get(20..22) == Some(&ANSWER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block as the kernel would write it, from `BLOCK_HEAD` on.
    fn block(packets: u32, frames: &[(u32, &[u8], u32, u8)]) -> Vec<u8> {
        let mut block = vec![0; 48 - BLOCK_HEAD];
        block[0..4].copy_from_slice(&packets.to_ne_bytes());
        block[4..8].copy_from_slice(&48u32.to_ne_bytes());
        for &(next, data, status, kind) in frames {
            let mut head = [0; 80];
            let len = u32::try_from(data.len()).unwrap();
            for (word, bytes) in
                [next, 7, 9, len, len + 1, status].iter().zip(head.chunks_exact_mut(4))
            {
                bytes.copy_from_slice(&word.to_ne_bytes());
            }
            head[24..26].copy_from_slice(&80u16.to_ne_bytes());
            head[32..36].copy_from_slice(&0x2005u32.to_ne_bytes());
            head[36..38].copy_from_slice(&0x88a8u16.to_ne_bytes());
            head[PACKET_TYPE] = kind;
            block.extend_from_slice(&head);
            block.extend_from_slice(data);
        }
        block
    }

    #[test]
    fn packets_are_found_one_behind_the_other() {
        let block = block(2, &[(84, b"abcd", 0, 0), (0, b"efgh", 0, 4)]);
        let (one, next) = at(&block, first(&block).unwrap()).unwrap();
        assert_eq!((one.data, one.wire_len, one.outgoing), (&b"abcd"[..], 5, false));
        assert_eq!(one.at.nanos(), 7_000_000_009);
        let (two, next) = at(&block, next.unwrap()).unwrap();
        assert_eq!((two.data, two.outgoing, next), (&b"efgh"[..], true, None));
    }

    #[test]
    fn a_tag_that_the_interface_took_out_is_put_back() {
        let (both, one) = (1 << 4 | 1 << 6, 1 << 4);
        let block = block(2, &[(84, b"abcd", both, 0), (0, b"efgh", one, 0)]);
        let (outer, next) = at(&block, first(&block).unwrap()).unwrap();
        assert_eq!(outer.vlan, Some((0x88a8, 0x2005)));
        assert_eq!(at(&block, next.unwrap()).unwrap().0.vlan, Some((0x8100, 0x2005)));
        let mut into = vec![1];
        assert!(put_tag_back(b"AAAAAABBBBBB\x08\0", (0x8100, 0x2005), &mut into));
        assert_eq!(into, b"AAAAAABBBBBB\x81\0\x20\x05\x08\0");
        assert!(!put_tag_back(b"short", (0x8100, 1), &mut into));
    }

    #[test]
    fn lengths_and_offsets_beyond_the_block_are_not_followed() {
        assert_eq!(first(&[]), None);
        assert_eq!(first(&block(0, &[])), None);
        let mut lying = block(1, &[(0, b"abcd", 0, 0)]);
        let place = first(&lying).unwrap();
        lying.truncate(lying.len() - 1);
        assert_eq!(at(&lying, place), None);
        let far = block(9, &[(u32::MAX, b"abcd", 0, 0)]);
        let (_, next) = at(&far, first(&far).unwrap()).unwrap();
        assert_eq!(at(&far, next.unwrap()), None);
    }

    #[test]
    fn an_answer_of_arp_is_told_from_a_question() {
        let mut packet = [0; 42];
        packet[12..14].copy_from_slice(&[0x08, 0x06]);
        packet[20..22].copy_from_slice(&[0, 1]);
        let is_answer = |packet: &[u8]| {
            let block = block(1, &[(0, packet, 0, 4)]);
            is_arp_answer(&at(&block, first(&block).unwrap()).unwrap().0)
        };
        assert!(!is_answer(&packet), "a question");
        packet[21] = 2;
        assert!(is_answer(&packet));
        assert!(!is_answer(&packet[..20]), "cut short");
        packet[12] = 0x86;
        assert!(!is_answer(&packet), "another protocol");
    }
}
