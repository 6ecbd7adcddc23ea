//! Neighbours on one bridge, kept apart: their ports are isolated from each other, and the machine
//! answers for them, so that what they send each other is forwarded by it and passes the rules.
//!
//! Frames between isolated ports are dropped in the bridge, whatever they carry (bridge(8),
//! `isolated`). With `proxy_arp_pvlan` the machine answers the question for a neighbour's address with
//! its own (RFC 3069), so IPv4 that contracts allow still flows. IPv6 between neighbours ends, for
//! the kernel has no such answer; so do groups and broadcasts between them. Devices that still know
//! each other's link-layer addresses speak into the void until they ask again, within a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cordon_model::Text;
use serde::{Deserialize, Serialize};

use crate::compile::is_link_name;

/// Most ports of a bridge: the kernel's own limit is 1,024.
const MAX_PORTS: usize = 1_024;

/// Why neighbours are not kept apart. What was changed on the way was changed back.
#[derive(Debug, thiserror::Error)]
pub enum IsolateError {
    /// A name that no interface can have.
    #[error("{0:?} cannot be the name of an interface")]
    BadLink(Text),
    /// No bridge.
    #[error("{0} is no bridge of this machine")]
    NoBridge(Text),
    /// A file of the kernel.
    #[error("{path}: {error}; isolating ports needs root and Linux 4.18 or newer")]
    File {
        /// Which.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
}

/// A bridge whose ports are to be isolated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Isolation {
    bridge: Text,
    open: BTreeSet<Text>,
}

/// How it was before, to be kept where it outlives this process.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Before(BTreeMap<PathBuf, String>);

/// How it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Isolated {
    /// Ports that are isolated.
    pub ports: BTreeSet<Text>,
    /// Ports that are not, and should be: added since, or changed by somebody.
    pub missing: BTreeSet<Text>,
    /// Ports that are left open on purpose; who is behind one of them reaches every port.
    pub open: BTreeSet<Text>,
    /// Whether the machine answers for neighbours, so that what contracts allow flows.
    pub answers: bool,
}

impl Isolated {
    /// Whether neighbours reach each other only through this machine.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.open.is_empty() && !self.ports.is_empty()
    }

    /// How it is, in a sentence.
    #[must_use]
    pub fn says(&self, bridge: &str) -> String {
        let names = |ports: &BTreeSet<Text>| {
            let names: Vec<&str> = ports.iter().map(|name| &**name).collect();
            names.join(", ")
        };
        if !self.missing.is_empty() {
            return format!(
                "Neighbours on {bridge} are not kept apart at {}.",
                names(&self.missing)
            );
        }
        let mut says = match self.ports.len() {
            0 => format!("No port of {bridge} is isolated"),
            count => format!("Neighbours at {count} ports of {bridge} are kept apart"),
        };
        if !self.open.is_empty() {
            says.push_str(&format!("; {} reach every port, as configured", names(&self.open)));
        }
        if !self.answers {
            says.push_str(
                "; what contracts allow between them has no way, for this machine does not answer",
            );
        }
        says.push('.');
        says
    }
}

impl Isolation {
    /// Of a bridge, all ports but some: one that leads to another switch keeps that switch's
    /// neighbours together, and one that leads to the way out must stay open.
    ///
    /// # Errors
    ///
    /// Where a name is none.
    pub fn new(bridge: Text, open: BTreeSet<Text>) -> Result<Self, IsolateError> {
        let bad = [&bridge].into_iter().chain(&open).find(|name| !is_path_name(name));
        if let Some(name) = bad {
            return Err(IsolateError::BadLink(name.chars().take(40).collect()));
        }
        Ok(Isolation { bridge, open })
    }

    /// The bridge.
    #[must_use]
    pub fn bridge(&self) -> &str {
        &self.bridge
    }

    /// How things are that [`set`](Self::set) would change.
    ///
    /// # Errors
    ///
    /// Where there is no such bridge, or the kernel cannot be asked.
    pub fn before(&self) -> Result<Before, IsolateError> {
        let mut before = Before::default();
        for (path, wanted) in self.wanted()? {
            let was = read(&path)?;
            if was != wanted {
                before.0.insert(path, was);
            }
        }
        Ok(before)
    }

    /// How it is.
    ///
    /// # Errors
    ///
    /// Where there is no such bridge, or the kernel cannot be asked.
    pub fn state(&self) -> Result<Isolated, IsolateError> {
        let (open, ports) = self.ports()?;
        let mut state = Isolated {
            ports: BTreeSet::new(),
            missing: BTreeSet::new(),
            open: open.into_iter().collect(),
            answers: true,
        };
        for port in ports {
            let isolated = read(&isolated(&port))? == "1";
            if isolated {
                state.ports.insert(port)
            } else {
                state.missing.insert(port)
            };
        }
        for (path, wanted) in self.answering() {
            state.answers &= read(&path)? == wanted;
        }
        Ok(state)
    }

