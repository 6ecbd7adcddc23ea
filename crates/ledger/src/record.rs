//! The bytes of a record: canonical JSON (RFC 8785), so that equal entries have equal hashes.

use cordon_model::record::{Action, Entry};
use cordon_model::{Text, Timestamp};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Hash;

/// Bytes of one record: an entry names things, it does not carry them.
pub const RECORD_MAX: usize = 64 << 10;

/// Why something is no record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// Beyond [`RECORD_MAX`].
    #[error(
        "a record of {0} bytes is too long; put at most {RECORD_MAX} bytes of particulars into an entry"
    )]
    TooLong(usize),
    /// Not the JSON of an entry.
    #[error("these bytes are no ledger record ({0}); read them with the version that wrote them")]
    Malformed(String),
    /// The JSON of an entry, but not in its one canonical form.
    #[error("this record is not in canonical form; it was not written by cordon")]
    NotCanonical,
}

/// The canonical bytes of an entry at its place in the log.
///
/// # Errors
/// When they would exceed [`RECORD_MAX`].
pub fn encode(index: u64, entry: &Entry) -> Result<Vec<u8>, RecordError> {
    let canonical = Canonical {
        action: entry.action,
        actor: &entry.actor,
        at: entry.at,
        detail: Particulars(&entry.detail),
        index,
        subject: &entry.subject,
    };
    let bytes = serde_json::to_vec(&canonical)
        .map_err(|error| RecordError::Malformed(error.to_string()))?;
    if bytes.len() > RECORD_MAX { Err(RecordError::TooLong(bytes.len())) } else { Ok(bytes) }
}

/// The entry in canonical bytes, and its place in the log.
///
/// # Errors
/// When the bytes are not exactly what [`encode`] gives.
pub fn decode(record: &[u8]) -> Result<(u64, Entry), RecordError> {
    if record.len() > RECORD_MAX {
        return Err(RecordError::TooLong(record.len()));
    }
    let Indexed { index, entry } = serde_json::from_slice(record)
        .map_err(|error| RecordError::Malformed(error.to_string()))?;
    if encode(index, &entry)? == record {
        Ok((index, entry))
    } else {
        Err(RecordError::NotCanonical)
    }
}

/// The hash of a leaf: SHA-256 of 0x00 and the record (RFC 9162, section 2.1.1).
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(record).finalize().into()
}

/// The place that a record claims for itself, whatever else is in it: a newer version may write
/// actions that this one does not know.
pub(crate) fn claimed_index(record: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claim {
        index: u64,
    }
    serde_json::from_slice(record).ok().map(|Claim { index }| index)
}

/// The fields in the order of RFC 8785, section 3.2.3.
#[derive(Serialize)]
struct Canonical<'a> {
    action: Action,
    actor: &'a str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Particulars::is_empty")]
    detail: Particulars<'a>,
    index: u64,
    subject: &'a str,
}

#[derive(Deserialize)]
struct Indexed {
    index: u64,
    #[serde(flatten)]
    entry: Entry,
}

/// Particulars sorted by UTF-16 code units, as RFC 8785 wants, and not by bytes.
struct Particulars<'a>(&'a std::collections::BTreeMap<Text, Text>);

impl Particulars<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Particulars<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for (name, value) in pairs {
            map.serialize_entry(name.as_str(), value.as_str())?;
        }
        map.end()
    }
}
