//! What lies right behind the link header: ARP, 802.1X, LLDP, CDP, Wi-Fi.

use cordon_model::{App, LinkType, Mac, Party};
use cordon_wire::Out;
use cordon_wire::link::{self, Link, Payload};
use cordon_wire::wlan::{self, WlanFrame};

use super::{Here, Sensor, Sink, known};
use crate::coverage::Unknown;

impl Sensor {
    pub(super) fn beside_ip(
        &mut self,
        here: &Here,
        link_type: LinkType,
        payload: Payload<'_>,
        sink: &mut impl Sink,
    ) {
        match payload {
            Payload::Ip(_) => {}
            Payload::Arp(data) => self.arp(here, data, sink),
            Payload::Eapol(data) => {
                self.control(here, App::Eapol, cordon_wire::eapol::dissect, data, sink)
            }
            Payload::Lldp(data) => {
                self.control(here, App::Lldp, cordon_wire::lldp::dissect, data, sink)
            }
            Payload::Cdp(data) => {
                self.control(here, App::Cdp, cordon_wire::cdp::dissect, data, sink)
            }
            Payload::Wlan(data) => self.wlan(here, link_type, data, sink),
            Payload::Llc(to, from) => self.coverage.not_decoded(Unknown::Llc(to, from)),
            Payload::Other(kind) => self.coverage.not_decoded(Unknown::EtherType(kind)),
            Payload::Malformed => self.coverage.malformed += 1,
            Payload::UnknownLink => self.coverage.not_decoded(Unknown::Link(link_type.0)),
        }
    }

    pub(super) fn arp(&mut self, here: &Here, data: &[u8], sink: &mut impl Sink) {
        self.control(here, App::Arp, cordon_wire::arp::dissect, data, sink);
    }

    /// A protocol right behind the link header.
    fn control(
        &mut self,
        here: &Here,
        app: App,
        dissect: fn(&[u8], &mut Out<'_>) -> bool,
        data: &[u8],
        sink: &mut impl Sink,
    ) {
        self.coverage.flowless(app);
        known(dissect(data, &mut Out::new(&self.key, &mut self.said)), &mut self.coverage);
        self.tell(
            here,
            None,
            here.party(here.link.from, None),
            here.party(here.link.to, None),
            sink,
        );
    }

    pub(super) fn wlan(
        &mut self,
        here: &Here,
        link_type: LinkType,
        data: &[u8],
        sink: &mut impl Sink,
    ) {
        let Some(frame) = wlan::strip_header(link_type, data) else {
            self.coverage.malformed += 1;
            return;
        };
        match wlan::frame(frame, &mut Out::new(&self.key, &mut self.said)) {
            WlanFrame::Management => {
                self.coverage.flowless(App::Wlan);
                let from = frame.get(10..16).and_then(|mac| mac.try_into().ok()).map(Mac);
                self.tell(here, None, here.party(from, None), Party::default(), sink);
            }
            WlanFrame::Data(inner) => {
                let mut link = Link { from: Some(inner.src), to: Some(inner.dst), vlan: None };
                let payload = link::network(inner.ethertype, inner.payload, &mut link);
                let here = Here { link, ..*here };
                match payload {
                    Payload::Ip(data) => self.network(&here, data, sink),
                    Payload::Wlan(_) => {}
                    other => self.beside_ip(&here, link_type, other, sink),
                }
            }
            WlanFrame::Protected { .. } => self.coverage.wlan_protected += 1,
            WlanFrame::Control => {}
            WlanFrame::Malformed => self.coverage.malformed += 1,
        }
    }
}
