//! What is written is read as the same.

use cordon_model::{Mac, Text, Timestamp};
use cordon_mud::{
    Abstract, Ace, Acl, AclKind, Eth, Forwarding, Initiated, Ip, IpVersion, L4, MacMatch, Matches,
    MudFile, PortMatch, Ported, TlsProfile, parse, write,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::option::of;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = Text> {
    "[a-z][a-z0-9-]{0,10}(\\.[a-z][a-z0-9]{0,5}){0,2}".prop_map(Text::from)
}

fn port() -> impl Strategy<Value = PortMatch> {
    prop_oneof![
        any::<u16>().prop_map(PortMatch::Eq),
        any::<u16>().prop_map(PortMatch::Neq),
        any::<u16>().prop_map(PortMatch::Lte),
        any::<u16>().prop_map(PortMatch::Gte),
        (any::<u16>(), 1_u16..)
            .prop_map(|(a, by)| PortMatch::Range(a.min(u16::MAX - 1), a.saturating_add(by).max(1)))
            .prop_filter("in order", |range| !matches!(range, PortMatch::Range(a, b) if a >= b)),
    ]
}

fn net(version: IpVersion) -> BoxedStrategy<IpNet> {
    match version {
        IpVersion::V4 => (any::<u32>(), 0_u8..=32)
            .prop_map(|(ip, len)| IpNet::from(Ipv4Net::new(ip.into(), len).unwrap()).trunc())
            .boxed(),
        IpVersion::V6 => (any::<u128>(), 0_u8..=128)
            .prop_map(|(ip, len)| IpNet::from(Ipv6Net::new(ip.into(), len).unwrap()).trunc())
            .boxed(),
    }
}

fn ported(tcp: bool) -> impl Strategy<Value = Ported> {
    let initiated = prop_oneof![Just(Initiated::FromDevice), Just(Initiated::ToDevice)];
    (of(port()), of(port()), of(initiated)).prop_map(move |(source, destination, initiated)| {
        Ported { source, destination, initiated: initiated.filter(|_| tcp) }
    })
}

fn l4() -> impl Strategy<Value = (Option<u8>, Option<L4>)> {
    prop_oneof![
        Just((None, None)),
        any::<u8>().prop_map(|protocol| (Some(protocol), None)),
        ported(true).prop_map(|of| (Some(6), Some(L4::Tcp(of)))),
        ported(false).prop_map(|of| (None, Some(L4::Udp(of)))),
        (of(any::<u8>()), of(any::<u8>()))
            .prop_map(|(kind, code)| (Some(1), Some(L4::Icmp { kind, code }))),
    ]
}

fn who() -> impl Strategy<Value = Abstract> {
    (of(name()), any::<bool>(), of(name()), any::<bool>(), of(name()), any::<bool>()).prop_map(
        |(manufacturer, same_manufacturer, model, local_networks, controller, my_controller)| {
            Abstract {
                manufacturer,
                same_manufacturer,
                model,
                local_networks,
                controller,
                my_controller,
            }
        },
    )
}

fn tls() -> impl Strategy<Value = TlsProfile> {
    let numbers = || proptest::collection::btree_set(any::<u16>(), 0..4);
    (name(), any::<bool>(), numbers(), numbers(), numbers(), of(name())).prop_map(
        |(name, version, suites, groups, signatures, alpn)| TlsProfile {
            name,
            tls_versions: version.then_some(0x0304).into_iter().collect(),
            dtls_versions: (!version).then_some(0xfefd).into_iter().collect(),
            cipher_suites: suites.into_iter().collect(),
            groups: groups.into_iter().collect(),
            signatures: signatures.into_iter().collect(),
            alpn: alpn.into_iter().collect(),
            ..TlsProfile::default()
        },
    )
}

fn ip_matches(version: IpVersion) -> impl Strategy<Value = Matches> {
    let nets = (of(net(version)), of(net(version)));
    let tls = proptest::collection::vec(tls(), 0..2);
    (who(), l4(), of(name()), of(name()), nets, tls).prop_map(
        move |(who, (protocol, l4), source_name, destination_name, (source, destination), tls)| {
            let ip = Ip { version, protocol, source_name, destination_name, source, destination };
            let tls = if matches!(l4, Some(L4::Icmp { .. })) { Vec::new() } else { tls };
            Matches { who, ip: Some(ip), l4, tls, ..Matches::default() }
        },
    )
}

fn eth_matches() -> impl Strategy<Value = Matches> {
    let mac = || (any::<[u8; 6]>(), of(any::<[u8; 6]>()));
    (of(any::<u16>()), of(mac()), of(mac())).prop_map(|(ethertype, source, destination)| {
        let mac = |(address, mask): ([u8; 6], Option<[u8; 6]>)| MacMatch {
            address: Mac(address),
            mask: mask.map(Mac),
        };
        let eth = Eth { source: source.map(mac), destination: destination.map(mac), ethertype };
        Matches { eth: Some(eth), ..Matches::default() }
    })
}

fn acl(kind: AclKind) -> impl Strategy<Value = Acl> {
    let matches = match kind {
        AclKind::Ipv6 => ip_matches(IpVersion::V6).boxed(),
        AclKind::Ethernet => eth_matches().boxed(),
        _ => ip_matches(IpVersion::V4).boxed(),
    };
    let forwarding = prop_oneof![9 => Just(Forwarding::Accept), 1 => Just(Forwarding::Drop), 1 => Just(Forwarding::Reject)];
    let ace = (name(), matches, forwarding).prop_map(|(name, matches, forwarding)| Ace {
        name,
        matches,
        forwarding,
        understood: true,
    });
    proptest::collection::vec(ace, 0..4).prop_map(move |aces| Acl {
        name: format!("{kind:?}").into(),
        kind,
        aces,
    })
}

fn file() -> impl Strategy<Value = MudFile> {
    let acls = (acl(AclKind::Ipv4), acl(AclKind::Ipv6), acl(AclKind::Ethernet));
    (acls, 0_i64..4_000_000_000, 1_u16..=168, any::<bool>(), of(name()), of(any::<bool>()))
        .prop_map(|((a, b, c), time, cache_validity, is_supported, text, tls_profiles)| MudFile {
            last_update: Some(Timestamp::from_secs(time)),
            cache_validity,
            is_supported,
            mfg_name: text.clone(),
            systeminfo: text,
            tls_profiles,
            from_device: vec![a.name.clone(), c.name.clone()],
            to_device: vec![b.name.clone()],
            acls: vec![a, b, c],
            ..MudFile::new("https://maker.example/thing")
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(file in file()) {
        let text = write(&file);
        prop_assert_eq!(&text, &write(&file));
        let parsed = parse(text.as_bytes()).unwrap();
        prop_assert_eq!(parsed.refused(), 0, "{:?}", parsed.warnings);
        prop_assert_eq!(parsed.file, file);
    }
}
