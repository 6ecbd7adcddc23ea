//! The master key under a passphrase: for a backup that leaves the machine.
//!
//! The file is `magic (16) · memory in KiB (4) · passes (4) · lanes (4) · salt (16) · nonce (12)`,
//! then the key file under AES-256-GCM with all of that as associated data. The key comes from the
//! passphrase by Argon2id (RFC 9106) with the parameters in the file, so that they can be raised
//! later. Whoever has the file can try passphrases at leisure: it has to be long.

use std::fmt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::files::{create_private, read_public};
use crate::{CryptoError, KeyFile, random_bytes};

const MAGIC: &[u8; 16] = b"cordon pass v1\n\0";
/// Magic and three numbers.
const NUMBERS: usize = 16 + 3 * 4;
const HEADER: usize = NUMBERS + 16 + 12;
/// Header, key file and tag, and then some.
const FILE_MAX: u64 = 1024;

/// Characters at least, as for passwords without a limit of tries.
pub const PASSPHRASE_MIN: usize = 15;
/// Bytes at most: what people keep in files for programs.
pub const PASSPHRASE_MAX: usize = 1024;

/// RFC 9106, section 4, second choice, with one lane: 64 MiB and three passes.
const COST: Cost = Cost { memory_kib: 64 << 10, passes: 3, lanes: 1 };
/// A file may not ask for more than this: it is read before it is believed.
const COST_MAX: Cost = Cost { memory_kib: 1 << 20, passes: 64, lanes: 16 };

#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A passphrase that is long enough.
pub struct Passphrase(String);

impl Passphrase {
    /// Takes a passphrase as it was typed, without the end of its line.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn new(text: &str) -> Result<Self, CryptoError> {
        let long = text.chars().count() >= PASSPHRASE_MIN && text.len() <= PASSPHRASE_MAX;
        long.then(|| Passphrase(text.to_owned())).ok_or(CryptoError::Passphrase)
    }

    fn key(&self, salt: &[u8; 16], cost: Cost) -> Result<LessSafeKey, CryptoError> {
        let refused = || CryptoError::System("key derivation");
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
            .map_err(|_| refused())?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.0.as_bytes(), salt, &mut key)
            .map_err(|_| refused())?;
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| refused())?;
        Ok(LessSafeKey::new(key))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Writes the master key of one file to another, under a passphrase. Takes a good part of a
/// second and 64 MiB.
///
/// # Errors
/// When the key cannot be used, or the other file is there already.
pub fn seal_key_file(key: &Path, to: &Path, passphrase: &Passphrase) -> Result<(), CryptoError> {
    let mut body = KeyFile::bytes(key)?;
    let (salt, nonce) = (random_bytes::<16>()?, random_bytes::<12>()?);
    let mut file = MAGIC.to_vec();
    for number in [COST.memory_kib, COST.passes, COST.lanes] {
        file.extend_from_slice(&number.to_be_bytes());
    }
    file.extend_from_slice(&salt);
    file.extend_from_slice(&nonce);
    passphrase
        .key(&salt, COST)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(file.clone()),
            &mut body,
        )
        .map_err(|_| CryptoError::System("cipher"))?;
    file.append(&mut body);
    create_private(to, &file)
}

/// Writes the master key that lies under a passphrase to a file of its own.
///
/// # Errors
/// When the passphrase is another, the file is damaged, or the other file is there already.
pub fn open_key_file(sealed: &Path, to: &Path, passphrase: &Passphrase) -> Result<(), CryptoError> {
    // Others may read it: that is what the passphrase is for.
    let bytes = read_public(sealed, FILE_MAX)?;
    let damaged = |why| CryptoError::Damaged { path: sealed.to_owned(), why };
    let (header, body) = bytes.split_first_chunk::<HEADER>().ok_or_else(|| damaged("too short"))?;
    let (numbers, rest) =
        header.split_first_chunk::<NUMBERS>().ok_or_else(|| damaged("too short"))?;
    let cost = cost(numbers).ok_or_else(|| damaged("it begins otherwise"))?;
    let (salt, nonce) = rest.split_first_chunk::<16>().ok_or_else(|| damaged("too short"))?;
    let nonce = nonce.try_into().map_err(|_| damaged("too short"))?;
    let mut body = body.to_vec();
    let key = passphrase
        .key(salt, cost)?
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(header), &mut body)
        .map_err(|_| CryptoError::WrongPassphrase(sealed.to_owned()))?;
    KeyFile::check(sealed, key)?;
    create_private(to, key)
}

fn cost(numbers: &[u8; NUMBERS]) -> Option<Cost> {
    let numbers = numbers.strip_prefix(MAGIC)?;
    let mut numbers = numbers.chunks_exact(4).filter_map(|four| four.try_into().ok());
    let mut next = || numbers.next().map(u32::from_be_bytes);
    let cost = Cost { memory_kib: next()?, passes: next()?, lanes: next()? };
    let fits = cost.memory_kib <= COST_MAX.memory_kib
        && cost.passes <= COST_MAX.passes
        && cost.lanes <= COST_MAX.lanes;
    fits.then_some(cost)
}
