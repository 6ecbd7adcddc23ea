//! What is answered, and how it is said.

use std::fmt::Write as _;
use std::net::IpAddr;

use cordon_contract::{Carrier, EntryId, Ports, Refusal, Side};
use cordon_enforce::Seen;
use cordon_model::{DeviceId, Text, Timestamp};
use serde::{Serialize, Serializer};

use crate::region::{Links, Part, Region, number};

/// Most ways that one answer has; whoever wants more has asked about too much at once.
pub const MAX_WAYS: usize = 4_096;

/// Most ways that are said in a sentence.
const SAID: usize = 5;

/// Whether a packet that opens a conversation can get through.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    /// None can.
    Impossible {
        /// What stops them, the firmest first.
        because: Vec<Reason>,
    },
    /// These can, and no others.
    Possible {
        /// How.
        ways: Vec<Way>,
        /// What may yet stop them, or let others through.
        limits: Vec<Text>,
    },
    /// None can, as far as the rules say; but not everything passes them or can be read.
    Unknown {
        /// Why nothing is certain.
        limits: Vec<Text>,
        /// What stops those that do pass the rules.
        because: Vec<Reason>,
    },
}

/// What stops packets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Reason {
    /// Why.
    #[serde(serialize_with = "refusal")]
    pub why: Refusal,
    /// At which end.
    #[serde(serialize_with = "side")]
    pub side: Side,
    /// Whose contract, switch or address.
    pub who: Text,
    /// The chain that drops them.
    pub chain: Text,
}

/// A rule on the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Step {
    /// The chain.
    pub chain: Text,
    /// Its rule, from 1.
    pub rule: u32,
    /// The set that is looked into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<Text>,
    /// The element that is found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<Text>,
    /// What follows.
    pub does: Text,
}

/// An entry that allows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Allowed {
    /// Whose contract.
    pub device: DeviceId,
    /// What people call the device.
    pub called: Text,
    /// The entry.
    pub entry: EntryId,
    /// The DNS name that the entry is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
}

/// What can get through, and by which way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Way {
    /// Source addresses.
    pub from: Vec<Text>,
    /// Destination addresses.
    pub to: Vec<Text>,
    /// What carries it.
    pub carrier: Vec<Text>,
    /// Ports of the one who opens; empty where there are none.
    #[serde(serialize_with = "ports")]
    pub client: Vec<Ports>,
    /// Ports of the service, or types; empty where there are none.
    #[serde(serialize_with = "ports")]
    pub service: Vec<Ports>,
    /// The interfaces by which it comes; empty where any will do.
    pub in_links: Vec<Text>,
    /// The interfaces by which it leaves; empty where any will do.
    pub out_links: Vec<Text>,
    /// The rules that it meets, in order.
    pub path: Vec<Step>,
    /// The entry of the sender's contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_source: Option<Allowed>,
    /// The entry of the receiver's contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_destination: Option<Allowed>,
    /// Whether the contract of an end would refuse it, once it is enforced.
    pub warned: bool,
    /// Whether it is open only once a device is told that a name means such an address.
    pub told: bool,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(skip)]
    pub(crate) region: Region,
    #[serde(skip)]
    pub(crate) links: std::sync::Arc<Links>,
}

impl Way {
    /// Whether a packet is among them.
    #[must_use]
    pub fn contains(&self, seen: &Seen) -> bool {
        self.region.contains(seen, &self.links)
    }

    /// Whether some packet from one address to a port or type of another is among them, whatever its
    /// link-layer address, interfaces and port of the one who opens.
    #[must_use]
    pub fn admits(&self, from: IpAddr, to: IpAddr, carrier: Carrier, port: u16) -> bool {
        let ((family, from), (of, to)) = (number(from), number(to));
        let Some(proto) = carrier.protocol() else { return false };
        let parts = [
            (Part::From, from),
            (Part::To, to),
            (Part::Proto, proto.into()),
            (Part::ToPort, port.into()),
        ];
        family == of
            && family == self.region.family
            && parts.iter().all(|(part, value)| self.region.part(*part).contains(*value))
    }

    /// One of the packets.
    #[must_use]
    pub fn witness(&self) -> Seen {
        self.region.witness(&self.links)
    }

