//! The tables of application protocols: a new protocol is one module and one row.
//!
//! Order matters only between protocols that fit the same bytes: the stricter one stands first.

use crate::{DatagramProtocol, StreamProtocol};

/// Protocols over TCP.
pub static STREAMS: &[StreamProtocol] = &[];

/// Protocols over UDP.
pub static DATAGRAMS: &[DatagramProtocol] = &[];
