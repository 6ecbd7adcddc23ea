//! Made-up sites and packets at the corners of their rules, for differential tests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_contract::policy::Policy;
use cordon_contract::{
    Bindings, Carrier, EntryId, Member, MemberNo, NameNo, Opens, Origin, Packet, Ports, Reach,
    Rule, Stage, Where,
};
use cordon_enforce::{Lifeline, Seen};
use cordon_model::{DeviceId, Mac, Timestamp};
use ipnet::IpNet;

/// xorshift64*: the same numbers from the same seed, everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end.max(1)
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// A site.
pub struct World {
    pub policy: Policy,
    pub bindings: Bindings,
    pub lifelines: Vec<Lifeline>,
    pub at: Timestamp,
}

const MEMBERS: u32 = 24;
const RULES: usize = 160;
const PORTS: [u16; 9] = [0, 1, 53, 80, 443, 502, 1024, 5353, 65535];
const NETS: [&str; 16] = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.0.0/24",
    "10.1.0.16/28",
    "203.0.113.0/24",
    "203.0.113.7/32",
    "8.8.8.8/32",
    "8.8.0.0/16",
    "239.255.255.250/32",
    "::/0",
    "fe80::/10",
    "2001:db8::/32",
    "2a00:1::/64",
    "2a00:1::7/128",
    "ff02::fb/128",
];

pub fn mac(no: u32) -> Mac {
    let [_, _, a, b] = no.to_be_bytes();
    Mac([2, 0, 0, 0, a, b])
}

