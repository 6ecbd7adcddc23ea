//! What is known of the site when contracts are turned into a policy.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use cordon_model::{DeviceId, Mac, Text};
use ipnet::{IpNet, Ipv6Net};

/// The class of DNS servers (RFC 8520, 17.7).
pub const DNS_SERVERS: &str = "urn:ietf:params:mud:dns";
/// The class of NTP servers (RFC 8520, 17.7).
pub const NTP_SERVERS: &str = "urn:ietf:params:mud:ntp";

/// What is known of the site.
#[derive(Clone, Default, Debug)]
pub struct World {
    /// Its devices, with or without a contract.
    pub devices: Vec<Known>,
    /// Its networks.
    pub networks: Vec<IpNet>,
    /// Addresses in its networks that are not meant by "local networks": routers, a bastion.
    pub excluded: Vec<IpNet>,
    /// Its routers.
    pub gateways: Vec<IpAddr>,
    /// Who serves a class (RFC 8520, 4.6) beside the devices that [`Known::serves`] says so of:
    /// [`DNS_SERVERS`], [`NTP_SERVERS`], URIs of makers. At the MUD URL of a device stand its own
    /// controllers.
    pub controllers: BTreeMap<Text, Vec<IpAddr>>,
    /// The prefix of the site's NAT64 (RFC 6052), of length 96, if it has one.
    pub nat64: Option<Ipv6Net>,
}

/// A device, as far as contracts speak of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its id in the register.
    pub id: DeviceId,
    /// What people call it.
    pub label: Text,
    /// Its link-layer addresses.
    pub macs: Vec<Mac>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// The interface of the enforcing machine behind which it sits, if it sits on one of its links.
    pub link: Option<Text>,
    /// Who made it.
    pub vendor: Option<Text>,
    /// Which product it is.
    pub model: Option<Text>,
    /// Where its maker describes it (RFC 8520).
    pub mud_url: Option<Text>,
    /// Its labels.
    pub tags: Vec<Text>,
    /// Its zone.
    pub zone: Option<Text>,
    /// The classes that it serves.
    pub serves: Vec<Text>,
    /// Its controllers (RFC 8520, `my-controller`), as the operator says.
    pub my_controllers: Vec<DeviceId>,
}

impl Known {
    /// A device of which nothing but the name is known.
    #[must_use]
    pub fn new(id: DeviceId, label: &str) -> Self {
        Known {
            id,
            label: label.into(),
            macs: Vec::new(),
            ips: Vec::new(),
            link: None,
            vendor: None,
            model: None,
            mud_url: None,
            tags: Vec::new(),
            zone: None,
            serves: Vec::new(),
            my_controllers: Vec::new(),
        }
    }

    /// The authority of its MUD URL, by which devices of one maker know each other.
    #[must_use]
    pub fn authority(&self) -> Option<Text> {
        self.mud_url.as_deref().and_then(cordon_mud::authority).map(folded)
    }
}

/// The devices of the world by what contracts call them.
pub(super) struct Index<'a> {
    pub world: &'a World,
    ids: HashMap<&'a str, usize>,
    tags: HashMap<&'a str, Vec<usize>>,
    zones: HashMap<&'a str, Vec<usize>>,
    serves: HashMap<&'a str, Vec<usize>>,
    authorities: HashMap<Text, Vec<usize>>,
    vendors: HashMap<Text, Vec<usize>>,
    /// By name and by MUD URL.
    models: HashMap<Text, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub fn new(world: &'a World) -> Self {
        let mut index = Index {
            world,
            ids: HashMap::new(),
            tags: HashMap::new(),
            zones: HashMap::new(),
            serves: HashMap::new(),
            authorities: HashMap::new(),
            vendors: HashMap::new(),
            models: HashMap::new(),
        };
        for (no, device) in world.devices.iter().enumerate() {
            index.ids.insert(&device.id.0, no);
            for (table, names) in
                [(&mut index.tags, &device.tags), (&mut index.serves, &device.serves)]
            {
                for name in names {
                    table.entry(name.as_str()).or_default().push(no);
                }
            }
            if let Some(zone) = &device.zone {
                index.zones.entry(zone).or_default().push(no);
            }
            if let Some(authority) = device.authority() {
                index.authorities.entry(authority).or_default().push(no);
            }
            if let Some(vendor) = &device.vendor {
                index.vendors.entry(folded(vendor)).or_default().push(no);
            }
            for name in [&device.model, &device.mud_url].into_iter().flatten() {
                index.models.entry(folded(name)).or_default().push(no);
            }
        }
        index
    }

    pub fn device(&self, id: &DeviceId) -> Option<&'a Known> {
        self.ids.get(id.0.as_str()).and_then(|no| self.world.devices.get(*no))
    }

    pub fn tagged(&self, tag: &str) -> Vec<&'a Known> {
        self.known(self.tags.get(tag))
    }

    pub fn in_zone(&self, zone: &str) -> Vec<&'a Known> {
        self.known(self.zones.get(zone))
    }

    pub fn serving(&self, class: &str) -> Vec<&'a Known> {
        self.known(self.serves.get(class))
    }

    /// Devices of a maker: by the authority of their MUD URL, and by the maker's name.
    pub fn made_by(&self, name: &str) -> Vec<&'a Known> {
        let name = folded(name);
        let mut found = self.known(self.authorities.get(&name));
        found.extend(self.known(self.vendors.get(&name)));
        found
    }

    /// Devices of the maker of `device`: by the authority of its MUD URL, which is what RFC 8520
    /// means; by the maker's name where it has none.
    pub fn siblings(&self, device: &Known) -> Vec<&'a Known> {
        match (device.authority(), &device.vendor) {
            (Some(authority), _) => self.known(self.authorities.get(&authority)),
            (None, Some(vendor)) => self.known(self.vendors.get(&folded(vendor))),
            (None, None) => Vec::new(),
        }
    }

    /// Devices of a model: by its MUD URL, and by its name.
    pub fn of_model(&self, name: &str) -> Vec<&'a Known> {
        self.known(self.models.get(&folded(name)))
    }

    fn known(&self, found: Option<&Vec<usize>>) -> Vec<&'a Known> {
        found.into_iter().flatten().filter_map(|no| self.world.devices.get(*no)).collect()
    }
}

fn folded(name: &str) -> Text {
    name.trim().to_lowercase().into()
}
