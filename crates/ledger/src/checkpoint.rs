//! A promise about the ledger: its size and root, signed.
//!
//! The text is a C2SP tlog-checkpoint in a C2SP signed note: origin, size and root, one extension
//! line with the time, an empty line, and the signature. Other tools for transparency logs read it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Hash;

/// Bytes of one signed checkpoint: five lines, and room for the signatures of witnesses.
pub const NOTE_MAX: usize = 4 << 10;
/// Bytes of an origin.
const ORIGIN_MAX: usize = 200;
/// Signatures in one note that are looked at.
const SIGNATURES_MAX: usize = 16;
/// Signature type of Ed25519 in a signed note.
const ED25519: u8 = 1;
/// How a signature line begins: an em dash (U+2014) and a space.
const DASH: &str = "\u{2014} ";

/// Makes Ed25519 signatures (RFC 8032).
pub trait Signer: Send + Sync {
    /// The signature over these bytes.
    fn sign(&self, message: &[u8]) -> [u8; 64];
    /// The key that checks it.
    fn public_key(&self) -> [u8; 32];
}

/// Checks Ed25519 signatures (RFC 8032).
pub trait Verifier: Send + Sync {
    /// Whether the key signed this message.
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// Why a text is no checkpoint of this ledger.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Not a name.
    #[error("{0:?} cannot name a ledger; use 1 to {ORIGIN_MAX} characters without spaces and '+'")]
    Origin(String),
    /// Not a key.
    #[error("this is no ledger key; it looks like NAME+12345678+BASE64")]
    Key,
    /// Not a checkpoint.
    #[error("this is no signed checkpoint: {0}; use the whole text as it was saved")]
    Malformed(&'static str),
    /// Of another ledger.
    #[error(
        "this checkpoint speaks for the ledger {found:?} and not for {wanted:?}; use one of this ledger"
    )]
    OtherLedger {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// No signature by this key.
    #[error("this checkpoint is not signed by the ledger's key {0}; do not trust it")]
    OtherKey(String),
    /// The signature is wrong.
    #[error("the signature on this checkpoint is wrong; do not trust it")]
    Forged,
}

/// The name of a ledger, the same in every checkpoint: `cordon/SITE`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let fits = (1..=ORIGIN_MAX).contains(&text.len())
            && !text.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control());
        if fits {
            Ok(Origin(text.to_owned()))
        } else {
            Err(CheckpointError::Origin(text.chars().take(ORIGIN_MAX).collect()))
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = CheckpointError;

    fn try_from(text: String) -> Result<Self, CheckpointError> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> String {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which ledger, and the public key that its checkpoints are signed with.
///
/// As text it is a C2SP verifier key: `NAME+KEYID+BASE64`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogKey {
    /// The ledger's name.
    pub origin: Origin,
    /// Its Ed25519 public key.
    pub public_key: [u8; 32],
}

impl LogKey {
    /// The first four bytes of a hash over name and key, as it stands in every signature.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash: Hash = Sha256::new()
            .chain_update(self.origin.as_str())
            .chain_update([b'\n', ED25519])
            .chain_update(self.public_key)
            .finalize()
            .into();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(&self.public_key);
        write!(f, "{}+{:08x}+{}", self.origin, u32::from_be_bytes(self.id()), STANDARD.encode(key))
    }
}

impl FromStr for LogKey {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        // The name ends at the first plus; base64 may hold further ones.
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(CheckpointError::Key);
        };
        let key = (key.len() <= 64).then(|| STANDARD.decode(key).ok()).flatten();
        let public_key = match key.as_deref() {
            Some([ED25519, key @ ..]) => key.try_into().map_err(|_| CheckpointError::Key)?,
            _ => return Err(CheckpointError::Key),
        };
        let key = LogKey { origin: name.parse()?, public_key };
        if format!("{:08x}", u32::from_be_bytes(key.id())) == id {
            Ok(key)
        } else {
            Err(CheckpointError::Key)
        }
    }
}

impl TryFrom<String> for LogKey {
    type Error = CheckpointError;

    fn try_from(text: String) -> Result<Self, CheckpointError> {
        text.parse()
    }
}

impl From<LogKey> for String {
    fn from(key: LogKey) -> String {
        key.to_string()
    }
}

/// What is promised: the first `size` records have this root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which ledger.
    pub origin: Origin,
    /// How many records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When it was signed, or the time of the last record; left out where the text must depend on
    /// size and root alone.
    pub at: Option<Timestamp>,
}

