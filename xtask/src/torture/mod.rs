//! `cargo xtask torture`: kills the service at random moments under load and looks at what is left.
//!
//! Each round starts it on what the last one left behind, checks that it opens, that its ledger
//! verifies, also against a checkpoint that was saved before the kill, and that everything it had
//! answered to is there; then it is loaded by several writers and killed. One round in five kills it
//! while it opens.

mod check;
mod writers;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, anyhow};

use crate::service::{Service, captures, program, scratch};
use check::Promised;
use writers::Writer;

/// Writers at a time; each has devices and findings of its own.
const WRITERS: usize = 4;
/// Longest time under load before the kill.
const LOAD: Duration = Duration::from_millis(1500);
/// Longest time that an opening service is let be before it is killed.
const OPENING: Duration = Duration::from_millis(300);
/// Rounds on one data folder; its ledger is read three times a round.
const ROUNDS_PER_FOLDER: u32 = 40;

/// Kills the service so many times.
pub fn run(rounds: u32, seed: Option<u64>, built: Option<PathBuf>) -> Result<()> {
    let seed = seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |since| since.as_secs())
    });
    println!(
        "torture: {rounds} rounds, seed {seed} (--seed {seed} repeats the moments of the kills)"
    );
    let folder = scratch(&format!("torture/{seed}"))?;
    let program = built.map_or_else(program, Ok)?;
    let captures = captures(&program, &folder)?;
    let begun = Instant::now();
    let mut dice = Dice(seed);
    let mut tally = Tally::default();
    let mut done = 0;
    while done < rounds {
        let data = folder.join(format!("data-{}", done / ROUNDS_PER_FOLDER));
        let here = ROUNDS_PER_FOLDER.min(rounds - done);
        let place = Place { program: &program, captures: &captures, data: &data };
        one_folder(&place, here, done, &mut dice, &mut tally)
            .with_context(|| format!("seed {seed}; the data is left in {}", data.display()))?;
        done += here;
        std::fs::remove_dir_all(&data)?;
        println!("{done} kills, {} s: {}", begun.elapsed().as_secs(), tally.told());
    }
    std::fs::remove_dir_all(&folder)?;
    println!("torture: passed: {rounds} kills, {}", tally.told());
    Ok(())
}

struct Place<'a> {
    program: &'a Path,
    captures: &'a Path,
    data: &'a Path,
}

impl Place<'_> {
    fn start(&self) -> Result<Service> {
        let settings = [
            "--listen",
            "127.0.0.1:0",
            "--set",
            "history.flush_every=1s",
            "--set",
            "history.min_free=64MiB",
            "--set",
            "retention.flows=forever",
        ];
        Service::start(self.program, self.data, self.captures, &settings)
    }
}

fn one_folder(
    place: &Place<'_>,
    rounds: u32,
    before: u32,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<()> {
    let mut service = place.start()?;
    service.opens()?;
    let mut writers = writers::share_out(&service.socket(), WRITERS)?;
    let mut promised = Promised::default();
    for round in 0..rounds {
        let number = before + round + 1;
        let acknowledged;
        (writers, acknowledged) =
            load_and_kill(service, writers, &mut promised, number, dice.up_to(LOAD))
                .with_context(|| format!("round {number}"))?;
        if dice.next().is_multiple_of(5) {
            let opening = place.start()?;
            std::thread::sleep(dice.up_to(OPENING));
            opening.kill()?;
            tally.opening += 1;
        }
        service = place.start()?;
        tally.opened.push(service.opens().with_context(|| format!("round {number}"))?);
        let socket = service.socket();
        check::all(&socket, &mut promised)
            .and_then(|()| writers.iter_mut().try_for_each(|writer| writer.check(&socket)))
            .with_context(|| {
                let state = service.state();
                format!("round {number}: after {acknowledged} acknowledged writes; {state}")
            })?;
        tally.acknowledged += acknowledged;
        (tally.records, tally.flows) = promised.so_far();
    }
    Ok(())
}

/// Has the writers write until they are cut off; how many of their writes were acknowledged.
fn load_and_kill(
    service: Service,
    writers: Vec<Writer>,
    promised: &mut Promised,
    round: u32,
    time: Duration,
) -> Result<(Vec<Writer>, u64)> {
    let watching = check::watch(service.socket());
    let start = |writer: Writer| {
        let socket = service.socket();
        std::thread::spawn(move || writer.write(&socket, round))
    };
    let writing: Vec<_> = writers.into_iter().map(start).collect();
    std::thread::sleep(time);
    service.kill()?;
    let ended = |_| anyhow!("a thread of the load panicked");
    promised.keep(watching.join().map_err(ended)?);
    let mut writers = Vec::new();
    let mut acknowledged = 0;
    for thread in writing {
        let mut writer = thread.join().map_err(ended)??;
        let answered = writer.take_answered();
        acknowledged += answered.len() as u64;
        promised.expect(answered);
        writers.push(writer);
    }
    Ok((writers, acknowledged))
}

#[derive(Default)]
struct Tally {
    acknowledged: u64,
    opening: u32,
    opened: Vec<Duration>,
    records: u64,
    flows: u64,
}

impl Tally {
    fn told(&self) -> String {
        let mut opened: Vec<u128> = self.opened.iter().map(Duration::as_millis).collect();
        opened.sort_unstable();
        let at = |part: usize| opened.get(opened.len() * part / 100).copied().unwrap_or_default();
        format!(
            "{} writes acknowledged and there, {} more kills while opening, ledger {} records and flows {} in this \
             folder, opens in {} ms (median; {} ms at 99 %, {} ms at most)",
            self.acknowledged,
            self.opening,
            self.records,
            self.flows,
            at(50),
            at(99),
            opened.last().copied().unwrap_or_default()
        )
    }
}

/// Numbers that a seed repeats (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(self.next() % micros)
    }
}
