//! Which addresses DNS names mean, for each device by the answers that it received itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use cordon_model::{Scope, Timestamp, scope};
use foldhash::fast::RandomState;

use super::{MemberNo, NameNo, Policy};

/// Most addresses of one name for one device; the ones that end first go first.
const MAX_ADDRESSES: usize = 64;
/// The least time for which an answer binds. Devices go on using an address when its lifetime is
/// over: many ask once after they start, and names at content networks live for 20 seconds.
const LEAST: Duration = Duration::from_secs(3600);
/// The longest: an answer of a year is a mistake, and whoever got the address by then is another.
const MOST: Duration = Duration::from_secs(7 * 24 * 3600);

/// For how long an answer with this lifetime binds a name to an address.
#[must_use]
pub fn lifetime(ttl: Duration) -> Duration {
    ttl.clamp(LEAST, MOST)
}

/// Which addresses DNS names mean.
///
/// A name means to a device what *that device* was told, for as long as it was told; what we would
/// be told ourselves is another matter (names at content networks answer everybody differently).
#[derive(Clone, Default, Debug)]
pub struct Bindings {
    held: HashMap<(MemberNo, NameNo), Vec<(IpAddr, Timestamp)>, RandomState>,
}

impl Bindings {
    /// Takes in an answer that a member received, and returns the names of the policy that it
    /// binds. None to an address of the site itself, or to one that is not on the Internet: a name
    /// on the Internet that leads to the router is an attack on it (DNS rebinding), and what is
    /// here is allowed as what it is.
    pub fn learn(
        &mut self,
        policy: &Policy,
        member: MemberNo,
        name: &str,
        ip: IpAddr,
        until: Timestamp,
    ) -> Vec<NameNo> {
        let mut bound = Vec::new();
        if !is_elsewhere(policy, ip) {
            return bound;
        }
        for (no, pattern) in (0..).map(NameNo).zip(&policy.names) {
            if !matches(pattern, name) || !policy.may_mean(no, ip) {
                continue;
            }
            let addresses = self.held.entry((member, no)).or_default();
            match addresses.iter_mut().find(|(held, _)| *held == ip) {
                Some((_, held)) => *held = (*held).max(until),
                None => {
                    if addresses.len() >= MAX_ADDRESSES {
                        let first =
                            addresses.iter().enumerate().min_by_key(|(_, (_, until))| *until);
                        if let Some(place) = first.map(|(place, _)| place) {
                            addresses.swap_remove(place);
                        }
                    }
                    addresses.push((ip, until));
                }
            }
            bound.push(no);
        }
        bound
    }

    /// Whether a name means an address to a member at a time.
    #[must_use]
    pub fn means(&self, member: MemberNo, name: NameNo, ip: IpAddr, at: Timestamp) -> bool {
        let addresses = self.held.get(&(member, name));
        addresses.is_some_and(|held| held.iter().any(|(held, until)| *held == ip && at < *until))
    }

    /// Everything that is bound at a time.
    pub fn all(
        &self,
        at: Timestamp,
    ) -> impl Iterator<Item = (MemberNo, NameNo, IpAddr, Timestamp)> {
        self.held.iter().flat_map(move |((member, name), addresses)| {
            let live = addresses.iter().filter(move |(_, until)| at < *until);
            live.map(|(ip, until)| (*member, *name, *ip, *until))
        })
    }

    /// Forgets what is over.
    pub fn expire(&mut self, at: Timestamp) {
        self.held.retain(|_, addresses| {
            addresses.retain(|(_, until)| at < *until);
            !addresses.is_empty()
        });
    }
}

/// Whether an address is on the Internet and none of the site's own.
fn is_elsewhere(policy: &Policy, ip: IpAddr) -> bool {
    let public = matches!(scope(ip), Scope::Public | Scope::Documentation);
    public
        && !policy.local.iter().any(|net| net.contains(&ip))
        && !policy.members.iter().any(|member| member.ips.contains(&ip))
}

