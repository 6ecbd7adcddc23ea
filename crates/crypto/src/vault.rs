//! Secrets at rest: sealed so that they open only here, and only in the row they belong to.
//!
//! Sealed bytes are `version (1) · key id (4) · nonce (12) · AES-256-GCM ciphertext and tag`. The
//! associated data is header, purpose and id: a secret that is copied to another row, or whose
//! header was changed, does not open. The nonce is random: one key may seal 2^32 times (NIST SP
//! 800-38D, section 8.3), and a service of people and devices stays far below.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use cordon_model::SecretKey;

use crate::{CryptoError, KeyFile, random_bytes};

/// Bytes that are sealed at once: secrets, not data.
pub const SEALED_MAX: usize = 1 << 20;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4;
/// Header, nonce and tag.
const OVERHEAD: usize = HEADER + 12 + 16;

/// Seals and opens secrets.
pub struct Vault {
    /// The key that seals.
    current: VaultKey,
    /// Keys that only open: what was sealed before the master key was changed.
    former: Vec<VaultKey>,
}

struct VaultKey {
    id: [u8; 4],
    key: Option<LessSafeKey>,
}

impl Vault {
    /// A vault under this master key.
    #[must_use]
    pub fn new(master: &KeyFile) -> Self {
        Vault { current: VaultKey::new(master), former: Vec::new() }
    }

    /// Also opens what was sealed under a former master key.
    #[must_use]
    pub fn with_former(mut self, master: &KeyFile) -> Self {
        self.former.push(VaultKey::new(master));
        self
    }

    /// Seals a secret for one row: `purpose` is the kind of secret, `id` whose it is.
    ///
    /// # Errors
    /// When it is longer than [`SEALED_MAX`] or the kernel gives no randomness.
    pub fn seal(&self, purpose: &str, id: &str, secret: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if secret.len() > SEALED_MAX {
            return Err(CryptoError::TooLong(secret.len()));
        }
        let key = self.current.key.as_ref().ok_or(CryptoError::System("cipher"))?;
        let nonce = random_bytes::<12>()?;
        let mut sealed = Vec::with_capacity(secret.len().saturating_add(OVERHEAD));
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.current.id);
        let aad = associated(&sealed, purpose, id);
        sealed.extend_from_slice(&nonce);
        let mut body = secret.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut body,
        )
        .map_err(|_| CryptoError::System("cipher"))?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens a secret of this row.
    ///
    /// # Errors
    /// One and the same when the key is another, the bytes were changed, or the row is another.
    pub fn open(&self, purpose: &str, id: &str, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if sealed.len() > SEALED_MAX.saturating_add(OVERHEAD) {
            return Err(CryptoError::Sealed);
        }
        let (header, rest) = sealed.split_first_chunk::<HEADER>().ok_or(CryptoError::Sealed)?;
        let (nonce, body) = rest.split_first_chunk::<12>().ok_or(CryptoError::Sealed)?;
        let [VERSION, key_id @ ..] = header else { return Err(CryptoError::Sealed) };
        let key = std::iter::once(&self.current)
            .chain(&self.former)
            .find(|key| key.id == *key_id)
            .and_then(|key| key.key.as_ref())
            .ok_or(CryptoError::Sealed)?;
        let aad = Aad::from(associated(header, purpose, id));
        let mut body = body.to_vec();
        let length = key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut body)
            .map_err(|_| CryptoError::Sealed)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    /// Whether this should be sealed anew, because a former key sealed it.
    #[must_use]
    pub fn is_former(&self, sealed: &[u8]) -> bool {
        sealed.get(1..HEADER) != Some(&self.current.id)
    }
}

impl VaultKey {
    fn new(master: &KeyFile) -> Self {
        let key = master
            .derive("vault/aes-256-gcm/1")
            .ok()
            .and_then(|key| UnboundKey::new(&AES_256_GCM, &key).ok())
            .map(LessSafeKey::new);
        VaultKey { id: master.id(), key }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:08x})", u32::from_be_bytes(self.current.id))
    }
}

/// The key under which secrets seen on the network are hashed: the same for one master key, so
/// that equal factory passwords are recognised after a restart.
///
/// # Errors
/// Only if the library refuses.
pub fn secret_key(master: &KeyFile) -> Result<SecretKey, CryptoError> {
    master.derive("seen secrets/hmac/1").map(SecretKey::new)
}

/// Header, purpose and id, each with its length: none can run into the next.
fn associated(header: &[u8], purpose: &str, id: &str) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for part in [purpose, id] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}
