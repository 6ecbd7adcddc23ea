//! Keys of Initial packets (RFC 9001, 5; RFC 9369, 3.3) and taking off both protections.

use aes_gcm::{
    Aes128Gcm, Nonce, Tag,
    aead::{AeadInOut, KeyInit},
    aes::{Aes128, cipher::BlockCipherEncrypt},
};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::Side;

/// Length of the tag behind the payload.
pub const TAG: usize = 16;
/// The sample for header protection begins this far behind the packet number's first byte.
const SAMPLE_OFFSET: usize = 4;

/// How a version derives its keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Derivation {
    salt: [u8; 20],
    key: &'static [u8],
    iv: &'static [u8],
    header: &'static [u8],
}

impl Derivation {
    /// Version 1 (RFC 9001, 5.2).
    pub const V1: Derivation = Derivation::with_salt([
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c,
        0xad, 0xcc, 0xbb, 0x7f, 0x0a,
    ]);
    /// Version 2 (RFC 9369, 3.3).
    pub const V2: Derivation = Derivation {
        salt: [
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26,
            0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
        ],
        key: b"quicv2 key",
        iv: b"quicv2 iv",
        header: b"quicv2 hp",
    };

    /// Drafts 23 to 28 of version 1.
    pub const DRAFT_23: Derivation = Derivation::with_salt([
        0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63,
        0x65, 0xbe, 0xf9, 0xf5, 0x02,
    ]);
    /// Drafts 29 to 32 of version 1; later ones are as version 1.
    pub const DRAFT_29: Derivation = Derivation::with_salt([
        0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11,
        0xe0, 0x43, 0x90, 0xa8, 0x99,
    ]);

    const fn with_salt(salt: [u8; 20]) -> Derivation {
        Derivation { salt, key: b"quic key", iv: b"quic iv", header: b"quic hp" }
    }
}

/// The keys with which one side protects its Initial packets.
pub struct Keys {
    packet: Aes128Gcm,
    iv: [u8; 12],
    header: Aes128,
}

impl Keys {
    /// Derives them from the destination connection id of the client's first Initial.
    #[must_use]
    pub fn new(derivation: Derivation, destination: &[u8], side: Side) -> Keys {
        let label: &[u8] = match side {
            Side::Client => b"client in",
            Side::Server => b"server in",
        };
        let initial = Hkdf::<Sha256>::new(Some(&derivation.salt), destination);
        let secret: [u8; 32] = expand(&initial, label);
        let own = Hkdf::<Sha256>::from_prk(&secret).unwrap_or(initial);
        Keys {
            packet: Aes128Gcm::new(&expand::<16>(&own, derivation.key).into()),
            iv: expand(&own, derivation.iv),
            header: Aes128::new(&expand::<16>(&own, derivation.header).into()),
        }
    }

    /// Takes off header protection and decrypts in place. `packet` is one whole packet and
    /// `number_at` where its packet number begins. Returns the clear payload, or `None` where
    /// the tag does not prove these keys.
    #[must_use]
    pub fn open<'a>(&self, packet: &'a mut [u8], number_at: usize) -> Option<&'a [u8]> {
        let sample = packet.get(number_at + SAMPLE_OFFSET..)?.first_chunk::<16>()?;
        let mut mask = (*sample).into();
        self.header.encrypt_block(&mut mask);
        let [first_mask, number_mask @ ..] = <[u8; 16]>::from(mask);
        let first = packet.first_mut()?;
        *first ^= first_mask & 0x0f;
        let number_length = usize::from(*first & 3) + 1;
        let mut nonce = self.iv;
        let number = packet.get_mut(number_at..number_at + number_length)?;
        let low_end = nonce.iter_mut().rev();
        number.iter_mut().zip(number_mask).for_each(|(byte, mask)| *byte ^= mask);
        low_end.zip(number.iter().rev()).for_each(|(low, byte)| *low ^= byte);
        let (header, payload) = packet.split_at_mut_checked(number_at + number_length)?;
        let length = payload.len().checked_sub(TAG)?;
        let (clear, tag) = payload.split_at_mut_checked(length)?;
        let tag = Tag::from(<[u8; TAG]>::try_from(&*tag).ok()?);
        let nonce = Nonce::from(nonce);
        self.packet.decrypt_inout_detached(&nonce, header, (&mut *clear).into(), &tag).ok()?;
        Some(clear)
    }
}

/// HKDF-Expand-Label of TLS 1.3 with an empty context (RFC 8446, 7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &[u8]) -> [u8; N] {
    let length = u16::try_from(N).unwrap_or(u16::MAX).to_be_bytes();
    let label_length = [u8::try_from(6 + label.len()).unwrap_or(u8::MAX)];
    let info = [&length[..], &label_length, b"tls13 ", label, &[0]].concat();
    let mut out = [0; N];
    let expanded = secret.expand(&info, &mut out);
    debug_assert!(expanded.is_ok(), "no key is longer than SHA-256 can make");
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// RFC 9001, appendix A.1, and RFC 9369, appendix A.1.
    pub(crate) const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

    /// Protects a packet: the reverse of [`Keys::open`] for a packet number of two bytes.
    pub(crate) fn seal(keys: &Keys, header: &[u8], number: u16, payload: &[u8]) -> Vec<u8> {
        let number_at = header.len();
        let header = [header, &number.to_be_bytes()].concat();
        let mut nonce = keys.iv;
        nonce[10] ^= header[number_at];
        nonce[11] ^= header[number_at + 1];
        let mut sealed = payload.to_vec();
        let tag = keys
            .packet
            .encrypt_inout_detached(&Nonce::from(nonce), &header, sealed.as_mut_slice().into())
            .unwrap();
        let mut packet = [&header[..], &sealed, &tag[..]].concat();
        let mut mask = (*packet[number_at + SAMPLE_OFFSET..].first_chunk::<16>().unwrap()).into();
        keys.header.encrypt_block(&mut mask);
        packet[0] ^= mask[0] & 0x0f;
        packet[number_at] ^= mask[1];
        packet[number_at + 1] ^= mask[2];
        packet
    }

    fn hex(text: &str) -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_vectors_of_both_standards_come_out() {
        let client = Keys::new(Derivation::V1, &DESTINATION, Side::Client);
        let server = Keys::new(Derivation::V1, &DESTINATION, Side::Server);
        let second = Keys::new(Derivation::V2, &DESTINATION, Side::Client);
        assert_eq!(client.iv.to_vec(), hex("fa044b2f42a3fd3b46fb255c"));
        assert_eq!(server.iv.to_vec(), hex("0ac1493ca1905853b0bba03e"));
        assert_eq!(second.iv.to_vec(), hex("91f73e2351d8fa91660e909f"));
    }

    #[test]
    fn the_servers_packet_of_the_standard_opens() {
        let keys = Keys::new(Derivation::V1, &DESTINATION, Side::Server);
        let mut packet = hex(concat!(
            "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a",
            "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3",
            "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84",
            "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4",
            "2158407dd074ee",
        ));
        let mut damaged = packet.clone();
        let clear = keys.open(&mut packet, 18).unwrap();
        assert_eq!(clear[..10], hex("02000000000600405a02"));
        assert_eq!(clear.len(), 99);
        damaged[60] ^= 1;
        assert!(keys.open(&mut damaged, 18).is_none());
    }
}
