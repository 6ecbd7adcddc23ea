//! Which devices are named rightly: statistics alone, which never look at an address block, and
//! the whole product.
//!
//! Whose captures they are is said by [`crate::captures::labelled`]. Every model is trained and
//! asked through the code that ships. Labels that are one device (what hangs on a hub) count as
//! one.

mod product;
mod score;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use cordon_inventory::statistics::{
    Model, Sample, TokenSet, Verdict, committed, family, label_of, train,
};

use crate::captures::{Capture, labelled};
use crate::train::Shown;
use product::Answers;
use score::Row;

const FOLDS: usize = 10;

/// Prints the tables.
pub fn run(test: Option<&Path>, list: bool) -> Result<()> {
    let captures = labelled(test)?;
    let told = captures.iter().filter(|capture| capture.named).count();
    let shown: Vec<Shown> = captures.iter().map(Shown::of).collect();
    if list {
        return print_list(&captures, &shown);
    }
    let cases = Cases { captures: &captures, shown: &shown };
    println!(
        "{} captures; the device's address is given of {told} and told from conduct of {}\n",
        captures.len(),
        captures.len() - told
    );
    if test.is_some() { scored(&cases) } else { in_folds(&cases) }
}

/// Everything there is to learn from and to be asked about.
struct Cases<'a> {
    captures: &'a [Capture],
    shown: &'a [Shown],
}

impl Cases<'_> {
    fn all(&self) -> Vec<usize> {
        (0..self.captures.len()).collect()
    }

    fn label(&self, index: usize) -> &str {
        self.captures.get(index).map_or("", |capture| label_of(&capture.folder))
    }

    fn of_operator(&self, operator: &str, wanted: bool) -> Vec<usize> {
        let is = |index: &usize| {
            self.captures
                .get(*index)
                .is_some_and(|capture| (capture.operator.as_deref() == Some(operator)) == wanted)
        };
        self.all().into_iter().filter(is).collect()
    }

    /// A model of these captures.
    fn train(&self, indices: &[usize]) -> Model {
        let samples: Vec<Sample<'_>> = indices
            .iter()
            .filter_map(|index| self.shown.get(*index))
            .flat_map(Shown::samples)
            .collect();
        train(&samples, &[])
    }

    /// What a model says of these captures.
    fn ask(&self, model: &Model, indices: &[usize], tokens: fn(&Shown) -> &TokenSet) -> Vec<Row> {
        indices
            .iter()
            .filter_map(|index| {
                let verdict = model.classify(tokens(self.shown.get(*index)?));
                Some(Row { index: *index, label: self.label(*index).to_owned(), verdict })
            })
            .collect()
    }

    /// Leaves out one group after the other and asks about it.
    fn leave_out(&self, group: impl Fn(&str) -> String) -> Vec<Row> {
        let groups: BTreeSet<String> =
            self.all().into_iter().map(|index| group(self.label(index))).collect();
        let mut rows = Vec::new();
        for left in groups {
            let (out, rest): (Vec<usize>, Vec<usize>) =
                self.all().into_iter().partition(|index| group(self.label(*index)) == left);
            rows.extend(self.ask(&self.train(&rest), &out, |shown| &shown.full));
        }
        rows
    }

    /// Which fold each capture is in, with the captures of a folder spread evenly.
    fn folds(&self, seed: u64) -> Vec<usize> {
        let mut folds = vec![0; self.captures.len()];
        let folders: BTreeSet<&str> =
            self.captures.iter().map(|capture| capture.folder.as_str()).collect();
        let mut next = 0;
        for folder in folders {
            let mut members: Vec<usize> = self
                .all()
                .into_iter()
                .filter(|index| self.captures.get(*index).is_some_and(|c| c.folder == folder))
                .collect();
            members.sort_by_key(|index| shuffled(seed, *index));
            for member in members {
                if let Some(fold) = folds.get_mut(member) {
                    *fold = next % FOLDS;
                }
                next += 1;
            }
        }
        folds
    }

    fn cross_validated(&self, seed: u64, tokens: fn(&Shown) -> &TokenSet) -> Vec<Row> {
        let folds = self.folds(seed);
        let mut rows = Vec::new();
        for fold in 0..FOLDS {
            let (out, rest): (Vec<usize>, Vec<usize>) =
                self.all().into_iter().partition(|index| folds.get(*index) == Some(&fold));
            if !out.is_empty() {
                rows.extend(self.ask(&self.train(&rest), &out, tokens));
            }
        }
        rows
    }
}

