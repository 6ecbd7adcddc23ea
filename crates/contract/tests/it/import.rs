//! Files become contracts that allow no more than they do.

use std::path::{Path, PathBuf};

use cordon_contract::mud::{ImportProblem, ImportWarning, import};
use cordon_contract::{
    Carrier, Contract, Entry, IpVersion, Opens, Peer, Ports, TlsRule, VerbRule, Why,
};
use cordon_model::{DeviceId, Timestamp};
use cordon_mud::{
    Abstract, Ace, Acl, AclKind, Eth, Field, Forwarding, Header, Initiated, Ip, IpVersion as MudIp,
    L4, Layer, MacMatch, Matches, MudFile, PortMatch, Ported, TlsProfile,
};
use proptest::option::of;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A file of one list for each direction.
fn file(kind: AclKind, from: Vec<Matches>, to: Vec<Matches>) -> MudFile {
    let acl = |name: &str, matches: Vec<Matches>| {
        let ace = |(no, matches)| Ace {
            name: format!("{name}-{no}").into(),
            matches,
            forwarding: Forwarding::Accept,
            understood: true,
        };
        Acl { name: name.into(), kind, aces: matches.into_iter().enumerate().map(ace).collect() }
    };
    MudFile {
        from_device: vec!["out".into()],
        to_device: vec!["in".into()],
        acls: vec![acl("out", from), acl("in", to)],
        ..MudFile::new("https://maker.example/thing")
    }
}

fn taken(file: &MudFile) -> (Contract, Vec<ImportWarning>) {
    import(file, Some("Maker"), DeviceId("d".into()), "d", NOW)
}

fn ports(source: Option<u16>, destination: Option<u16>) -> Ported {
    Ported {
        source: source.map(PortMatch::Eq),
        destination: destination.map(PortMatch::Eq),
        initiated: None,
    }
}

fn local(l4: L4) -> Matches {
    let who = Abstract { local_networks: true, ..Abstract::default() };
    Matches { who, l4: Some(l4), ..Matches::default() }
}

/// The entries in short: peer, opener, carrier, ports, client ports.
fn short(contract: &Contract) -> Vec<String> {
    let text =
        |ports: &[Ports]| ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let one = |entry: &Entry| {
        let (ports, clients) = (text(&entry.ports), text(&entry.client_ports));
        format!("{:?} {:?} {} {ports} <{clients}", entry.peer, entry.opens, entry.transport)
    };
    contract.entries.iter().map(one).collect()
}

fn problems(warnings: &[ImportWarning]) -> Vec<ImportProblem> {
    warnings.iter().map(|warning| warning.problem.clone()).collect()
}

#[test]
fn the_end_with_the_port_is_the_service() {
    let asks = file(
        AclKind::Ipv4,
        vec![local(L4::Tcp(ports(None, Some(443))))],
        vec![local(L4::Tcp(ports(Some(443), None)))],
    );
    let (contract, warnings) = taken(&asks);
    assert_eq!(short(&contract), ["LocalNetworks Device tcp 443 <"]);
    assert_eq!(warnings, []);
    assert_eq!(contract.entries[0].ip, Some(IpVersion::V4), "the file says nothing of IPv6");
    assert_eq!(contract.by, "mud:https://maker.example/thing");
    let whys: Vec<_> = contract.entries[0]
        .why
        .iter()
        .map(|why| match why {
            Why::Mud { acl, ace, signed, .. } => (acl.as_str(), ace.as_str(), signed.as_deref()),
            _ => panic!("{why:?}"),
        })
        .collect();
    assert_eq!(whys, [("out", "out-0", Some("Maker")), ("in", "in-0", Some("Maker"))]);

    let serves = file(
        AclKind::Ipv4,
        vec![local(L4::Tcp(ports(Some(80), None)))],
        vec![local(L4::Tcp(ports(None, Some(80))))],
    );
    assert_eq!(short(&taken(&serves).0), ["LocalNetworks Peer tcp 80 <"]);
    let both = file(
        AclKind::Ipv4,
        vec![local(L4::Tcp(ports(Some(20), Some(21))))],
        vec![local(L4::Tcp(ports(Some(21), Some(20))))],
    );
    assert_eq!(
        short(&taken(&both).0),
        ["LocalNetworks Device tcp 21 <20", "LocalNetworks Peer tcp 20 <21"]
    );
}

