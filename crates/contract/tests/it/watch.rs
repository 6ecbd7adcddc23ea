//! What leaves a contract is noticed, and what was learned from never is.

use cordon_contract::learn::Learner;
use cordon_contract::resolve::{Bound, Known, World, resolve};
use cordon_contract::watch::{Breach, Watch, What};
use cordon_contract::{
    Anchor, Bindings, Bounds, Carrier, Contract, Entry, MqttAction, Opens, Peer, Policy, Ports,
    Reach, Stage, TlsRule, VerbRule,
};
use cordon_model::fact::{
    Certificate, HttpRequest, KeyAlgorithm, TlsCertificates, TlsClientHello, TlsVersion,
};
use cordon_model::flow::TcpFlags;
use cordon_model::{App, DeviceId, Fact, Flow, Mac, Said};
use proptest::prelude::*;

use super::learn::{as_app, asked, at, conclude, end, fact, flow, site, udp, unanswered};

const CAMERA: &str = "10.0.0.1";
const RECORDER: &str = "10.0.0.7";

fn to_recorder(port: u16) -> Entry {
    let recorder = Peer::Device { id: DeviceId("recorder".into()), name: "recorder".into() };
    Entry::new(recorder, Opens::Device, Carrier::Tcp, [Ports::one(port)])
}

fn to_router(entry: impl Fn(&mut Entry)) -> Contract {
    let mut one = Entry::new(Peer::Gateway, Opens::Device, Carrier::Udp, [Ports::one(53)]);
    entry(&mut one);
    super::contract("camera", [one])
}

fn world() -> World {
    let known = |device: &cordon_model::Device| Known {
        macs: device.macs.clone(),
        ips: device.ips.clone(),
        ..Known::new(device.id.clone(), &device.label())
    };
    World {
        devices: site().iter().map(known).collect(),
        networks: vec!["10.0.0.0/24".parse().unwrap()],
        gateways: vec![[10, 0, 0, 254].into()],
        ..World::default()
    }
}

/// The policy of contracts that are only watched: the firewall has no part in it.
fn policy(contracts: &[Contract]) -> Policy {
    let bound = |contract| Bound { contract, stage: Stage::Watch, reach: Reach::Normal };
    let bound: Vec<Bound<'_>> = contracts.iter().map(bound).collect();
    resolve(&world(), &bound, at(0)).policy
}

fn seen(contracts: &[Contract], flows: &[Flow]) -> Vec<Breach> {
    let policy = policy(contracts);
    let mut watch = Watch::new(&policy, contracts);
    flows.iter().flat_map(|flow| watch.flow(flow, &Bindings::default())).collect()
}

fn heard(contracts: &[Contract], fact: &Fact) -> Vec<Breach> {
    let policy = policy(contracts);
    Watch::new(&policy, contracts).fact(fact, &Bindings::default())
}

#[test]
fn what_no_entry_allows_is_a_breach_at_each_end_that_has_a_contract() {
    let camera = super::contract("camera", [to_recorder(554)]);
    let recorder = super::contract("recorder", []);
    let strange = [flow(CAMERA, RECORDER, 23, 0)];
    let breaches = seen(&[camera.clone(), recorder], &strange);
    let says: Vec<String> = breaches.iter().map(Breach::says).collect();
    assert_eq!(
        says,
        [
            "camera opened tcp/23 to 10.0.0.7, which nothing allows",
            "recorder had tcp/23 opened to it by 10.0.0.1, which nothing allows"
        ]
    );
    assert!(breaches.iter().all(|breach| breach.entry.is_none()));
    assert!(seen(&[camera], &[flow(CAMERA, RECORDER, 554, 0)]).is_empty());
}

#[test]
fn a_probe_that_nobody_answers_is_a_breach_as_well() {
    let camera = super::contract("camera", [to_recorder(554)]);
    assert_eq!(seen(&[camera], &[unanswered(CAMERA, "9.9.9.9", 23, 0)]).len(), 1);
}

