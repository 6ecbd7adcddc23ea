//! Certificates against packet time, key and signature strength, and keys that several devices
//! share.

use std::collections::HashMap;
use std::time::Duration;

use cordon_model::fact::{Certificate, KeyAlgorithm, TlsCertificates};
use cordon_model::{Fact, FindingKind, Severity, Text, Timestamp};

use crate::ends::{Ends, Subject, at};
use crate::ledger::{About, Forget, Key, Ledger, Moment};

const DAY: u64 = 24 * 60 * 60;
/// A clock may be off by this much without a finding.
const SLACK: Duration = Duration::from_secs(DAY);
/// How long before the end a certificate is called expiring.
const SOON: Duration = Duration::from_secs(30 * DAY);
/// Longest validity that is not called long: ten years and their leap days.
const LONG: Duration = Duration::from_secs((10 * 365 + 3) * DAY);
/// Packet times before 2000 come from clocks that were never set.
const CLOCK_SET: Timestamp = Timestamp::from_secs(946_684_800);

/// Judges the chain that a server sent; its first certificate is the server's own.
pub(crate) fn chain(ledger: &mut Ledger, keys: &mut Keys, fact: &Fact, sent: &TlsCertificates) {
    let Some(own) = sent.chain.first() else { return };
    keys.add(fact, own);
    let ends = Ends::from_server(fact);
    for (kind, severity, says) in weaknesses(own, fact.at).into_iter().flatten() {
        let key = Key::service(kind, &ends, fact.vlan, (says, own.sha256));
        let about = || About::kind(kind).severity(severity).title(says);
        ledger.note(key, Moment::of(fact), about, || {
            let name = name(own);
            format!("certificate “{name}” of {}: {}", at(&ends.server), facts(kind, own))
        });
    }
}

type Weakness = (FindingKind, Severity, &'static str);

fn weaknesses(own: &Certificate, now: Timestamp) -> [Option<Weakness>; 5] {
    [validity(own, now), lifetime(own), key(own), signature(own), self_signed(own)]
}

fn validity(own: &Certificate, now: Timestamp) -> Option<Weakness> {
    if now < CLOCK_SET {
        return None;
    }
    if now > own.not_after {
        Some((FindingKind::ExpiredCertificate, Severity::Medium, "certificate has expired"))
    } else if own.not_before > now.plus(SLACK) {
        Some((FindingKind::ExpiredCertificate, Severity::Medium, "certificate is not valid yet"))
    } else if own.not_after < now.plus(SOON) && own.not_after.since(own.not_before) > SOON {
        let kind = FindingKind::ExpiringCertificate;
        Some((kind, Severity::Low, "certificate expires within 30 days"))
    } else {
        None
    }
}

fn lifetime(own: &Certificate) -> Option<Weakness> {
    (own.not_after.since(own.not_before) > LONG).then_some((
        FindingKind::WeakCertificate,
        Severity::Low,
        "certificate is valid for more than ten years",
    ))
}

fn key(own: &Certificate) -> Option<Weakness> {
    let short =
        |severity| Some((FindingKind::WeakCertificate, severity, "certificate key is too short"));
    match (own.key, own.key_bits) {
        (_, 0) => None,
        (KeyAlgorithm::Rsa | KeyAlgorithm::Dsa, ..=1023) => short(Severity::High),
        (KeyAlgorithm::Rsa | KeyAlgorithm::Dsa, ..=2047) | (KeyAlgorithm::Ec, ..=223) => {
            short(Severity::Medium)
        }
        _ => None,
    }
}

/// A self-signed certificate proves nothing by its signature, so that an old one does no harm.
fn signature(own: &Certificate) -> Option<Weakness> {
    let name = own.signature.to_ascii_lowercase();
    let severity = if name.contains("md5") || name.contains("md2") {
        Severity::High
    } else if name.contains("sha1") || name.contains("sha-1") {
        Severity::Medium
    } else {
        return None;
    };
    let severity = if own.self_signed { Severity::Low } else { severity };
    Some((FindingKind::WeakCertificate, severity, "certificate signature uses MD5 or SHA-1"))
}

fn self_signed(own: &Certificate) -> Option<Weakness> {
    own.self_signed.then_some((
        FindingKind::SelfSignedCertificate,
        Severity::Info,
        "self-signed certificate",
    ))
}

fn facts(kind: FindingKind, own: &Certificate) -> String {
    match kind {
        FindingKind::WeakCertificate => {
            format!(
                "key {:?} {} bits, signature {}, valid {} to {}",
                own.key,
                own.key_bits,
                own.signature,
                day(own.not_before),
                day(own.not_after)
            )
        }
        FindingKind::SelfSignedCertificate => "issued by itself".to_owned(),
        _ => format!("valid {} to {}", day(own.not_before), day(own.not_after)),
    }
}

fn day(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('T').map_or(text.clone(), |(day, _)| day.to_owned())
}

fn name(own: &Certificate) -> Text {
    own.common_name.clone().unwrap_or_else(|| own.subject.clone())
}

/// How many keys are remembered.
const MOST_KEYS: usize = 8 * 1024;
/// How many holders of one key are remembered.
const MOST_HOLDERS: usize = 32;

/// Who was seen with which key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    holders: HashMap<[u8; 32], Vec<Holder>>,
}

/// One end that proved to have a key.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub subject: Subject,
    pub packet: Moment,
    pub last: Timestamp,
    pub name: Text,
}

impl Keys {
    fn add(&mut self, fact: &Fact, own: &Certificate) {
        if self.holders.len() >= MOST_KEYS && !self.holders.contains_key(&own.key_sha256) {
            return;
        }
        let subject = Subject::of(&fact.from, fact.vlan);
        let holders = self.holders.entry(own.key_sha256).or_default();
        let room = holders.len() < MOST_HOLDERS;
        match holders.iter_mut().find(|holder| holder.subject == subject) {
            Some(holder) => {
                holder.last = holder.last.max(fact.at);
                if Moment::of(fact) < holder.packet {
                    holder.packet = Moment::of(fact);
                    holder.name = name(own);
                }
            }
            None if room => {
                let (packet, last) = (Moment::of(fact), fact.at);
                holders.push(Holder { subject, packet, last, name: name(own) });
            }
            None => {}
        }
    }

    /// Leaves out what is too old.
    pub(crate) fn forget(&mut self, forget: Forget) {
        for holders in self.holders.values_mut() {
            let crowded = holders.len() > MOST_HOLDERS / 2;
            let before = if crowded { forget.if_crowded } else { forget.before };
            holders.retain(|holder| holder.last >= before);
        }
        self.holders.retain(|_, holders| !holders.is_empty());
        let latest = |holders: &Vec<Holder>| holders.iter().map(|holder| holder.last).max();
        forget.thin(&mut self.holders, MOST_KEYS, |held| latest(held).unwrap_or_default());
    }

    /// Keys seen at more than one address, with their holders in a fixed order.
    pub(crate) fn into_shared(self) -> Vec<([u8; 32], Vec<Holder>)> {
        let mut shared: Vec<_> =
            self.holders.into_iter().filter(|(_, holders)| holders.len() > 1).collect();
        for (_, holders) in &mut shared {
            holders.sort_by_key(|holder| (holder.subject, holder.packet));
        }
        shared.sort_by_key(|(key, _)| *key);
        shared
    }
}
