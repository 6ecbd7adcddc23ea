//! IPv6 neighbour discovery (RFC 4861).

use std::net::{IpAddr, Ipv6Addr};

use cordon_model::fact::{Neighbour, NeighbourMessage};
use cordon_model::{Mac, Said};

use crate::{Out, Reader};

const SOURCE_LINK_ADDRESS: u8 = 1;
const TARGET_LINK_ADDRESS: u8 = 2;
const ROUTER_FLAG: u8 = 0x80;
/// Options of one message; a real one carries fewer than ten.
const MAX_OPTIONS: usize = 64;

/// Reads an ICMPv6 message of type 133 to 137 from its type byte on. False where it is malformed.
pub fn dissect(message: &[u8], out: &mut Out<'_>) -> bool {
    let mut reader = Reader::new(message);
    let Some(mut said) = fixed_part(&mut reader) else {
        return false;
    };
    let wanted = match said.message {
        NeighbourMessage::Advert | NeighbourMessage::Redirect => TARGET_LINK_ADDRESS,
        _ => SOURCE_LINK_ADDRESS,
    };
    let Some(mac) = link_address(&mut reader, wanted) else {
        return false;
    };
    said.mac = mac;
    out.say(Said::Neighbour(said));
    true
}

fn fixed_part(reader: &mut Reader<'_>) -> Option<Neighbour> {
    let kind = reader.u8()?;
    reader.skip(3)?;
    let mut router = false;
    let mut target = None;
    let message = match kind {
        133 => {
            reader.skip(4)?;
            NeighbourMessage::RouterSolicit
        }
        134 => {
            reader.skip(2)?;
            router = reader.u16()? > 0;
            reader.skip(8)?;
            NeighbourMessage::RouterAdvert
        }
        135 => {
            reader.skip(4)?;
            target = Some(address(reader)?);
            NeighbourMessage::Solicit
        }
        136 => {
            router = reader.u8()? & ROUTER_FLAG != 0;
            reader.skip(3)?;
            target = Some(address(reader)?);
            NeighbourMessage::Advert
        }
        137 => {
            reader.skip(4)?;
            target = Some(address(reader)?);
            reader.skip(16)?;
            NeighbourMessage::Redirect
        }
        _ => return None,
    };
    Some(Neighbour { message, target, mac: None, router })
}

fn address(reader: &mut Reader<'_>) -> Option<IpAddr> {
    reader.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
}

/// The wanted link-layer address option, if there; none at all where the options are malformed.
fn link_address(reader: &mut Reader<'_>, wanted: u8) -> Option<Option<Mac>> {
    let mut mac = None;
    for _ in 0..MAX_OPTIONS {
        if reader.is_empty() {
            break;
        }
        let kind = reader.u8()?;
        // The length counts eight-byte units, these two bytes included; zero would never end.
        let body = usize::from(reader.u8()?).checked_mul(8)?.checked_sub(2)?;
        let mut option = reader.sub(body)?;
        if kind == wanted && body == 6 && mac.is_none() {
            mac = option.array().map(Mac);
        }
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    fn advert(flags: u8, option: &[u8]) -> Vec<u8> {
        let mut bytes = vec![136, 0, 0, 0, flags, 0, 0, 0];
        bytes.extend("fe80::1".parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend(option);
        bytes
    }

    #[test]
    fn a_router_advertises_its_own_link_address() {
        let bytes = advert(0xe0, &[2, 1, 2, 0, 0, 0, 0, 1]);
        let (good, facts) = said(|out| dissect(&bytes, out));
        assert!(good);
        let expected = Neighbour {
            message: NeighbourMessage::Advert,
            target: Some("fe80::1".parse().unwrap()),
            mac: Some(Mac([2, 0, 0, 0, 0, 1])),
            router: true,
        };
        assert_eq!(facts, [Said::Neighbour(expected)]);
    }

    #[test]
    fn an_option_of_length_zero_is_malformed_and_ends() {
        assert_eq!(said(|out| dissect(&advert(0, &[2, 0, 1, 1]), out)), (false, vec![]));
    }

    #[test]
    fn a_router_that_withdraws_is_no_router() {
        let bytes = [134, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let (_, facts) = said(|out| dissect(&bytes, out));
        assert!(matches!(facts[..], [Said::Neighbour(Neighbour { router: false, .. })]));
    }
}