fn ports(dice: &mut Dice) -> Ports {
    match dice.below(4) {
        0 => Ports::ALL,
        1 => Ports::HIGH,
        2 => Ports::range(*dice.pick(&PORTS), *dice.pick(&PORTS)),
        _ => Ports::one(*dice.pick(&PORTS)),
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut policy = Policy {
            names: vec!["*.example.com".into(), "time.example.org".into()],
            local: vec!["8.8.0.0/16".parse().unwrap(), "2a00:1::/64".parse().unwrap()],
            ..Policy::default()
        };
        for no in 0..MEMBERS {
            policy.members.push(member(no, &mut dice));
        }
        let at = Timestamp::from_secs(1_000);
        for _ in 0..RULES {
            let rule = rule(&policy, &mut dice);
            policy.rules.push(rule);
        }
        policy.rules.sort();
        policy.rules.dedup();
        for (place, rule) in policy.rules.iter_mut().enumerate() {
            rule.entry = u32::try_from(place).unwrap();
        }
        policy.entries = policy
            .rules
            .iter()
            .map(|rule| Origin { member: rule.member, entry: EntryId("e-0".into()) })
            .collect();
        let mut bindings = Bindings::default();
        for no in 0..MEMBERS {
            for _ in 0..dice.below(4) {
                let ip = match dice.below(3) {
                    0 => IpAddr::V4(Ipv4Addr::new(203, 0, 113, dice.below(10) as u8)),
                    1 => IpAddr::V4(Ipv4Addr::new(8, 8, 8, dice.below(10) as u8)),
                    _ => IpAddr::V6(Ipv6Addr::new(0x2a00, 1, 0, 0, 0, 0, 0, dice.below(10) as u16)),
                };
                let name = *dice.pick(&["a.example.com", "b.example.com", "time.example.org"]);
                let until = at.plus(std::time::Duration::from_secs(1 + dice.next() % 100));
                bindings.learn(&policy, MemberNo(no), name, ip, until);
            }
        }
        let lifelines = vec![
            Lifeline::Link("mgmt0".into()),
            Lifeline::At("10.9.9.9".parse().unwrap(), Carrier::Tcp, 8443),
        ];
        World { policy, bindings, lifelines, at }
    }

    /// A packet near a rule, or near what decides before rules.
    pub fn packet(&self, dice: &mut Dice) -> Seen {
        let rule = dice.pick(&self.policy.rules);
        let member = &self.policy.members[rule.member.0 as usize];
        let peer = match (rule.at, dice.below(6)) {
            (_, 0) => {
                let other = dice_members(&self.policy, dice.below(usize::MAX));
                *dice.pick(&other.ips)
            }
            (Where::Net(net), _) => corner(net, dice),
            (Where::Name(name), _) => {
                let held: Vec<_> = self
                    .bindings
                    .all(Timestamp::from_secs(0))
                    .filter(|(no, held, ..)| *no == rule.member && *held == name)
                    .collect();
                match held.as_slice() {
                    [] => "203.0.113.3".parse().unwrap(),
                    held => dice.pick(held).2,
                }
            }
        };
        let same: Vec<_> =
            member.ips.iter().filter(|ip| ip.is_ipv4() == peer.is_ipv4()).copied().collect();
        let own = match (same.as_slice(), peer) {
            ([], IpAddr::V4(_)) => "10.200.0.1".parse().unwrap(),
            ([], IpAddr::V6(_)) => "fd00:200::1".parse().unwrap(),
            (same, _) => *dice.pick(same),
        };
        let (from, to) = if rule.opens == Opens::Device { (own, peer) } else { (peer, own) };
        let (from, to) = if dice.one_in(10) { (to, from) } else { (from, to) };
        let from = match dice.below(24) {
            0 if from.is_ipv4() => *dice.pick(&["169.254.3.4", "0.0.0.0", "10.66.0.1"]),
            0 => *dice.pick(&["fe80::77", "::", "fd66::1", "::ffff:169.254.0.9"]),
            _ => return self.carried(rule, from, to, dice),
        };
        self.carried(rule, from.parse().unwrap(), to, dice)
    }

    fn carried(&self, rule: &Rule, from: IpAddr, to: IpAddr, dice: &mut Dice) -> Seen {
        let v4 = from.is_ipv4();
        let icmp = if v4 { Carrier::Icmp } else { Carrier::Icmpv6 };
        let any = [Carrier::Tcp, Carrier::Udp, icmp, Carrier::Protocol(47), Carrier::Protocol(2)];
        let carrier = match rule.carrier {
            Carrier::Ip | Carrier::Icmp | Carrier::Icmpv6 | Carrier::Ether(_) => *dice.pick(&any),
            _ if dice.one_in(5) => *dice.pick(&any),
            other => other,
        };
        let carrier = match carrier {
            Carrier::Icmp | Carrier::Icmpv6 => icmp,
            other => other,
        };
        let (from_port, to_port) = match carrier {
            Carrier::Tcp | Carrier::Udp => match dice.below(40) {
                0 => (68, 67),
                1 => (546, 547),
                2 => (8443, 8443),
                _ => (near(rule.client, dice), near(rule.service, dice)),
            },
            Carrier::Icmp | Carrier::Icmpv6 => match dice.below(4) {
                0 => (0, *dice.pick(&[0, 8, 128, 131, 133, 134, 135, 136, 143, 255])),
                _ => (0, near(rule.service, dice).min(255)),
            },
            _ => (0, 0),
        };
        let owner = self.policy.members.iter().find(|member| member.ips.contains(&from));
        let other = dice_members(&self.policy, dice.below(usize::MAX));
        let mac_of = |member: &Member| member.macs.first().copied();
        let mac = match dice.below(12) {
            0 => mac_of(other),
            1 => Some(mac(60_000)),
            2 => None,
            _ => owner.and_then(mac_of).or(mac_of(other).filter(|_| owner.is_none())),
        };
        let by_mac =
            self.policy.members.iter().find(|member| mac.is_some() && mac_of(member) == mac);
        let link = by_mac.or(owner).and_then(|member| member.link.clone());
        let in_link = match dice.below(30) {
            0 => "lan0".into(),
            1 => "wan0".into(),
            2 => "mgmt0".into(),
            _ => link.unwrap_or_else(|| "wan0".into()),
        };
        let out_link = if dice.one_in(60) { "mgmt0" } else { "lan1" };
        let established = dice.one_in(12);
        let packet = Packet { mac, from, to, carrier, from_port, to_port, established };
        Seen { packet, in_link, out_link: out_link.into(), fresh: dice.one_in(3) }
    }
}

