//! DHCPv6 (RFC 8415).

use std::net::{IpAddr, Ipv6Addr};

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::{Ip, udp};
use crate::stage::{Stage, group_mac, link_local};

const SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
const CLIENT_PORT: u16 = 546;
const SERVER_PORT: u16 = 547;

/// A device gets its `ip6` from the router.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Lease {
    from: String,
    /// Enterprise number and vendor class of the client.
    class: Option<(u32, String)>,
}

impl Lease {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (device, mac, network) = stage.inside(&self.from)?;
        let (_, router, _) = stage.inside(&network.router)?;
        let none = || SiteError::new(format!("device {:?} needs an `ip6`", self.from));
        let address = device.ip6.ok_or_else(none)?;
        let hostname = device.dhcp.as_ref().and_then(|dhcp| dhcp.hostname.as_deref());
        let transaction = stage.rng.u32();
        let client_id = duid(mac);
        let server_id = duid(router);
        for (asks, answers) in [(1, 2), (3, 7)] {
            let mut ask = option(head(asks, transaction), 1, &client_id);
            let mut answer = option(head(answers, transaction), 1, &client_id);
            answer = option(answer, 2, &server_id);
            if asks == 3 {
                ask = option(ask, 2, &server_id);
            }
            ask = option(ask, 8, Bytes::new().u16(0));
            let given =
                option(Bytes::new(), 5, Bytes::new().put(address.octets()).u32(7200).u32(14_400));
            let association = Bytes::new().u32(1).u32(3600).u32(5400);
            ask = option(
                ask,
                3,
                if asks == 3 { association.clone().put(&given) } else { association.clone() },
            );
            answer = option(answer, 3, association.put(&given));
            if let Some(name) = hostname {
                ask = option(ask, 39, Bytes::new().u8(0).sized8(|b| b.put(name)));
            }
            if let Some((enterprise, class)) = &self.class {
                ask = option(ask, 16, Bytes::new().u32(*enterprise).sized16(|b| b.put(class)));
            }
            ask = option(ask, 6, Bytes::new().u16(17).u16(23).u16(24).u16(39));
            send(
                stage,
                network.vlan,
                (mac, CLIENT_PORT),
                (SERVERS, group_mac(IpAddr::V6(SERVERS)), SERVER_PORT),
                &ask,
            );
            stage.wait_millis(5);
            send(
                stage,
                network.vlan,
                (router, SERVER_PORT),
                (link_local(mac), mac, CLIENT_PORT),
                &answer,
            );
            stage.wait_millis(60);
        }
        Ok(())
    }
}

fn head(kind: u8, transaction: u32) -> Bytes {
    Bytes::new().u8(kind).u24(transaction)
}

fn option(bytes: Bytes, code: u16, value: impl AsRef<[u8]>) -> Bytes {
    bytes.u16(code).sized16(|b| b.put(value))
}

/// DUID-LL: the link-layer address.
fn duid(mac: Mac) -> Bytes {
    Bytes::new().u16(3).u16(1).put(mac.0)
}

fn send(
    stage: &mut Stage<'_>,
    vlan: Option<u16>,
    from: (Mac, u16),
    to: (Ipv6Addr, Mac, u16),
    message: &Bytes,
) {
    let (source, target) = (IpAddr::V6(link_local(from.0)), IpAddr::V6(to.0));
    let ip = Ip { from: source, to: target, ttl: 64, protocol: 17, id: 0, alert: false };
    let datagram = udp(&ip, from.1, to.2, message.as_ref());
    stage.packet(vlan, from.0, to.1, &ip, &datagram);
}
