//! ARP (RFC 826, RFC 5227).

use std::net::Ipv4Addr;

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::ethernet;
use crate::stage::Stage;

const KIND: u16 = 0x0806;
const REQUEST: u16 = 1;
const REPLY: u16 = 2;

/// A device tells everybody its address: probes, then a gratuitous request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Announce {
    from: String,
}

impl Announce {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, mac, network) = stage.inside(&self.from)?;
        let ip = stage.ip_of(stage.host(&self.from)?);
        for sender in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED, ip] {
            let body = packet(REQUEST, (mac, sender), (Mac([0; 6]), ip));
            stage.frame(ethernet(Mac::BROADCAST, mac, network.vlan, KIND, &body));
            stage.wait_millis(700);
        }
        Ok(())
    }
}

/// One asks for the other's link-layer address and gets it.
pub(crate) fn resolve(
    stage: &mut Stage<'_>,
    vlan: Option<u16>,
    asker: (Mac, Ipv4Addr),
    target: (Mac, Ipv4Addr),
) {
    let ask = packet(REQUEST, asker, (Mac([0; 6]), target.1));
    stage.frame(ethernet(Mac::BROADCAST, asker.0, vlan, KIND, &ask));
    stage.wait_millis(1);
    let answer = packet(REPLY, target, asker);
    stage.frame(ethernet(asker.0, target.0, vlan, KIND, &answer));
}

fn packet(operation: u16, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let head = Bytes::new().u16(1).u16(0x0800).u8(6).u8(4).u16(operation);
    head.put(sender.0.0).put(sender.1.octets()).put(target.0.0).put(target.1.octets()).done()
}
