//! The CIP Identity object (class 1; CIP volume 1, 5-2), however it is asked for.

use cordon_model::{Text, operation::ControllerIdentity};

use super::cip_names::{device_type, vendor_name};
use super::{NAME_LIMIT, words};
use crate::Reader;
use crate::dissect::some_text;

/// Attributes of one list that are looked at; the object has 19.
const ATTRIBUTES: usize = 24;

/// The object as Get Attributes All and List Identity give it: as far as it is there.
pub fn attributes_all(object: &[u8]) -> ControllerIdentity {
    let mut identity = ControllerIdentity::default();
    let mut reader = Reader::new(object);
    for attribute in 1..=7 {
        if read(attribute, &mut reader, &mut identity).is_none() {
            break;
        }
    }
    identity
}

/// What the answer to a request for attributes of this class says.
pub fn answer(service: u8, attribute: Option<u32>, data: &[u8]) -> ControllerIdentity {
    let mut identity = ControllerIdentity::default();
    let mut reader = Reader::new(data);
    match (service, attribute) {
        (0x01, _) => return attributes_all(data),
        (0x0e, Some(attribute)) => {
            let _ = read(attribute, &mut reader, &mut identity);
        }
        (0x03, _) => {
            let _ = list(&mut reader, &mut identity);
        }
        _ => {}
    }
    identity
}

/// Count, then number, status and value of each attribute.
fn list(reader: &mut Reader<'_>, identity: &mut ControllerIdentity) -> Option<()> {
    let count = usize::from(reader.u16_le()?).min(ATTRIBUTES);
    for _ in 0..count {
        let (attribute, status) = (reader.u16_le()?, reader.u16_le()?);
        if status == 0 {
            read(attribute.into(), reader, identity)?;
        }
    }
    Some(())
}

fn read(attribute: u32, reader: &mut Reader<'_>, identity: &mut ControllerIdentity) -> Option<()> {
    match attribute {
        1 => identity.vendor = Some(vendor_name(reader.u16_le()?)),
        2 => identity.kind = device_type(reader.u16_le()?),
        3 | 5 => reader.skip(2)?,
        4 => {
            let [major, minor] = reader.array()?;
            identity.firmware = Some(words(format_args!("{}.{minor}", major & 0x7f)));
        }
        6 => identity.serial = serial(reader.u32_le()?),
        7 => {
            let length = reader.u8()?;
            identity.product = some_text(reader.take(length.into())?, NAME_LIMIT);
        }
        _ => return None,
    }
    Some(())
}

fn serial(number: u32) -> Option<Text> {
    (number != 0).then(|| words(format_args!("{number:08x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_attributes_gives_those_that_are_there() {
        let data = [3, 0, 1, 0, 0, 0, 0xf3, 0, 9, 0, 0x14, 0, 4, 0, 0, 0, 2, 5];
        let identity = answer(0x03, None, &data);
        assert_eq!(identity.vendor.as_deref(), Some("Schneider Electric"));
        assert_eq!(identity.firmware.as_deref(), Some("2.5"));
    }

    #[test]
    fn a_name_longer_than_the_message_is_left_out() {
        let identity = attributes_all(&[1, 0, 14, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 200, b'x']);
        assert_eq!(identity.product, None);
        assert_eq!(identity.serial.as_deref(), Some("00000001"));
    }
}
