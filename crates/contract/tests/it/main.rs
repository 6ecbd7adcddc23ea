//! Contracts of a small site, and of the public test suites.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail and say what it skipped; the rule's own exception misses helpers"
)]

mod book;
mod export;
mod import;
mod learn;
mod learn_again;
mod learn_shape;
mod learn_suspicion;
mod nist;
mod nist_files;
mod rehearse;
mod resolve;
mod schema;
mod tls;
mod watch;

use cordon_contract::resolve::{Bound, Known};
use cordon_contract::{Carrier, Contract, Entry, Opens, Packet, Peer, Ports, Reach, Stage};
use cordon_model::{DeviceId, Mac, Timestamp};

/// A device with the last number of its addresses.
fn known(name: &str, no: u8) -> Known {
    Known {
        macs: vec![Mac([2, 0, 0, 0, 0, no])],
        ips: vec![[10, 0, 0, no].into(), format!("2001:db8::{no}").parse().unwrap()],
        link: Some("lan".into()),
        ..Known::new(DeviceId(name.into()), name)
    }
}

fn contract(name: &str, entries: impl IntoIterator<Item = Entry>) -> Contract {
    let mut contract = Contract::new(DeviceId(name.into()), name, Timestamp::from_secs(0));
    contract.entries.extend(entries);
    contract
}

fn entry(peer: Peer, opens: Opens, port: u16) -> Entry {
    Entry::new(peer, opens, Carrier::Tcp, [Ports::one(port)])
}

fn enforced(contract: &Contract) -> Bound<'_> {
    Bound { contract, stage: Stage::Enforce, reach: Reach::Normal }
}

/// A packet that opens a conversation.
fn packet(from: &str, to: &str, carrier: Carrier, from_port: u16, to_port: u16) -> Packet {
    Packet {
        mac: None,
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        carrier,
        from_port,
        to_port,
        established: false,
    }
}
