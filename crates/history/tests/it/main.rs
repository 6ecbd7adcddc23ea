//! The history on disk: the suite of every backend, arbitrary questions, crashes and damage.

mod conformance;
mod crash;
mod damage;
mod questions;
