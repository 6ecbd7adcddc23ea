//! The map: who talks to whom, as a picture that stays readable, and as a table.
//!
//! [`graph`] decides what is drawn as one, [`layout`] where it lies, [`draw`] writes SVG.

pub(crate) mod draw;
mod glyph;
pub(crate) mod graph;
pub(crate) mod layout;
