//! `cargo xtask train`: the device model from labelled captures.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use cordon_inventory::statistics::{Sample, TokenSet, train};

use crate::captures::{Capture, labelled, tokens};
use crate::chore::root;

/// Seconds of the early profiles: what a product shows first.
const EARLY: u64 = 30;
/// Where the committed model lies.
const MODEL: &str = "crates/inventory/model/devices.model";

/// Trains on the captures of a folder, or of the corpus, and writes the model.
pub fn run(data: Option<&Path>) -> Result<()> {
    let captures = labelled(data)?;
    let shown: Vec<Shown> = captures.iter().map(Shown::of).collect();
    let named = data.map_or_else(
        || "../shared/corpus/devices/iot-sentinel.tar.zst".to_owned(),
        |data| data.display().to_string(),
    );
    let samples: Vec<Sample<'_>> = shown.iter().flat_map(Shown::samples).collect();
    let made = [
        "made cargo xtask train".to_owned(),
        format!("data {named}: {} set-up captures, and the first {EARLY} s of each again as profiles of their own", captures.len()),
        "cite Miettinen et al., IoT Sentinel: Automated Device-Type Identification for Security Enforcement in IoT, ICDCS 2017".to_owned(),
    ];
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let model = train(&samples, &made);
    let path = root().join(MODEL);
    let text = model.to_string();
    fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    println!(
        "{}: {} captures, {} labels, {} tokens, {} bytes",
        path.display(),
        captures.len(),
        model.labels().len(),
        model.tokens(),
        text.len()
    );
    Ok(())
}

/// What one capture shows, as a whole and at first.
pub struct Shown {
    pub full: TokenSet,
    pub early: TokenSet,
    profile: String,
    early_profile: String,
}

impl Shown {
    pub fn of(capture: &Capture) -> Shown {
        Shown {
            full: tokens(&capture.path, capture.mac, None),
            early: tokens(&capture.path, capture.mac, Some(EARLY)),
            profile: capture.folder.clone(),
            early_profile: format!("{}@{EARLY}", capture.folder),
        }
    }

    pub fn samples(&self) -> [Sample<'_>; 2] {
        [
            Sample { profile: &self.profile, tokens: &self.full },
            Sample { profile: &self.early_profile, tokens: &self.early },
        ]
    }
}
