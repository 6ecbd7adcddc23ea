//! What others have in nftables that changes what our rules mean: nobody can conclude from ours
//! alone that a packet does not get through if another rule sends it around them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::driver::DriverError;

/// Most words of others that are told; one is enough to look closer.
const MAX_OTHERS: usize = 200;

/// What a rule of another may do to what ours say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It may stop what ours let through.
    Refuses,
    /// It changes addresses before ours look, or after; ours see those that were forwarded to.
    Translates,
    /// Packets of conversations that began go a shorter way: neither the switch nor a cut ends them.
    Offloads,
    /// Packets go a way that does not pass ours, or are changed after ours have looked.
    Bypasses,
}

/// Something of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Other {
    /// What it does.
    pub effect: Effect,
    /// Family and name of the table, and chain.
    pub place: String,
    /// The statement.
    pub what: String,
}

/// What is in a listing of everything (`nft -n -t -j list ruleset`) that is not ours.
///
/// # Errors
///
/// Where it is no such listing.
pub fn others(listing: &[u8], ours: &[&str]) -> Result<Vec<Other>, DriverError> {
    let unreadable = |error: serde_json::Error| DriverError::Unreadable(error.to_string());
    let listing: Json = serde_json::from_slice(listing).map_err(unreadable)?;
    let objects = listing.get("nftables").and_then(Json::as_array);
    let objects = objects.ok_or_else(|| DriverError::Unreadable("no list of rules".into()))?;
    let mut found = BTreeSet::new();
    for (kind, what) in objects.iter().filter_map(Json::as_object).flatten() {
        let text = |key| what.get(key).and_then(Json::as_str).unwrap_or_default();
        let table = text("table");
        if (text("family") == "inet" && ours.contains(&table)) || found.len() >= MAX_OTHERS {
            continue;
        }
        let chain = if kind == "rule" { text("chain") } else { text("name") };
        let place = format!("{} {table} {chain}", text("family"));
        let mut add = |effect, what: &str| {
            found.insert(Other { effect, place: place.clone(), what: what.to_owned() });
        };
        match kind.as_str() {
            "flowtable" => add(Effect::Offloads, "flowtable"),
            "chain" if text("policy") == "drop" => add(Effect::Refuses, "policy drop"),
            "rule" => {
                let expressions = what.get("expr").and_then(Json::as_array);
                for word in expressions.into_iter().flatten().filter_map(Json::as_object) {
                    for (word, value) in word {
                        if let Some(effect) = effect(word, value) {
                            add(effect, word);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found.into_iter().collect())
}

/// What a statement may do; none for those that only look, count, log or jump.
fn effect(word: &str, value: &Json) -> Option<Effect> {
    match word {
        "drop" | "reject" | "synproxy" => Some(Effect::Refuses),
        "dnat" | "snat" | "masquerade" | "redirect" => Some(Effect::Translates),
        "flow" => Some(Effect::Offloads),
        // Without tracking an answer is no answer: fewer packets pass, not more.
        "notrack" => Some(Effect::Refuses),
        "vmap" => value.to_string().contains("drop").then_some(Effect::Refuses),
        "match" | "counter" | "log" | "limit" | "quota" | "meter" | "set" | "map" | "accept"
        | "continue" | "return" | "jump" | "goto" | "comment" | "ct count" | "ct timeout" => None,
        // Marks are for routing, and ours look at what is routed.
        "mangle"
            if value.get("key").is_some_and(|key| key.get("meta").or(key.get("ct")).is_some()) =>
        {
            None
        }
        // A helper lets conversations begin that no contract names; the rest sends packets another
        // way, changes them, or is not known to us.
        _ => Some(Effect::Bypasses),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_do_is_told_and_ours_is_left_out() {
        let listing = br#"{"nftables":[{"metainfo":{}},
            {"table":{"family":"inet","name":"fw"}},
            {"flowtable":{"family":"inet","table":"fw","name":"f"}},
            {"chain":{"family":"inet","table":"fw","name":"c","policy":"drop","hook":"forward"}},
            {"chain":{"family":"inet","table":"cordon_a","name":"cd_x","policy":"drop"}},
            {"rule":{"family":"inet","table":"fw","chain":"c","expr":[{"match":{}},{"accept":null}]}},
            {"rule":{"family":"netdev","table":"n","chain":"i","expr":[{"fwd":{"dev":"lo"}}]}},
            {"rule":{"family":"ip","table":"nat","chain":"p","expr":[{"dnat":{"addr":"10.0.0.1"}}]}}]}"#;
        let others = others(listing, &["cordon_a", "cordon_b"]).unwrap();
        let effects: Vec<_> = others.iter().map(|other| other.effect).collect();
        use Effect::{Bypasses, Offloads, Refuses, Translates};
        assert_eq!(effects, [Refuses, Translates, Offloads, Bypasses]);
        assert_eq!(others[3].place, "netdev n i");
    }

    #[test]
    fn what_is_no_listing_is_an_error() {
        assert!(others(b"{}", &[]).is_err());
        assert!(others(b"nonsense", &[]).is_err());
    }
}
