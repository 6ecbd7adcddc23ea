//! Names that belong together.

use std::collections::BTreeMap;

use cordon_model::Text;

/// Names below one parent from which on the parent is meant.
const SIBLINGS: usize = 3;

/// Parents below which anybody may rent a name: what is allowed there stays by name.
const SHARED: &[&str] = &[
    "amazonaws.com",
    "cloudfront.net",
    "azure.com",
    "azurewebsites.net",
    "azureedge.net",
    "windows.net",
    "cloudapp.net",
    "googleusercontent.com",
    "appspot.com",
    "herokuapp.com",
    "akamaiedge.net",
    "akamai.net",
    "fastly.net",
    "cloudflare.net",
    "workers.dev",
    "github.io",
    "netlify.app",
    "duckdns.org",
    "no-ip.org",
    "ddns.net",
    "dyndns.org",
];

/// Second-level labels under which countries let names be registered.
const SECOND_LEVEL: &[&str] = &["co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go"];

/// The names, or their parents where enough of them share one that nobody else can rent.
pub(crate) fn collapse(mut names: Vec<Text>) -> Vec<Text> {
    names.sort_unstable();
    names.dedup();
    let mut children: BTreeMap<&str, usize> = BTreeMap::new();
    for parent in names.iter().filter_map(|name| parent(name)) {
        *children.entry(parent).or_default() += 1;
    }
    let wide: Vec<&str> = children
        .iter()
        .filter(|(_, count)| **count >= SIBLINGS)
        .map(|(parent, _)| *parent)
        .collect();
    let pattern = |name: &Text| match parent(name).filter(|parent| wide.contains(parent)) {
        Some(parent) => Text::from(format!("*.{parent}")),
        None => name.clone(),
    };
    let mut collapsed: Vec<Text> = names.iter().map(pattern).collect();
    collapsed.sort_unstable();
    collapsed.dedup();
    collapsed
}

/// What is above the first label, if it belongs to somebody and only to him.
fn parent(name: &str) -> Option<&str> {
    let (_, parent) = name.split_once('.')?;
    let labels: Vec<&str> = parent.split('.').collect();
    let registered = match labels.as_slice() {
        [] | [_] => false,
        [second, top] => !(top.len() == 2 && SECOND_LEVEL.contains(second)),
        _ => true,
    };
    let shared = SHARED.iter().any(|shared| {
        parent.strip_suffix(shared).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    (registered && !shared && !parent.ends_with(".arpa")).then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collapsed(names: &[&str]) -> Vec<Text> {
        collapse(names.iter().map(|name| Text::from(*name)).collect())
    }

    #[test]
    fn three_names_of_one_maker_mean_the_maker() {
        let names =
            ["a.iot.example.com", "b.iot.example.com", "c.iot.example.com", "time.example.org"];
        assert_eq!(collapsed(&names), ["*.iot.example.com", "time.example.org"]);
    }

    #[test]
    fn rented_names_and_whole_countries_never_collapse() {
        let rented = ["a.s3.amazonaws.com", "b.s3.amazonaws.com", "c.s3.amazonaws.com"];
        assert_eq!(collapsed(&rented), rented);
        let country = ["a.co.uk", "b.co.uk", "c.co.uk"];
        assert_eq!(collapsed(&country), country);
        let top = ["a.com", "b.com", "c.com"];
        assert_eq!(collapsed(&top), top);
    }
}
