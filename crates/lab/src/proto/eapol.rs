//! 802.1X (IEEE 802.1X-2020) with an EAP identity (RFC 3748).

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::ethernet;
use crate::stage::Stage;

const GROUP: Mac = Mac([1, 0x80, 0xc2, 0, 0, 3]);

/// A device asks the switch to let it in and says who it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Start {
    from: String,
    /// The switch.
    to: String,
    identity: String,
}

impl Start {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, device, _) = stage.inside(&self.from)?;
        let (_, switch, _) = stage.inside(&self.to)?;
        let mut send = |to: Mac, from: Mac, kind: u8, body: Bytes| {
            let packet = Bytes::new().u8(1).u8(kind).sized16(|b| b.put(body));
            stage.frame(ethernet(to, from, None, 0x888e, packet.as_ref()));
            stage.wait_millis(12);
        };
        let eap = |code: u8, id: u8, data: &[u8]| {
            let length = u16::try_from(data.len() + 4).unwrap_or(u16::MAX);
            Bytes::new().u8(code).u8(id).u16(length).put(data)
        };
        let identity = Bytes::new().u8(1).put(&self.identity);
        send(GROUP, device, 1, Bytes::new());
        send(device, switch, 0, eap(1, 1, &[1]));
        send(GROUP, device, 0, eap(2, 1, identity.as_ref()));
        Ok(())
    }
}
