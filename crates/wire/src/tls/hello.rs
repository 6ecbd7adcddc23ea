//! ClientHello and ServerHello (RFC 8446, 4.1; RFC 5246, 7.4.1), over TCP and inside QUIC.

use cordon_model::{
    Text,
    fact::{TlsClientHello, TlsServerHello, TlsVersion},
};

use crate::{
    Reader,
    dissect::{some_text, text},
    ja4::{Offer, is_grease, ja4},
};

/// More than any client offers; a longer list is cut.
const MAX_LIST: usize = 256;
/// More than any client offers of extensions.
const MAX_EXTENSIONS: usize = 128;
/// More protocols than anybody offers.
const MAX_ALPN: usize = 16;
/// A host name is at most this long (RFC 1035, 2.3.4).
const MAX_NAME: usize = 255;

/// Extension numbers (IANA registry of TLS extension types).
mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const SUPPORTED_GROUPS: u16 = 10;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    /// RFC 8879.
    pub const COMPRESS_CERTIFICATE: u16 = 27;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;
    pub const SIGNATURE_ALGORITHMS_CERT: u16 = 50;
    pub const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
    /// Encrypted server name, the draft before ECH.
    pub const ENCRYPTED_SERVER_NAME: u16 = 0xffce;
}

/// The body of a ClientHello handshake message; `quic` is the version of QUIC it came in.
#[must_use]
pub fn client_hello(body: &[u8], quic: Option<u32>) -> Option<TlsClientHello> {
    let mut reader = Reader::new(body);
    let legacy = TlsVersion(reader.u16()?);
    if legacy.0 >> 8 != 3 {
        return None;
    }
    reader.skip(32)?;
    let session = reader.u8()?;
    reader.skip(usize::from(session))?;
    let length = reader.u16()?;
    let suites = numbers(reader.take(usize::from(length))?);
    let compressions = reader.u8()?;
    reader.skip(usize::from(compressions))?;
    let offers = Extensions::read(reader);
    let version = offers.versions.iter().copied().max().map_or(legacy, TlsVersion);
    let print = ja4(&Offer {
        quic: quic.is_some(),
        version,
        suites: &suites,
        extensions: &offers.seen,
        alpn: offers.first_alpn,
        signatures: &offers.signatures,
    });
    let plain = |list: Vec<u16>| -> Vec<u16> {
        list.into_iter().filter(|value| !is_grease(*value)).collect()
    };
    let mut extensions = plain(offers.seen);
    extensions.sort_unstable();
    Some(TlsClientHello {
        version,
        lowest: offers.versions.iter().copied().min().map(TlsVersion),
        suites: plain(suites),
        groups: plain(offers.groups),
        sni: offers.sni,
        alpn: offers.alpn,
        ja4: print,
        ech: offers.ech,
        quic,
        extensions,
        signatures: plain(offers.signatures),
        certificate_signatures: plain(offers.certificate_signatures),
        psk_modes: offers.psk_modes,
        compressions: plain(offers.compressions),
    })
}

/// The body of a ServerHello handshake message, HelloRetryRequest included.
#[must_use]
pub fn server_hello(body: &[u8]) -> Option<TlsServerHello> {
    let mut reader = Reader::new(body);
    let legacy = TlsVersion(reader.u16()?);
    if legacy.0 >> 8 != 3 && legacy.0 >> 8 != 0x7f {
        return None;
    }
    reader.skip(32)?;
    // TLS 1.3 drafts before 22 have neither session id nor compression method, and their own
    // number in this field.
    let draft = legacy.0 >> 8 == 0x7f || legacy == TlsVersion::TLS1_3;
    if !draft {
        let session = reader.u8()?;
        reader.skip(usize::from(session))?;
    }
    let suite = reader.u16()?;
    if !draft {
        reader.skip(1)?;
    }
    let offers = Extensions::read(reader);
    let version = offers.chosen.map_or(legacy, TlsVersion);
    Some(TlsServerHello { version: settled(version), suite, alpn: offers.alpn.into_iter().next() })
}

/// A version of a TLS 1.3 draft counts as TLS 1.3.
const fn settled(version: TlsVersion) -> TlsVersion {
    if version.0 >> 8 == 0x7f { TlsVersion::TLS1_3 } else { version }
}

