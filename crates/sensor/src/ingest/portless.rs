//! IP without ports: ICMP, IGMP, tunnels, and whatever else has a protocol number.

use cordon_model::flow::{Ends, TcpFlags};
use cordon_model::{App, LinkType, Transport};
use cordon_wire::ip::{Ip, protocol};
use cordon_wire::link::{Link, Payload};
use cordon_wire::{Out, transport};

use super::{Here, MAX_TUNNELS, Sensor, Sink, known};
use crate::community::counterpart;
use crate::coverage::Unknown;
use crate::key::{Direction, Key};

impl Sensor {
    pub(super) fn icmp(&mut self, here: &Here, ip: &Ip<'_>, sink: &mut impl Sink) {
        let v6 = ip.protocol == protocol::ICMPV6;
        let (transport, app) =
            if v6 { (Transport::Icmpv6, App::Icmpv6) } else { (Transport::Icmp, App::Icmp) };
        let Some(kind) = ip.payload.first().map(|kind| u16::from(*kind)) else {
            self.coverage.malformed += 1;
            return;
        };
        // A request and its answer are one conversation, named by the request.
        let answer = counterpart(transport, kind);
        let asked = answer.map_or(kind, |other| if v6 { kind.min(other) } else { kind.max(other) });
        let slot_direction = self.plain_flow(here, ip, transport, asked, kind == asked, sink);
        self.coverage.flowless(app);
        if v6 {
            let mut out = Out::new(&self.key, &mut self.said);
            match kind {
                130..=132 | 143 => {
                    known(cordon_wire::group::mld(ip.payload, &mut out), &mut self.coverage)
                }
                133..=137 => {
                    known(cordon_wire::ndp::dissect(ip.payload, &mut out), &mut self.coverage)
                }
                _ => {}
            }
        }
        if !self.said.is_empty()
            && let Some((slot, direction)) = slot_direction
        {
            self.tell_flow(here, slot, direction, ((ip.from, asked), (ip.to, asked)), sink);
        }
    }

    pub(super) fn other_ip(&mut self, here: &Here, ip: &Ip<'_>, number: u8, sink: &mut impl Sink) {
        let slot_direction = self.plain_flow(here, ip, Transport::Ip(number), 0, true, sink);
        let inner = match number {
            protocol::GRE => transport::gre(ip.payload),
            protocol::IPV4 | protocol::IPV6 => Some((Link::default(), Payload::Ip(ip.payload))),
            _ => None,
        };
        if number == protocol::IGMP {
            self.coverage.flowless(App::Igmp);
            known(
                cordon_wire::group::igmp(ip.payload, &mut Out::new(&self.key, &mut self.said)),
                &mut self.coverage,
            );
            if let Some((slot, direction)) = slot_direction {
                self.tell_flow(here, slot, direction, ((ip.from, 0), (ip.to, 0)), sink);
            }
            return;
        }
        match inner {
            Some(inner) if here.tunnelled < MAX_TUNNELS => self.tunnel(here, inner, sink),
            _ => self.coverage.not_decoded(Unknown::Ip(number)),
        }
    }

    pub(super) fn tunnel(
        &mut self,
        here: &Here,
        (link, payload): (Link, Payload<'_>),
        sink: &mut impl Sink,
    ) {
        let here = Here { link, tunnelled: here.tunnelled + 1, ..*here };
        match payload {
            Payload::Ip(data) => self.network(&here, data, sink),
            Payload::Arp(data) => self.arp(&here, data, sink),
            Payload::Wlan(data) => self.wlan(&here, LinkType::IEEE802_11, data, sink),
            _ => {}
        }
    }

    /// Counts a packet in a flow without ports; `asks` where it is the client's.
    fn plain_flow(
        &mut self,
        here: &Here,
        ip: &Ip<'_>,
        transport: Transport,
        port: u16,
        asks: bool,
        sink: &mut impl Sink,
    ) -> Option<(u32, Direction)> {
        let (key, direction) =
            Key::of((ip.from, port), (ip.to, port), transport, here.link.vlan, here.tunnelled > 0);
        let found = self.table.find(&key);
        let slot = found.unwrap_or_else(|| self.open(here, key, transport, sink));
        let entry = self.table.get(slot)?;
        if found.is_none() {
            entry.client = if asks { direction } else { direction.other() };
            entry.ends = Ends::Roles;
        }
        entry.count(&here.step(direction, ip.payload.len(), TcpFlags::default()));
        Some((slot, direction))
    }
}
