//! The versions of a device's contract, read back from the steps that made them.

use cordon_model::{DeviceId, Timestamp};

use super::rows::{Standing, Step};
use crate::document::Contract;

/// One version that was in force.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// The document.
    pub contract: &'a Contract,
    /// The step that put it in force; none where that is not known any more.
    pub step: Option<&'a Step>,
    /// The version that it took the place of: 0 where nothing was in force, none where that is
    /// not known any more.
    pub replaced: Option<u32>,
}

/// The versions of one device's contract.
#[derive(Clone, Default, Debug)]
pub struct Versions<'a> {
    /// Newest first.
    pub list: Vec<Version<'a>>,
    /// The version in force now; 0 for none.
    pub now: u32,
    /// The step that left nothing in force, where one did.
    pub withdrawn: Option<&'a Step>,
    /// The version that stood before the oldest step that is known: 0 where that was none.
    pub before: u32,
}

impl<'a> Versions<'a> {
    /// Reads the versions from what stands now and the steps that led there, newest first.
    /// Steps of other devices are passed over.
    pub fn of(
        device: &DeviceId,
        now: Option<&'a Standing>,
        steps: impl IntoIterator<Item = &'a Step>,
    ) -> Self {
        let mut after = now.and_then(Standing::contract);
        let mut versions =
            Versions { now: number(after), before: number(after), ..Versions::default() };
        for step in steps {
            let Some(held) = step.before.iter().find(|held| held.device == *device) else {
                continue;
            };
            let before = held.contract();
            if number(before) == number(after) {
                continue;
            }
            match after {
                Some(contract) => versions.list.push(Version {
                    contract,
                    step: Some(step),
                    replaced: Some(number(before)),
                }),
                None => versions.withdrawn = versions.withdrawn.or(Some(step)),
            }
            after = before;
            versions.before = number(before);
        }
        if let Some(contract) = after {
            versions.list.push(Version { contract, step: None, replaced: None });
        }
        versions
    }

    /// The version with this number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Version<'a>> {
        self.list.iter().find(|version| version.contract.version == number)
    }

    /// What `number` took the place of; for 0, what was in force before nothing was.
    #[must_use]
    pub fn previous(&self, number: u32) -> Option<u32> {
        match number {
            0 => Some(self.list.first().map_or(0, |version| version.contract.version)),
            _ => self.get(number)?.replaced,
        }
    }
}

impl Version<'_> {
    /// When it was put in force.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.step.map_or(self.contract.made, |step| step.at)
    }

    /// Who put it in force, as in the ledger.
    #[must_use]
    pub fn by(&self) -> &str {
        self.step.map_or(self.contract.by.as_str(), |step| step.by.as_str())
    }
}

fn number(contract: Option<&Contract>) -> u32 {
    contract.map_or(0, |contract| contract.version)
}