#[test]
fn direction_initiated_decides_and_disagreement_is_refused() {
    let with = |initiated, source, destination| {
        local(L4::Tcp(Ported { initiated, ..ports(source, destination) }))
    };
    let (from, to) = (Some(Initiated::FromDevice), Some(Initiated::ToDevice));
    let opened = |a, b| {
        let file =
            file(AclKind::Ipv6, vec![with(a, None, Some(80))], vec![with(b, Some(80), None)]);
        let (contract, warnings) = taken(&file);
        (short(&contract), problems(&warnings))
    };
    let device = vec!["LocalNetworks Device tcp 80 <".to_owned()];
    assert_eq!(opened(from, from), (device.clone(), vec![]));
    assert_eq!(opened(from, None), (device, vec![]));
    assert_eq!(opened(None, to), (vec!["LocalNetworks Peer tcp  <80".to_owned()], vec![]));
    let (none, problems) = opened(from, to);
    assert_eq!((none.len(), &problems[0]), (0, &ImportProblem::AgainstItself));
}

#[test]
fn udp_between_devices_may_begin_at_the_same_port_and_from_the_cloud_not() {
    let of = |name: Option<&str>, way: bool, ports| {
        let mut matches = local(L4::Udp(ports));
        if let Some(name) = name {
            matches.who = Abstract::default();
            let mut ip = Ip::any(MudIp::V4);
            if way {
                ip.destination_name = Some(name.into());
            } else {
                ip.source_name = Some(name.into());
            }
            matches.ip = Some(ip);
        }
        matches
    };
    let entries = |name| {
        let (a, b) = (ports(None, Some(5683)), ports(Some(5683), None));
        short(&taken(&file(AclKind::Ipv4, vec![of(name, true, a)], vec![of(name, false, b)])).0)
    };
    assert_eq!(
        entries(None),
        ["LocalNetworks Device udp 5683 <", "LocalNetworks Peer udp 5683 <5683"]
    );
    assert_eq!(entries(Some("a.example")), ["Name { name: \"a.example\" } Device udp 5683 <"]);
}

#[test]
fn what_has_no_answer_is_refused_over_tcp_and_named_otherwise() {
    let one_way = |l4| {
        let (contract, warnings) = taken(&file(AclKind::Ipv4, vec![local(l4)], vec![]));
        (short(&contract), problems(&warnings))
    };
    assert_eq!(one_way(L4::Tcp(ports(None, Some(80)))), (vec![], vec![ImportProblem::NoAnswer]));
    let syslog = vec!["LocalNetworks Device udp 514 <".to_owned()];
    assert_eq!(
        one_way(L4::Udp(ports(None, Some(514)))),
        (syslog, vec![ImportProblem::AnswersPass])
    );

    let mut ssdp = local(L4::Udp(ports(None, Some(1900))));
    ssdp.who = Abstract::default();
    let group = Some("239.255.255.250/32".parse().unwrap());
    ssdp.ip = Some(Ip { destination: group, ..Ip::any(MudIp::V4) });
    let (contract, warnings) = taken(&file(AclKind::Ipv4, vec![ssdp.clone()], vec![]));
    assert_eq!(short(&contract), ["Multicast { group: 239.255.255.250 } Device udp 1900 <"]);
    assert_eq!(warnings, [], "a group does not answer");
    let (contract, warnings) = taken(&file(AclKind::Ipv4, vec![], vec![ssdp]));
    assert_eq!((short(&contract).len(), problems(&warnings)), (0, vec![ImportProblem::ToGroup]));
}

#[test]
fn a_ping_and_its_answer_are_one_entry() {
    let icmp = |kind, code| local(L4::Icmp { kind: Some(kind), code });
    let take = |from, to| {
        let (contract, warnings) = taken(&file(AclKind::Ipv4, from, to));
        (short(&contract), problems(&warnings))
    };
    let ping = vec!["LocalNetworks Device icmp 8 <".to_owned()];
    assert_eq!(take(vec![icmp(8, Some(0))], vec![icmp(0, Some(0))]), (ping, vec![]));
    let pinged = vec!["LocalNetworks Peer icmp 8 <".to_owned()];
    assert_eq!(take(vec![icmp(0, None)], vec![icmp(8, None)]), (pinged, vec![]));
    assert_eq!(take(vec![icmp(3, Some(3))], vec![]), (vec![], vec![ImportProblem::IcmpCode]));
    let (v6, _) = taken(&file(AclKind::Ipv6, vec![icmp(128, None)], vec![icmp(129, None)]));
    assert_eq!(short(&v6), ["LocalNetworks Device icmpv6 128 <"]);
}

