//! The one data path: packets through sensor, inventory and posture to conclusions.
//!
//! `look`, `demo`, evaluations and tests all push packets into a [`Pipeline`] and take
//! [`Conclusions`] out; they differ only in where the packets come from and what is done with
//! the conclusions.
//!
//! This crate must not know: files, interfaces, clocks, randomness, how conclusions are shown.

mod limits;
mod talks;

use std::time::Duration;

use cordon_inventory::statistics::Tracker;
use cordon_inventory::{Devices, Inventory, InventoryOptions};
use cordon_model::{Device, Fact, Finding, Flow, RawPacket, SecretKey, Timestamp};
use cordon_posture::{Action, Posture, PostureOptions};
use cordon_sensor::Sensor;

pub use cordon_sensor::{Coverage, ProtocolCount, Sink};
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
    /// After how long a flow that is still open is reported in parts; none for never.
    pub active_timeout: Option<Duration>,
    /// Whether flows carry their Community ID.
    pub community_id: bool,
}

impl Options {
    /// For one run over what was captured: every flow is reported once, when it ends.
    #[must_use]
    pub fn new(key: SecretKey, seed: u64, inventory: InventoryOptions) -> Self {
        Options { key, seed, inventory, active_timeout: None, community_id: false }
    }
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

/// The minds, and whoever listens in.
struct Tapped<'a, T> {
    minds: &'a mut Minds,
    tap: &'a mut T,
}

impl<T: Sink> Sink for Tapped<'_, T> {
    #[inline]
    fn fact(&mut self, fact: &Fact) {
        self.minds.fact(fact);
        self.tap.fact(fact);
    }

    #[inline]
    fn flow(&mut self, flow: &Flow) {
        self.minds.flow(flow);
        self.tap.flow(flow);
    }
}

impl Pipeline {
    /// A pipeline that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let posture = PostureOptions { key: options.key.clone(), local: Vec::new() };
        let sensor = cordon_sensor::Options {
            active_timeout: options.active_timeout,
            community_id: options.community_id,
            ..cordon_sensor::Options::new(options.key, options.seed)
        };
        Pipeline {
            sensor: Sensor::new(sensor),
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

    /// As [`Pipeline::packet`]; every fact and flow passes `tap` as well, on its way.
    #[inline]
    pub fn packet_with(&mut self, packet: &RawPacket<'_>, tap: &mut impl Sink) {
        self.sensor.packet(packet, &mut Tapped { minds: &mut self.minds, tap });
        self.tracker.packet(packet);
    }

    /// Takes in what another tool's record says a packet said, on the same way as a packet's.
    pub fn fact_with(&mut self, fact: &Fact, tap: &mut impl Sink) {
        Tapped { minds: &mut self.minds, tap }.fact(fact);
    }

    /// As [`Pipeline::fact_with`], for a conversation.
    pub fn flow_with(&mut self, flow: &Flow, tap: &mut impl Sink) {
        Tapped { minds: &mut self.minds, tap }.flow(flow);
    }

    /// Lets time pass where no packet does: flows end, and parts of long ones become due. `now`
    /// is on the clock of the packets; once a second is often enough.
    pub fn tick(&mut self, now: Timestamp, tap: &mut impl Sink) {
        self.sensor.tick(now, &mut Tapped { minds: &mut self.minds, tap });
    }

    /// Leaves out what was last seen longer than `memory` before `now`; where a table is more than
    /// half full, what was last seen longer than `if_crowded` ago, too. A run over months calls it
    /// every hour: all tables are bounded, and without it they would fill with what never comes
    /// again and have no room for what is new. Takes some milliseconds.
    pub fn forget(&mut self, now: Timestamp, memory: Duration, if_crowded: Duration) {
        let before = now.minus(memory);
        let sooner = now.minus(if_crowded).max(before);
        self.minds.inventory.forget(before, sooner);
        self.minds.posture.forget(before, sooner);
        self.minds.talks.forget(before, sooner);
        let heard = self.minds.inventory.last_heard();
        let young = if self.tracker.is_crowded() { sooner } else { before };
        self.tracker.retain(|mac| heard.get(&mac).is_some_and(|last| *last >= young));
    }

    /// Ends all flows, as at the end of the input. More packets may follow.
    pub fn end_flows(&mut self, tap: &mut impl Sink) {
        self.sensor.finish(&mut Tapped { minds: &mut self.minds, tap });
    }

    /// What was seen so far, and what not; cheap.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        self.sensor.coverage()
    }

    /// Flows open at the moment.
    #[must_use]
    pub fn open_flows(&self) -> usize {
        self.sensor.open_flows()
    }

    /// What everything comes to so far. Flows that are still open count once they are reported.
    #[must_use]
    pub fn conclude(&self) -> Conclusions {
        let Minds { inventory, posture, talks, limits } = &self.minds;
        let devices = inventory.snapshot(&self.tracker);
        let findings = posture
            .conclude(&|party, vlan| devices.device_of(party, vlan).cloned(), &devices.devices);
        let first_five = cordon_posture::first_five(&findings, &devices.devices);
        let coverage = self.sensor.coverage().clone();
        Conclusions {
            limits: limits.notes(&coverage, devices.left_out),
            talks: talks.conclude(&devices),
            coverage,
            findings,
            first_five,
            devices,
        }
    }

    /// Ends all flows and concludes.
    #[must_use]
    pub fn finish(mut self) -> Conclusions {
        self.end_flows(&mut ());
        self.conclude()
    }
}

impl Conclusions {
    /// The device of an id.
    #[must_use]
    pub fn device(&self, id: &cordon_model::DeviceId) -> Option<&Device> {
        self.devices.devices.iter().find(|device| device.id == *id)
    }
}
