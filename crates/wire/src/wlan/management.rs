//! Management frames (IEEE 802.11-2020, 9.3.3).

use cordon_model::fact::{AccessPoint, WlanClient};
use cordon_model::{Mac, Said};

use super::element::Elements;
use super::{Addresses, Control};
use crate::{Out, Reader};

const ASSOCIATION_REQUEST: u8 = 0;
const REASSOCIATION_REQUEST: u8 = 2;
const PROBE_REQUEST: u8 = 4;
const PROBE_RESPONSE: u8 = 5;
const BEACON: u8 = 8;
const DISASSOCIATION: u8 = 10;
const AUTHENTICATION: u8 = 11;
const DEAUTHENTICATION: u8 = 12;

/// Reads a frame behind its frame control field.
pub(super) fn read(control: Control, reader: &mut Reader<'_>, out: &mut Out<'_>) -> Option<()> {
    let addresses = Addresses::read(reader)?;
    if control.has_ht_control() {
        reader.skip(4)?;
    }
    if addresses.fragment != 0 {
        return Some(());
    }
    let mut body = *reader;
    match control.subtype() {
        AUTHENTICATION | DEAUTHENTICATION | DISASSOCIATION => {
            client(&addresses, Reader::new(&[]), out);
        }
        // Nothing but addresses can be read of a protected frame.
        _ if control.is_protected() => {}
        BEACON | PROBE_RESPONSE => access_point(&addresses, body, out)?,
        PROBE_REQUEST => client(&addresses, body, out),
        ASSOCIATION_REQUEST => {
            body.skip(2 + 2)?;
            client(&addresses, body, out);
        }
        REASSOCIATION_REQUEST => {
            body.skip(2 + 2 + 6)?;
            client(&addresses, body, out);
        }
        _ => {}
    }
    Some(())
}

fn access_point(addresses: &Addresses, mut body: Reader<'_>, out: &mut Out<'_>) -> Option<()> {
    const PRIVACY: u16 = 0x10;
    let _timestamp = body.u64()?;
    let _interval = body.u16()?;
    let capabilities = body.u16_le()?;
    let elements = Elements::read(body.rest());
    let security = elements.security;
    let wps = elements.wps;
    out.say(Said::AccessPoint(Box::new(AccessPoint {
        bssid: addresses.third,
        ssid: elements.ssid,
        channel: elements.channel,
        privacy: capabilities & PRIVACY != 0,
        wpa: security.wpa,
        rsn: security.rsn,
        ciphers: security.ciphers,
        authentication: security.authentication,
        pmf_capable: security.pmf_capable,
        pmf_required: security.pmf_required,
        wps: wps.state,
        manufacturer: wps.manufacturer,
        model: wps.model,
        model_number: wps.model_number,
        device_name: wps.device_name,
    })));
    Some(())
}

/// Tells of the client that sent the frame; access points send some of these frames too.
fn client(addresses: &Addresses, body: Reader<'_>, out: &mut Out<'_>) {
    let (mac, bssid) = (addresses.second, addresses.third);
    if mac == bssid || !mac.is_device() {
        return;
    }
    let elements = Elements::read(body.rest());
    out.say(Said::WlanClient(Box::new(WlanClient {
        mac,
        bssid: Some(bssid).filter(|bssid: &Mac| bssid.is_device()),
        ssid: elements.ssid,
        manufacturer: elements.wps.manufacturer,
        model: elements.wps.model,
        device_name: elements.wps.device_name,
    })));
}
