//! The RSN element (IEEE 802.11-2020, 9.4.2.24) and its forerunner, the WPA vendor element.

use cordon_model::fact::{AuthenticationSuite, Cipher};

use crate::Reader;

/// Suites read of one list; real lists hold one to four.
const MAX_SUITES: u16 = 16;

const IEEE: [u8; 3] = [0x00, 0x0f, 0xac];
const MICROSOFT: [u8; 3] = [0x00, 0x50, 0xf2];

/// How a network says it protects itself; each cipher and suite once.
#[derive(Default)]
pub(super) struct Security {
    pub wpa: bool,
    pub rsn: bool,
    pub ciphers: Vec<Cipher>,
    pub authentication: Vec<AuthenticationSuite>,
    pub pmf_capable: bool,
    pub pmf_required: bool,
}

/// Reads an RSN element. Every field may be missing at the end: then defaults hold, which no
/// network relies on.
pub(super) fn rsn(body: &[u8], security: &mut Security) {
    const REQUIRED: u16 = 1 << 6;
    const CAPABLE: u16 = 1 << 7;
    let mut reader = Reader::new(body);
    if reader.u16_le() != Some(1) {
        return;
    }
    security.rsn = true;
    if suites(&mut reader, IEEE, security).is_some()
        && let Some(capabilities) = reader.u16_le()
    {
        security.pmf_required = capabilities & REQUIRED != 0;
        security.pmf_capable = capabilities & CAPABLE != 0 || security.pmf_required;
    }
}

/// Reads a WPA element behind its organisation and type.
pub(super) fn wpa(body: &[u8], security: &mut Security) {
    let mut reader = Reader::new(body);
    if reader.u16_le() != Some(1) {
        return;
    }
    security.wpa = true;
    let _ = suites(&mut reader, MICROSOFT, security);
}

/// Group cipher, pairwise ciphers, authentication suites.
fn suites(reader: &mut Reader<'_>, organisation: [u8; 3], security: &mut Security) -> Option<()> {
    let mut add_cipher = |selector: [u8; 4]| {
        let [number, named] = numbered(selector, organisation);
        let cipher = if named == 0 { Some(Cipher::Other) } else { cipher(number) };
        if let Some(cipher) = cipher
            && !security.ciphers.contains(&cipher)
        {
            security.ciphers.push(cipher);
        }
    };
    add_cipher(reader.array()?);
    list(reader, add_cipher)?;
    list(reader, |selector| {
        let [number, named] = numbered(selector, organisation);
        let suite = if named == 0 { AuthenticationSuite::Other } else { authentication(number) };
        if !security.authentication.contains(&suite) {
            security.authentication.push(suite);
        }
    })
}

fn list(reader: &mut Reader<'_>, mut each: impl FnMut([u8; 4])) -> Option<()> {
    for position in 0..reader.u16_le()? {
        let selector = reader.array()?;
        if position < MAX_SUITES {
            each(selector);
        }
    }
    Some(())
}

/// The number of a suite, and whether it is the organisation's own.
fn numbered(selector: [u8; 4], organisation: [u8; 3]) -> [u8; 2] {
    let [a, b, c, number] = selector;
    [number, u8::from([a, b, c] == organisation)]
}

/// Table 9-149; none for "use the group cipher" and "group traffic not allowed".
fn cipher(number: u8) -> Option<Cipher> {
    match number {
        0 | 7 => None,
        1 | 5 => Some(Cipher::Wep),
        2 => Some(Cipher::Tkip),
        4 | 10 => Some(Cipher::Ccmp),
        8 | 9 => Some(Cipher::Gcmp),
        _ => Some(Cipher::Other),
    }
}

/// Table 9-151, with the suites of 802.11be.
fn authentication(number: u8) -> AuthenticationSuite {
    match number {
        1 | 3 | 5 | 11 | 12 | 13 | 22 | 23 => AuthenticationSuite::Enterprise,
        2 | 4 | 6 | 19 | 20 => AuthenticationSuite::Psk,
        8 | 9 | 24 | 25 => AuthenticationSuite::Sae,
        18 => AuthenticationSuite::Owe,
        _ => AuthenticationSuite::Other,
    }
}
