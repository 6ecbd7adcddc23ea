//! The page about roles, made from the policies.
