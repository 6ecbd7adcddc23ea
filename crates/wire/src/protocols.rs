//! The tables of application protocols: a new protocol is one module and one row.
//!
//! Order matters only between protocols that fit the same bytes: the stricter one stands first.

use crate::{DatagramProtocol, StreamProtocol};

/// Protocols over TCP.
#[rustfmt::skip] // One row a line.
pub static STREAMS: &[StreamProtocol] = &[
    crate::dns::DNS_STREAM,
];

/// Protocols over UDP.
#[rustfmt::skip] // One row a line.
pub static DATAGRAMS: &[DatagramProtocol] = &[
    crate::dhcp::DHCP,
    crate::ssdp::SSDP,
    crate::dns::MDNS,
    crate::dns::LLMNR,
    crate::nbns::NBNS,
    crate::dns::DNS,
    crate::dhcpv6::DHCPV6,
];
