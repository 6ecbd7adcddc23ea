//! Questions about two ends, and their answers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cordon_contract::{Bindings, Judge, Member, MemberNo, Policy, Refusal};
use cordon_enforce::{
    ChainName, Effect, Family, Hook, Loaded, Other, SetName, Verdict, Who, internet,
};
use cordon_enforce::{Field, Match, Value};
use cordon_model::{DeviceId, Text, Timestamp};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Finding, Reason};
use crate::index::Index;
use crate::region::{Cube, Links, NO_MAC, Part, Region, mac_number, number};
use crate::spans::Spans;
use crate::told;
use crate::walk::{Ends, Ground};

/// Longest text of a limit: a rule of others may be long.
const MAX_LIMIT: usize = 300;
/// The first of the IPv6 addresses that are of one link alone: fe80::/10.
const LINK_LOCAL: u128 = 0xfe80 << 112;

/// One end of a question.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// A device of the policy: whatever comes from its link-layer addresses or its addresses, and
    /// whatever is sent to its addresses.
    Device(DeviceId),
    /// A network, and what comes from there and from no device of the policy.
    Net(IpNet),
    /// Every public address that is not the site's.
    Internet,
    /// The enforcing machine itself.
    Here,
}

/// What is so around the rules and cannot be seen in them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Surroundings {
    /// What others have in nftables.
    pub others: Vec<Other>,
    /// Interfaces behind which neighbours reach each other only through this machine: isolated
    /// ports, or a bridge of this machine whose packets the rules see.
    pub apart: BTreeSet<Text>,
    /// Whether devices behind routers reach each other only through this machine.
    pub routed: bool,
    /// Whether a device may be heard by any interface and not by its own alone: it is carried
    /// elsewhere, or another link leads to it.
    pub elsewhere: bool,
}

/// Rules made ready to be asked about.
pub struct Prover<'a> {
    pub(crate) ground: Ground<'a>,
    pub(crate) links: Arc<Links>,
    pub(crate) policy: &'a Policy,
    pub(crate) bindings: &'a Bindings,
    pub(crate) judge: Judge<'a>,
    pub(crate) around: &'a Surroundings,
    pub(crate) loaded: &'a Loaded,
    pub(crate) at: Timestamp,
    by_device: HashMap<&'a DeviceId, MemberNo>,
    /// What makes every "impossible" uncertain.
    doubts: Vec<Text>,
    /// Link-layer addresses that are no member's.
    strangers: Spans,
}

impl<'a> Prover<'a> {
    /// Makes rules ready: the policy and the names explain them and say whose addresses are whose,
    /// and are not believed otherwise.
    #[must_use]
    pub fn new(
        loaded: &'a Loaded,
        policy: &'a Policy,
        bindings: &'a Bindings,
        around: &'a Surroundings,
        at: Timestamp,
    ) -> Self {
        let links = Links::of(names(loaded, policy));
        let mut doubts: Vec<Text> =
            loaded.strange.iter().map(|what| limit(&format!("our table has {what}"))).collect();
        doubts.extend(odd_protocols(loaded));
        let bypasses = |other: &&Other| other.effect == Effect::Bypasses;
        doubts.extend(around.others.iter().filter(bypasses).map(said));
        let told = told::elements(policy, at).unwrap_or_else(|error| {
            doubts.push(limit(&format!("what names may come to mean is not known: {error}")));
            Default::default()
        });
        let macs = policy.members.iter().filter(|member| member.link.is_some());
        let macs = macs.flat_map(|member| &member.macs).map(|mac| mac_number(*mac));
        let macs = Spans::of(macs.map(|mac| (mac, mac)).collect());
        let numbered = (0..).map(MemberNo).zip(&policy.members);
        Prover {
            ground: Ground {
                chains: loaded.chains.iter().map(|chain| (chain.name, chain)).collect(),
                index: Index::new(&loaded.elements, &links, at),
                told: Index::thought_of(&told, &links, at),
                meanings: Family::ALL.map(|family| (family, told::meanings(policy, family))),
                links: links.clone(),
            },
            links: Arc::new(links),
            policy,
            bindings,
            judge: Judge::new(policy),
            around,
            loaded,
            at,
            by_device: numbered.map(|(no, member)| (&member.device, no)).collect(),
            doubts,
            strangers: Spans::one(0, NO_MAC).minus(&macs),
        }
    }

