//! The model: per token, in how many captures of each product it occurred; everything else is
//! derived from these counts when the model is read.
//!
//! The file is text. Lines of `name value` come first, then `profiles` (`profile=label:captures`),
//! then one line per token: its hash, its group, and `profile:captures` for each profile that
//! showed it. A `!` behind the group marks a string in which devices name themselves.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::classify::DuelToken;

/// What the first line says; another number is another layout.
const FORMAT: &str = "cordon-devices 1";
/// Raised whenever the text of any token changes: a model trained on other texts is useless.
pub(super) const TOKEN_FORMAT: &str = "tokens 1";
/// Profiles of a model at most: their pairs have a table.
const MOST_PROFILES: usize = 512;
/// Tokens of a model at most.
const MOST_TOKENS: usize = 100_000;

/// A model file cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelError {
    line: usize,
    what: &'static str,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ModelError { line, what } = self;
        write!(f, "line {line} of the device model: {what}; make it again with `cargo xtask train`")
    }
}

impl std::error::Error for ModelError {}

/// The model that ships, read once.
///
/// # Errors
/// Where the file of this build is damaged or made for other tokens.
pub fn committed() -> Result<&'static Model, ModelError> {
    static MODEL: OnceLock<Result<Model, ModelError>> = OnceLock::new();
    let model = MODEL.get_or_init(|| Model::parse(include_str!("../../model/devices.model")));
    model.as_ref().map_err(Clone::clone)
}

/// How one product behaves, or how it does in its first half minute.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Profile {
    /// Such as `Aria` or `Aria@30`.
    pub name: String,
    /// Index into [`Model::labels`].
    pub label: u16,
    /// Captures it was trained on.
    pub captures: u16,
}

/// One token's line.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    pub hash: u64,
    pub group: String,
    /// A device names itself with it.
    pub names_itself: bool,
    /// Profile and captures, ascending by profile.
    pub counts: Vec<(u16, u16)>,
}

/// What is known of products.
#[derive(Debug)]
pub struct Model {
    pub(super) labels: Vec<String>,
    pub(super) profiles: Vec<Profile>,
    pub(super) lines: Vec<Line>,
    /// `name value` lines of the header: how the model was made.
    pub(super) made: Vec<String>,
    pub(super) derived: Derived,
    /// For each pair of profiles the tokens that tell them apart, found when they meet first.
    pub(super) duels: Vec<OnceLock<Vec<DuelToken>>>,
}

/// What follows from the counts.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// Captures of each token and profile, all profiles of a token together.
    pub counts: Vec<u16>,
    /// What a token's presence adds to each profile's score, in the same order.
    pub gains: Vec<f64>,
    /// Score of each profile for a device that shows nothing.
    pub base: Vec<f64>,
    /// The label that alone names itself with the token.
    pub identity: Vec<Option<u16>>,
    /// Whether a profile names itself in half of its captures.
    pub names_itself: Vec<bool>,
    /// How rare a token is among profiles.
    pub rarity: Vec<f64>,
    /// Sum of rarity over what a profile shows.
    pub rarity_shown: Vec<f64>,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// Where a line is none of a model, or the file was made for other tokens.
    pub fn parse(text: &str) -> Result<Model, ModelError> {
        let wrong = |line: usize, what: &'static str| ModelError { line: line + 1, what };
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(FORMAT) {
            return Err(wrong(0, "is no model of this format"));
        }
        if lines.next().map(|(_, line)| line) != Some(TOKEN_FORMAT) {
            return Err(wrong(1, "was trained on other tokens"));
        }
        let mut made = Vec::new();
        let (mut labels, mut profiles) = (Vec::new(), Vec::new());
        for (number, line) in lines.by_ref() {
            if let Some(list) = line.strip_prefix("profiles ") {
                (labels, profiles) =
                    read_profiles(list).ok_or_else(|| wrong(number, "names no profiles"))?;
                break;
            }
            made.push(line.to_owned());
        }
        let mut tokens: Vec<Line> = Vec::new();
        for (number, line) in lines {
            let token =
                read_token(line, profiles.len()).ok_or_else(|| wrong(number, "is no token"))?;
            if tokens.last().is_some_and(|last| last.hash >= token.hash) {
                return Err(wrong(number, "is out of order"));
            }
            if tokens.len() >= MOST_TOKENS {
                return Err(wrong(number, "is one token too many"));
            }
            tokens.push(token);
        }
        Ok(Model::new(labels, profiles, tokens, made))
    }

    pub(super) fn new(
        labels: Vec<String>,
        profiles: Vec<Profile>,
        lines: Vec<Line>,
        made: Vec<String>,
    ) -> Model {
        let derived = Derived::of(&labels, &profiles, &lines);
        let duels =
            std::iter::repeat_with(OnceLock::new).take(profiles.len() * profiles.len()).collect();
        Model { labels, profiles, lines, made, derived, duels }
    }

    /// The names it can give.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many tokens it knows.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.lines.len()
    }

    /// Where a token lies.
    pub(super) fn find(&self, hash: u64) -> Option<usize> {
        self.lines.binary_search_by_key(&hash, |line| line.hash).ok()
    }
}

