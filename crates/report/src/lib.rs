//! What a look found, for people and machines.
//!
//! [`Look`] is the whole result of one look; JSON is its plain serialisation, and every other
//! format is a view of it: [`terminal::render`], [`html::render`], [`markdown::render`].
//!
//! Text in a look comes from the network and may be hostile. The terminal neutralises it in one
//! place ([`plain`], which the commands and the console use too), HTML escapes it and runs no
//! script from it, Markdown escapes it.
//!
//! This crate must not know: packets, flows in progress, how anything was found out.

pub mod html;
pub mod look;
pub mod markdown;
pub mod plain;
pub mod terminal;
pub mod words;

mod map;
mod view;

pub use look::Look;
