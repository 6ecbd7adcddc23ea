//! The ledger: an append-only Merkle log of what was done and by whom.