impl Checkpoint {
    /// The signed text. Ed25519 signatures are deterministic: the same checkpoint and key give the
    /// same text.
    #[must_use]
    pub fn sign(&self, signer: &dyn Signer) -> String {
        let body = self.body();
        let key = LogKey { origin: self.origin.clone(), public_key: signer.public_key() };
        let mut signature = key.id().to_vec();
        signature.extend_from_slice(&signer.sign(body.as_bytes()));
        format!("{body}\n{DASH}{} {}\n", self.origin, STANDARD.encode(signature))
    }

    /// What the text says, whoever signed it: for showing only.
    ///
    /// # Errors
    /// When it is no checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let (body, _) = split(text)?;
        Checkpoint::parse_body(body)
    }

    /// What the text says, after the signature of this ledger's key was found on it.
    ///
    /// # Errors
    /// When it is no checkpoint, of another ledger, or not signed by the key.
    pub fn verify(
        text: &str,
        key: &LogKey,
        verifier: &dyn Verifier,
    ) -> Result<Self, CheckpointError> {
        let (body, signatures) = split(text)?;
        let checkpoint = Checkpoint::parse_body(body)?;
        if checkpoint.origin != key.origin {
            return Err(CheckpointError::OtherLedger {
                found: checkpoint.origin.into(),
                wanted: key.origin.clone().into(),
            });
        }
        let id = key.id();
        for line in signatures.lines().take(SIGNATURES_MAX) {
            let (name, signature) =
                line.strip_prefix(DASH)
                    .and_then(|line| line.split_once(' '))
                    .ok_or(CheckpointError::Malformed("a signature line is damaged"))?;
            // Signatures of others, such as witnesses, are passed over as the standard says.
            let signature = STANDARD.decode(signature).unwrap_or_default();
            let Some((found, signature)) = signature.split_first_chunk::<4>() else { continue };
            if name != key.origin.as_str() || *found != id {
                continue;
            }
            let Ok(signature) = <&[u8; 64]>::try_from(signature) else {
                return Err(CheckpointError::Forged);
            };
            return if verifier.verify(&key.public_key, body.as_bytes(), signature) {
                Ok(checkpoint)
            } else {
                Err(CheckpointError::Forged)
            };
        }
        Err(CheckpointError::OtherKey(key.to_string()))
    }

    fn body(&self) -> String {
        let mut body = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root));
        if let Some(at) = self.at {
            body.push_str(&format!("at {at}\n"));
        }
        body
    }

    fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let mut lines = body.lines();
        let origin = lines.next().unwrap_or_default().parse()?;
        let size: u64 = lines
            .next()
            .and_then(|size| size.parse().ok())
            .ok_or(CheckpointError::Malformed("the size is no number"))?;
        let root = lines
            .next()
            .and_then(|root| STANDARD.decode(root).ok()?.try_into().ok())
            .ok_or(CheckpointError::Malformed("the root is no hash"))?;
        let at = match lines.next() {
            None => None,
            Some(line) => {
                Some(time(line).ok_or(CheckpointError::Malformed("the time is damaged"))?)
            }
        };
        let checkpoint = Checkpoint { origin, size, root, at };
        // One text per checkpoint: leading zeros, further lines and other spellings are refused.
        if checkpoint.body() == body {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Malformed("it is not in its one form"))
        }
    }
}

fn time(line: &str) -> Option<Timestamp> {
    let text = line.strip_prefix("at ")?;
    serde_json::from_value(serde_json::Value::from(text)).ok()
}

/// Body with its last line break, and the signature lines.
fn split(text: &str) -> Result<(&str, &str), CheckpointError> {
    if text.len() > NOTE_MAX {
        return Err(CheckpointError::Malformed("it is too long"));
    }
    let Some((at, _)) = text.rmatch_indices("\n\n").next() else {
        return Err(CheckpointError::Malformed("it has no signature"));
    };
    let (body, signatures) = text.split_at(at.saturating_add(1));
    match signatures.get(1..) {
        Some(signatures) if signatures.ends_with('\n') => Ok((body, signatures)),
        _ => Err(CheckpointError::Malformed("it ends in the middle of a line")),
    }
}

/// Checkpoints one after the other, as in the file beside the database: each ends with its
/// signature lines, and an empty line between them is allowed.
#[derive(Clone, Debug)]
pub struct Notes<'a> {
    rest: &'a str,
}

impl<'a> Notes<'a> {
    /// Over the text of such a file.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Notes { rest: text }
    }
}

impl<'a> Iterator for Notes<'a> {
    type Item = &'a str;

    /// The next checkpoint, unverified; the last one may have been cut short.
    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start_matches('\n');
        if self.rest.is_empty() {
            return None;
        }
        let mut end = 0_usize;
        let mut signed = false;
        for line in self.rest.split_inclusive('\n') {
            if signed && !line.starts_with(DASH) {
                break;
            }
            signed |= line.starts_with(DASH);
            end = end.saturating_add(line.len());
        }
        let (note, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(note)
    }
}
