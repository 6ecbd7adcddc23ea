//! Internet checksums (RFC 1071), verified on samples to notice offloading senders.

use std::net::IpAddr;

/// Whether a TCP or UDP checksum is right; true for UDP without one.
pub fn transport_is_right(from: IpAddr, to: IpAddr, protocol: u8, segment: &[u8]) -> bool {
    const UDP: u8 = 17;
    if protocol == UDP && segment.get(6..8) == Some(&[0, 0]) {
        return true;
    }
    let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
    let addresses = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => sum(&from.octets()) + sum(&to.octets()),
        (IpAddr::V6(from), IpAddr::V6(to)) => sum(&from.octets()) + sum(&to.octets()),
        _ => return true,
    };
    let mut total =
        addresses + u64::from(protocol) + u64::from(length >> 16) + u64::from(length & 0xffff);
    total += sum(segment);
    fold(total) == 0xffff
}

fn sum(bytes: &[u8]) -> u64 {
    let pairs = bytes.chunks_exact(2);
    let odd = pairs.remainder().first().map_or(0, |byte| u64::from(*byte) << 8);
    odd + pairs
        .map(|pair| pair.first_chunk().map_or(0, |pair| u64::from(u16::from_be_bytes(*pair))))
        .sum::<u64>()
}

fn fold(mut total: u64) -> u64 {
    while total > 0xffff {
        total = (total >> 16) + (total & 0xffff);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_flipped_bit_is_noticed() {
        let (from, to) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let mut segment = vec![0, 7, 0, 9, 0, 10, 0, 0, 1, 2];
        let total = sum(&[10, 0, 0, 1, 10, 0, 0, 2]) + 17 + 10 + sum(&segment);
        let checksum = !(fold(total) as u16);
        segment[6..8].copy_from_slice(&checksum.to_be_bytes());
        assert!(transport_is_right(from, to, 17, &segment));
        segment[9] ^= 1;
        assert!(!transport_is_right(from, to, 17, &segment));
    }
}
