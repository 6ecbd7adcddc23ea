//! When a new value is believed: what a record says of its device changes seldom, and for a
//! reason.

use std::time::Duration;

use cordon_model::{Attribute, Claim, Device, DeviceType, Reason, Text, Timestamp};

/// So much surer, a new value is believed at once.
const SURER: f32 = 0.05;
/// As sure as the old one, it must hold for so long.
const AS_SURE: Duration = Duration::from_secs(60);
/// Less sure, but the same run that said the old value now says another.
const CORRECTED: Duration = Duration::from_secs(600);
/// Less sure, and the old value is from before the restart: what is heard in a week decides.
const OUTLIVED: Duration = Duration::from_secs(7 * 24 * 3600);

/// What one record is not sure of, per attribute.
#[derive(Clone, Default, Debug)]
pub(crate) struct Doubts(Vec<Doubt>);

#[derive(Clone, Debug)]
struct Doubt {
    attribute: Attribute,
    /// This run has said the value that the record has.
    confirmed: bool,
    /// Another value, and since when it is said.
    other: Option<(Text, Timestamp)>,
}

/// What a sighting did to a record's claims.
#[derive(Default, Debug)]
pub(crate) struct Changes {
    /// A value is another one now.
    pub values: Vec<Attribute>,
    /// A value is surer now.
    pub surer: bool,
}

impl Doubts {
    fn of(&mut self, attribute: Attribute) -> Option<&mut Doubt> {
        if !self.0.iter().any(|doubt| doubt.attribute == attribute) {
            self.0.push(Doubt { attribute, confirmed: false, other: None });
        }
        self.0.iter_mut().find(|doubt| doubt.attribute == attribute)
    }

    /// Whether `new` takes the place of `old`.
    fn believes(
        &mut self,
        attribute: Attribute,
        old: (&str, f32),
        new: (&str, f32),
        now: Timestamp,
    ) -> bool {
        let Some(doubt) = self.of(attribute) else { return false };
        let since = match &doubt.other {
            // A clock that was set back begins anew.
            Some((value, since)) if value == new.0 && *since <= now => *since,
            _ => now,
        };
        let patience = if new.1 >= old.1 + SURER {
            Duration::ZERO
        } else if new.1 >= old.1 {
            AS_SURE
        } else if doubt.confirmed {
            CORRECTED
        } else {
            OUTLIVED
        };
        let believed = now.since(since) >= patience;
        doubt.other = (!believed).then(|| (Text::from(new.0), since));
        doubt.confirmed |= believed;
        believed
    }

    fn confirm(&mut self, attribute: Attribute) {
        if let Some(doubt) = self.of(attribute) {
            doubt.confirmed = true;
            doubt.other = None;
        }
    }
}

/// Enters what a sighting claims into what the record says.
pub(crate) fn take(
    seen: &mut Device,
    evidence: &mut Vec<(Attribute, Reason)>,
    new: &Device,
    heard: &[(Attribute, Reason)],
    doubts: &mut Doubts,
    now: Timestamp,
) -> Changes {
    let mut changes = Changes::default();
    let mut taken: Vec<Attribute> = Vec::new();
    {
        let mut one = |attribute, outcome| match outcome {
            Outcome::Kept => {}
            Outcome::Surer(much) => {
                taken.push(attribute);
                changes.surer |= much;
            }
            Outcome::Changed => {
                taken.push(attribute);
                changes.values.push(attribute);
            }
        };
        one(Attribute::Name, text(Attribute::Name, &mut seen.name, &new.name, doubts, now));
        one(Attribute::Vendor, text(Attribute::Vendor, &mut seen.vendor, &new.vendor, doubts, now));
        one(Attribute::Model, text(Attribute::Model, &mut seen.model, &new.model, doubts, now));
        one(
            Attribute::Firmware,
            text(Attribute::Firmware, &mut seen.firmware, &new.firmware, doubts, now),
        );
        one(Attribute::Os, text(Attribute::Os, &mut seen.os, &new.os, doubts, now));
        let name = |kind: &DeviceType| kind.name().to_owned();
        one(Attribute::Type, claim(Attribute::Type, &mut seen.kind, &new.kind, name, doubts, now));
    }
    if !taken.is_empty() {
        evidence.retain(|(attribute, _)| !taken.contains(attribute));
        evidence.extend(heard.iter().filter(|(one, _)| taken.contains(one)).cloned());
    }
    changes
}

enum Outcome {
    Kept,
    /// The same value; whether it is a good deal surer.
    Surer(bool),
    Changed,
}

fn text(
    attribute: Attribute,
    old: &mut Option<Claim<Text>>,
    new: &Option<Claim<Text>>,
    doubts: &mut Doubts,
    now: Timestamp,
) -> Outcome {
    claim(attribute, old, new, |text| text.to_string(), doubts, now)
}

fn claim<T: Clone + PartialEq>(
    attribute: Attribute,
    old: &mut Option<Claim<T>>,
    new: &Option<Claim<T>>,
    words: impl Fn(&T) -> String,
    doubts: &mut Doubts,
    now: Timestamp,
) -> Outcome {
    let Some(new) = new else { return Outcome::Kept };
    let Some(known) = old else {
        *old = Some(new.clone());
        doubts.confirm(attribute);
        return Outcome::Changed;
    };
    if known.value == new.value {
        doubts.confirm(attribute);
        if new.confidence < known.confidence || known == new {
            return Outcome::Kept;
        }
        let much = new.confidence >= known.confidence + SURER;
        *known = new.clone();
        return Outcome::Surer(much);
    }
    let (was, is) = (words(&known.value), words(&new.value));
    if doubts.believes(attribute, (&was, known.confidence), (&is, new.confidence), now) {
        *known = new.clone();
        return Outcome::Changed;
    }
    Outcome::Kept
}
