//! What devices say, in the words of the tests.

use cordon_model::fact::*;
use cordon_model::operation::{Object, Outcome};
use cordon_model::*;

use crate::scene::{NOW, Scene};

pub const CAM: &str = "10.0.0.5";
pub const PC: &str = "10.0.0.9:55000";

pub fn telnet(said: Telnet) -> Said {
    Said::Telnet(Box::new(said))
}

pub fn ftp(said: Ftp) -> Said {
    Said::Ftp(Box::new(said))
}

pub fn mqtt(said: Mqtt) -> Said {
    Said::Mqtt(Box::new(said))
}

pub fn connect(user: Option<&str>) -> Said {
    let user = user.map(Text::from);
    let password = user.is_some();
    mqtt(Mqtt::Connect { level: 4, client_id: "c".into(), user, password, will: None })
}

pub fn publish(topic: &str) -> Said {
    mqtt(Mqtt::Publish { topic: topic.into(), retain: false, length: 12 })
}

pub fn rtsp(method: Option<&str>, status: Option<u16>, authorization: Option<&str>) -> Said {
    Said::Rtsp(Box::new(Rtsp {
        method: method.map(Text::from),
        status,
        authorization: authorization.map(Text::from),
        ..Rtsp::default()
    }))
}

pub fn request(method: &str, path: &str) -> HttpRequest {
    HttpRequest { method: method.into(), path: path.into(), ..HttpRequest::default() }
}

pub fn response(status: u16) -> HttpResponse {
    HttpResponse { status, ..HttpResponse::default() }
}

pub fn snmp(version: SnmpVersion, pdu: &str, response: bool) -> Said {
    Said::Snmp(Box::new(Snmp {
        version,
        pdu: pdu.into(),
        response,
        sys_descr: None,
        sys_object_id: None,
        sys_name: None,
        sys_location: None,
        user: None,
        engine_id: Vec::new(),
        flags: 0,
        objects: Vec::new(),
    }))
}

pub fn coap(code: u8, length: u32) -> Said {
    let path = "sensors/temp".into();
    Said::Coap(Box::new(Coap {
        code,
        kind: 0,
        path,
        host: None,
        format: None,
        observe: false,
        length,
    }))
}

pub fn server_hello(version: TlsVersion, suite: u16) -> Said {
    Said::ServerHello(Box::new(TlsServerHello { version, suite, alpn: None }))
}

pub fn client_hello(version: TlsVersion, suites: &[u16]) -> Said {
    Said::ClientHello(Box::new(TlsClientHello {
        version,
        lowest: None,
        suites: suites.to_vec(),
        groups: Vec::new(),
        sni: Some("cloud.example.com".into()),
        alpn: Vec::new(),
        ja4: "".into(),
        ech: false,
        quic: None,
        extensions: Vec::new(),
        signatures: Vec::new(),
        certificate_signatures: Vec::new(),
        psk_modes: Vec::new(),
        compressions: Vec::new(),
    }))
}

pub const DAY: i64 = 86_400;

pub fn days(days: i64) -> Timestamp {
    Timestamp::from_secs(NOW.secs() + days * DAY)
}

pub fn healthy_certificate() -> Certificate {
    Certificate {
        subject: "CN=cam".into(),
        common_name: Some("cam".into()),
        organisation: None,
        issuer: "CN=authority".into(),
        names: Vec::new(),
        not_before: days(-100),
        not_after: days(265),
        key: KeyAlgorithm::Rsa,
        key_bits: 2048,
        signature: "sha256WithRSAEncryption".into(),
        self_signed: false,
        sha256: [1; 32],
        key_sha256: [2; 32],
        mud_url: None,
    }
}

pub fn certificate(change: impl FnOnce(&mut Certificate)) -> Said {
    let mut own = healthy_certificate();
    change(&mut own);
    Said::Certificates(Box::new(TlsCertificates { chain: vec![own] }))
}

pub fn shows(change: impl FnOnce(&mut Certificate)) -> Scene {
    Scene::default().say("10.0.0.5:443", PC, certificate(change))
}

pub fn query(name: &str) -> Said {
    dns(name, false, 0)
}

pub fn dns(name: &str, response: bool, rcode: u8) -> Said {
    Said::Dns(Box::new(Dns {
        kind: DnsKind::Dns,
        response,
        rcode,
        questions: vec![DnsQuestion { name: name.into(), rtype: 1 }],
        records: Vec::new(),
        left_out: 0,
    }))
}

pub fn operation(verb: Verb, outcome: Outcome) -> Said {
    Said::Operation(Box::new(Operation {
        app: App::Modbus,
        verb,
        code: 16,
        name: "write multiple registers".into(),
        unit: Some(1),
        object: Object::Range { table: "holding registers".into(), start: 100, count: 2 },
        value: None,
        outcome,
    }))
}

pub fn beacon(change: impl FnOnce(&mut AccessPoint)) -> Scene {
    let mut ap = AccessPoint {
        bssid: "00:11:22:33:44:55".parse().unwrap(),
        ssid: Some("clinic".into()),
        channel: Some(6),
        privacy: true,
        wpa: false,
        rsn: true,
        ciphers: vec![Cipher::Ccmp],
        authentication: vec![AuthenticationSuite::Psk],
        pmf_capable: true,
        pmf_required: false,
        wps: None,
        manufacturer: None,
        model: None,
        model_number: None,
        device_name: None,
    };
    change(&mut ap);
    Scene::default().say(CAM, "10.0.0.255", Said::AccessPoint(Box::new(ap)))
}

pub fn acts(actor: DeviceType, verb: Verb, outcomes: &[Outcome]) -> Scene {
    let scene = Scene::default().device("10.0.0.9", "station-1", actor).device(
        CAM,
        "plc-1",
        DeviceType::Plc,
    );
    outcomes.iter().fold(scene, |scene, outcome| match outcome {
        Outcome::Asked => scene.say(PC, "10.0.0.5:502", operation(verb, *outcome)),
        _ => scene.say("10.0.0.5:502", PC, operation(verb, *outcome)),
    })
}
