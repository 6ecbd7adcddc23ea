//! Cisco Discovery Protocol, version 2.

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::{Bytes, checksum, len16, patch16};
use crate::error::SiteError;
use crate::net::llc;
use crate::stage::Stage;

const GROUP: Mac = Mac([1, 0, 0x0c, 0xcc, 0xcc, 0xcc]);

/// What a device says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Inventory {
    device: String,
    platform: String,
    software: String,
    port: String,
    /// Bit 0 router, 1 bridge, 3 switch, 4 host, 7 phone.
    capabilities: u32,
    native_vlan: Option<u16>,
}

/// One announcement.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Send {
    from: String,
}

impl Send {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (device, mac, _) = stage.inside(&self.from)?;
        let none = || SiteError::new(format!("device {:?} needs a `cdp` table", self.from));
        let inventory = device.cdp.as_ref().ok_or_else(none)?;
        let address = Bytes::new().u32(1).put([1, 1, 0xcc]).sized16(|b| b.put(device.ip.octets()));
        let mut body = Bytes::new().u8(2).u8(180).u16(0);
        body = tlv(body, 1, &inventory.device);
        body = tlv(body, 2, address);
        body = tlv(body, 3, &inventory.port);
        body = tlv(body, 4, inventory.capabilities.to_be_bytes());
        body = tlv(body, 5, &inventory.software);
        body = tlv(body, 6, &inventory.platform);
        if let Some(vlan) = inventory.native_vlan {
            body = tlv(body, 10, vlan.to_be_bytes());
        }
        let mut body = tlv(body, 11, [1]).done();
        let sum = cisco_checksum(&body);
        patch16(&mut body, 2, sum);
        stage.frame(llc(GROUP, mac, 0x00_000c, 0x2000, &body));
        Ok(())
    }
}

fn tlv(body: Bytes, kind: u16, value: impl AsRef<[u8]>) -> Bytes {
    body.u16(kind).u16(len16(4 + value.as_ref().len())).put(value)
}

/// As the Internet checksum, but Cisco sums a last odd byte as the low half of its word.
fn cisco_checksum(body: &[u8]) -> u16 {
    match body.split_last() {
        Some((last, even)) if body.len() % 2 == 1 => checksum(&[even, &[0, *last]]),
        _ => checksum(&[body]),
    }
}
