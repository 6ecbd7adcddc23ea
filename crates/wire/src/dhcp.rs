//! DHCP and BOOTP (RFC 951, 2131, 2132).
//!
//! The order of options on the wire tells stacks apart, so options are walked here and not
//! collected into a map.

use std::net::Ipv4Addr;

use cordon_model::fact::{Dhcp, DhcpMessage};
use cordon_model::{App, Mac, Said, Text};

use crate::dissect::{mud_url, some_text, text};
use crate::dns::name::Name;
use crate::{Datagram, DatagramDissect, DatagramProtocol, Guess, Out, Reader};

/// Where the cookie stands, behind the fixed header.
const FIXED: usize = 236;
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// Up to the end of the client hardware address: what a cut capture must hold to say anything.
const UP_TO_ADDRESS: usize = 44;
const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;

/// Options of one message; real ones carry up to thirty.
const MAX_OPTIONS: usize = 128;
const MAX_ADDRESSES: usize = 8;
/// One option's length field allows no more.
const MAX_TEXT: usize = 255;

/// DHCP.
pub const DHCP: DatagramProtocol = DatagramProtocol {
    app: App::Dhcp,
    recognise,
    dissect: DatagramDissect::Each(|datagram, out| dissect(datagram.payload, out)),
};

fn recognise(datagram: &Datagram<'_>) -> Guess {
    let payload = datagram.payload;
    match payload.first_chunk::<4>() {
        Some([1 | 2, _, 0..=16, 0..=16]) => {}
        _ => return Guess::No,
    }
    if payload.get(FIXED..FIXED + 4) == Some(&COOKIE) {
        return Guess::Sure;
    }
    let ports = [SERVER_PORT, CLIENT_PORT];
    let customary = ports.contains(&datagram.from_port) && ports.contains(&datagram.to_port);
    if customary && payload.len() >= UP_TO_ADDRESS { Guess::Fits } else { Guess::No }
}

fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let Some(mut dhcp) = fixed_part(payload) else {
        return false;
    };
    if let Some(options) = payload.get(FIXED..).and_then(|rest| rest.strip_prefix(&COOKIE)) {
        let overload = walk(options, &mut dhcp);
        // RFC 2131, 4.1: options may go on in the fields for the boot file and the server name.
        if overload & 1 != 0 {
            walk(payload.get(108..FIXED).unwrap_or_default(), &mut dhcp);
        }
        if overload & 2 != 0 {
            walk(payload.get(44..108).unwrap_or_default(), &mut dhcp);
        }
    }
    out.say(Said::Dhcp(Box::new(dhcp)));
    true
}

fn fixed_part(payload: &[u8]) -> Option<Dhcp> {
    let mut reader = Reader::new(payload);
    reader.u8().filter(|operation| matches!(operation, 1 | 2))?;
    let hardware = reader.u8()?;
    let length = reader.u8()?;
    reader.skip(9)?;
    let client_ip = address(&mut reader)?;
    let your_ip = address(&mut reader)?;
    reader.skip(8)?;
    let client = Mac(reader.array()?);
    // Hardware types 1 Ethernet and 6 IEEE 802.
    let ethernet = matches!(hardware, 1 | 6) && length == 6 && client.is_device();
    Some(Dhcp {
        message: DhcpMessage::Other,
        client: ethernet.then_some(client),
        client_ip,
        your_ip,
        requested_ip: None,
        server_id: None,
        routers: Vec::new(),
        resolvers: Vec::new(),
        hostname: None,
        vendor_class: None,
        user_class: None,
        parameters: Vec::new(),
        options: Vec::new(),
        max_size: None,
        client_id: Vec::new(),
        mud_url: None,
    })
}

/// The address, or an inner none where it is unspecified.
fn address(reader: &mut Reader<'_>) -> Option<Option<Ipv4Addr>> {
    let address = Ipv4Addr::from(reader.array::<4>()?);
    Some(Some(address).filter(|address| !address.is_unspecified()))
}

/// Walks one field of options up to its end or damage; gives the value of option 52.
fn walk(field: &[u8], dhcp: &mut Dhcp) -> u8 {
    const PAD: u8 = 0;
    const END: u8 = 255;
    let mut overload = 0;
    let mut reader = Reader::new(field);
    while dhcp.options.len() < MAX_OPTIONS {
        let code = match reader.u8() {
            Some(PAD) => continue,
            None | Some(END) => break,
            Some(code) => code,
        };
        let Some(value) = reader.u8().and_then(|length| reader.take(usize::from(length))) else {
            break;
        };
        dhcp.options.push(code);
        match (code, value) {
            (52, [value]) => overload = *value,
            _ => option(code, value, dhcp),
        }
    }
    overload
}

