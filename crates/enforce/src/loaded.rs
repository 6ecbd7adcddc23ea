//! What is held, as rules again: for whoever asks what it does, and not only whether it differs.
//!
//! The chains that we write are few and fixed, so a rule is read by looking it up among those that
//! we could have written. Whatever is not among them is kept as it stands: nobody may conclude
//! anything from a rule that he cannot read.

use std::collections::HashMap;

use cordon_contract::Carrier;
use serde_json::Value as Json;

use crate::compile::{Lifeline, Options};
use crate::driver::{Held, in_order, rule_lines};
use crate::layout::ChainName;
use crate::nft_json;
use crate::ruleset::{Elements, Hook, Rule, Ruleset};
use crate::skeleton;

/// A chain that is held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadedChain {
    /// Its name.
    pub name: ChainName,
    /// Where the kernel calls it.
    pub hook: Option<Hook>,
    /// Its rules, in order; in error as text those that are not of our making.
    pub rules: Vec<Result<Rule, String>>,
}

/// What is held, as rules again.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Loaded {
    /// The chains.
    pub chains: Vec<LoadedChain>,
    /// The elements, sorted by key.
    pub elements: Elements,
    /// What is there and cannot be read: elements, sets, chains, a table that sleeps.
    pub strange: Vec<String>,
    /// Every chain and rule as one line, as in [`Held::rules`].
    pub lines: Vec<String>,
}

impl From<&Ruleset> for Loaded {
    fn from(ruleset: &Ruleset) -> Self {
        let chains = ruleset.chains.iter().map(|chain| LoadedChain {
            name: chain.name,
            hook: chain.hook,
            rules: chain.rules.iter().cloned().map(Ok).collect(),
        });
        Loaded {
            chains: chains.collect(),
            elements: ruleset.elements.clone(),
            strange: Vec::new(),
            lines: rule_lines(ruleset),
        }
    }
}

impl From<&Held> for Loaded {
    fn from(held: &Held) -> Self {
        let known = known(group(&held.rules));
        let mut loaded = Loaded {
            elements: held.elements.clone(),
            strange: held.strange.clone(),
            lines: held.rules.clone(),
            ..Loaded::default()
        };
        let lines: Vec<Json> =
            held.rules.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        for chain in lines.iter().filter_map(|line| line.get("chain")) {
            match read_chain(chain) {
                Some(chain) => loaded.chains.push(chain),
                None => loaded.strange.push(format!("the chain {chain}")),
            }
        }
        for rule in lines.iter().filter_map(|line| line.get("rule")) {
            let chain = rule.get("chain").and_then(Json::as_str).and_then(ChainName::parse);
            // Rules of chains that are not ours are nothing unless one of ours jumps there, and
            // such a rule is not ours either.
            let Some(chain) = loaded.chains.iter_mut().find(|held| Some(held.name) == chain) else {
                continue;
            };
            let text = rule.get("expr").map(in_order).unwrap_or_default();
            chain.rules.push(known.get(&text).cloned().ok_or(text));
        }
        for chain in &mut loaded.chains {
            // What falls through a chain is refused only where somebody changed it.
            let refuses = lines.iter().filter_map(|line| line.get("chain")).any(|line| {
                line.get("name").and_then(Json::as_str) == Some(chain.name.name())
                    && line.get("policy").is_some_and(|policy| policy != "accept")
            });
            if refuses {
                chain.rules.push(Err("policy drop".into()));
            }
        }
        loaded
    }
}

fn read_chain(json: &Json) -> Option<LoadedChain> {
    let text = |key| json.get(key).and_then(Json::as_str);
    let hook = match text("hook") {
        None => None,
        Some("forward") => Some(Hook::Forward),
        Some("input") => Some(Hook::Input),
        Some("output") => Some(Hook::Output),
        Some(_) => return None,
    };
    Some(LoadedChain { name: ChainName::parse(text("name")?)?, hook, rules: Vec::new() })
}

/// Every rule that we could have written, by its expressions.
fn known(log_group: u16) -> HashMap<String, Rule> {
    let lifelines = vec![
        Lifeline::Link("any".into()),
        Lifeline::Here(Carrier::Tcp, 1),
        Lifeline::At(std::net::Ipv4Addr::LOCALHOST.into(), Carrier::Tcp, 1),
    ];
    let options = Options { lifelines, host: true, log_group };
    let chains = skeleton::chains(&options);
    let all = chains.iter().flat_map(|chain| &chain.rules).map(|rule| {
        let json = nft_json::rule("any", ChainName::Forward, rule, log_group);
        let text = json.get("rule").and_then(|rule| rule.get("expr")).map(in_order);
        (text.unwrap_or_default(), rule.clone())
    });
    all.collect()
}

/// The group that the first rule logs to.
fn group(lines: &[String]) -> u16 {
    lines
        .iter()
        .filter(|line| line.contains("\"group\""))
        .find_map(|line| {
            let json: Json = serde_json::from_str(line).ok()?;
            let expressions = json.get("rule")?.get("expr")?.as_array()?;
            let log = expressions.iter().find_map(|expression| expression.get("log"))?;
            u16::try_from(log.get("group")?.as_u64()?).ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{Change, Driver as _, Memory};
    use cordon_contract::{Bindings, Policy};
    use cordon_model::Timestamp;

    fn ruleset() -> Ruleset {
        let options =
            Options { lifelines: vec![Lifeline::Link("mgmt0".into())], host: true, log_group: 77 };
        let policy = Policy::default();
        let compiler = crate::Compiler::new(&policy).unwrap();
        compiler.ruleset(&Bindings::default(), &options, Timestamp::from_secs(0)).unwrap()
    }

    fn held() -> Held {
        let memory = Memory::default();
        memory.apply(&Change::Load(ruleset()), Timestamp::from_secs(0)).unwrap();
        memory.read(Timestamp::from_secs(0)).unwrap().unwrap()
    }

    #[test]
    fn what_was_loaded_reads_back_as_the_rules_that_it_was() {
        let mut loaded = Loaded::from(&held());
        let mut meant = Loaded::from(&ruleset());
        loaded.chains.sort_by_key(|chain| chain.name.name());
        meant.chains.sort_by_key(|chain| chain.name.name());
        assert_eq!(loaded, meant);
    }

    #[test]
    fn a_rule_that_is_not_ours_is_kept_as_it_stands() {
        let mut held = held();
        let place = held.rules.iter().position(|line| line.contains("cd_spoof")).unwrap();
        let foreign = r#"{"rule":{"chain":"cd_spoof","expr":[{"accept":null},{"x":1}],"family":"inet","table":"cordon"}}"#;
        held.rules.insert(place, foreign.into());
        let loaded = Loaded::from(&held);
        let spoof = loaded.chains.iter().find(|chain| chain.name == ChainName::Spoof).unwrap();
        assert_eq!(spoof.rules.iter().filter(|rule| rule.is_err()).count(), 1);
    }
}
