//! The access lists (RFC 8519, `acls`) and their entries.

use std::collections::HashSet;

use cordon_model::Text;
use serde_json::{Map, Value};

use super::Reader;
use super::matches;
use super::place::{bare, text};
use crate::acl::{Ace, Acl, AclKind, Forwarding, Matches};
use crate::file::MudFile;
use crate::limits::{MAX_ACES, MAX_ACLS, MAX_NAME};
use crate::warning::{Place, Problem, shown};

/// The container, in RFC 8519 and in its drafts.
pub(super) const NAMES: [&str; 2] =
    ["ietf-access-control-list:acls", "ietf-access-control-list:access-lists"];

pub(super) fn read(root: &Map<String, Value>, reader: &mut Reader) -> Vec<Acl> {
    let [new, old] = NAMES;
    let container = match (root.get(new), root.get(old)) {
        // Which of the two another reader takes cannot be known.
        (Some(container), Some(_)) => {
            reader.warn(Problem::UnknownLeaf(old.into()));
            Some(container)
        }
        (Some(container), None) => Some(container),
        (None, Some(container)) => {
            reader.old(old, new);
            Some(container)
        }
        (None, None) => None,
    };
    let Some(lists) = container.and_then(|lists| lists.get("acl")).and_then(Value::as_array) else {
        reader.warn(Problem::Missing(new));
        return Vec::new();
    };
    if lists.len() > MAX_ACLS {
        reader.warn(Problem::TooMany("access lists", MAX_ACLS));
    }
    let mut acls: Vec<Acl> = Vec::new();
    let mut room = MAX_ACES;
    for list in lists.iter().take(MAX_ACLS) {
        let Some(acl) = acl(list, &mut room, reader) else { continue };
        if acls.iter().any(|held| held.name == acl.name) {
            reader.place.acl = Some(acl.name);
            reader.warn(Problem::AclTwice);
        } else {
            acls.push(acl);
        }
        reader.place = Place::default();
    }
    acls
}

/// What policies and lists say of each other.
pub(super) fn check_policies(file: &MudFile, reader: &mut Reader) {
    reader.place = Place::default();
    for (which, names) in
        [("from-device-policy", &file.from_device), ("to-device-policy", &file.to_device)]
    {
        if names.is_empty() {
            reader.warn(Problem::NoPolicy(which));
        }
        for name in names {
            if file.acl(name).is_none() {
                reader.warn(Problem::AclMissing(shown(name)));
            }
        }
    }
    for acl in &file.acls {
        if !file.from_device.contains(&acl.name) && !file.to_device.contains(&acl.name) {
            reader.place.acl = Some(shown(&acl.name));
            reader.warn(Problem::AclUnused);
        }
    }
    reader.place = Place::default();
}

fn acl(value: &Value, room: &mut usize, reader: &mut Reader) -> Option<Acl> {
    reader.place = Place::default();
    let name = name(value, "acl-name", reader)?;
    reader.place.acl = Some(shown(&name));
    let kind = kind(value, reader)?;
    let mut acl = Acl { name, kind, aces: Vec::new() };
    let aces = value.get("aces").or_else(|| {
        let old = value.get("access-list-entries");
        if old.is_some() {
            reader.old("access-list-entries", "aces");
        }
        old
    });
    if let Some(parts) = value.as_object() {
        for part in parts.keys() {
            let known = ["name", "type", "aces", "acl-name", "acl-type", "access-list-entries"];
            if !known.contains(&bare(part)) {
                reader.warn(Problem::UnknownLeaf(shown(part)));
            }
        }
    }
    let Some(aces) = aces.and_then(|aces| aces.get("ace")).and_then(Value::as_array) else {
        reader.warn(Problem::Missing("aces"));
        return Some(acl);
    };
    if aces.len() > *room {
        reader.warn(Problem::TooMany("entries", MAX_ACES));
    }
    let mut names = HashSet::new();
    for value in aces.iter().take(*room) {
        let ace = ace(value, kind, reader);
        if !names.insert(ace.name.clone()) {
            reader.warn(Problem::AceTwice);
        }
        acl.aces.push(ace);
        reader.place.ace = None;
    }
    *room -= acl.aces.len();
    Some(acl)
}

/// The name of a list or an entry.
fn name(value: &Value, old: &'static str, reader: &mut Reader) -> Option<Text> {
    let name = value.get("name").or_else(|| {
        let name = value.get(old);
        if name.is_some() {
            reader.old(old, "name");
        }
        name
    });
    let name = name.and_then(text).filter(|name| name.len() <= MAX_NAME);
    if name.is_none() {
        reader.warn(Problem::BadValue("name".into(), "a short text"));
    }
    name
}

fn kind(value: &Value, reader: &mut Reader) -> Option<AclKind> {
    let kind = value.get("type").or_else(|| {
        let old = value.get("acl-type");
        if old.is_some() {
            reader.old("acl-type", "type");
        }
        old
    });
    let Some(kind) = kind else {
        reader.warn(Problem::AclUntyped);
        return Some(AclKind::Mixed);
    };
    Some(match bare(kind.as_str().unwrap_or_default()) {
        "ipv4-acl-type" | "ipv4-acl" => AclKind::Ipv4,
        "ipv6-acl-type" | "ipv6-acl" => AclKind::Ipv6,
        "eth-acl-type" | "ethernet-acl-type" | "eth-acl" | "ethernet-acl" => AclKind::Ethernet,
        "mixed-eth-ipv4-acl-type" | "mixed-eth-ipv6-acl-type" | "mixed-eth-ipv4-ipv6-acl-type" => {
            AclKind::Mixed
        }
        _ => {
            reader.warn(Problem::AclType(shown(&kind.to_string())));
            return None;
        }
    })
}

fn ace(value: &Value, kind: AclKind, reader: &mut Reader) -> Ace {
    reader.take_refused();
    let name = name(value, "rule-name", reader).unwrap_or_default();
    reader.place.ace = Some(shown(&name));
    let mut matches = Matches::default();
    let mut forwarding = None;
    for (part, value) in value.as_object().into_iter().flatten() {
        match bare(part) {
            "name" | "rule-name" => {}
            "matches" => matches = matches::read(value, kind, reader),
            "actions" => forwarding = actions(value, reader),
            // It counts packets, and says nothing about them.
            "statistics" => {}
            _ => reader.warn(Problem::UnknownPart(shown(part))),
        }
    }
    let forwarding = forwarding.unwrap_or_else(|| {
        reader.warn(Problem::UnknownAction("forwarding: missing".into()));
        Forwarding::Drop
    });
    if forwarding != Forwarding::Accept {
        reader.warn(Problem::Deny);
    }
    Ace { name, matches, forwarding, understood: !reader.take_refused() }
}

fn actions(value: &Value, reader: &mut Reader) -> Option<Forwarding> {
    let mut forwarding = None;
    for (action, value) in value.as_object().into_iter().flatten() {
        match (bare(action), bare(value.as_str().unwrap_or_default())) {
            ("forwarding", "accept" | "permit") => forwarding = Some(Forwarding::Accept),
            ("forwarding", "drop" | "deny") => forwarding = Some(Forwarding::Drop),
            ("forwarding", "reject") => forwarding = Some(Forwarding::Reject),
            // Whether a packet is logged is none of the maker's business, and harmless.
            ("logging", _) => {}
            _ => reader.warn(Problem::UnknownAction(shown(&format!("{action}: {value}")))),
        }
    }
    forwarding
}