#[test]
fn what_a_contract_cannot_say_is_refused_with_its_reason() {
    let tcp = || local(L4::Tcp(ports(None, Some(80))));
    let net = |text: &str| Some(text.parse().unwrap());
    let ip = |of: Ip| Matches { ip: Some(of), ..tcp() };
    let header = Header { layer: Layer::Ipv4, name: "dscp", value: Field::Number(46) };
    let mac = MacMatch { address: cordon_model::Mac([0; 6]), mask: None };
    let cases = [
        (Matches { headers: vec![header], ..tcp() }, ImportProblem::HeaderField("dscp")),
        (
            ip(Ip { destination: net("192.0.2.1/32"), ..Ip::any(MudIp::V4) }),
            ImportProblem::SeveralPeers,
        ),
        (ip(Ip { source: net("10.0.0.5/32"), ..Ip::any(MudIp::V4) }), ImportProblem::OwnAddress),
        (
            ip(Ip { source_name: Some("me.example".into()), ..Ip::any(MudIp::V4) }),
            ImportProblem::OwnAddress,
        ),
        (
            Matches {
                eth: Some(Eth { source: Some(mac), ..Eth::default() }),
                ..Matches::default()
            },
            ImportProblem::MacAddress,
        ),
        (Matches { eth: Some(Eth::default()), ..Matches::default() }, ImportProblem::Frames),
    ];
    for (matches, problem) in cases {
        let (contract, warnings) = taken(&file(AclKind::Mixed, vec![matches], vec![tcp()]));
        assert_eq!(short(&contract).len(), 0, "{problem:?}");
        assert_eq!(problems(&warnings)[0], problem);
        assert!(warnings[0].to_string().starts_with("list \"out\": entry \"out-0\": refused: "));
    }
}

#[test]
fn behind_a_denial_nothing_is_taken_and_what_was_not_understood_never() {
    let udp = |port| local(L4::Udp(ports(None, Some(port))));
    let mut file = file(AclKind::Ipv4, vec![udp(1), udp(2), udp(3)], vec![]);
    file.acls[0].aces[1].forwarding = Forwarding::Drop;
    let (contract, warnings) = taken(&file);
    assert_eq!(short(&contract), ["LocalNetworks Device udp 1 <"]);
    assert!(problems(&warnings).contains(&ImportProblem::BehindDenial));
    file.acls[0].aces[0].understood = false;
    assert_eq!(short(&taken(&file).0).len(), 0);
}

#[test]
fn frames_without_ip_are_entries_and_frames_with_ip_are_ip() {
    let frame = |ethertype| {
        let eth = Eth { ethertype: Some(ethertype), ..Eth::default() };
        vec![Matches { eth: Some(eth), ..Matches::default() }]
    };
    let (contract, warnings) = taken(&file(AclKind::Ethernet, frame(0x888e), frame(0x888e)));
    assert_eq!(short(&contract), ["Anyone Device ether/0x888e  <", "Anyone Peer ether/0x888e  <"]);
    assert_eq!(warnings, []);
    let (contract, warnings) = taken(&file(AclKind::Ethernet, frame(0x0800), frame(0x0800)));
    assert_eq!(short(&contract), ["Anyone Device ip  <", "Anyone Peer ip  <"]);
    assert_eq!(contract.entries[0].ip, Some(IpVersion::V4));
    assert!(problems(&warnings).contains(&ImportProblem::Everything));
}

