//! What holds of a device: people's word first, then what was seen, each with where it is from.

use cordon_model::record::{Record, Set};
use cordon_model::{Claim, DeviceType, Reason, Text, Timestamp};

/// Where a value is from.
#[derive(Clone, PartialEq, Debug)]
pub enum Origin<'a> {
    /// A person, or an import, set it.
    Set {
        /// Who.
        by: &'a str,
        /// When.
        at: Timestamp,
    },
    /// It was seen.
    Seen {
        /// 0 to 1.
        confidence: f32,
        /// What gave it away, strongest first.
        reasons: &'a [Reason],
    },
}

/// A value that holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Effective<'a, T> {
    /// The value.
    pub value: &'a T,
    /// Where it is from.
    pub origin: Origin<'a>,
    /// What was seen, where a person says otherwise.
    pub instead_of: Option<&'a T>,
}

/// What holds of a device.
#[derive(Clone, PartialEq, Debug)]
pub struct View<'a> {
    /// What to call it.
    pub name: Option<Effective<'a, Text>>,
    /// What it is for.
    pub kind: Option<Effective<'a, DeviceType>>,
    /// Who made it.
    pub vendor: Option<Effective<'a, Text>>,
    /// Which product it is.
    pub model: Option<Effective<'a, Text>>,
    /// Firmware version.
    pub firmware: Option<Effective<'a, Text>>,
    /// Operating system.
    pub os: Option<Effective<'a, Text>>,
}

impl<'a> View<'a> {
    /// Of a record.
    #[must_use]
    pub fn of(record: &'a Record) -> Self {
        let Record { own, seen, .. } = record;
        View {
            name: effective(&own.name, &seen.name),
            kind: effective(&own.kind, &seen.kind),
            vendor: effective(&own.vendor, &seen.vendor),
            model: effective(&own.model, &seen.model),
            firmware: effective(&own.firmware, &seen.firmware),
            os: effective(&own.os, &seen.os),
        }
    }
}

impl<T> Effective<'_, T> {
    /// Whether somebody set it.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        matches!(self.origin, Origin::Set { .. })
    }
}

fn effective<'a, T: PartialEq>(
    set: &'a Option<Set<T>>,
    seen: &'a Option<Claim<T>>,
) -> Option<Effective<'a, T>> {
    match (set, seen) {
        (Some(set), seen) => {
            let other = seen.as_ref().map(|claim| &claim.value);
            let origin = Origin::Set { by: &set.by, at: set.at };
            let instead_of = other.filter(|value| **value != set.value);
            Some(Effective { value: &set.value, origin, instead_of })
        }
        (None, Some(claim)) => {
            let origin = Origin::Seen { confidence: claim.confidence, reasons: &claim.reasons };
            Some(Effective { value: &claim.value, origin, instead_of: None })
        }
        (None, None) => None,
    }
}
