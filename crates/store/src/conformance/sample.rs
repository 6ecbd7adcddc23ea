//! Rows to try a store with, and a notary that needs no key.
//!
//! A field that records get later has its default here, so that the rows under `tests/schemas/`, which
//! were written without it, stay equal to these.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::book::{Did, Proposal, Standing, Step};
use cordon_contract::envelope::Envelope;
use cordon_contract::{
    Carrier, Contract, Entry as ContractEntry, EntryId, Opens, Peer, Ports, Reach, Stage, Why,
};
use cordon_ledger::{Signer, Verifier};
use cordon_model::record::{
    Action, Approval, Change, Credential, CredentialKind, Entry, Event, EventKind, FindingKey,
    FindingState, Invite, Own, Person, PersonId, Record, Role, Scope, Session, Set, Token,
    TrackedFinding,
};
use cordon_model::{
    Claim, Device, DeviceId, DeviceType, Finding, FindingKind, PacketId, Timestamp,
};
use sha2::{Digest, Sha256};

use crate::Notary;

/// A signature that anybody can make.
struct Anybody;

impl Signer for Anybody {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let half = |salt: u8| Sha256::new().chain_update([salt]).chain_update(message).finalize();
        let both = [half(0), half(1)].concat();
        both.try_into().unwrap()
    }

    fn public_key(&self) -> [u8; 32] {
        [7; 32]
    }
}

impl Verifier for Anybody {
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        *public_key == self.public_key() && self.sign(message) == *signature
    }
}

/// Signs so that anybody could do the same: for tests only.
#[must_use]
pub fn notary() -> Notary {
    Notary::new("cordon.test/home".parse().unwrap(), Arc::new(Anybody), Arc::new(Anybody))
}

/// A time.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    // A fraction that floating point would lose.
    Timestamp::from_nanos(1_700_000_000_000_000_001 + seconds * 1_000_000_000)
}

/// A device's id.
#[must_use]
pub fn device_id(id: &str) -> DeviceId {
    DeviceId(id.into())
}

/// A contract in force for a device: it may ask the router for names.
#[must_use]
pub fn standing(device: &str) -> Standing {
    let mut contract = contract(device);
    contract.version = 1;
    let envelope = Envelope::seal(&contract, "test", <[u8]>::to_vec).unwrap();
    Standing {
        signed: Some(envelope.try_into().unwrap()),
        stage: Stage::Warn,
        reach: Reach::LocalOnly,
        versions: 1,
        refused: vec![EntryId("e-0123456789".into())],
        ..Standing::new(device_id(device), at(5))
    }
}

/// What is proposed for a device.
#[must_use]
pub fn proposal(device: &str) -> Proposal {
    Proposal { contract: contract(device), held: Vec::new() }
}

/// A step that changed these devices.
#[must_use]
pub fn step(id: u64, devices: &[&str]) -> Step {
    Step {
        id,
        at: at(6),
        by: "person:anna".into(),
        did: Did::Staged { stage: Stage::Enforce },
        why: "noon".into(),
        before: devices.iter().map(|device| standing(device)).collect(),
        undone: None,
    }
}

fn contract(device: &str) -> Contract {
    let mut contract = Contract::new(device_id(device), "lamp", at(4));
    let udp = Carrier::Udp;
    contract.allow(
        ContractEntry::new(Peer::Gateway, Opens::Device, udp, [Ports::one(53)])
            .because(Why::seen(at(3), PacketId::default())),
    );
    contract
}

/// A device.
#[must_use]
pub fn device(id: &str) -> Record {
    let seen = Device {
        id: device_id(id),
        name: Some(Claim {
            value: "Küche ☕ '); --".into(), confidence: 0.7, reasons: Vec::new()
        }),
        kind: None,
        vendor: None,
        model: None,
        firmware: None,
        os: None,
        macs: vec!["00:17:88:24:76:ff".parse().unwrap()],
        ips: vec!["10.0.0.7".parse().unwrap(), "fe80::1".parse().unwrap()],
        random_mac: false,
        parent: None,
        routes: false,
        vlans: vec![7],
        services: Vec::new(),
        mud: Vec::new(),
        first: at(0),
        last: at(60),
        packets: u64::MAX,
        bytes: 1,
    };
    let kind = Some(Set { value: DeviceType::ALL[0], by: "person:anna".into(), at: at(1) });
    Record {
        id: device_id(id),
        seen,
        evidence: Vec::new(),
        own: Own { kind, ..Own::default() },
        first: at(0),
        last: at(60),
        addresses: Vec::new(),
        names: Vec::new(),
        services: Vec::new(),
        joined: Vec::new(),
        parted: Vec::new(),
        imported: None,
        silent: false,
    }
}