#[test]
fn tls_profiles_are_kept_and_what_is_lost_is_named() {
    let profile = TlsProfile {
        name: "p".into(),
        tls_versions: vec![0x0304],
        cipher_suites: vec![0x1301],
        extension_types: vec![10],
        trust_anchors: vec!["MIIB".into()],
        ..TlsProfile::default()
    };
    let from = Matches { tls: vec![profile], ..local(L4::Tcp(ports(None, Some(443)))) };
    let to = local(L4::Tcp(ports(Some(443), None)));
    let (contract, warnings) = taken(&file(AclKind::Ipv4, vec![from], vec![to]));
    let verb = VerbRule::Tls(Box::new(TlsRule {
        versions: vec![0x0304],
        suites: vec![0x1301],
        extensions: vec![10],
        ..TlsRule::default()
    }));
    assert_eq!(contract.entries[0].verbs, [verb]);
    assert_eq!(
        problems(&warnings),
        [ImportProblem::TlsPartly("trust anchors that cannot be read")]
    );
}

#[test]
fn signatures_that_nobody_checked_and_support_that_ended_are_said() {
    let mut file = file(AclKind::Ipv4, vec![], vec![]);
    file.is_supported = false;
    let said = |file: &MudFile| problems(&import(file, None, DeviceId("d".into()), "d", NOW).1);
    assert_eq!(said(&file), [ImportProblem::Unsigned, ImportProblem::Unsupported]);
    file.signature = Some("https://maker.example/thing.p7s".into());
    assert!(matches!(said(&file)[0], ImportProblem::SignatureUnchecked(_)));
}

#[test]
fn a_file_that_pairs_everything_with_everything_ends_soon() {
    let matches = |from: bool| {
        let one = move |no: u16| {
            let (a, b) = (Some(PortMatch::Gte(no)), Some(PortMatch::Lte(60_000 + no)));
            let (source, destination) = if from { (a, b) } else { (b, a) };
            local(L4::Tcp(Ported { source, destination, initiated: None }))
        };
        (0..1_000).map(one).collect::<Vec<_>>()
    };
    let (contract, warnings) = taken(&file(AclKind::Ipv4, matches(true), matches(false)));
    assert!(contract.entries.len() <= cordon_contract::MAX_ENTRIES);
    assert!(problems(&warnings).contains(&ImportProblem::TooMany));
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_public_file_becomes_a_contract() {
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus").to_owned()
    });
    let mut paths = Vec::new();
    files(&PathBuf::from(corpus).join("mud"), &mut paths);
    paths.sort();
    let (mut contracts, mut aces, mut entries) = (0, 0, 0);
    for path in &paths {
        let Ok(parsed) = cordon_mud::parse(&std::fs::read(path).unwrap()) else { continue };
        let (contract, warnings) = taken(&parsed.file);
        for warning in &warnings {
            println!("{}: {warning}", path.file_name().unwrap().to_string_lossy());
        }
        assert!(!contract.entries.is_empty(), "{}", path.display());
        assert!(warnings.iter().all(|warning| !warning.problem.refuses()), "{}", path.display());
        contracts += 1;
        aces += parsed.file.ace_count();
        entries += contract.entries.len();
    }
    if paths.is_empty() {
        println!("skipped: no corpus");
        return;
    }
    println!("{contracts} files, {aces} entries of lists, {entries} entries of contracts");
    assert_eq!(contracts, 24);
}

// What a file says of one packet, written down a second time and simply.

#[derive(Clone, Debug)]
struct Sent {
    from_device: bool,
    local: bool,
    v4: bool,
    carrier: Carrier,
    source: u16,
    destination: u16,
    opener: Opens,
}

fn fits(matches: &Matches, kind: AclKind, sent: &Sent) -> bool {
    let version = matches.ip.as_ref().map(|ip| ip.version == MudIp::V4);
    let version = version.or(Some(kind == AclKind::Ipv4));
    let (carrier, ports) = match matches.l4 {
        Some(L4::Tcp(ports)) => (Some(Carrier::Tcp), ports),
        Some(L4::Udp(ports)) => (Some(Carrier::Udp), ports),
        _ => (None, Ported::default()),
    };
    (!matches.who.local_networks || sent.local)
        && version == Some(sent.v4)
        && carrier.is_none_or(|carrier| carrier == sent.carrier)
        && ports.source.is_none_or(|ports| ports.contains(sent.source))
        && ports.destination.is_none_or(|ports| ports.contains(sent.destination))
        && ports
            .initiated
            .is_none_or(|by| (by == Initiated::FromDevice) == (sent.opener == Opens::Device))
}

