//! Builds messages: numbers, and parts whose length stands before them.

/// Bytes under construction; every method appends and hands the builder on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(Vec<u8>);

impl Bytes {
    pub(crate) fn new() -> Self {
        Bytes(Vec::new())
    }

    pub(crate) fn put(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    pub(crate) fn u8(self, value: u8) -> Self {
        self.put([value])
    }

    pub(crate) fn u16(self, value: u16) -> Self {
        self.put(value.to_be_bytes())
    }

    pub(crate) fn u24(self, value: u32) -> Self {
        let [_, a, b, c] = value.to_be_bytes();
        self.put([a, b, c])
    }

    pub(crate) fn u32(self, value: u32) -> Self {
        self.put(value.to_be_bytes())
    }

    pub(crate) fn u64(self, value: u64) -> Self {
        self.put(value.to_be_bytes())
    }

    pub(crate) fn u16_le(self, value: u16) -> Self {
        self.put(value.to_le_bytes())
    }

    pub(crate) fn u32_le(self, value: u32) -> Self {
        self.put(value.to_le_bytes())
    }

    pub(crate) fn u64_le(self, value: u64) -> Self {
        self.put(value.to_le_bytes())
    }

    pub(crate) fn zeros(mut self, count: usize) -> Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    /// Appends what `write` adds to an empty builder, for every item.
    pub(crate) fn each<T>(
        self,
        items: impl IntoIterator<Item = T>,
        write: impl Fn(Self, T) -> Self,
    ) -> Self {
        items.into_iter().fold(self, write)
    }

    /// A part behind its length in one byte; longer parts are cut.
    pub(crate) fn sized8(self, write: impl FnOnce(Self) -> Self) -> Self {
        let part = write(Bytes::new()).0;
        let length = u8::try_from(part.len()).unwrap_or(u8::MAX);
        self.u8(length).put(part.get(..usize::from(length)).unwrap_or(&part))
    }

    /// A part behind its length in two bytes, big-endian; longer parts are cut.
    pub(crate) fn sized16(self, write: impl FnOnce(Self) -> Self) -> Self {
        let part = write(Bytes::new()).0;
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        self.u16(length).put(part.get(..usize::from(length)).unwrap_or(&part))
    }

    /// As [`Bytes::sized16`], little-endian.
    pub(crate) fn sized16_le(self, write: impl FnOnce(Self) -> Self) -> Self {
        let part = write(Bytes::new()).0;
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        self.u16_le(length).put(part.get(..usize::from(length)).unwrap_or(&part))
    }

    /// A part behind its length in three bytes.
    pub(crate) fn sized24(self, write: impl FnOnce(Self) -> Self) -> Self {
        let part = write(Bytes::new()).0;
        self.u24(u32::try_from(part.len()).unwrap_or(u32::MAX)).put(part)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A length as the 16 bits of a header; longer is cut, as on the wire it could not exist.
pub(crate) fn len16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// The Internet checksum (RFC 1071) over parts that follow each other; each part but the last has
/// an even length.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            let word = match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                [high] => u16::from_be_bytes([*high, 0]),
                _ => 0,
            };
            sum += u32::from(word);
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

/// Writes `value` big-endian over the two bytes at `at`.
pub(crate) fn patch16(bytes: &mut [u8], at: usize, value: u16) {
    bytes.iter_mut().skip(at).zip(value.to_be_bytes()).for_each(|(to, from)| *to = from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_its_checksum_sums_to_zero() {
        let mut header =
            [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 192, 168, 0, 1, 192, 168, 0, 0xc7];
        let sum = checksum(&[&header]);
        assert_eq!(sum, 0xb861);
        patch16(&mut header, 10, sum);
        assert_eq!(checksum(&[&header]), 0);
    }

    #[test]
    fn lengths_stand_before_their_parts() {
        let bytes = Bytes::new().sized8(|b| b.u16(1).sized16(|b| b.put("xy"))).sized24(|b| b.u8(9));
        assert_eq!(bytes.done(), [6, 0, 1, 0, 2, b'x', b'y', 0, 0, 1, 9]);
    }
}
