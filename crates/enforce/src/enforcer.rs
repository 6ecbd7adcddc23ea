//! From what is meant to what is held, by the shortest way.

use cordon_model::Timestamp;

use crate::drift::{Drift, difference};
use crate::driver::{Change, Driver, DriverError};
use crate::ruleset::{Elements, Ruleset};

/// Most elements that are amended in place; more are loaded anew, in pieces.
const MAX_AMENDED: usize = 5_000;

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It was so already.
    Nothing,
    /// So many elements went and so many came.
    Amended {
        /// How many went.
        removed: usize,
        /// How many came.
        added: usize,
    },
    /// Everything was loaded anew.
    Loaded,
}

/// Makes a driver hold what is meant, and knows what that was.
#[derive(Debug)]
pub struct Enforcer<D> {
    driver: D,
    meant: Option<Ruleset>,
}

impl<D: Driver> Enforcer<D> {
    /// Nothing is known yet of what the driver holds.
    #[must_use]
    pub const fn new(driver: D) -> Self {
        Enforcer { driver, meant: None }
    }

    /// The driver.
    pub const fn driver(&self) -> &D {
        &self.driver
    }

    /// What is meant, once it was set.
    pub const fn meant(&self) -> Option<&Ruleset> {
        self.meant.as_ref()
    }

    /// Says what the driver holds already, where somebody else has loaded it.
    pub fn assume(&mut self, held: Option<Ruleset>) {
        self.meant = held;
    }

    /// Makes the driver hold this. Only what differs is changed, in one transaction.
    ///
    /// # Errors
    ///
    /// Where it was refused; then everything is as before.
    pub fn set(&mut self, meant: Ruleset, at: Timestamp) -> Result<Done, DriverError> {
        let same_chains = self
            .meant
            .as_ref()
            .filter(|held| held.chains == meant.chains && held.options == meant.options);
        if let Some(held) = same_chains {
            let (remove, add) = difference(&held.elements, &meant.elements, |a, b| a == b);
            let (removed, added) = (count(&remove), count(&add));
            if removed + added == 0 {
                return Ok(Done::Nothing);
            }
            if removed + added <= MAX_AMENDED {
                // Refused is most often: somebody else changed our table. Loading it anew is the
                // answer to that, and says what is wrong where it is something else.
                if self.driver.apply(&Change::Amend { remove, add }, at).is_ok() {
                    self.meant = Some(meant);
                    return Ok(Done::Amended { removed, added });
                }
            }
        }
        self.load(meant, at)
    }

    /// Changes what belongs to one member, without a look at the others.
    ///
    /// # Errors
    ///
    /// Where it was refused, or nothing is loaded; then everything is as before.
    pub fn amend(
        &mut self,
        before: &Elements,
        after: &Elements,
        at: Timestamp,
    ) -> Result<Done, DriverError> {
        let Some(meant) = self.meant.as_mut() else { return Err(DriverError::Unloaded) };
        let (remove, add) = difference(before, after, |a, b| a == b);
        let (removed, added) = (count(&remove), count(&add));
        if removed + added == 0 {
            return Ok(Done::Nothing);
        }
        let change = Change::Amend { remove, add };
        self.driver.apply(&change, at)?;
        if let Change::Amend { remove, add } = change {
            for (set, elements) in remove {
                let of_set = meant.elements.entry(set).or_default();
                for element in elements {
                    if let Ok(place) = of_set.binary_search(&element) {
                        of_set.remove(place);
                    }
                }
            }
            for (set, elements) in add {
                let of_set = meant.elements.entry(set).or_default();
                for element in elements {
                    if let Err(place) = of_set.binary_search(&element) {
                        of_set.insert(place, element);
                    }
                }
            }
            meant.elements.retain(|_, elements| !elements.is_empty());
        }
        Ok(Done::Amended { removed, added })
    }

    /// Loads everything anew, whatever is held.
    ///
    /// # Errors
    ///
    /// Where it was refused; then everything is as before.
    pub fn load(&mut self, meant: Ruleset, at: Timestamp) -> Result<Done, DriverError> {
        let change = Change::Load(meant);
        self.driver.apply(&change, at)?;
        if let Change::Load(meant) = change {
            self.meant = Some(meant);
        }
        Ok(Done::Loaded)
    }

    /// Reads back what is held, and says what differs from what is meant.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or nothing is meant yet.
    pub fn drift(&self, at: Timestamp) -> Result<Drift, DriverError> {
        let meant = self.meant.as_ref().ok_or(DriverError::Unloaded)?;
        Ok(Drift::between(meant, self.driver.read(at)?.as_ref(), at))
    }

    /// Takes everything of ours away.
    ///
    /// # Errors
    ///
    /// Where it was refused.
    pub fn unload(&mut self, at: Timestamp) -> Result<(), DriverError> {
        self.driver.apply(&Change::Unload, at)?;
        self.meant = None;
        Ok(())
    }
}

fn count(elements: &Elements) -> usize {
    elements.values().map(Vec::len).sum()
}
