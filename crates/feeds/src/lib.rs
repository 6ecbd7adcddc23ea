//! Files of others: their bytes in, typed values out.
//!
//! [`recog`] reads the banner patterns of rapid7/recog, [`records`] what other tools wrote down
//! about devices and traffic. Files are given as (name, bytes) pairs:
//! who opens them is somebody else's business.
//!
//! This crate must not know: files, sockets, devices, what is done with a match.

pub mod recog;
pub mod records;
