//! The scenarios of NIST's MUD implementation as data: what its tests send, and the contracts and
//! networks that its files describe. Tests of enforcement send the same through a kernel.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use cordon_contract::mud::import;
use cordon_contract::resolve::{Known, World};
use cordon_contract::{Bindings, Contract, Entry, Judge, Opens, Peer, Policy};
use cordon_model::{DeviceId, Mac, Timestamp};
use serde_json::Value;

pub const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Where nothing answers, a test that only looks whether data came back expects none: the server
/// of this step does not run. The entry that lets `testIcmpPingExpectPass` of the same scenario
/// through, from the same device to the same device, names no protocol; so it allows this too.
pub const NOBODY_ANSWERS: (&str, &str) = ("mud-local-and-same-mfg-test", "testTcpGetExpectFail");

/// One step of a test.
pub struct Step {
    pub scenario: String,
    pub test: String,
    pub no: u32,
    pub from: String,
    pub to: String,
    pub proto: String,
    pub port: u16,
    pub allowed: bool,
    pub note: String,
}

fn steps(text: &str) -> Vec<Step> {
    let step = |line: &str| {
        let mut part = line.split('\t').map(str::to_owned);
        let mut next = || part.next().unwrap_or_default();
        Step {
            scenario: next(),
            test: next(),
            no: next().parse().unwrap(),
            from: next(),
            to: next(),
            proto: next(),
            port: next().parse().unwrap_or(0),
            allowed: next() == "allow",
            note: next(),
        }
    };
    text.lines().skip(1).map(step).collect()
}

/// The scenario about scale has no step upstream that says what must come of it. These follow from
/// its file: everything between the three devices of one maker, and nothing else.
pub fn steps_of_scale() -> Vec<Step> {
    let steps = [
        ("10.0.0.1", "10.0.0.2", "tcp", 8010, true),
        ("10.0.0.2", "10.0.0.3", "tcp", 22, true),
        ("10.0.0.3", "10.0.0.1", "udp", 4000, true),
        ("10.0.0.1", "10.0.0.3", "icmp", 0, true),
        ("10.0.0.1", "10.0.0.4", "tcp", 8010, false),
        ("10.0.0.4", "10.0.0.2", "tcp", 8010, false),
        ("10.0.0.3", "10.0.0.7", "udp", 4000, false),
        ("10.0.0.4", "10.0.0.3", "icmp", 0, false),
        ("10.0.0.2", "www.nist.local", "tcp", 80, false),
    ];
    let step =
        |(no, (from, to, proto, port, allowed)): (u32, (&str, &str, &str, u16, bool))| Step {
            scenario: "mud-same-mfg-scale-test".into(),
            test: "from its file".into(),
            no,
            from: from.into(),
            to: to.into(),
            proto: proto.into(),
            port,
            allowed,
            note: String::new(),
        };
    (1..).zip(steps).map(step).collect()
}

