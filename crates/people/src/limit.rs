//! How often somebody may try.
//!
//! Token buckets: a try takes one, time gives them back, so nobody is ever locked out for good.
//! Addresses and accounts are counted in tables of fixed size, two cells for each, without
//! eviction: no flood of other addresses or names gives somebody their tries back. Who shares both
//! cells with an attacker waits with them; with 4096 cells in each row that is rare.
//!
//! Somebody who signed in before from the same address has a bucket of their own there: an
//! attacker elsewhere can exhaust an account's tries, or what hashing may cost for everybody, but
//! not lock its owner out there. Passkeys need no name and are only counted by address, so they
//! work throughout.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use cordon_model::Timestamp;

/// Where a request comes from, as it is counted: an IPv4 address, or the /64 of an IPv6 address,
/// within which a host has any address it likes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Source(Ipv6Addr::from(network).into())
            }
            v4 @ IpAddr::V4(_) => Source(v4),
        }
    }
}

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Try<'a> {
    /// Beginning or ending a ceremony, or opening a link: cheap, and nothing to guess.
    Ceremony,
    /// A password; costs tens of milliseconds and can be guessed.
    Password {
        /// [`crate::Name::key_of`] what was entered, whether it exists or not.
        name: &'a str,
    },
}

/// Too many tries: how long until the next may succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many tries; wait {} seconds", .0.as_secs().max(1))]
pub struct Wait(pub Duration);

/// A bucket: how many tries at once, and after how long another is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Tries at once.
    pub burst: u16,
    /// Time for another.
    pub every: Duration,
}

/// Every rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitOptions {
    /// Ceremonies of an address.
    pub ceremony: Rate,
    /// Passwords from an address.
    pub address: Rate,
    /// Passwords for an account, from wherever nobody signed in with it before.
    pub account: Rate,
    /// Passwords for an account from an address where it signed in before.
    pub known: Rate,
    /// Passwords from everywhere else together: what hashing may cost.
    pub everybody: Rate,
}

impl Default for LimitOptions {
    /// At most 10 + 12 password tries an hour for an account from strange addresses and 10 + 60
    /// from known ones; ASVS 4.0 2.2.1 asks for no more than 100.
    fn default() -> Self {
        let rate = |burst, secs| Rate { burst, every: Duration::from_secs(secs) };
        LimitOptions {
            ceremony: rate(30, 2),
            address: rate(10, 30),
            account: rate(10, 300),
            known: rate(10, 60),
            everybody: rate(60, 1),
        }
    }
}

/// The tries of everybody, in fixed memory (about 400 KiB).
#[derive(Debug)]
pub struct Limits {
    options: LimitOptions,
    hash: RandomState,
    ceremonies: Cells,
    addresses: Cells,
    accounts: Cells,
    everybody: Bucket,
    known: VecDeque<Known>,
}

#[derive(Debug)]
struct Known {
    account: u64,
    source: Source,
    bucket: Bucket,
}

impl Limits {
    /// Nobody has tried anything.
    #[must_use]
    pub fn new(options: LimitOptions) -> Self {
        Limits {
            ceremonies: Cells::new(options.ceremony),
            addresses: Cells::new(options.address),
            accounts: Cells::new(options.account),
            everybody: Bucket::full(options.everybody),
            hash: RandomState::new(),
            known: VecDeque::new(),
            options,
        }
    }

    /// Counts a try; to be asked before anything is looked up or computed.
    ///
    /// # Errors
    ///
    /// How long to wait, rounded up to what the slowest bucket needs.
    pub fn attempt(&mut self, from: Source, what: Try<'_>, now: Timestamp) -> Result<(), Wait> {
        let source = self.hash.hash_one(from);
        let Try::Password { name } = what else {
            return self.ceremonies.take(source, now);
        };
        let account = self.hash.hash_one(name);
        if let Some(known) =
            self.known.iter_mut().find(|known| known.account == account && known.source == from)
        {
            return known.bucket.take(self.options.known, now);
        }
        // In this order: what one address may spend bounds what it takes from everybody else.
        self.addresses.take(source, now)?;
        self.accounts.take(account, now)?;
        self.everybody.take(self.options.everybody, now)
    }

    /// Somebody signed in: from here they have tries of their own from now on.
    pub fn succeeded(&mut self, from: Source, name: &str, now: Timestamp) {
        let account = self.hash.hash_one(name);
        let same = |known: &Known| known.account == account && known.source == from;
        if let Some(at) = self.known.iter().position(same) {
            if let Some(known) = self.known.remove(at) {
                self.known.push_back(known);
            }
            return;
        }
        // Only those who can sign in get here, and each pushes out their own first.
        let own = |known: &Known| known.account == account;
        if self.known.iter().filter(|known| own(known)).count() >= MAX_KNOWN_EACH {
            if let Some(oldest) = self.known.iter().position(own) {
                self.known.remove(oldest);
            }
        } else if self.known.len() >= MAX_KNOWN {
            self.known.pop_front();
        }
        let mut bucket = Bucket::full(self.options.known);
        bucket.at = now;
        self.known.push_back(Known { account, source: from, bucket });
    }
}

/// Addresses that one account is remembered at.
const MAX_KNOWN_EACH: usize = 8;

/// Accounts and addresses that are remembered at all.
const MAX_KNOWN: usize = 512;

/// Cells in each row: a home or plant has far fewer addresses and people.
const CELLS: usize = 4096;

/// Two rows of buckets.
#[derive(Debug)]
struct Cells {
    rate: Rate,
    rows: [Vec<Bucket>; 2],
}

impl Cells {
    fn new(rate: Rate) -> Self {
        let row = vec![Bucket::full(rate); CELLS];
        Cells { rate, rows: [row.clone(), row] }
    }

    /// Takes from both cells; one that has a token is enough.
    fn take(&mut self, hash: u64, now: Timestamp) -> Result<(), Wait> {
        let [first, second] = &mut self.rows;
        let cell = |half: u64| usize::try_from(half % CELLS as u64).unwrap_or_default();
        let take = |row: &mut Vec<Bucket>, half| match row.get_mut(cell(half)) {
            Some(bucket) => bucket.take(self.rate, now),
            None => Ok(()),
        };
        match (take(first, hash & u64::from(u32::MAX)), take(second, hash >> 32)) {
            (Err(Wait(one)), Err(Wait(two))) => Err(Wait(one.min(two))),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: u16,
    /// Since when the next token is in the making.
    at: Timestamp,
}

impl Bucket {
    const fn full(rate: Rate) -> Self {
        Bucket { tokens: rate.burst, at: Timestamp::from_nanos(i64::MIN) }
    }

    fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Wait> {
        self.refill(rate, now);
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                Ok(())
            }
            None => Err(Wait(rate.every.saturating_sub(now.since(self.at)))),
        }
    }

    fn refill(&mut self, rate: Rate, now: Timestamp) {
        // A clock that was set back begins the wait anew and gives nothing.
        if now < self.at || self.tokens >= rate.burst {
            self.at = now;
            return;
        }
        let every = rate.every.as_nanos().max(1);
        let earned = now.since(self.at).as_nanos() / every;
        let tokens = u128::from(self.tokens).saturating_add(earned);
        if tokens >= u128::from(rate.burst) {
            self.tokens = rate.burst;
            self.at = now;
        } else {
            self.tokens = u16::try_from(tokens).unwrap_or(rate.burst);
            let spent = u64::try_from(earned.saturating_mul(every)).unwrap_or(u64::MAX);
            self.at = self.at.plus(Duration::from_nanos(spent));
        }
    }
}
