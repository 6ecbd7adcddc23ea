//! The right edge of a Merkle tree: enough to append and to know the root, in O(log n) memory.

use sha2::{Digest, Sha256};

use crate::Hash;

/// A Merkle tree as its compact range: the roots of its full subtrees (RFC 9162, section 2.1.1).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tree {
    size: u64,
    /// Roots of full subtrees, the largest first: one per bit of `size` that is set.
    edge: Vec<Hash>,
}

/// Why bytes are no frontier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("these bytes are no frontier of a ledger; build it again from the leaf hashes")]
pub struct FrontierError;

impl Tree {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Tree { size: 0, edge: Vec::new() }
    }

    /// The tree over these leaf hashes, in order.
    #[must_use]
    pub fn from_leaf_hashes(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut tree = Tree::new();
        leaves.into_iter().for_each(|leaf| tree.append(leaf));
        tree
    }

    /// Appends a leaf. A full tree of 2^64 - 1 leaves stays as it is.
    pub fn append(&mut self, leaf: Hash) {
        let Some(size) = self.size.checked_add(1) else { return };
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                node = join(&left, &node);
            }
        }
        self.edge.push(node);
        self.size = size;
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root; of the empty tree the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut nodes = self.edge.iter().rev();
        match nodes.next() {
            Some(last) => nodes.fold(*last, |right, left| join(left, &right)),
            None => Sha256::digest([]).into(),
        }
    }

    /// The frontier as bytes: the size, then the roots of the full subtrees, the largest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.edge.iter().for_each(|node| bytes.extend_from_slice(node));
        bytes
    }

    /// The frontier from bytes. They are trusted: whoever reads them compares [`Tree::root`] with
    /// a checkpoint.
    ///
    /// # Errors
    /// When the length does not fit the size in them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (nodes, rest) = rest.as_chunks::<32>();
        if !rest.is_empty() || u32::try_from(nodes.len()) != Ok(size.count_ones()) {
            return Err(FrontierError);
        }
        Ok(Tree { size, edge: nodes.to_vec() })
    }
}

/// The hash of an inner node: SHA-256 of 0x01 and both children.
pub(crate) fn join(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}
