//! The lab: sites and scenarios as data, played as real packets.
//!
//! A [`Site`] is a TOML text: networks, devices, what they do and when, and which defects were
//! planted. [`write()`] plays it: every act becomes a conversation with real protocol bytes, and
//! all frames come out in the order of their times. [`pcap()`] writes them as a file. [`Frames`]
//! plays a long site frame by frame, and [`Player`] says when each is due.
//!
//! ```
//! let site = cordon_lab::demo().unwrap();
//! let captures = cordon_lab::write(&site, 1).unwrap();
//! let mut file = Vec::new();
//! cordon_lab::pcap(&captures[0], &mut file).unwrap();
//! assert!(site.planted.iter().any(|planted| planted.kind == "telnet-service"));
//! ```
//!
//! This crate must not know: the parsers, the inventory, the detection, or anything else that is
//! tested with what it makes. It reads no clock, no file and no network.

mod bytes;
mod capture;
mod error;
mod net;
mod play;
mod proto;
mod rng;
mod schedule;
mod site;
mod span;
mod stage;
mod stream;
mod template;
mod wifi;

pub use capture::{Capture, Frame, PcapWriter, pcap, write};
pub use error::SiteError;
pub use site::{Child, Device, Expect, Planted, Site};
pub use stream::{Frames, Player};

/// The demonstration site: a small clinic, a plant and a home.
///
/// # Errors
/// None, as long as the tests pass: the text is part of the program.
pub fn demo() -> Result<Site, SiteError> {
    Site::parse(concat!(
        include_str!("../sites/demo/site.toml"),
        include_str!("../sites/demo/stacks.toml"),
        include_str!("../sites/demo/infrastructure.toml"),
        include_str!("../sites/demo/clinic-devices.toml"),
        include_str!("../sites/demo/plant-devices.toml"),
        include_str!("../sites/demo/home-devices.toml"),
        include_str!("../sites/demo/network.toml"),
        include_str!("../sites/demo/clinic.toml"),
        include_str!("../sites/demo/plant.toml"),
        include_str!("../sites/demo/home.toml"),
        include_str!("../sites/demo/planted.toml"),
        include_str!("../sites/demo/air.toml"),
        include_str!("../sites/demo/certificates.toml"),
    ))
}

/// A clinic of 300 devices over ten networks, for a day from midnight to midnight.
///
/// # Errors
/// None, as long as the tests pass: the text is part of the program.
pub fn clinic_300() -> Result<Site, SiteError> {
    Site::parse(concat!(
        include_str!("../sites/clinic-300/site.toml"),
        include_str!("../sites/demo/stacks.toml"),
        include_str!("../sites/clinic-300/infrastructure.toml"),
        include_str!("../sites/clinic-300/medical.toml"),
        include_str!("../sites/clinic-300/office.toml"),
        include_str!("../sites/clinic-300/building.toml"),
        include_str!("../sites/clinic-300/network-day.toml"),
        include_str!("../sites/clinic-300/medical-day.toml"),
        include_str!("../sites/clinic-300/office-day.toml"),
        include_str!("../sites/clinic-300/building-day.toml"),
        include_str!("../sites/clinic-300/planted.toml"),
        include_str!("../sites/demo/certificates.toml"),
    ))
}
