//! Whether one entry allows everything that another allows.

use cordon_model::{Scope, scope};

use super::{Entry, Objects, Peer, Ports, Validity, VerbRule};
use crate::policy::name_fits;

impl Entry {
    /// Whether this entry allows everything that `other` allows, as far as that is known without
    /// asking where things are: an entry for a group covers no single device.
    #[must_use]
    pub fn covers(&self, other: &Entry) -> bool {
        self.opens == other.opens
            && self.transport.covers(other.transport)
            && self.ip.is_none_or(|ip| other.ip == Some(ip))
            && within(&other.ports, &self.ports)
            && within(&other.client_ports, &self.client_ports)
            && self.app.is_none_or(|app| other.app == Some(app))
            && self.may_say(other)
            && (self.valid == Validity::default() || self.valid == other.valid)
            && self.peer.covers(&other.peer)
    }

    fn may_say(&self, other: &Entry) -> bool {
        self.verbs.is_empty()
            || (!other.verbs.is_empty()
                && other.verbs.iter().all(|verb| self.verbs.iter().any(|mine| mine.covers(verb))))
    }
}

impl Peer {
    /// Whether everybody who is meant by `other` is meant by this one.
    #[must_use]
    pub fn covers(&self, other: &Peer) -> bool {
        if *self == Peer::Anyone {
            return true;
        }
        match (self, other) {
            (Peer::Device { id, .. }, Peer::Device { id: other, .. }) => id == other,
            (Peer::Name { name }, Peer::Name { name: other }) => names_cover(name, other),
            (Peer::Network { net }, Peer::Network { net: other }) => net.contains(other),
            (Peer::Internet, Peer::Network { net }) => scope(net.addr()) == Scope::Public,
            (mine, other) => mine == other,
        }
    }
}

impl VerbRule {
    /// Whether everything that `other` allows to say may be said by this rule.
    #[must_use]
    pub fn covers(&self, other: &VerbRule) -> bool {
        match (self, other) {
            (
                VerbRule::Operation { app, verb, codes, objects },
                VerbRule::Operation { app: a, verb: v, codes: c, objects: o },
            ) => {
                let inside = |inner: &Objects| {
                    objects.iter().any(|outer| {
                        outer.of == inner.of
                            && outer.first <= inner.first
                            && inner.last <= outer.last
                    })
                };
                (app, verb) == (a, v)
                    && all_of(codes, c, |codes, code| codes.contains(code))
                    && (objects.is_empty() || (!o.is_empty() && o.iter().all(inside)))
            }
            (
                VerbRule::Mqtt { action, topic },
                VerbRule::Mqtt { action: other_action, topic: other_topic },
            ) => action == other_action && topics_cover(topic, other_topic),
            (VerbRule::Http { method, path }, VerbRule::Http { method: m, path: p })
            | (VerbRule::Coap { method, path }, VerbRule::Coap { method: m, path: p }) => {
                method == m && paths_cover(path, p)
            }
            (VerbRule::Dns { name }, VerbRule::Dns { name: other }) => names_cover(name, other),
            (VerbRule::Tls(profile), VerbRule::Tls(other)) => profile.covers(other),
            _ => false,
        }
    }
}

/// Whether every one of `inner` is among `outer`; an empty list stands for everything.
fn all_of<T>(outer: &[T], inner: &[T], has: impl Fn(&[T], &T) -> bool) -> bool {
    outer.is_empty() || (!inner.is_empty() && inner.iter().all(|one| has(outer, one)))
}

fn names_cover(outer: &str, inner: &str) -> bool {
    outer.eq_ignore_ascii_case(inner)
        || (outer.starts_with("*.") && name_fits(outer, inner.trim_start_matches("*.")))
}

/// `/a/*` stands for everything that begins with `/a/`.
fn paths_cover(outer: &str, inner: &str) -> bool {
    match outer.strip_suffix('*') {
        Some(start) => inner.starts_with(start),
        None => outer == inner,
    }
}

/// Topic filters (MQTT 5, 4.7): `+` is one level, `#` every level from there on.
fn topics_cover(outer: &str, inner: &str) -> bool {
    let (mut outer, mut inner) = (outer.split('/'), inner.split('/'));
    loop {
        match (outer.next(), inner.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// Whether every port of `inner` is one of `outer`; an empty list is every port.
fn within(inner: &[Ports], outer: &[Ports]) -> bool {
    let all = [Ports::ALL];
    let inner = if inner.is_empty() { &all } else { inner };
    outer.is_empty() || inner.iter().all(|ports| outer.iter().any(|outer| outer.covers(*ports)))
}

#[cfg(test)]
mod tests {
    use super::super::{MqttAction, Opens};
    use super::*;

    fn entry(peer: Peer, ports: &[Ports]) -> Entry {
        Entry::new(peer, Opens::Device, "tcp".parse().unwrap(), ports.iter().copied())
    }

    fn name(name: &str) -> Peer {
        Peer::Name { name: name.into() }
    }

    #[test]
    fn a_wildcard_covers_names_below_and_narrower_wildcards_only() {
        let wide = entry(name("*.example.com"), &[Ports::one(443)]);
        assert!(wide.covers(&entry(name("a.example.com"), &[Ports::one(443)])));
        assert!(wide.covers(&entry(name("*.b.example.com"), &[Ports::one(443)])));
        assert!(!wide.covers(&entry(name("example.com"), &[Ports::one(443)])));
        assert!(!wide.covers(&entry(name("a.example.com"), &[])), "every port is more");
        assert!(!entry(name("a.example.com"), &[]).covers(&wide));
    }

    #[test]
    fn a_name_covers_nothing_below_it() {
        assert!(!name("b.example").covers(&name("*.b.example")));
        assert!(!name("b.example").covers(&name("a.b.example")));
        assert!(name("b.example").covers(&name("B.example")));
    }

    #[test]
    fn topic_filters_cover_by_levels() {
        let topic =
            |topic: &str| VerbRule::Mqtt { action: MqttAction::Publish, topic: topic.into() };
        assert!(topic("home/#").covers(&topic("home/a/b")));
        assert!(topic("home/+/temp").covers(&topic("home/x/temp")));
        assert!(!topic("home/+").covers(&topic("home/x/temp")));
        assert!(!topic("home/+").covers(&topic("home/#")), "more levels than one");
        assert!(!topic("home/a").covers(&topic("home/+")));
    }

    #[test]
    fn what_may_be_said_is_part_of_what_is_allowed() {
        let asks = |names: &[&str]| {
            let mut entry = entry(Peer::Gateway, &[Ports::one(53)]);
            entry.verbs = names.iter().map(|name| VerbRule::Dns { name: (*name).into() }).collect();
            entry
        };
        assert!(asks(&[]).covers(&asks(&["a.example"])));
        assert!(asks(&["*.example"]).covers(&asks(&["a.example", "b.example"])));
        assert!(!asks(&["a.example"]).covers(&asks(&[])));
        assert!(!asks(&["a.example"]).covers(&asks(&["a.example", "b.example"])));
    }

    #[test]
    fn the_internet_covers_no_private_network() {
        let net = |net: &str| entry(Peer::Network { net: net.parse().unwrap() }, &[]);
        assert!(entry(Peer::Internet, &[]).covers(&net("9.9.9.9/32")));
        assert!(!entry(Peer::Internet, &[]).covers(&net("10.0.0.9/32")));
        assert!(net("10.0.0.0/8").covers(&net("10.1.0.0/16")));
    }
}