/// What the extensions of a hello hold.
#[derive(Default)]
struct Extensions<'a> {
    seen: Vec<u16>,
    versions: Vec<u16>,
    chosen: Option<u16>,
    groups: Vec<u16>,
    signatures: Vec<u16>,
    certificate_signatures: Vec<u16>,
    psk_modes: Vec<u16>,
    compressions: Vec<u16>,
    sni: Option<Text>,
    alpn: Vec<Text>,
    first_alpn: &'a [u8],
    ech: bool,
}

impl<'a> Extensions<'a> {
    /// Reads what is there; a damaged tail leaves what came before it.
    fn read(mut reader: Reader<'a>) -> Self {
        let mut offers = Extensions::default();
        let Some(length) = reader.u16() else { return offers };
        let length = usize::from(length).min(reader.len());
        let Some(mut list) = reader.sub(length) else { return offers };
        while let (Some(number), Some(length)) = (list.u16(), list.u16()) {
            let Some(value) = list.take(usize::from(length)) else { break };
            if offers.seen.len() == MAX_EXTENSIONS {
                break;
            }
            offers.seen.push(number);
            offers.take(number, value);
        }
        offers
    }

    fn take(&mut self, number: u16, value: &'a [u8]) {
        let mut reader = Reader::new(value);
        match number {
            extension::SERVER_NAME => self.sni = server_name(reader),
            extension::SUPPORTED_GROUPS => self.groups = counted(reader),
            extension::SIGNATURE_ALGORITHMS => self.signatures = counted(reader),
            extension::SIGNATURE_ALGORITHMS_CERT => self.certificate_signatures = counted(reader),
            extension::PSK_KEY_EXCHANGE_MODES => {
                let listed = reader.u8().and_then(|length| reader.take(usize::from(length)));
                // GREASE of modes are 0x0b and every 31st after it (RFC 8701, 2).
                let modes = listed.unwrap_or_default().iter().filter(|mode| *mode % 0x1f != 0x0b);
                self.psk_modes = modes.map(|mode| u16::from(*mode)).collect();
            }
            extension::COMPRESS_CERTIFICATE => {
                let listed = reader.u8().and_then(|length| reader.take(usize::from(length)));
                self.compressions = numbers(listed.unwrap_or_default());
            }
            extension::ALPN => self.protocols(reader),
            extension::SUPPORTED_VERSIONS if value.len() == 2 => self.chosen = reader.u16(),
            extension::SUPPORTED_VERSIONS => {
                let listed = reader.u8().and_then(|length| reader.take(usize::from(length)));
                self.versions = numbers(listed.unwrap_or_default())
                    .into_iter()
                    .filter(|version| !is_grease(*version))
                    .map(|version| settled(TlsVersion(version)).0)
                    .collect();
            }
            extension::ENCRYPTED_CLIENT_HELLO | extension::ENCRYPTED_SERVER_NAME => {
                self.ech = true;
            }
            _ => {}
        }
    }

    fn protocols(&mut self, mut reader: Reader<'a>) {
        let Some(length) = reader.u16() else { return };
        let Some(mut list) = reader.sub(usize::from(length).min(reader.len())) else { return };
        while let Some(length) = list.u8() {
            let Some(name) = list.take(usize::from(length)) else { return };
            if self.alpn.is_empty() {
                self.first_alpn = name;
            }
            if self.alpn.len() == MAX_ALPN {
                return;
            }
            self.alpn.push(text(name, MAX_NAME));
        }
    }
}

/// The first host name of the list (RFC 6066, 3).
fn server_name(mut reader: Reader<'_>) -> Option<Text> {
    reader.skip(2)?;
    if reader.u8()? != 0 {
        return None;
    }
    let length = reader.u16()?;
    some_text(reader.take(usize::from(length))?, MAX_NAME)
}

