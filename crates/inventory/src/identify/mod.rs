//! What a device is: from the strings that it says of itself, then from what it does, then from
//! its address block, then from statistics.

mod banners;
mod claims;
mod direct;
mod glob;
mod roles;
mod rules;
mod vendor;

use cordon_feeds::recog::Patterns;
use cordon_model::{Attribute, Mac, Reason, Text};

pub(crate) use claims::{Case, Evidence};
pub(crate) use roles::{Behaviour, NO_UNIT};

use crate::ends::End;
use crate::saying::{Field, Saying};
use crate::statistics::Guess;

/// What is known of one device when it is identified.
pub(crate) struct Subject<'a> {
    pub ends: Vec<&'a End>,
    pub macs: &'a [Mac],
    pub behaviour: Behaviour<'a>,
    pub guess: Option<Guess>,
}

/// Weighs everything that is known of a device.
pub(crate) fn weigh(subject: &Subject<'_>, patterns: Option<&Patterns>) -> Case {
    let mut case = Case::default();
    for end in &subject.ends {
        for saying in end.sayings.iter() {
            // A router that translates addresses sends what its clients say.
            let forwarded = subject.behaviour.routes.is_some() && is_of_clients(saying.field);
            let trust = if forwarded { 0.35 } else { 1.0 };
            apply_rules(&mut case, saying, trust);
            direct::read(&mut case, saying);
            if let Some(patterns) = patterns {
                banners::read(&mut case, saying, patterns, trust);
            }
        }
    }
    roles::read(&mut case, &subject.behaviour);
    for mac in subject.macs {
        vendor::read(&mut case, *mac);
    }
    if let Some(guess) = &subject.guess {
        take_guess(&mut case, guess);
    }
    case
}

/// Whether a maker gives that host name to every one of a product.
pub(crate) fn is_product_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    rules::built_in()
        .matching(Field::DhcpHostname, name, &lower)
        .any(|(rule, _)| rule.values.iter().any(|(attribute, _)| *attribute == Attribute::Model))
}

/// Whether the field tells about programs, which may run on another host behind a router.
fn is_of_clients(field: Field) -> bool {
    use Field::{DnsAsked, HttpAsks, HttpUserAgent, Ja4, MqttClient, RtspUserAgent};
    use Field::{ServerName, SsdpUserAgent, SshClient, SynShape};
    matches!(
        field,
        DnsAsked
            | HttpAsks
            | HttpUserAgent
            | Ja4
            | MqttClient
            | RtspUserAgent
            | ServerName
            | SshClient
            | SsdpUserAgent
            | SynShape
    )
}

fn apply_rules(case: &mut Case, saying: &Saying, trust: f32) {
    let lower = saying.text.to_ascii_lowercase();
    let mut settled = [false; 6];
    for (rule, captures) in rules::built_in().matching(saying.field, &saying.text, &lower) {
        let value = |wanted: Attribute| {
            let found = rule.values.iter().find(|(attribute, _)| *attribute == wanted);
            found.map(|(_, template)| rules::fill(template, &captures))
        };
        let maker = value(Attribute::Vendor);
        for (attribute, _) in &rule.values {
            // The first rule of a file that has a say about an attribute has the only say.
            match settled.get_mut(*attribute as usize) {
                Some(settled) if !*settled => *settled = true,
                _ => continue,
            }
            let Some(value) = value(*attribute) else { continue };
            let base = rule.confidence.unwrap_or(saying.field.weight());
            case.add(Evidence {
                attribute: *attribute,
                value,
                confidence: base * trust,
                own: saying.field.weight() >= 0.8,
                maker: maker.clone(),
                reason: reason(saying),
            });
        }
    }
}

/// In plain words, pointing at the packet.
pub(crate) fn reason(saying: &Saying) -> Reason {
    let phrase = saying.field.phrase();
    let (says, source) = match saying.via {
        Some(app) => (format!("{} {phrase} \"{}\"", app.title(), saying.text), app.name()),
        None => (format!("{phrase} \"{}\"", saying.text), saying.field.source()),
    };
    Reason { says: Text::from(says), source: source.into(), packet: Some(saying.packet) }
}

/// Statistics speak last; scaled so that they stay below what a device says of itself.
fn take_guess(case: &mut Case, guess: &Guess) {
    const SCALE: f32 = 0.89;
    let kind = guess.kind.map(|kind| Text::new(kind.name()));
    for (attribute, value) in [
        (Attribute::Model, guess.model.clone()),
        (Attribute::Vendor, guess.vendor.clone()),
        (Attribute::Type, kind),
    ] {
        let Some(value) = value else { continue };
        let first = guess.reasons.first().cloned();
        case.add(Evidence {
            attribute,
            value,
            confidence: guess.confidence.clamp(0.0, 1.0) * SCALE,
            own: false,
            maker: guess.vendor.clone(),
            reason: first.unwrap_or_else(|| Reason {
                says: "its traffic resembles that of this product".into(),
                source: "statistics".into(),
                packet: None,
            }),
        });
    }
}
