//! The tables of application protocols: a new protocol is one module and one row.
//!
//! Order matters only between protocols that fit the same bytes: the stricter one stands first.

use cordon_model::App;

use crate::{DatagramDissect, DatagramProtocol, StreamProtocol, quic, tls};

/// Protocols over TCP.
pub static STREAMS: &[StreamProtocol] =
    &[StreamProtocol { app: App::Tls, recognise: tls::recognise, start: tls::start }];

/// Protocols over UDP.
pub static DATAGRAMS: &[DatagramProtocol] = &[DatagramProtocol {
    app: App::Quic,
    recognise: quic::recognise,
    dissect: DatagramDissect::Flow(quic::start),
}];
