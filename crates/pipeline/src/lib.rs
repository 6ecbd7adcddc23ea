//! The one data path: packets through sensor, inventory and posture to conclusions.
//!
//! `look`, `demo`, evaluations and tests all push packets into a [`Pipeline`] and take
//! [`Conclusions`] out; they differ only in where the packets come from and what is done with
//! the conclusions.
//!
//! This crate must not know: files, interfaces, clocks, randomness, how conclusions are shown.

mod limits;
mod talks;

use cordon_inventory::statistics::Tracker;
use cordon_inventory::{Devices, Inventory, InventoryOptions};
use cordon_model::{Device, Fact, Finding, Flow, RawPacket, SecretKey};
use cordon_posture::{Action, Posture, PostureOptions};
use cordon_sensor::{Coverage, Sensor, Sink};

pub use cordon_sensor::ProtocolCount;
pub use talks::Talk;
use talks::Talks;

/// What one run needs from outside.
pub struct Options {
    /// Random key under which secrets are hashed.
    pub key: SecretKey,
    /// Random seed of the hash tables.
    pub seed: u64,
    /// How devices are named.
    pub inventory: InventoryOptions,
}

/// Everything between a packet and a conclusion.
pub struct Pipeline {
    sensor: Sensor,
    tracker: Tracker,
    minds: Minds,
}

/// What a run came to.
pub struct Conclusions {
    /// What was seen, and what not.
    pub coverage: Coverage,
    /// What this capture cannot show, in plain words.
    pub limits: Vec<String>,
    /// Devices, with what gave each away.
    pub devices: Devices,
    /// Weaknesses, gravest first.
    pub findings: Vec<Finding>,
    /// What to do first.
    pub first_five: Vec<Action>,
    /// Who exchanged packets with whom.
    pub talks: Vec<Talk>,
}

struct Minds {
    inventory: Inventory,
    posture: Posture,
    talks: Talks,
    limits: limits::Signs,
}

impl Sink for Minds {
    fn fact(&mut self, fact: &Fact) {
        self.inventory.fact(fact);
        self.posture.fact(fact);
        self.limits.fact(fact);
    }

    fn flow(&mut self, flow: &Flow) {
        self.inventory.flow(flow);
        self.posture.flow(flow);
        self.talks.flow(flow);
        self.limits.flow(flow);
    }
}

impl Pipeline {
    /// A pipeline that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let posture = PostureOptions { key: options.key.clone(), local: Vec::new() };
        Pipeline {
            sensor: Sensor::new(cordon_sensor::Options::new(options.key, options.seed)),
            tracker: Tracker::default(),
            minds: Minds {
                inventory: Inventory::new(options.inventory),
                posture: Posture::new(posture),
                talks: Talks::default(),
                limits: limits::Signs::default(),
            },
        }
    }

    /// Takes in one packet.
    #[inline]
    pub fn packet(&mut self, packet: &RawPacket<'_>) {
        self.sensor.packet(packet, &mut self.minds);
        self.tracker.packet(packet);
    }

    /// Ends all flows and concludes.
    #[must_use]
    pub fn finish(mut self) -> Conclusions {
        self.sensor.finish(&mut self.minds);
        let Minds { inventory, posture, talks, limits } = self.minds;
        let devices = inventory.finish(&self.tracker);
        let findings = posture
            .finish(&|party, vlan| devices.device_of(party, vlan).cloned(), &devices.devices);
        let first_five = cordon_posture::first_five(&findings, &devices.devices);
        let coverage = self.sensor.coverage().clone();
        Conclusions {
            limits: limits.notes(&coverage, devices.left_out),
            talks: talks.finish(&devices),
            coverage,
            findings,
            first_five,
            devices,
        }
    }
}

impl Conclusions {
    /// The device of an id.
    #[must_use]
    pub fn device(&self, id: &cordon_model::DeviceId) -> Option<&Device> {
        self.devices.devices.iter().find(|device| device.id == *id)
    }
}
