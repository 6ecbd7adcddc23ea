//! Proofs that a record is in a tree, and that a tree is the beginning of another
//! (RFC 9162, sections 2.1.3 and 2.1.4).

use crate::tree::join;
use crate::{Hash, Tree};

/// Hashes in a proof: one per level of a tree of 2^64 leaves, and one more for consistency.
pub const PROOF_MAX: usize = 65;

/// Where leaf hashes come from.
pub trait LeafHashes {
    /// The leaf hash at this index; `None` where there is none.
    fn leaf_hash(&self, index: u64) -> Option<Hash>;
}

impl LeafHashes for [Hash] {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        self.get(usize::try_from(index).ok()?).copied()
    }
}

impl LeafHashes for Vec<Hash> {
    fn leaf_hash(&self, index: u64) -> Option<Hash> {
        self.as_slice().leaf_hash(index)
    }
}

/// Why there is no proof, or why it does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    /// Asked for a record behind the end, or for a larger tree within a smaller one.
    #[error(
        "record or size {asked} lies beyond a ledger of {size} records; ask for an earlier one"
    )]
    Beyond {
        /// What was asked for.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The source of leaf hashes ends early.
    #[error("the leaf hash of record {0} is missing; verify the ledger")]
    Missing(u64),
    /// Too few or too many hashes.
    #[error("the proof has the wrong length; ask for a proof of exactly these sizes")]
    Length,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to this root: the record or the root is not of this ledger")]
    Mismatch,
}

/// The inclusion proof for record `index` in the tree of the first `size` records: the siblings
/// from the leaf up. Reads each of the `size` leaf hashes once.
///
/// # Errors
/// When the record is not in the tree or a leaf hash is missing.
pub fn prove_inclusion(
    leaves: &(impl LeafHashes + ?Sized),
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::Beyond { asked: index, size });
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0_u64, size);
    while to.saturating_sub(from) > 1 {
        let middle = from.saturating_add(split(to.saturating_sub(from)));
        if index < middle {
            proof.push(range(leaves, middle, to)?);
            to = middle;
        } else {
            proof.push(range(leaves, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The consistency proof between the trees of the first `old` and the first `new` records. Reads
/// each of the `new` leaf hashes at most once.
///
/// # Errors
/// When `old` is larger than `new` or a leaf hash is missing.
pub fn prove_consistency(
    leaves: &(impl LeafHashes + ?Sized),
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::Beyond { asked: old, size: new });
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let (mut from, mut to) = (0_u64, new);
    // RFC 9162, section 2.1.4.1: SUBPROOF walks towards the old tree's right edge.
    while to != old {
        let middle = from.saturating_add(split(to.saturating_sub(from)));
        if old <= middle {
            proof.push(range(leaves, middle, to)?);
            to = middle;
        } else {
            proof.push(range(leaves, from, middle)?);
            from = middle;
        }
    }
    // The verifier knows the old root, and with it this subtree when it is the whole old tree.
    if from != 0 {
        proof.push(range(leaves, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether the leaf is record `index` of the tree with this size and root
/// (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// When it is not, or the proof is not one for these numbers.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Beyond { asked: index, size });
    }
    let (mut node, mut last) = (index, size.saturating_sub(1));
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = join(sibling, &hash);
            skip_missing(&mut node, &mut last);
        } else {
            hash = join(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Mismatch) }
}

/// Whether the tree of `old` records is the beginning of the tree of `new` records
/// (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// When it is not, or the proof is not one for these sizes.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Beyond { asked: old, size: new });
    }
    if old == new || old == 0 {
        let same = if old == new { old_root == new_root } else { *old_root == Tree::new().root() };
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (_, false) => Err(ProofError::Mismatch),
            _ => Ok(()),
        };
    }
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length)?
    };
    let (mut node, mut last) = (old.saturating_sub(1), new.saturating_sub(1));
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            from_old = join(sibling, &from_old);
            from_new = join(sibling, &from_new);
            skip_missing(&mut node, &mut last);
        } else {
            from_new = join(&from_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if from_old == *old_root && from_new == *new_root { Ok(()) } else { Err(ProofError::Mismatch) }
}

/// A right edge has no sibling on some levels: they are passed over.
fn skip_missing(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

/// The size of the left subtree: the largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << size.saturating_sub(1).checked_ilog2().unwrap_or(0)
}

/// The root over the leaves `from..to`.
fn range(leaves: &(impl LeafHashes + ?Sized), from: u64, to: u64) -> Result<Hash, ProofError> {
    let mut tree = Tree::new();
    for index in from..to {
        tree.append(leaves.leaf_hash(index).ok_or(ProofError::Missing(index))?);
    }
    Ok(tree.root())
}