    /// Whether one end can open conversations to the other, and what of the other way round.
    #[must_use]
    pub fn prove(&self, from: &End, to: &End) -> Finding {
        let answers = !self.walk(from, to, true, false).passed.is_empty();
        Finding {
            from: self.label(from),
            to: self.label(to),
            answer: self.answer(from, to),
            reverse: self.answer(to, from),
            answers,
            stopped_twice: self.is_stopped_by_receiver(from, to),
        }
    }

    /// Whether a packet that opens a conversation can get from one end to the other.
    #[must_use]
    pub fn answer(&self, from: &End, to: &End) -> Answer {
        let ends = self.walk(from, to, false, false);
        let mut ways = self.ways(from, to, &ends, false);
        if !self.ground.told.is_empty() {
            ways.extend(self.ways(from, to, &self.walk(from, to, false, true), true));
        }
        let mut limits = self.doubts.clone();
        limits.extend(ends.unknown.iter().map(|why| limit(why)));
        self.add_blind_spots(from, to, &mut limits);
        if ways.len() > crate::MAX_WAYS {
            ways.truncate(crate::MAX_WAYS);
            limits.push("there are more ways than are shown".into());
        }
        if !ways.is_empty() {
            let others = self.around.others.iter();
            limits.extend(others.filter(|other| other.effect != Effect::Bypasses).map(said));
            return Answer::Possible { ways, limits };
        }
        let because = self.reasons(from, to, &ends);
        if limits.is_empty() {
            Answer::Impossible { because }
        } else {
            Answer::Unknown { limits, because }
        }
    }

    /// Why what has no way between two ends may get through all the same; none if it does not.
    pub(crate) fn doubt(&self, from: &End, to: &End) -> Option<Text> {
        let mut doubts = self.doubts.clone();
        doubts.extend(self.walk(from, to, false, false).unknown.iter().map(|why| limit(why)));
        self.add_blind_spots(from, to, &mut doubts);
        doubts.into_iter().next()
    }

    /// The member that an end is.
    pub(crate) fn member(&self, end: &End) -> Option<(MemberNo, &'a Member)> {
        let End::Device(device) = end else { return None };
        let no = *self.by_device.get(device)?;
        Some((no, self.policy.member(no)?))
    }

    /// What people call an end.
    pub(crate) fn label(&self, end: &End) -> Text {
        match (end, self.member(end)) {
            (_, Some((_, member))) => member.label.clone(),
            (End::Device(device), None) => device.0.clone(),
            (End::Net(net), _) => net.to_string().into(),
            (End::Internet, _) => "the Internet".into(),
            (End::Here, _) => "this machine".into(),
        }
    }

