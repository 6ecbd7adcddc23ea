//! The policy: what contracts mean for packets.
//!
//! Everything that decides about packets is made from this one value: the kernel's sets, the
//! rehearsal, the proofs. A conversation may begin if the contract of the one who opens it allows
//! that, and the contract of the one who is spoken to; a device without a contract that is
//! enforced allows everything. Answers belong to the conversation.

mod bindings;
mod decide;
mod packet;

use std::net::IpAddr;

use cordon_model::{DeviceId, Mac, Text};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub(crate) use bindings::matches as name_fits;
pub use bindings::{Bindings, lifetime};
pub use decide::{Decision, Judge, Refusal, Side};
pub use packet::Packet;

use crate::document::{Carrier, EntryId, IpVersion, Opens, Ports};

/// A device of the policy, by its place in [`Policy::members`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MemberNo(pub u32);

/// A DNS name of the policy, by its place in [`Policy::names`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct NameNo(pub u32);

/// How far a contract has come.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// What is outside is noticed by the detector; the firewall does nothing.
    #[default]
    Watch,
    /// What is outside passes and is logged.
    Warn,
    /// What is outside is dropped and logged.
    Enforce,
}

/// The switch that everybody understands; it outweighs the contract.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// What the contract says.
    #[default]
    Normal,
    /// Only addresses of the site.
    LocalOnly,
    /// Only addresses of the Internet.
    InternetOnly,
    /// Nothing at all: quarantine.
    Off,
}

/// A device that a contract binds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its id in the register.
    pub device: DeviceId,
    /// What people call it.
    pub label: Text,
    /// Its link-layer addresses.
    pub macs: Vec<Mac>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// The interface of the enforcing machine behind which it sits, if it sits on a link of that
    /// machine; none where a router stands between, so that its MAC is never seen.
    pub link: Option<Text>,
    /// How far its contract has come.
    pub stage: Stage,
    /// Its switch.
    pub reach: Reach,
}

/// Where the other end is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// In a network; one address is a network of full length.
    Net(IpNet),
    /// At an address that the member was told for a name.
    Name(NameNo),
}

/// One thing that a member may do, about addresses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Whose contract it is from.
    pub member: MemberNo,
    /// Who opens.
    pub opens: Opens,
    /// Where the other end is.
    pub at: Where,
    /// What carries it; never [`Carrier::Ether`], which no router forwards.
    pub carrier: Carrier,
    /// Ports of the service; [`Ports::ALL`] where the carrier has none.
    pub service: Ports,
    /// Ports of the one who opens.
    pub client: Ports,
    /// The entry that it comes from, by its place in [`Policy::entries`].
    pub entry: u32,
}

/// An entry that rules come from.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Whose contract.
    pub member: MemberNo,
    /// The entry.
    pub entry: EntryId,
}

/// The policy of a site at one moment.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// The devices that contracts bind.
    pub members: Vec<Member>,
    /// What they may do, sorted and without doubles.
    pub rules: Vec<Rule>,
    /// DNS names that rules speak of; `*.example.com` stands for every name below.
    pub names: Vec<Text>,
    /// Names that stand for addresses of one IP version only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<(NameNo, IpVersion)>,
    /// Where rules come from.
    pub entries: Vec<Origin>,
    /// The networks of the site, for [`Reach`] and nothing else.
    pub local: Vec<IpNet>,
}

impl Policy {
    /// The member with this number.
    #[must_use]
    pub fn member(&self, no: MemberNo) -> Option<&Member> {
        self.members.get(no.0 as usize)
    }

    /// The rules of a member: they stand together, because rules are sorted.
    #[must_use]
    pub fn rules_of(&self, no: MemberNo) -> &[Rule] {
        let from = self.rules.partition_point(|rule| rule.member < no);
        let to = self.rules.partition_point(|rule| rule.member <= no);
        self.rules.get(from..to).unwrap_or_default()
    }

    /// Whether an address may be what a name means.
    #[must_use]
    pub fn may_mean(&self, no: NameNo, ip: IpAddr) -> bool {
        let only = self.only.iter().find(|(held, _)| *held == no);
        only.is_none_or(|(_, version)| *version == IpVersion::of(ip))
    }

    /// The entry behind a rule.
    #[must_use]
    pub fn origin(&self, rule: &Rule) -> Option<&Origin> {
        self.entries.get(rule.entry as usize)
    }
}
