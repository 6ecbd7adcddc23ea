//! Devices that left their contracts: what the detector found, and what the kernel's log tells.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::watch::Breach;
use cordon_contract::{Carrier, Side, watch};
use cordon_enforce::keeper::LoggedPacket;
use cordon_model::record::{Event, EventKind};
use cordon_model::{DeviceId, Text, Timestamp};
use cordon_store::Write;
use tokio::sync::mpsc;

use crate::engine::Engine;

/// The same device, peer and service are told once in this time.
const AGAIN: Duration = Duration::from_secs(3600);
/// Breaches told from each other; beyond that the oldest are forgotten, and told again.
const MOST: usize = 10_000;

/// Which device with whom over what, and in which way.
type What = (DeviceId, IpAddr, Carrier, u16, Way);

/// In which way, as far as people tell it apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Outside,
    /// The same, and the kernel stopped it.
    Stopped,
    TooMuch,
    OtherTls,
    OtherName,
    Other,
}

/// Breaches that were told lately.
#[derive(Default)]
pub(super) struct Breaches {
    told: HashMap<What, Timestamp>,
}

impl Breaches {
    /// Whether it was told lately.
    fn was_told(&self, what: &What, at: Timestamp) -> bool {
        let near = |told: &Timestamp| at.since(*told) < AGAIN && told.since(at) < AGAIN;
        self.told.get(what).is_some_and(near)
    }

    /// Whether this is news.
    fn is_new(&mut self, what: What, at: Timestamp) -> bool {
        if self.told.get(&what).is_some_and(|before| at.since(*before) < AGAIN && at >= *before) {
            return false;
        }
        if self.told.len() >= MOST {
            self.told.retain(|_, before| at.since(*before) < AGAIN);
            if self.told.len() >= MOST {
                self.told.clear();
            }
        }
        self.told.insert(what, at);
        true
    }
}

impl Engine {
    /// Takes in what the detector finds, until there is no more.
    pub async fn detect(self: Arc<Self>, mut breaches: mpsc::Receiver<Breach>) {
        while let Some(breach) = breaches.recv().await {
            self.detected(breach).await;
        }
    }

    async fn detected(&self, breach: Breach) {
        let way = match breach.what {
            watch::What::Outside => Way::Outside,
            watch::What::TooOften { .. }
            | watch::What::TooMuch { .. }
            | watch::What::TooFast { .. } => Way::TooMuch,
            watch::What::OtherTls { .. } => Way::OtherTls,
            watch::What::OtherName { .. } => Way::OtherName,
            watch::What::OtherApp { .. } | watch::What::Unsaid { .. } => Way::Other,
        };
        let what = |way| (breach.device.clone(), breach.peer, breach.carrier, breach.service, way);
        // What was stopped was told by who stopped it.
        let stopped = way == Way::Outside && self.was_told(&what(Way::Stopped), breach.at);
        if stopped || !self.is_news(what(way), breach.at) {
            return;
        }
        let peer = self.name_at(breach.peer, breach.at);
        if self.is_learned_again(&breach.device, breach.at) {
            let says = format!("{}, since its firmware changed", did(&breach, &peer));
            let event = super::relearn::differs(breach.device.clone(), breach.at, says);
            self.tell_event(event).await;
            return;
        }
        self.tell_breach(breach.device.clone(), breach.at, did(&breach, &peer)).await;
    }

    /// Takes in a packet of the log: told once an hour, on the device's timeline.
    pub(super) async fn breach(&self, packet: LoggedPacket) {
        let world = self.world.load_full();
        let Some(record) = world.register.get(&packet.device) else { return };
        let own = |ip: &IpAddr| record.seen.ips.contains(ip);
        let peer = if own(&packet.from) { packet.to } else { packet.from };
        let way = if packet.dropped { Way::Stopped } else { Way::Outside };
        let what = (packet.device.clone(), peer, packet.carrier, packet.service, way);
        if !self.is_news(what, packet.at) {
            return;
        }
        let name = self.name_at(peer, packet.at);
        let service = by(packet.carrier, packet.service);
        let did = match (packet.dropped, own(&packet.from)) {
            (true, true) => format!("was stopped on the way to {name} by {service}"),
            (false, true) => format!("spoke to {name} by {service}"),
            (true, false) => format!("was kept from {name} by {service}"),
            (false, false) => format!("was spoken to by {name} by {service}"),
        };
        let entry =
            packet.missing.as_ref().map(|entry| format!("; entry {} would allow it", entry.id()));
        let says = format!("{did}: {}{}", packet.why, entry.unwrap_or_default());
        self.tell_breach(packet.device.clone(), packet.at, says).await;
    }

    fn was_told(&self, what: &What, at: Timestamp) -> bool {
        let breaches = self.contracts.breaches.lock();
        breaches.unwrap_or_else(std::sync::PoisonError::into_inner).was_told(what, at)
    }

    fn is_news(&self, what: What, at: Timestamp) -> bool {
        let breaches = self.contracts.breaches.lock();
        breaches.unwrap_or_else(std::sync::PoisonError::into_inner).is_new(what, at)
    }

    /// What people call who is at an address.
    fn name_at(&self, ip: IpAddr, at: Timestamp) -> String {
        let world = self.world.load();
        let record = world.register.record_of(None, Some(ip), at);
        record.map_or_else(|| ip.to_string(), |other| other.label())
    }

    async fn tell_breach(&self, device: DeviceId, at: Timestamp, says: String) {
        let says = Text::from(says);
        self.tell_event(Event { at, device, kind: EventKind::Breach, says, actor: None }).await;
    }

    async fn tell_event(&self, event: Event) {
        if let Err(problem) = self.commit(vec![Write::AddEvent(event)], Vec::new()).await {
            tracing::error!(%problem, "a breach cannot be written down");
        }
        self.tick(&["devices", "today"]);
    }
}

/// What a device did, to be read behind its name.
fn did(breach: &Breach, peer: &str) -> String {
    let service = by(breach.carrier, breach.service);
    match (&breach.what, breach.side) {
        (watch::What::Outside, Side::Source) => {
            format!("spoke to {peer} by {service}: nothing allows it")
        }
        (watch::What::Outside, Side::Destination) => {
            format!("was spoken to by {peer} by {service}: nothing allows it")
        }
        _ => breach.did(peer),
    }
}

/// `TCP 23`.
fn by(carrier: Carrier, service: u16) -> String {
    match carrier {
        Carrier::Tcp | Carrier::Udp => {
            format!("{} {service}", carrier.to_string().to_uppercase())
        }
        other => other.to_string().to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_tries_again_and_again_is_told_once_an_hour() {
        let mut breaches = Breaches::default();
        let what = |port| {
            let ip = IpAddr::from([10, 0, 0, 7]);
            (DeviceId("d".into()), ip, Carrier::Tcp, port, Way::Outside)
        };
        let at = Timestamp::from_secs;
        assert!(breaches.is_new(what(23), at(0)));
        assert!(!breaches.is_new(what(23), at(3_599)));
        assert!(breaches.is_new(what(22), at(10)), "another service is another breach");
        assert!(breaches.is_new(what(23), at(3_600)));
    }

    #[test]
    fn a_scan_of_every_port_does_not_fill_the_memory() {
        let mut breaches = Breaches::default();
        let ip = IpAddr::from([10, 0, 0, 7]);
        for port in 0..=u16::MAX {
            let what = (DeviceId("d".into()), ip, Carrier::Tcp, port, Way::Outside);
            breaches.is_new(what, Timestamp::from_secs(1));
        }
        assert!(breaches.told.len() <= MOST);
    }
}
