//! Contracts from MUD files (RFC 8520), and MUD files from contracts.
//!
//! A MUD file lists packets: those that the device sends, and those that are sent to it. A
//! contract lists conversations. [`import`] makes a conversation of two entries that answer each
//! other, one from each side; what has no answer is no conversation over TCP, and for the rest the
//! warning says so. An entry of the contract never allows a conversation of which the file does
//! not allow both the question and the answer, with the one exception of that warning.
//!
//! Who opens a TCP connection stands in the file as `direction-initiated`, or does not. Where it
//! does not, RFC 8520 lets either side open, by any packet that fits. Taken literally, a device
//! that asks a server at port 443 could be opened *from* port 443 of that server at any of its
//! ports: nobody means that. So:
//!
//! - Ports at one end only: there is the service, and the other end opens. `dst 443` from the
//!   device with `src 443` to it is a device that opens; `src 80` with `dst 80` is one that serves.
//! - Ports at both ends, or at none: either may open.
//! - UDP between devices of the site (RFC 8520 has no direction for UDP): the other end may also
//!   begin from the service's port to the same port, which the file allows too. Two devices with
//!   the same file could not speak otherwise.
//!
//! Denials have no place in a MUD file. Behind one, the rest of its list is refused: what it would
//! still have allowed is not what it says.

mod export;
mod half;
mod import;
mod pair;
mod ports;
mod unsaid;
mod warning;

pub use export::{Exported, export};
pub use import::import;
pub use unsaid::{Unsaid, UnsaidWhat};
pub use warning::{ImportProblem, ImportWarning};

/// The class of the router, as public MUD files have it; RFC 8520 has no word for it.
const GATEWAY: &str = "urn:ietf:params:mud:gateway";
