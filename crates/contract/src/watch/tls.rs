//! How devices open TLS, held against the profiles of their makers (RFC 9761).

use cordon_model::fact::{TlsCertificates, TlsClientHello};
use cordon_model::{Fact, Said};

use super::{Breach, View, Watch, What};
use crate::document::{Carrier, Entry};
use crate::policy::{Bindings, Packet, Side};
use crate::tls::{Otherwise, judge, judge_chain};

/// What of TLS a packet shows.
enum Shown<'a> {
    Hello(&'a TlsClientHello),
    Chain(&'a TlsCertificates),
}

impl Watch<'_> {
    /// Looks at a hello of a client, or at the certificates that it was sent; none for anything
    /// else. A profile says how the device itself opens TLS, and not who may use it.
    pub(super) fn tls(&self, fact: &Fact, bindings: &Bindings) -> Option<Vec<Breach>> {
        let (client, server, shown) = match &fact.said {
            Said::ClientHello(hello) => (&fact.from, &fact.to, Shown::Hello(hello)),
            Said::Certificates(chain) => (&fact.to, &fact.from, Shown::Chain(chain)),
            _ => return None,
        };
        let (Some(from), Some(to), Some(to_port)) = (client.ip, server.ip, server.port) else {
            return Some(Vec::new());
        };
        let Some(member) = self.judge.member_at(from) else { return Some(Vec::new()) };
        let view = View { member, side: Side::Source, peer: to };
        let quic = matches!(shown, Shown::Hello(hello) if hello.quic.is_some());
        let packet = Packet {
            mac: None,
            from,
            to,
            carrier: if quic { Carrier::Udp } else { Carrier::Tcp },
            from_port: client.port.unwrap_or(0),
            to_port,
            established: false,
        };
        let allowing = self.allowing(&view, &packet, bindings, fact.at);
        let entries: Vec<(u32, &Entry)> = allowing
            .into_iter()
            .filter_map(|place| self.entries.get(&place).map(|entry| (place, *entry)))
            .collect();
        let all: Vec<&Entry> = entries.iter().map(|(_, entry)| *entry).collect();
        let otherwise = match shown {
            Shown::Hello(hello) => judge(&all, hello),
            Shown::Chain(chain) => judge_chain(&all, chain),
        };
        let tell = |otherwise: Otherwise| {
            let near = entries.iter().find(|(_, entry)| entry.id() == otherwise.entry);
            let place = near.map(|(place, _)| *place);
            let what = What::OtherTls { otherwise: Box::new(otherwise) };
            self.breach(&view, &packet, fact.at, place, what)
        };
        Some(otherwise.and_then(tell).into_iter().collect())
    }
}
