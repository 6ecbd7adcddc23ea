//! A site as data: networks, devices, what they do, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::{DeviceType, Mac, Timestamp};
use serde::Deserialize;

use crate::error::SiteError;
use crate::net::Stack;
use crate::proto;
use crate::proto::tls::Certificate;
use crate::schedule::{Planner, Recurring, Rhythm};
use crate::template;
use crate::wifi;

/// A site: who is there, what they do when, and which defects were planted.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// When the capture begins.
    pub start: Timestamp,
    /// Everything with an address, outside hosts and extra interfaces included.
    pub devices: Vec<Device>,
    /// The weaknesses that an analysis has to find.
    pub planted: Vec<Planted>,
    /// What stands behind a hub and never speaks for itself.
    pub children: Vec<Child>,
    pub(crate) networks: Vec<Network>,
    pub(crate) stacks: BTreeMap<String, Stack>,
    pub(crate) tls_clients: BTreeMap<String, proto::tls::Client>,
    pub(crate) certificates: BTreeMap<String, Certificate>,
    pub(crate) wifi: Option<wifi::Air>,
    pub(crate) activities: Vec<Recurring>,
}

/// A segment with its router and resolver.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Network {
    pub(crate) name: String,
    /// 802.1Q tag on the captured trunk; untagged without.
    pub(crate) vlan: Option<u16>,
    /// Bits of the IPv4 network part.
    pub(crate) prefix: u8,
    /// The device, or the interface of one, that routes for it.
    pub(crate) router: String,
    /// The device that resolves names.
    pub(crate) dns: String,
    /// The device that gives addresses.
    pub(crate) dhcp: String,
    pub(crate) domain: String,
    /// An IPv6 /64 that the router advertises.
    pub(crate) ipv6: Option<Ipv6Addr>,
}

/// A device, an interface of one, or (without `network`) a host of the Internet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Device {
    /// Its name within the site.
    pub name: String,
    /// Its segment; none for a host of the Internet.
    pub network: Option<String>,
    /// Its link-layer address.
    pub mac: Option<Mac>,
    /// Its IPv4 address at the beginning.
    pub ip: Ipv4Addr,
    /// A global IPv6 address.
    pub ip6: Option<Ipv6Addr>,
    /// The device of which this is a further interface.
    pub interface_of: Option<String>,
    /// What an analysis should find out.
    pub expect: Option<Expect>,
    /// DNS names by which others find it.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    #[serde(default = "default_stack")]
    pub(crate) stack: String,
    pub(crate) dhcp: Option<proto::dhcp::Client>,
    pub(crate) lldp: Option<proto::lldp::Inventory>,
    pub(crate) cdp: Option<proto::cdp::Inventory>,
    pub(crate) mdns: Option<proto::mdns::Responder>,
    pub(crate) upnp: Option<proto::upnp::Description>,
    pub(crate) ssh: Option<proto::ssh::Endpoint>,
    pub(crate) snmp: Option<proto::snmp::System>,
    pub(crate) http: Option<proto::http::Server>,
    pub(crate) modbus: Option<proto::modbus::Identity>,
    pub(crate) s7: Option<proto::s7::Identity>,
    pub(crate) enip: Option<proto::enip::Identity>,
    pub(crate) bacnet: Option<proto::bacnet::Identity>,
    pub(crate) dnp3: Option<proto::dnp3::Identity>,
}

/// What an analysis should say about a device; what is left out, it may not be able to know.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// The name that people call it.
    pub name: Option<String>,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: Option<DeviceType>,
    /// Who made it.
    pub vendor: Option<String>,
    /// Which product it is.
    pub model: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
    /// Operating system.
    pub os: Option<String>,
}

/// A device that speaks only through its hub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Child {
    /// Its name, as the hub tells it.
    pub name: String,
    /// The hub.
    pub parent: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: DeviceType,
    /// Its model, as the hub tells it.
    pub model: Option<String>,
}

/// A weakness put into the site on purpose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Planted {
    /// The device that has it.
    pub device: String,
    /// The name of its finding kind, such as `telnet-service`.
    pub kind: String,
    /// The address under which it shows, where that is not one of the device's own, such as the
    /// BSSID of a further network.
    pub mac: Option<Mac>,
    /// What exactly is wrong.
    pub note: String,
}

