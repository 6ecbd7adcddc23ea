//! Data frames (IEEE 802.11-2020, 9.3.2).

use cordon_model::Mac;

use super::{Addresses, Control, WlanFrame};
use crate::Reader;

/// What a data frame in clear text carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WlanData<'a> {
    /// Who sent it.
    pub src: Mac,
    /// For whom it is.
    pub dst: Mac,
    /// The network's identifier; the transmitter between access points.
    pub bssid: Mac,
    /// EtherType; up to 1500, the length of a `payload` that begins with its LLC header, as in
    /// 802.3.
    pub ethertype: u16,
    /// The network layer, perhaps cut by the capture. Of aggregated frames, the first.
    pub payload: &'a [u8],
}

/// LLC and SNAP headers of RFC 1042.
const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];
/// The same for IPX and AppleTalk, as 802.1H says.
const BRIDGE_TUNNEL: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0xf8];

pub(super) fn read<'a>(control: Control, reader: &mut Reader<'a>) -> Option<WlanFrame<'a>> {
    const QOS: u8 = 0x8;
    const NO_BODY: u8 = 0x4;
    const AGGREGATED: u8 = 0x80;

    let addresses = Addresses::read(reader)?;
    let (first, second, third) = (addresses.first, addresses.second, addresses.third);
    let (mut src, mut dst, bssid) = match (control.enters_ds(), control.leaves_ds()) {
        (false, false) => (second, first, third),
        (true, false) => (second, third, first),
        (false, true) => (third, first, second),
        (true, true) => (Mac(reader.array()?), third, second),
    };
    let mut aggregated = false;
    if control.subtype() & QOS != 0 {
        let [quality, _] = reader.array()?;
        aggregated = quality & AGGREGATED != 0;
        if control.has_ht_control() {
            reader.skip(4)?;
        }
    }
    if control.is_protected() {
        return Some(WlanFrame::Protected { src, dst, bssid });
    }
    if control.subtype() & NO_BODY != 0 || addresses.fragment != 0 {
        return Some(WlanFrame::Control);
    }
    let mut body = behind_padding(reader.rest());
    if aggregated {
        let mut subframe = Reader::new(reader.rest());
        dst = Mac(subframe.array()?);
        src = Mac(subframe.array()?);
        let length = usize::from(subframe.u16()?);
        body = subframe.rest().get(..length).unwrap_or(subframe.rest());
    }
    let (ethertype, payload) = network(body)?;
    Some(WlanFrame::Data(WlanData { src, dst, bssid, ethertype, payload }))
}

fn network(body: &[u8]) -> Option<(u16, &[u8])> {
    let encapsulated = body.strip_prefix(&SNAP).or_else(|| body.strip_prefix(&BRIDGE_TUNNEL));
    if let Some(rest) = encapsulated {
        let mut rest = Reader::new(rest);
        let ethertype = rest.u16()?;
        if ethertype > 1500 {
            return Some((ethertype, rest.rest()));
        }
    }
    // Shorter than an LLC header.
    if body.len() < 3 {
        return None;
    }
    let length = u16::try_from(body.len()).ok().filter(|length| *length <= 1500);
    Some((length.unwrap_or(1500), body))
}

/// Some drivers align the body to four octets by two more behind the header.
fn behind_padding(body: &[u8]) -> &[u8] {
    match body.get(2..) {
        Some(padded) if !body.starts_with(&SNAP) && padded.starts_with(&SNAP) => padded,
        _ => body,
    }
}
