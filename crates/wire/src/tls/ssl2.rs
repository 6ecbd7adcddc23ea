//! Hellos in the format of SSL 2 (RFC 6101, appendix E; the SSL 2.0 draft), which clients of
//! SSLv3 and TLS 1.0 long kept for compatibility.

use cordon_model::fact::{TlsClientHello, TlsServerHello, TlsVersion};

use crate::{Guess, Reader};

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
/// A hello longer than this is none.
const MAX_HELLO: usize = 4096;
/// More suites than any such client offers; a longer list is cut.
const MAX_SUITES: usize = 128;

/// Either hello.
#[derive(Debug)]
pub enum Hello {
    /// From the client.
    Client(Box<TlsClientHello>),
    /// From the server, which speaks nothing better than SSLv2.
    Server(TlsServerHello),
}

/// Judges the first bytes of one side.
#[must_use]
pub fn recognise(data: &[u8]) -> Guess {
    let mut reader = Reader::new(data);
    let (Some(header), Some(kind), Some(version)) = (reader.u16(), reader.u8(), reader.u16())
    else {
        return Guess::More;
    };
    if header & 0x8000 == 0 || usize::from(header & 0x7fff) > MAX_HELLO {
        return Guess::No;
    }
    match kind {
        CLIENT_HELLO if version == 2 || (0x0300..=0x0303).contains(&version) => {
            lengths_agree(header, 9, reader)
        }
        // The two bytes are the session-id flag and the kind of certificate.
        SERVER_HELLO if version & 0xfefe == 0 => {
            let inner = reader.u16();
            if inner == Some(2) { lengths_agree(header, 11, reader) } else { Guess::No }
        }
        _ => Guess::No,
    }
}

/// The three lengths and the `fixed` bytes must make up the whole message.
fn lengths_agree(header: u16, fixed: usize, mut reader: Reader<'_>) -> Guess {
    let (Some(a), Some(b), Some(c)) = (reader.u16(), reader.u16(), reader.u16()) else {
        return Guess::More;
    };
    let sum: usize = [a, b, c].into_iter().map(usize::from).sum();
    let whole = sum + fixed == usize::from(header & 0x7fff);
    if whole && c >= 16 { Guess::Sure } else { Guess::No }
}

/// Reads the hello at the front; also how many bytes it takes. `None` where more are needed or
/// it is none.
#[must_use]
pub fn hello(data: &[u8]) -> Option<(Hello, usize)> {
    let mut reader = Reader::new(data);
    let length = usize::from(reader.u16()? & 0x7fff);
    let mut body = reader.sub(length)?;
    let hello = match body.u8()? {
        CLIENT_HELLO => Hello::Client(Box::new(client(body)?)),
        SERVER_HELLO => Hello::Server(server(body)?),
        _ => return None,
    };
    Some((hello, length + 2))
}

fn client(mut body: Reader<'_>) -> Option<TlsClientHello> {
    let version = TlsVersion(body.u16()?);
    let length = body.u16()?;
    body.skip(4)?;
    let kinds = body.take(usize::from(length))?;
    let (mut suites, mut old) = (Vec::new(), false);
    for kind in kinds.as_chunks::<3>().0 {
        match *kind {
            [0, high, low] if suites.len() < MAX_SUITES => {
                suites.push(u16::from_be_bytes([high, low]));
            }
            [0, ..] => {}
            _ => old = true,
        }
    }
    Some(TlsClientHello {
        version,
        lowest: old.then_some(TlsVersion::SSL2),
        suites,
        groups: Vec::new(),
        sni: None,
        alpn: Vec::new(),
        // The fingerprint is not defined for this format.
        ja4: Default::default(),
        ech: false,
        quic: None,
        extensions: Vec::new(),
        signatures: Vec::new(),
        certificate_signatures: Vec::new(),
        psk_modes: Vec::new(),
        compressions: Vec::new(),
    })
}

fn server(mut body: Reader<'_>) -> Option<TlsServerHello> {
    body.skip(2)?;
    let version = TlsVersion(body.u16()?);
    // SSLv2 leaves the choice to the client, and its cipher kinds have three bytes.
    Some(TlsServerHello { version, suite: 0, alpn: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compatible() -> Vec<u8> {
        let mut body = vec![1, 3, 1, 0, 6, 0, 0, 0, 16];
        body.extend_from_slice(&[0x01, 0x00, 0x80, 0x00, 0x00, 0x2f]);
        body.extend_from_slice(&[5; 16]);
        let mut out = vec![0x80, u8::try_from(body.len()).unwrap()];
        out.extend(body);
        out
    }

    #[test]
    fn a_compatible_hello_tells_its_versions() {
        let bytes = compatible();
        assert_eq!(recognise(&bytes), Guess::Sure);
        let Some((Hello::Client(hello), used)) = hello(&bytes) else { panic!("not read") };
        assert_eq!(used, bytes.len());
        assert_eq!(hello.version, TlsVersion::TLS1_0);
        assert_eq!(hello.lowest, Some(TlsVersion::SSL2));
        assert_eq!(hello.suites, [0x002f]);
    }

    #[test]
    fn a_pure_ssl2_server_is_named() {
        let mut body = vec![4, 0, 1, 0, 2, 0, 4, 0, 3, 0, 16];
        body.extend_from_slice(&[1; 23]);
        let mut bytes = vec![0x80, u8::try_from(body.len()).unwrap()];
        bytes.extend(body);
        assert_eq!(recognise(&bytes), Guess::Sure);
        let Some((Hello::Server(hello), _)) = hello(&bytes) else { panic!("not read") };
        assert_eq!(hello.version, TlsVersion::SSL2);
    }

    #[test]
    fn lengths_that_do_not_add_up_are_no_hello() {
        let mut bytes = compatible();
        bytes[6] = 9;
        assert_eq!(recognise(&bytes), Guess::No);
    }
}
