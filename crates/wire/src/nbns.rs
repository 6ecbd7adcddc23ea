//! NetBIOS name service (RFC 1001, 1002).

use std::net::{IpAddr, Ipv4Addr};

use cordon_model::fact::{DnsKind, DnsValue};
use cordon_model::{App, Text};

use crate::dissect::text;
use crate::dns::message::judge;
use crate::dns::name::Name;
use crate::dns::{message::HEADER, say};
use crate::{DatagramDissect, DatagramProtocol, Guess, Reader};

const PORT: u16 = 137;
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
/// A name takes 16 octets, each written as two letters (RFC 1001, 14.1).
const ENCODED: usize = 32;
/// Names of one node; Windows registers about six.
const MAX_NODE_NAMES: usize = 32;
/// Suffixes under which a computer registers its own name: workstation and file server. Others
/// are user names, domains and roles, which would name the wrong thing.
const OWN: [u8; 2] = [0x00, 0x20];
/// Set for a name that a group of nodes shares (RFC 1002, 4.2.1.3 and 4.2.18).
const GROUP: u16 = 0x8000;

/// NetBIOS name service over UDP.
pub const NBNS: DatagramProtocol = DatagramProtocol {
    app: App::Nbns,
    recognise: |datagram| {
        let customary = datagram.on_port(PORT);
        match judge(datagram.payload, DnsKind::Nbns, customary) {
            Guess::No => Guess::No,
            guess if first_is_encoded(datagram.payload) => guess,
            _ => Guess::No,
        }
    },
    dissect: DatagramDissect::Each(|datagram, out| say(datagram.payload, DnsKind::Nbns, out)),
};

/// A decoded name.
pub(crate) struct NetbiosName {
    /// Without padding and suffix, lower-case.
    pub text: Text,
    suffix: u8,
}

/// Decodes a name, its labels already joined by dots; a scope stays behind it. None where it is
/// not encoded as RFC 1001, 14.1 says.
pub(crate) fn name(labels: &[u8]) -> Option<NetbiosName> {
    let (encoded, scope) = labels.split_at_checked(ENCODED)?;
    if !matches!(scope.first(), None | Some(b'.')) {
        return None;
    }
    let mut octets = [0u8; ENCODED / 2];
    for (octet, pair) in octets.iter_mut().zip(encoded.chunks_exact(2)) {
        let [high, low] = <[u8; 2]>::try_from(pair).ok()?.map(|letter| letter.wrapping_sub(b'A'));
        if high > 15 || low > 15 {
            return None;
        }
        *octet = high << 4 | low;
    }
    let [name @ .., suffix] = octets;
    let mut text = text(&name, 15);
    text.push_str(std::str::from_utf8(scope).unwrap_or_default());
    text.make_ascii_lowercase();
    Some(NetbiosName { text, suffix })
}

/// The data of a record; none where it says nothing about a node.
pub(crate) fn value(rtype: u16, owner: &[u8], data: &[u8]) -> Option<DnsValue> {
    match rtype {
        NB => {
            let mut reader = Reader::new(data);
            let flags = reader.u16()?;
            let address = Ipv4Addr::from(reader.array::<4>()?);
            let own = name(owner).is_some_and(|name| OWN.contains(&name.suffix));
            (own && flags & GROUP == 0).then_some(DnsValue::Address(IpAddr::V4(address)))
        }
        NBSTAT => node_names(data).map(DnsValue::NodeNames),
        _ => None,
    }
}

/// The node's own names of a status answer (RFC 1002, 4.2.18), each once.
fn node_names(data: &[u8]) -> Option<Vec<Text>> {
    let mut reader = Reader::new(data);
    let count = usize::from(reader.u8()?);
    let mut names = Vec::new();
    for _ in 0..count.min(MAX_NODE_NAMES) {
        let Some((name, suffix, flags)) = node_name(&mut reader) else { break };
        let name = text(&name, 15);
        if OWN.contains(&suffix) && flags & GROUP == 0 && !name.is_empty() && !names.contains(&name)
        {
            names.push(name);
        }
    }
    Some(names)
}

