//! The result: devices, found by their addresses, with what gave each away.

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::record::{Address, Span};
use cordon_model::{Attribute, Device, DeviceId, Mac, Party, Reason, Service};

/// The devices on the network.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    /// Sorted by id.
    pub devices: Vec<Device>,
    /// Per device, in the same order: what gave it away, strongest first.
    pub evidence: Vec<Vec<(Attribute, Reason)>>,
    /// Per device, in the same order: its addresses with the times when they were in use.
    pub addresses: Vec<Vec<Span<Address>>>,
    /// Per device, in the same order: its services with the times when they were used.
    pub services: Vec<Vec<Span<Service>>>,
    /// Sightings of addresses that found no room.
    pub left_out: u64,
    pub(crate) by_pair: HashMap<(Mac, Option<IpAddr>), usize>,
    pub(crate) by_mac: HashMap<Mac, usize>,
    pub(crate) by_ip: HashMap<IpAddr, usize>,
    pub(crate) routers: Vec<bool>,
}

impl Devices {
    /// Whose packet it is. None for peers outside, groups, and addresses that are nobody's. The
    /// VLAN does not decide: it is where a device is, not who it is.
    #[must_use]
    pub fn device_of(&self, party: &Party, _vlan: Option<u16>) -> Option<&DeviceId> {
        let index = self.index_of(party)?;
        self.devices.get(index).map(|device| &device.id)
    }

    /// As [`Devices::device_of`], as an index into [`Devices::devices`].
    #[must_use]
    pub fn index_of(&self, party: &Party) -> Option<usize> {
        let Some(mac) = party.mac.filter(|mac| mac.is_device()) else {
            return self.by_ip.get(&party.ip?).copied();
        };
        if let Some(index) = self.by_pair.get(&(mac, party.ip)) {
            return Some(*index);
        }
        let owner = self.by_mac.get(&mac).copied();
        match (party.ip, owner) {
            (None, owner) => owner,
            // What a router carries is somebody else's.
            (Some(ip), Some(owner)) if self.routers.get(owner) == Some(&true) => {
                self.by_ip.get(&ip).copied()
            }
            (Some(ip), owner) => owner.or_else(|| self.by_ip.get(&ip).copied()),
        }
    }
}
