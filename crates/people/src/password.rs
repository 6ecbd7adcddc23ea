//! Passwords, for those who have no passkey. One counts only together with a one-time code.
//!
//! NIST SP 800-63B-4, 3.1.1: at least 15 characters, at least 64 accepted, every character
//! accepted, no rules of composition, no expiry, a block list. Argon2id with OWASP's parameters
//! (19 MiB, two passes); at most two at a time, because 19 MiB matter on a small router.

use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

use crate::secret::random;

/// Shortest password, in characters (SP 800-63B-4, 3.1.1.2).
pub const MIN_CHARS: usize = 15;

/// Longest password, in characters: twice what must be accepted; what is hashed stays small.
pub const MAX_CHARS: usize = 128;

/// Pass phrases that have been in every list of breached passwords for years, and lines that
/// everybody knows: public knowledge, gathered by hand, lower case, without blanks. Short ones
/// need no place here, because 15 characters are the least.
const BLOCKED: &str = include_str!("blocked.txt");

/// What is wrong with a password that somebody chose.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WeakPassword {
    /// It is too short.
    #[error("use at least 15 characters; four unrelated words do")]
    TooShort,
    /// It is too long.
    #[error("use at most 128 characters")]
    TooLong,
    /// It is in lists of breached passwords.
    #[error("this password is in lists that attackers try first; choose another")]
    Breached,
    /// It is a repetition or a row of keys, or mostly made of names that are known here.
    #[error(
        "this password is too easy to guess; use words that have nothing to do with each other"
    )]
    Guessable,
}

/// A password that may be used, composed as Unicode's NFC so that it is the same from every
/// keyboard.
pub struct NewPassword(String);

impl NewPassword {
    /// Checks a password that somebody chose. `context` are words that an attacker would try: the
    /// person's name, the site's name, the host name.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn choose(password: &str, context: &[&str]) -> Result<Self, WeakPassword> {
        let composed = compose(password).ok_or(WeakPassword::TooLong)?;
        match composed.chars().count() {
            count if count < MIN_CHARS => return Err(WeakPassword::TooShort),
            count if count > MAX_CHARS => return Err(WeakPassword::TooLong),
            _ => {}
        }
        let plain = simplified(&composed);
        if BLOCKED.lines().any(|line| !line.is_empty() && blocks(line, &plain)) {
            return Err(WeakPassword::Breached);
        }
        let mut words: Vec<&str> =
            context.iter().copied().filter(|word| !word.is_empty()).collect();
        let parts = context.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        words.extend(parts.filter(|part| part.chars().count() >= 3));
        words.extend(["cordon", "console", "admin"]);
        words.truncate(MAX_CONTEXT_WORDS);
        let judged: String = composed.chars().take(JUDGED_CHARS).collect();
        if left_without(&plain, &words) < MIN_LEFT || zxcvbn(&judged, &words).score() < Score::Three
        {
            return Err(WeakPassword::Guessable);
        }
        Ok(NewPassword(composed))
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// What hashing costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashOptions {
    /// Memory of one computation, in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Computations at a time.
    pub at_once: usize,
    /// Computations that wait for their turn; more are turned away.
    pub waiting: usize,
}

impl Default for HashOptions {
    /// OWASP Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1.
    fn default() -> Self {
        HashOptions { memory_kib: 19 * 1024, passes: 2, at_once: 2, waiting: 16 }
    }
}

/// Why nothing was computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many people sign in at this moment; try again in some seconds")]
    Busy,
    /// The parameters are none, or memory or randomness is missing.
    #[error("the password cannot be hashed; there is too little memory or randomness")]
    Failed,
}

/// What a comparison said.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is the password.
    pub matches: bool,
    /// The password hashed with today's parameters, where the kept hash has others: keep this.
    pub renewed: Option<String>,
}

/// Computes Argon2id, a bounded number at a time. Blocks: call it where blocking is allowed.
#[derive(Debug)]
pub struct Hasher {
    options: HashOptions,
    params: Params,
    turns: Mutex<Turns>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Turns {
    running: usize,
    waiting: usize,
    computed: u64,
}

impl Hasher {
    /// A hasher.
    ///
    /// # Errors
    ///
    /// Argon2 does not have these parameters.
    pub fn new(options: HashOptions) -> Result<Self, HashError> {
        let params = Params::new(options.memory_kib, options.passes, 1, Some(32))
            .map_err(|_| HashError::Failed)?;
        Ok(Hasher { options, params, turns: Mutex::default(), freed: Condvar::new() })
    }

