//! All packets of a question on their way through the chains at once: each rule parts them into
//! those that it is about and those that it is not.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use cordon_contract::{Refusal, Side};
use cordon_enforce::{
    ChainName, Element, Family, Field, Hook, LoadedChain, Logged, Match, Rule, SetName, Then,
    Verdict, Who,
};

use crate::index::{Index, grouped};
use crate::region::{Links, Part, Region, number, part, readable, value};
use crate::spans::Spans;

/// Deepest chain of jumps; the kernel takes 16 as well.
const MAX_DEPTH: u32 = 16;

/// Most pieces that packets are parted into: far more than any contract makes, and a second of work.
const MAX_PIECES: usize = 1_000_000;

/// What is walked through.
pub(crate) struct Ground<'a> {
    pub(crate) chains: HashMap<ChainName, &'a LoadedChain>,
    pub(crate) index: Index<'a>,
    /// What may come to be held without anybody's doing: addresses of names.
    pub(crate) told: Index<'a>,
    /// The addresses that names may come to mean, for each family.
    pub(crate) meanings: [(Family, Spans); 2],
    pub(crate) links: Links,
}

/// Packets, and how they came here.
#[derive(Clone)]
pub(crate) struct Piece<'a> {
    pub(crate) region: Region,
    pub(crate) trail: Trail<'a>,
    /// It was logged as outside of a contract, and goes on.
    pub(crate) warned: Option<Side>,
}

/// The rules that were met, the last first.
pub(crate) type Trail<'a> = Option<Rc<Met<'a>>>;

/// A rule that was met.
pub(crate) struct Met<'a> {
    pub(crate) chain: ChainName,
    pub(crate) rule: usize,
    pub(crate) does: Does,
    pub(crate) set: Option<SetName>,
    pub(crate) element: Option<&'a Element>,
    /// The element is not held now, but may be.
    pub(crate) told: bool,
    before: Trail<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Accept,
    Return,
    Goto(ChainName),
    Jump(ChainName),
}

/// Where everything ended.
#[derive(Default)]
pub(crate) struct Ends<'a> {
    pub(crate) passed: Vec<Piece<'a>>,
    /// By chain, side and reason.
    pub(crate) dropped: BTreeMap<(ChainName, Side, Refusal), Region>,
    /// What nobody can say, and why.
    pub(crate) unknown: Vec<String>,
}

/// The rules that a piece met, the first first.
pub(crate) fn met<'t, 'a>(trail: &'t Trail<'a>) -> Vec<&'t Met<'a>> {
    let mut all = Vec::new();
    let mut here = trail.as_ref();
    while let Some(met) = here {
        all.push(&**met);
        here = met.before.as_ref();
    }
    all.reverse();
    all
}

impl<'a> Ground<'a> {
    /// What becomes of packets at a hook. With `told`, names may mean whatever devices are told.
    pub(crate) fn walk(&self, hook: Hook, regions: Vec<Region>, told: bool) -> Ends<'a> {
        let pieces =
            regions.into_iter().map(|region| Piece { region, trail: None, warned: None }).collect();
        let mut walk = Walk { ground: self, told, hook, pieces: 0, ends: Ends::default() };
        let base = self.chains.values().find(|chain| chain.hook == Some(hook));
        let through = match base {
            Some(chain) => walk.chain(chain.name, pieces, 0, None),
            None => pieces,
        };
        // What falls through a base chain passes.
        walk.ends.passed.extend(through);
        walk.ends
    }

    /// Which other ends an element that is only thought of may be about.
    fn peers(&self, set: SetName, family: Family) -> Option<(Part, Spans)> {
        let SetName::Allow(who, ..) = set else { return None };
        let part = if who == Who::To { Part::From } else { Part::To };
        let (_, spans) = self.meanings.iter().find(|(of, _)| *of == family)?;
        Some((part, spans.clone()))
    }

    /// Whether a chain alone lets any of these packets go on.
    pub(crate) fn lets_through(&self, chain: ChainName, region: Region, told: bool) -> bool {
        let mut walk =
            Walk { ground: self, told, hook: Hook::Forward, pieces: 0, ends: Ends::default() };
        let piece = Piece { region, trail: None, warned: None };
        let back = walk.chain(chain, vec![piece], 0, None);
        !back.is_empty() || !walk.ends.passed.is_empty() || !walk.ends.unknown.is_empty()
    }
}

