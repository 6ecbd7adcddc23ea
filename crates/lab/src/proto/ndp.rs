//! IPv6 neighbour discovery (RFC 4861) and MLDv2 reports (RFC 3810).

use std::net::{IpAddr, Ipv6Addr};

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::{Bytes, patch16};
use crate::error::SiteError;
use crate::net::Ip;
use crate::stage::{Stage, group_mac, link_local};

const SOLICIT_ROUTER: u8 = 133;
const ADVERTISE_ROUTER: u8 = 134;
const SOLICIT: u8 = 135;
const ADVERTISE: u8 = 136;
const REPORT: u8 = 143;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const ALL_MLD_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

/// A device starts IPv6: group membership, duplicate detection, and the router's answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Join {
    from: String,
}

impl Join {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (device, mac, network) = stage.inside(&self.from)?;
        let (_, router, _) = stage.inside(&network.router)?;
        let (own, vlan) = (link_local(mac), network.vlan);
        let solicited = solicited_node(own);
        let record = Bytes::new().u8(4).u8(0).u16(0).put(solicited.octets());
        let report = Bytes::new().u16(0).u16(1).put(record);
        let nobody = Ipv6Addr::UNSPECIFIED;
        message(stage, vlan, mac, (nobody, ALL_MLD_ROUTERS), REPORT, report);
        message(
            stage,
            vlan,
            mac,
            (nobody, solicited),
            SOLICIT,
            Bytes::new().u32(0).put(own.octets()),
        );
        stage.wait_millis(1000);
        let ask = Bytes::new().u32(0).put([1, 1]).put(mac.0);
        message(stage, vlan, mac, (own, ALL_ROUTERS), SOLICIT_ROUTER, ask);
        let Some(prefix) = network.ipv6 else { return Ok(()) };
        stage.wait_millis(40);
        let advert = advertisement(prefix, router);
        message(stage, vlan, router, (link_local(router), ALL_NODES), ADVERTISE_ROUTER, advert);
        if let Some(ip) = device.ip6 {
            stage.wait_millis(300);
            let probe = Bytes::new().u32(0).put(ip.octets());
            message(stage, vlan, mac, (nobody, solicited_node(ip)), SOLICIT, probe);
        }
        Ok(())
    }
}

fn advertisement(prefix: Ipv6Addr, router: Mac) -> Bytes {
    let lifetimes = Bytes::new().u8(64).u8(0x40).u16(1800).u32(0).u32(0);
    let prefix_option =
        Bytes::new().put([3, 4, 64, 0xc0]).u32(86_400).u32(14_400).u32(0).put(prefix.octets());
    lifetimes.put(prefix_option).put([5, 1, 0, 0]).u32(1500).put([1, 1]).put(router.0)
}

/// One asks for the other's link-layer address and gets it.
pub(crate) fn resolve(
    stage: &mut Stage<'_>,
    vlan: Option<u16>,
    asker: (Mac, Ipv6Addr),
    target: (Mac, Ipv6Addr),
    is_router: bool,
) {
    let wanted = target.1.octets();
    let ask = Bytes::new().u32(0).put(wanted).put([1, 1]).put(asker.0.0);
    message(stage, vlan, asker.0, (asker.1, solicited_node(target.1)), SOLICIT, ask);
    stage.wait_millis(1);
    let flags = if is_router { 0xe000_0000 } else { 0x6000_0000 };
    let answer = Bytes::new().u32(flags).put(wanted).put([2, 1]).put(target.0.0);
    let (ip, body) = icmpv6((target.1, asker.1), ADVERTISE, answer);
    stage.packet(vlan, target.0, asker.0, &ip, &body);
}

fn solicited_node(ip: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = ip.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

fn message(
    stage: &mut Stage<'_>,
    vlan: Option<u16>,
    mac: Mac,
    ends: (Ipv6Addr, Ipv6Addr),
    kind: u8,
    body: Bytes,
) {
    let (ip, body) = icmpv6(ends, kind, body);
    stage.packet(vlan, mac, group_mac(ip.to), &ip, &body);
}

fn icmpv6(ends: (Ipv6Addr, Ipv6Addr), kind: u8, body: Bytes) -> (Ip, Vec<u8>) {
    let mut message = Bytes::new().u8(kind).u8(0).u16(0).put(body).done();
    let ip = Ip {
        from: IpAddr::V6(ends.0),
        to: IpAddr::V6(ends.1),
        ttl: if kind == REPORT { 1 } else { 255 },
        protocol: 58,
        id: 0,
        alert: kind == REPORT,
    };
    patch16(&mut message, 2, 0);
    ip.sum(&mut message, 2);
    (ip, message)
}
