//! LLDP (IEEE 802.1AB) with the organisations' TLVs that tell what a device is: LLDP-MED
//! inventory (TIA-1057), PROFINET (IEC 61158-6-10) and MUD (RFC 8520).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::fact::Lldp;
use cordon_model::{Mac, Said, Text};

use crate::dissect::{mud_url, some_text, text};
use crate::{Out, Reader};

/// TLVs of one frame; 1500 bytes hold no more that say anything.
const MAX_TLVS: usize = 256;
const MAX_ADDRESSES: usize = 8;
/// The longest string that the standard allows.
const MAX_TEXT: usize = 255;

const MED: [u8; 3] = [0x00, 0x12, 0xbb];
const PROFINET: [u8; 3] = [0x00, 0x0e, 0xcf];
const IETF: [u8; 3] = [0x00, 0x00, 0x5e];
const PROFINET_ALIAS: u8 = 3;
/// Subtype of chassis and port ids that the device made up itself.
const LOCALLY_ASSIGNED: u8 = 7;

/// Reads what lies behind the EtherType 0x88cc. False where it is malformed; what was read before
/// the damage is told all the same, if it names the chassis.
pub fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let mut frame = Frame::default();
    let clean = frame.walk(payload).is_some();
    if frame.lldp.chassis.is_empty() {
        return false;
    }
    out.say(Said::Lldp(Box::new(frame.finish())));
    clean
}

#[derive(Default)]
struct Frame {
    lldp: Lldp,
    profinet: bool,
    chassis_is_local: bool,
}

impl Frame {
    fn walk(&mut self, payload: &[u8]) -> Option<()> {
        let mut reader = Reader::new(payload);
        for _ in 0..MAX_TLVS {
            let head = reader.u16()?;
            let mut value = reader.sub(usize::from(head & 0x1ff))?;
            match head >> 9 {
                0 => return Some(()),
                1 => {
                    let kind = value.u8()?;
                    self.chassis_is_local = kind == LOCALLY_ASSIGNED;
                    self.lldp.chassis = id(value.rest(), kind == 4, kind == 5);
                }
                2 => {
                    let kind = value.u8()?;
                    self.lldp.port = id(value.rest(), kind == 3, kind == 4);
                }
                5 => self.lldp.system_name = some_text(value.rest(), MAX_TEXT),
                6 => self.lldp.system_description = some_text(value.rest(), MAX_TEXT),
                7 => {
                    value.skip(2)?;
                    self.lldp.capabilities = value.u16()?;
                }
                8 => self.management_address(value)?,
                127 => self.organisation(value)?,
                _ => {}
            }
        }
        None
    }

    fn management_address(&mut self, mut value: Reader<'_>) -> Option<()> {
        let length = value.u8()?;
        let string = value.take(usize::from(length))?;
        if let Some(address) = address(string)
            && self.lldp.addresses.len() < MAX_ADDRESSES
            && !self.lldp.addresses.contains(&address)
        {
            self.lldp.addresses.push(address);
        }
        Some(())
    }

    fn organisation(&mut self, mut value: Reader<'_>) -> Option<()> {
        let organisation: [u8; 3] = value.array()?;
        let kind = value.u8()?;
        let said = || some_text(value.rest(), MAX_TEXT);
        let lldp = &mut self.lldp;
        match (organisation, kind) {
            (MED, 5) => lldp.hardware = said(),
            (MED, 6) => lldp.firmware = said(),
            (MED, 7) => lldp.software = said(),
            (MED, 8) => lldp.serial = said(),
            (MED, 9) => lldp.manufacturer = said(),
            (MED, 10) => lldp.model = said(),
            (IETF, 1) => lldp.mud_url = mud_url(value.rest()),
            (PROFINET, _) => {
                self.profinet = true;
                if kind == PROFINET_ALIAS {
                    lldp.profinet_name = said().and_then(|alias| station_of(&alias));
                }
            }
            _ => {}
        }
        Some(())
    }

    /// A PROFINET device puts its name of station behind the port name, or, in the legacy mode,
    /// into the chassis id.
    fn finish(mut self) -> Lldp {
        let lldp = &mut self.lldp;
        if self.profinet && lldp.profinet_name.is_none() {
            let legacy = || {
                (self.chassis_is_local && lldp.port.starts_with("port-"))
                    .then(|| lldp.chassis.clone())
                    .filter(|chassis| !chassis.contains(' '))
            };
            lldp.profinet_name = station_of(&lldp.port).or_else(legacy);
        }
        self.lldp
    }
}

