//! Each kind of finding is made from its evidence, and not from its healthy twin; the order of
//! facts does not matter; what is to be done first is right.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod crypto;
mod first_five;
mod kinds;
mod order;
mod plant;
mod scene;
mod services;
mod traffic;
mod words;
