//! The order in which facts come does not change what is found.

use crate::scene::Scene;
use cordon_model::fact::*;
use cordon_model::operation::{Object, Outcome};
use cordon_model::*;
use proptest::prelude::*;

fn busy_site() -> Scene {
    let pc = "10.0.0.9:55000";
    let login = |user: &str| Said::Ftp(Box::new(Ftp::Login(user.into())));
    let refused = |user: &str| Said::Ftp(Box::new(Ftp::Refused(user.into())));
    let rtsp = |method: Option<&str>, status| {
        Said::Rtsp(Box::new(Rtsp { method: method.map(Text::from), status, ..Rtsp::default() }))
    };
    let hello =
        |version| Said::ServerHello(Box::new(TlsServerHello { version, suite: 5, alpn: None }));
    let write = |outcome| {
        Said::Operation(Box::new(Operation {
            app: App::Modbus,
            verb: Verb::Write,
            code: 6,
            name: "write single register".into(),
            unit: None,
            object: Object::None,
            value: None,
            outcome,
        }))
    };
    let arp = |ip: &str| {
        Said::Arp(Arp {
            reply: true,
            sender_mac: Mac([2, 0, 0, 0, 0, 1]),
            sender_ip: ip.parse().unwrap(),
            target_ip: ip.parse().unwrap(),
        })
    };
    let publish = |n: u32| {
        Said::Mqtt(Box::new(Mqtt::Publish {
            topic: format!("t/{n}").into(),
            retain: false,
            length: n + 1,
        }))
    };
    let dns = |name: &str| {
        Said::Dns(Box::new(Dns {
            kind: DnsKind::Dns,
            response: true,
            rcode: 0,
            questions: vec![DnsQuestion { name: name.into(), rtype: 1 }],
            records: vec![DnsRecord {
                name: name.into(),
                rtype: 1,
                ttl: 60,
                value: DnsValue::Address("8.8.4.4".parse().unwrap()),
            }],
            left_out: 0,
        }))
    };
    let mut scene = Scene::default()
        .password(Scheme::Ftp, pc, "10.0.0.5:21", "admin", "admin")
        .say("10.0.0.5:21", pc, refused("admin"))
        .password(Scheme::Ftp, pc, "10.0.0.5:21", "pi", "raspberry")
        .say("10.0.0.5:21", pc, login("pi"))
        .say_in(2, pc, "10.0.0.6:554", rtsp(Some("OPTIONS"), None))
        .say_in(2, "10.0.0.6:554", pc, rtsp(None, Some(200)))
        .say_in(2, pc, "10.0.0.6:554", rtsp(Some("DESCRIBE"), None))
        .say_in(2, "10.0.0.6:554", pc, rtsp(None, Some(200)))
        .say_in(3, "10.0.0.7:443", pc, hello(TlsVersion::TLS1_0))
        .say_in(3, "141.142.1.5:443", pc, hello(TlsVersion::SSL3))
        .say_in(4, "141.142.1.5", "141.142.1.1", arp("141.142.1.5"))
        .say_in(5, pc, "10.0.0.8:502", write(Outcome::Asked))
        .say_in(5, "10.0.0.8:502", pc, write(Outcome::Done))
        .say_in(6, "10.0.0.1:53", pc, dns("b.duckdns.org"))
        .say_in(6, "10.0.0.1:53", pc, dns("a.example.com"))
        .flow(pc, "8.8.4.4:443", Some(App::Tls))
        .device("10.0.0.8", "plc-1", DeviceType::Plc);
    for n in 0..9 {
        scene = scene.say_in(7, pc, "10.0.0.5:1883", publish(n));
    }
    scene
}

#[test]
fn the_busy_site_shows_something_of_everything() {
    let findings = busy_site().findings();
    assert!(findings.len() >= 10, "{findings:#?}");
}

proptest! {
    #[test]
    fn facts_in_any_order_give_the_same_findings(
        order in Just((0..busy_site().facts.len()).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let scene = busy_site();
        let mut shuffled = scene.clone();
        shuffled.facts = order.iter().map(|at| scene.facts[*at].clone()).collect();
        prop_assert_eq!(scene.findings(), shuffled.findings());
    }
}
