//! Names that belong together.

use std::collections::BTreeMap;

use cordon_model::Text;

/// Names below one parent from which on the parent is meant.
const SIBLINGS: usize = 2;

/// Where nobody rents names, and who asks for one gets another address each time.
const POOLS: &[&str] = &["pool.ntp.org"];

/// What makers put before and behind their names in the names of their services.
const AROUND: &[&str] = &["my", "cloud", "iot", "smart", "home", "connect", "api"];

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

/// The names of a device: those of its maker as the maker's, the rest as [`collapse`] has them.
pub(crate) fn of_device(names: Vec<Text>, maker: Option<&str>) -> Vec<Text> {
    let whole = |name: Text| match maker.and_then(|maker| of_maker(&name, maker)) {
        Some(pattern) => pattern,
        None => match POOLS.iter().find(|pool| name.ends_with(**pool)) {
            Some(pool) if name.len() > pool.len() => Text::from(format!("*.{pool}")),
            _ => name,
        },
    };
    collapse(names.into_iter().map(whole).collect())
}

/// Everything below the maker's own domain, for a name that is there: `*.dlink.com` for
/// `api.dch.dlink.com` of a device by D-Link.
fn of_maker(name: &str, maker: &str) -> Option<Text> {
    /// Shorter ones are part of too many words.
    const LEAST: usize = 4;
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let first = maker.split_whitespace().next().map(plain)?;
    if first.len() < LEAST || name.starts_with("*.") {
        return None;
    }
    let domain = registered(name)?;
    let mut label = plain(domain.split('.').next()?);
    for word in AROUND {
        if label.len() > first.len() {
            label = label.strip_prefix(word).map_or(label.clone(), str::to_owned);
        }
        if label.len() > first.len() {
            label = label.strip_suffix(word).map_or(label.clone(), str::to_owned);
        }
    }
    (label == first && name.len() > domain.len()).then(|| Text::from(format!("*.{domain}")))
}

/// Who put a name there: what of it was registered, if nobody else can rent a name below it.
pub(crate) fn owner(name: &str) -> Option<&str> {
    registered(name).filter(|domain| !is_shared(domain) && !is_shared(name))
}

/// What of a name was registered: `dlink.com`, `example.co.uk`.
fn registered(name: &str) -> Option<&str> {
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    let top = name.get(dots.next()? + 1..)?;
    let second = dots.next();
    let label = name.get(second.map_or(0, |at| at + 1)..)?.split('.').next()?;
    if top.len() == 2 && SECOND_LEVEL.contains(&label) {
        let start = match (second, dots.next()) {
            (None, _) => return None,
            (Some(_), third) => third.map_or(0, |at| at + 1),
        };
        return name.get(start..);
    }
    name.get(second.map_or(0, |at| at + 1)..)
}

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
    (registered && !is_shared(parent) && !parent.ends_with(".arpa")).then_some(parent)
}

/// Whether anybody may rent a name there.
fn is_shared(name: &str) -> bool {
    SHARED.iter().any(|shared| {
        name.strip_suffix(shared).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collapsed(names: &[&str]) -> Vec<Text> {
        collapse(names.iter().map(|name| Text::from(*name)).collect())
    }

    #[test]
    fn names_below_one_parent_mean_the_parent() {
        let names =
            ["a.iot.example.com", "b.iot.example.com", "c.iot.example.com", "time.example.org"];
        assert_eq!(collapsed(&names), ["*.iot.example.com", "time.example.org"]);
    }

    #[test]
    fn what_a_maker_calls_its_own_is_the_makers() {
        let of = |name: &str, maker: &str| of_device(vec![name.into()], Some(maker));
        assert_eq!(of("api.dch.dlink.com", "D-Link"), ["*.dlink.com"]);
        assert_eq!(of("www.myedimax.com", "Edimax Technology"), ["*.myedimax.com"]);
        assert_eq!(of("devs.tplinkcloud.com", "TP-Link"), ["*.tplinkcloud.com"]);
        assert_eq!(of("a.acme.co.uk", "Acme"), ["*.acme.co.uk"]);
        assert_eq!(of("dlink.com", "D-Link"), ["dlink.com"], "the name itself is not below it");
        assert_eq!(of("dlink.evil.example", "D-Link"), ["dlink.evil.example"]);
        assert_eq!(of("notdlink.com", "D-Link"), ["notdlink.com"]);
        assert_eq!(of("api.sony.com", "LG"), ["api.sony.com"]);
    }

    #[test]
    fn a_pool_of_time_servers_is_one() {
        let names = vec!["0.pool.ntp.org".into(), "2.de.pool.ntp.org".into()];
        assert_eq!(of_device(names, None), ["*.pool.ntp.org"]);
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
