//! The few messages whose bytes matter: by them devices get names, and names addresses.

use std::net::Ipv4Addr;

/// The magic number before the options (RFC 2132, section 2).
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// Shorter messages are padded, as BOOTP relays ask for it (RFC 1542, section 2.1).
const SHORTEST: usize = 300;

/// A device asks to keep its address and says its name (DHCPREQUEST, RFC 2131, section 4.3.2).
pub fn lease(mac: [u8; 6], ip: Ipv4Addr, name: &str) -> Vec<u8> {
    let mut bytes = vec![1, 1, 6, 0];
    bytes.extend([0x0c, 0x0d, 0x0e, *mac.last().unwrap_or(&0)]);
    bytes.extend([0; 4]);
    bytes.extend(ip.octets());
    bytes.extend([0; 12]);
    bytes.extend(mac);
    // The rest of the hardware address, the server's name, the boot file.
    bytes.extend([0; 10 + 64 + 128]);
    bytes.extend(COOKIE);
    bytes.extend([53, 1, 3, 12, u8::try_from(name.len()).unwrap_or(0)]);
    bytes.extend(name.bytes());
    bytes.extend([55, 4, 1, 3, 6, 15, 255]);
    bytes.resize(bytes.len().max(SHORTEST), 0);
    bytes
}

/// A question for the IPv4 address of a name (RFC 1035, section 4.1).
pub fn question(id: u16, name: &str) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    bytes
}

/// The answer: it stands for five minutes, and its last four bytes are the address.
pub fn answer(question: &[u8], ip: Ipv4Addr) -> Option<Vec<u8>> {
    let (id, rest) = question.split_first_chunk::<2>()?;
    let (_, asked) = rest.split_first_chunk::<10>()?;
    let mut bytes = id.to_vec();
    bytes.extend([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    bytes.extend(asked);
    bytes.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
    bytes.extend(ip.octets());
    Some(bytes)
}

/// The name that a question is for.
pub fn asked(question: &[u8]) -> Option<String> {
    let mut rest = question.get(12..)?;
    let mut labels = Vec::new();
    while let Some((length @ 1.., after)) = rest.split_first() {
        labels.push(String::from_utf8_lossy(after.get(..usize::from(*length))?).into_owned());
        rest = after.get(usize::from(*length)..)?;
    }
    Some(labels.join("."))
}

/// The address in an answer.
pub fn told(answer: &[u8]) -> Option<Ipv4Addr> {
    answer.last_chunk::<4>().map(|octets| Ipv4Addr::from(*octets))
}

/// A packet of a film from a camera (RTP, RFC 3550, section 5.1).
pub fn film(number: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 96];
    bytes.extend(number.to_be_bytes());
    bytes.extend((u32::from(number) * 3600).to_be_bytes());
    bytes.extend([0xca, 0x3e, 0x7a, 0x01]);
    bytes.resize(172, 0x55);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_with_the_address_of_its_name() {
        let question = question(7, "telemetry.example");
        assert_eq!(asked(&question).as_deref(), Some("telemetry.example"));
        let ip = Ipv4Addr::new(203, 0, 113, 9);
        let answer = answer(&question, ip).unwrap();
        assert_eq!((told(&answer), asked(&answer)), (Some(ip), asked(&question)));
    }

    #[test]
    fn a_damaged_question_has_no_name() {
        for bytes in [&[][..], &[0; 11], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, b'a']] {
            assert_eq!(asked(bytes), None, "{bytes:?}");
        }
    }
}
