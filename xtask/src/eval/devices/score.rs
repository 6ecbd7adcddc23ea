//! Figures over verdicts, as rows of Markdown tables.

use std::collections::BTreeMap;

use cordon_inventory::statistics::{Verdict, family};

/// A verdict given with that confidence may hardly ever be wrong.
const SURE: f64 = 0.9;
/// The precision at which coverage is asked.
const PRECISION: f64 = 0.99;

/// One capture, whose it is, and what was said.
pub struct Row {
    pub index: usize,
    pub label: String,
    pub verdict: Verdict,
}

impl Row {
    fn right(&self) -> bool {
        self.label == self.verdict.label
    }

    fn right_family(&self) -> bool {
        family(&self.label) == family(&self.verdict.label)
    }
}

pub fn head() {
    println!(
        "| asked | captures | right model | right family | accepted | wrong at ≥ 0.9 | said at ≥ 0.9 | coverage at 0.99 precision |"
    );
    println!("|---|---|---|---|---|---|---|---|");
}

pub fn line(name: &str, rows: &[Row]) {
    let share = |wanted: &dyn Fn(&Row) -> bool| share(rows, wanted);
    let wrong = rows.iter().filter(|row| !row.right() && row.verdict.confidence >= SURE).count();
    println!(
        "| {name} | {} | {:.4} | {:.4} | {:.3} | {wrong} ({:.2} %) | {:.3} | {:.3} |",
        rows.len(),
        share(&Row::right),
        share(&Row::right_family),
        share(&|row| row.verdict.accepted),
        100.0 * wrong as f64 / rows.len().max(1) as f64,
        share(&|row| row.verdict.confidence >= SURE),
        coverage(rows)
    );
}

fn share(rows: &[Row], wanted: &dyn Fn(&Row) -> bool) -> f64 {
    rows.iter().filter(|row| wanted(row)).count() as f64 / rows.len().max(1) as f64
}

/// The largest share of cases, surest first, among which 99 in 100 are right.
fn coverage(rows: &[Row]) -> f64 {
    let mut ranked: Vec<&Row> = rows.iter().collect();
    ranked.sort_by(|a, b| b.verdict.confidence.total_cmp(&a.verdict.confidence));
    let (mut right, mut best) = (0, 0);
    for (said, row) in (1..).zip(ranked) {
        right += usize::from(row.right());
        if right as f64 >= PRECISION * said as f64 {
            best = said;
        }
    }
    best as f64 / rows.len().max(1) as f64
}

/// Which label was taken for which, most frequent first.
pub fn confusions(rows: &[Row]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.right()) {
        *counts.entry((&row.label, &row.verdict.label)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let texts: Vec<String> = counts
        .iter()
        .map(|((label, said), count)| format!("{label} taken for {said} ({count})"))
        .collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

pub fn vote_head() {
    println!("| asked | captures | strings vote | and are right |");
    println!("|---|---|---|---|");
}

pub fn vote_line(name: &str, rows: &[Row]) {
    let votes: Vec<&Row> = rows.iter().filter(|row| row.verdict.voted).collect();
    let right = votes.iter().filter(|row| row.right()).count();
    println!("| {name} | {} | {} | {right} |", rows.len(), votes.len());
}

/// How known devices, strangers, and unknown siblings of known devices are told apart.
pub fn strangers(known: &[Row], strangers: &[Row], siblings: &[Row]) {
    println!(
        "| who | captures | rejected | rejected where 95 % of the known are accepted | a model named at ≥ 0.9 | a product named at all, by its model |"
    );
    println!("|---|---|---|---|---|---|");
    let mut fits: Vec<f64> = known.iter().map(|row| row.verdict.fit).collect();
    fits.sort_by(f64::total_cmp);
    let threshold = fits.get(fits.len() / 20).copied().unwrap_or(0.0);
    for (name, rows) in [
        ("known", known),
        ("of an unknown family", strangers),
        ("unknown, a sibling is known", siblings),
    ] {
        if rows.is_empty() {
            continue;
        }
        println!(
            "| {name} | {} | {:.3} | {:.3} | {} | {} |",
            rows.len(),
            share(rows, &|row| !row.verdict.accepted),
            share(rows, &|row| row.verdict.fit < threshold),
            rows.iter()
                .filter(|row| row.verdict.confidence >= SURE && !row.verdict.family_only)
                .count(),
            rows.iter().filter(|row| row.verdict.accepted && !row.verdict.family_only).count(),
        );
    }
}
