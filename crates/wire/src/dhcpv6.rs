//! DHCPv6 (RFC 8415), also inside relayed messages.

use std::net::{IpAddr, Ipv6Addr};

use cordon_model::fact::Dhcpv6;
use cordon_model::{App, Mac, Said, Text};

use crate::dhcp::partial_name;
use crate::dissect::{mud_url, text};
use crate::{Datagram, DatagramDissect, DatagramProtocol, Guess, Out, Reader};

const PORTS: [u16; 2] = [546, 547];
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;
/// Message types up to those of RFC 7653 and 8156.
const MAX_KIND: u8 = 36;
/// Relays that a message may pass (RFC 8415, 7.6).
const MAX_RELAYS: usize = 8;

/// Options of one message; real ones carry about ten.
const MAX_OPTIONS: usize = 128;
const MAX_ADDRESSES: usize = 16;
const MAX_PARAMETERS: usize = 128;
/// RFC 8415, 11.1.
const MAX_DUID: usize = 130;
const MAX_TEXT: usize = 255;

const CLIENT_ID: u16 = 1;
const SERVER_ID: u16 = 2;
const IA_NA: u16 = 3;
const IA_TA: u16 = 4;
const IA_ADDRESS: u16 = 5;
const OPTION_REQUEST: u16 = 6;
const RELAY_MESSAGE: u16 = 9;
const VENDOR_CLASS: u16 = 16;
const FQDN: u16 = 39;
const MUD_URL: u16 = 112;

/// DHCPv6.
pub const DHCPV6: DatagramProtocol = DatagramProtocol {
    app: App::Dhcpv6,
    recognise,
    dissect: DatagramDissect::Each(|datagram, out| dissect(datagram.payload, out)),
};

fn recognise(datagram: &Datagram<'_>) -> Guess {
    let customary = PORTS.iter().any(|port| datagram.on_port(*port));
    let Some((_, message)) = innermost(datagram.payload) else {
        return Guess::No;
    };
    let mut identified = false;
    for (walked, option) in Options::new(message).enumerate() {
        match option {
            Some((CLIENT_ID | SERVER_ID, value)) => identified |= is_duid(value),
            Some((1..=255, _)) => {}
            _ => return if customary && walked > 0 { Guess::Fits } else { Guess::No },
        }
    }
    match (identified, customary) {
        (true, _) => Guess::Sure,
        (false, true) => Guess::Fits,
        (false, false) => Guess::No,
    }
}

fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let Some((message, options)) = innermost(payload) else {
        return false;
    };
    let mut dhcp = Dhcpv6 {
        message,
        duid: Vec::new(),
        duid_mac: None,
        fqdn: None,
        vendor_class: None,
        parameters: Vec::new(),
        addresses: Vec::new(),
        mud_url: None,
    };
    for (code, value) in Options::new(options).flatten() {
        option(code, value, &mut dhcp);
    }
    out.say(Said::Dhcpv6(Box::new(dhcp)));
    true
}

/// The type and the options of the message that the client or server wrote.
fn innermost(payload: &[u8]) -> Option<(u8, &[u8])> {
    let mut message = payload;
    for _ in 0..=MAX_RELAYS {
        let mut reader = Reader::new(message);
        let kind = reader.u8().filter(|kind| (1..=MAX_KIND).contains(kind))?;
        if !matches!(kind, RELAY_FORWARD | RELAY_REPLY) {
            reader.skip(3)?;
            return Some((kind, reader.rest()));
        }
        // Hop count, link address, peer address.
        reader.skip(1 + 16 + 16)?;
        let relayed = |option: &(u16, &[u8])| option.0 == RELAY_MESSAGE;
        message = Options::new(reader.rest()).flatten().find(relayed)?.1;
    }
    None
}

/// Options in wire order; an inner none at damage, and then no more.
struct Options<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Options<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Options { reader: Reader::new(bytes), left: MAX_OPTIONS }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Option<(u16, &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() || self.left == 0 {
            return None;
        }
        self.left -= 1;
        let mut option = || {
            let code = self.reader.u16()?;
            let length = self.reader.u16()?;
            Some((code, self.reader.take(usize::from(length))?))
        };
        let option = option();
        if option.is_none() {
            self.left = 0;
        }
        Some(option)
    }
}

fn option(code: u16, value: &[u8], dhcp: &mut Dhcpv6) {
    match code {
        CLIENT_ID => {
            dhcp.duid = value.iter().take(MAX_DUID).copied().collect();
            dhcp.duid_mac = duid_mac(value);
        }
        IA_NA => addresses(value.get(12..), dhcp),
        IA_TA => addresses(value.get(4..), dhcp),
        OPTION_REQUEST => {
            let codes = value.chunks_exact(2).filter_map(|code| Reader::new(code).u16());
            dhcp.parameters
                .extend(codes.take(MAX_PARAMETERS.saturating_sub(dhcp.parameters.len())));
        }
        VENDOR_CLASS => dhcp.vendor_class = vendor_class(value),
        FQDN => dhcp.fqdn = value.get(1..).and_then(partial_name),
        MUD_URL => dhcp.mud_url = mud_url(value),
        _ => {}
    }
}

fn addresses(options: Option<&[u8]>, dhcp: &mut Dhcpv6) {
    for (code, value) in Options::new(options.unwrap_or_default()).flatten() {
        if code == IA_ADDRESS
            && dhcp.addresses.len() < MAX_ADDRESSES
            && let Some(octets) = value.first_chunk::<16>()
        {
            dhcp.addresses.push(IpAddr::V6(Ipv6Addr::from(*octets)));
        }
    }
}

