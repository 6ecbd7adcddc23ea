//! Rows to try a store with, and a notary that signs nothing.

use std::collections::BTreeMap;

use cordon_model::record::{
    Action, Approval, Change, Credential, CredentialKind, Entry, Event, EventKind, FindingKey,
    FindingState, Invite, Own, Person, PersonId, Record, Role, Scope, Session, Set, Token,
    TrackedFinding,
};
use cordon_model::{Claim, Device, DeviceId, DeviceType, Finding, FindingKind, Timestamp};
use sha2::{Digest, Sha256};

use crate::rows::hex;
use crate::{Notary, StoreError};

/// Leaves and checkpoints without a key.
#[derive(Clone, Copy, Default, Debug)]
pub struct Unsigned;

impl Notary for Unsigned {
    fn leaf(&self, index: u64, entry: &Entry) -> Result<(Vec<u8>, [u8; 32]), StoreError> {
        let record = serde_json::to_vec(&(index, entry)).unwrap();
        let leaf = Sha256::new().chain_update([0]).chain_update(&record).finalize().into();
        Ok((record, leaf))
    }

    fn checkpoint(&self, size: u64, root: [u8; 32]) -> Result<String, StoreError> {
        Ok(format!("test\n{size}\n{}\n", hex(&root)))
    }

    fn check(&self, text: &str) -> Result<(u64, [u8; 32]), StoreError> {
        let lines: Vec<&str> = text.lines().collect();
        let bad = || StoreError::Ledger(format!("{text:?} is no checkpoint"));
        let [_, size, root] = lines.as_slice() else { return Err(bad()) };
        let bytes = (0..32).map(|at| u8::from_str_radix(root.get(2 * at..2 * at + 2)?, 16).ok());
        let root: Vec<u8> = bytes.collect::<Option<_>>().ok_or_else(bad)?;
        Ok((size.parse().map_err(|_| bad())?, root.try_into().map_err(|_| bad())?))
    }
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
