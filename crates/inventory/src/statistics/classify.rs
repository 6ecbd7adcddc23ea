//! Scoring: which product a device resembles, how surely, and what told.

use super::labels;
use super::model::Model;
use super::token::TokenSet;

/// Labels that meet in duels.
const CANDIDATES: usize = 3;
/// Tokens of a duel at most.
const DUEL_TOKENS: usize = 24;
/// From that many standard deviations on a token counts in a duel.
const DUEL_SIGNIFICANCE: f64 = 2.0;
/// Below that fit a device is a stranger.
const FIT: f64 = 0.45;
/// The same where strings voted.
const FIT_OF_VOTED: f64 = 0.22;
/// How far around it confidence falls.
const FIT_WIDTH: f64 = 0.03;
/// What a vote adds to the margin.
const VOTE_BONUS: f64 = 3.5;
/// Below that margin over a sibling only the family is named.
const SIBLING_MARGIN: f64 = 2.2;
/// What is left of the confidence in a product that names itself, where the device does not.
const OF_SILENT: f64 = 0.5;
/// Tokens kept as reasons.
const MOST_REASONS: usize = 6;

/// Logarithm of the odds from which on a token is worth telling: twice as likely.
const CLEAR_ODDS: f64 = 0.7;

/// What a device resembles.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// The product it resembles most.
    pub label: String,
    /// 0 to 1: the share of such verdicts that turn out right.
    pub confidence: f64,
    /// The same for its family.
    pub family_confidence: f64,
    /// Whether it fits that product well enough; if not, the label is no more than a hint.
    pub accepted: bool,
    /// Whether strings in which the device names itself told.
    pub voted: bool,
    /// How clearly it won its closest duel, in logarithms of odds.
    pub margin: f64,
    /// How far its fit lies above the threshold.
    pub fit: f64,
    /// Whether only its family should be named: a sibling came too close, or the device does not
    /// say the name that this product says, so that it may be a sibling nobody knows.
    pub family_only: bool,
    /// Who came closest.
    pub rival: Option<String>,
    /// Hashes of the device's tokens that told, strongest first.
    pub told: Vec<u64>,
}

/// A device's tokens, as far as the model knows them.
struct Shown {
    /// Ascending places in the model.
    places: Vec<usize>,
    /// The same as a mask.
    mask: Vec<bool>,
    /// All tokens, those unknown to the model too.
    all: usize,
}

impl Model {
    /// What a device resembles.
    #[must_use]
    pub fn classify(&self, tokens: &TokenSet) -> Verdict {
        let shown = self.shown(tokens);
        let scores = self.scores(&shown);
        let vote = self.vote(&shown);
        let candidates = self.candidates(&scores, vote);
        let margins: Vec<f64> =
            candidates.iter().map(|profile| self.margin(*profile, &candidates, &shown)).collect();
        let mut best = 0;
        if vote.is_none() {
            for (index, margin) in margins.iter().enumerate() {
                if *margin > margins.get(best).copied().unwrap_or(f64::NEG_INFINITY) {
                    best = index;
                }
            }
        }
        let profile = candidates.get(best).copied().unwrap_or(0);
        let margin = margins.get(best).copied().unwrap_or(0.0);
        self.verdict(profile, margin, vote.is_some(), &candidates, &shown)
    }

    fn verdict(
        &self,
        profile: usize,
        margin: f64,
        voted: bool,
        candidates: &[usize],
        shown: &Shown,
    ) -> Verdict {
        let label = self.label_of(profile).to_owned();
        let mut rivals: Vec<(f64, usize)> = candidates
            .iter()
            .filter(|other| **other != profile)
            .map(|other| (self.duel(profile, *other, shown), *other))
            .collect();
        rivals.sort_by(|a, b| a.0.total_cmp(&b.0));
        let family = labels::family(&label);
        let outside =
            rivals.iter().find(|(_, other)| labels::family(self.label_of(*other)) != family);
        let threshold = if voted { FIT_OF_VOTED } else { FIT };
        let fit = self.fit(profile, shown) - threshold;
        let fits = logistic(fit / FIT_WIDTH);
        let sure = |margin: f64| if voted { margin.max(0.0) + VOTE_BONUS } else { margin };
        let family_margin =
            outside.map_or(sure(margin).max(VOTE_BONUS), |(margin, _)| sure(*margin));
        let siblings = !voted && labels::has_siblings(&label);
        let silent = siblings && self.derived.names_itself.get(profile) == Some(&true);
        let confidence = logistic(sure(margin)) * fits * if silent { OF_SILENT } else { 1.0 };
        Verdict {
            confidence,
            family_confidence: (logistic(family_margin) * fits).max(confidence),
            accepted: fit >= 0.0,
            voted,
            family_only: silent || siblings && margin < SIBLING_MARGIN,
            margin,
            fit,
            rival: rivals.first().map(|(_, other)| self.label_of(*other).to_owned()),
            told: match rivals.first() {
                _ if fit < 0.0 => Vec::new(),
                rival => self.told(profile, rival.map(|(_, other)| *other), voted, shown),
            },
            label,
        }
    }