/// A finding about a device.
#[must_use]
pub fn finding(id: &str, device: &str, state: FindingState) -> TrackedFinding {
    let kind = FindingKind::ALL[0];
    TrackedFinding {
        id: FindingKey(id.into()),
        finding: Finding {
            kind,
            severity: kind.severity(),
            device: Some(device_id(device)),
            title: kind.title().into(),
            why: kind.why().into(),
            fix: kind.fix().into(),
            evidence: Vec::new(),
            count: 3,
            first: at(0),
            last: at(60),
        },
        first: at(0),
        last: at(60),
        state,
        accepted: None,
    }
}

/// An event of a device.
#[must_use]
pub fn event(device: &str, seconds: i64, kind: EventKind) -> Event {
    let says = format!("said at {seconds}").into();
    Event { at: at(seconds), device: device_id(device), kind, says, actor: None }
}

/// A change of devices.
#[must_use]
pub fn change(id: u64, before: &[&str], after: &[&str]) -> Change {
    Change {
        id,
        at: at(5),
        by: "person:anna".into(),
        says: "joined two devices".into(),
        before: before.iter().map(|id| device(id)).collect(),
        after: after.iter().map(|id| device_id(id)).collect(),
        made: Vec::new(),
        findings: Vec::new(),
        undone: false,
    }
}

/// A person with this id and name.
#[must_use]
pub fn person(id: &str) -> Person {
    Person {
        id: PersonId(id.into()),
        name: id.into(),
        role: Role::Operator,
        created: at(0),
        disabled: false,
    }
}

/// Something to sign in with.
#[must_use]
pub fn credential(id: &str, person: &str) -> Credential {
    Credential {
        id: id.into(),
        person: PersonId(person.into()),
        kind: CredentialKind::Passkey,
        label: "yellow key".into(),
        sealed: (0..=255).collect(),
        created: at(0),
        used: Some(at(2)),
    }
}

/// A session that ends for certain at 3600.
#[must_use]
pub fn session(hash: u8, person: &str) -> Session {
    Session {
        hash: [hash; 32],
        person: PersonId(person.into()),
        created: at(0),
        expires: at(3600),
        used: at(1),
        agent: "Firefox".into(),
        from: "10.0.0.9".into(),
    }
}

/// An invitation that is of no use after 3600.
#[must_use]
pub fn invite(hash: u8) -> Invite {
    Invite {
        hash: [hash; 32],
        person: None,
        role: Role::Viewer,
        by: "local:0".into(),
        created: at(0),
        expires: at(3600),
    }
}

/// An API token that ends at 3600.
#[must_use]
pub fn token(id: &str, hash: u8, person: &str) -> Token {
    Token {
        id: id.into(),
        hash: [hash; 32],
        person: PersonId(person.into()),
        label: "grafana".into(),
        scope: Scope::Metrics,
        created: at(0),
        expires: at(3600),
        used: None,
    }
}

/// A request that ends at 3600.
#[must_use]
pub fn approval(id: &str) -> Approval {
    Approval {
        id: id.into(),
        action: Action::DeviceForget,
        subject: "a".into(),
        request: "{}".into(),
        reason: "it is gone".into(),
        asked_by: PersonId("anna".into()),
        asked: at(0),
        expires: at(3600),
        decided: None,
    }
}

/// A ledger entry.
#[must_use]
pub fn entry(actor: &str, action: Action, subject: &str) -> Entry {
    let detail = BTreeMap::from([("why".into(), "because".into())]);
    Entry { at: at(9), actor: actor.into(), action, subject: subject.into(), detail }
}
