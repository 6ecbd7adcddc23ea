//! What the tests of every parser need.

use cordon_model::{Said, SecretKey};

use crate::Out;

/// Runs a parser and gives its result and the facts it said.
pub fn said<R>(parse: impl FnOnce(&mut Out<'_>) -> R) -> (R, Vec<Said>) {
    let key = SecretKey::new([7; 32]);
    let mut facts = Vec::new();
    let result = parse(&mut Out::new(&key, &mut facts));
    (result, facts)
}
