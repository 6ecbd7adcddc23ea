//! The API: what machines may ask and do.