#[test]
fn devices_without_a_contract_and_upkeep_of_the_link_breach_nothing() {
    let camera = super::contract("camera", []);
    let solicit =
        Flow { transport: cordon_model::Transport::Icmpv6, ..udp(CAMERA, "10.0.0.254", 135, 0) };
    assert!(seen(&[camera], &[flow(RECORDER, "9.9.9.9", 23, 0), solicit]).is_empty());
}

#[test]
fn more_often_than_the_entry_bears_is_a_breach_from_there_on() {
    let mut entry = to_recorder(554);
    entry.bounds.flows_per_minute = Some(3);
    let id = entry.id();
    let camera = [super::contract("camera", [entry])];
    let flows: Vec<Flow> = (0..6).map(|secs| flow(CAMERA, RECORDER, 554, secs)).collect();
    let breaches = seen(&camera, &flows);
    assert_eq!(breaches.len(), 3);
    assert_eq!(breaches[0].what, What::TooOften { bound: 3 });
    assert_eq!(breaches[0].entry, Some(id));
    let slow: Vec<Flow> = (0..6).map(|no| flow(CAMERA, RECORDER, 554, no * 60)).collect();
    assert!(seen(&camera, &slow).is_empty());
    let parts: Vec<Flow> =
        (0..6).map(|part| Flow { part, ..flow(CAMERA, RECORDER, 554, 0) }).collect();
    assert!(seen(&camera, &parts).is_empty(), "parts are one conversation");
}

#[test]
fn more_bytes_and_faster_packets_than_the_entry_bears_are_breaches() {
    let bounded = |bounds| [super::contract("camera", [Entry { bounds, ..to_recorder(554) }])];
    let two = [flow(CAMERA, RECORDER, 554, 0), flow(CAMERA, RECORDER, 554, 60)];
    let bytes = bounded(Bounds { bytes_per_hour: Some(3_000), ..Bounds::default() });
    assert_eq!(seen(&bytes, &two)[0].what, What::TooMuch { bound: 3_000 });
    let packets = bounded(Bounds { packets_per_second: Some(19), ..Bounds::default() });
    assert_eq!(seen(&packets, &two[..1])[0].what, What::TooFast { bound: 19 });
    let packets = bounded(Bounds { packets_per_second: Some(20), ..Bounds::default() });
    assert!(seen(&packets, &two[..1]).is_empty());
}

#[test]
fn another_application_on_an_allowed_port_is_a_breach() {
    let camera = |app| [super::contract("camera", [Entry { app, ..to_recorder(443) }])];
    let ssh = as_app(App::Ssh, flow(CAMERA, RECORDER, 443, 0));
    let expected = What::OtherApp { expected: App::Tls, seen: App::Ssh };
    assert_eq!(seen(&camera(Some(App::Tls)), std::slice::from_ref(&ssh))[0].what, expected);
    assert!(seen(&camera(None), std::slice::from_ref(&ssh)).is_empty(), "none was expected");
    let guessed = Flow { basis: Some(cordon_model::Basis::Port), ..ssh };
    assert!(seen(&camera(Some(App::Tls)), &[guessed]).is_empty(), "a guess is no proof");
}

#[test]
fn a_tunnel_through_name_questions_is_a_breach_though_the_port_is_allowed() {
    let camera =
        [to_router(|entry| entry.verbs = vec![VerbRule::Dns { name: "*.example.com".into() }])];
    assert!(heard(&camera, &asked(CAMERA, "cloud.example.com", 0)).is_empty());
    let breaches = heard(&camera, &asked(CAMERA, "aGVsbG8gd29ybGQ.evil.example", 0));
    assert_eq!(breaches.len(), 1);
    assert_eq!(
        breaches[0].says(),
        "camera asks for agvsbg8gd29ybgq.evil.example with udp/53 at 10.0.0.254, which nothing \
         allows"
    );
    let free = [to_router(|_| {})];
    assert!(heard(&free, &asked(CAMERA, "evil.example", 0)).is_empty(), "anything may be said");
}