fn node_name(reader: &mut Reader<'_>) -> Option<([u8; 15], u8, u16)> {
    Some((reader.array()?, reader.u8()?, reader.u16()?))
}

/// Whether the first question or record is about an encoded name and of a NetBIOS type.
fn first_is_encoded(message: &[u8]) -> bool {
    let mut owner = Name::new();
    let Ok(end) = owner.read(message, HEADER) else {
        return false;
    };
    let rtype = message.get(end..).and_then(|rest| Reader::new(rest).u16());
    name(owner.bytes()).is_some() && matches!(rtype, Some(NB | NBSTAT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;
    use crate::{Datagram, Side};
    use cordon_model::Said;
    use cordon_model::fact::Dns;

    fn encode(name: &str, suffix: u8) -> Vec<u8> {
        let mut octets = [b' '; 16];
        octets[..name.len()].copy_from_slice(name.as_bytes());
        octets[15] = suffix;
        let letters = octets.iter().flat_map(|octet| [b'A' + (octet >> 4), b'A' + (octet & 15)]);
        [vec![32], letters.collect(), vec![0]].concat()
    }

    fn dns(message: &[u8]) -> Dns {
        let datagram = Datagram {
            side: Side::Client,
            from_port: PORT,
            to_port: PORT,
            multicast: false,
            payload: message,
        };
        assert_eq!((NBNS.recognise)(&datagram), Guess::Sure);
        let DatagramDissect::Each(dissect) = NBNS.dissect else { panic!() };
        let (good, mut facts) = said(|out| dissect(&datagram, out));
        assert!(good);
        match facts.pop() {
            Some(Said::Dns(dns)) => *dns,
            other => panic!("{other:?}"),
        }
    }

    fn registration(suffix: u8, flags: u8) -> Vec<u8> {
        [
            &[0, 1, 0x29, 0x10, 0, 1, 0, 0, 0, 0, 0, 1][..],
            &encode("PRINTER", suffix),
            &[
                0, 0x20, 0, 1, 0xc0, 12, 0, 0x20, 0, 1, 0, 4, 0x93, 0xe0, 0, 6, flags, 0, 10, 0, 0,
                5,
            ],
        ]
        .concat()
    }

    #[test]
    fn a_registration_binds_a_name_to_an_address() {
        let dns = dns(&registration(0, 0));
        assert_eq!(dns.questions[0].name, "printer");
        assert_eq!(dns.records[0].name, "printer");
        assert_eq!(dns.records[0].value, DnsValue::Address("10.0.0.5".parse().unwrap()));
    }

    #[test]
    fn a_workgroup_is_not_taken_for_the_name_of_a_node() {
        for (suffix, flags) in [(0, 0x80), (0x1e, 0x80), (0x1d, 0)] {
            assert_eq!(dns(&registration(suffix, flags)).records[0].value, DnsValue::Other);
        }
    }

    #[test]
    fn a_status_answer_names_the_node_once() {
        let entry = |name: &str, suffix: u8, flags: u8| {
            [format!("{name:15}").as_bytes(), &[suffix, flags, 0]].concat()
        };
        let names = [entry("NAS", 0, 4), entry("HOME", 0, 0x84), entry("NAS", 0x20, 4)].concat();
        let data = [&[3][..], &names, &[0; 46]].concat();
        let message = [
            &[0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0][..],
            &encode("*", 0),
            &[0, 0x21, 0, 1, 0, 0, 0, 0, 0, data.len() as u8],
            &data,
        ]
        .concat();
        assert_eq!(dns(&message).records[0].value, DnsValue::NodeNames(vec!["NAS".into()]));
    }

    #[test]
    fn plain_dns_on_the_netbios_port_is_not_netbios() {
        let message = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01";
        let datagram = Datagram {
            side: Side::Client,
            from_port: 137,
            to_port: 137,
            multicast: false,
            payload: message,
        };
        assert_eq!((NBNS.recognise)(&datagram), Guess::No);
    }
}
