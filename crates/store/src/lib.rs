//! State: devices, people, decisions, and the ledger, in one database.
