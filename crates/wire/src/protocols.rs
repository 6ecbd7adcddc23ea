//! The tables of application protocols: a new protocol is one module and one row.
//!
//! Order matters only between protocols that fit the same bytes: the stricter one stands first.

use cordon_model::App;

use crate::{DatagramProtocol, StreamProtocol, ot};

/// Protocols over TCP.
pub static STREAMS: &[StreamProtocol] = &[
    StreamProtocol { app: App::Modbus, recognise: ot::modbus::recognise, start: ot::modbus::start },
];

/// Protocols over UDP.
pub static DATAGRAMS: &[DatagramProtocol] = &[];