/// A list of numbers behind its length in bytes.
fn counted(mut reader: Reader<'_>) -> Vec<u16> {
    let Some(length) = reader.u16() else { return Vec::new() };
    numbers(reader.take(usize::from(length)).unwrap_or(reader.rest()))
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(|| reader.u16()).take(MAX_LIST).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A list with its length in two bytes before it.
    pub(crate) fn long(bytes: &[u8]) -> Vec<u8> {
        let mut out = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        out.extend_from_slice(bytes);
        out
    }

    fn short(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    fn extensions(list: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, value) in list {
            out.extend_from_slice(&number.to_be_bytes());
            out.extend_from_slice(&long(value));
        }
        long(&out)
    }

    /// The body of a ClientHello for `name` that offers TLS 1.3 and 1.2, with GREASE.
    pub(crate) fn client_body(name: &str) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&short(&[]));
        body.extend_from_slice(&long(&[0x0a, 0x0a, 0x13, 0x01, 0xc0, 0x2f]));
        body.extend_from_slice(&short(&[0]));
        let mut entry = vec![0];
        entry.extend_from_slice(&long(name.as_bytes()));
        let protocols: Vec<u8> = [short(b"h2"), short(b"http/1.1")].concat();
        body.extend_from_slice(&extensions(&[
            (0x1a1a, vec![]),
            (0, long(&entry)),
            (10, long(&[0x2a, 0x2a, 0, 0x1d])),
            (13, long(&[4, 3, 8, 4])),
            (16, long(&protocols)),
            (43, short(&[0x3a, 0x3a, 3, 4, 3, 3])),
            (45, short(&[0x2a, 1])),
            (50, long(&[4, 3])),
            (27, short(&[0, 2])),
        ]));
        body
    }

    /// The body of a ServerHello for `version` in the old field.
    pub(crate) fn server_body(version: u16, list: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend_from_slice(&[9; 32]);
        body.extend_from_slice(&[0, 0xc0, 0x2f, 0]);
        if !list.is_empty() {
            body.extend_from_slice(&extensions(list));
        }
        body
    }

    #[test]
    fn a_hello_is_read_without_its_grease() {
        let hello = client_hello(&client_body("camera.example"), None).unwrap();
        assert_eq!(hello.version, TlsVersion::TLS1_3);
        assert_eq!(hello.lowest, Some(TlsVersion::TLS1_2));
        assert_eq!(hello.suites, [0x1301, 0xc02f]);
        assert_eq!(hello.groups, [0x001d]);
        assert_eq!(hello.sni.as_deref(), Some("camera.example"));
        assert_eq!(hello.alpn, ["h2", "http/1.1"]);
        assert!(hello.ja4.starts_with("t13d0208h2_"), "{}", hello.ja4);
        assert_eq!(hello.extensions, [0, 10, 13, 16, 27, 43, 45, 50]);
        assert_eq!(
            (hello.signatures, hello.certificate_signatures),
            (vec![0x0403, 0x0804], vec![0x0403])
        );
        assert_eq!((hello.psk_modes, hello.compressions), (vec![1], vec![2]));
        assert!(!hello.ech);
    }

    #[test]
    fn the_chosen_version_is_the_one_in_the_extension() {
        let new = server_hello(&server_body(0x0303, &[(43, vec![3, 4])])).unwrap();
        assert_eq!((new.version, new.suite), (TlsVersion::TLS1_3, 0xc02f));
        let old = server_hello(&server_body(0x0301, &[])).unwrap();
        assert_eq!(old.version, TlsVersion::TLS1_0);
        let protocol = long(&short(b"h2"));
        let named = server_hello(&server_body(0x0303, &[(16, protocol)])).unwrap();
        assert_eq!(named.alpn.as_deref(), Some("h2"));
    }

    #[test]
    fn the_short_answer_of_a_draft_is_read() {
        let body = [&[3, 4][..], &[9; 32], &[0xc0, 0x2b, 0, 0]].concat();
        let hello = server_hello(&body).unwrap();
        assert_eq!((hello.version, hello.suite), (TlsVersion::TLS1_3, 0xc02b));
    }

    #[test]
    fn a_hello_cut_anywhere_is_harmless() {
        let body = client_body("camera.example");
        for end in 0..body.len() {
            let _ = client_hello(&body[..end], Some(1));
            let _ = server_hello(&body[..end]);
        }
        assert!(client_hello(&body[..40], None).is_none());
    }
}