/// A scenario: what is known of its network, and the contracts of its hosts.
pub struct Scenario {
    pub world: World,
    pub contracts: Vec<Contract>,
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The addresses that a mapping names at a key.
fn addresses(value: &Value) -> Vec<IpAddr> {
    let list = value.as_array().into_iter().flatten();
    list.map(|ip| ip.as_str().unwrap().parse().unwrap()).collect()
}

fn host(no: u8) -> Known {
    let name = format!("host-{no}");
    Known {
        macs: vec![Mac([0, 0, 0, 0, 0, no])],
        ips: vec![[10, 0, 0, no].into()],
        ..Known::new(DeviceId(name.as_str().into()), &name)
    }
}

pub fn scenario(folder: &Path) -> Scenario {
    let mapping = &json(&folder.join("controllerclass-mapping.json"))["controllerclass-mapping"];
    let mut world = World {
        devices: (1..=8).map(host).collect(),
        networks: vec!["10.0.0.0/24".parse().unwrap()],
        excluded: addresses(&mapping["local-networks-excluded-hosts"])
            .into_iter()
            .map(Into::into)
            .collect(),
        gateways: vec!["10.0.0.8".parse().unwrap()],
        ..World::default()
    };
    for class in mapping["controller"].as_array().unwrap() {
        let uri = class["uri"].as_str().unwrap();
        world.controllers.insert(uri.into(), addresses(&class["address-list"]));
    }
    // The mapping of the first scenario does not have the class that its file names; its steps do.
    let super1 = "https://controller.nist.local";
    world.controllers.entry(super1.into()).or_insert_with(|| vec!["10.0.0.7".parse().unwrap()]);

    let mut urls: BTreeMap<u8, String> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("mudfile-") {
            let parsed = cordon_mud::parse(&std::fs::read(&path).unwrap()).unwrap();
            files.insert(name.replace(".json", ""), parsed.file);
        } else if name.starts_with("device-association") {
            let mapping = &json(&path)["mapping"];
            for mac in mapping["device-id"].as_array().unwrap() {
                let no = mac.as_str().unwrap().chars().last().unwrap().to_digit(16).unwrap();
                let url = mapping["mud-url"].as_str().unwrap().replace(".json", "");
                urls.insert(no.try_into().unwrap(), url);
            }
        }
    }
    // In this scenario the devices send the URL by DHCP.
    if folder.ends_with("mud-dhcp-test") {
        urls.extend([1, 2].map(|no| (no, files.keys().next().unwrap().clone())));
    }
    let mut contracts = Vec::new();
    for (no, url) in &urls {
        let known = &mut world.devices[usize::from(*no) - 1];
        known.mud_url = Some(url.as_str().into());
        // One of them is written without slashes.
        let name = url.trim_start_matches("file:").trim_start_matches('/');
        if let Some(file) = files.get(name) {
            known.mud_url = Some(file.url.clone());
            let (contract, _) = import(file, None, known.id.clone(), &known.label, NOW);
            contracts.push(contract);
        }
    }
    let strangers: Vec<_> = world
        .devices
        .iter()
        .filter(|known| {
            known.mud_url.is_some() && contracts.iter().all(|contract| contract.device != known.id)
        })
        .map(|known| counterpart(known, &contracts))
        .collect();
    contracts.extend(strangers);
    Scenario { world, contracts }
}

/// The contract of a device whose MUD URL is known and whose file is not at hand: what the files
/// of others say of it, and nothing else.
fn counterpart(known: &Known, contracts: &[Contract]) -> Contract {
    let mut mine = Contract::new(known.id.clone(), &known.label, NOW);
    let url = known.mud_url.clone().unwrap();
    let authority = known.authority().unwrap();
    for contract in contracts {
        for entry in &contract.entries {
            let meant = match &entry.peer {
                Peer::Manufacturer { name } => *name == authority,
                Peer::Model { name } => *name == url,
                _ => false,
            };
            if meant {
                let opens = match entry.opens {
                    Opens::Device => Opens::Peer,
                    Opens::Peer => Opens::Device,
                };
                let peer = Peer::Device { id: contract.device.clone(), name: "other".into() };
                mine.entries.push(Entry { peer, opens, ..entry.clone() });
            }
        }
    }
    mine
}

/// The address of a host. A name is looked up first, and the answer binds it.
pub fn looked_up(policy: &Policy, from: &str, to: &str) -> (IpAddr, Bindings) {
    let mut bindings = Bindings::default();
    let ip: IpAddr = match to {
        "www.nist.local" => "203.0.113.13".parse().unwrap(),
        "www.antd.local" => "203.0.113.14".parse().unwrap(),
        address => return (address.parse().unwrap(), bindings),
    };
    let judge = Judge::new(policy);
    if let Some(member) = judge.member_at(from.parse().unwrap()) {
        let until = Timestamp::from_secs(NOW.secs() + 60);
        bindings.learn(policy, member, to, ip, until);
    }
    (ip, bindings)
}

/// Where the files are, if they are at hand, and the steps that they contain.
pub fn corpus() -> Option<(PathBuf, Vec<Step>)> {
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus").to_owned()
    });
    let root = PathBuf::from(corpus).join("mud/nist-mud");
    let text = std::fs::read_to_string(root.join("expected.tsv")).ok()?;
    Some((root, steps(&text)))
}
