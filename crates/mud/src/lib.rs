//! Manufacturer Usage Descriptions (RFC 8520): what a device's maker says it will do.
//!
//! [`parse`] reads a file, [`write`](fn@write) makes one. What is understood becomes typed values;
//! what is not is a [`Warning`], and an entry with a condition that is not understood is *refused*:
//! to import it without that condition would allow more than its maker meant.
//!
//! ```
//! let file = br#"{
//!   "ietf-mud:mud": {
//!     "mud-version": 1,
//!     "mud-url": "https://lighting.example.com/bulb.json",
//!     "last-update": "2026-01-15T10:22:47+00:00",
//!     "cache-validity": 48,
//!     "is-supported": true,
//!     "systeminfo": "A light bulb",
//!     "from-device-policy": { "access-lists": { "access-list": [{ "name": "out" }] } }
//!   },
//!   "ietf-access-control-list:acls": { "acl": [{
//!     "name": "out", "type": "ipv4-acl-type",
//!     "aces": { "ace": [{
//!       "name": "cloud",
//!       "matches": {
//!         "ipv4": { "ietf-acldns:dst-dnsname": "cloud.example.com", "protocol": 6 },
//!         "tcp": { "destination-port": { "operator": "eq", "port": 443 } }
//!       },
//!       "actions": { "forwarding": "accept" }
//!     }] }
//!   }] }
//! }"#;
//! let parsed = cordon_mud::parse(file)?;
//! assert_eq!(parsed.file.acls[0].aces.len(), 1);
//! assert_eq!(parsed.warnings[0].to_string(), "to-device-policy names no access list: nothing may reach the device");
//! # Ok::<(), cordon_mud::MudError>(())
//! ```
//!
//! This crate must not know: where a file is from, who signed it, what is allowed in the end.

mod acl;
mod anchor;
mod file;
pub mod limits;
mod ports;
mod read;
mod tls;
mod url;
mod warning;
mod write;

pub use acl::{
    Abstract, Ace, Acl, AclKind, Eth, Field, Forwarding, Header, Initiated, Ip, IpVersion, L4,
    Layer, MacMatch, Matches, Ported,
};
pub use anchor::anchor_certificates;
pub use file::{MudFile, authority};
pub use ports::PortMatch;
pub use read::{MudError, Parsed, parse};
pub use tls::TlsProfile;
pub use url::{UrlFault, same_url, url_faults};
pub use warning::{Place, Problem, Warning};
pub use write::write;
