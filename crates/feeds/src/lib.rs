//! Published data sets: bytes of their files in, typed values out.
//!
//! [`recog`] reads the banner patterns of rapid7/recog. Files are given as (name, bytes) pairs:
//! who opens them is somebody else's business.
//!
//! This crate must not know: files, sockets, devices, what is done with a match.

pub mod recog;
