//! Training: counting in how many captures of each product each token occurred.

use std::collections::{BTreeMap, HashMap};

use super::labels::label_of;
use super::model::{Line, Model, Profile};
use super::token::TokenSet;

/// A token that fewer captures show is chance.
const FEWEST_CAPTURES: usize = 3;

/// Fields in which devices name themselves.
const NAMING: &[&str] = &[
    "H:dhcp12:",
    "H:dhcp12~:",
    "H:mdns:",
    "H:mdns~:",
    "H:nt:",
    "H:usn:",
    "H:usn~:",
    "H:txt:",
    "H:param.model:",
    "H:qv:",
];

/// Words of the standards, which name nobody.
const NOBODY: &[&str] = &[
    "uuid",
    "urn",
    "schemas",
    "upnp",
    "org",
    "wifialliance",
    "device",
    "service",
    "basic",
    "rootdevice",
    "tcp",
    "udp",
    "local",
    "http",
    "configuration",
    "utility",
    "network",
    "camera",
    "true",
    "false",
    "null",
];

/// What one capture showed.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Whose behaviour it is: a product, with `@30` behind it for its first half minute.
    pub profile: &'a str,
    /// The device's tokens.
    pub tokens: &'a TokenSet,
}

/// Counts. The result depends on the samples alone, not on their order; `made` says in its file
/// how it came about.
#[must_use]
pub fn train(samples: &[Sample<'_>], made: &[&str]) -> Model {
    let mut captures: BTreeMap<&str, u16> = BTreeMap::new();
    for sample in samples {
        *captures.entry(sample.profile).or_default() += 1;
    }
    let mut labels: Vec<String> = Vec::new();
    let mut profiles = Vec::new();
    let mut places: HashMap<&str, u16> = HashMap::new();
    for (name, captures) in captures {
        let label = label_of(name);
        let known = labels.iter().position(|known| known == label);
        let label = known.unwrap_or_else(|| {
            labels.push(label.to_owned());
            labels.len() - 1
        });
        places.insert(name, profiles.len() as u16);
        profiles.push(Profile { name: name.to_owned(), label: label as u16, captures });
    }
    let mut counted: BTreeMap<u64, (Vec<u8>, BTreeMap<u16, u16>)> = BTreeMap::new();
    for sample in samples {
        let Some(place) = places.get(sample.profile) else { continue };
        for (hash, text) in sample.tokens.iter() {
            let (kept, counts) = counted.entry(hash).or_default();
            if kept.is_empty() {
                kept.extend_from_slice(text);
            }
            *counts.entry(*place).or_default() += 1;
        }
    }
    let lines = counted
        .into_iter()
        .filter_map(|(hash, (text, counts))| {
            let seen: usize = counts.values().map(|count| usize::from(*count)).sum();
            let telling = seen >= FEWEST_CAPTURES && seen < samples.len();
            let group = text.split(|byte| *byte == b':').next().unwrap_or_default();
            telling.then(|| Line {
                hash,
                group: String::from_utf8_lossy(group).into_owned(),
                names_itself: names_itself(&text),
                counts: counts.into_iter().collect(),
            })
        })
        .collect();
    Model::new(labels, profiles, lines, made.iter().map(|line| (*line).to_owned()).collect())
}

/// Whether a device names itself with a token: a naming field with a word that is not of the
/// standards.
fn names_itself(token: &[u8]) -> bool {
    let Ok(token) = std::str::from_utf8(token) else { return false };
    if !NAMING.iter().any(|field| token.starts_with(field)) {
        return false;
    }
    let mut value = token.splitn(3, ':').nth(2).unwrap_or_default();
    if token.starts_with("H:txt:") {
        value = value
            .split_once('=')
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
            .unwrap_or(value);
    }
    let value = without_service_types(value);
    value.split(|c: char| !(c.is_ascii_digit() || c.is_ascii_lowercase())).any(|word| {
        !NOBODY.contains(&word) && word.chars().filter(char::is_ascii_lowercase).count() >= 2
    })
}

/// A bare service type, such as `_hap._tcp`, names nobody.
fn without_service_types(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(start) = rest.find('_') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let name = from.get(1..).unwrap_or_default();
        let end = name
            .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
            .unwrap_or(name.len());
        let (label, tail) = name.split_at(end);
        let tail = tail.strip_prefix("._tcp").or_else(|| tail.strip_prefix("._udp"));
        match tail.filter(|_| !label.is_empty()) {
            Some(tail) => rest = tail,
            None => {
                out.push('_');
                rest = name;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_beyond_the_standards_name_a_device() {
        for token in [
            "H:dhcp12:hs100",
            "H:nt:urn:belkin:device:insight:1",
            "H:txt:md=bridge",
            "H:mdns:philips hue - #._hue._tcp.local",
        ] {
            assert!(names_itself(token.as_bytes()), "{token}");
        }
        for token in [
            "H:dhcp60:udhcp 1.19",
            "H:nt:upnp:rootdevice",
            "H:nt:urn:schemas-upnp-org:device:basic:1",
            "H:mdns:_hap._tcp.local",
            "H:txt:model=true",
            "H:qv:1.0",
            "X:u:udp>53:61",
        ] {
            assert!(!names_itself(token.as_bytes()), "{token}");
        }
    }
}
