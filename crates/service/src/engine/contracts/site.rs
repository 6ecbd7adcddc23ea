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

/// A label that says which class a device serves (RFC 8520, 4.6): `serves:urn:…`.
const SERVES: &str = "serves:";
/// A label that says who controls a device: `controller:ID`.
const CONTROLLER: &str = "controller:";

/// Devices with an address in a network of the Internet from which on it is the site's.
const SHARERS: usize = 2;

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

/// What is configured, or the usual networks around the addresses that devices have here.
fn networks(register: &Register, options: &EnforceOptions) -> Vec<IpNet> {
    if !options.networks.is_empty() {
        return options.networks.clone();
    }
    let linked = options.links.iter().map(|(_, net)| net.trunc());
    let mut nets: BTreeSet<IpNet> = linked.collect();
    let private = register.records().flat_map(|record| &record.seen.ips);
    let private = private.filter(|ip| scope(**ip) == Scope::Private).filter_map(usual_net);
    for net in private.chain(shared_prefixes(register)) {
        if !nets.iter().any(|held| held.contains(&net)) {
            nets.insert(net);
        }
    }
    nets.into_iter().collect()
}

/// Networks of the Internet that are the site's: behind a router that does not translate every
/// device has an address there (RFC 4291, 2.5.4), beside one of the site. Whoever claims an address
/// of somebody's service must not make that network ours, so several devices have to have one.
fn shared_prefixes(register: &Register) -> impl Iterator<Item = IpNet> + use<> {
    let mut users: BTreeMap<IpNet, usize> = BTreeMap::new();
    for record in register.records() {
        let seen = &record.seen;
        let local = |ip: &IpAddr| matches!(scope(*ip), Scope::Private | Scope::LinkLocal);
        if seen.macs.is_empty() || !seen.ips.iter().any(local) {
            continue;
        }
        let public = |ip: &&IpAddr| ip.is_ipv6() && scope(**ip) == Scope::Public;
        let own: BTreeSet<IpNet> = seen.ips.iter().filter(public).filter_map(usual_net).collect();
        for net in own {
            *users.entry(net).or_default() += 1;
        }
    }
    users.into_iter().filter(|(_, users)| *users >= SHARERS).map(|(net, _)| net)
}

/// The network that an address is usually in.
fn usual_net(ip: &IpAddr) -> Option<IpNet> {
    IpNet::new(*ip, if ip.is_ipv4() { 24 } else { 64 }).ok().map(|net| net.trunc())
}