/// SplitMix64: an order that a seed decides.
fn shuffled(seed: u64, index: usize) -> u64 {
    let mut z = (seed + 1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add((index as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The corpus: models of a part, asked about the rest.
fn in_folds(cases: &Cases<'_>) -> Result<()> {
    println!("### Statistics alone, without address blocks\n");
    score::head();
    let mut first = Vec::new();
    for seed in 0..3 {
        let rows = cases.cross_validated(seed, |shown| &shown.full);
        score::line(&format!("{FOLDS}-fold, seed {seed}"), &rows);
        if seed == 0 {
            first = rows;
        }
    }
    score::line(
        &format!("{FOLDS}-fold, first 30 s of each only"),
        &cases.cross_validated(0, |shown| &shown.early),
    );
    let (c, others) = (cases.of_operator("C", true), cases.of_operator("C", false));
    let mut operator = Vec::new();
    if !c.is_empty() && !others.is_empty() {
        let model = cases.train(&c);
        operator = cases.ask(&model, &others, |shown| &shown.full);
        score::line("operator C, asked about A and B", &operator);
        score::line("the same, first 30 s only", &cases.ask(&model, &others, |shown| &shown.early));
    }
    println!("\nWrong, in the first row: {}", score::confusions(&first));
    println!("\n### Strings that vote\n");
    score::vote_head();
    score::vote_line(&format!("{FOLDS}-fold, seed 0"), &first);
    score::vote_line("operator C, asked about A and B", &operator);
    let strangers = cases.leave_out(|label| family(label).to_owned());
    let siblings = cases.leave_out(str::to_owned);
    score::vote_line("unknown family (every vote is wrong)", &strangers);
    println!("\n### Strangers\n");
    score::strangers(&first, &strangers, &siblings);
    println!("\n### The whole product\n");
    product::head();
    let answers = Answers::of(cases.captures, &first);
    product::lines(&format!("{FOLDS}-fold, seed 0"), &answers);
    if !operator.is_empty() {
        product::lines("operator C, asked about A and B", &Answers::of(cases.captures, &operator));
    }
    product::wrongs(&answers);
    Ok(())
}

/// Any other folder, asked of the committed model.
fn scored(cases: &Cases<'_>) -> Result<()> {
    let model = committed()?;
    let rows = cases.ask(model, &cases.all(), |shown| &shown.full);
    let (known, unknown): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| model.labels().contains(&row.label));
    println!("### Statistics alone, without address blocks\n");
    score::head();
    score::line("known labels", &known);
    println!("\nWrong: {}", score::confusions(&known));
    println!("\n### Strings that vote\n");
    score::vote_head();
    score::vote_line("known labels", &known);
    score::vote_line("unknown labels (every vote is wrong)", &unknown);
    println!("\n### Strangers\n");
    score::strangers(&known, &unknown, &[]);
    println!("\n### The whole product\n");
    product::head();
    let answers = Answers::of(cases.captures, &known);
    product::lines("known labels", &answers);
    product::wrongs(&answers);
    Ok(())
}

/// Token sets and verdicts of the committed model, to compare with another implementation.
fn print_list(captures: &[Capture], shown: &[Shown]) -> Result<()> {
    let model = committed()?;
    println!("file\ttokens\txor_fnv\tname\tconfidence\taccepted\tvote");
    for (capture, shown) in captures.iter().zip(shown) {
        let tokens = &shown.full;
        let Verdict { label, confidence, accepted, voted, .. } = model.classify(tokens);
        println!(
            "{}\t{}\t{:016x}\t{label}\t{confidence:.4}\t{}\t{}",
            capture.name,
            tokens.len(),
            tokens.hashes().fold(0, |all, hash| all ^ hash),
            u8::from(accepted),
            u8::from(voted)
        );
    }
    Ok(())
}
