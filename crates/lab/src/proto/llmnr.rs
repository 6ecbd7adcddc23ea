//! LLMNR (RFC 4795).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::dns;
use crate::error::SiteError;
use crate::stage::{Stage, link_local};

const PORT: u16 = 5355;
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 252);
const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 3);

/// A Windows machine asks its neighbours for a name; one of them may answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LookUp {
    from: String,
    name: String,
    /// Who has the name.
    to: Option<String>,
}

impl LookUp {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, mac, _) = stage.inside(&self.from)?;
        let host = stage.host(&self.from)?;
        let (id, port) = (stage.rng.u16(), stage.next_port(host));
        let question = dns::query(&self.name, dns::A);
        let message = dns::header(id, 0, [1, 0, 0, 0]).put(&question);
        let v4 = IpAddr::V4(stage.ip_of(host));
        let ways = [(v4, IpAddr::V4(GROUP)), (IpAddr::V6(link_local(mac)), IpAddr::V6(GROUP6))];
        for (source, group) in ways {
            stage.spread(&self.from, source, (group, 1), (port, PORT), message.as_ref())?;
        }
        let Some(owner) = &self.to else { return Ok(()) };
        let mut udp = stage.udp(&self.from, owner, PORT)?;
        udp.client_port = port;
        let ip = IpAddr::V4(stage.ip_of(stage.host(owner)?));
        let record = dns::record_tail(dns::A, dns::INTERNET, 30, dns::address(ip));
        let reply = dns::header(id, 0x8000, [1, 1, 0, 0]).put(&question);
        udp.answer(stage, reply.put(dns::name(&self.name)).put(record));
        Ok(())
    }
}
