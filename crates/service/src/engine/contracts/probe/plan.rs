//! What is tried: asked of the rules, allowed, and written down before anything is sent.

use std::net::IpAddr;

use cordon_contract::resolve::Known;
use cordon_contract::{Bindings, Carrier};
use cordon_model::DeviceId;
use cordon_model::record::Action;
use cordon_probe::{Care, Chance, Choice, Port, choose, ports};
use cordon_prove::{Answer as Proven, Chance as Held, End, Kind, Prover};
use ipnet::IpNet;

use super::care::{delicate, served};
use super::{MOST_TRIES, PLANS, Plan};
use crate::engine::Engine;
use crate::engine::contracts::prove::{Ground, is_beside};
use crate::engine::devices::{find, link};
use crate::engine::show::hex;
use crate::engine::world::World;
use crate::view::{ProbePlanView, ProbePort, ProbeRequest, ProbeTryView};
use crate::{Answer, Caller, Problem, ProblemKind, Who};

/// The name of a machine that stands in nobody's place.
const THIS_MACHINE: &str = "this-machine";

/// What an address is to the rules.
pub(super) struct Standing {
    end: End,
    device: Option<DeviceId>,
    /// Whether packets from there need not pass this machine.
    beside: bool,
    /// Whether it cannot be told.
    unsure: bool,
}

impl Engine {
    pub(in crate::engine) async fn set_out_to_probe(
        &self,
        caller: &Caller,
        request: &ProbeRequest,
    ) -> Answer<ProbePlanView> {
        let named = ports(request.ports.iter().map(|port| port.0.as_str()))
            .map_err(|error| Problem::invalid(error.to_string()))?;
        let source = source(request)?;
        let world = self.world.load_full();
        let record = find(&world, request.to.trim())?;
        self.may_device(caller, Action::ProbeMake, record, false)?;
        let why = delicate(&world.register, record);
        if let (Some(why), false) = (&why, request.towards_ot) {
            let label = record.label();
            return Err(Problem::new(
                ProblemKind::Conflict,
                format!("{label} {why}: nothing is sent to it unless you say --towards-ot"),
            ));
        }
        if !request.listening && named.iter().any(|port| matches!(port, Port::Udp(_))) {
            return Err(Problem::invalid(
                "a datagram tells nothing where nobody answers it: have a machine listen in the device's \
                 place (cordon probe --listen), and say --listening",
            ));
        }
        let ground = self.ground().await?;
        let to = ground.known(&record.id).ok_or_else(|| no_address(&record.label()))?;
        let from = named_from(&ground, &world, &request.from)?;
        if from.as_ref().is_some_and(|from| from.id == to.id) {
            return Err(Problem::invalid("a probe goes from one device to another; name two"));
        }
        let address = address(to, source).ok_or_else(|| no_address(&to.label))?;
        if source.is_some_and(|source| to.ips.contains(&source)) {
            return Err(Problem::invalid(format!(
                "this machine has an address of {}; start from another place",
                to.label
            )));
        }
        let standing =
            source.map(|source| self.standing(&ground, caller, from.as_ref(), source, to));
        let choice = |possible: &[(Port, Port)]| {
            let care = if why.is_some() { Care::Careful } else { Care::Ordinary };
            let served = served(record);
            choose(&Choice { possible, served: &served, care, listening: request.listening })
        };
        let tried = match (named.is_empty(), &standing) {
            (false, _) => named,
            (true, Some(standing)) => choice(&ground.open(standing, to, address)),
            (true, None) => choice(&[]),
        };
        // Before it is known from where, nothing is known of the rules.
        let held = match (&standing, source) {
            (Some(standing), Some(source)) => {
                ground.chances(&standing.end, standing.beside, to, (source, address), &tried)
            }
            _ => Vec::new(),
        };
        let mut view = ProbePlanView {
            id: String::new(),
            from: from.as_ref().map(|from| from.label.to_string()).unwrap_or_default(),
            to: link(&world, &to.id).unwrap_or_default(),
            address: address.to_string(),
            tries: tries(&tried, &held),
            says: Vec::new(),
        };
        if let (Some(source), Some(standing)) = (source, &standing) {
            view.says = told(&ground, from.as_ref(), source, standing);
        }
        if let Some(why) = &why {
            view.says.push(format!("{} {why}: it is tried with care.", to.label));
        }
        if tried.is_empty() {
            let says = "Nothing is known that would be worth trying; name ports with --ports.";
            view.says.push(says.to_owned());
        }
        let (Some(source), Some(standing), false) = (source, standing, request.rehearse) else {
            return Ok(view);
        };
        if tried.is_empty() {
            return Err(Problem::invalid(view.says.pop().unwrap_or_default()));
        }
        let tries: Vec<(Port, Chance)> =
            tried.iter().copied().zip(held.iter().map(plain)).collect();
        let plan = Plan {
            id: fresh_id()?,
            actor: caller.actor(),
            from: view.from.as_str().into(),
            end: standing.end,
            device: standing.device,
            source,
            to: to.id.clone(),
            address,
            tries,
            beside: standing.beside,
            unsure: standing.unsure,
            made: self.clock.instant(),
            reported: false,
        };
        view.id.clone_from(&plan.id);
        self.write_plan(caller, plan, why.is_some()).await?;
        Ok(view)
    }