    fn label_of(&self, profile: usize) -> &str {
        let label = self.profiles.get(profile).map(|profile| usize::from(profile.label));
        label.and_then(|label| self.labels.get(label)).map_or("", String::as_str)
    }

    fn shown(&self, tokens: &TokenSet) -> Shown {
        let mut places: Vec<usize> = tokens.hashes().filter_map(|hash| self.find(hash)).collect();
        places.sort_unstable();
        let mut mask = vec![false; self.lines.len()];
        for place in &places {
            if let Some(slot) = mask.get_mut(*place) {
                *slot = true;
            }
        }
        Shown { places, mask, all: tokens.len() }
    }

    /// Naive Bayes: each profile's score.
    fn scores(&self, shown: &Shown) -> Vec<f64> {
        let mut scores = self.derived.base.clone();
        for place in &shown.places {
            for (score, gain) in scores.iter_mut().zip(self.row(&self.derived.gains, *place)) {
                *score += gain;
            }
        }
        scores
    }

    fn row<'a, T>(&self, table: &'a [T], place: usize) -> &'a [T] {
        let width = self.profiles.len();
        table.get(place * width..(place + 1) * width).unwrap_or_default()
    }

    /// The label that strings name: alone, or three times as often as any other.
    fn vote(&self, shown: &Shown) -> Option<u16> {
        let mut votes = vec![0_u32; self.labels.len()];
        for place in &shown.places {
            if let Some(Some(label)) = self.derived.identity.get(*place)
                && let Some(count) = votes.get_mut(usize::from(*label))
            {
                *count += 1;
            }
        }
        let mut ranked: Vec<(u32, u16)> = votes
            .iter()
            .zip(0..)
            .filter(|(count, _)| **count > 0)
            .map(|(count, label)| (*count, label))
            .collect();
        ranked.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        match ranked.as_slice() {
            [(_, label)] => Some(*label),
            [(first, label), (second, _), ..] if *first >= 3 * second => Some(*label),
            _ => None,
        }
    }

    /// The best profile of each of the best labels; the voted label leads.
    fn candidates(&self, scores: &[f64], vote: Option<u16>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        let score = |profile: usize| scores.get(profile).copied().unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
        let label = |profile: usize| self.profiles.get(profile).map(|profile| profile.label);
        let mut best: Vec<usize> = Vec::new();
        for profile in &order {
            if best.len() == CANDIDATES {
                break;
            }
            if best.iter().all(|known| label(*known) != label(*profile)) {
                best.push(*profile);
            }
        }
        if let Some(voted) = vote
            && let Some(leader) =
                order.iter().copied().find(|profile| label(*profile) == Some(voted))
        {
            best.retain(|profile| *profile != leader);
            best.insert(0, leader);
        }
        best
    }

    fn margin(&self, profile: usize, candidates: &[usize], shown: &Shown) -> f64 {
        let others = candidates.iter().filter(|other| **other != profile);
        let margin =
            others.map(|other| self.duel(profile, *other, shown)).fold(f64::INFINITY, f64::min);
        // Without a second product there is nobody to lose to.
        if margin.is_finite() { margin } else { 0.0 }
    }

    /// Logarithm of the odds of one profile against another, by what tells those two apart.
    fn duel(&self, a: usize, b: usize, shown: &Shown) -> f64 {
        if a > b {
            return -self.duel(b, a, shown);
        }
        let tokens = self.duel_tokens(a, b);
        let odds: f64 = tokens
            .iter()
            .map(|token| {
                let present = shown.mask.get(token.place) == Some(&true);
                if present { token.present } else { token.absent }
            })
            .sum();
        odds / (tokens.len().max(1) as f64).sqrt()
    }

    /// The tokens that tell one profile from a later one, found once.
    fn duel_tokens(&self, a: usize, b: usize) -> &[DuelToken] {
        let place = self.duels.get(a * self.profiles.len() + b);
        place.map_or(&[], |found| found.get_or_init(|| self.find_duel_tokens(a, b)))
    }

    fn find_duel_tokens(&self, a: usize, b: usize) -> Vec<DuelToken> {
        let captures =
            |profile: usize| self.profiles.get(profile).map_or(1.0, |p| f64::from(p.captures));
        let (of_a, of_b) = (captures(a), captures(b));
        let share_a = |count: u16| (f64::from(count) + 0.5) / (of_a + 1.0);
        let share_b = |count: u16| (f64::from(count) + 0.5) / (of_b + 1.0);
        let width = self.profiles.len().max(1);
        let rows = self.derived.counts.chunks_exact(width);
        let pairs =
            rows.map(|row| (row.get(a).copied().unwrap_or(0), row.get(b).copied().unwrap_or(0)));
        // How significant a pair of counts is depends on nothing else.
        let side = of_b as usize + 1;
        let mut known: Vec<i64> = vec![-1; (of_a as usize + 1) * side];
        let mut significance = |count_a: u16, count_b: u16| -> i64 {
            let compute = || {
                let both = (f64::from(count_a) + f64::from(count_b) + 0.5) / (of_a + of_b + 1.0);
                let deviation = (both * (1.0 - both) * (1.0 / of_a + 1.0 / of_b)).sqrt();
                let z = (share_a(count_a) - share_b(count_b)).abs() / deviation;
                // Billionths, so that ties are ties on every machine.
                (z * 1e9).round_ties_even() as i64
            };
            match known.get_mut(usize::from(count_a) * side + usize::from(count_b)) {
                Some(slot) if *slot >= 0 => *slot,
                Some(slot) => {
                    *slot = compute();
                    *slot
                }
                None => compute(),
            }
        };
        let mut ranked: Vec<(std::cmp::Reverse<i64>, usize, u16, u16)> = pairs
            .enumerate()
            .map(|(place, (x, y))| (std::cmp::Reverse(significance(x, y)), place, x, y))
            .collect();
        if ranked.len() > DUEL_TOKENS {
            ranked.select_nth_unstable(DUEL_TOKENS - 1);
            ranked.truncate(DUEL_TOKENS);
        }
        ranked.sort_unstable();
        let best = ranked.first().map_or(0.0, |token| token.0.0 as f64 / 1e9);
        let floor = DUEL_SIGNIFICANCE.min(0.9 * best);
        ranked
            .into_iter()
            .filter(|token| token.0.0 as f64 / 1e9 >= floor)
            .map(|(_, place, x, y)| {
                let (x, y) = (share_a(x), share_b(y));
                DuelToken { place, present: (x / y).ln(), absent: ((1.0 - x) / (1.0 - y)).ln() }
            })
            .collect()
    }

    /// How much of what the device did belongs to the profile, and the other way round.
    fn fit(&self, profile: usize, shown: &Shown) -> f64 {
        let captures =
            self.profiles.get(profile).map_or(1.0, |profile| f64::from(profile.captures));
        let (mut covered, mut common, mut rarity) = (0.0, 0.0, 0.0);
        for place in &shown.places {
            let count = self.row(&self.derived.counts, *place).get(profile).copied().unwrap_or(0);
            let share = f64::from(count) / captures;
            let rare = self.derived.rarity.get(*place).copied().unwrap_or(0.0);
            covered += share;
            common += rare * share;
            rarity += rare;
        }
        let expected = self.derived.rarity_shown.get(profile).copied().unwrap_or(0.0);
        let covered = covered / shown.all.max(1) as f64;
        let overlap = common / (rarity + expected - common).max(1e-9);
        (covered * overlap).sqrt()
    }

    /// The tokens that told: the strings that voted, else what won the closest duel, then what is
    /// rare and typical.
    fn told(&self, profile: usize, rival: Option<usize>, voted: bool, shown: &Shown) -> Vec<u64> {
        let mut told: Vec<usize> = Vec::new();
        let label = self.profiles.get(profile).map(|profile| profile.label);
        if voted {
            let names =
                |place: &&usize| self.derived.identity.get(**place).copied().flatten() == label;
            told.extend(shown.places.iter().filter(names));
        } else if let Some(rival) = rival {
            let tokens = self.duel_tokens(profile.min(rival), profile.max(rival));
            let sign = if profile < rival { 1.0 } else { -1.0 };
            let mut won: Vec<(f64, usize)> = tokens
                .iter()
                .map(|token| (sign * token.present, token.place))
                .filter(|(odds, place)| *odds > CLEAR_ODDS && shown.mask.get(*place) == Some(&true))
                .collect();
            won.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            told.extend(won.iter().take(MOST_REASONS / 2).map(|(_, place)| *place));
        }
        let mut typical: Vec<(f64, usize)> = shown
            .places
            .iter()
            .map(|place| {
                let row = self.row(&self.derived.counts, *place);
                let captures = self.profiles.get(profile).map_or(1.0, |p| f64::from(p.captures));
                let share = f64::from(row.get(profile).copied().unwrap_or(0)) / captures;
                (share * self.derived.rarity.get(*place).copied().unwrap_or(0.0), *place)
            })
            .collect();
        typical.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        told.extend(typical.iter().map(|(_, place)| *place).take(4 * MOST_REASONS));
        let mut hashes: Vec<u64> = Vec::new();
        for hash in told.into_iter().filter_map(|place| self.lines.get(place)).map(|line| line.hash)
        {
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        }
        hashes
    }
}

/// A token of a duel: what it adds to the odds where it is there, and where it is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct DuelToken {
    place: usize,
    present: f64,
    absent: f64,
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x.clamp(-40.0, 40.0)).exp())
}
