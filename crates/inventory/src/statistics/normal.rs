//! What keeps one unit's strings out and a model's strings in: addresses, serial numbers and
//! identifiers become `#`, designations such as `HS100` or `DCS-935L` stay.

use cordon_model::Mac;

/// Longest string looked at, in bytes.
const LONGEST: usize = 160;

/// The last 12, 8, 6 and 4 hexadecimal digits of a device's own address.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnDigits([u8; 12]);

impl OwnDigits {
    pub(super) fn new(mac: Mac) -> Self {
        let mut digits = [0; 12];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(mac.0) {
            for (slot, digit) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *slot = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            }
        }
        OwnDigits(digits)
    }

    fn tail(&self, count: usize) -> &[u8] {
        self.0.get(12 - count..).unwrap_or_default()
    }
}

/// The string without what belongs to one unit: lower case, printable, at most 160 bytes.
pub(super) fn norm(text: &[u8], own: &OwnDigits) -> Vec<u8> {
    let lower: Vec<u8> = text
        .iter()
        .take(LONGEST)
        .map(|byte| if (32..127).contains(byte) { byte.to_ascii_lowercase() } else { b'.' })
        .collect();
    let no_uuid = substitute(&lower, uuid);
    let no_mac = substitute(&no_uuid, mac);
    let no_ip = substitute(&no_mac, dotted);
    let mut out = Vec::with_capacity(no_ip.len());
    let mut rest = no_ip.as_slice();
    while let Some(first) = rest.first() {
        if is_word(*first) {
            let end = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            write_run(run, own, &mut out);
            rest = after;
        } else {
            out.push(*first);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out
}

/// The words of a normalised string: at least three characters with a letter among them.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !(is_word(*byte) || matches!(byte, b'.' | b'_' | b'#' | b'-')))
        .filter(|word| word.len() >= 3 && word.iter().any(u8::is_ascii_lowercase))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_lowercase()
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// A run of letters and digits, `#` where it is an address, a serial number or a hash.
fn write_run(run: &[u8], own: &OwnDigits, out: &mut Vec<u8>) {
    for count in [12, 8, 6, 4] {
        let tail = own.tail(count);
        if run.len() < count || !run.windows(count).any(|window| window == tail) {
            continue;
        }
        if run.len() - count >= 8 {
            return out.push(b'#');
        }
        let mut rest = run;
        while let Some(first) = rest.first() {
            if let Some(after) = rest.strip_prefix(tail) {
                out.push(b'#');
                rest = after;
            } else {
                out.push(*first);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        return;
    }
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let long = run.len() >= 8;
    let hash = long && digits > 0 && run.iter().all(|byte| is_hex(*byte));
    let serial = long && digits >= 5 || run.len() >= 6 && digits == run.len();
    if hash || serial { out.push(b'#') } else { out.extend_from_slice(run) }
}

/// Replaces every place where `matcher` tells a length by `#`; it sees the whole text and where
/// to look.
fn substitute(text: &[u8], matcher: fn(&[u8], usize) -> Option<usize>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match matcher(text, at) {
            Some(length) if length > 0 => {
                out.push(b'#');
                at += length;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
fn uuid(text: &[u8], at: usize) -> Option<usize> {
    const LENGTH: usize = 36;
    let window = text.get(at..at + LENGTH)?;
    let fits = window.iter().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => is_hex(*byte),
    });
    fits.then_some(LENGTH)
}

/// Six pairs of hexadecimal digits with `:`, `-` or `_` between, not inside a word.
fn mac(text: &[u8], at: usize) -> Option<usize> {
    const LENGTH: usize = 17;
    let window = text.get(at..at + LENGTH)?;
    let fits = window.iter().enumerate().all(|(index, byte)| match index % 3 {
        2 => matches!(byte, b':' | b'-' | b'_'),
        _ => is_hex(*byte),
    });
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let alone = ![before, text.get(at + LENGTH)].into_iter().flatten().any(|byte| is_word(*byte));
    (fits && alone).then_some(LENGTH)
}

/// Four numbers of up to three digits with the same `.` or `-` between, not inside a longer one.
fn dotted(text: &[u8], at: usize) -> Option<usize> {
    let number_or_dot = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    if at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(number_or_dot) {
        return None;
    }
    let mut end = at;
    let mut separator = None;
    for part in 0..4 {
        let digits = text.get(end..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=3).contains(&digits) {
            return None;
        }
        end += digits;
        if part < 3 {
            let here = text.get(end).copied().filter(|byte| matches!(byte, b'.' | b'-'))?;
            if *separator.get_or_insert(here) != here {
                return None;
            }
            end += 1;
        }
    }
    (!text.get(end).is_some_and(number_or_dot)).then_some(end - at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        let own = OwnDigits::new(Mac([0x50, 0xc7, 0xbf, 0, 0xfc, 0xa3]));
        String::from_utf8(norm(text.as_bytes(), &own)).unwrap()
    }

    #[test]
    fn designations_stay() {
        for name in ["hs100", "sp1101w", "dcs-935l", "dch-s150", "1_0", "firmware 2.04"] {
            assert_eq!(normal(name), name);
        }
        assert_eq!(normal("HS100(EU)"), "hs100(eu)");
    }

    #[test]
    fn what_belongs_to_one_unit_goes() {
        for (text, expected) in [
            ("uuid:2fac1234-31f8-11b4-a222-08002b34c003::x", "uuid:#::x"),
            ("at 50:C7:BF:00:FC:A3 now", "at # now"),
            ("192.168.0.1:80", "#:80"),
            ("ip-10-0-0-7", "ip-#"),
            ("1.2.3.4.5", "1.2.3.4.5"),
            ("v1-2.3.4.5", "v1-#"),
            ("plug00fca3", "plug#"),
            ("fca3fca3", "##"),
            ("verylongname00fca3", "#"),
            ("20160412", "#"),
            ("123456", "#"),
            ("a1b2c3d4e5", "#"),
            ("sn12345x", "#"),
            ("caf\u{e9}", "caf.."),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    #[test]
    fn words_have_three_characters_and_a_letter() {
        let words: Vec<&[u8]> = words(b"linux/2.6 upnp/1.0 x1 dch-s150 #").collect();
        assert_eq!(words, [b"linux".as_slice(), b"upnp", b"dch-s150"]);
    }
}