    /// Writes down what is about to be sent, so that nothing is sent that is not written.
    async fn write_plan(&self, caller: &Caller, plan: Plan, careful: bool) -> Answer<()> {
        let _writing = self.writing.lock().await;
        {
            let mut probes = self.probes();
            probes.tidy(plan.made);
            if probes.plans.len() >= PLANS {
                return Err(many("too many probes in the last hour; try again later"));
            }
            if probes.left(&plan.to) < plan.tries.len() {
                return Err(many(format!(
                    "a device is tried at most {MOST_TRIES} times an hour; try again later"
                )));
            }
        }
        let ports: Vec<String> = plan.tries.iter().map(|(port, _)| port.to_string()).collect();
        let (source, address, ports) =
            (plan.source.to_string(), plan.address.to_string(), ports.join(","));
        let detail = [
            ("from", plan.from.as_str()),
            ("source", &source),
            ("address", &address),
            ("ports", &ports),
            ("towards-ot", if careful { "yes" } else { "" }),
            ("probe", &plan.id),
        ];
        let entry = self.entry(&caller.actor(), Action::ProbeMake, &plan.to.0, &detail);
        self.commit(Vec::new(), vec![entry]).await?;
        self.probes().plans.push_back(plan);
        Ok(())
    }

    /// What the address of a machine is to the rules.
    fn standing(
        &self,
        ground: &Ground,
        caller: &Caller,
        from: Option<&Known>,
        source: IpAddr,
        to: &Known,
    ) -> Standing {
        let local = matches!(caller.who, Who::Local { .. });
        let known = ground.site.devices.iter().find(|device| device.ips.contains(&source));
        if local && from.is_none() {
            return Standing { end: End::Here, device: None, beside: false, unsure: false };
        }
        let links = &self.options.enforce.links;
        let stranger = Known {
            ips: vec![source],
            link: links.iter().find(|(_, net)| net.contains(&source)).map(|(link, _)| link.clone()),
            ..Known::new(DeviceId(THIS_MACHINE.into()), THIS_MACHINE)
        };
        Standing {
            end: known.map_or_else(
                || End::Net(IpNet::from(source)),
                |device| End::Device(device.id.clone()),
            ),
            device: known.map(|device| device.id.clone()),
            beside: is_beside(known.unwrap_or(&stranger), to),
            // Whoever asks on this machine may be this machine, which the rules do not know as a device.
            unsure: local && from.is_some_and(|from| !from.ips.contains(&source)),
        }
    }
}

impl Ground {
    fn known(&self, id: &DeviceId) -> Option<&Known> {
        let mut devices = self.site.devices.iter();
        devices.find(|device| device.id == *id && !device.ips.is_empty())
    }

    /// What the rules say of each port.
    pub(super) fn chances(
        &self,
        from: &End,
        beside: bool,
        to: &Known,
        (source, address): (IpAddr, IpAddr),
        tried: &[Port],
    ) -> Vec<Held> {
        let kinds: Vec<Kind> = tried
            .iter()
            .map(|port| {
                let carrier = match port {
                    Port::Tcp(_) => Carrier::Tcp,
                    Port::Udp(_) => Carrier::Udp,
                };
                Kind { from: source, to: address, carrier, port: port.number() }
            })
            .collect();
        let to = End::Device(to.id.clone());
        self.with_prover(beside, |prover| prover.chances(from, &to, &kinds))
    }

    /// The same for a plan that was made before; unknown where the device is gone.
    pub(super) fn chances_now(&self, plan: &Plan) -> Vec<Held> {
        let tried: Vec<Port> = plan.tries.iter().map(|(port, _)| *port).collect();
        self.known(&plan.to).map_or_else(Vec::new, |to| {
            self.chances(&plan.end, plan.beside, to, (plan.source, plan.address), &tried)
        })
    }

