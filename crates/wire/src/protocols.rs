//! The tables of application protocols: a new protocol is one module and one row.
//!
//! Order matters only between protocols that fit the same bytes: the stricter one stands first.

use cordon_model::App;

use crate::{DatagramDissect, DatagramProtocol, StreamProtocol, http, ot, quic, tls};

/// Protocols over TCP.
#[rustfmt::skip]
pub static STREAMS: &[StreamProtocol] = &[
    StreamProtocol { app: App::Tls, recognise: tls::recognise, start: tls::start },
    StreamProtocol { app: App::Http, recognise: http::recognise, start: http::start },
    StreamProtocol { app: App::Dnp3, recognise: ot::dnp3::recognise, start: ot::dnp3::start },
    StreamProtocol { app: App::S7comm, recognise: ot::s7comm::recognise, start: ot::s7comm::start },
    StreamProtocol { app: App::Enip, recognise: ot::enip::recognise, start: ot::enip::start },
    StreamProtocol { app: App::Modbus, recognise: ot::modbus::recognise, start: ot::modbus::start },
    crate::dns::DNS_STREAM,
];

/// Protocols over UDP.
#[rustfmt::skip]
pub static DATAGRAMS: &[DatagramProtocol] = &[
    DatagramProtocol { app: App::Dnp3, recognise: ot::dnp3::recognise_datagram, dissect: DatagramDissect::Flow(ot::dnp3::start_datagrams) },
    crate::dhcp::DHCP,
    crate::ssdp::SSDP,
    crate::dns::MDNS,
    crate::dns::LLMNR,
    crate::nbns::NBNS,
    DatagramProtocol { app: App::Quic, recognise: quic::recognise, dissect: DatagramDissect::Flow(quic::start) },
    DatagramProtocol { app: App::Bacnet, recognise: ot::bacnet::recognise, dissect: DatagramDissect::Flow(ot::bacnet::start) },
    DatagramProtocol { app: App::Enip, recognise: ot::enip::recognise_datagram, dissect: DatagramDissect::Each(ot::enip::datagram) },
    crate::dns::DNS,
    crate::dhcpv6::DHCPV6,
];
