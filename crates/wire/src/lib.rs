//! The parsers: bytes of a frame, datagram or stream in, typed facts out.
//!
//! Everything here eats hostile bytes. Each parser is a plain function or a small state machine
//! over slices: bounded in time and memory, without recursion, without panics, and without any
//! say in what a fact means. The tables in [`protocols`] are the only list of applications; the
//! sensor, the fuzz targets and the hostile-input tests all walk them.
//!
//! ```
//! use cordon_wire::{Guess, Side, protocols};
//! let http = protocols::STREAMS.iter().find(|row| row.app == cordon_model::App::Http).unwrap();
//! assert_eq!((http.recognise)(Side::Client, b"GET / HTTP/1.1\r\n\r\n"), Guess::Sure);
//! ```
//!
//! This crate must not know: files, sockets, clocks, flows, devices, what is good or bad.

pub mod arp;
pub mod bytes;
pub mod cdp;
pub mod coap;
pub mod dhcp;
pub mod dhcpv6;
pub mod dissect;
pub mod dns;
pub mod eapol;
pub mod edimax;
pub mod ftp;
pub mod group;
pub mod http;
pub mod hue;
pub mod ip;
pub mod ja4;
pub mod link;
pub mod lldp;
pub mod mqtt;
pub mod nbns;
pub mod ndp;
pub mod ntp;
pub mod ot;
pub mod protocols;
pub mod quic;
pub mod rtsp;
pub mod snmp;
pub mod ssdp;
pub mod ssh;
pub mod telnet;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod transport;
pub mod upnp;
pub mod wlan;
pub mod x509;

pub use bytes::Reader;
pub use dissect::{
    Datagram, DatagramDissect, DatagramDissector, DatagramProtocol, Guess, Out, Side, Step,
    StreamDissector, StreamProtocol,
};
