//! How often somebody may try.

use std::net::{IpAddr, Ipv4Addr};

use cordon_people::Source;
use cordon_people::limit::{LimitOptions, Limits, Rate, Try};

use crate::{NOW, after};

const ANNA: Try<'static> = Try::Password { name: "anna" };

fn source(address: &str) -> Source {
    address.parse::<IpAddr>().unwrap().into()
}

fn numbered(number: u32) -> Source {
    IpAddr::V4(Ipv4Addr::from(number)).into()
}

fn limits() -> Limits {
    Limits::new(LimitOptions::default())
}

/// How many of so many tries pass, one in each second.
fn passing(limits: &mut Limits, from: Source, what: Try<'_>, begin: u64, tries: u64) -> usize {
    (0..tries).filter(|second| limits.attempt(from, what, after(begin + second)).is_ok()).count()
}

#[test]
fn an_address_that_guesses_is_slowed_down_and_told_how_long() {
    let mut limits = limits();
    let evil = source("203.0.113.9");
    for number in 0..10 {
        let name = format!("person {number}");
        assert!(limits.attempt(evil, Try::Password { name: &name }, NOW).is_ok());
    }
    let wait = limits.attempt(evil, Try::Password { name: "another" }, NOW).unwrap_err();
    assert_eq!(wait.0.as_secs(), 30);
    assert_eq!(wait.to_string(), "too many tries; wait 30 seconds");
    assert!(limits.attempt(evil, Try::Password { name: "another" }, after(30)).is_ok());
}

#[test]
fn an_account_is_guessed_fewer_than_100_times_an_hour_from_everywhere() {
    let mut limits = limits();
    let mut passed = 0;
    for second in 0..3600_u32 {
        let from = numbered(0x0a00_0000 + second);
        passed += usize::from(limits.attempt(from, ANNA, after(u64::from(second))).is_ok());
    }
    assert!((10..=24).contains(&passed), "{passed}");
}

#[test]
fn addresses_within_one_v6_network_are_one() {
    let mut limits = limits();
    let mut passed = 0;
    for host in 0..1000 {
        let name = format!("{host}");
        let from = source(&format!("2001:db8:1:2::{host:x}"));
        passed += usize::from(limits.attempt(from, Try::Password { name: &name }, NOW).is_ok());
    }
    assert_eq!(passed, 10);
    assert_eq!(source("::ffff:10.0.0.1"), source("10.0.0.1"));
    assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
}

#[test]
fn a_flood_of_other_addresses_does_not_give_tries_back() {
    let mut limits = limits();
    let evil = source("203.0.113.9");
    assert_eq!(passing(&mut limits, evil, ANNA, 0, 20), 10);
    for number in 0..100_000 {
        let name = format!("{number}");
        let _ = limits.attempt(numbered(number), Try::Password { name: &name }, after(20));
    }
    assert!(limits.attempt(evil, ANNA, after(20)).is_err());
}

#[test]
fn an_attacker_elsewhere_does_not_lock_the_owner_out() {
    let mut limits = limits();
    let home = source("192.168.1.20");
    limits.attempt(home, ANNA, NOW).unwrap();
    limits.succeeded(home, "anna", NOW);
    for second in 0..3600_u32 {
        for part in 0..3 {
            let from = numbered(0x0a00_0000 + second * 3 + part);
            let _ = limits.attempt(from, ANNA, after(u64::from(second)));
        }
    }
    assert!(limits.attempt(home, ANNA, after(3600)).is_ok());
    // From a strange address the owner waits like anybody, but not for good.
    let passed = passing(&mut limits, source("198.51.100.1"), ANNA, 3600, 400);
    assert!(passed >= 1);
}

#[test]
fn a_known_address_is_slowed_down_as_well() {
    let mut limits = limits();
    let home = source("192.168.1.20");
    limits.succeeded(home, "anna", NOW);
    let passed = passing(&mut limits, home, ANNA, 0, 3600);
    assert!((60..=100).contains(&passed), "{passed}");
}

#[test]
fn one_account_does_not_push_the_known_addresses_of_others_out() {
    let mut limits = limits();
    let home = source("192.168.1.20");
    limits.succeeded(home, "anna", NOW);
    for number in 0..10_000 {
        limits.succeeded(numbered(number), "mallory", NOW);
    }
    let everywhere = LimitOptions::default().known.burst;
    assert_eq!(passing(&mut limits, home, ANNA, 0, 12), usize::from(everywhere));
    // Eleven strange tries would have exhausted ten: the known bucket is another.
    let strange = source("198.51.100.7");
    assert_eq!(passing(&mut limits, strange, ANNA, 12, 11), 10);
}

#[test]
fn everybody_together_does_not_exceed_what_hashing_may_cost() {
    let mut limits = limits();
    let mut passed = 0;
    for number in 0..20_000_u32 {
        let name = format!("{number}");
        let what = Try::Password { name: &name };
        passed += usize::from(limits.attempt(numbered(number), what, NOW).is_ok());
    }
    assert_eq!(passed, 60);
}

#[test]
fn a_clock_that_jumps_back_gives_nothing_and_locks_nobody_out() {
    let rate = Rate { burst: 2, every: std::time::Duration::from_secs(10) };
    let mut limits = Limits::new(LimitOptions { ceremony: rate, ..LimitOptions::default() });
    let home = source("192.168.1.20");
    assert!(limits.attempt(home, Try::Ceremony, after(1_000_000)).is_ok());
    assert!(limits.attempt(home, Try::Ceremony, after(1_000_000)).is_ok());
    assert!(limits.attempt(home, Try::Ceremony, NOW).is_err());
    assert!(limits.attempt(home, Try::Ceremony, after(10)).is_ok());
}
