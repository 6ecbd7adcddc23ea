//! The site as contracts speak of it, from the register and the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use cordon_contract::resolve::{DNS_SERVERS, Known, World as Site};
use cordon_model::record::Record;
use cordon_model::{Scope, Text, scope};
use cordon_register::{Register, View};
use ipnet::IpNet;

/// How contracts are enforced on this machine.
#[derive(Clone, PartialEq, Debug)]
pub struct EnforceOptions {
    /// Interfaces with the networks behind them, whose devices are on that very link.
    pub links: Vec<(Text, IpNet)>,
    /// The networks of the site; derived from its devices where empty.
    pub networks: Vec<IpNet>,
    /// How long rules that may block are on trial.
    pub patience: Duration,
    /// What is never cut, and the rest of what is settled beside contracts.
    pub rules: cordon_enforce::Options,
}

impl Default for EnforceOptions {
    fn default() -> Self {
        EnforceOptions {
            links: Vec::new(),
            networks: Vec::new(),
            patience: Duration::from_secs(600),
            rules: cordon_enforce::Options::default(),
        }
    }
}

/// A label that says which class a device serves (RFC 8520, 8.4): `serves:urn:…`.
const SERVES: &str = "serves:";
/// A label that says who controls a device: `controller:ID`.
const CONTROLLER: &str = "controller:";

/// The site as it is now.
pub(super) fn site(register: &Register, options: &EnforceOptions) -> Site {
    let networks = networks(register, options);
    let devices: Vec<Known> =
        register.records().map(|record| known(record, &networks, options)).collect();
    let routers = register.records().filter(|record| record.seen.routes);
    let gateways: Vec<IpAddr> = routers
        .flat_map(|record| &record.seen.ips)
        .copied()
        .filter(|ip| is_here(*ip, &networks))
        .collect();
    Site {
        devices,
        // A contract that speaks of the local networks does not mean the router's own services.
        excluded: Vec::new(),
        networks,
        gateways,
        controllers: BTreeMap::new(),
        nat64: None,
    }
}

fn known(record: &Record, networks: &[IpNet], options: &EnforceOptions) -> Known {
    let view = View::of(record);
    let ips: Vec<IpAddr> =
        record.seen.ips.iter().copied().filter(|ip| is_here(*ip, networks)).collect();
    let link = options
        .links
        .iter()
        .find(|(_, net)| ips.iter().any(|ip| net.contains(ip)))
        .map(|(link, _)| link.clone());
    let labelled = |prefix: &'static str| {
        record.own.tags.iter().filter_map(move |tag| tag.strip_prefix(prefix))
    };
    let mut serves: Vec<Text> = labelled(SERVES).map(Text::from).collect();
    let names = |service: &cordon_model::record::Span<cordon_model::Service>| {
        !service.gone && service.value.port == 53
    };
    // Anybody can answer questions for names; the router is whom devices are told to ask.
    if record.seen.routes && record.services.iter().any(names) {
        serves.push(DNS_SERVERS.into());
    }
    Known {
        macs: record.seen.macs.clone(),
        ips,
        link,
        vendor: view.vendor.map(|field| field.value.clone()),
        model: view.model.map(|field| field.value.clone()),
        tags: record.own.tags.clone(),
        zone: record.own.zone.as_ref().map(|zone| zone.value.clone()),
        serves,
        my_controllers: labelled(CONTROLLER).map(|id| cordon_model::DeviceId(id.into())).collect(),
        ..Known::new(record.id.clone(), &record.label())
    }
}

/// Whether an address is one of the site's.
fn is_here(ip: IpAddr, networks: &[IpNet]) -> bool {
    networks.iter().any(|net| net.contains(&ip))
        || matches!(scope(ip), Scope::Private | Scope::LinkLocal)
}

/// What is configured, or the usual networks around the addresses that devices have here. Private
/// addresses are, and those on the Internet that somebody has beside one of the site: behind a
/// router that does not translate, every device has such (RFC 4291, 2.5.4).
fn networks(register: &Register, options: &EnforceOptions) -> Vec<IpNet> {
    if !options.networks.is_empty() {
        return options.networks.clone();
    }
    let linked = options.links.iter().map(|(_, net)| net.trunc());
    let mut nets: BTreeSet<IpNet> = linked.collect();
    let own = register.records().flat_map(|record| {
        let seen = &record.seen;
        let local = |ip: &IpAddr| matches!(scope(*ip), Scope::Private | Scope::LinkLocal);
        let here = !seen.routes && !seen.macs.is_empty() && seen.ips.iter().any(local);
        let is_own = move |ip: &&IpAddr| match scope(**ip) {
            Scope::Private => true,
            Scope::Public => here && ip.is_ipv6(),
            _ => false,
        };
        seen.ips.iter().filter(is_own)
    });
    for ip in own {
        let length = if ip.is_ipv4() { 24 } else { 64 };
        if !nets.iter().any(|net| net.contains(ip))
            && let Ok(net) = IpNet::new(*ip, length)
        {
            nets.insert(net.trunc());
        }
    }
    nets.into_iter().collect()
}
