//! The hook for statistics: what the shape of a device's traffic resembles, where strings are
//! silent.

use cordon_model::{DeviceType, Mac, Reason, Text};

/// What a device's traffic resembles.
#[derive(Clone, PartialEq, Debug)]
pub struct Guess {
    /// Product whose traffic it resembles; a family name where its members look alike.
    pub model: Option<Text>,
    /// Maker.
    pub vendor: Option<Text>,
    /// What it is for.
    pub kind: Option<DeviceType>,
    /// 0 to 1.
    pub confidence: f32,
    /// What it has in common, in plain words.
    pub reasons: Vec<Reason>,
}

/// A model of how devices behave, fed beside the inventory.
pub trait Statistics {
    /// What the device with this link-layer address resembles; none where it is a stranger or
    /// too little was seen of it.
    fn classify(&self, mac: Mac) -> Option<Guess>;
}

/// Has seen nothing and guesses nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStatistics;

impl Statistics for NoStatistics {
    fn classify(&self, _: Mac) -> Option<Guess> {
        None
    }
}
