//! The tables of application protocols: a new protocol is one module and one row.
//!
//! Order matters only between protocols that fit the same bytes: the stricter one stands first.

use cordon_model::App;

use crate::{
    DatagramDissect, DatagramProtocol, StreamProtocol, coap, ftp, http, mqtt, ntp, ot, quic, rtsp,
    snmp, ssh, telnet, tls,
};

/// Protocols over TCP.
#[rustfmt::skip]
pub static STREAMS: &[StreamProtocol] = &[
    StreamProtocol { app: App::Tls, recognise: tls::recognise, start: tls::start },
    StreamProtocol { app: App::Http, recognise: http::recognise, start: http::start },
    StreamProtocol { app: App::Rtsp, recognise: rtsp::recognise, start: rtsp::start },
    StreamProtocol { app: App::Ssh, recognise: ssh::recognise, start: ssh::start },
    StreamProtocol { app: App::Dnp3, recognise: ot::dnp3::recognise, start: ot::dnp3::start },
    StreamProtocol { app: App::S7comm, recognise: ot::s7comm::recognise, start: ot::s7comm::start },
    StreamProtocol { app: App::Enip, recognise: ot::enip::recognise, start: ot::enip::start },
    StreamProtocol { app: App::Modbus, recognise: ot::modbus::recognise, start: ot::modbus::start },
    crate::dns::DNS_STREAM,
    StreamProtocol { app: App::Mqtt, recognise: mqtt::recognise, start: mqtt::start },
    StreamProtocol { app: App::Ftp, recognise: ftp::recognise, start: ftp::start },
    StreamProtocol { app: App::Telnet, recognise: telnet::recognise, start: telnet::start },
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
    DatagramProtocol { app: App::Snmp, recognise: snmp::recognise, dissect: DatagramDissect::Each(snmp::dissect) },
    DatagramProtocol { app: App::Ntp, recognise: ntp::recognise, dissect: DatagramDissect::Each(ntp::dissect) },
    DatagramProtocol { app: App::Coap, recognise: coap::recognise, dissect: DatagramDissect::Each(coap::dissect) },
];
