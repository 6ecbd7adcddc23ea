//! How entries become leaves and checkpoints: the seam to `cordon-ledger`.

use cordon_model::record::Entry;
use sha2::{Digest, Sha256};

use crate::StoreError;

/// Encodes entries and signs checkpoints.
pub trait Notary: Send + Sync {
    /// The bytes of an entry at its place, and their leaf hash.
    fn leaf(&self, index: u64, entry: &Entry) -> Result<(Vec<u8>, [u8; 32]), StoreError>;

    /// A signed checkpoint.
    fn checkpoint(&self, size: u64, root: [u8; 32]) -> Result<String, StoreError>;

    /// Size and root of a checkpoint whose signature holds.
    fn check(&self, text: &str) -> Result<(u64, [u8; 32]), StoreError>;
}

/// The right edge of a Merkle tree (RFC 9162, section 2.1): enough to append and to know the root.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tree {
    size: u64,
    /// Roots of the full subtrees, the largest first.
    edge: Vec<[u8; 32]>,
}

impl Tree {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn append(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                node = join(&left, &node);
            }
        }
        self.edge.push(node);
        self.size = self.size.saturating_add(1);
    }

    pub(crate) fn root(&self) -> [u8; 32] {
        let mut nodes = self.edge.iter().rev();
        match nodes.next() {
            Some(last) => nodes.fold(*last, |right, left| join(left, &right)),
            None => Sha256::digest([]).into(),
        }
    }
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}
