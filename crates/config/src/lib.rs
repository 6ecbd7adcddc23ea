//! The configuration: one table of keys, from which defaults, help, reference and checks come.