    /// Isolates the ports, and lets the machine answer for neighbours.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses; then it is as before.
    pub fn set(&self) -> Result<Before, IsolateError> {
        let mut before = Before::default();
        for (path, wanted) in self.wanted()? {
            let change = || {
                let was = read(&path)?;
                if was != wanted {
                    write(&path, wanted)?;
                }
                Ok(was)
            };
            match change() {
                Ok(was) if was != wanted => drop(before.0.insert(path, was)),
                Ok(_) => {}
                Err(error) => {
                    // The first error says more than a second one would.
                    let _ = before.restore();
                    return Err(error);
                }
            }
        }
        Ok(before)
    }

    /// What is to be written where. The answers first: what flows now then has a way when the
    /// direct one ends.
    fn wanted(&self) -> Result<Vec<(PathBuf, &'static str)>, IsolateError> {
        let (_, ports) = self.ports()?;
        let ports = ports.iter().map(|port| (isolated(port), "1"));
        Ok(self.answering().into_iter().chain(ports).collect())
    }

    /// The ports that are left open, and those that are to be isolated.
    fn ports(&self) -> Result<(Vec<Text>, Vec<Text>), IsolateError> {
        let folder = Path::new("/sys/class/net").join(&*self.bridge).join("brif");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(IsolateError::NoBridge(self.bridge.clone()));
            }
            Err(error) => return Err(IsolateError::File { path: folder, error }),
        };
        let names = entries.take(MAX_PORTS).flatten().map(|entry| entry.file_name());
        let mut names: Vec<Text> = names.filter_map(|name| name.to_str().map(Text::from)).collect();
        names.sort_unstable();
        Ok(names.into_iter().partition(|name| self.open.contains(name)))
    }

    /// What makes the machine answer for neighbours, at once and not only when nobody else did, and
    /// not send them to each other (RFC 792, redirect): either word of the last two is enough for
    /// the kernel to do so.
    fn answering(&self) -> Vec<(PathBuf, &'static str)> {
        let of = |what: &str, link: &str, name: &str| {
            Path::new("/proc/sys/net/ipv4").join(what).join(link).join(name)
        };
        vec![
            (of("conf", &self.bridge, "proxy_arp_pvlan"), "1"),
            (of("neigh", &self.bridge, "proxy_delay"), "0"),
            (of("conf", &self.bridge, "send_redirects"), "0"),
            (of("conf", "all", "send_redirects"), "0"),
        ]
    }
}

impl Before {
    /// Whether nothing is to be put back.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what was changed later; how it was first counts.
    pub fn join(&mut self, later: Before) {
        for (path, was) in later.0 {
            self.0.entry(path).or_insert(was);
        }
    }

    /// What none of these would change.
    #[must_use]
    pub fn without(&self, isolations: &[Isolation]) -> Before {
        self.split(isolations, false)
    }

    /// What one of these would change.
    #[must_use]
    pub fn only(&self, isolations: &[Isolation]) -> Before {
        self.split(isolations, true)
    }

    fn split(&self, isolations: &[Isolation], wanted: bool) -> Before {
        let paths: BTreeSet<PathBuf> = isolations
            .iter()
            .flat_map(|isolation| {
                // A bridge that is not there now is still one that is asked for.
                isolation.wanted().unwrap_or_else(|_| isolation.answering())
            })
            .map(|(path, _)| path)
            .collect();
        let of = self.0.iter().filter(|(path, _)| paths.contains(*path) == wanted);
        Before(of.map(|(path, was)| (path.clone(), was.clone())).collect())
    }

    /// Makes it so again; what is gone since is left out.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses; the rest is tried all the same.
    pub fn restore(&self) -> Result<(), IsolateError> {
        let mut failed = Ok(());
        for (path, was) in &self.0 {
            match write(path, was) {
                Err(IsolateError::File { error, .. }) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => failed = Err(error),
                Ok(()) => {}
            }
        }
        failed
    }
}

fn is_path_name(name: &str) -> bool {
    is_link_name(name) && !name.bytes().all(|byte| byte == b'.')
}

fn isolated(port: &str) -> PathBuf {
    Path::new("/sys/class/net").join(port).join("brport/isolated")
}

fn read(path: &Path) -> Result<String, IsolateError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(IsolateError::File { path: path.to_owned(), error }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), IsolateError> {
    std::fs::write(path, text).map_err(|error| IsolateError::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_is_no_interface() {
        for name in ["..", ".", "a/b", "../../etc", ""] {
            assert!(Isolation::new(name.into(), BTreeSet::new()).is_err(), "{name}");
            assert!(Isolation::new("br0".into(), [name.into()].into()).is_err(), "{name}");
        }
        let none = Isolation::new("no-bridge".into(), BTreeSet::new()).unwrap();
        assert!(matches!(none.set(), Err(IsolateError::NoBridge(_))));
    }
}
