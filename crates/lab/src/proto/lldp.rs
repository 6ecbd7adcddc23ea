//! LLDP (IEEE 802.1AB) with the LLDP-MED inventory (TIA-1057).

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::ethernet;
use crate::stage::Stage;

const NEAREST_BRIDGE: Mac = Mac([1, 0x80, 0xc2, 0, 0, 0x0e]);

/// What a device says of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Inventory {
    port: String,
    name: String,
    description: String,
    /// Enabled capabilities, by their bits.
    capabilities: u16,
    /// LLDP-MED inventory by subtype: 5 hardware, 6 firmware, 7 software, 8 serial, 9
    /// manufacturer, 10 model.
    #[serde(default)]
    med: Vec<(u8, String)>,
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
        let none = || SiteError::new(format!("device {:?} needs an `lldp` table", self.from));
        let inventory = device.lldp.as_ref().ok_or_else(none)?;
        let address = device.ip.octets();
        let mut body = Bytes::new();
        body = tlv(body, 1, Bytes::new().u8(4).put(mac.0));
        body = tlv(body, 2, Bytes::new().u8(5).put(&inventory.port));
        body = tlv(body, 3, Bytes::new().u16(120));
        body = tlv(body, 4, Bytes::new().put(&inventory.port));
        body = tlv(body, 5, Bytes::new().put(&inventory.name));
        body = tlv(body, 6, Bytes::new().put(&inventory.description));
        body = tlv(body, 7, Bytes::new().u16(inventory.capabilities).u16(inventory.capabilities));
        let management = Bytes::new().sized8(|b| b.u8(1).put(address)).u8(2).u32(1).u8(0);
        body = tlv(body, 8, management);
        if !inventory.med.is_empty() {
            body = tlv(body, 127, Bytes::new().u24(0x00_12bb).put([1, 0x00, 0x33, 3]));
        }
        for (subtype, text) in &inventory.med {
            body = tlv(body, 127, Bytes::new().u24(0x00_12bb).u8(*subtype).put(text));
        }
        let body = body.u16(0);
        stage.frame(ethernet(NEAREST_BRIDGE, mac, None, 0x88cc, body.as_ref()));
        Ok(())
    }
}

fn tlv(body: Bytes, kind: u16, value: Bytes) -> Bytes {
    let length = u16::try_from(value.len()).unwrap_or(511).min(511);
    body.u16(kind << 9 | length).put(value)
}
