//! The air: beacons, probes and associations behind a radiotap header (IEEE 802.11-2020).

use std::time::Duration;

use cordon_model::{Mac, Timestamp};
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::capture::Frame;
use crate::rng::Rng;
use crate::span::Span;

const BEACON: u8 = 0x80;
const PROBE_REQUEST: u8 = 0x40;
const PROBE_RESPONSE: u8 = 0x50;
const ASSOCIATION: u8 = 0x00;
const WEP: u8 = 1;
const TKIP: u8 = 2;
const CCMP: u8 = 4;
const MANUFACTURER: u16 = 0x1021;
const MODEL_NAME: u16 = 0x1023;
const MODEL_NUMBER: u16 = 0x1024;
const DEVICE_NAME: u16 = 0x1011;

/// Everything that a listener hears.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Air {
    length: Span,
    /// Time between beacons of one network that the listener hears; it hops between channels.
    interval: Span,
    access_point: Vec<AccessPoint>,
    #[serde(default)]
    client: Vec<Client>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Security {
    Open,
    Wep,
    /// WPA version 1 with TKIP.
    WpaTkip,
    /// WPA and WPA2 mixed, TKIP allowed.
    Mixed,
    /// WPA2 with CCMP.
    Wpa2,
    /// WPA3 with SAE.
    Wpa3,
}