    fn with_prover<T>(&self, beside: bool, ask: impl FnOnce(&Prover<'_>) -> T) -> T {
        let (loaded, around) = (self.loaded(), self.surroundings(!beside));
        let bindings = Bindings::default();
        ask(&Prover::new(&loaded, &self.policy, &bindings, &around, self.now))
    }

    /// Which ports are open to an address.
    fn open(&self, from: &Standing, to: &Known, address: IpAddr) -> Vec<(Port, Port)> {
        let end = End::Device(to.id.clone());
        let answer = self.with_prover(from.beside, |prover| prover.answer(&from.end, &end));
        let Proven::Possible { ways, .. } = answer else { return Vec::new() };
        let mut open: Vec<(Port, Port)> = Vec::new();
        for way in ways.iter().filter(|way| !way.told) {
            let tcp = way.witness().packet.carrier != Carrier::Udp;
            for range in &way.service {
                let (first, last) = (range.first(), range.last());
                let port = |number| if tcp { Port::Tcp(number) } else { Port::Udp(number) };
                let carrier = if tcp { Carrier::Tcp } else { Carrier::Udp };
                let source = way.witness().packet.from;
                if way.admits(source, address, carrier, first) {
                    open.push((port(first), port(last)));
                }
            }
        }
        open.sort_unstable();
        open.dedup();
        open
    }
}

/// What is told of the machine that tries.
fn told(ground: &Ground, from: Option<&Known>, source: IpAddr, standing: &Standing) -> Vec<String> {
    let mut says = Vec::new();
    let whose = match (&standing.end, &standing.device) {
        (End::Here, _) => "the machine that enforces".to_owned(),
        (_, Some(device)) => ground.label(device),
        (_, None) => "no device of the inventory".to_owned(),
    };
    match from {
        Some(from) if from.ips.contains(&source) => {
            says.push(format!("This machine has {source}, the address of {}.", from.label));
        }
        Some(from) => says.push(format!(
            "This machine has {source}, which is not an address of {label}: it tries the way of {source} ({whose}), \
             and not that of {label}.",
            label = from.label
        )),
        None => says.push(format!("This machine has {source}: {whose}.")),
    }
    if standing.unsure {
        says.push(
            "If this is the machine that enforces, name it this-machine: the rules hold for what it forwards."
                .to_owned(),
        );
    }
    says
}

fn tries(tried: &[Port], held: &[Held]) -> Vec<ProbeTryView> {
    let one = |(at, port): (usize, &Port)| {
        let held = held.get(at);
        ProbeTryView {
            port: ProbePort(port.to_string()),
            chance: held.map(|held| plain(held).name().to_owned()).unwrap_or_default(),
            why: match held {
                Some(Held::Possible(why) | Held::Unknown(why)) => why.to_string(),
                Some(Held::Impossible) | None => String::new(),
            },
        }
    };
    tried.iter().enumerate().map(one).collect()
}

pub(super) const fn plain(held: &Held) -> Chance {
    match held {
        Held::Possible(_) => Chance::Possible,
        Held::Impossible => Chance::Impossible,
        Held::Unknown(_) => Chance::Unknown,
    }
}

fn source(request: &ProbeRequest) -> Answer<Option<IpAddr>> {
    let Some(text) = &request.source else {
        return match request.rehearse {
            true => Ok(None),
            false => Err(Problem::invalid("source is the address that is sent from")),
        };
    };
    let source: IpAddr =
        text.parse().map_err(|_| Problem::invalid("source is an IP address, such as 10.0.5.7"))?;
    if source.is_loopback() || source.is_multicast() || source.is_unspecified() {
        return Err(Problem::invalid("nothing reaches a device from that source"));
    }
    Ok(Some(source.to_canonical()))
}

fn named_from(ground: &Ground, world: &World, name: &str) -> Answer<Option<Known>> {
    match name.trim() {
        "" => Err(Problem::invalid("from is a device, or this-machine")),
        THIS_MACHINE => Ok(None),
        name => {
            let record = find(world, name)?;
            let known = ground.known(&record.id).cloned();
            known.map(Some).ok_or_else(|| no_address(&record.label()))
        }
    }
}

/// The address of a device that is tried: of the family of the machine that tries, the older first; none that
/// is of one link alone.
fn address(to: &Known, source: Option<IpAddr>) -> Option<IpAddr> {
    let local = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    let single = |ip: &IpAddr| !ip.is_multicast() && !ip.is_unspecified() && !ip.is_loopback();
    let fits = |ip: &&IpAddr| source.is_none_or(|source| source.is_ipv4() == ip.is_ipv4());
    let mut fit: Vec<IpAddr> =
        to.ips.iter().filter(fits).filter(|ip| single(ip) && !local(ip)).copied().collect();
    fit.sort_unstable_by_key(|ip| (ip.is_ipv6(), *ip));
    fit.first().copied()
}

fn no_address(label: &str) -> Problem {
    Problem::invalid(format!("{label} has no address in the site that could be tried"))
}

fn many(says: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::TooMany, says)
}

fn fresh_id() -> Answer<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Problem::new(ProblemKind::Broken, format!("the kernel gives no randomness: {error}"))
    })?;
    Ok(hex(&bytes))
}
