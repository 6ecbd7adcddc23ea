//! Repeatable randomness: the same seed gives the same capture, byte for byte.

/// SplitMix64. Not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// From the capture's seed and the number of a row, so that a new row does not change others.
    pub(crate) fn new(seed: u64, row: u64) -> Self {
        let mut rng = Rng(seed ^ row.wrapping_mul(0xa076_1d64_78bd_642f));
        rng.u64();
        rng
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn u32(&mut self) -> u32 {
        let [a, b, c, d, ..] = self.u64().to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    pub(crate) fn u16(&mut self) -> u16 {
        let [a, b, ..] = self.u64().to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    /// From zero up to but without `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.u64().checked_rem(end).unwrap_or(0)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.u64().to_be_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
