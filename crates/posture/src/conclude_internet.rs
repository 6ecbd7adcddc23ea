//! Findings about the Internet: who talks to it, and whom it reaches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use cordon_model::{FindingKind, Severity};

use crate::conclude::{Drafts, Owner, Site, is_plant};
use crate::ends::{Subject, transport_name};
use crate::internet::{Crossing, Internet, Names, Peer, Peers};
use crate::ledger::{About, Shown, Sighting};

/// How many names a sentence holds.
const MOST_NAMES: usize = 6;

/// What one owner does with the outside.
#[derive(Default)]
struct Contact {
    peers: BTreeMap<IpAddr, Vec<Peer>>,
    more: u64,
}

/// Adds the findings; says who answers the Internet.
pub(crate) fn add(drafts: &mut Drafts, site: &Site<'_>, internet: Internet) -> BTreeSet<Owner> {
    let Internet { contacts, exposed, crossing, names, .. } = internet;
    zones(drafts, site, crossing);
    for (owner, contact) in by_owner(site, contacts) {
        talks(drafts, &names, &owner, &contact);
        plant(drafts, &names, &owner, &contact, Severity::High);
    }
    let mut open = BTreeSet::new();
    for (owner, contact) in by_owner(site, exposed) {
        answers(drafts, &names, &owner, &contact);
        plant(drafts, &names, &owner, &contact, Severity::Critical);
        open.insert(owner);
    }
    open
}

fn by_owner(site: &Site<'_>, all: HashMap<Subject, Peers>) -> BTreeMap<Owner, Contact> {
    let mut owners: BTreeMap<Owner, Contact> = BTreeMap::new();
    for (subject, peers) in all {
        if subject.is_group() || site.outside(&subject) {
            continue;
        }
        let outside = |ip: &IpAddr| site.outside(&Subject { ip: Some(*ip), ..Subject::default() });
        let far: Vec<_> = peers.peers.into_iter().filter(|(ip, _)| outside(ip)).collect();
        if far.is_empty() {
            continue;
        }
        let contact = owners.entry(site.who(&subject)).or_default();
        contact.more = contact.more.saturating_add(peers.more);
        for (ip, peer) in far {
            contact.peers.entry(ip).or_default().push(peer);
        }
    }
    owners
}

fn talks(drafts: &mut Drafts, names: &Names, owner: &Owner, contact: &Contact) {
    let kind = FindingKind::InternetContact;
    let known: BTreeSet<&str> =
        contact.peers.keys().filter_map(|ip| names.of(*ip)).map(|name| name.as_str()).collect();
    let nameless = contact.peers.keys().filter(|ip| names.of(**ip).is_none()).count();
    let peers = contact.peers.len();
    let more = if contact.more > 0 { " or more" } else { "" };
    let mut why = format!("{} Seen: {peers}{more} outside address{}", kind.why(), plural(peers));
    if !known.is_empty() {
        let listed: Vec<&str> = known.iter().copied().take(MOST_NAMES).collect();
        why.push_str(&format!(", among them {}", listed.join(", ")));
        if known.len() > MOST_NAMES {
            why.push_str(&format!(" and {} more names", known.len() - MOST_NAMES));
        }
    }
    if nameless > 0 && !known.is_empty() {
        why.push_str(&format!("; {nameless} without a name"));
    }
    why.push('.');
    let shown = shown(
        contact,
        |_| true,
        |ip, peer| format!("{} to {}, {} bytes", says(peer), named(names, ip), peer.bytes),
    );
    drafts.add(kind, owner.clone(), Sighting { about: About::kind(kind).why(why), shown });
}

fn answers(drafts: &mut Drafts, names: &Names, owner: &Owner, contact: &Contact) {
    let kind = FindingKind::InternetExposed;
    let mut doors: BTreeSet<(&str, Option<u16>)> = BTreeSet::new();
    for peer in contact.peers.values().flatten() {
        doors.insert((transport_name(peer.transport), peer.port));
    }
    for (transport, port) in doors {
        let through =
            |peer: &Peer| (transport_name(peer.transport), peer.port) == (transport, port);
        let door = port.map_or_else(|| transport.to_owned(), |port| format!("{transport} {port}"));
        let about = About::kind(kind).title(format!("answers the Internet on {door}"));
        let shown = shown(contact, through, |ip, peer| {
            format!("{} from {}, {} bytes", says(peer), named(names, ip), peer.bytes)
        });
        drafts.add(kind, owner.clone(), Sighting { about, shown });
    }
}

fn plant(drafts: &mut Drafts, names: &Names, owner: &Owner, contact: &Contact, severity: Severity) {
    let kind = FindingKind::OtExposed;
    let shown = shown(
        contact,
        |peer| peer.plant,
        |ip, peer| format!("{} with {}, {} bytes", says(peer), named(names, ip), peer.bytes),
    );
    if shown.count > 0 {
        let about = About::kind(kind).severity(severity);
        drafts.add(kind, owner.clone(), Sighting { about, shown });
    }
}

/// A plant protocol that comes from another network inside, unless a part of the plant speaks.
fn zones(drafts: &mut Drafts, site: &Site<'_>, crossing: HashMap<(Subject, Subject), Crossing>) {
    let kind = FindingKind::OtExposed;
    let mut crossing: Vec<_> = crossing.into_iter().collect();
    crossing.sort_unstable_by_key(|(ends, _)| *ends);
    for ((server, client), seen) in crossing {
        let elsewhere = |end: &Subject| end.is_group() || site.outside(end);
        if elsewhere(&server) || elsewhere(&client) {
            continue;
        }
        let from = site.who(&client);
        let severity = match site.kind(&from) {
            Some(kind) if is_plant(kind) => continue,
            Some(_) => Severity::High,
            None => Severity::Medium,
        };
        let about = About::kind(kind)
            .severity(severity)
            .title("plant protocol from another network")
            .why("The protocol knows no login: whatever gets hold of a machine over there controls the plant.");
        let mut shown = Shown::default();
        shown.add(seen.packet, || {
            let (app, label) = (seen.app.title(), site.label(&from));
            format!("{app} from {label} ({}) to {}", client.address(), server.address())
        });
        shown.at(seen.last);
        shown.count = seen.flows;
        drafts.add(kind, site.who(&server), Sighting { about, shown });
    }
}

fn shown(
    contact: &Contact,
    keep: impl Fn(&Peer) -> bool,
    detail: impl Fn(IpAddr, &Peer) -> String,
) -> Shown {
    let mut shown = Shown::default();
    for (ip, peers) in &contact.peers {
        for peer in peers.iter().filter(|peer| keep(peer)) {
            shown.add(peer.packet, || detail(*ip, peer));
            shown.at(peer.last);
            shown.count = shown.count.saturating_add(peer.flows.saturating_sub(1));
        }
    }
    shown
}

fn says(peer: &Peer) -> String {
    let transport = transport_name(peer.transport);
    match (peer.app, peer.port) {
        (Some(app), _) => app.title().to_owned(),
        (None, Some(port)) => format!("{transport} {port}"),
        (None, None) => transport.to_owned(),
    }
}

fn named(names: &Names, ip: IpAddr) -> String {
    names.of(ip).map_or_else(|| ip.to_string(), |name| format!("{name} ({ip})"))
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "es" }
}
