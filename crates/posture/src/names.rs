//! Names that devices seldom ask for: made by an algorithm, carrying data, or leading around the
//! public name system. What cannot be told from a content network's hash is left alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use cordon_model::fact::{Dns, DnsKind};
use cordon_model::{Fact, FindingKind, Severity, Text, Timestamp};

use crate::ends::Subject;
use crate::ledger::{About, Forget, Key, Ledger, Moment};
use crate::names_table::{DYNAMIC, HIDDEN_TOPS, is_common, is_known_long};

/// Subjects watched for series of names.
const MOST_SUBJECTS: usize = 2048;
/// Suspicious domains kept of one subject.
const MOST_DOMAINS: usize = 64;
/// Different long names below one domain that are counted.
const MOST_LONG: usize = 64;

/// So many different random-looking domains, most of them unknown to the resolver, are made by an
/// algorithm; one or two are a brand name.
const RANDOM_DOMAINS: usize = 4;
/// So many where no answer was captured at all.
const RANDOM_DOMAINS_UNANSWERED: usize = 15;
/// So many different long names below one domain carry data.
const LONG_NAMES: usize = 12;
/// What stands in front of the domain, in characters, for a name to be long.
const LONG_PREFIX: usize = 52;

/// Series of names per subject.
#[derive(Clone, Default)]
pub(crate) struct OddNames {
    subjects: HashMap<Subject, Series>,
    /// Who was asked, and when last.
    resolvers: HashMap<IpAddr, Timestamp>,
}

#[derive(Clone, Default)]
struct Series {
    random: BTreeMap<Text, Seen>,
    long: BTreeMap<Text, Long>,
}

#[derive(Clone)]
struct Long {
    packet: Moment,
    last: Timestamp,
    names: HashSet<Text>,
}

#[derive(Clone)]
struct Seen {
    packet: Moment,
    last: Timestamp,
    answered: bool,
    missing: bool,
}

impl OddNames {
    /// Takes in a query or its answer.
    pub(crate) fn add(&mut self, ledger: &mut Ledger, fact: &Fact, dns: &Dns) {
        if dns.kind != DnsKind::Dns {
            return;
        }
        let (client, resolver) =
            if dns.response { (&fact.to, &fact.from) } else { (&fact.from, &fact.to) };
        if let Some(ip) = resolver.ip
            && (self.resolvers.len() < MOST_SUBJECTS || self.resolvers.contains_key(&ip))
        {
            self.resolvers.insert(ip, fact.at);
        }
        let subject = Subject::of(client, fact.vlan);
        for question in &dns.questions {
            let name = question.name.as_str();
            if !name.contains('.') || is_infrastructure(name) {
                continue;
            }
            one_name(ledger, fact, subject, name);
            let domain = registrable(name);
            if is_random(label(domain)) {
                let missing = dns.response && dns.rcode == 3;
                self.random(subject, domain, Moment::of(fact), dns.response, missing);
            }
            let prefix = name.len().saturating_sub(domain.len() + 1);
            if prefix >= LONG_PREFIX && !is_known_long(domain) {
                self.long(subject, domain, name, Moment::of(fact));
            }
        }
    }

    fn series(&mut self, subject: Subject) -> Option<&mut Series> {
        if self.subjects.len() >= MOST_SUBJECTS && !self.subjects.contains_key(&subject) {
            return None;
        }
        Some(self.subjects.entry(subject).or_default())
    }

    fn random(
        &mut self,
        subject: Subject,
        domain: &str,
        packet: Moment,
        answered: bool,
        missing: bool,
    ) {
        let Some(series) = self.series(subject) else { return };
        let room = series.random.len() < MOST_DOMAINS;
        match series.random.get_mut(domain) {
            Some(seen) => {
                seen.packet = seen.packet.min(packet);
                seen.last = seen.last.max(packet.at);
                seen.answered |= answered;
                seen.missing |= missing;
            }
            None if room => {
                let last = packet.at;
                series.random.insert(domain.into(), Seen { packet, last, answered, missing });
            }
            None => {}
        }
    }