    pub(crate) fn walk(&self, from: &End, to: &End, established: bool, told: bool) -> Ends<'a> {
        let hook = match (from, to) {
            (End::Here, _) => Hook::Output,
            (_, End::Here) => Hook::Input,
            _ => Hook::Forward,
        };
        self.ground.walk(hook, self.regions(from, to, established), told)
    }

    fn regions(&self, from: &End, to: &End, established: bool) -> Vec<Region> {
        let mut regions = Vec::new();
        let apart = match (self.member(from), self.member(to)) {
            (Some((_, from)), Some((_, to))) => self.are_apart(from, to),
            _ => false,
        };
        for family in [Family::V4, Family::V6] {
            let mut targets = self.targets(to, family);
            if apart && family == Family::V6 {
                targets = targets.iter().filter_map(beyond_the_link).collect();
            }
            let cubes: Vec<Cube> = self
                .sources(from, family)
                .into_iter()
                .flat_map(|source| {
                    let targets = targets.clone();
                    targets.into_iter().map(move |target| [source.clone(), target].concat())
                })
                .collect();
            regions.extend(self.cut(family, &cubes, established));
        }
        regions
    }

    /// Whether two devices are surely on different links.
    pub(crate) fn are_apart(&self, a: &Member, b: &Member) -> bool {
        let differ = |(a, b): (&Text, &Text)| a != b;
        !self.around.elsewhere && a.link.as_ref().zip(b.link.as_ref()).is_some_and(differ)
    }

    pub(crate) fn cut(&self, family: Family, cubes: &[Cube], established: bool) -> Vec<Region> {
        let state = (Part::Established, Spans::point(established.into()));
        let mut regions = Vec::new();
        for region in Region::all(family, self.links.count()) {
            let Some(region) = region.and(state.0, &state.1) else { continue };
            regions.extend(cubes.iter().filter_map(|cube| region.and_cube(cube)));
        }
        regions
    }

    /// What an end may send, in cubes that share no packet.
    pub(crate) fn sources(&self, end: &End, family: Family) -> Vec<Cube> {
        match end {
            End::Device(_) => {
                let Some((_, member)) = self.member(end) else { return Vec::new() };
                let ips = (Part::From, addresses(member, family));
                let Some(link) = &member.link else { return vec![vec![ips]] };
                let macs = member.macs.iter().map(|mac| mac_number(*mac));
                let macs = Spans::of(macs.map(|mac| (mac, mac)).collect());
                let others = Spans::one(0, NO_MAC).minus(&macs);
                let mut cubes = vec![vec![(Part::Mac, macs)], vec![(Part::Mac, others), ips]];
                if !self.around.elsewhere {
                    let link = (Part::InLink, Spans::point(self.links.no(link)));
                    cubes.iter_mut().for_each(|cube| cube.push(link.clone()));
                }
                cubes
            }
            End::Net(_) | End::Internet => {
                let strangers = (Part::Mac, self.strangers.clone());
                vec![vec![(Part::From, self.network(end, family)), strangers]]
            }
            End::Here => vec![Vec::new()],
        }
    }

    fn targets(&self, end: &End, family: Family) -> Vec<Cube> {
        match end {
            End::Device(_) => {
                let Some((_, member)) = self.member(end) else { return Vec::new() };
                let mut cube = vec![(Part::To, addresses(member, family))];
                if let Some(link) = member.link.as_ref().filter(|_| !self.around.elsewhere) {
                    cube.push((Part::OutLink, Spans::point(self.links.no(link))));
                }
                vec![cube]
            }
            End::Net(_) | End::Internet => vec![vec![(Part::To, self.network(end, family))]],
            End::Here => vec![Vec::new()],
        }
    }

    fn network(&self, end: &End, family: Family) -> Spans {
        match end {
            End::Net(net) => {
                let (of, first) = number(net.network());
                let (_, last) = number(net.broadcast());
                Spans::of(if of == family { vec![(first, last)] } else { Vec::new() })
            }
            _ => Spans::of(internet(family, &self.policy.local)),
        }
    }

    fn reasons(&self, from: &End, to: &End, ends: &Ends<'a>) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = ends
            .dropped
            .keys()
            .map(|(chain, side, why)| Reason {
                why: *why,
                side: *side,
                who: self.label(match side {
                    cordon_contract::Side::Source => from,
                    cordon_contract::Side::Destination => to,
                }),
                chain: chain.name().into(),
            })
            .collect();
        let firmness = |why: Refusal| match why {
            Refusal::Switched => 0,
            Refusal::Outside => 1,
            Refusal::Spoofed => 2,
        };
        reasons.sort_by_key(|reason| (firmness(reason.why), reason.side));
        reasons
    }

    /// Where packets go that do not pass the rules.
    fn add_blind_spots(&self, from: &End, to: &End, limits: &mut Vec<Text>) {
        for end in [from, to] {
            let label = self.label(end);
            match (end, self.member(end)) {
                (End::Device(_), None) => {
                    limits.push(limit(&format!("{label} is not known to the policy")));
                }
                (End::Device(_), Some((_, member))) if member.ips.is_empty() => {
                    limits.push(limit(&format!("no address of {label} is known")));
                }
                _ => {}
            }
        }
        let beside = |a: &Member, b: &Member| match (&a.link, &b.link) {
            (Some(a), Some(b)) => a == b && !self.around.apart.contains(a),
            (None, None) => !self.around.routed,
            _ => false,
        };
        let (a, b) = (self.member(from), self.member(to));
        let net = match (from, to) {
            (End::Net(net), _) | (_, End::Net(net)) => Some(net),
            _ => None,
        };
        let unseen = match (a.or(b), a.and(b), net) {
            (_, Some((_, b)), _) => a.is_some_and(|(_, a)| beside(a, b)),
            (Some((_, one)), None, Some(net)) => self
                .policy
                .members
                .iter()
                .any(|other| beside(one, other) && other.ips.iter().any(|ip| net.contains(ip))),
            _ => false,
        };
        if unseen {
            let place = a.or(b).and_then(|(_, member)| member.link.clone());
            let text = match place {
                Some(link) => format!(
                    "{} and {} are both behind {link}: what they send each other need not pass here, unless the ports there are isolated",
                    self.label(from),
                    self.label(to)
                ),
                None => format!(
                    "{} and {} are both behind a router: what they send each other need not pass here",
                    self.label(from),
                    self.label(to)
                ),
            };
            limits.push(limit(&text));
        }
    }

    /// Whether the receiver's contract alone lets nothing in from the sender's own addresses.
    fn is_stopped_by_receiver(&self, from: &End, to: &End) -> bool {
        let mut regions = self.regions(from, to, false);
        if let Some((_, member)) = self.member(from) {
            // The receiver's contract knows senders by their addresses alone.
            regions = regions
                .iter()
                .filter_map(|region| region.and(Part::From, &addresses(member, region.family)))
                .collect();
        }
        let enforced = |region: &Region| {
            let stage = self.ground.index.set(SetName::Stage(Who::To, region.family))?;
            let (to, _) = stage
                .joined()
                .iter()
                .find(|(_, spans)| region.part(Part::To).minus(spans).is_empty())?;
            match to {
                Some(Verdict::Jump(chain @ ChainName::Enforce(_))) => Some(*chain),
                _ => None,
            }
        };
        let has_contract = self.member(to).is_some() && !regions.is_empty();
        has_contract
            && regions.into_iter().all(|region| {
                enforced(&region)
                    .is_some_and(|chain| !self.ground.lets_through(chain, region, true))
            })
    }

    /// The doubts about everything, and what others do that changes less.
    pub(crate) fn limits(&self) -> Vec<Text> {
        let others = self.around.others.iter();
        let softer = others.filter(|other| other.effect != Effect::Bypasses).map(said);
        self.doubts.iter().cloned().chain(softer).collect()
    }
}

