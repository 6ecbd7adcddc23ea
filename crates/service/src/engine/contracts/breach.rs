//! What the kernel's log tells: devices that left their contracts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use cordon_contract::Carrier;
use cordon_enforce::keeper::LoggedPacket;
use cordon_model::record::{Event, EventKind};
use cordon_model::{DeviceId, Text, Timestamp};
use cordon_store::Write;

use crate::engine::Engine;

/// The same device, peer and service are told once in this time.
const AGAIN: Duration = Duration::from_secs(3600);
/// Breaches told from each other; beyond that the oldest are forgotten, and told again.
const MOST: usize = 10_000;

/// Which device with whom over what.
type What = (DeviceId, IpAddr, Carrier, u16);

/// Breaches that were told lately.
#[derive(Default)]
pub(super) struct Breaches {
    told: HashMap<What, Timestamp>,
}

impl Breaches {
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
    /// Takes in a packet of the log: told once an hour, on the device's timeline.
    pub(super) async fn breach(&self, packet: LoggedPacket) {
        let world = self.world.load_full();
        let Some(record) = world.register.get(&packet.device) else { return };
        let own = |ip: &IpAddr| record.seen.ips.contains(ip);
        let peer = if own(&packet.from) { packet.to } else { packet.from };
        let what = (packet.device.clone(), peer, packet.carrier, packet.service);
        let news = {
            let mut breaches =
                self.contracts.breaches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            breaches.is_new(what, packet.at)
        };
        if !news {
            return;
        }
        let name = world
            .register
            .record_of(None, Some(peer), packet.at)
            .map_or_else(|| peer.to_string(), |other| other.label());
        let service = match packet.carrier {
            Carrier::Tcp | Carrier::Udp => {
                format!("{} {}", packet.carrier.to_string().to_uppercase(), packet.service)
            }
            other => other.to_string().to_uppercase(),
        };
        let did = match (packet.dropped, own(&packet.from)) {
            (true, true) => format!("was stopped on the way to {name} by {service}"),
            (false, true) => format!("spoke to {name} by {service}"),
            (true, false) => format!("was kept from {name} by {service}"),
            (false, false) => format!("was spoken to by {name} by {service}"),
        };
        let entry =
            packet.missing.as_ref().map(|entry| format!("; entry {} would allow it", entry.id()));
        let says = format!("{did}: {}{}", packet.why, entry.unwrap_or_default());
        let event = Event {
            at: packet.at,
            device: packet.device.clone(),
            kind: EventKind::Breach,
            says: Text::from(says),
            actor: None,
        };
        if let Err(problem) = self.commit(vec![Write::AddEvent(event)], Vec::new()).await {
            tracing::error!(%problem, "a breach cannot be written down");
        }
        self.tick(&["devices", "today"]);
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
            (DeviceId("d".into()), ip, Carrier::Tcp, port)
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
            breaches
                .is_new((DeviceId("d".into()), ip, Carrier::Tcp, port), Timestamp::from_secs(1));
        }
        assert!(breaches.told.len() <= MOST);
    }
}
