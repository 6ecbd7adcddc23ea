//! Where a peer is.

use std::net::IpAddr;

use cordon_model::Text;
use ipnet::IpNet;

use super::nets::{OF_THE_LINK, internet, without};
use super::world::{Index, Known};
use super::{Missing, World};
use crate::document::Peer;

/// Where a peer is.
pub(super) enum Places<'a> {
    /// In networks that are the same for every device.
    Shared(&'a [IpNet]),
    /// In networks.
    Nets(Vec<IpNet>),
    /// Where this name leads.
    Name(Text),
}

/// Answers where peers are.
pub(super) struct Peers<'a> {
    index: Index<'a>,
    internet: Vec<IpNet>,
    local: Vec<IpNet>,
    anyone: [IpNet; 2],
}

impl<'a> Peers<'a> {
    pub fn new(world: &'a World) -> Self {
        let mut local = without(&world.networks, &world.excluded);
        local.extend(OF_THE_LINK);
        local.sort_unstable();
        local.dedup();
        Peers {
            index: Index::new(world),
            internet: internet(world.nat64, &world.networks),
            local,
            anyone: [IpNet::V4(ipnet::Ipv4Net::default()), IpNet::V6(ipnet::Ipv6Net::default())],
        }
    }

    /// The device with this id.
    pub fn device(&self, id: &cordon_model::DeviceId) -> Option<&'a Known> {
        self.index.device(id)
    }

    /// Where a peer of `me` is. Empty never: what leads nowhere is said to.
    pub fn places(&self, peer: &Peer, me: &Known) -> Result<Places<'_>, Missing> {
        let devices = |found: Vec<&Known>, missing| addresses(found, me, missing);
        Ok(match peer {
            Peer::Device { id, .. } => {
                let device = self.index.device(id).ok_or(Missing::NoDevice)?;
                devices(vec![device], Missing::NoDevice)?
            }
            Peer::Group { tag } => devices(self.index.tagged(tag), Missing::NoDevice)?,
            Peer::Zone { zone } => devices(self.index.in_zone(zone), Missing::NoDevice)?,
            Peer::Manufacturer { name } => devices(self.index.made_by(name), Missing::NoDevice)?,
            Peer::Model { name } => devices(self.index.of_model(name), Missing::NoDevice)?,
            Peer::SameManufacturer => devices(self.index.siblings(me), Missing::NoDevice)?,
            Peer::MyController => self.my_controllers(me)?,
            Peer::Controller { class } => self.controllers(class, me)?,
            Peer::Network { net } => Places::Nets(vec![net.trunc()]),
            Peer::Name { name } => Places::Name(name.trim_end_matches('.').to_lowercase().into()),
            Peer::LocalNetworks => Places::Shared(&self.local),
            Peer::Gateway => self.gateways(me)?,
            Peer::Multicast { group } if group.is_multicast() => {
                Places::Nets(vec![IpNet::from(*group)])
            }
            Peer::Multicast { .. } => return Err(Missing::NoGroup),
            Peer::Broadcast => self.broadcast(me),
            Peer::Internet => Places::Shared(&self.internet),
            Peer::Anyone => Places::Shared(&self.anyone),
        })
    }

    fn my_controllers(&self, me: &Known) -> Result<Places<'_>, Missing> {
        let ids = me.my_controllers.iter();
        let found: Vec<_> = ids.filter_map(|id| self.index.device(id)).collect();
        let mut nets = hosts(found.into_iter().flat_map(|device| &device.ips));
        // The operator may have named the controllers of a model by its MUD URL.
        if let Some(url) = &me.mud_url {
            nets.extend(hosts(self.index.world.controllers.get(url).into_iter().flatten()));
        }
        some(nets, Missing::NoController)
    }

    fn controllers(&self, class: &str, me: &Known) -> Result<Places<'_>, Missing> {
        let mut nets = match addresses(self.index.serving(class), me, Missing::NoController) {
            Ok(Places::Nets(nets)) => nets,
            _ => Vec::new(),
        };
        nets.extend(hosts(self.index.world.controllers.get(class).into_iter().flatten()));
        some(nets, Missing::NoController)
    }

    /// The routers of the networks that the device is in.
    fn gateways(&self, me: &Known) -> Result<Places<'_>, Missing> {
        let networks = self.index.world.networks.iter().chain(&OF_THE_LINK);
        let near: Vec<_> =
            networks.filter(|net| me.ips.iter().any(|ip| net.contains(ip))).collect();
        let gateways = self.index.world.gateways.iter();
        let nets = hosts(gateways.filter(|ip| near.iter().any(|net| net.contains(*ip))));
        some(nets, Missing::NoGateway)
    }

    /// The broadcast addresses: of the link, and of the IPv4 networks that the device is in.
    fn broadcast(&self, me: &Known) -> Places<'_> {
        let mut nets = vec![IpNet::from(IpAddr::from([255; 4]))];
        for net in &self.index.world.networks {
            // Networks of two addresses have none (RFC 3021).
            if let IpNet::V4(v4) = net
                && v4.prefix_len() < 31
                && me.ips.iter().any(|ip| net.contains(ip))
            {
                nets.push(IpNet::from(net.broadcast()));
            }
        }
        Places::Nets(nets)
    }
}

/// The addresses of other devices.
fn addresses<'a>(found: Vec<&Known>, me: &Known, missing: Missing) -> Result<Places<'a>, Missing> {
    let others: Vec<_> = found.into_iter().filter(|device| device.id != me.id).collect();
    if others.is_empty() {
        return Err(missing);
    }
    some(hosts(others.into_iter().flat_map(|device| &device.ips)), Missing::NoAddress)
}

fn hosts<'a>(ips: impl Iterator<Item = &'a IpAddr>) -> Vec<IpNet> {
    ips.map(|ip| IpNet::from(*ip)).collect()
}

fn some<'a>(nets: Vec<IpNet>, missing: Missing) -> Result<Places<'a>, Missing> {
    if nets.is_empty() { Err(missing) } else { Ok(Places::Nets(nets)) }
}
