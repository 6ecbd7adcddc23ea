//! DNS (RFC 1035) over UDP and TCP, mDNS (RFC 6762) and LLMNR (RFC 4795).
//!
//! The three share one message format; the port tells mDNS and LLMNR apart from DNS, which is
//! recognised on any port.

pub(crate) mod message;
pub(crate) mod name;
mod read;
mod stream;
#[cfg(test)]
mod tests;

use cordon_model::fact::DnsKind;
use cordon_model::{App, Said};

use crate::{Datagram, DatagramDissect, DatagramProtocol, Guess, Out, StreamProtocol};

const DNS_PORT: u16 = 53;
const MDNS_PORT: u16 = 5353;
const LLMNR_PORT: u16 = 5355;

/// DNS over TCP.
pub const DNS_STREAM: StreamProtocol =
    StreamProtocol { app: App::Dns, recognise: stream::recognise, start: stream::start };

/// DNS over UDP.
pub const DNS: DatagramProtocol = DatagramProtocol {
    app: App::Dns,
    recognise: |datagram| match member(datagram) {
        DnsKind::Dns => message::judge(datagram.payload, DnsKind::Dns, datagram.on_port(DNS_PORT)),
        _ => Guess::No,
    },
    dissect: DatagramDissect::Each(|datagram, out| say(datagram.payload, DnsKind::Dns, out)),
};

/// mDNS.
pub const MDNS: DatagramProtocol = DatagramProtocol {
    app: App::Mdns,
    recognise: |datagram| match member(datagram) {
        DnsKind::Mdns => message::judge(datagram.payload, DnsKind::Mdns, true),
        _ => Guess::No,
    },
    dissect: DatagramDissect::Each(|datagram, out| say(datagram.payload, DnsKind::Mdns, out)),
};

/// LLMNR.
pub const LLMNR: DatagramProtocol = DatagramProtocol {
    app: App::Llmnr,
    recognise: |datagram| match member(datagram) {
        DnsKind::Llmnr => message::judge(datagram.payload, DnsKind::Llmnr, true),
        _ => Guess::No,
    },
    dissect: DatagramDissect::Each(|datagram, out| say(datagram.payload, DnsKind::Llmnr, out)),
};

/// Reads a message and says it; false where it is not one.
pub(crate) fn say(message: &[u8], kind: DnsKind, out: &mut Out<'_>) -> bool {
    let Some(dns) = read::read(message, kind) else {
        return false;
    };
    out.say(Said::Dns(Box::new(dns)));
    true
}

/// Which member of the family speaks on these ports. A client may by chance ask a server on port
/// 53 from port 5353.
fn member(datagram: &Datagram<'_>) -> DnsKind {
    if datagram.on_port(DNS_PORT) {
        DnsKind::Dns
    } else if datagram.on_port(MDNS_PORT) {
        DnsKind::Mdns
    } else if datagram.on_port(LLMNR_PORT) {
        DnsKind::Llmnr
    } else {
        DnsKind::Dns
    }
}
