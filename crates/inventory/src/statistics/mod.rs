//! Statistics: what the shape of a device's traffic resembles, where strings are silent.
//!
//! A [`Tracker`] turns the packets of each device into a set of tokens: short texts for what it
//! was seen to do, such as `X:u:udp>53:61` (sent a DNS question of 61 bytes). A [`Model`] holds in
//! how many set-up captures of each known product each token occurred. Three counted steps name a
//! device, none of which looks at its address:
//!
//! 1. *Vote*: a string in which devices name themselves and that only one product ever used.
//! 2. *Naive Bayes* over all tokens ranks the products.
//! 3. *Duel*: between the best three only the tokens count that tell exactly those two apart.
//!
//! A *fit*, how much of what the device did belongs to the product and the other way round,
//! rejects strangers. Every verdict can be told in words, because the device's own tokens can.

mod classify;
mod counters;
mod device;
mod explain;
mod flow;
mod frame;
mod kind;
mod labels;
mod model;
mod names;
mod normal;
mod says;
#[cfg(test)]
mod tests;
mod token;
mod tracker;
mod train;

use cordon_model::{DeviceType, Mac, Reason, Text};

pub use classify::Verdict;
pub use labels::{Product, family, label_of, product};
pub use model::{Model, ModelError, committed};
pub use token::{TokenSet, fnv};
pub use tracker::{Limits, Tracker};
pub use train::{Sample, train};

/// What a device's traffic resembles.
#[derive(Clone, PartialEq, Debug)]
pub struct Guess {
    /// Product whose traffic it resembles; none where it may be a sibling of a known product.
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

impl Statistics for Tracker {
    /// By the committed model, which is read when it is needed first.
    fn classify(&self, mac: Mac) -> Option<Guess> {
        if !self.has_sent(mac) {
            return None;
        }
        let tokens = self.tokens(mac)?;
        let verdict = committed().ok()?.classify(&tokens);
        guess(&verdict, &tokens)
    }
}

/// What to say of a verdict: nothing of a stranger, no model where a sibling may be meant.
#[must_use]
pub fn guess(verdict: &Verdict, tokens: &TokenSet) -> Option<Guess> {
    if !verdict.accepted {
        return None;
    }
    let product = product(&verdict.label)?;
    let says = Text::from(explain::because(verdict, tokens));
    let reasons = vec![Reason { says, source: "statistics".into(), packet: None }];
    let sibling = verdict.family_only;
    Some(Guess {
        model: (!sibling).then(|| product.model.into()),
        vendor: Some(product.vendor.into()),
        kind: if sibling { labels::family_kind(product) } else { Some(product.kind) },
        confidence: if sibling { verdict.family_confidence } else { verdict.confidence } as f32,
        reasons,
    })
}
