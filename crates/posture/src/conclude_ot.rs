//! Findings about acts over plant protocols: one per controller and kind of act, naming the actors.

use std::collections::BTreeMap;

use cordon_model::FindingKind;

use crate::conclude::{Drafts, Owner, Site};
use crate::ledger::{About, Shown, Sighting};
use crate::ot::{Act, ActKey, Acts, kind, severity, title};

/// How many actors a finding names.
const MOST_ACTORS: usize = 4;

/// What makes one finding: its kind, whose it is, and its title.
type Group = (FindingKind, Owner, &'static str);

/// Adds the findings.
pub(crate) fn add(drafts: &mut Drafts, site: &Site<'_>, acts: Acts) {
    let mut by_target: BTreeMap<Group, Vec<(ActKey, Act)>> = BTreeMap::new();
    for (key, act) in acts.into_sorted() {
        let Some(kind) = kind(key.verb) else { continue };
        let elsewhere = key.target.is_group() || site.outside(&key.target);
        let owner = site.who(if elsewhere { &key.actor } else { &key.target });
        by_target.entry((kind, owner, title(key.verb))).or_default().push((key, act));
    }
    for ((kind, owner, title), acts) in by_target {
        let why = format!("{} {}", kind.why(), actors(site, &acts));
        let about = About::kind(kind).title(title).why(why);
        conclude(drafts, site, kind, owner, &about, &acts);
    }
}

fn conclude(
    drafts: &mut Drafts,
    site: &Site<'_>,
    kind: FindingKind,
    owner: Owner,
    about: &About,
    acts: &[(ActKey, Act)],
) {
    for (key, act) in acts {
        let actor = site.kind(&site.who(&key.actor));
        let severity = severity(key, act, actor, site.outside(&key.actor));
        let seen = if act.requests.count > 0 { &act.requests } else { &act.answers };
        let mut shown = Shown {
            evidence: seen.evidence.clone(),
            count: act.count(),
            times: Some((act.first, act.last)),
        };
        // A refusal or an answer beside the request tells how it ended.
        if let (true, Some(answer)) = (act.requests.count > 0, act.answers.evidence.first()) {
            shown.evidence.truncate(crate::ledger::MOST_EVIDENCE - 1);
            shown.evidence.insert(shown.evidence.len().min(1), answer.clone());
        }
        drafts.add(
            kind,
            owner.clone(),
            Sighting { about: about.clone().severity(severity), shown },
        );
    }
}

/// Who did it, how often, and how it ended.
fn actors(site: &Site<'_>, acts: &[(ActKey, Act)]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (key, act) in acts {
        let owner = site.who(&key.actor);
        let label = site.label(&owner);
        let address = key.actor.address();
        let name = if label.contains(&address) { label } else { format!("{label} ({address})") };
        let role = if site.outside(&key.actor) { ", from outside" } else { "" };
        lines.push(format!(
            "{name}{role} {} it over {}, {}",
            key.verb.says(),
            key.app.title(),
            act.tally()
        ));
    }
    let more = lines.len().saturating_sub(MOST_ACTORS);
    lines.truncate(MOST_ACTORS);
    let mut text = lines.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text.push('.');
    text
}