    /// In a few words: by what, and because of which entry.
    #[must_use]
    pub fn says(&self) -> String {
        let mut text = self.carrier.join(", ");
        let all = self.service.as_slice() == [Ports::ALL];
        if !all && !self.service.is_empty() {
            let ports: Vec<_> = self.service.iter().map(ToString::to_string).collect();
            let _ = write!(text, " {}", ports.join(", "));
        }
        let _ = write!(text, " to {}", self.to.join(", "));
        let entries: Vec<_> = [&self.by_source, &self.by_destination]
            .into_iter()
            .flatten()
            .map(|allowed| match &allowed.name {
                Some(name) => format!("{} of {} ({name})", allowed.entry.0, allowed.called),
                None => format!("{} of {}", allowed.entry.0, allowed.called),
            })
            .collect();
        match (entries.is_empty(), self.warned) {
            (_, true) => text.push_str(", outside of a contract that only warns"),
            (true, _) if self.path.iter().any(|step| step.element.is_some()) => {
                text.push_str(", by rules that no contract explains");
            }
            (true, _) => text.push_str(", because no contract is enforced there"),
            (false, _) => {
                let _ = write!(text, ", by entry {}", entries.join(" and "));
            }
        }
        if self.told {
            text.push_str(", once it is told that the name means this address");
        } else if let Some(until) = self.until {
            let _ = write!(text, ", until {until} unless it is told again");
        }
        text
    }
}

/// What was asked, and what is so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// Who opens.
    pub from: Text,
    /// To whom.
    pub to: Text,
    /// Whether it can.
    pub answer: Answer,
    /// Whether the other can open to this one.
    pub reverse: Answer,
    /// Whether this one may answer where the other has opened.
    pub answers: bool,
    /// Whether the receiver's contract alone would stop everything from the sender's own addresses.
    pub stopped_twice: bool,
}

impl Finding {
    /// In plain words, one sentence a line.
    #[must_use]
    pub fn says(&self) -> String {
        let Finding { from, to, .. } = self;
        let mut text = String::new();
        match &self.answer {
            Answer::Impossible { because } => {
                let _ = writeln!(text, "A compromised {from} cannot reach {to}.");
                reasons(&mut text, because);
                if self.stopped_twice {
                    let _ = writeln!(
                        text,
                        "The contract of {to} alone would stop it too, unless it takes another's address."
                    );
                }
            }
            Answer::Possible { ways, limits } => {
                let only_told = ways.iter().all(|way| way.told);
                let can = if only_told { "could come to reach" } else { "can reach" };
                let _ = writeln!(text, "A compromised {from} {can} {to}:");
                for way in ways.iter().take(SAID) {
                    let _ = writeln!(text, "- {}", way.says());
                }
                if ways.len() > SAID {
                    let _ = writeln!(text, "- and {} more ways", ways.len() - SAID);
                }
                limited(&mut text, limits);
            }
            Answer::Unknown { limits, because } => {
                let _ = writeln!(
                    text,
                    "Whether a compromised {from} can reach {to} is not certain. The rules stop it, but:"
                );
                limited(&mut text, limits);
                reasons(&mut text, because);
            }
        }
        let _ = match (&self.reverse, self.answers) {
            (Answer::Possible { .. }, true) => {
                writeln!(text, "{to} can open conversations to {from}, and {from} then answers.")
            }
            (Answer::Possible { .. }, false) => {
                writeln!(text, "{to} can send to {from}, but {from} cannot answer.")
            }
            (Answer::Impossible { .. }, _) => {
                writeln!(text, "{to} cannot open conversations to {from} either.")
            }
            (Answer::Unknown { .. }, _) => {
                writeln!(text, "Whether {to} can open conversations to {from} is not certain.")
            }
        };
        text.truncate(text.trim_end().len());
        text
    }
}

fn limited(text: &mut String, limits: &[Text]) {
    for limit in limits {
        let _ = writeln!(text, "- {limit}");
    }
}

fn reasons(text: &mut String, because: &[Reason]) {
    for reason in because {
        let Reason { why, side, who, chain } = reason;
        let _ = match (why, side) {
            (Refusal::Switched, _) => {
                writeln!(text, "The switch of {who} stops it ({chain}).")
            }
            (Refusal::Outside, Side::Source) => {
                writeln!(text, "The contract of {who} has no entry for it ({chain}).")
            }
            (Refusal::Outside, Side::Destination) => {
                writeln!(text, "The contract of {who} does not let it in ({chain}).")
            }
            (Refusal::Spoofed, _) => writeln!(
                text,
                "Under an address that is not its own, or its own from elsewhere, it is dropped ({chain})."
            ),
        };
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn refusal<S: Serializer>(why: &Refusal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match why {
        Refusal::Spoofed => "spoofed",
        Refusal::Switched => "switched",
        Refusal::Outside => "outside",
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn side<S: Serializer>(side: &Side, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match side {
        Side::Source => "source",
        Side::Destination => "destination",
    })
}

fn ports<S: Serializer>(ports: &[Ports], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ports.iter().map(ToString::to_string))
}
