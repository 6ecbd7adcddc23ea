//! The offline form of a ledger.
