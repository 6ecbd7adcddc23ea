//! Watches devices: one pass over packets, bounded in devices, packets and time.

use cordon_model::{LinkType, Mac, RawPacket};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, hash_map::Entry};

use super::device::Device;
use super::frame::Frame;
use super::token::TokenSet;

/// How much is watched. What is over is not.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Devices, first come first served.
    pub devices: usize,
    /// Packets of one device: the model is trained on set-up captures of 11 to 2,397 packets.
    pub packets: u32,
    /// Seconds from the first frame that a device sent.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { devices: 1_024, packets: 2_500, seconds: 600 }
    }
}

/// Collects what devices are known by. A device is an Ethernet address.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    index: HashMap<u64, u32, FixedState>,
    devices: Vec<Watched>,
    /// Addresses of the last packet that concerned nobody who is still watched.
    idle: [u8; 12],
}

#[derive(Debug)]
struct Watched {
    mac: Mac,
    state: State,
}

#[derive(Debug)]
enum State {
    Live(Box<Device>),
    Frozen { tokens: TokenSet, sent: bool },
}

/// Marks a device that is no longer watched in the index, so that its state is not touched.
const FROZEN: u32 = 1 << 31;

impl Default for Tracker {
    fn default() -> Self {
        Tracker::new(Limits::default())
    }
}

impl Tracker {
    /// Has seen nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Tracker { limits, index: HashMap::default(), devices: Vec::new(), idle: [0; 12] }
    }

    /// Takes in a packet. Costs two look-ups at most where nobody concerned is watched any more.
    #[inline]
    pub fn packet(&mut self, packet: &RawPacket<'_>) {
        let Some(addresses) = packet.data.first_chunk::<12>() else { return };
        if *addresses == self.idle || packet.link != LinkType::ETHERNET {
            return;
        }
        let [t0, t1, t2, t3, t4, t5, f0, f1, f2, f3, f4, f5] = *addresses;
        let from = self.live(Mac([f0, f1, f2, f3, f4, f5]));
        let to = if addresses.get(..6) == addresses.get(6..) {
            None
        } else {
            self.live(Mac([t0, t1, t2, t3, t4, t5]))
        };
        if from.is_none() && to.is_none() {
            self.idle = *addresses;
            return;
        }
        let Some(frame) = Frame::read(packet.at, packet.wire_len, packet.data) else { return };
        for (place, sent) in [(from, true), (to, false)] {
            if let Some(place) = place {
                self.take(place, &frame, sent);
            }
        }
    }

    /// The addresses watched.
    pub fn macs(&self) -> impl Iterator<Item = Mac> + '_ {
        self.devices.iter().map(|watched| watched.mac)
    }

    /// Leaves out the devices that `keep` does not name, to watch others in their place.
    pub fn retain(&mut self, keep: impl Fn(Mac) -> bool) {
        self.devices.retain(|watched| keep(watched.mac));
        self.index.clear();
        for (place, watched) in self.devices.iter().enumerate() {
            let frozen = if matches!(watched.state, State::Frozen { .. }) { FROZEN } else { 0 };
            self.index.insert(key(watched.mac), place as u32 | frozen);
        }
        self.idle = [0; 12];
    }

    /// Whether more than half of the places are taken.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.devices.len() > self.limits.devices / 2
    }

    /// What a device showed up to now.
    #[must_use]
    pub fn tokens(&self, mac: Mac) -> Option<TokenSet> {
        let place = *self.index.get(&key(mac))? & !FROZEN;
        Some(match &self.devices.get(place as usize)?.state {
            State::Live(device) => device.tokens(),
            State::Frozen { tokens, .. } => tokens.clone(),
        })
    }

    /// Whether a device sent anything itself.
    pub(super) fn has_sent(&self, mac: Mac) -> bool {
        let place = self.index.get(&key(mac)).map(|place| (place & !FROZEN) as usize);
        match place.and_then(|place| self.devices.get(place)).map(|watched| &watched.state) {
            Some(State::Live(device)) => device.first_sent.is_some(),
            Some(State::Frozen { sent, .. }) => *sent,
            None => false,
        }
    }

    #[inline]
    fn live(&mut self, mac: Mac) -> Option<usize> {
        if mac.is_group() {
            return None;
        }
        let full = self.devices.len() >= self.limits.devices;
        let place = if full {
            *self.index.get(&key(mac))?
        } else {
            match self.index.entry(key(mac)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(_) if mac.is_zero() => return None,
                Entry::Vacant(new) => {
                    let place = self.devices.len() as u32;
                    self.devices
                        .push(Watched { mac, state: State::Live(Box::new(Device::new(mac))) });
                    *new.insert(place)
                }
            }
        };
        (place & FROZEN == 0).then_some(place as usize)
    }

    fn take(&mut self, place: usize, frame: &Frame<'_>, sent: bool) {
        let Some(watched) = self.devices.get_mut(place) else { return };
        let State::Live(device) = &mut watched.state else { return };
        let since = device.first_sent.map_or(0, |first| frame.at.since(first).as_secs());
        if since < self.limits.seconds && device.packets < self.limits.packets {
            return device.frame(frame, sent);
        }
        watched.state =
            State::Frozen { tokens: device.tokens(), sent: device.first_sent.is_some() };
        if let Some(place) = self.index.get_mut(&key(watched.mac)) {
            *place |= FROZEN;
        }
    }
}

fn key(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}