impl fmt::Display for Model {
    /// The model file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORMAT}\n{TOKEN_FORMAT}")?;
        for line in &self.made {
            writeln!(f, "{line}")?;
        }
        f.write_str("profiles")?;
        for profile in &self.profiles {
            let label = self.labels.get(usize::from(profile.label)).map_or("", String::as_str);
            write!(f, " {}={label}:{}", profile.name, profile.captures)?;
        }
        writeln!(f)?;
        for line in &self.lines {
            let mark = if line.names_itself { "!" } else { "" };
            write!(f, "{:016x} {}{mark}", line.hash, line.group)?;
            for (profile, captures) in &line.counts {
                write!(f, " {profile}:{captures}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn read_profiles(list: &str) -> Option<(Vec<String>, Vec<Profile>)> {
    let (mut labels, mut profiles) = (Vec::<String>::new(), Vec::new());
    for entry in list.split(' ') {
        let (name, rest) = entry.split_once('=')?;
        let (label, captures) = rest.split_once(':')?;
        if name.is_empty() || label.is_empty() || label.contains('=') {
            return None;
        }
        let known = labels.iter().position(|known| known == label);
        let label = known.unwrap_or_else(|| {
            labels.push(label.to_owned());
            labels.len() - 1
        });
        let captures = captures.parse().ok().filter(|count| *count > 0)?;
        profiles.push(Profile { name: name.to_owned(), label: label as u16, captures });
    }
    (profiles.len() <= MOST_PROFILES).then_some((labels, profiles))
}

fn read_token(line: &str, profiles: usize) -> Option<Line> {
    let mut words = line.split(' ');
    let hash = words.next().filter(|word| word.len() == 16)?;
    let hash = u64::from_str_radix(hash, 16).ok()?;
    let group = words.next()?;
    let (group, names_itself) = match group.strip_suffix('!') {
        Some(group) => (group, true),
        None => (group, false),
    };
    let mut counts: Vec<(u16, u16)> = Vec::new();
    for word in words {
        let (profile, captures) = word.split_once(':')?;
        let profile: u16 = profile.parse().ok()?;
        let ascends = counts.last().is_none_or(|(last, _)| *last < profile);
        if usize::from(profile) >= profiles || !ascends {
            return None;
        }
        counts.push((profile, captures.parse().ok()?));
    }
    Some(Line { hash, group: group.to_owned(), names_itself, counts })
}

impl Derived {
    fn of(labels: &[String], profiles: &[Profile], lines: &[Line]) -> Derived {
        let width = profiles.len();
        let captures: Vec<f64> =
            profiles.iter().map(|profile| f64::from(profile.captures)).collect();
        let all: f64 = captures.iter().sum();
        let weights = weights(lines, all);
        let mut derived = Derived {
            counts: Vec::with_capacity(lines.len() * width),
            gains: Vec::with_capacity(lines.len() * width),
            base: vec![0.0; width],
            rarity_shown: vec![0.0; width],
            names_itself: vec![false; width],
            ..Derived::default()
        };
        debug_assert!(labels.len() <= width, "every label has a profile");
        let mut row: Vec<u16> = Vec::with_capacity(width);
        // Most counts are zero, and few profiles differ in how many captures they have.
        let mut sizes: Vec<f64> = captures.clone();
        sizes.sort_by(f64::total_cmp);
        sizes.dedup();
        let size_of: Vec<usize> =
            captures.iter().map(|n| sizes.iter().position(|size| size == n).unwrap_or(0)).collect();
        let mut none: Vec<(f64, f64)> = Vec::new();
        for line in lines {
            row.clear();
            row.resize(width, 0);
            for (profile, count) in &line.counts {
                if let Some(slot) = row.get_mut(usize::from(*profile)) {
                    *slot = *count;
                }
            }
            let sum: f64 = line.counts.iter().map(|(_, count)| f64::from(*count)).sum();
            let usual = ((sum + 0.5) / (all + 1.0)).clamp(0.02, 0.5);
            let weight = weights.get(line.group.as_str()).copied().unwrap_or(1.0);
            none.clear();
            none.extend(sizes.iter().map(|size| logs(0.0, *size, usual)));
            let profiles_here = row.iter().zip(&captures).zip(&size_of);
            for (((count, captures), size), base) in profiles_here.zip(&mut derived.base) {
                let (present, absent) = match none.get(*size) {
                    Some(known) if *count == 0 => *known,
                    _ => logs(f64::from(*count), *captures, usual),
                };
                *base += 0.5 * absent * weight;
                derived.gains.push(present * weight - 0.5 * absent * weight);
            }
            let share = |&(profile, count): &(u16, u16)| {
                let of = captures.get(usize::from(profile)).copied().unwrap_or(1.0);
                (usize::from(profile), f64::from(count) / of)
            };
            let common = line.counts.iter().filter(|entry| share(entry).1 > 0.1).count();
            let rarity = (width as f64 / (common as f64 + 0.5)).ln().max(0.0);
            for (profile, share) in line.counts.iter().map(share) {
                if let Some(sum) = derived.rarity_shown.get_mut(profile) {
                    *sum += rarity * share;
                }
            }
            derived.rarity.push(rarity);
            let identity = identity(line, profiles);
            if identity.is_some() {
                for (profile, _) in line.counts.iter().map(share).filter(|(_, share)| *share >= 0.5)
                {
                    if let Some(slot) = derived.names_itself.get_mut(profile) {
                        *slot = true;
                    }
                }
            }
            derived.identity.push(identity);
            derived.counts.extend_from_slice(&row);
        }
        derived
    }
}

/// Logarithms of how likely a profile shows a token, and that it does not.
fn logs(count: f64, captures: f64, usual: f64) -> (f64, f64) {
    let share = ((count + 0.5 * usual) / (captures + 0.5)).clamp(0.001, 0.999);
    (share.ln(), (1.0 - share).ln())
}

/// Weight of each group, so that none outvotes the others by sheer number.
fn weights(lines: &[Line], all: f64) -> HashMap<&str, f64> {
    let mut sums: HashMap<&str, f64> = HashMap::new();
    for line in lines {
        let sum: f64 = line.counts.iter().map(|(_, count)| f64::from(*count)).sum();
        *sums.entry(line.group.as_str()).or_default() += sum;
    }
    sums.values_mut().for_each(|sum| *sum = 1.0 / (*sum / all).max(1.0).sqrt());
    sums
}

/// The only label that names itself so, if it did in three captures and half of one profile's.
fn identity(line: &Line, profiles: &[Profile]) -> Option<u16> {
    if !line.names_itself {
        return None;
    }
    let mut shown = line
        .counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .filter_map(|(profile, count)| Some((profiles.get(usize::from(*profile))?, *count)));
    let (first, count) = shown.next()?;
    let often = |profile: &Profile, count: u16| count >= 3 && count * 2 >= profile.captures;
    let mut enough = often(first, count);
    for (profile, count) in shown {
        if profile.label != first.label {
            return None;
        }
        enough |= often(profile, count);
    }
    enough.then_some(first.label)
}
