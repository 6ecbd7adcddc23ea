//! The master key: one file that only the service may read, from which all other keys come.

use std::fmt;
use std::path::Path;

use aws_lc_rs::hkdf;
use sha2::{Digest, Sha256};

use crate::files::{create_private, is_missing, is_taken, read_private};
use crate::{CryptoError, random_bytes, same};

/// How a key file begins: what it is, and its version.
const MAGIC: &[u8; 16] = b"cordon key v1\n\0\0";
/// Magic, key, checksum.
const LENGTH: usize = 16 + 32 + 32;

/// The master key in memory.
pub struct KeyFile {
    key: hkdf::Prk,
    id: [u8; 4],
}

impl KeyFile {
    /// Opens the master key, or makes it if there is none.
    ///
    /// # Errors
    /// When it cannot be made, others can read it, or it is damaged.
    pub fn open_or_create(path: &Path) -> Result<Self, CryptoError> {
        match KeyFile::open(path) {
            Err(error) if is_missing(&error) => {}
            other => return other,
        }
        match KeyFile::create(path) {
            // Somebody else was faster.
            Err(error) if is_taken(&error) => KeyFile::open(path),
            other => other,
        }
    }

    /// Makes a new master key in a file that must not exist.
    ///
    /// # Errors
    /// When the file is there already or cannot be made.
    pub fn create(path: &Path) -> Result<Self, CryptoError> {
        let key = random_bytes::<32>()?;
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&key);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        create_private(path, &bytes)?;
        KeyFile::from_key(&key)
    }

    /// Opens an existing master key.
    ///
    /// # Errors
    /// When it is not there, others can read it, or it is damaged.
    pub fn open(path: &Path) -> Result<Self, CryptoError> {
        KeyFile::check(path, &read_private(path, LENGTH as u64)?)
    }

    /// What lies in a key file, once it is known to be one.
    pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, CryptoError> {
        let bytes = read_private(path, LENGTH as u64)?;
        KeyFile::check(path, &bytes)?;
        Ok(bytes)
    }

    /// The key in the bytes of a key file; `path` is for the message.
    pub(crate) fn check(path: &Path, bytes: &[u8]) -> Result<Self, CryptoError> {
        let damaged = |why| CryptoError::Damaged { path: path.to_owned(), why };
        let Some((content, sum)) = bytes.split_last_chunk::<32>() else {
            return Err(damaged("too short"));
        };
        let Some(key) = content.strip_prefix(MAGIC) else {
            return Err(damaged("it begins otherwise"));
        };
        let key = key.try_into().map_err(|_| damaged("too short"))?;
        if !same(sum, &checksum(content)) {
            return Err(damaged("wrong checksum"));
        }
        KeyFile::from_key(key)
    }

    /// A key for one purpose (HKDF-SHA-256, RFC 5869). The same label always gives the same key.
    ///
    /// # Errors
    /// Only if the library refuses.
    pub fn derive(&self, label: &str) -> Result<[u8; 32], CryptoError> {
        let mut key = [0; 32];
        self.key
            .expand(&[b"cordon/", label.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .map_err(|_| CryptoError::System("key derivation"))?;
        Ok(key)
    }

    /// Which master key this is; says nothing about the key itself.
    #[must_use]
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    fn from_key(key: &[u8; 32]) -> Result<Self, CryptoError> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"cordon master key").extract(key);
        let mut file = KeyFile { key: prk, id: [0; 4] };
        file.id = file.derive("key id")?.first_chunk().copied().unwrap_or_default();
        Ok(file)
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFile({:08x})", u32::from_be_bytes(self.id))
    }
}

fn checksum(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