/// `pump-7` of `port-001.pump-7`.
fn station_of(port: &str) -> Option<Text> {
    let (_, station) = port.strip_prefix("port-")?.split_once('.')?;
    (!station.is_empty()).then(|| Text::from(station))
}

fn id(value: &[u8], mac: bool, network: bool) -> Text {
    match <[u8; 6]>::try_from(value) {
        Ok(octets) if mac => return Text::from(Mac(octets).to_string()),
        _ => {}
    }
    match address(value) {
        Some(address) if network => return Text::from(address.to_string()),
        _ => {}
    }
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != 0) {
        return value.iter().take(MAX_TEXT / 2).map(|byte| format!("{byte:02x}")).collect();
    }
    text(value, MAX_TEXT)
}

/// An address behind its IANA address family number.
fn address(string: &[u8]) -> Option<IpAddr> {
    match string.split_first()? {
        (1, octets) => <[u8; 4]>::try_from(octets).ok().map(|octets| Ipv4Addr::from(octets).into()),
        (2, octets) => {
            <[u8; 16]>::try_from(octets).ok().map(|octets| Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
        let head = kind << 9 | value.len() as u16;
        [&head.to_be_bytes()[..], value].concat()
    }

    fn of_organisation(organisation: [u8; 3], kind: u8, value: &[u8]) -> Vec<u8> {
        tlv(127, &[&organisation[..], &[kind], value].concat())
    }

    fn lldp(tlvs: &[Vec<u8>]) -> (bool, Lldp) {
        let (good, facts) = said(|out| dissect(&tlvs.concat(), out));
        match facts.as_slice() {
            [Said::Lldp(lldp)] => (good, (**lldp).clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_phone_tells_its_inventory_and_its_mud_url() {
        let (good, lldp) = lldp(&[
            tlv(1, &[5, 1, 10, 0, 0, 7]),
            tlv(2, &[3, 2, 0, 0, 0, 0, 7]),
            tlv(3, &[0, 120]),
            tlv(5, b"phone-7"),
            tlv(7, &[0, 0x24, 0, 0x20]),
            tlv(8, &[5, 1, 10, 0, 0, 7, 2, 0, 0, 0, 1, 0]),
            of_organisation(MED, 9, b"Acme"),
            of_organisation(MED, 10, b"P70\0"),
            of_organisation(IETF, 1, b"https://mud.example/p70 and=more"),
            tlv(0, &[]),
        ]);
        assert!(good);
        assert_eq!(lldp.chassis, "10.0.0.7");
        assert_eq!(lldp.port, "02:00:00:00:00:07");
        assert_eq!(lldp.system_name.as_deref(), Some("phone-7"));
        assert_eq!(lldp.capabilities, 0x20);
        assert_eq!(lldp.addresses, ["10.0.0.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(lldp.manufacturer.as_deref(), Some("Acme"));
        assert_eq!(lldp.model.as_deref(), Some("P70"));
        assert_eq!(lldp.mud_url.as_deref(), Some("https://mud.example/p70"));
    }

    #[test]
    fn a_profinet_station_is_named_by_its_port_or_in_legacy_mode_by_its_chassis() {
        let status = of_organisation(PROFINET, 2, &[0, 0, 0, 0]);
        let modern = [tlv(1, b"\x07Acme IO 1 "), tlv(2, b"\x07port-001.pump-7"), status.clone()];
        assert_eq!(lldp(&modern).1.profinet_name.as_deref(), Some("pump-7"));
        let legacy = [tlv(1, b"\x07pump-7"), tlv(2, b"\x07port-001"), status];
        assert_eq!(lldp(&legacy).1.profinet_name.as_deref(), Some("pump-7"));
    }

    #[test]
    fn a_cut_frame_is_malformed_but_keeps_its_name() {
        let (good, lldp) = lldp(&[tlv(1, b"\x07switch"), vec![0x0a, 9, b'x']]);
        assert!(!good);
        assert_eq!(lldp.chassis, "switch");
    }

    #[test]
    fn a_frame_that_names_no_chassis_says_nothing() {
        assert_eq!(said(|out| dissect(&[0, 0], out)), (false, vec![]));
    }
}
