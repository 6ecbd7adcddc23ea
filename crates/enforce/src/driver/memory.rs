//! A firewall that only remembers, for tests and rehearsals.

use std::sync::{Mutex, PoisonError};

use cordon_model::Timestamp;

use super::{Change, Driver, DriverError, Held, rule_lines};
use crate::ruleset::Elements;

/// A firewall that only remembers.
#[derive(Default, Debug)]
pub struct Memory {
    held: Mutex<Option<Held>>,
}

impl Driver for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn read(&self, at: Timestamp) -> Result<Option<Held>, DriverError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_mut() {
            for elements in held.elements.values_mut() {
                elements.retain(|element| element.holds(at));
            }
            held.elements.retain(|_, elements| !elements.is_empty());
        }
        Ok(held.clone())
    }

    fn apply(&self, change: &Change, at: Timestamp) -> Result<(), DriverError> {
        let now = self.read(at)?;
        let next = match change {
            Change::Unload => None,
            Change::Load(ruleset) => Some(Held {
                rules: rule_lines(ruleset),
                elements: ruleset.elements.clone(),
                strange: Vec::new(),
            }),
            Change::Amend { remove, add } => {
                let mut held = now.ok_or(DriverError::Unloaded)?;
                amend(&mut held.elements, remove, add, at)?;
                Some(held)
            }
        };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

fn amend(
    held: &mut Elements,
    remove: &Elements,
    add: &Elements,
    at: Timestamp,
) -> Result<(), DriverError> {
    for (set, gone) in remove {
        let of_set = held.entry(*set).or_default();
        for element in gone {
            match of_set.iter().position(|held| held.key == element.key) {
                Some(place) => drop(of_set.remove(place)),
                // It ended by itself.
                None if !element.holds(at) || element.until.is_some() => {}
                None => {
                    let refused = format!("{set} has no element {:?}", element.key);
                    return Err(DriverError::Refused(refused));
                }
            }
        }
    }
    for (set, new) in add {
        let of_set = held.entry(*set).or_default();
        of_set.extend(new.iter().cloned());
        of_set.sort_unstable();
        of_set.dedup();
        of_set.dedup_by(|a, b| a.key == b.key);
    }
    held.retain(|_, elements| !elements.is_empty());
    Ok(())
}