fn dice_members(policy: &Policy, number: usize) -> &Member {
    &policy.members[number % policy.members.len()]
}

fn member(no: u32, dice: &mut Dice) -> Member {
    let [_, _, a, b] = no.to_be_bytes();
    let mut ips = vec![
        IpAddr::V4(Ipv4Addr::new(10, 1, a, b)),
        IpAddr::V6(Ipv6Addr::new(0x2a00, 1, 0, 0, 0, 0, 0, u16::from(b))),
    ];
    if dice.one_in(3) {
        ips.push(IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(b))));
    }
    if dice.one_in(8) {
        // An address that another member has too.
        ips.push(IpAddr::V4(Ipv4Addr::new(10, 1, 0, dice.below(MEMBERS as usize) as u8)));
    }
    let link = *dice.pick(&[Some("lan0"), Some("lan1"), Some("lan1"), None]);
    let mut macs = vec![mac(no)];
    if dice.one_in(6) {
        macs.push(mac(1_000 + no));
    }
    Member {
        device: DeviceId(format!("device-{no}").into()),
        label: format!("device {no}").into(),
        macs,
        ips,
        link: link.map(Into::into),
        stage: *dice.pick(&[Stage::Watch, Stage::Warn, Stage::Enforce, Stage::Enforce]),
        reach: *dice.pick(&[
            Reach::Normal,
            Reach::Normal,
            Reach::Normal,
            Reach::Normal,
            Reach::Normal,
            Reach::LocalOnly,
            Reach::InternetOnly,
            Reach::Off,
        ]),
    }
}

fn rule(policy: &Policy, dice: &mut Dice) -> Rule {
    let at = match dice.below(5) {
        0 => Where::Name(NameNo(dice.below(policy.names.len()) as u32)),
        1 => {
            let peer = dice_members(policy, dice.below(usize::MAX));
            Where::Net(IpNet::from(*dice.pick(&peer.ips)))
        }
        _ => Where::Net(dice.pick(&NETS).parse().unwrap()),
    };
    let carrier = *dice.pick(&[
        Carrier::Tcp,
        Carrier::Tcp,
        Carrier::Tcp,
        Carrier::Udp,
        Carrier::Udp,
        Carrier::Ip,
        Carrier::Icmp,
        Carrier::Icmpv6,
        Carrier::Protocol(47),
    ]);
    let client = if dice.one_in(3) { ports(dice) } else { Ports::ALL };
    let service = if matches!(carrier, Carrier::Protocol(_)) { Ports::ALL } else { ports(dice) };
    let opens = *dice.pick(&[Opens::Device, Opens::Peer]);
    let member = MemberNo(dice.below(policy.members.len()) as u32);
    Rule { member, opens, at, carrier, service, client, entry: 0 }
}

fn near(ports: Ports, dice: &mut Dice) -> u16 {
    match dice.below(5) {
        0 => ports.first(),
        1 => ports.last(),
        2 => ports.first().wrapping_sub(1),
        3 => ports.last().wrapping_add(1),
        _ => *dice.pick(&PORTS),
    }
}

fn corner(net: IpNet, dice: &mut Dice) -> IpAddr {
    let step = match dice.below(5) {
        0 | 4 => 0_i8,
        1 => -1,
        2 => 1,
        _ => 2,
    };
    match net {
        IpNet::V4(net) => {
            let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
            IpAddr::V4(Ipv4Addr::from(match step {
                0 => first,
                -1 => first.wrapping_sub(1),
                1 => last,
                _ => last.wrapping_add(1),
            }))
        }
        IpNet::V6(net) => {
            let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
            IpAddr::V6(Ipv6Addr::from(match step {
                0 => first,
                -1 => first.wrapping_sub(1),
                1 => last,
                _ => last.wrapping_add(1),
            }))
        }
    }
}
