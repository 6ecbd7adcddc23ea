//! Bridges whose neighbours are kept apart: set at the start, looked after, and put back as they
//! were once nobody asks for it any more.

use std::path::{Path, PathBuf};

use crate::isolate::{Before, Isolation};

/// The file that knows how it was before, in the folder of the confirmed rules.
const FILE: &str = "neighbours.json";

/// Bridges whose neighbours are kept apart.
#[derive(Default)]
pub struct Neighbours {
    apart: Vec<Isolation>,
    file: PathBuf,
}

impl Neighbours {
    /// Keeps them apart on these bridges, and on no others: what was changed on one that is not
    /// asked for any more is changed back. What cannot be done is said by [`says`](Self::says), and
    /// tried again at each [`look`](Self::look): a bridge may come later.
    #[must_use]
    pub fn start(folder: &Path, apart: Vec<Isolation>) -> Self {
        let neighbours = Neighbours { apart, file: folder.join(FILE) };
        let before = neighbours.before();
        let gone = before.without(&neighbours.apart);
        // What cannot be put back stays written down, and is tried at the next start.
        if !gone.is_none() && gone.restore().is_ok() {
            neighbours.write(&before.only(&neighbours.apart));
        }
        neighbours.look();
        neighbours
    }

    /// Isolates what is not: a port that came, or that somebody changed.
    pub fn look(&self) {
        for isolation in &self.apart {
            let Ok(now) = isolation.before() else { continue };
            if now.is_none() {
                continue;
            }
            // First how it was, then the change: who dies in between has lost nothing.
            let mut before = self.before();
            before.join(now);
            if self.write(&before) {
                let _ = isolation.set();
            }
        }
    }

    /// How it is, a sentence for each bridge.
    #[must_use]
    pub fn says(&self) -> Vec<String> {
        let say = |isolation: &Isolation| match isolation.state() {
            Ok(state) => state.says(isolation.bridge()),
            Err(error) => {
                format!("Neighbours on {} are not kept apart: {error}", isolation.bridge())
            }
        };
        self.apart.iter().map(say).collect()
    }

    fn before(&self) -> Before {
        let text = std::fs::read(&self.file).ok();
        text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Whether it is written down.
    fn write(&self, before: &Before) -> bool {
        let Ok(text) = serde_json::to_vec(before) else { return false };
        let beside = self.file.with_extension("new");
        std::fs::write(&beside, text).is_ok() && std::fs::rename(&beside, &self.file).is_ok()
    }
}
