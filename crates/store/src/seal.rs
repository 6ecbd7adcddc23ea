//! How entries become leaves and checkpoints.

use std::fmt;
use std::sync::Arc;

use cordon_ledger::{Checkpoint, Hash, LogKey, Origin, Signer, Tree, Verifier, encode, leaf_hash};
use cordon_model::Timestamp;
use cordon_model::record::Entry;

use crate::StoreError;

/// Who signs for the ledger, and under which name.
#[derive(Clone)]
pub struct Notary {
    origin: Origin,
    signer: Arc<dyn Signer>,
    verifier: Arc<dyn Verifier>,
}

impl Notary {
    /// Signs for the ledger of this name; checkpoints that are read again must be of this key.
    pub fn new(origin: Origin, signer: Arc<dyn Signer>, verifier: Arc<dyn Verifier>) -> Self {
        Notary { origin, signer, verifier }
    }

    /// The name and key with which others check what is signed here.
    #[must_use]
    pub fn key(&self) -> LogKey {
        LogKey { origin: self.origin.clone(), public_key: self.signer.public_key() }
    }

    /// The bytes of an entry at its place, and their leaf hash.
    pub(crate) fn leaf(index: u64, entry: &Entry) -> Result<(Vec<u8>, Hash), StoreError> {
        let record = encode(index, entry).map_err(|error| StoreError::Value(error.to_string()))?;
        let leaf = leaf_hash(&record);
        Ok((record, leaf))
    }

    /// A signed checkpoint over this tree, whose last record is of this time.
    pub(crate) fn checkpoint(&self, tree: &Tree, at: Option<Timestamp>) -> String {
        let origin = self.origin.clone();
        Checkpoint { origin, size: tree.size(), root: tree.root(), at }.sign(self.signer.as_ref())
    }

    /// Size and root of a checkpoint that this key signed.
    pub(crate) fn check(&self, text: &str) -> Result<(u64, Hash), StoreError> {
        Checkpoint::verify(text, &self.key(), self.verifier.as_ref())
            .map(|checkpoint| (checkpoint.size, checkpoint.root))
            .map_err(|error| {
                StoreError::Ledger(format!("a kept checkpoint does not hold: {error}"))
            })
    }
}

impl fmt::Debug for Notary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Notary").field(&self.key()).finish()
    }
}