/// Enterprise number and the first class; further ones are joined behind it.
fn vendor_class(value: &[u8]) -> Option<(u32, Text)> {
    let mut reader = Reader::new(value);
    let enterprise = reader.u32()?;
    let mut joined = Text::default();
    while let Some(class) = reader.u16().and_then(|length| reader.take(usize::from(length))) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&text(class, MAX_TEXT.saturating_sub(joined.len())));
        if joined.len() >= MAX_TEXT {
            break;
        }
    }
    Some((enterprise, joined))
}

fn is_duid(value: &[u8]) -> bool {
    (3..=MAX_DUID).contains(&value.len()) && matches!(value, [0, 1..=4, ..])
}

/// The MAC of a DUID of type 1 (with time) or 3, for Ethernet.
fn duid_mac(value: &[u8]) -> Option<Mac> {
    let mut reader = Reader::new(value);
    let kind = reader.u16()?;
    let hardware = reader.u16()?;
    match kind {
        1 => reader.skip(4)?,
        3 => {}
        _ => return None,
    }
    let mac = Mac(<[u8; 6]>::try_from(reader.rest()).ok()?);
    (hardware == 1 && mac.is_device()).then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::testing::said;

    const SOLICIT: &[u8] = b"\x01\0\0\x09\
        \0\x01\0\x0a\0\x03\0\x01\x02\0\0\0\0\x07\
        \0\x06\0\x04\0\x17\0\x18\
        \0\x10\0\x0a\0\0\x01\x37\0\x04Acme\
        \0\x27\0\x04\0\x02tv\
        \0\x03\0\x28\0\0\0\x01\0\0\0\0\0\0\0\0\0\x05\0\x18\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\
        \0\x70\0\x09https://m";

    fn dhcp(bytes: &[u8]) -> Dhcpv6 {
        match said(|out| dissect(bytes, out)) {
            (true, mut facts) => match facts.pop() {
                Some(Said::Dhcpv6(dhcp)) => *dhcp,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn guess(to_port: u16, payload: &[u8]) -> Guess {
        recognise(&Datagram {
            side: Side::Client,
            from_port: 9000,
            to_port,
            multicast: true,
            payload,
        })
    }

    fn check(dhcp: &Dhcpv6) {
        assert_eq!(dhcp.message, 1);
        assert_eq!(dhcp.duid_mac, Some(Mac([2, 0, 0, 0, 0, 7])));
        assert_eq!(dhcp.parameters, [23, 24]);
        assert_eq!(dhcp.vendor_class, Some((311, "Acme".into())));
        assert_eq!(dhcp.fqdn.as_deref(), Some("tv"));
        assert_eq!(dhcp.addresses, ["fd00::5".parse::<IpAddr>().unwrap()]);
        assert_eq!(dhcp.mud_url.as_deref(), Some("https://m"));
    }

    #[test]
    fn a_solicit_tells_who_the_client_is() {
        assert_eq!(guess(547, SOLICIT), Guess::Sure);
        assert_eq!(guess(9999, SOLICIT), Guess::Sure);
        check(&dhcp(SOLICIT));
    }

    #[test]
    fn a_mud_url_that_is_too_long_is_kept_so_far_that_this_can_be_told() {
        let url = [&b"https://m/"[..], &[b'a'; 290]].concat();
        let option = |value: &[u8]| {
            [&[1, 0, 0, 9, 0, 112][..], &(value.len() as u16).to_be_bytes(), value].concat()
        };
        assert_eq!(dhcp(&option(&url)).mud_url.unwrap().len(), 300);
        let more = [&url[..20], b" later"].concat();
        assert_eq!(dhcp(&option(&more)).mud_url.unwrap().len(), 20);
    }

    #[test]
    fn a_relayed_message_is_unwrapped() {
        let mut bytes = SOLICIT.to_vec();
        for _ in 0..3 {
            let head = [&[RELAY_FORWARD, 0][..], &[0; 32], &[0, 9]].concat();
            let length = (bytes.len() as u16).to_be_bytes();
            bytes = [head, length.to_vec(), bytes].concat();
        }
        assert_eq!(guess(547, &bytes), Guess::Sure);
        check(&dhcp(&bytes));
    }

    #[test]
    fn endless_relays_are_given_up() {
        let mut bytes = SOLICIT.to_vec();
        for _ in 0..20 {
            let head = [&[RELAY_FORWARD, 0][..], &[0; 32], &[0, 9]].concat();
            let length = (bytes.len() as u16).to_be_bytes();
            bytes = [head, length.to_vec(), bytes].concat();
        }
        assert_eq!(guess(547, &bytes), Guess::No);
    }

    #[test]
    fn a_message_without_an_identity_is_believed_only_on_its_port() {
        let bytes = b"\x0b\0\0\x09\0\x08\0\x02\0\0";
        assert_eq!(guess(547, bytes), Guess::Fits);
        assert_eq!(guess(9999, bytes), Guess::No);
    }

    #[test]
    fn a_cut_option_keeps_what_came_before() {
        assert_eq!(dhcp(&SOLICIT[..25]).duid_mac, Some(Mac([2, 0, 0, 0, 0, 7])));
        assert_eq!(guess(547, &SOLICIT[..25]), Guess::Fits);
    }
}
