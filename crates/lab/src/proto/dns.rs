//! DNS messages (RFC 1035), also for mDNS, LLMNR and NetBIOS.

use std::net::IpAddr;

use serde::Deserialize;

use crate::bytes::{Bytes, len16};
use crate::error::SiteError;
use crate::stage::Stage;

pub(crate) const A: u16 = 1;
pub(crate) const PTR: u16 = 12;
pub(crate) const TXT: u16 = 16;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SRV: u16 = 33;
pub(crate) const INTERNET: u16 = 1;
/// The name that stands right behind the header, by pointer.
const FIRST_NAME: u16 = 0xc00c;

/// A look-up beside those that every connection makes by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LookUp {
    from: String,
    name: String,
    /// Addresses in the answer; none means that there is no such name.
    #[serde(default)]
    answer: Vec<IpAddr>,
}

impl LookUp {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        resolve(stage, &self.from, &self.name, &self.answer)
    }
}

/// Asks the network's resolver for the IPv4 addresses, and for the IPv6 ones if there are any.
pub(crate) fn resolve(
    stage: &mut Stage<'_>,
    from: &str,
    name: &str,
    answer: &[IpAddr],
) -> Result<(), SiteError> {
    let (_, _, network) = stage.inside(from)?;
    let resolver = network.dns.clone();
    for (kind, v6) in [(A, false), (AAAA, true)] {
        let addresses: Vec<_> = answer.iter().filter(|ip| ip.is_ipv6() == v6).collect();
        if v6 && addresses.is_empty() {
            continue;
        }
        let udp = stage.udp(from, &resolver, 53)?;
        let id = stage.rng.u16();
        let question = query(name, kind);
        udp.ask(stage, header(id, 0x0100, [1, 0, 0, 0]).put(&question));
        stage.wait_millis(11);
        let flags = if answer.is_empty() { 0x8183 } else { 0x8180 };
        let count = len16(addresses.len());
        let reply = header(id, flags, [1, count, 0, 0]).put(&question);
        let reply = reply.each(&addresses, |bytes, ip| {
            bytes.u16(FIRST_NAME).put(record_tail(kind, INTERNET, 300, address(**ip)))
        });
        udp.answer(stage, reply);
        stage.wait_millis(1);
    }
    Ok(())
}

/// The twelve bytes of a header; counts of questions, answers, authorities and additionals.
pub(crate) fn header(id: u16, flags: u16, counts: [u16; 4]) -> Bytes {
    Bytes::new().u16(id).u16(flags).each(counts, Bytes::u16)
}

/// A question of the Internet class.
pub(crate) fn query(asked: &str, kind: u16) -> Bytes {
    Bytes::new().put(name(asked)).u16(kind).u16(INTERNET)
}

/// A name without compression; labels are split at dots.
pub(crate) fn name(text: &str) -> Bytes {
    let labels = text.split('.').filter(|label| !label.is_empty());
    labels.fold(Bytes::new(), |bytes, label| bytes.sized8(|b| b.put(label))).u8(0)
}

/// Everything of a record behind its name.
pub(crate) fn record_tail(kind: u16, class: u16, ttl: u32, data: impl AsRef<[u8]>) -> Bytes {
    Bytes::new().u16(kind).u16(class).u32(ttl).sized16(|b| b.put(data))
}

pub(crate) fn address(ip: IpAddr) -> Bytes {
    match ip {
        IpAddr::V4(ip) => Bytes::new().put(ip.octets()),
        IpAddr::V6(ip) => Bytes::new().put(ip.octets()),
    }
}