#[test]
fn one_entry_of_several_that_lets_it_be_said_is_enough() {
    let ask = |name: &str| {
        let mut entry = Entry::new(Peer::Gateway, Opens::Device, Carrier::Udp, [Ports::one(53)]);
        entry.verbs = vec![VerbRule::Dns { name: name.into() }];
        entry
    };
    let camera = [super::contract("camera", [ask("a.example"), ask("b.example")])];
    assert!(heard(&camera, &asked(CAMERA, "b.example", 0)).is_empty());
    assert_eq!(heard(&camera, &asked(CAMERA, "c.example", 0)).len(), 1);
}

#[test]
fn a_path_that_was_never_asked_for_is_a_breach() {
    let request = |method: &str, path: &str| {
        let request =
            HttpRequest { method: method.into(), path: path.into(), ..http_request(None) };
        fact(end(CAMERA, 50_000), end(RECORDER, 80), 0, Said::HttpRequest(Box::new(request)))
    };
    let mut entry = to_recorder(80);
    entry.verbs = vec![VerbRule::Http { method: "GET".into(), path: "/api/*".into() }];
    let camera = [super::contract("camera", [entry])];
    assert!(heard(&camera, &request("GET", "/api/state?x=1")).is_empty());
    assert_eq!(heard(&camera, &request("POST", "/api/state")).len(), 1);
    assert_eq!(heard(&camera, &request("GET", "/shell")).len(), 1);
}

fn http_request(host: Option<&str>) -> HttpRequest {
    HttpRequest {
        method: "GET".into(),
        host: host.map(Into::into),
        path: "/".into(),
        user_agent: None,
        content_type: None,
        soap_action: None,
        authorization: None,
        length: None,
        headers: Vec::new(),
    }
}

fn client_hello(name: Option<&str>) -> TlsClientHello {
    TlsClientHello {
        version: TlsVersion(0x0304),
        lowest: None,
        suites: vec![0x1301],
        groups: vec![29],
        sni: name.map(Into::into),
        alpn: Vec::new(),
        ja4: "t13d1516h2_8daaf6152771_e5627efa2ab1".into(),
        ech: false,
        quic: None,
        extensions: Vec::new(),
        signatures: Vec::new(),
        certificate_signatures: Vec::new(),
        psk_modes: Vec::new(),
        compressions: Vec::new(),
    }
}

/// Behind one address of a content network are many names.
#[test]
fn another_name_at_an_address_that_is_shared_is_a_breach() {
    const SHARED: &str = "203.0.113.9";
    let named = |name: &str, port| {
        let peer = Peer::Name { name: name.into() };
        Entry::new(peer, Opens::Device, Carrier::Tcp, [Ports::one(port)])
    };
    let entries =
        [named("*.good.example", 443), named("good.example", 80), named("b.example", 443)];
    let camera = [super::contract("camera", entries)];
    let policy = policy(&camera);
    let watch = Watch::new(&policy, &camera);
    let mut bindings = Bindings::default();
    let member = watch.member_at(CAMERA.parse().unwrap()).unwrap();
    for name in ["api.good.example", "good.example"] {
        bindings.learn(&policy, member, name, SHARED.parse().unwrap(), at(3_600));
    }
    let opens = |name: Option<&str>| {
        let said = Said::ClientHello(Box::new(client_hello(name)));
        watch.fact(&fact(end(CAMERA, 50_000), end(SHARED, 443), 0, said), &bindings)
    };
    assert!(opens(Some("API.good.example")).is_empty());
    assert!(opens(Some("b.example")).is_empty(), "its own name, whose answer was not seen");
    assert!(opens(None).is_empty() && opens(Some(SHARED)).is_empty(), "it asks for no name");
    let found = opens(Some("evil.example"));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].says(),
        "camera asked for evil.example with tcp/443 at 203.0.113.9, an address that it may use \
         for *.good.example and not for that"
    );
    let requests = |host: &str| {
        let said = Said::HttpRequest(Box::new(http_request(Some(host))));
        watch.fact(&fact(end(CAMERA, 50_000), end(SHARED, 80), 0, said), &bindings).len()
    };
    assert_eq!(requests("good.example:80"), 0);
    assert_eq!(requests("evil.example:80"), 1);
    assert_eq!(requests("b.example"), 1, "a name of another port");
    assert_eq!(requests(SHARED), 0);
}

