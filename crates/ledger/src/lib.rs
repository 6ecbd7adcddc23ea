//! The ledger: an append-only Merkle log of what was done and by whom.
//!
//! Every [`Entry`](cordon_model::record::Entry) becomes a leaf of a Merkle tree (RFC 9162, section
//! 2.1), and the tree's root is signed in a [`Checkpoint`]. A checkpoint speaks for every record
//! before it: whoever kept one can later tell that a record was changed, put in, taken out, moved
//! or cut off at the end, also offline from an [export](mod@export).
//!
//! ```
//! use cordon_ledger::{Tree, encode, leaf_hash};
//! use cordon_model::{Timestamp, record::{Action, Entry}};
//!
//! let entry = Entry {
//!     at: Timestamp::from_secs(0),
//!     actor: "person:anna".into(),
//!     action: Action::SessionBegin,
//!     subject: "".into(),
//!     detail: Default::default(),
//! };
//! let mut tree = Tree::new();
//! let record = encode(tree.size(), &entry)?;
//! tree.append(leaf_hash(&record));
//! assert_eq!(tree.size(), 1);
//! assert_eq!(tree.root(), leaf_hash(&record));
//! # Ok::<(), cordon_ledger::RecordError>(())
//! ```
//!
//! This crate must not know: files, databases, clocks, randomness, how a signature is made
//! ([`Signer`] and [`Verifier`] are implemented elsewhere), what an action means.

mod audit;
mod checkpoint;
pub mod export;
mod fault;
mod proof;
mod record;
mod tree;

pub use audit::{Auditor, CHECKPOINTS_MAX, Row, Verified, verify};
pub use checkpoint::{
    Checkpoint, CheckpointError, LogKey, NOTE_MAX, Notes, Origin, Signer, Verifier,
};
pub use fault::{Fault, Kind, List, Span};
pub use proof::{
    LeafHashes, PROOF_MAX, ProofError, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
pub use record::{RECORD_MAX, RecordError, decode, encode, leaf_hash};
pub use tree::{FrontierError, Tree};

/// A SHA-256 hash: of a leaf, a node or a whole tree.
pub type Hash = [u8; 32];