/// Whether an IPv6 address means somebody on the same link alone: no router carries packets to it
/// to another (RFC 4291 section 2.5.6).
pub(crate) fn is_of_the_link(ip: u128) -> bool {
    ip >> 118 == LINK_LOCAL >> 118
}

/// What is left of targets that a router has to carry packets to.
fn beyond_the_link(cube: &Cube) -> Option<Cube> {
    let of_the_link = Spans::one(LINK_LOCAL, LINK_LOCAL | (u128::MAX >> 10));
    let mut cube = cube.clone();
    for (_, spans) in cube.iter_mut().filter(|(part, _)| *part == Part::To) {
        *spans = spans.minus(&of_the_link);
        if spans.is_empty() {
            return None;
        }
    }
    Some(cube)
}

pub(crate) fn addresses(member: &Member, family: Family) -> Spans {
    let of_family = member.ips.iter().map(|ip| number(*ip)).filter(|(of, _)| *of == family);
    Spans::of(of_family.map(|(_, ip)| (ip, ip)).collect())
}

/// Elements about ports of protocols other than TCP and UDP. We write none, and what the kernel
/// finds at the place of a port there is not worked out here.
fn odd_protocols(loaded: &Loaded) -> Option<Text> {
    let odd = loaded.elements.iter().any(|(set, elements)| {
        let fields = set.fields();
        let place = fields.iter().position(|field| *field == Field::Proto);
        let Some(place) = place.filter(|_| fields.contains(&Field::ToPort)) else { return false };
        let one = |value: &Value| matches!(value, Value::Proto(6 | 17));
        let plain = |element: &cordon_enforce::Element| {
            element.key.parts().nth(place).is_some_and(|(a, b)| a == b && one(a))
        };
        !elements.iter().all(plain)
    });
    odd.then(|| "our table has elements about ports of protocols other than TCP and UDP".into())
}

/// Every interface that anything speaks of.
fn names(loaded: &Loaded, policy: &Policy) -> Vec<Text> {
    let mut names: Vec<Text> =
        policy.members.iter().filter_map(|member| member.link.clone()).collect();
    let mut add = |value: &Value| {
        if let Value::Link(link) = value {
            names.push(link.clone());
        }
    };
    // Only these sets have interfaces in their keys, and always first.
    for set in
        [SetName::LifeLink, SetName::Linked, SetName::Bound(Family::V4), SetName::Bound(Family::V6)]
    {
        for element in loaded.elements.get(&set).into_iter().flatten() {
            element.key.first.iter().for_each(&mut add);
        }
    }
    for rule in loaded.chains.iter().flat_map(|chain| &chain.rules).flatten() {
        for condition in &rule.matches {
            match condition {
                Match::Is(_, value) => add(value),
                Match::OneOf(_, values) => values.iter().for_each(&mut add),
                _ => {}
            }
        }
    }
    names
}

fn said(other: &Other) -> Text {
    let Other { effect, place, what } = other;
    let does = match effect {
        Effect::Refuses => "may stop what our rules let through",
        Effect::Translates => "changes addresses before or after our rules look",
        Effect::Offloads => {
            "takes conversations that began past our rules, so that the switch does not end them"
        }
        Effect::Bypasses => "may take packets past our rules",
    };
    limit(&format!("{what} in {place} {does}"))
}

pub(crate) fn limit(text: &str) -> Text {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_LIMIT).collect()
}
