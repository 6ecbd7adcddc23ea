//! Cisco Discovery Protocol, versions 1 and 2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::Said;
use cordon_model::fact::Cdp;

use crate::dissect::{some_text, text};
use crate::{Out, Reader};

const MAX_TLVS: usize = 128;
const MAX_ADDRESSES: usize = 8;
const MAX_TEXT: usize = 255;
/// Version texts run over several lines; the version stands in the first.
const MAX_SOFTWARE: usize = 512;

/// Reads what lies behind LLC/SNAP (00-00-0C, 0x2000), version byte first. False where it is
/// malformed; what was read before the damage is told all the same, if it names the device.
pub fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let mut cdp = Cdp::default();
    let clean = walk(payload, &mut cdp).is_some();
    if cdp.device.is_empty() && cdp.platform.is_none() {
        return false;
    }
    out.say(Said::Cdp(Box::new(cdp)));
    clean
}

fn walk(payload: &[u8], cdp: &mut Cdp) -> Option<()> {
    let mut reader = Reader::new(payload);
    reader.u8().filter(|version| matches!(version, 1 | 2))?;
    reader.skip(3)?;
    for _ in 0..MAX_TLVS {
        if reader.is_empty() {
            return Some(());
        }
        let kind = reader.u16()?;
        let length = usize::from(reader.u16()?).checked_sub(4)?;
        let mut value = reader.sub(length)?;
        match kind {
            1 => cdp.device = text(value.rest(), MAX_TEXT),
            2 | 22 => addresses(&mut value, &mut cdp.addresses)?,
            3 => cdp.port = some_text(value.rest(), MAX_TEXT),
            4 => cdp.capabilities = value.u32()?,
            5 => cdp.software = some_text(value.rest(), MAX_SOFTWARE),
            6 => cdp.platform = some_text(value.rest(), MAX_TEXT),
            10 => cdp.native_vlan = Some(value.u16()?),
            _ => {}
        }
    }
    None
}

fn addresses(value: &mut Reader<'_>, into: &mut Vec<IpAddr>) -> Option<()> {
    let count = usize::try_from(value.u32()?).ok()?;
    for _ in 0..count.min(MAX_ADDRESSES) {
        value.skip(1)?;
        let protocol_length = value.u8()?;
        let protocol = value.take(usize::from(protocol_length))?;
        let length = value.u16()?;
        let octets = value.take(usize::from(length))?;
        let address = match protocol {
            [0xcc] => <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).into()),
            [.., 0x86, 0xdd] => {
                <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).into())
            }
            _ => None,
        };
        if let Some(address) = address
            && into.len() < MAX_ADDRESSES
            && !into.contains(&address)
        {
            into.push(address);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = value.len() as u16 + 4;
        [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
    }

    #[test]
    fn a_switch_tells_its_name_platform_and_address() {
        let bytes = [
            vec![2, 180, 0, 0],
            tlv(1, b"switch-1"),
            tlv(2, &[0, 0, 0, 1, 1, 1, 0xcc, 0, 4, 10, 0, 0, 2]),
            tlv(4, &[0, 0, 0, 0x28]),
            tlv(6, b"WS-C2950"),
            tlv(10, &[0, 7]),
        ]
        .concat();
        let (good, facts) = said(|out| dissect(&bytes, out));
        assert!(good);
        let expected = Cdp {
            device: "switch-1".into(),
            platform: Some("WS-C2950".into()),
            addresses: vec!["10.0.0.2".parse().unwrap()],
            capabilities: 0x28,
            native_vlan: Some(7),
            ..Cdp::default()
        };
        assert_eq!(facts, [Said::Cdp(Box::new(expected))]);
    }

    #[test]
    fn a_value_shorter_than_its_own_header_is_malformed() {
        assert_eq!(said(|out| dissect(&[2, 180, 0, 0, 0, 1, 0, 3], out)), (false, vec![]));
    }
}