    fn long(&mut self, subject: Subject, domain: &str, name: &str, packet: Moment) {
        let Some(series) = self.series(subject) else { return };
        if series.long.len() >= MOST_DOMAINS && !series.long.contains_key(domain) {
            return;
        }
        let new = || Long { packet, last: packet.at, names: HashSet::new() };
        let long = series.long.entry(domain.into()).or_insert_with(new);
        long.packet = packet.min(long.packet);
        long.last = long.last.max(packet.at);
        if long.names.len() < MOST_LONG && !long.names.contains(name) {
            long.names.insert(name.into());
        }
    }

    /// Leaves out what is too old. A series is what comes close together: one odd name a week is
    /// none, so the shorter time counts for its names.
    pub(crate) fn forget(&mut self, forget: Forget) {
        for series in self.subjects.values_mut() {
            series.random.retain(|_, seen| seen.last >= forget.if_crowded);
            series.long.retain(|_, long| long.last >= forget.if_crowded);
        }
        self.subjects.retain(|_, series| !series.random.is_empty() || !series.long.is_empty());
        forget.thin(&mut self.resolvers, MOST_SUBJECTS, |last| *last);
    }

    /// Notes the series that are long enough. A resolver that only passes on what others asked is
    /// left out where those others are known.
    pub(crate) fn conclude(self, ledger: &mut Ledger) {
        let mut subjects: Vec<_> = self.subjects.into_iter().collect();
        subjects.sort_by_key(|(subject, _)| *subject);
        let is_resolver =
            |subject: &Subject| subject.ip.is_some_and(|ip| self.resolvers.contains_key(&ip));
        let own = subjects.iter().any(|(subject, series)| {
            !is_resolver(subject) && (series.is_random() || series.tunnels().next().is_some())
        });
        for (subject, series) in &subjects {
            if own && is_resolver(subject) {
                continue;
            }
            series.note(ledger, *subject);
        }
    }
}

impl Series {
    fn is_random(&self) -> bool {
        let missing = self.random.values().filter(|seen| seen.missing).count();
        let answered = self.random.values().any(|seen| seen.answered);
        if answered {
            self.random.len() >= RANDOM_DOMAINS && missing * 2 >= self.random.len()
        } else {
            self.random.len() >= RANDOM_DOMAINS_UNANSWERED
        }
    }

    fn tunnels(&self) -> impl Iterator<Item = (&Text, &Moment, usize)> {
        self.long
            .iter()
            .filter(|(_, long)| long.names.len() >= LONG_NAMES)
            .map(|(domain, long)| (domain, &long.packet, long.names.len()))
    }

    fn note(&self, ledger: &mut Ledger, subject: Subject) {
        let kind = FindingKind::OddNameLookup;
        if self.is_random() {
            let about = || {
                About::kind(kind)
                    .severity(Severity::High)
                    .title("looks up names made by an algorithm")
                    .why("Malware tries many made-up names until one of them answers.")
            };
            for (domain, seen) in &self.random {
                let end = if seen.missing { ", which does not exist" } else { "" };
                ledger.note(Key::one(kind, subject, "random"), seen.packet, about, || {
                    format!("{} asks for {domain}{end}", subject.address())
                });
            }
        }
        for (domain, packet, count) in self.tunnels() {
            let about = || {
                About::kind(kind)
                    .severity(Severity::High)
                    .title("carries data inside name lookups")
                    .why("Many long names below one domain are a way out past the firewall.")
            };
            ledger.note(Key::one(kind, subject, ("long", domain)), *packet, about, || {
                format!("{} asks for {count} or more long names below {domain}", subject.address())
            });
        }
    }
}

