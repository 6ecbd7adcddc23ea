//! Whom a compromised device reaches, in how many steps.

use std::collections::BTreeSet;

use cordon_contract::MemberNo;
use cordon_enforce::{Family, Hook};
use cordon_model::{DeviceId, Text};
use serde::Serialize;

use crate::prover::{End, Prover, addresses, is_of_the_link};
use crate::region::{Cube, Part, number};
use crate::spans::Spans;

/// Most steps: who needs more has the whole site.
pub const MAX_HOPS: usize = 16;

/// Whom a compromised device reaches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Blast {
    /// The device.
    pub from: DeviceId,
    /// Whom it can open conversations to, at the first place; at the next, whom those can, if they
    /// are taken over in turn; each device once. That an attacker lies to devices about names changes
    /// nothing here: no name comes to mean a device of the policy.
    pub hops: Vec<Vec<DeviceId>>,
    /// How many it would reach at once if there were no rules.
    pub before: usize,
    /// Neighbours on the same link, whom it may reach without passing here; in no list above
    /// unless the rules let it through too.
    pub beside: Vec<DeviceId>,
    /// What is not certain.
    pub limits: Vec<Text>,
}

impl Blast {
    /// How many it reaches in so many steps.
    #[must_use]
    pub fn within(&self, hops: usize) -> usize {
        self.hops.iter().take(hops).map(Vec::len).sum()
    }

    /// In plain words.
    #[must_use]
    pub fn says(&self) -> String {
        let all = self.within(MAX_HOPS);
        let mut text = format!(
            "Taken over, {} reaches {} of {} devices at once, and {all} step by step (looked {} deep).",
            self.from.0,
            self.within(1),
            self.before,
            self.hops.len()
        );
        if !self.beside.is_empty() {
            text.push_str(&format!(
                " {} neighbours on its link are out of this machine's sight.",
                self.beside.len()
            ));
        }
        text
    }
}

impl Prover<'_> {
    /// Whom a device reaches in so many steps; none if it is not known.
    #[must_use]
    pub fn blast(&self, device: &DeviceId, hops: usize) -> Option<Blast> {
        let (no, member) = self.member(&End::Device(device.clone()))?;
        let targets = Targets::of(self);
        let mut limits = BTreeSet::new();
        let now = self.spread(no, hops, &targets, &mut limits);
        let others =
            || (0..).map(MemberNo).zip(&self.policy.members).filter(|(other, _)| *other != no);
        let families = |ips: &[std::net::IpAddr]| {
            [ips.iter().any(std::net::IpAddr::is_ipv4), ips.iter().any(std::net::IpAddr::is_ipv6)]
        };
        let mine = families(&member.ips);
        let in_common =
            |ips: &[std::net::IpAddr]| families(ips).into_iter().zip(mine).any(|(a, b)| a && b);
        let beside = others().filter(|(_, other)| {
            let link = member.link.as_ref();
            other.link.as_ref() == link
                && link.is_some_and(|link| !self.around.apart.contains(link))
        });
        limits.extend(self.limits());
        Some(Blast {
            from: device.clone(),
            hops: now,
            before: others().filter(|(_, other)| in_common(&other.ips)).count(),
            beside: beside.map(|(_, other)| other.device.clone()).collect(),
            limits: limits.into_iter().collect(),
        })
    }

    fn spread(
        &self,
        from: MemberNo,
        hops: usize,
        targets: &Targets,
        limits: &mut BTreeSet<Text>,
    ) -> Vec<Vec<DeviceId>> {
        let mut reached = BTreeSet::from([from]);
        let mut edge = BTreeSet::from([from]);
        let mut lists = Vec::new();
        for _ in 0..hops.min(MAX_HOPS) {
            let mut next = BTreeSet::new();
            for no in &edge {
                next.extend(self.reached(*no, targets, limits));
            }
            edge = next.difference(&reached).copied().collect();
            if edge.is_empty() {
                break;
            }
            reached.extend(&edge);
            let devices = edge.iter().filter_map(|no| self.policy.member(*no));
            lists.push(devices.map(|member| member.device.clone()).collect());
        }
        lists
    }

    /// Whom a device can open conversations to.
    fn reached(
        &self,
        no: MemberNo,
        targets: &Targets,
        limits: &mut BTreeSet<Text>,
    ) -> BTreeSet<MemberNo> {
        let mut reached = BTreeSet::new();
        let Some(member) = self.policy.member(no) else { return reached };
        let from = End::Device(member.device.clone());
        let mut regions = Vec::new();
        for OfFamily { family, owners, all } in &targets.0 {
            let mut cubes: Vec<Cube> = self.sources(&from, *family);
            // What a device sends to itself is no concern of anybody.
            let others = all.minus(&addresses(member, *family));
            cubes.iter_mut().for_each(|cube| cube.push((Part::To, others.clone())));
            if !owners.is_empty() {
                regions.extend(self.cut(*family, &cubes, false));
            }
        }
        let ends = self.ground.walk(Hook::Forward, regions, false);
        limits.extend(ends.unknown.iter().map(|why| crate::prover::limit(why)));
        for piece in &ends.passed {
            let region = &piece.region;
            let of_family = targets.0.iter().find(|of| of.family == region.family);
            let Some(OfFamily { family, owners, .. }) = of_family else { continue };
            for (first, last) in region.part(Part::To).iter() {
                let from = owners.partition_point(|(ip, _)| *ip < first);
                let to = owners.partition_point(|(ip, _)| *ip <= last);
                let there = |no: &MemberNo| {
                    let link = self.policy.member(*no).and_then(|member| member.link.as_ref());
                    self.around.elsewhere
                        || link.is_none_or(|link| {
                            region.part(Part::OutLink).contains(self.links.no(link))
                        })
                };
                let owners = owners.get(from..to).unwrap_or_default().iter();
                let carried = |(ip, no): &&(u128, MemberNo)| {
                    let to = self.policy.member(*no);
                    *family != Family::V6
                        || !is_of_the_link(*ip)
                        || !to.is_some_and(|to| self.are_apart(member, to))
                };
                reached.extend(owners.filter(carried).map(|(_, no)| *no).filter(there));
            }
        }
        reached.remove(&no);
        reached
    }
}

/// Every device by its addresses, for each family.
struct Targets(Vec<OfFamily>);

struct OfFamily {
    family: Family,
    /// Addresses with their owners, sorted.
    owners: Vec<(u128, MemberNo)>,
    all: Spans,
}

impl Targets {
    fn of(prover: &Prover<'_>) -> Self {
        let of_family = |family: Family| {
            let members = (0..).map(MemberNo).zip(&prover.policy.members);
            let mut owners: Vec<(u128, MemberNo)> = members
                .flat_map(|(no, member)| member.ips.iter().map(move |ip| (number(*ip), no)))
                .filter(|((of, _), _)| *of == family)
                .map(|((_, ip), no)| (ip, no))
                .collect();
            owners.sort_unstable();
            let all = Spans::of(owners.iter().map(|(ip, _)| (*ip, *ip)).collect());
            OfFamily { family, owners, all }
        };
        Targets([Family::V4, Family::V6].map(of_family).into())
    }
}
