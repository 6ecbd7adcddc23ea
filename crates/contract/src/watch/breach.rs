//! What leaves a contract, in words.

use std::net::IpAddr;

use cordon_model::{App, DeviceId, Text, Timestamp};

use crate::document::{Carrier, EntryId, VerbRule};
use crate::policy::{MemberNo, Side};
use crate::tls::Otherwise;

/// Something that left a contract.
#[derive(Clone, PartialEq, Debug)]
pub struct Breach {
    /// Whose contract.
    pub member: MemberNo,
    /// The device.
    pub device: DeviceId,
    /// What people call it.
    pub name: Text,
    /// Whether the device began it or was spoken to.
    pub side: Side,
    /// The other end.
    pub peer: IpAddr,
    /// What carried it.
    pub carrier: Carrier,
    /// Port of the service, or ICMP type; 0 where there is none.
    pub service: u16,
    /// When.
    pub at: Timestamp,
    /// The entry that it would have had to keep to; none where there is none.
    pub entry: Option<EntryId>,
    /// In which way.
    pub what: What,
}

/// In which way something leaves a contract.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// No entry allows the conversation.
    Outside,
    /// More conversations in a minute than the entry bears.
    TooOften {
        /// How many it bears.
        bound: u32,
    },
    /// More bytes in an hour than the entry bears.
    TooMuch {
        /// How many it bears.
        bound: u64,
    },
    /// More packets a second than the entry bears, from the first to the last of a conversation.
    TooFast {
        /// How many it bears.
        bound: u32,
    },
    /// Another application than the entry is for.
    OtherApp {
        /// The one that the entry is for.
        expected: App,
        /// The one that was recognised.
        seen: App,
    },
    /// It asks for another name at an address that it may reach for names only: many are served
    /// behind one address.
    OtherName {
        /// The name that the entry is for.
        expected: Text,
        /// The name that it asked for.
        seen: Text,
    },
    /// It opens TLS otherwise than the entry's profile says (RFC 9761).
    OtherTls {
        /// In which ways.
        otherwise: Box<Otherwise>,
    },
    /// Something that the entry does not let be said.
    Unsaid {
        /// What was said, as the rule that would allow it.
        said: VerbRule,
    },
}

impl Breach {
    /// In plain words: "camera-3 opened tcp/23 to 9.9.9.9, which nothing allows".
    #[must_use]
    pub fn says(&self) -> String {
        format!("{} {}", self.name, self.did(&self.peer.to_string()))
    }

    /// What the device did or had done to it, to be read behind its name. `peer` is what people
    /// call the other end.
    #[must_use]
    pub fn did(&self, peer: &str) -> String {
        let port = match (self.carrier, self.service) {
            (Carrier::Tcp | Carrier::Udp | Carrier::Icmp | Carrier::Icmpv6, service) => {
                format!("{}/{service}", self.carrier)
            }
            (carrier, _) => carrier.to_string(),
        };
        let with = match self.side {
            Side::Source => format!("with {port} at {peer}"),
            Side::Destination => format!("with {peer}, which uses its {port}"),
        };
        match (&self.what, self.side) {
            (What::Outside, Side::Source) => {
                format!("opened {port} to {peer}, which nothing allows")
            }
            (What::Outside, Side::Destination) => {
                format!("had {port} opened to it by {peer}, which nothing allows")
            }
            (What::TooOften { bound }, _) => {
                format!("had more than {bound} conversations in a minute {with}")
            }
            (What::TooMuch { bound }, _) => {
                format!("exchanged more than {bound} bytes in an hour {with}")
            }
            (What::TooFast { bound }, _) => {
                format!("exchanged more than {bound} packets a second {with}")
            }
            (What::OtherApp { expected, seen }, _) => {
                format!("speaks {} instead of {} {with}", seen.title(), expected.title())
            }
            (What::OtherName { expected, seen }, _) => {
                format!(
                    "asked for {seen} {with}, an address that it may use for {expected} and not for that"
                )
            }
            (What::OtherTls { otherwise }, _) => format!("{}; {with}", otherwise.says()),
            (What::Unsaid { said }, Side::Source) => {
                format!("{} {with}, which nothing allows", words(said))
            }
            (What::Unsaid { said }, Side::Destination) => {
                format!("was told by {peer}, which {} ({port}), which nothing allows", words(said))
            }
        }
    }
}

/// What was said, to be read behind whoever said it.
fn words(said: &VerbRule) -> String {
    crate::words::said(said).unwrap_or_else(|| "said something else".to_owned())
}
