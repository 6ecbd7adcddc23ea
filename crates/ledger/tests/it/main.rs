//! The ledger under attack, and its proofs against a second opinion.

#![cfg(test)]

mod attacks;
mod bytes;
mod export;
mod log;
mod proofs;
