//! nftables, told by `nft -j`.
//!
//! Our table has one of two names. A whole rule set is prepared under the name that is free, in
//! pieces and without a hook, where it does nothing; one transaction then gives it its hooks and
//! deletes the other. So `nft` never holds more than a piece in memory, and what packets meet
//! changes at one moment. Tables of others are never touched.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::{Change, Driver, DriverError, Held, TABLE, sort_chains};
use crate::layout::SetName;
use crate::nft_json;
use crate::others::{Other, others};
use crate::process::{self, Failed, Said};
use crate::ruleset::{Element, Elements, Ruleset};

/// The two names.
const NAMES: [&str; 2] = ["cordon_a", "cordon_b"];

/// Most elements in one piece: about 12 MB of memory in `nft`.
pub(crate) const PIECE: usize = 5_000;

/// How long `nft` may take for one piece, or for a listing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all our chains and sets begin with.
const PREFIX: &str = "cd_";

/// nftables of the network namespace in which this process is.
#[derive(Default, Debug)]
pub struct Nft {
    /// The table that had the hooks when we last looked; a guess that saves the question.
    active: Mutex<Option<&'static str>>,
}

impl Driver for Nft {
    fn name(&self) -> &'static str {
        "nftables"
    }

    fn read(&self, at: Timestamp) -> Result<Option<Held>, DriverError> {
        /// How often another process may load anew between our two questions.
        const TRIES: u32 = 5;
        let mut tries = 0;
        loop {
            let Some(active) = self.tables()?.active else { return Ok(None) };
            tries += 1;
            match nft(&["-n", "-j", "list", "table", nft_json::FAMILY, active], Vec::new()) {
                Ok(said) => return parse(&said.out, active, at).map(Some),
                Err(DriverError::Refused(_)) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn others(&self) -> Result<Vec<Other>, DriverError> {
        let said = nft(&["-n", "-j", "-t", "list", "ruleset"], Vec::new())?;
        others(&said.out, &NAMES)
    }

    fn apply(&self, change: &Change, at: Timestamp) -> Result<(), DriverError> {
        match change {
            Change::Load(ruleset) => self.load(ruleset, at),
            Change::Amend { remove, add } => {
                let guess = *self.guess();
                if guess.is_some_and(|active| amend(active, remove, add, at).is_ok()) {
                    return Ok(());
                }
                // The guess was wrong, or the change is: the second answer is to be believed.
                let active = self.tables()?.active.ok_or(DriverError::Unloaded)?;
                amend(active, remove, add, at)
            }
            Change::Unload => {
                *self.guess() = None;
                let commands: Vec<_> = self.tables()?.present.into_iter().map(delete).collect();
                transaction(&commands)
            }
        }
    }
}

/// Which of our tables there are.
struct Tables {
    present: Vec<&'static str>,
    active: Option<&'static str>,
}

impl Nft {
    /// Whether nftables can be used here: the program is there and the kernel answers it.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn check(&self) -> Result<(), DriverError> {
        nft(&["-j", "list", "chains"], Vec::new()).map(drop)
    }

    fn load(&self, ruleset: &Ruleset, at: Timestamp) -> Result<(), DriverError> {
        let tables = self.tables()?;
        let [first, second] = NAMES;
        let new = if tables.active == Some(first) { second } else { first };
        let small = ruleset.len() <= PIECE;
        let mut commands = Vec::new();
        if tables.present.contains(&new) {
            // Left behind by a crash between two pieces.
            commands.push(delete(new));
        }
        commands.push(json!({ "add": nft_json::table(new) }));
        commands.extend(SetName::all().map(|set| json!({ "add": nft_json::set(new, set) })));
        let (hooked, plain): (Vec<_>, Vec<_>) =
            ruleset.chains.iter().partition(|chain| chain.hook.is_some());
        // All chains before the first rule, which may jump to any.
        let chain = |chain| json!({ "add": nft_json::chain(new, chain) });
        commands.extend(plain.iter().copied().map(chain));
        let rules = |chain: &&crate::ruleset::Chain| {
            let group = ruleset.options.log_group;
            let rule = |rule| json!({ "add": nft_json::rule(new, chain.name, rule, group) });
            chain.rules.iter().map(rule).collect::<Vec<_>>()
        };
        commands.extend(plain.iter().flat_map(rules));
        if !small {
            transaction(&commands)?;
            commands.clear();
            for (set, elements) in &ruleset.elements {
                for piece in elements.chunks(PIECE) {
                    let piece: Vec<_> = piece.iter().filter(|element| element.holds(at)).collect();
                    if piece.is_empty() {
                        continue;
                    }
                    let add = json!({ "add": nft_json::elements(new, *set, &piece, at) });
                    transaction(&[add]).inspect_err(|_| discard(new))?;
                }
            }
        } else {
            push(&mut commands, "add", new, &ruleset.elements, at);
        }
        commands.extend(tables.active.map(delete));
        commands.extend(hooked.iter().copied().map(chain));
        commands.extend(hooked.iter().flat_map(rules));
        transaction(&commands).inspect_err(|_| {
            if !small {
                discard(new)
            }
        })?;
        *self.guess() = Some(new);
        Ok(())
    }

    /// Which tables of ours there are. Asked by chains and sets, because `nft` 1.0 reads every
    /// element of every table before it names a table.
    fn tables(&self) -> Result<Tables, DriverError> {
        let mut tables = Tables { present: Vec::new(), active: None };
        let mut strange = Vec::new();
        for (kind, question) in [("chain", "chains"), ("set", "sets"), ("map", "maps")] {
            let said = nft(&["-j", "-t", "list", question], Vec::new())?;
            let json: Json = serde_json::from_slice(&said.out).map_err(unreadable)?;
            for object in json.get("nftables").and_then(Json::as_array).into_iter().flatten() {
                let Some(what) = object.get(kind) else { continue };
                let text = |key: &str| what.get(key).and_then(Json::as_str);
                let table = NAMES.into_iter().find(|name| text("table") == Some(name));
                let Some(table) = table.filter(|_| text("family") == Some(nft_json::FAMILY)) else {
                    continue;
                };
                if !text("name").is_some_and(|name| name.starts_with(PREFIX)) {
                    strange.push(table);
                    continue;
                }
                if !tables.present.contains(&table) {
                    tables.present.push(table);
                }
                if what.get("hook").is_some() {
                    tables.active = Some(table);
                }
            }
        }
        // A strange thing among ours is drift; a table of nothing but those is another's.
        if let Some(table) = strange.iter().find(|table| !tables.present.contains(table)) {
            return Err(DriverError::NotOurs((*table).into()));
        }
        *self.guess() = tables.active;
        Ok(tables)
    }

    fn guess(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn amend(table: &str, remove: &Elements, add: &Elements, at: Timestamp) -> Result<(), DriverError> {
    let mut commands = Vec::new();
    push(&mut commands, "add", table, &ending(remove), at);
    push(&mut commands, "delete", table, remove, at);
    push(&mut commands, "add", table, add, at);
    transaction(&commands)
}

/// Those that may have ended by themselves just now. They are added before they are deleted,
/// because the kernel refuses to delete what is not there.
fn ending(remove: &Elements) -> Elements {
    let of_set = |elements: &Vec<Element>| {
        elements.iter().filter(|element| element.until.is_some()).cloned().collect()
    };
    remove.iter().map(|(set, elements)| (*set, of_set(elements))).collect()
}

fn push(commands: &mut Vec<Json>, verb: &str, table: &str, elements: &Elements, at: Timestamp) {
    for (set, elements) in elements {
        // To add something that is over would be to add it for a second.
        let wanted = |element: &&Element| verb != "add" || element.holds(at);
        let elements: Vec<_> = elements.iter().filter(wanted).collect();
        if !elements.is_empty() {
            let what = nft_json::elements(table, *set, &elements, at);
            commands.push(json!({ verb: what }));
        }
    }
}

fn delete(table: &str) -> Json {
    json!({ "delete": nft_json::table(table) })
}

/// Takes back what was prepared; if that fails too, it has no hook and the next load removes it.
fn discard(table: &str) {
    let _ = transaction(&[delete(table)]);
}

fn transaction(commands: &[Json]) -> Result<(), DriverError> {
    if commands.is_empty() {
        return Ok(());
    }
    #[derive(serde::Serialize)]
    struct Input<'a> {
        nftables: &'a [Json],
    }
    let input = serde_json::to_vec(&Input { nftables: commands }).map_err(unreadable)?;
    nft(&["-j", "-f", "-"], input).map(drop)
}

fn nft(arguments: &[&str], input: Vec<u8>) -> Result<Said, DriverError> {
    const NFT: &str = "nft";
    match process::run(NFT, arguments, input, PATIENCE) {
        Ok(said) if said.good => Ok(said),
        Ok(said) => Err(DriverError::Refused(process::first_error(&said.err))),
        Err(Failed::Missing) => Err(DriverError::Missing(NFT)),
        Err(Failed::Slow) => Err(DriverError::Slow { program: NFT, seconds: PATIENCE.as_secs() }),
        Err(Failed::Other(why)) => Err(DriverError::Refused(why)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn unreadable(error: serde_json::Error) -> DriverError {
    DriverError::Unreadable(error.to_string())
}

/// A listing, its elements one by one.
#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    nftables: Vec<BTreeMap<&'a str, &'a RawValue>>,
}

#[derive(Deserialize)]
struct SetListing<'a> {
    name: String,
    #[serde(borrow, default)]
    elem: Vec<&'a RawValue>,
}

fn parse(listing: &[u8], table: &str, at: Timestamp) -> Result<Held, DriverError> {
    /// Most strange things that are named; one is enough to look closer.
    const MAX_STRANGE: usize = 100;
    let listing: Listing<'_> = serde_json::from_slice(listing).map_err(unreadable)?;
    let mut held = Held::default();
    let strange = |held: &mut Held, what: &str| {
        if held.strange.len() < MAX_STRANGE {
            held.strange.push(what.chars().take(200).collect());
        }
    };
    for object in listing.nftables {
        for (kind, raw) in object {
            match kind {
                "set" | "map" => {
                    let set: SetListing<'_> =
                        serde_json::from_str(raw.get()).map_err(unreadable)?;
                    let Some(name) = SetName::parse(&set.name) else {
                        if !set.name.starts_with("cd_m_") {
                            strange(&mut held, &set.name);
                        }
                        continue;
                    };
                    let mut elements = Vec::with_capacity(set.elem.len());
                    for raw in set.elem {
                        let json: Json = serde_json::from_str(raw.get()).map_err(unreadable)?;
                        match nft_json::read_element(name, &json, at) {
                            Some(element) => elements.push(element),
                            None => strange(&mut held, raw.get()),
                        }
                    }
                    elements.sort_unstable();
                    if !elements.is_empty() {
                        held.elements.insert(name, elements);
                    }
                }
                "chain" | "rule" => {
                    let mut json: Json = serde_json::from_str(raw.get()).map_err(unreadable)?;
                    if let Some(object) = json.as_object_mut() {
                        object.remove("handle");
                        if object.get("table").and_then(Json::as_str) == Some(table) {
                            object.insert("table".into(), TABLE.into());
                        }
                    }
                    held.rules.push(super::in_order(&json!({ kind: json })));
                }
                // A table that sleeps holds everything and does nothing.
                "table" if raw.get().contains("\"flags\"") => strange(&mut held, raw.get()),
                _ => {}
            }
        }
    }
    sort_chains(&mut held.rules);
    Ok(held)
}