impl Site {
    /// Reads a site from TOML.
    ///
    /// # Errors
    /// Where the text is not TOML, a field is missing or unknown, or a row names a device,
    /// network or stack that is not there.
    pub fn parse(text: &str) -> Result<Site, SiteError> {
        let document: Document = toml::from_str(text)?;
        let (devices, names) = devices(document.device)?;
        let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        check(&known, &devices, &document.network, &document.child, &document.stack)?;
        let planted = planted(document.planted, &names)?;
        let mut planner = Planner::new(&names, &document.rhythm);
        for (row, table) in document.activity.iter().enumerate() {
            planner.plan(row, table)?;
        }
        let activities = planner.rows;
        let named = |name: &str| name.to_owned();
        Ok(Site {
            name: document.name,
            start: document.start,
            planted,
            children: document.child,
            networks: document.network,
            stacks: document.stack.into_iter().map(|s| (named(&s.name), s)).collect(),
            tls_clients: document.tls_client.into_iter().map(|c| (named(&c.name), c)).collect(),
            certificates: document.certificate.into_iter().map(|c| (named(&c.name), c)).collect(),
            wifi: document.wifi,
            activities,
            devices,
        })
    }

    /// The device of this name.
    #[must_use]
    pub fn device(&self, name: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.name == name)
    }

    /// A device's own link-layer addresses and those of its further interfaces.
    #[must_use]
    pub fn macs(&self, name: &str) -> Vec<Mac> {
        self.interfaces(name).filter_map(|device| device.mac).collect()
    }

    /// A device's first addresses and those of its further interfaces.
    #[must_use]
    pub fn ips(&self, name: &str) -> Vec<IpAddr> {
        self.interfaces(name).map(|device| IpAddr::V4(device.ip)).collect()
    }

    fn interfaces<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Device> {
        self.devices
            .iter()
            .filter(move |d| d.name == name || d.interface_of.as_deref() == Some(name))
    }

    pub(crate) fn network(&self, name: &str) -> Result<&Network, SiteError> {
        self.networks
            .iter()
            .find(|network| network.name == name)
            .ok_or_else(|| SiteError::new(format!("there is no network {name:?}")))
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    name: String,
    start: Timestamp,
    network: Vec<Network>,
    stack: Vec<Stack>,
    device: Vec<toml::Table>,
    #[serde(default)]
    child: Vec<Child>,
    #[serde(default)]
    tls_client: Vec<proto::tls::Client>,
    #[serde(default)]
    certificate: Vec<Certificate>,
    #[serde(default)]
    activity: Vec<toml::Table>,
    #[serde(default)]
    rhythm: Vec<Rhythm>,
    wifi: Option<wifi::Air>,
    #[serde(default)]
    planted: Vec<Planted>,
}

/// The devices that the tables stand for, and their names in the same order.
fn devices(tables: Vec<toml::Table>) -> Result<(Vec<Device>, Vec<String>), SiteError> {
    let mut devices = Vec::new();
    for table in tables {
        let name = table.get("name").and_then(toml::Value::as_str).unwrap_or("?").to_owned();
        let row = || format!("device {name}");
        for copy in template::copies(table).map_err(|error| error.in_row(row))? {
            let device: Device =
                copy.try_into().map_err(|error| SiteError::from(error).in_row(row))?;
            devices.push(device);
        }
    }
    let names = devices.iter().map(|device| device.name.clone()).collect();
    Ok((devices, names))
}

/// The weaknesses that the rows stand for: one for every device of a pattern.
fn planted(rows: Vec<Planted>, names: &[String]) -> Result<Vec<Planted>, SiteError> {
    let mut planted = Vec::new();
    for row in rows {
        let label = || format!("planted {}", row.kind);
        let devices =
            template::matching(&row.device, names).map_err(|error| error.in_row(label))?;
        let one = |device: &str| Planted { device: device.to_owned(), ..row.clone() };
        planted.extend(devices.into_iter().map(one));
    }
    Ok(planted)
}

fn check(
    known: &BTreeSet<&str>,
    devices: &[Device],
    networks: &[Network],
    children: &[Child],
    stacks: &[Stack],
) -> Result<(), SiteError> {
    if known.len() != devices.len() {
        return Err(SiteError::new("two devices have the same name; give each its own"));
    }
    let device = |name: &str, row: String| {
        if known.contains(name) {
            Ok(())
        } else {
            Err(SiteError::new(format!("there is no device {name:?}")).in_row(|| row))
        }
    };
    for network in networks {
        for name in [&network.router, &network.dns, &network.dhcp] {
            device(name, format!("network {}", network.name))?;
        }
    }
    for child in children {
        device(&child.parent, format!("child {}", child.name))?;
    }
    for row in devices {
        let says = if !stacks.iter().any(|stack| stack.name == row.stack) {
            format!("there is no stack {:?}", row.stack)
        } else if row.network.is_some() != row.mac.is_some() {
            "a device inside has both a network and a mac, a host outside neither".to_owned()
        } else if let Some(name) = &row.network
            && !networks.iter().any(|network| network.name == *name)
        {
            format!("there is no network {name:?}")
        } else if let Some(name) = &row.interface_of
            && !known.contains(name.as_str())
        {
            format!("there is no device {name:?}")
        } else {
            continue;
        };
        return Err(SiteError::new(says).in_row(|| format!("device {}", row.name)));
    }
    Ok(())
}

fn default_stack() -> String {
    "linux".to_owned()
}
