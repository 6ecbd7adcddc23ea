//! How often a device did what; the counters become tokens when it is scored.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::device::{KindSeen, Way};
use super::kind::{Arp, ServicePort};
use super::token::{Part, TokenSet};

/// Services and DHCP messages counted one by one.
const MOST_SERVICES: usize = 192;

/// Counters of one device.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    pub all: u32,
    pub sent: u32,
    pub received: u32,
    /// Sent to one, to a group, to all.
    pub cast: [u32; 3],
    pub flows_tcp: u32,
    pub flows_udp: u32,
    pub syn: u32,
    pub reset_sent: u32,
    pub reset_received: u32,
    pub dns_questions: u32,
    pub ipv6: u32,
    arp: [u32; 8],
    dhcp: HashMap<u8, u32, FixedState>,
    flows: HashMap<ServicePort, u32, FixedState>,
}

impl Counters {
    pub(super) fn frame(&mut self, way: Way) {
        self.all += 1;
        if way.sent {
            self.sent += 1;
            if let Some(count) = self.cast.get_mut(way.cast as usize) {
                *count += 1;
            }
        } else {
            self.received += 1;
        }
    }

    pub(super) fn arp(&mut self, way: Way, arp: Arp) {
        let index = arp as usize + if way.sent { 0 } else { 4 };
        if let Some(count) = self.arp.get_mut(index) {
            *count += 1;
        }
    }

    pub(super) fn dhcp(&mut self, message: u8) {
        *self.dhcp.entry(message).or_default() += 1;
    }

    pub(super) fn flow(&mut self, service: ServicePort) {
        if service.tcp {
            self.flows_tcp += 1
        } else {
            self.flows_udp += 1
        }
        if self.flows.len() < MOST_SERVICES || self.flows.contains_key(&service) {
            *self.flows.entry(service).or_default() += 1;
        }
    }

    /// Adds a token per counter, by octaves, and the shares of what is sent to many.
    pub(super) fn tokens(&self, kinds: &[KindSeen], peers: usize, into: &mut TokenSet) {
        let [_, _, requests_sent, ..] = self.arp;
        let mut writer = Writer { into, text: Vec::new(), counters: 0 };
        for (key, count) in [
            ("castu", self.cast[0]),
            ("rsts", self.reset_sent),
            ("rstr", self.reset_received),
            ("v6", self.ipv6),
        ] {
            writer.counter(&[Part::S(key)], count);
        }
        // Of these, none at all says something too.
        for (key, count) in [
            ("all", self.all),
            ("s", self.sent),
            ("r", self.received),
            ("castb", self.cast[2]),
            ("castm", self.cast[1]),
            ("flows_tcp", self.flows_tcp),
            ("flows_udp", self.flows_udp),
            ("dnsq", self.dns_questions),
            ("syn", self.syn),
            ("arp_sreq", requests_sent),
        ] {
            if count == 0 {
                writer.number(&[Part::S(key)], 0);
            }
            writer.counter(&[Part::S(key)], count);
        }
        let mut multicast_dns = false;
        for seen in kinds {
            let kind = Part::Kind(seen.kind);
            writer.counter(&[kind], seen.sent + seen.received);
            writer.counter(&[Part::S("s"), kind], seen.sent);
            writer.counter(&[Part::S("r"), kind], seen.received);
            multicast_dns |= seen.kind == super::kind::MDNS_CLIENT;
        }
        if !multicast_dns {
            writer.number(&[Part::S("udp>5353")], 0);
        }
        let arps = Arp::ALL
            .map(|arp| ("arp_s", arp))
            .into_iter()
            .chain(Arp::ALL.map(|arp| ("arp_r", arp)));
        for (index, ((way, arp), count)) in arps.zip(self.arp).enumerate() {
            // Requests sent are among the above.
            if index != Arp::Request as usize {
                writer.counter(&[Part::S(way), Part::S(arp.name())], count);
            }
        }
        for (message, count) in &self.dhcp {
            writer.counter(&[Part::S("dhcp"), Part::N(u64::from(*message))], *count);
        }
        for (service, count) in &self.flows {
            let mut port = Vec::new();
            service.write_port(&mut port);
            let key = [
                Part::S("fl_"),
                Part::S(service.transport()),
                Part::S(service.side()),
                Part::B(&port),
            ];
            writer.counter(&key, *count);
        }
        let kinds = writer.counters;
        writer.number(&[Part::S("peers")], octave(peers as u32));
        writer.number(&[Part::S("kinds")], octave(kinds));
        for (key, count) in [("s", self.sent), ("castb", self.cast[2]), ("castm", self.cast[1])] {
            let share = f64::from(8 * count) / f64::from(self.all.max(1));
            let text = [b"R:".as_slice(), key.as_bytes(), b":"].concat();
            writer.text = text;
            Part::N(share.round_ties_even() as u64).write(&mut writer.text);
            writer.into.insert(&writer.text);
        }
    }
}

struct Writer<'a> {
    into: &'a mut TokenSet,
    text: Vec<u8>,
    /// Counters that are not zero.
    counters: u32,
}

impl Writer<'_> {
    fn counter(&mut self, key: &[Part<'_>], count: u32) {
        if count > 0 {
            self.counters += 1;
            self.number(key, octave(count));
        }
    }

    fn number(&mut self, key: &[Part<'_>], number: u64) {
        self.text.clear();
        self.text.extend_from_slice(b"C:");
        key.iter().for_each(|part| part.write(&mut self.text));
        self.text.push(b':');
        Part::N(number).write(&mut self.text);
        self.into.insert(&self.text);
    }
}

/// 0, 1, 2, 3-4, 5-8 …: 0, 1, 2, 3, 4 …
fn octave(number: u32) -> u64 {
    match number {
        0 => 0,
        _ => u64::from(1 + u32::BITS - (number - 1).leading_zeros()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_fall_into_octaves() {
        for (count, bin) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (8, 4), (9, 5)] {
            assert_eq!(octave(count), bin, "{count}");
        }
    }
}