fn allows(file: &MudFile, sent: &Sent) -> bool {
    let acls = file.acls.iter().filter(|acl| acl.name.starts_with("out") == sent.from_device);
    acls.filter(|acl| (acl.kind == AclKind::Ipv4) == sent.v4).any(|acl| {
        let first = acl.aces.iter().find(|ace| fits(&ace.matches, acl.kind, sent));
        first.is_some_and(|ace| ace.forwarding == Forwarding::Accept)
    })
}

fn held(entry: &Entry, sent: &Sent) -> bool {
    let among = |ports: &[Ports], port| ports.is_empty() || ports.iter().any(|p| p.contains(port));
    (entry.peer == Peer::Anyone || sent.local)
        && entry.opens == sent.opener
        && entry.transport.covers(sent.carrier)
        && entry.ip.is_none_or(|ip| (ip == IpVersion::V4) == sent.v4)
        && among(&entry.ports, sent.destination)
        && among(&entry.client_ports, sent.source)
}

fn some_port() -> impl Strategy<Value = PortMatch> {
    prop_oneof![
        (0_u16..6).prop_map(PortMatch::Eq),
        (0_u16..6).prop_map(PortMatch::Neq),
        (0_u16..6).prop_map(PortMatch::Lte),
        (0_u16..6).prop_map(PortMatch::Gte),
        (0_u16..3, 3_u16..6).prop_map(|(a, b)| PortMatch::Range(a, b)),
    ]
}

fn some_ace() -> impl Strategy<Value = Ace> {
    let initiated = prop_oneof![Just(Initiated::FromDevice), Just(Initiated::ToDevice)];
    let parts = (any::<bool>(), 0..5, of(some_port()), of(some_port()), of(initiated), 0..10);
    parts.prop_map(|(local, carrier, source, destination, initiated, action)| {
        let l4 = match carrier {
            0 => None,
            1 | 2 => Some(L4::Tcp(Ported { source, destination, initiated })),
            _ => Some(L4::Udp(Ported { source, destination, initiated: None })),
        };
        let who = Abstract { local_networks: local, ..Abstract::default() };
        let forwarding = if action == 0 { Forwarding::Reject } else { Forwarding::Accept };
        let matches = Matches { who, l4, ..Matches::default() };
        Ace { name: "x".into(), matches, forwarding, understood: true }
    })
}

fn some_file() -> impl Strategy<Value = MudFile> {
    let aces = || proptest::collection::vec(some_ace(), 0..5);
    (aces(), aces(), aces(), aces()).prop_map(|(a, b, c, d)| {
        let acl = |name: &str, kind, aces| Acl { name: name.into(), kind, aces };
        MudFile {
            from_device: vec!["out-4".into(), "out-6".into()],
            to_device: vec!["in-4".into(), "in-6".into()],
            acls: vec![
                acl("out-4", AclKind::Ipv4, a),
                acl("in-4", AclKind::Ipv4, b),
                acl("out-6", AclKind::Ipv6, c),
                acl("in-6", AclKind::Ipv6, d),
            ],
            ..MudFile::new("https://maker.example/thing")
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_contract_allows_no_conversation_that_its_file_does_not(file in some_file()) {
        let (contract, _) = taken(&file);
        for no in 0..2 * 2 * 2 * 2 * 7 * 7_u16 {
            let bit = |at: u16| ((no / 49) >> at) & 1 == 1;
            let asked = Sent {
                from_device: bit(0),
                local: bit(1),
                v4: bit(2),
                carrier: if bit(3) { Carrier::Tcp } else { Carrier::Udp },
                source: no % 7,
                destination: no / 7 % 7,
                opener: if bit(0) { Opens::Device } else { Opens::Peer },
            };
            let answered = Sent {
                from_device: !asked.from_device,
                source: asked.destination,
                destination: asked.source,
                ..asked.clone()
            };
            let passes = contract.entries.iter().any(|entry| held(entry, &asked));
            prop_assert!(!passes || allows(&file, &asked), "{asked:?} by {:?}", short(&contract));
            // Over TCP the answer too; what else has no answer in the file is warned of.
            let answer = asked.carrier != Carrier::Tcp || allows(&file, &answered);
            prop_assert!(!passes || answer, "no answer to {asked:?} by {:?}", short(&contract));
        }
    }
}
