//! What got through against the rules, until another probe shows that it does not any more.

use std::net::IpAddr;

use cordon_model::{DeviceId, Text, Timestamp};
use cordon_probe::{Chance, Meaning, Outcome, Port, compare};
use cordon_store::Write;
use serde::{Deserialize, Serialize};

/// The setting that holds it.
pub(super) const PROBES: &str = "contracts.probes";
/// Most that are held; the oldest give way.
const MOST: usize = 200;

/// What got through and was not seen stopped since.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Open {
    held: Vec<Hole>,
}

/// A kind of packet that got through against the rules.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Hole {
    /// From which address.
    pub source: IpAddr,
    /// To which device,
    pub to: DeviceId,
    /// and which of its addresses.
    pub address: IpAddr,
    /// Where.
    pub port: Port,
    /// When it was found.
    pub at: Timestamp,
}

/// What a probe changed.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Changed {
    /// What got through and was not known to.
    pub came: Vec<Port>,
    /// What was known to get through and does not, or may now.
    pub went: Vec<Port>,
}

impl Open {
    /// What a former run wrote.
    pub fn read(setting: Option<&Text>) -> Self {
        setting.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub fn write(&self) -> Write {
        let value = serde_json::to_string(self).unwrap_or_default();
        Write::PutSetting { name: Text::from(PROBES), value: value.into() }
    }

    /// Takes in what one probe met.
    pub fn take(&mut self, hole: &Hole, chance: Chance, outcome: Outcome, into: &mut Changed) {
        let same = |one: &Hole| {
            (one.source, &one.to, one.address, one.port)
                == (hole.source, &hole.to, hole.address, hole.port)
        };
        let known = self.held.iter().any(same);
        match (compare(chance, outcome), known) {
            (Meaning::GotThrough, false) => {
                if self.held.len() >= MOST {
                    self.held.remove(0);
                }
                self.held.push(hole.clone());
                into.came.push(hole.port);
            }
            (Meaning::Agrees | Meaning::Quiet, true) => {
                self.held.retain(|one| !same(one));
                into.went.push(hole.port);
            }
            _ => {}
        }
    }

    /// What is open to devices that there still are.
    pub fn holes<'a>(
        &'a self,
        there: impl Fn(&DeviceId) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Hole> + 'a {
        self.held.iter().filter(move |hole| there(&hole.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hole(port: u16) -> Hole {
        Hole {
            source: [10, 0, 5, 7].into(),
            to: DeviceId("imaging".into()),
            address: [10, 0, 6, 5].into(),
            port: Port::Tcp(port),
            at: Timestamp::from_secs(1),
        }
    }

    fn taken(open: &mut Open, port: u16, chance: Chance, outcome: Outcome) -> Changed {
        let mut changed = Changed::default();
        open.take(&hole(port), chance, outcome, &mut changed);
        changed
    }

    #[test]
    fn what_got_through_stands_until_it_is_seen_stopped() {
        let (mut open, came) = (Open::default(), vec![Port::Tcp(104)]);
        let through = (Chance::Impossible, Outcome::Connected);
        assert_eq!(taken(&mut open, 104, through.0, through.1).came, came);
        assert_eq!(taken(&mut open, 104, through.0, through.1), Changed::default(), "told once");
        // What shows nothing mends nothing.
        for (chance, outcome) in
            [(Chance::Impossible, Outcome::NotSent), (Chance::Unknown, Outcome::Silent)]
        {
            assert_eq!(taken(&mut open, 104, chance, outcome), Changed::default());
        }
        let Write::PutSetting { value, .. } = open.write() else { panic!("another write") };
        let mut open = Open::read(Some(&value));
        assert_eq!(open.holes(|_| true).count(), 1);
        assert_eq!(taken(&mut open, 104, Chance::Impossible, Outcome::Silent).went, came);
        assert_eq!(open.holes(|_| true).count(), 0);
    }

    #[test]
    fn what_is_held_is_bounded_and_forgets_devices_that_are_gone() {
        let mut open = Open::default();
        for port in 1..=1_000 {
            taken(&mut open, port, Chance::Impossible, Outcome::Refused);
        }
        assert_eq!(open.holes(|_| true).count(), MOST);
        assert_eq!(open.holes(|id| &*id.0 == "other").count(), 0);
    }
}