fn option(code: u8, value: &[u8], dhcp: &mut Dhcp) {
    let mut reader = Reader::new(value);
    match code {
        3 => addresses(value, &mut dhcp.routers),
        6 => addresses(value, &mut dhcp.resolvers),
        // The name in option 12 is the device's own; 81 asks a server to register one.
        12 => dhcp.hostname = some_text(value, MAX_TEXT).or(dhcp.hostname.take()),
        50 => dhcp.requested_ip = address(&mut reader).flatten(),
        53 => dhcp.message = message(value),
        54 => dhcp.server_id = address(&mut reader).flatten(),
        // Long lists go on in a second option of the same code (RFC 3396).
        55 => extend(&mut dhcp.parameters, value),
        57 => dhcp.max_size = reader.u16(),
        60 => dhcp.vendor_class = some_text(value, MAX_TEXT),
        61 => extend(&mut dhcp.client_id, value),
        77 => dhcp.user_class = user_class(value),
        81 => dhcp.hostname = dhcp.hostname.take().or_else(|| fqdn(value)),
        // What does not fit into one option goes on in the next (RFC 3396).
        161 => {
            let mut bytes =
                dhcp.mud_url.take().map(|url| url.as_bytes().to_vec()).unwrap_or_default();
            bytes.extend(value);
            dhcp.mud_url = mud_url(&bytes);
        }
        _ => {}
    }
}

fn message(value: &[u8]) -> DhcpMessage {
    match value {
        [1] => DhcpMessage::Discover,
        [2] => DhcpMessage::Offer,
        [3] => DhcpMessage::Request,
        [4] => DhcpMessage::Decline,
        [5] => DhcpMessage::Ack,
        [6] => DhcpMessage::Nak,
        [7] => DhcpMessage::Release,
        [8] => DhcpMessage::Inform,
        _ => DhcpMessage::Other,
    }
}

fn addresses(value: &[u8], into: &mut Vec<Ipv4Addr>) {
    let mut reader = Reader::new(value);
    while into.len() < MAX_ADDRESSES {
        let Some(octets) = reader.array::<4>() else { break };
        into.push(Ipv4Addr::from(octets));
    }
}

fn extend(list: &mut Vec<u8>, value: &[u8]) {
    let room = MAX_TEXT.saturating_sub(list.len());
    list.extend(value.iter().take(room));
}

/// Option 77 (RFC 3004): strings behind their lengths; many clients send bare text.
fn user_class(value: &[u8]) -> Option<Text> {
    let mut joined = Text::default();
    let mut reader = Reader::new(value);
    while let Some(length) = reader.u8() {
        let Some(class) = reader.take(usize::from(length)).filter(|class| !class.is_empty()) else {
            return some_text(value, MAX_TEXT);
        };
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&text(class, MAX_TEXT));
    }
    Some(joined).filter(|joined| !joined.is_empty())
}

/// Option 81 (RFC 4702): flags, two obsolete codes, and the name as text or, with the E flag, as
/// labels, perhaps without the root.
fn fqdn(value: &[u8]) -> Option<Text> {
    const LABELS: u8 = 0x04;
    let (flags, name) =
        value.split_first().and_then(|(flags, rest)| Some((flags, rest.get(2..)?)))?;
    if flags & LABELS == 0 {
        return some_text(name.strip_suffix(b".").unwrap_or(name), MAX_TEXT);
    }
    partial_name(name)
}