struct Walk<'g, 'a> {
    ground: &'g Ground<'a>,
    told: bool,
    hook: Hook,
    pieces: usize,
    ends: Ends<'a>,
}

impl<'a> Walk<'_, 'a> {
    /// What comes back from a chain.
    fn chain(
        &mut self,
        name: ChainName,
        mut pieces: Vec<Piece<'a>>,
        depth: u32,
        mut logged: Option<Logged>,
    ) -> Vec<Piece<'a>> {
        let Some(chain) = self.ground.chains.get(&name).copied().filter(|_| depth < MAX_DEPTH)
        else {
            if !pieces.is_empty() {
                self.unknown(format!("the chain {} is not there", name.name()));
            }
            return Vec::new();
        };
        let mut back = Vec::new();
        for (no, rule) in chain.rules.iter().enumerate() {
            if pieces.is_empty() {
                break;
            }
            let rule = match rule {
                Ok(rule) => rule,
                Err(text) => {
                    self.unknown(format!("a rule in {} that is not ours: {text}", name.name()));
                    continue;
                }
            };
            let (about, others) = self.about(name, rule, pieces);
            pieces = others;
            if about.is_empty() {
                continue;
            }
            let here = Here { chain: name, rule: no };
            match &rule.then {
                Then::Accept => {
                    self.ends
                        .passed
                        .extend(about.into_iter().map(|hit| here.mark(hit, Does::Accept)));
                }
                Then::Drop => self.dropped(name, logged, about),
                Then::Return => {
                    back.extend(about.into_iter().map(|hit| here.mark(hit, Does::Return)));
                }
                Then::Goto(to) => {
                    let goes = about.into_iter().map(|hit| here.mark(hit, Does::Goto(*to)));
                    back.extend(self.chain(*to, goes.collect(), depth + 1, logged));
                }
                Then::Jump(to) => {
                    let goes = about.into_iter().map(|hit| hit.piece).collect();
                    pieces.extend(self.chain(*to, goes, depth + 1, logged));
                }
                Then::Map(fields, set) => {
                    let mut by: BTreeMap<Verdict, Vec<Piece<'a>>> = BTreeMap::new();
                    for hit in about {
                        self.map(fields, *set, hit.piece, here, &mut by, &mut pieces);
                    }
                    for (verdict, of) in by {
                        match verdict {
                            Verdict::Return => back.extend(of),
                            Verdict::Goto(to) => {
                                back.extend(self.chain(to, of, depth + 1, logged));
                            }
                            Verdict::Jump(to) => {
                                pieces.extend(self.chain(to, of, depth + 1, logged));
                            }
                        }
                    }
                }
                Then::Log(what) => {
                    if what.dropped {
                        logged = Some(*what);
                    }
                    pieces.extend(about.into_iter().map(|hit| {
                        let mut piece = hit.piece;
                        if !what.dropped {
                            piece.warned = piece.warned.or(Some(what.side));
                        }
                        piece
                    }));
                }
            }
        }
        back.extend(pieces);
        back
    }

    /// Those that a rule is about, and the others.
    fn about(
        &mut self,
        chain: ChainName,
        rule: &Rule,
        pieces: Vec<Piece<'a>>,
    ) -> (Vec<Hit<'a>>, Vec<Piece<'a>>) {
        let mut about: Vec<Hit<'a>> = pieces
            .into_iter()
            .map(|piece| Hit { piece, set: None, element: None, told: false })
            .collect();
        let mut others = Vec::new();
        for condition in &rule.matches {
            let mut next = Vec::new();
            for hit in about {
                self.condition(chain, rule, condition, hit, &mut next, &mut others);
            }
            about = next;
        }
        self.pieces += about.len() + others.len();
        if self.pieces > MAX_PIECES {
            self.unknown("there are too many cases to look at".into());
            return (Vec::new(), Vec::new());
        }
        (about, others)
    }

    fn condition(
        &mut self,
        chain: ChainName,
        rule: &Rule,
        condition: &Match,
        hit: Hit<'a>,
        yes: &mut Vec<Hit<'a>>,
        no: &mut Vec<Piece<'a>>,
    ) {
        let links = &self.ground.links;
        let family = hit.piece.region.family;
        let one = |field: Field, spans: Spans| {
            readable(field, family).map(|mut cube| {
                cube.push((part(field), spans));
                cube
            })
        };
        let cube = match condition {
            Match::In(fields, set) => return self.within(fields, *set, hit, yes, no),
            Match::NotIn(field, set) => {
                let held = self.ground.index.set(*set);
                let all = Spans::one(0, u128::MAX);
                let outside = held.map_or(&[][..], |held| held.joined()).iter();
                let outside = outside.fold(all, |rest, (_, spans)| rest.minus(spans));
                one(*field, outside)
            }
            Match::Is(field, is) => one(*field, Spans::point(value(is, links))),
            Match::OneOf(field, values) => {
                let spans = values.iter().map(|one| (value(one, links), value(one, links)));
                one(*field, Spans::of(spans.collect()))
            }
            Match::Net(field, first, length) => {
                let net = ipnet::IpNet::new(*first, *length).ok();
                net.and_then(|net| {
                    let first = number(net.network());
                    let last = number(net.broadcast());
                    (first.0 == family).then(|| Spans::one(first.1, last.1))
                })
                .and_then(|spans| one(*field, spans))
            }
            Match::Here(field) => {
                let own = match field {
                    Field::From4 | Field::From6 => self.hook == Hook::Output,
                    _ => self.hook == Hook::Input,
                };
                own.then(Vec::new)
            }
            Match::NeverForwarded => {
                (family == Family::V6).then(|| vec![(Part::Fresh, Spans::point(1))])
            }
            Match::Established => Some(vec![(Part::Established, Spans::point(1))]),
            Match::Scarce(_, field, _) => {
                if !matches!(rule.then, Then::Log(_)) {
                    // How often something comes is nothing that a packet shows.
                    self.unknown(format!("a rule in {} that counts", chain.name()));
                }
                readable(*field, family)
            }
        };
        let Some(cube) = cube else {
            no.push(hit.piece);
            return;
        };
        let mut outside = Vec::new();
        if let Some(inside) = hit.piece.region.split(&cube, &mut outside) {
            yes.push(hit.with(inside));
        }
        no.extend(outside.into_iter().map(|region| Piece { region, ..hit.piece.clone() }));
    }

    /// Those that are in a set, by the element that says so, and the others.
    fn within(
        &mut self,
        fields: &[Field],
        set: SetName,
        hit: Hit<'a>,
        yes: &mut Vec<Hit<'a>>,
        no: &mut Vec<Piece<'a>>,
    ) {
        let rest = self.look(fields, set, &hit.piece.region, &mut |region, _, element, told| {
            let piece = Piece { region, ..hit.piece.clone() };
            yes.push(Hit { piece, set: Some(set), element, told });
        });
        no.extend(rest.into_iter().map(|region| Piece { region, ..hit.piece.clone() }));
    }

    fn map(
        &mut self,
        fields: &[Field],
        set: SetName,
        piece: Piece<'a>,
        here: Here,
        by: &mut BTreeMap<Verdict, Vec<Piece<'a>>>,
        no: &mut Vec<Piece<'a>>,
    ) {
        let mut strange = false;
        let rest = self.look(fields, set, &piece.region, &mut |region, to, element, told| {
            let Some(to) = to else {
                strange = true;
                return;
            };
            let does = match to {
                Verdict::Return => Does::Return,
                Verdict::Jump(chain) => Does::Jump(chain),
                Verdict::Goto(chain) => Does::Goto(chain),
            };
            let hit =
                Hit { piece: Piece { region, ..piece.clone() }, set: Some(set), element, told };
            by.entry(to).or_default().push(here.mark(hit, does));
        });
        if strange {
            self.unknown(format!("an element of {set} leads nowhere"));
        }
        no.extend(rest.into_iter().map(|region| Piece { region, ..piece.clone() }));
    }

    /// Parts packets by the elements of a set; returns those that no element is about.
    fn look(
        &self,
        fields: &[Field],
        set: SetName,
        region: &Region,
        found: &mut dyn FnMut(Region, Option<Verdict>, Option<&'a Element>, bool),
    ) -> Vec<Region> {
        let mut readables = Vec::new();
        for field in fields {
            match readable(*field, region.family) {
                Some(cube) => readables.extend(cube),
                None => return vec![region.clone()],
            }
        }
        let mut others = Vec::new();
        let Some(whole) = region.split(&readables, &mut others) else { return others };
        let parts: Vec<Part> = fields.iter().map(|field| part(*field)).collect();
        let mut left = vec![whole.clone()];
        let told = self.told.then_some((&self.ground.told, true));
        for (index, told) in [(&self.ground.index, false)].into_iter().chain(told) {
            let Some(held) = index.set(set) else { continue };
            if held.has_several_parts() {
                for mut group in grouped(&held.candidates(&parts, &whole), &parts) {
                    if told {
                        group.cube.extend(self.ground.peers(set, whole.family));
                    }
                    let mut next = Vec::with_capacity(left.len());
                    for region in left {
                        let Some(inside) = region.split(&group.cube, &mut next) else { continue };
                        for (entry, own) in &group.entries {
                            let own = own.as_ref();
                            let of = own.map_or(Some(inside.clone()), |(part, spans)| {
                                inside.and(*part, spans)
                            });
                            if let Some(of) = of {
                                found(of, entry.to, entry.element, told);
                            }
                        }
                    }
                    left = next;
                }
            } else if let [part] = parts.as_slice() {
                for (to, spans) in held.joined() {
                    let mut next = Vec::with_capacity(left.len());
                    let cube = [(*part, spans.clone())];
                    for region in left {
                        if let Some(inside) = region.split(&cube, &mut next) {
                            found(inside, *to, None, told);
                        }
                    }
                    left = next;
                }
            }
        }
        others.extend(left);
        others
    }

    fn dropped(&mut self, chain: ChainName, logged: Option<Logged>, about: Vec<Hit<'a>>) {
        // Nothing of ours drops without a word.
        let (side, why) =
            logged.map_or((Side::Source, Refusal::Outside), |logged| (logged.side, logged.why));
        for hit in about {
            self.ends.dropped.entry((chain, side, why)).or_insert(hit.piece.region);
        }
    }

    fn unknown(&mut self, why: String) {
        /// One is enough to say that nothing is certain; a few help to find out.
        const MAX_UNKNOWN: usize = 16;
        if self.ends.unknown.len() < MAX_UNKNOWN && !self.ends.unknown.contains(&why) {
            self.ends.unknown.push(why);
        }
    }
}

#[derive(Clone, Copy)]
struct Here {
    chain: ChainName,
    rule: usize,
}

impl Here {
    fn mark<'a>(self, hit: Hit<'a>, does: Does) -> Piece<'a> {
        let Hit { mut piece, set, element, told } = hit;
        let (chain, rule) = (self.chain, self.rule);
        let before = piece.trail.take();
        piece.trail = Some(Rc::new(Met { chain, rule, does, set, element, told, before }));
        piece
    }
}

/// Packets that a rule is about, so far, and the element that says so.
struct Hit<'a> {
    piece: Piece<'a>,
    set: Option<SetName>,
    element: Option<&'a Element>,
    told: bool,
}

impl Hit<'_> {
    fn with(&self, region: Region) -> Self {
        Hit { piece: Piece { region, ..self.piece.clone() }, ..*self }
    }
}
