//! The compiled rule set against the reference on many packets:
//! `cargo run --release -p cordon-enforce --example differential -- 10000000`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement, not the product"
)]

#[path = "../tests/it/differential.rs"]
mod differential;
#[path = "../tests/it/world.rs"]
mod world;

use differential::Tally;

fn main() {
    let packets = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
    /// Packets of one made-up site.
    const OF_ONE: u64 = 10_000;
    let mut tally = Tally::default();
    for seed in 1..=u64::div_ceil(packets, OF_ONE) {
        differential::compare(seed, OF_ONE, &mut tally);
    }
    println!("{} packets, no disagreement: {tally:?}", packets.div_ceil(OF_ONE) * OF_ONE);
}