/// A name in labels that may lack the root at its end.
pub(crate) fn partial_name(bytes: &[u8]) -> Option<Text> {
    let mut whole = [0; 256];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let mut name = Name::new();
    name.read(&whole, 0).ok()?;
    Some(name.text()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::dissect::MAX_MUD_URL;
    use crate::testing::said;

    fn message(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[..4].copy_from_slice(&[1, 1, 6, 0]);
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
        bytes.extend(COOKIE);
        bytes.extend(options);
        bytes
    }

    fn dhcp(bytes: &[u8]) -> Dhcp {
        match said(|out| dissect(bytes, out)) {
            (true, mut facts) => match facts.pop() {
                Some(Said::Dhcp(dhcp)) => *dhcp,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn guess(port: u16, payload: &[u8]) -> Guess {
        let from_port = port + 1;
        recognise(&Datagram {
            side: Side::Client,
            from_port,
            to_port: port,
            multicast: true,
            payload,
        })
    }

    #[test]
    fn options_keep_their_wire_order() {
        let dhcp = dhcp(&message(&[
            53, 1, 3, 0, 61, 3, 9, 8, 7, 55, 4, 1, 28, 2, 3, 60, 4, b'u', b'd', b'h', b'c', 12, 2,
            b't', b'v', 50, 4, 10, 0, 0, 7, 255, 99, 0,
        ]));
        assert_eq!(dhcp.options, [53, 61, 55, 60, 12, 50]);
        assert_eq!(dhcp.parameters, [1, 28, 2, 3]);
        assert_eq!(dhcp.message, DhcpMessage::Request);
        assert_eq!(dhcp.client, Some(Mac([2, 0, 0, 0, 0, 7])));
        assert_eq!(dhcp.vendor_class.as_deref(), Some("udhc"));
        assert_eq!(dhcp.hostname.as_deref(), Some("tv"));
        assert_eq!(dhcp.requested_ip, Some(Ipv4Addr::new(10, 0, 0, 7)));
        assert_eq!(dhcp.client_id, [9, 8, 7]);
        assert_eq!(dhcp.your_ip, None);
    }

    #[test]
    fn overloaded_fields_are_walked_after_the_options() {
        let mut bytes = message(&[52, 1, 3, 255]);
        bytes[108..113].copy_from_slice(&[12, 2, b't', b'v', 255]);
        bytes[44..47].copy_from_slice(&[53, 1, 1]);
        let dhcp = dhcp(&bytes);
        assert_eq!(dhcp.options, [52, 12, 53]);
        assert_eq!(dhcp.hostname.as_deref(), Some("tv"));
        assert_eq!(dhcp.message, DhcpMessage::Discover);
    }

    #[test]
    fn a_fqdn_is_read_as_text_and_as_labels_and_yields_to_the_host_name() {
        let text = dhcp(&message(b"\x51\x09\x00\x00\x00pc.lan"));
        assert_eq!(text.hostname.as_deref(), Some("pc.lan"));
        let labels = dhcp(&message(b"\x51\x0a\x04\x00\x00\x02pc\x03lan"));
        assert_eq!(labels.hostname.as_deref(), Some("pc.lan"));
        let both = dhcp(&message(b"\x51\x05\x00\x00\x00pc\x0c\x02tv"));
        assert_eq!(both.hostname.as_deref(), Some("tv"));
    }

    #[test]
    fn a_user_class_is_read_with_and_without_lengths() {
        let proper = dhcp(&message(b"\x4d\x06\x02ab\x02cd"));
        assert_eq!(proper.user_class.as_deref(), Some("ab cd"));
        let bare = dhcp(&message(b"\x4d\x04iPXE"));
        assert_eq!(bare.user_class.as_deref(), Some("iPXE"));
    }

    #[test]
    fn a_mud_url_ends_at_the_space_before_what_is_reserved() {
        let url = b"https://maker.example/camera.json";
        let option = |value: &[u8]| [&[161, value.len() as u8][..], value].concat();
        let said = |value: &[u8]| dhcp(&message(&option(value))).mud_url;
        assert_eq!(said(url).as_deref(), Some("https://maker.example/camera.json"));
        let more = [url, &b" v=2 later"[..]].concat();
        assert_eq!(said(&more).as_deref(), Some("https://maker.example/camera.json"));
        // A server acknowledges with an option of no length.
        assert_eq!(said(b""), None);
    }

    #[test]
    fn a_mud_url_over_two_options_is_one_and_longer_than_it_may_be() {
        let url = [&b"https://maker.example/"[..], &[b'a'; 300]].concat();
        let (first, rest) = url.split_at(255);
        let options =
            [&[161, 255][..], first, &[161, rest.len() as u8], rest, &[161, 255], &[b'b'; 255]];
        let said = dhcp(&message(&options.concat())).mud_url.unwrap();
        assert_eq!(said.len(), MAX_MUD_URL);
        assert!(said.as_bytes().starts_with(&url));
    }

    #[test]
    fn an_option_that_overruns_the_message_ends_the_walk() {
        let dhcp = dhcp(&message(&[53, 1, 1, 12, 200, b'x']));
        assert_eq!(dhcp.options, [53]);
        assert_eq!(dhcp.hostname, None);
    }

    #[test]
    fn a_flood_of_options_is_bounded() {
        assert_eq!(dhcp(&message(&[9, 0].repeat(5000))).options.len(), MAX_OPTIONS);
    }

    #[test]
    fn the_cookie_is_recognised_on_any_port_and_a_cut_message_on_its_own() {
        let whole = message(&[53, 1, 1, 255]);
        assert_eq!(guess(4011, &whole), Guess::Sure);
        assert_eq!(guess(67, &whole[..60]), Guess::Fits);
        assert_eq!(guess(4011, &whole[..60]), Guess::No);
        assert!(dhcp(&whole[..60]).client.is_some());
    }
}
