//! NetBIOS name service (RFC 1002).

use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use super::dns;
use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::stage::Stage;

const PORT: u16 = 137;
const NB: u16 = 32;
const NBSTAT: u16 = 33;
const WORKSTATION: u8 = 0x00;
const SERVER: u8 = 0x20;

/// A Windows machine or its like claims its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Register {
    from: String,
    name: String,
}

/// One asks another for all its names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Status {
    from: String,
    to: String,
    name: String,
    workgroup: String,
}

impl Register {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, _, network) = stage.inside(&self.from)?;
        let ip = stage.ip_of(stage.host(&self.from)?);
        let host_bits = u32::MAX.checked_shr(u32::from(network.prefix)).unwrap_or(0);
        let everybody = IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() | host_bits));
        for suffix in [WORKSTATION, SERVER] {
            let id = stage.rng.u16();
            let question = encoded(&self.name, suffix).u16(NB).u16(dns::INTERNET);
            let data = Bytes::new().u16(0).put(ip.octets());
            let record = Bytes::new().u16(0xc00c).put(dns::record_tail(NB, 1, 300_000, data));
            let message = dns::header(id, 0x2910, [1, 0, 0, 1]).put(question).put(record);
            let source = IpAddr::V4(ip);
            stage.spread(&self.from, source, (everybody, 128), (PORT, PORT), message.as_ref())?;
            stage.wait_millis(750);
        }
        Ok(())
    }
}

impl Status {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, mac, _) = stage.inside(&self.to)?;
        let mut udp = stage.udp(&self.from, &self.to, PORT)?;
        udp.client_port = PORT;
        let id = stage.rng.u16();
        let any = Bytes::new().u8(32).put("CK").put("A".repeat(30)).u8(0);
        udp.ask(stage, dns::header(id, 0, [1, 0, 0, 0]).put(&any).u16(NBSTAT).u16(1));
        let names = [
            (&self.name, WORKSTATION, 0x0400),
            (&self.workgroup, WORKSTATION, 0x8400),
            (&self.name, SERVER, 0x0400),
        ];
        let list = Bytes::new().u8(3).each(names, |bytes, (name, suffix, flags)| {
            bytes.put(padded(name)).u8(suffix).u16(flags)
        });
        let data = list.put(mac.0).zeros(40);
        let reply = dns::header(id, 0x8400, [0, 1, 0, 0]).put(any);
        udp.answer(stage, reply.put(dns::record_tail(NBSTAT, 1, 0, data)));
        Ok(())
    }
}

/// Upper case, filled with blanks to fifteen bytes.
fn padded(name: &str) -> Vec<u8> {
    let mut bytes = name.to_ascii_uppercase().into_bytes();
    bytes.resize(15, b' ');
    bytes
}

/// First-level encoding: every half byte becomes a letter from A.
fn encoded(name: &str, suffix: u8) -> Bytes {
    let mut bytes = padded(name);
    bytes.push(suffix);
    let letters = bytes.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    Bytes::new().sized8(|b| b.put(letters.collect::<Vec<u8>>())).u8(0)
}
