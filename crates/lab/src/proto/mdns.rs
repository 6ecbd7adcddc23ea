//! mDNS and DNS service discovery (RFC 6762, RFC 6763).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::dns;
use crate::bytes::{Bytes, len16};
use crate::error::SiteError;
use crate::site::Device;
use crate::stage::{Stage, link_local};

const PORT: u16 = 5353;
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// Class bit that makes a record replace older ones.
const FLUSH: u16 = 0x8000;
const LONG: u32 = 4500;
const SHORT: u32 = 120;

/// What a device offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Responder {
    /// Host name without `.local`.
    host: String,
    #[serde(default)]
    services: Vec<Service>,
}

/// A service instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Service {
    /// Display name, a single label.
    instance: String,
    /// Such as `_ipp._tcp`.
    service: String,
    port: u16,
    #[serde(default)]
    txt: Vec<String>,
}

/// A device announces its name and services, unasked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Announce {
    from: String,
    #[serde(default)]
    ipv6: bool,
}

/// A device looks for a service; whoever on its segment has it answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Browse {
    from: String,
    service: String,
}

impl Announce {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let device = stage.device(&self.from)?;
        let none = || SiteError::new(format!("device {:?} needs an `mdns` table", self.from));
        let responder = device.mdns.as_ref().ok_or_else(none)?;
        let services: Vec<&Service> = responder.services.iter().collect();
        let message = response(stage, device, responder, &services)?;
        for _ in 0..2 {
            send(stage, &self.from, self.ipv6, message.as_ref())?;
            stage.wait_millis(1000);
        }
        Ok(())
    }
}

impl Browse {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, _, network) = stage.inside(&self.from)?;
        let asked = format!("{}.local", self.service);
        let question = dns::header(0, 0, [1, 0, 0, 0]).put(dns::query(&asked, dns::PTR));
        send(stage, &self.from, false, question.as_ref())?;
        for device in &stage.site.devices {
            let Some(responder) = &device.mdns else { continue };
            let wanted = |service: &&Service| service.service == self.service;
            let services: Vec<&Service> = responder.services.iter().filter(wanted).collect();
            let here = device.network.as_deref() == Some(network.name.as_str());
            if here && !services.is_empty() && device.name != self.from {
                stage.wait_millis(35);
                let message = response(stage, device, responder, &services)?;
                send(stage, &device.name, false, message.as_ref())?;
            }
        }
        Ok(())
    }
}

fn response(
    stage: &Stage<'_>,
    device: &Device,
    responder: &Responder,
    services: &[&Service],
) -> Result<Bytes, SiteError> {
    let (_, mac, _) = stage.inside(&device.name)?;
    let host = dns::name(&format!("{}.local", responder.host));
    let class = dns::INTERNET;
    let mut body = Bytes::new();
    let mut answers = 0usize;
    for service in services {
        let kind = dns::name(&format!("{}.local", service.service));
        let instance = Bytes::new().sized8(|b| b.put(&service.instance)).put(&kind);
        let target = Bytes::new().u16(0).u16(0).u16(service.port).put(&host);
        let texts = if service.txt.is_empty() {
            Bytes::new().u8(0)
        } else {
            Bytes::new().each(&service.txt, |b, text| b.sized8(|b| b.put(text)))
        };
        body = body.put(&kind).put(dns::record_tail(dns::PTR, class, LONG, &instance));
        body = body.put(&instance).put(dns::record_tail(dns::SRV, class | FLUSH, SHORT, target));
        body = body.put(&instance).put(dns::record_tail(dns::TXT, class | FLUSH, LONG, texts));
        answers += 3;
    }
    let v4 = IpAddr::V4(stage.ip_of(stage.host(&device.name)?));
    for (kind, ip) in [(dns::A, v4), (dns::AAAA, IpAddr::V6(link_local(mac)))] {
        let tail = dns::record_tail(kind, class | FLUSH, SHORT, dns::address(ip));
        body = body.put(&host).put(tail);
        answers += 1;
    }
    Ok(dns::header(0, 0x8400, [0, len16(answers), 0, 0]).put(body))
}

fn send(stage: &mut Stage<'_>, from: &str, v6: bool, message: &[u8]) -> Result<(), SiteError> {
    let (_, mac, _) = stage.inside(from)?;
    let (source, group) = if v6 {
        (IpAddr::V6(link_local(mac)), IpAddr::V6(GROUP6))
    } else {
        (IpAddr::V4(stage.ip_of(stage.host(from)?)), IpAddr::V4(GROUP))
    };
    stage.spread(from, source, (group, 255), (PORT, PORT), message)
}
