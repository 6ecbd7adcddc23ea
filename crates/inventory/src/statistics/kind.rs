//! Kinds of frames and of services, the nouns of most tokens.

/// The service a flow is about: transport, which end serves, and its port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct ServicePort {
    pub tcp: bool,
    /// Whether the device is the client.
    pub client: bool,
    /// None where both ends use the same high port.
    pub port: Option<u16>,
}

impl ServicePort {
    pub(super) const fn transport(self) -> &'static str {
        if self.tcp { "tcp" } else { "udp" }
    }

    /// `c` for client, `v` for server.
    pub(super) const fn side(self) -> &'static str {
        if self.client { "c" } else { "v" }
    }

    pub(super) fn write_port(self, out: &mut Vec<u8>) {
        match self.port {
            Some(port) => super::token::Part::N(u64::from(port)).write(out),
            None => out.extend_from_slice(b"same"),
        }
    }
}

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    Llc,
    Eapol,
    ShortArp,
    Arp(Arp),
    EtherType(u16),
    ShortIpv4,
    ShortIpv6,
    Fragment,
    Igmp,
    Icmp(u8),
    Icmp6(u8),
    /// Another protocol over IP.
    Protocol(u8),
    ShortTcp,
    ShortUdp,
    Service(ServicePort),
    ServiceV6(ServicePort),
}

/// What an ARP packet is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Arp {
    Probe,
    Announcement,
    Request,
    Reply,
}

impl Arp {
    pub(super) const ALL: [Arp; 4] = [Arp::Probe, Arp::Announcement, Arp::Request, Arp::Reply];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Arp::Probe => "probe",
            Arp::Announcement => "ann",
            Arp::Request => "req",
            Arp::Reply => "rep",
        }
    }
}

impl Kind {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let numbered = |out: &mut Vec<u8>, name: &str, number: u8| {
            out.extend_from_slice(name.as_bytes());
            super::token::Part::N(u64::from(number)).write(out);
        };
        let name = match self {
            Kind::Llc => "llc",
            Kind::Eapol => "eapol",
            Kind::ShortArp => "arp",
            Kind::ShortIpv4 => "ip4?",
            Kind::ShortIpv6 => "ip6?",
            Kind::Fragment => "frag",
            Kind::Igmp => "igmp",
            Kind::ShortTcp => "tcp",
            Kind::ShortUdp => "udp",
            Kind::Icmp(kind) => return numbered(out, "icmp", kind),
            Kind::Icmp6(kind) => return numbered(out, "icmp6_", kind),
            Kind::Protocol(protocol) => return numbered(out, "p", protocol),
            Kind::Arp(arp) => {
                out.extend_from_slice(b"arp_");
                arp.name()
            }
            Kind::EtherType(number) => {
                out.extend_from_slice(b"et");
                return super::token::Part::Hex(&number.to_be_bytes()).write(out);
            }
            Kind::Service(port) => return service(out, port, ""),
            Kind::ServiceV6(port) => return service(out, port, "6"),
        };
        out.extend_from_slice(name.as_bytes());
    }
}

fn service(out: &mut Vec<u8>, port: ServicePort, suffix: &str) {
    out.extend_from_slice(port.transport().as_bytes());
    out.push(if port.client { b'>' } else { b'<' });
    port.write_port(out);
    out.extend_from_slice(suffix.as_bytes());
}

/// Multicast DNS over IPv4, as a device that asks.
pub(super) const MDNS_CLIENT: Kind =
    Kind::Service(ServicePort { tcp: false, client: true, port: Some(5353) });
