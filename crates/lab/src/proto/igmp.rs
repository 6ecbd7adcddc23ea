//! IGMPv2 (RFC 2236).

use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use crate::bytes::{Bytes, checksum, patch16};
use crate::error::SiteError;
use crate::net::Ip;
use crate::stage::{Stage, group_mac};

/// A device joins a group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Join {
    from: String,
    group: Ipv4Addr,
}

/// A router or switch asks who is in which group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Query {
    from: String,
}

impl Join {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        send(stage, &self.from, 0x16, 0, self.group, self.group)
    }
}

impl Query {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let everybody = Ipv4Addr::new(224, 0, 0, 1);
        send(stage, &self.from, 0x11, 100, Ipv4Addr::UNSPECIFIED, everybody)
    }
}

fn send(
    stage: &mut Stage<'_>,
    from: &str,
    kind: u8,
    wait: u8,
    group: Ipv4Addr,
    to: Ipv4Addr,
) -> Result<(), SiteError> {
    let (_, mac, network) = stage.inside(from)?;
    let host = stage.host(from)?;
    let mut body = Bytes::new().u8(kind).u8(wait).u16(0).put(group.octets()).done();
    let sum = checksum(&[&body]);
    patch16(&mut body, 2, sum);
    let (source, to) = (IpAddr::V4(stage.ip_of(host)), IpAddr::V4(to));
    let id = stage.next_id(host);
    let ip = Ip { from: source, to, ttl: 1, protocol: 2, id, alert: true };
    stage.packet(network.vlan, mac, group_mac(to), &ip, &body);
    Ok(())
}
