//! A site whose devices are written down, and a register that observes it.

use std::net::IpAddr;

use cordon_model::record::{Address, EventKind, Record, Span};
use cordon_model::{
    App, Attribute, Basis, Claim, Device, DeviceId, DeviceType, Evidence, Finding, FindingKind,
    Mac, PacketId, Reason, Service, Text, Timestamp, Transport,
};
use cordon_register::{Options, Register, Snapshot, Update};

pub const DAY: i64 = 86_400;
pub const START: i64 = 1_700_000_000;

pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

pub fn mac(text: &str) -> Mac {
    text.parse().unwrap()
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn id(text: &str) -> DeviceId {
    DeviceId(text.into())
}

pub fn claim<T>(value: T, confidence: f32) -> Option<Claim<T>> {
    let reasons = vec![Reason { says: "it said so".into(), source: "dhcp".into(), packet: None }];
    Some(Claim { value, confidence, reasons })
}

/// What one conclusion holds.
#[derive(Clone, Default, Debug)]
pub struct Scene {
    pub devices: Vec<Device>,
    pub evidence: Vec<Vec<(Attribute, Reason)>>,
    pub addresses: Vec<Vec<Span<Address>>>,
    pub services: Vec<Vec<Span<Service>>>,
    pub findings: Vec<Finding>,
}

/// A device from `first` to `last` with one link-layer address (or none) and one address.
pub fn device(macs: &[&str], ips: &[&str], first: i64, last: i64) -> Device {
    let macs: Vec<Mac> = macs.iter().map(|text| mac(text)).collect();
    let ips: Vec<IpAddr> = ips.iter().map(|text| ip(text)).collect();
    let name = match macs.first() {
        Some(mac) => format!("mac-{}", mac.to_string().replace(':', "")),
        None => format!("ip-{}", ips[0]),
    };
    Device {
        id: id(&name),
        name: None,
        kind: None,
        vendor: None,
        model: None,
        firmware: None,
        os: None,
        random_mac: !macs.is_empty() && macs.iter().all(|mac| mac.is_local()),
        macs,
        ips,
        parent: None,
        routes: false,
        vlans: Vec::new(),
        services: Vec::new(),
        mud: Vec::new(),
        first: at(first),
        last: at(last),
        packets: 10,
        bytes: 1_000,
    }
}

impl Scene {
    pub fn with(mut self, device: Device) -> Self {
        let span = |value| Span { value, first: device.first, last: device.last, gone: false };
        let macs = device.macs.iter().map(|mac| span(Address::Mac(*mac)));
        let spans = macs.chain(device.ips.iter().map(|ip| span(Address::Ip(*ip)))).collect();
        self.addresses.push(spans);
        self.services.push(Vec::new());
        self.evidence.push(Vec::new());
        self.devices.push(device);
        self
    }

    pub fn offers(mut self, port: u16, app: App, first: i64, last: i64) -> Self {
        let value =
            Service { transport: Transport::Tcp, port, app: Some(app), basis: Basis::Payload };
        let span = Span { value, first: at(first), last: at(last), gone: false };
        self.services.last_mut().unwrap().push(span);
        self
    }

    /// The latest device has a weakness.
    pub fn weak(mut self, kind: FindingKind, first: i64, last: i64) -> Self {
        let device = self.devices.last().map(|device| device.id.clone());
        self.findings.push(Finding {
            kind,
            severity: kind.severity(),
            device,
            title: kind.title().into(),
            why: kind.why().into(),
            fix: kind.fix().into(),
            evidence: vec![Evidence {
                packet: PacketId { input: 0, number: 1 },
                at: at(first),
                detail: "seen".into(),
            }],
            count: 1,
            first: at(first),
            last: at(last),
        });
        self
    }

    pub fn see(&self, register: &mut Register, now: i64) -> Update {
        let snapshot = Snapshot {
            devices: &self.devices,
            evidence: &self.evidence,
            addresses: &self.addresses,
            services: &self.services,
            findings: &self.findings,
        };
        register.observe(&snapshot, at(now))
    }
}

pub fn register() -> Register {
    Register::load(Vec::new(), Vec::new(), Vec::new(), Options::default())
}

/// The same register after a restart.
pub fn restarted(register: &Register) -> Register {
    let records: Vec<Record> = register.records().cloned().collect();
    let text = serde_json::to_string(&records).unwrap();
    Register::load(
        serde_json::from_str(&text).unwrap(),
        register.findings().cloned().collect(),
        register.changes().to_vec(),
        Options::default(),
    )
}

pub fn says(update: &Update, kind: EventKind) -> Vec<String> {
    let events = update.events.iter().filter(|event| event.kind == kind);
    events.map(|event| event.says.to_string()).collect()
}

pub fn phone(mac: &str, ip: &str, first: i64, last: i64) -> Device {
    Device {
        name: claim(Text::from("Annas-Pixel-7"), 0.92),
        kind: claim(DeviceType::Phone, 0.9),
        ..device(&[mac], &[ip], first, last)
    }
}
