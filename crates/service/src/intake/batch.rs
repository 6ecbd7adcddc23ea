//! Packets copied out of their source, several at a time.

use cordon_model::{LinkType, PacketId, RawPacket, Timestamp};

/// Bytes of packets in a batch, about: large enough that handing it over costs nothing per
/// packet, small enough that thirty-two of them are no burden.
const BYTES: usize = 256 * 1024;
/// Packets in a batch at most.
const PACKETS: usize = 1024;

/// Packets in the order of their arrival.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    packets: Vec<Meta>,
}

#[derive(Debug)]
struct Meta {
    id: PacketId,
    at: Timestamp,
    link: LinkType,
    wire_len: u32,
    end: usize,
}

impl Batch {
    /// Room for one batch, given out at once so that it need not grow.
    #[must_use]
    pub fn with_room() -> Self {
        Batch { bytes: Vec::with_capacity(BYTES), packets: Vec::with_capacity(PACKETS) }
    }

    /// Copies a packet in.
    #[inline]
    pub fn push(&mut self, packet: &RawPacket<'_>) {
        self.bytes.extend_from_slice(packet.data);
        self.packets.push(Meta {
            id: packet.id,
            at: packet.at,
            link: packet.link,
            wire_len: packet.wire_len,
            end: self.bytes.len(),
        });
    }

    /// Whether it should be handed over now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= BYTES || self.packets.len() >= PACKETS
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Packets in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Time of the latest packet.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.packets.last().map(|meta| meta.at)
    }

    /// Empties it and keeps its room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
    }

    /// The packets.
    pub fn packets(&self) -> impl Iterator<Item = RawPacket<'_>> {
        let mut begin = 0;
        self.packets.iter().map(move |meta| {
            let data = self.bytes.get(begin..meta.end).unwrap_or_default();
            begin = meta.end;
            RawPacket { id: meta.id, at: meta.at, link: meta.link, wire_len: meta.wire_len, data }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_as_they_went_in() {
        let mut batch = Batch::with_room();
        for number in 1..=3_u8 {
            let data = vec![number; usize::from(number)];
            batch.push(&RawPacket {
                id: PacketId { input: 0, number: u64::from(number) },
                at: Timestamp::from_secs(i64::from(number)),
                link: LinkType::ETHERNET,
                wire_len: 60,
                data: &data,
            });
        }
        let out: Vec<_> =
            batch.packets().map(|packet| (packet.id.number, packet.data.to_vec())).collect();
        assert_eq!(out, vec![(1, vec![1]), (2, vec![2, 2]), (3, vec![3, 3, 3])]);
        assert_eq!(batch.last(), Some(Timestamp::from_secs(3)));
        batch.clear();
        assert!(batch.is_empty() && batch.packets().next().is_none());
    }
}