/// Whether a name is what a pattern stands for, without regard to case (RFC 4343).
#[must_use]
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    match pattern.strip_prefix("*.") {
        Some(parent) => {
            let Some(split) = name.len().checked_sub(parent.len()) else { return false };
            let (below, tail) = match (name.get(..split), name.get(split..)) {
                (Some(below), Some(tail)) => (below, tail),
                _ => return false,
            };
            tail.eq_ignore_ascii_case(parent) && below.len() > 1 && below.ends_with('.')
        }
        None => name.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_names_below_and_not_for_neighbours() {
        assert!(matches("*.example.com", "a.b.EXAMPLE.com."));
        assert!(!matches("*.example.com", "example.com"));
        assert!(!matches("*.example.com", "badexample.com"));
        assert!(!matches("*.example.com", ".example.com"));
        assert!(matches("example.com", "Example.COM"));
    }

    #[test]
    fn a_name_means_what_this_device_was_told_and_no_longer_than_told() {
        let policy = Policy { names: vec!["*.example.com".into()], ..Policy::default() };
        let mut bindings = Bindings::default();
        let ip: IpAddr = "203.0.113.7".parse().unwrap();
        let until = Timestamp::from_secs(60);
        assert_eq!(bindings.learn(&policy, MemberNo(0), "cdn.example.com", ip, until), [NameNo(0)]);
        let means = |member, secs| {
            bindings.means(MemberNo(member), NameNo(0), ip, Timestamp::from_secs(secs))
        };
        assert!(means(0, 59));
        assert!(!means(0, 60), "its lifetime is over");
        assert!(!means(1, 59), "another device was told nothing");
    }

    #[test]
    fn a_name_that_leads_to_the_router_or_to_a_neighbour_binds_nothing() {
        let policy = Policy {
            names: vec!["*.example.com".into()],
            local: vec!["203.0.113.0/24".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
            ..Policy::default()
        };
        let mut bindings = Bindings::default();
        for ip in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "203.0.113.9", "fe80::1", "100.64.0.1"] {
            let until = Timestamp::from_secs(60);
            let ip = ip.parse().unwrap();
            assert_eq!(bindings.learn(&policy, MemberNo(0), "a.example.com", ip, until), []);
        }
    }

    #[test]
    fn an_answer_binds_for_an_hour_at_least_and_a_week_at_most() {
        assert_eq!(lifetime(Duration::from_secs(20)), LEAST);
        assert_eq!(lifetime(Duration::from_secs(7200)), Duration::from_secs(7200));
        assert_eq!(lifetime(Duration::MAX), MOST);
    }

    #[test]
    fn a_name_over_one_ip_is_not_bound_to_addresses_of_the_other() {
        let names = vec!["a.example".into(), "a.example".into()];
        let only = vec![(NameNo(1), crate::IpVersion::V4)];
        let policy = Policy { names, only, ..Policy::default() };
        let mut bindings = Bindings::default();
        let mut learn = |ip: &str| {
            let until = Timestamp::from_secs(60);
            bindings.learn(&policy, MemberNo(0), "a.example", ip.parse().unwrap(), until)
        };
        assert_eq!(learn("2001:db8::7"), [NameNo(0)]);
        assert_eq!(learn("203.0.113.7"), [NameNo(0), NameNo(1)]);
    }

    #[test]
    fn a_flood_of_answers_keeps_the_latest_and_stays_small() {
        let policy = Policy { names: vec!["a.example".into()], ..Policy::default() };
        let mut bindings = Bindings::default();
        for n in 0..1_000_u32 {
            let ip = IpAddr::from((0x0900_0000 | n).to_be_bytes());
            bindings.learn(&policy, MemberNo(0), "a.example", ip, Timestamp::from_secs(n.into()));
        }
        assert_eq!(bindings.all(Timestamp::from_secs(0)).count(), MAX_ADDRESSES);
        let last = IpAddr::from((0x0900_0000 | 999_u32).to_be_bytes());
        assert!(bindings.means(MemberNo(0), NameNo(0), last, Timestamp::from_secs(998)));
    }
}
