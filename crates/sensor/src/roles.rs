//! Which end a message shows its speaker to be.

use std::net::IpAddr;

use cordon_model::fact::{DnsKind, Ntp, SsdpMethod};
use cordon_model::{App, Outcome, Said, Transport};
use cordon_wire::Side;

/// The role that a message gives away; none where either end may say it.
pub fn of_speaker(said: &Said) -> Option<Side> {
    let asks = |asks: bool| Some(if asks { Side::Client } else { Side::Server });
    match said {
        Said::HttpRequest(_) | Said::ClientHello(_) => asks(true),
        Said::HttpResponse(_) | Said::ServerHello(_) | Said::Certificates(_) => asks(false),
        Said::Dns(dns) if dns.kind != DnsKind::Mdns => asks(!dns.response),
        Said::Ssdp(ssdp) => asks(ssdp.method == SsdpMethod::Search),
        Said::Rtsp(rtsp) => asks(rtsp.method.is_some()),
        Said::Snmp(snmp) => match snmp.pdu.as_str() {
            "trap" | "trap-v2" | "inform" | "report" | "" => None,
            _ => asks(!snmp.response),
        },
        Said::Operation(operation) => asks(operation.outcome == Outcome::Asked),
        Said::Coap(coap) if coap.code != 0 => asks(coap.code < 32),
        Said::Ntp(Ntp { mode: 3, .. }) => asks(true),
        Said::Ntp(Ntp { mode: 4, .. }) => asks(false),
        _ => None,
    }
}

/// The side of the sender of a flow's first packet, as far as ports tell: the lower claim to be a
/// service is the client's.
pub fn of_first_sender(transport: Transport, from: u16, to: u16) -> Side {
    if claim(transport, from) > claim(transport, to) { Side::Server } else { Side::Client }
}

/// How much a port looks like a service: registered for a protocol that cordon knows, privileged,
/// registered at all (RFC 6335, 6).
fn claim(transport: Transport, port: u16) -> u8 {
    match port {
        _ if App::guess(transport, port).is_some() => 3,
        0..1024 => 2,
        1024..32768 => 1,
        _ => 0,
    }
}

/// Whether an address stands for a group: multicast or limited broadcast.
pub fn is_group(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_that_starts_in_mid_stream_still_finds_the_service() {
        assert_eq!(of_first_sender(Transport::Tcp, 502, 49_200), Side::Server);
        assert_eq!(of_first_sender(Transport::Tcp, 49_200, 502), Side::Client);
        assert_eq!(of_first_sender(Transport::Udp, 5353, 5353), Side::Client);
    }
}