    /// Hashes a chosen password: a PHC string with salt and parameters.
    ///
    /// # Errors
    ///
    /// Too many wait, or memory is missing.
    pub fn hash(&self, password: &NewPassword) -> Result<String, HashError> {
        let _turn = self.turn()?;
        self.compute(&password.0)
    }

    /// Compares a password with a kept hash. Without one, which is how somebody unknown looks, as
    /// much is computed and the answer is no.
    ///
    /// # Errors
    ///
    /// Too many wait, or memory is missing.
    pub fn verify(&self, password: &str, kept: Option<&str>) -> Result<Verified, HashError> {
        let _turn = self.turn()?;
        let composed = compose(password).unwrap_or_default();
        let no = Verified { matches: false, renewed: None };
        let kept = kept.and_then(|kept| PasswordHash::new(kept).ok());
        let Some(kept) = kept.filter(affordable) else {
            self.compute(&composed)?;
            return Ok(no);
        };
        if self.argon2().verify_password(composed.as_bytes(), &kept).is_err() {
            return Ok(no);
        }
        let renewed = if self.outdated(&kept) { Some(self.compute(&composed)?) } else { None };
        Ok(Verified { matches: true, renewed })
    }

    /// How many computations there were: what sign-in costs, and that it costs the same for
    /// everybody.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).computed
    }

    fn compute(&self, password: &str) -> Result<String, HashError> {
        let salt = random::<16>().map_err(|_| HashError::Failed)?;
        let hash = self.argon2().hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| HashError::Failed)
    }

    fn outdated(&self, kept: &PasswordHash) -> bool {
        let same = Params::try_from(kept).is_ok_and(|params| {
            params.m_cost() == self.params.m_cost()
                && params.t_cost() == self.params.t_cost()
                && params.p_cost() == self.params.p_cost()
        });
        !same || kept.algorithm.as_str() != Algorithm::Argon2id.as_str()
    }

    fn argon2(&self) -> Argon2<'static> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.computed = turns.computed.saturating_add(1);
        drop(turns);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    fn turn(&self) -> Result<Turn<'_>, HashError> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.running >= self.options.at_once {
            if turns.waiting >= self.options.waiting {
                return Err(HashError::Busy);
            }
            turns.waiting += 1;
            while turns.running >= self.options.at_once {
                turns = self.freed.wait(turns).unwrap_or_else(PoisonError::into_inner);
            }
            turns.waiting -= 1;
        }
        turns.running += 1;
        Ok(Turn { hasher: self })
    }
}

struct Turn<'a> {
    hasher: &'a Hasher,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = self.hasher.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.running = turns.running.saturating_sub(1);
        self.hasher.freed.notify_one();
    }
}

/// Whether a kept hash asks for no more than a quarter of a gigabyte: a damaged one could ask for
/// anything.
fn affordable(kept: &PasswordHash) -> bool {
    const MOST_KIB: u32 = 256 * 1024;
    const MOST_PASSES: u32 = 16;
    Params::try_from(kept)
        .is_ok_and(|params| params.m_cost() <= MOST_KIB && params.t_cost() <= MOST_PASSES)
}

/// Characters whose guessing is estimated. The estimate tries every reading of digits and signs as
/// letters, which takes seconds for a hundred of them; what is strong this far is strong.
const JUDGED_CHARS: usize = 32;

/// Words of context that are looked at; a site's and a person's name have far fewer.
const MAX_CONTEXT_WORDS: usize = 32;

/// Characters that must be left when the words of context are taken out.
const MIN_LEFT: usize = 8;

/// NFC; none where it is so long that composing it is not worth the work.
fn compose(password: &str) -> Option<String> {
    (password.len() <= MAX_CHARS * 8).then(|| password.nfc().collect())
}

/// Lower case, letters and digits only: as the block list is written.
fn simplified(password: &str) -> String {
    password.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a blocked phrase is all that a password is, but for a few characters around it.
fn blocks(line: &str, plain: &str) -> bool {
    const MAX_AROUND: usize = 4;
    plain.contains(line) && plain.chars().count() <= line.chars().count() + MAX_AROUND
}

/// How many characters are left when the words are taken out.
fn left_without(plain: &str, words: &[&str]) -> usize {
    let mut rest = plain.to_owned();
    for word in words {
        let word = simplified(word);
        if word.chars().count() >= 3 {
            rest = rest.replace(&word, "");
        }
    }
    rest.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_list_is_written_as_passwords_are_compared() {
        let lines: Vec<&str> = BLOCKED.lines().collect();
        for line in &lines {
            assert_eq!(&simplified(line), line);
            assert!(line.len() >= 11, "{line} can never be reached by 15 characters");
        }
        let mut once = lines.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), lines.len());
    }
}