#[test]
fn a_client_that_offers_what_its_profile_does_not_know_is_a_breach() {
    let hello = |version: u16, suites: &[u16]| {
        let hello = TlsClientHello {
            version: TlsVersion(version),
            suites: suites.to_vec(),
            ..client_hello(None)
        };
        fact(end(CAMERA, 50_000), end(RECORDER, 443), 0, Said::ClientHello(Box::new(hello)))
    };
    let mut entry = to_recorder(443);
    entry.verbs = vec![VerbRule::Tls(Box::new(TlsRule {
        versions: vec![0x0304],
        suites: vec![0x1301, 0x1302],
        ..TlsRule::default()
    }))];
    let camera = [super::contract("camera", [entry])];
    assert!(heard(&camera, &hello(0x0304, &[0x1301])).is_empty());
    assert_eq!(heard(&camera, &hello(0x0303, &[0x1301])).len(), 1, "an older version");
    assert_eq!(heard(&camera, &hello(0x0304, &[0x1301, 0x000a])).len(), 1, "another suite");
    let plain = [super::contract("camera", [to_recorder(443)])];
    assert!(heard(&plain, &hello(0x0301, &[0x000a])).is_empty(), "no profile, no breach");
}

#[test]
fn the_certificate_that_a_server_sends_is_held_against_who_asked_for_it() {
    let certificate = |issuer: &str| Certificate {
        subject: "CN=recorder".into(),
        common_name: None,
        organisation: None,
        issuer: issuer.into(),
        names: Vec::new(),
        not_before: at(0),
        not_after: at(0),
        key: KeyAlgorithm::Ec,
        key_bits: 256,
        signature: "".into(),
        self_signed: false,
        sha256: [1; 32],
        key_sha256: [2; 32],
        mud_url: None,
    };
    let sends = |from: &str, to: &str, issuer: &str| {
        let chain = TlsCertificates { chain: vec![certificate(issuer)] };
        fact(end(from, 443), end(to, 50_000), 0, Said::Certificates(Box::new(chain)))
    };
    let mut entry = to_recorder(443);
    let anchors = vec![Anchor { subject: "CN=Maker".into(), sha256: "00".into() }];
    entry.verbs = vec![VerbRule::Tls(Box::new(TlsRule { anchors, ..TlsRule::default() }))];
    let camera = [super::contract("camera", [entry])];
    assert!(heard(&camera, &sends(RECORDER, CAMERA, "CN=Maker")).is_empty());
    let found = heard(&camera, &sends(RECORDER, CAMERA, "CN=Evil"));
    assert_eq!(found.len(), 1);
    assert!(matches!(found[0].what, What::OtherTls { .. }));
    assert_eq!(
        found[0].says(),
        "camera speaks TLS otherwise than its contract says: authority CN=Evil beside CN=Maker; \
         with tcp/443 at 10.0.0.7"
    );
    assert!(heard(&camera, &sends(CAMERA, RECORDER, "CN=Evil")).is_empty(), "its own");
}