/// Names that tell by themselves.
fn one_name(ledger: &mut Ledger, fact: &Fact, subject: Subject, name: &str) {
    let kind = FindingKind::OddNameLookup;
    let top = name.rsplit('.').next().unwrap_or(name);
    let detail = || format!("{} asks for {name}", subject.address());
    if HIDDEN_TOPS.contains(&top) {
        let about = || {
            About::kind(kind).title("looks up names outside the public name system").why(
                "Names such as .onion and .bit lead to hidden services and are a habit of malware.",
            )
        };
        ledger.note(Key::one(kind, subject, "hidden"), Moment::of(fact), about, detail);
    } else if DYNAMIC.binary_search(&registrable(name)).is_ok() {
        let about = || {
            About::kind(kind)
                .severity(Severity::Low)
                .title("looks up dynamic DNS names")
                .why("The machine behind such a name changes at its owner's wish: often somebody's home, at times an attacker.")
                .fix("Check that the name is yours or the maker's; otherwise block it and examine the device.")
        };
        ledger.note(Key::one(kind, subject, "dynamic"), Moment::of(fact), about, detail);
    }
}

/// Reverse lookups, names of the local network, service discovery.
fn is_infrastructure(name: &str) -> bool {
    let top = name.rsplit('.').next().unwrap_or(name);
    matches!(
        top,
        "arpa"
            | "local"
            | "lan"
            | "home"
            | "internal"
            | "localdomain"
            | "localhost"
            | "intranet"
            | "corp"
            | "private"
            | "workgroup"
            | "test"
            | "invalid"
            | "example"
            | "box"
            | "domain"
    ) || name.starts_with('_')
        || name.contains("._tcp.")
        || name.contains("._udp.")
}

/// The part of a name that somebody registers: two labels, or three under suffixes such as
/// `co.uk`.
fn registrable(name: &str) -> &str {
    const SECOND: &[&str] =
        &["co", "com", "net", "org", "gov", "edu", "ac", "ne", "or", "go", "gob", "gv"];
    let mut ends = name.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), before) = (ends.next(), ends.next()) else { return name };
    let Some(before) = before else { return name };
    let second = name.get(before + 1..last).unwrap_or_default();
    let country = name.len() - last == 3;
    let cut = if country && SECOND.contains(&second) { ends.next() } else { Some(before) };
    cut.and_then(|at| name.get(at + 1..)).unwrap_or(name)
}

/// The first label.
fn label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

/// Whether a label looks drawn by lot: long enough to tell, and with few of the letter pairs that
/// words are made of.
fn is_random(label: &str) -> bool {
    const SHORTEST: usize = 10;
    if label.len() < SHORTEST
        || label.len() > 40
        || label.contains('-')
        || label.starts_with("xn--")
    {
        return false;
    }
    let bytes = label.as_bytes();
    let letters = bytes.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    // Numbers and hex serials are names that people give to devices.
    if letters * 2 < label.len() || bytes.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let pairs = bytes.len() - 1;
    let common = bytes
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && is_common(*a, *b)))
        .count();
    common * 100 < pairs * 34
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        let unsorted = DYNAMIC.windows(2).find(|pair| pair[0] >= pair[1]);
        assert_eq!(unsorted, None);
    }

    #[test]
    fn the_registered_part_of_a_name_is_found() {
        for (name, expected) in [
            ("a.b.example.com", "example.com"),
            ("example.com", "example.com"),
            ("www.bbc.co.uk", "bbc.co.uk"),
            ("co.uk", "co.uk"),
            ("host", "host"),
            ("t.co", "t.co"),
            ("", ""),
        ] {
            assert_eq!(registrable(name), expected);
        }
    }

    #[test]
    fn brands_and_serials_are_not_random() {
        for label in [
            "googleusercontent",
            "cloudfront",
            "samsungcloudsolution",
            "xiaomiyoupin",
            "tuyaeu",
            "nflxvideo",
            "akamaitechnologies",
            "windowsupdate",
            "meethue",
            "netatmo",
            "ring",
            "sonos",
            "teamviewer",
            "msftconnecttest",
            "ecobee",
            "smartthings",
            "0017882476ff",
            "dropcam",
            "honeywell",
            "tplinkcloud",
            "belkin",
            "wyzecam",
            "hikvision",
            "myqnapcloud",
            "scorecardresearch",
            "doubleclick",
            "googlesyndication",
            "facebookcorewwwi",
        ] {
            assert!(!is_random(label), "{label}");
        }
        for label in ["qxvzjkwpfhgt", "kjhwqzxnvbtr", "ywpqkdxzvmfj"] {
            assert!(is_random(label), "{label}");
        }
    }
}
