//! The key that signs the ledger's checkpoints (Ed25519, RFC 8032).

use std::fmt;
use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use cordon_ledger::{LogKey, Origin, Signer, Verifier};

use crate::files::{create_private, is_missing, is_taken, read_private, replace_private};
use crate::{CryptoError, Vault, random_bytes};

/// What the vault calls it.
const PURPOSE: &str = "ledger signing key";
/// A sealed seed of 32 bytes is 65 bytes.
const FILE_MAX: u64 = 256;

/// Checks Ed25519 signatures.
#[derive(Clone, Copy, Default, Debug)]
pub struct Ed25519;

impl Verifier for Ed25519 {
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
    }
}

/// A signing key, made once and kept sealed.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl SigningKey {
    /// Opens the key, or makes it if there is none. The file is sealed by the vault, mode 0600.
    ///
    /// # Errors
    /// When it cannot be made, others can read it, or it does not open.
    pub fn open_or_create(
        path: &Path,
        vault: &Vault,
        origin: &Origin,
    ) -> Result<Self, CryptoError> {
        match SigningKey::open(path, vault, origin) {
            Err(error) if is_missing(&error) => {}
            other => return other,
        }
        let seed = random_bytes::<32>()?;
        let key = SigningKey::from_seed(&seed)?;
        match create_private(path, &vault.seal(PURPOSE, origin.as_str(), &seed)?) {
            Ok(()) => Ok(key),
            // Somebody else was faster.
            Err(error) if is_taken(&error) => SigningKey::open(path, vault, origin),
            Err(error) => Err(error),
        }
    }

    /// Opens an existing key.
    ///
    /// # Errors
    /// When it is not there, others can read it, or it does not open.
    pub fn open(path: &Path, vault: &Vault, origin: &Origin) -> Result<Self, CryptoError> {
        let sealed = read_private(path, FILE_MAX)?;
        let seed = vault.open(PURPOSE, origin.as_str(), &sealed)?;
        SigningKey::from_seed(seed.as_slice().try_into().map_err(|_| CryptoError::Sealed)?)
    }

    /// Seals the file anew where a former master key sealed it.
    ///
    /// # Errors
    /// When it does not open or cannot be written.
    pub fn reseal(path: &Path, vault: &Vault, origin: &Origin) -> Result<(), CryptoError> {
        let sealed = read_private(path, FILE_MAX)?;
        let seed = vault.open(PURPOSE, origin.as_str(), &sealed)?;
        if vault.is_former(&sealed) {
            replace_private(path, &vault.seal(PURPOSE, origin.as_str(), &seed)?)?;
        }
        Ok(())
    }

    /// The key of this seed (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// Only if the library refuses.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, CryptoError> {
        let refused = || CryptoError::System("signing key");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| refused())?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| refused())?;
        Ok(SigningKey { pair, public })
    }

    /// The public key under the ledger's name; its text is what people keep.
    #[must_use]
    pub fn log_key(&self, origin: &Origin) -> LogKey {
        LogKey { origin: origin.clone(), public_key: self.public }
    }
}

impl Signer for SigningKey {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        // A signature that does not fit cannot happen; it would verify nowhere.
        self.pair.sign(message).as_ref().try_into().unwrap_or([0; 64])
    }

    fn public_key(&self) -> [u8; 32] {
        self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
