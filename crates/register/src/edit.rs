//! What people say of a device. It outweighs what is seen, survives it, and can be taken back.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use cordon_model::record::{Change, Criticality, EventKind, Own, Record, Set};
use cordon_model::{DeviceId, DeviceType, Text, Timestamp};

use crate::register::Update;
use crate::{Register, RegisterError, text};

/// Fields to be set. In JSON a missing field stays as it is, and `null` returns it to what was
/// seen; an empty text does so, too.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// What people call it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<Text>>,
    /// What it is for.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Option<DeviceType>>,
    /// Who made it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Option<Text>>,
    /// Which product it is.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub model: Option<Option<Text>>,
    /// Firmware version.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub firmware: Option<Option<Text>>,
    /// Operating system.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub os: Option<Option<Text>>,
    /// Who answers for it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub owner: Option<Option<Text>>,
    /// Where it stands.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub location: Option<Option<Text>>,
    /// The zone it belongs to.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub zone: Option<Option<Text>>,
    /// How much depends on it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Option<Criticality>>,
    /// Labels; all of them at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Text>>,
    /// Free text.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub notes: Option<Option<Text>>,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Whether a person said anything of a device: then it is never thrown out or absorbed.
pub(crate) fn is_said_of(record: &Record) -> bool {
    record.own != Own::default() || !record.parted.is_empty()
}

impl Register {
    /// Sets fields of a device in a person's name.
    ///
    /// # Errors
    /// Where there is no such device, nothing is set, or a text cannot be taken; nothing is changed
    /// then.
    pub fn edit(
        &mut self,
        id: &DeviceId,
        edit: &Edit,
        by: &str,
        now: Timestamp,
    ) -> Result<Update, RegisterError> {
        let before = self.get(id).ok_or_else(|| RegisterError::NoDevice(id.clone()))?.clone();
        let mut own = before.own.clone();
        let says = enter(&mut own, edit, by, now)?;
        if says.is_empty() {
            return Err(RegisterError::Nothing);
        }
        let says = says.join("; ");
        let mut update = Update::default();
        let after = Record { own, ..before.clone() };
        if let Some(entry) = self.entries.get_mut(&before.id) {
            entry.record = Arc::new(after.clone());
        }
        update.event(now, &after.id, EventKind::Edited, says.as_str(), Some(by));
        update.records.push(Arc::new(after.clone()));
        let change = Change {
            id: 0,
            at: now,
            by: Text::from(by),
            says: Text::from(format!("{}: {says}", before.label())),
            after: vec![after.id.clone()],
            before: vec![before],
            made: vec![after],
            findings: Vec::new(),
            undone: false,
        };
        self.keep(change, &mut update);
        self.name_findings(id, now, &mut update);
        Ok(update)
    }

    /// A device that has a name now: what waited for it is told.
    pub(crate) fn name_findings(&mut self, id: &DeviceId, now: Timestamp, update: &mut Update) {
        if self.get(id).is_some_and(Record::is_named) {
            self.alert_on_named(now, update);
        }
    }
}

/// Enters an edit, and says in words what changed.
fn enter(
    own: &mut Own,
    edit: &Edit,
    by: &str,
    now: Timestamp,
) -> Result<Vec<String>, RegisterError> {
    let mut says = Vec::new();
    let by = Text::from(by);
    {
        let mut line =
            |field: &'static str, slot: &mut Option<Set<Text>>, given: &Option<Option<Text>>| {
                let Some(given) = given else { return Ok(()) };
                let value = match given {
                    Some(value) if field == "notes" => text::note(field, value)?,
                    Some(value) => text::line(field, value)?,
                    None => None,
                };
                let words = if field == "notes" { None } else { value.clone() };
                put(slot, value, field, words, &by, now, &mut says);
                Ok(())
            };
        line("name", &mut own.name, &edit.name)?;
        line("vendor", &mut own.vendor, &edit.vendor)?;
        line("model", &mut own.model, &edit.model)?;
        line("firmware", &mut own.firmware, &edit.firmware)?;
        line("os", &mut own.os, &edit.os)?;
        line("owner", &mut own.owner, &edit.owner)?;
        line("location", &mut own.location, &edit.location)?;
        line("zone", &mut own.zone, &edit.zone)?;
        line("notes", &mut own.notes, &edit.notes)?;
    }
    if let Some(kind) = edit.kind {
        let words = kind.map(|kind| Text::from(kind.title()));
        put(&mut own.kind, kind, "type", words, &by, now, &mut says);
    }
    if let Some(criticality) = edit.criticality {
        let words = criticality.map(|value| {
            Text::from(match value {
                Criticality::Normal => "normal",
                Criticality::Process => "production stops without it",
                Criticality::LifeSafety => "people come to harm without it",
            })
        });
        put(&mut own.criticality, criticality, "criticality", words, &by, now, &mut says);
    }
    if let Some(tags) = &edit.tags {
        let tags = text::tags(tags)?;
        if own.tags != tags {
            says.push(if tags.is_empty() {
                "tags removed".to_owned()
            } else {
                format!("tags set to {}", tags.join(", "))
            });
            own.tags = tags;
        }
    }
    Ok(says)
}

fn put<T: PartialEq>(
    slot: &mut Option<Set<T>>,
    value: Option<T>,
    field: &str,
    words: Option<Text>,
    by: &Text,
    now: Timestamp,
    says: &mut Vec<String>,
) {
    match (value, &*slot) {
        (Some(value), Some(old)) if old.value == value => {}
        (Some(value), _) => {
            *slot = Some(Set { value, by: by.clone(), at: now });
            says.push(match words {
                Some(words) => format!("{field} set to {words}"),
                None => format!("{field} changed"),
            });
        }
        (None, Some(_)) => {
            *slot = None;
            says.push(format!("{field} as seen again"));
        }
        (None, None) => {}
    }
}
