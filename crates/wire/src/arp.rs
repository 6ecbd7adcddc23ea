//! ARP (RFC 826) for IPv4 over Ethernet.

use std::net::Ipv4Addr;

use cordon_model::fact::Arp;
use cordon_model::{Mac, Said};

use crate::{Out, Reader};

const ETHERNET: u16 = 1;
const IEEE_802: u16 = 6;
const IPV4: u16 = 0x0800;
const REQUEST: u16 = 1;
const REPLY: u16 = 2;

/// Reads what lies behind the EtherType 0x0806. False where it is malformed; other hardware,
/// protocols and operations are well-formed and say nothing.
pub fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let mut reader = Reader::new(payload);
    let Some((hardware, protocol, sizes, operation)) = header(&mut reader) else {
        return false;
    };
    if !matches!(hardware, ETHERNET | IEEE_802) || protocol != IPV4 {
        return true;
    }
    if sizes != [6, 4] {
        return false;
    }
    let Some(arp) = body(&mut reader, operation == REPLY) else {
        return false;
    };
    if matches!(operation, REQUEST | REPLY) {
        out.say(Said::Arp(arp));
    }
    true
}

fn header(reader: &mut Reader<'_>) -> Option<(u16, u16, [u8; 2], u16)> {
    Some((reader.u16()?, reader.u16()?, reader.array()?, reader.u16()?))
}

fn body(reader: &mut Reader<'_>, reply: bool) -> Option<Arp> {
    let sender_mac = Mac(reader.array()?);
    let sender_ip = Ipv4Addr::from(reader.array::<4>()?);
    reader.skip(6)?;
    let target_ip = Ipv4Addr::from(reader.array::<4>()?);
    Some(Arp { reply, sender_mac, sender_ip, target_ip })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    const REPLY_BYTES: [u8; 28] =
        [0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1];

    #[test]
    fn a_reply_names_its_sender() {
        let (good, facts) = said(|out| dissect(&REPLY_BYTES, out));
        assert!(good);
        let expected = Arp {
            reply: true,
            sender_mac: Mac([2, 0, 0, 0, 0, 9]),
            sender_ip: Ipv4Addr::new(10, 0, 0, 9),
            target_ip: Ipv4Addr::new(10, 0, 0, 1),
        };
        assert_eq!(facts, [Said::Arp(expected)]);
    }

    #[test]
    fn a_cut_or_wrongly_sized_body_is_malformed() {
        assert!(!said(|out| dissect(&REPLY_BYTES[..27], out)).0);
        let mut wrong = REPLY_BYTES;
        wrong[4] = 7;
        let (good, facts) = said(|out| dissect(&wrong, out));
        assert!(!good && facts.is_empty());
    }

    #[test]
    fn other_hardware_says_nothing_and_is_no_error() {
        let mut other = REPLY_BYTES;
        other[1] = 32;
        assert_eq!(said(|out| dissect(&other, out)), (true, vec![]));
    }
}