/// Protection of management frames.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Protection {
    #[default]
    None,
    Capable,
    Required,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AccessPoint {
    bssid: Mac,
    ssid: String,
    channel: u8,
    security: Security,
    #[serde(default)]
    protection: Protection,
    wps: Option<Wps>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wps {
    manufacturer: String,
    model: String,
    model_number: String,
    device_name: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Client {
    mac: Mac,
    at: Span,
    /// The network asked for; any, without.
    ssid: Option<String>,
    /// Who is associated with after the probe.
    joins: Option<Mac>,
}

/// Plays the air.
pub(crate) fn listen(air: &Air, start: Timestamp, mut rng: Rng) -> Vec<Frame> {
    let mut sent: Vec<(Duration, u8, Vec<u8>)> = Vec::new();
    for point in &air.access_point {
        let mut at = Duration::from_micros(rng.below(100_000));
        while at < air.length.0 {
            sent.push((at, point.channel, point.announce(BEACON, Mac::BROADCAST, at)));
            at += air.interval.0.max(Duration::from_millis(1))
                + Duration::from_micros(rng.below(700));
        }
    }
    for client in &air.client {
        let channel = air.access_point.first().map_or(1, |point| point.channel);
        let mut at = client.at.0;
        sent.push((at, channel, client.probe()));
        for point in &air.access_point {
            at += Duration::from_micros(2_300);
            if client.ssid.as_ref().is_none_or(|ssid| *ssid == point.ssid) {
                sent.push((at, point.channel, point.announce(PROBE_RESPONSE, client.mac, at)));
            }
            if client.joins == Some(point.bssid) {
                let later = at + Duration::from_millis(40);
                sent.push((later, point.channel, client.associate(point)));
            }
        }
    }
    sent.sort_by_key(|(at, _, _)| *at);
    let frame = |(at, channel, bytes): (Duration, u8, Vec<u8>)| Frame {
        at: start.plus(at),
        bytes: radiotap(channel, &mut rng).put(bytes).done(),
    };
    sent.into_iter().map(frame).collect()
}

/// Flags, rate, channel and signal.
fn radiotap(channel: u8, rng: &mut Rng) -> Bytes {
    let (frequency, flags) = match channel {
        0..=14 => (2407 + u16::from(channel) * 5, 0x00a0),
        _ => (5000 + u16::from(channel) * 5, 0x0140),
    };
    let signal = 200_u8.wrapping_add(u8::try_from(rng.below(12)).unwrap_or(0));
    let head = Bytes::new()
        .u16(0)
        .u16_le(15)
        .u32_le(0b10_1110)
        .put([0, if channel > 14 { 12 } else { 2 }]);
    head.u16_le(frequency).u16_le(flags).u8(signal)
}

impl AccessPoint {
    /// A beacon or probe response.
    fn announce(&self, kind: u8, to: Mac, at: Duration) -> Vec<u8> {
        let micros = u64::try_from(at.as_micros()).unwrap_or(0);
        let privacy = if self.security == Security::Open { 0 } else { 0x10 };
        let head = header(kind, to, self.bssid, self.bssid);
        let mut body = head.u64_le(88_000_000 + micros).u16_le(100).u16_le(0x0401 | privacy);
        body = element(body, 0, &self.ssid);
        body = element(body, 1, [0x82, 0x84, 0x8b, 0x96, 0x24, 0x30, 0x48, 0x6c]);
        body = element(body, 3, [self.channel]);
        if kind == BEACON {
            body = element(body, 5, [0, 1, 0, 0]);
        }
        self.protected(body).done()
    }

    fn protected(&self, body: Bytes) -> Bytes {
        let mut body = body;
        let (group, pairwise): (u8, &[u8]) = match self.security {
            Security::Open | Security::Wep | Security::WpaTkip => (WEP, &[]),
            Security::Mixed => (TKIP, &[CCMP, TKIP]),
            Security::Wpa2 | Security::Wpa3 => (CCMP, &[CCMP]),
        };
        if !pairwise.is_empty() {
            let key_management = if self.security == Security::Wpa3 { 8 } else { 2 };
            let capabilities = match self.protection {
                Protection::None => 0,
                Protection::Capable => 0x0080,
                Protection::Required => 0x00c0,
            };
            let ieee = |b: Bytes, suite: &u8| b.put([0, 0x0f, 0xac, *suite]);
            let count = u16::try_from(pairwise.len()).unwrap_or(1);
            let rsn = ieee(Bytes::new().u16_le(1), &group).u16_le(count).each(pairwise, ieee);
            let rsn = ieee(rsn.u16_le(1), &key_management).u16_le(capabilities);
            let rsn = match self.protection {
                Protection::None => rsn,
                _ => ieee(rsn.u16_le(0), &6),
            };
            body = element(body, 48, rsn);
        }
        if matches!(self.security, Security::WpaTkip | Security::Mixed) {
            let microsoft = |b: Bytes, suite: u8| b.put([0, 0x50, 0xf2, suite]);
            let wpa = microsoft(Bytes::new(), 1).u16_le(1);
            let wpa = microsoft(microsoft(wpa, TKIP).u16_le(1), TKIP).u16_le(1);
            body = element(body, 221, microsoft(wpa, 2));
        }
        if let Some(wps) = &self.wps {
            let text = |b: Bytes, kind: u16, text: &str| b.u16(kind).sized16(|b| b.put(text));
            let mut list = Bytes::new().put([0, 0x50, 0xf2, 4]);
            list = list.u16(0x104a).sized16(|b| b.u8(0x10)).u16(0x1044).sized16(|b| b.u8(2));
            list = text(list, MANUFACTURER, &wps.manufacturer);
            list = text(list, MODEL_NAME, &wps.model);
            list = text(list, MODEL_NUMBER, &wps.model_number);
            body = element(body, 221, text(list, DEVICE_NAME, &wps.device_name));
        }
        body
    }
}

impl Client {
    fn probe(&self) -> Vec<u8> {
        let head = header(PROBE_REQUEST, Mac::BROADCAST, self.mac, Mac::BROADCAST);
        self.elements(head, self.ssid.as_deref().unwrap_or_default()).done()
    }

    fn associate(&self, point: &AccessPoint) -> Vec<u8> {
        let head = header(ASSOCIATION, point.bssid, self.mac, point.bssid);
        let body = self.elements(head.u16_le(0x0431).u16_le(10), &point.ssid);
        point.protected(body).done()
    }

    fn elements(&self, body: Bytes, ssid: &str) -> Bytes {
        let body = element(body, 0, ssid);
        element(body, 1, [0x02, 0x04, 0x0b, 0x16, 0x0c, 0x12, 0x18, 0x24])
    }
}

fn header(kind: u8, to: Mac, from: Mac, bssid: Mac) -> Bytes {
    Bytes::new().put([kind, 0]).u16(0).put(to.0).put(from.0).put(bssid.0).u16(0)
}

fn element(body: Bytes, number: u8, value: impl AsRef<[u8]>) -> Bytes {
    body.u8(number).sized8(|b| b.put(value))
}