#[test]
fn a_broker_that_tells_its_subscriber_says_nothing_in_the_subscribers_name() {
    let mut entry = to_recorder(1_883);
    entry.verbs = vec![VerbRule::Mqtt { action: MqttAction::Subscribe, topic: "home/#".into() }];
    let camera = [super::contract("camera", [entry])];
    let publish =
        cordon_model::fact::Mqtt::Publish { topic: "home/a".into(), retain: false, length: 1 };
    let told = fact(end(RECORDER, 1_883), end(CAMERA, 50_000), 0, Said::Mqtt(Box::new(publish)));
    assert!(heard(&camera, &told).is_empty());
}

#[test]
fn a_device_at_another_address_is_another_device() {
    let mut world = world();
    world.devices[0].ips = vec![[10, 0, 0, 99].into()];
    world.devices[0].macs = vec![Mac([2, 0, 0, 0, 0, 99])];
    let camera = super::contract("camera", []);
    let bound = [Bound { contract: &camera, stage: Stage::Watch, reach: Reach::Normal }];
    let policy = resolve(&world, &bound, at(0)).policy;
    let mut watch = Watch::new(&policy, [&camera]);
    assert!(watch.flow(&flow(CAMERA, RECORDER, 23, 0), &Bindings::default()).is_empty());
    assert_eq!(watch.flow(&flow("10.0.0.99", RECORDER, 23, 0), &Bindings::default()).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What a contract was learned from, and was not held back, breaks nothing when it comes again.
    #[test]
    fn the_same_again_is_no_breach(
        acts in proptest::collection::vec((1_u8..30, 1_u16.., 0_i64..100_000, any::<bool>()), 1..60),
        names in proptest::collection::vec("[a-c]{1,2}\\.(example\\.com|x\\.example\\.org|co\\.uk)", 0..20),
    ) {
        let mut flows: Vec<Flow> = acts
            .iter()
            .map(|(peer, port, secs, is_udp)| {
                let peer = format!("10.0.0.{}", if *peer == 1 { 7 } else { *peer });
                let make = if *is_udp { udp } else { flow };
                make(CAMERA, &peer, *port, *secs)
            })
            .collect();
        flows.sort_by_key(|flow| flow.first);
        let facts: Vec<Fact> = names.iter().map(|name| asked(CAMERA, name, 0)).collect();
        let mut learner = Learner::new();
        facts.iter().for_each(|fact| learner.fact(fact));
        flows.push(udp(CAMERA, "10.0.0.254", 53, 100_001));
        flows.iter().for_each(|flow| learner.flow(flow));
        let learned = conclude(&learner, &site());
        let contracts: Vec<Contract> =
            learned.iter().map(|one| one.contract.clone()).collect();
        let held = |breach: &Breach| {
            let one = learned.iter().find(|one| one.contract.device == breach.device);
            one.is_some_and(|one| one.held.iter().any(|held| {
                held.entry.transport.covers(breach.carrier) && held.entry.has_port(breach.service)
            }))
        };
        let policy = policy(&contracts);
        let mut watch = Watch::new(&policy, &contracts);
        let none = Bindings::default();
        for flow in &flows {
            let breaches = watch.flow(flow, &none);
            prop_assert!(breaches.iter().all(held), "{:?}", breaches);
        }
        for fact in &facts {
            let breaches = watch.fact(fact, &none);
            prop_assert!(breaches.is_empty(), "{:?}", breaches);
        }
    }
}

#[test]
fn what_is_left_of_a_connection_is_no_breach_and_a_beginning_is() {
    let contract = [super::contract("camera", [to_recorder(554)])];
    let mut rest = flow("9.9.9.9", CAMERA, 40_000, 0);
    rest.received = Default::default();
    (rest.sent_flags, rest.received_flags) = (TcpFlags(TcpFlags::FIN), TcpFlags::default());
    assert_eq!(seen(&contract, std::slice::from_ref(&rest)), []);
    rest.sent_flags = TcpFlags(TcpFlags::SYN);
    assert_eq!(seen(&contract, &[rest]).len(), 1);
}
