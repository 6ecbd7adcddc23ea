//! Scenes made of facts and flows, as the sensor would hand them over.

use std::net::{IpAddr, SocketAddr};

use cordon_model::fact::Party;
use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{
    App, Basis, Claim, Credential, Device, DeviceId, DeviceType, Ends, Fact, Finding, FindingKind,
    Flow, FlowId, PacketId, Said, Scheme, SecretKey, Timestamp, Transport,
};
use cordon_posture::{Posture, PostureOptions};

/// 2024-01-01.
pub const NOW: Timestamp = Timestamp::from_secs(1_704_067_200);

pub fn key() -> SecretKey {
    SecretKey::new([42; 32])
}

/// Facts, flows and devices of a small site in 10.0.0.0/8.
#[derive(Clone, Default)]
pub struct Scene {
    pub facts: Vec<Fact>,
    pub flows: Vec<Flow>,
    pub devices: Vec<Device>,
}

/// `10.0.0.1:80`, or an address without a port.
pub fn party(text: &str) -> Party {
    match text.parse::<SocketAddr>() {
        Ok(socket) => Party { mac: None, ip: Some(socket.ip()), port: Some(socket.port()) },
        Err(_) => Party { mac: None, ip: Some(text.parse().unwrap()), port: None },
    }
}

impl Scene {
    /// `from` says something to `to` in flow 1.
    pub fn say(self, from: &str, to: &str, said: Said) -> Self {
        self.say_in(1, from, to, said)
    }

    pub fn say_in(mut self, flow: u64, from: &str, to: &str, said: Said) -> Self {
        let number = self.facts.len() as u64 + 1;
        self.facts.push(Fact {
            at: Timestamp::from_secs(NOW.secs() + number as i64),
            packet: PacketId { input: 0, number },
            flow: Some(FlowId(flow)),
            vlan: None,
            from: party(from),
            to: party(to),
            said,
        });
        self
    }

    pub fn password(self, scheme: Scheme, from: &str, to: &str, user: &str, secret: &str) -> Self {
        let credential = Credential::new(&key(), scheme, user.as_bytes(), secret.as_bytes());
        self.say(from, to, Said::Credential(credential))
    }

    /// A TCP flow in which both ends sent payload.
    pub fn flow(mut self, client: &str, server: &str, app: Option<App>) -> Self {
        let counters = Counters { packets: 5, bytes: 900, data_packets: 3, payload: 600 };
        let number = self.flows.len() as u64 + 1000;
        self.flows.push(Flow {
            id: FlowId(number),
            transport: Transport::Tcp,
            client: party(client),
            server: party(server),
            ends: Ends::Syn,
            vlan: None,
            tunnelled: false,
            app,
            basis: app.map(|_| Basis::Payload),
            first: NOW,
            last: NOW,
            packet: PacketId { input: 0, number },
            sent: counters,
            received: counters,
            sent_flags: TcpFlags(TcpFlags::SYN),
            received_flags: TcpFlags(TcpFlags::SYN | TcpFlags::ACK),
            first_sizes: [0; 8],
            part: 0,
            continues: false,
            community_id: "".into(),
        });
        self
    }

    pub fn device(mut self, ip: &str, name: &str, kind: DeviceType) -> Self {
        let ip: IpAddr = ip.parse().unwrap();
        self.devices.push(Device {
            id: id(ip),
            name: Some(Claim { value: name.into(), confidence: 1.0, reasons: Vec::new() }),
            kind: Some(Claim { value: kind, confidence: 1.0, reasons: Vec::new() }),
            vendor: None,
            model: None,
            firmware: None,
            os: None,
            macs: Vec::new(),
            ips: vec![ip],
            random_mac: false,
            parent: None,
            routes: false,
            vlans: Vec::new(),
            services: Vec::new(),
            mud: Vec::new(),
            first: NOW,
            last: NOW,
            packets: 1,
            bytes: 1,
        });
        self
    }

    pub fn findings(&self) -> Vec<Finding> {
        let mut posture = Posture::new(PostureOptions { key: key(), local: Vec::new() });
        self.facts.iter().for_each(|fact| posture.fact(fact));
        self.flows.iter().for_each(|flow| posture.flow(flow));
        posture.finish(&who, &self.devices)
    }

    pub fn of(&self, kind: FindingKind) -> Vec<Finding> {
        self.findings().into_iter().filter(|finding| finding.kind == kind).collect()
    }

    /// The one finding of a kind.
    pub fn one(&self, kind: FindingKind) -> Finding {
        let mut found = self.of(kind);
        assert_eq!(found.len(), 1, "{kind}: {found:#?}");
        found.remove(0)
    }

    /// Asserts that no finding of the kind is made.
    pub fn none(&self, kind: FindingKind) {
        let found = self.of(kind);
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Inside addresses are devices, outside ones are nobody's.
fn who(party: &Party, _: Option<u16>) -> Option<DeviceId> {
    match (party.ip, party.mac) {
        (Some(ip), _) => (!cordon_model::is_public(ip)).then(|| id(ip)),
        (None, Some(mac)) => Some(DeviceId(format!("mac-{mac}").into())),
        (None, None) => None,
    }
}

pub fn id(ip: IpAddr) -> DeviceId {
    DeviceId(format!("ip-{ip}").into())
}
