//! Names at shared addresses: a firewall lets a device reach the address that a name means, and
//! behind an address of a content network are many others. What the device asks for there, before
//! encryption begins, is held against the names that it may speak to.

use std::net::IpAddr;

use cordon_model::{Fact, Said, Text};

use super::{Breach, View, Watch, What};
use crate::document::{Carrier, Entry, Opens, Peer};
use crate::policy::{Bindings, Packet, Side, name_fits};

impl Watch<'_> {
    /// Whether a device asks for another name than it may at an address that it may reach by name
    /// only: by TLS (RFC 6066, 3; also within QUIC), or by HTTP (RFC 9110, 7.2).
    pub(super) fn other_name(&self, fact: &Fact, bindings: &Bindings) -> Option<Breach> {
        let (asked, quic) = asked(&fact.said)?;
        let (from, to, to_port) = (fact.from.ip?, fact.to.ip?, fact.to.port?);
        let view = View { member: self.judge.member_at(from)?, side: Side::Source, peer: to };
        let packet = Packet {
            mac: None,
            from,
            to,
            carrier: if quic { Carrier::Udp } else { Carrier::Tcp },
            from_port: fact.from.port.unwrap_or(0),
            to_port,
            established: false,
        };
        let allowing = self.allowing(&view, &packet, bindings, fact.at);
        let mut names = Vec::new();
        for place in &allowing {
            // What may be reached whatever it is called may be called anything.
            names.push((*place, named(self.entries.get(place)?)?));
        }
        let (place, expected) = names.first().copied()?;
        let is_allowed = |name: &Text| name_fits(name, asked);
        // The answer by which it came to know the address may never have been seen.
        let mut others = self.alike.get(&(view.member, Opens::Device)).into_iter().flatten();
        if names.iter().any(|(_, name)| is_allowed(name))
            || others
                .any(|(_, entry)| entry.has_port(to_port) && named(entry).is_some_and(is_allowed))
        {
            return None;
        }
        let what = What::OtherName { expected: expected.clone(), seen: asked.into() };
        self.breach(&view, &packet, fact.at, Some(place), what)
    }
}

/// The name that an entry is about.
fn named(entry: &Entry) -> Option<&Text> {
    match &entry.peer {
        Peer::Name { name } => Some(name),
        _ => None,
    }
}

/// The name that a client asks for, and whether by QUIC; none where it is an address.
fn asked(said: &Said) -> Option<(&str, bool)> {
    let (name, quic) = match said {
        Said::ClientHello(hello) => (hello.sni.as_deref()?, hello.quic.is_some()),
        Said::HttpRequest(request) => (without_port(request.host.as_deref()?), false),
        _ => return None,
    };
    let is_address = name.starts_with('[') || name.parse::<IpAddr>().is_ok();
    (!name.is_empty() && !is_address).then_some((name, quic))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
