//! Keys, sealing and certificates: what the service knows that nobody else may.
//!
//! One [`KeyFile`] holds the master key; everything else is derived from it ([`Vault`]) or kept
//! sealed by it ([`SigningKey`], [`secret_key`]). [`Keys`] changes it for another, and
//! [`seal_key_file`] puts it under a passphrase. [`tls`] has the service's certificate; [`cms`] checks
//! signatures of others.
//!
//! ```
//! use cordon_crypto::{KeyFile, Vault};
//!
//! let folder = tempfile::tempdir()?;
//! let master = KeyFile::open_or_create(&folder.path().join("master.key"))?;
//! let vault = Vault::new(&master);
//! let sealed = vault.seal("totp", "person:anna", b"secret")?;
//! assert_eq!(vault.open("totp", "person:anna", &sealed)?, b"secret");
//! assert!(vault.open("totp", "person:eve", &sealed).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate must not know: what the secrets are for, databases, HTTP, what time it is.

pub mod cms;
mod error;
mod files;
mod keyfile;
mod keys;
mod passphrase;
mod signing;
pub mod tls;
mod token;
mod vault;

pub use error::CryptoError;
pub use keyfile::KeyFile;
pub use keys::{FORMER_KEY, Keys, MASTER_KEY};
pub use passphrase::{PASSPHRASE_MAX, PASSPHRASE_MIN, Passphrase, open_key_file, seal_key_file};
pub use signing::{Ed25519, SigningKey};
pub use token::{RandomToken, hash_token, random_bytes, random_token, same};
pub use vault::{SEALED_MAX, Vault, secret_key};
