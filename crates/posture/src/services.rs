//! Services that should not be there, or not like this.

use cordon_model::fact::{
    Coap, Dns, DnsKind, Eapol, Ftp, HttpRequest, HttpResponse, Mqtt, Ntp, Rtsp, Snmp, SnmpVersion,
    Ssh, Telnet, UpnpDescription,
};
use cordon_model::{App, Fact, FindingKind, Severity, Text};

use crate::credentials::{is_anonymous_account, snmp_ends};
use crate::ends::{Ends, Subject, at};
use crate::exchange::{Event, Exchanges};
use crate::ledger::{About, Key, Ledger, Moment};

/// Telnet: the service, and whether a login went well.
pub(crate) fn telnet(ledger: &mut Ledger, exchanges: &mut Exchanges, fact: &Fact, telnet: &Telnet) {
    let ends = match telnet {
        Telnet::Banner(_) => Ends::from_server(fact),
        _ => Ends::by_port(fact, App::Telnet.tcp_ports()),
    };
    ledger.service(FindingKind::TelnetService, fact, &ends, || match telnet {
        Telnet::Login(user) => {
            format!("Telnet login as “{user}” from {} to {}", at(&ends.client), at(&ends.server))
        }
        _ => format!("{} speaks Telnet with {}", at(&ends.server), at(&ends.client)),
    });
    match telnet {
        Telnet::Login(_) => exchanges.add(ledger, fact, ends, Event::Accepted),
        Telnet::Refused(_) => exchanges.add(ledger, fact, ends, Event::Refused),
        Telnet::Banner(_) | Telnet::Negotiates => {}
    }
}

/// FTP: the service, anonymous logins, and whether a login went well.
pub(crate) fn ftp(ledger: &mut Ledger, exchanges: &mut Exchanges, fact: &Fact, ftp: &Ftp) {
    let ends = Ends::by_port(fact, App::Ftp.tcp_ports());
    if let Ftp::Login(user) = ftp
        && is_anonymous_account(user)
    {
        ledger.service(FindingKind::AnonymousFtp, fact, &ends, || {
            format!(
                "FTP login as “{user}” from {} accepted by {}",
                at(&ends.client),
                at(&ends.server)
            )
        });
    }
    let seen = match ftp {
        Ftp::StartsTls => Event::FtpTls,
        _ => Event::Ftp,
    };
    exchanges.add(ledger, fact, ends, seen);
    match ftp {
        Ftp::Login(_) => exchanges.add(ledger, fact, ends, Event::Accepted),
        Ftp::Refused(_) => exchanges.add(ledger, fact, ends, Event::Refused),
        _ => {}
    }
}

/// RTSP: whether the stream is given to anybody.
pub(crate) fn rtsp(ledger: &mut Ledger, exchanges: &mut Exchanges, fact: &Fact, rtsp: &Rtsp) {
    match (&rtsp.method, rtsp.status) {
        (Some(method), _) => {
            let asks =
                matches!(method.as_str(), "DESCRIBE" | "PLAY") && rtsp.authorization.is_none();
            let event = if asks { Event::RtspAsks } else { Event::RtspOther };
            exchanges.add(ledger, fact, Ends::from_client(fact), event);
        }
        (None, Some(status)) => {
            let ends = Ends::from_server(fact);
            exchanges.add(ledger, fact, ends, Event::RtspAnswers(status == 200));
            if matches!(status, 401 | 403) {
                exchanges.add(ledger, fact, ends, Event::Refused);
            }
        }
        (None, None) => {}
    }
}

/// MQTT: whether the broker lets anybody in.
pub(crate) fn mqtt(ledger: &mut Ledger, exchanges: &mut Exchanges, fact: &Fact, mqtt: &Mqtt) {
    match mqtt {
        Mqtt::Connect { user: None, .. } => {
            exchanges.add(ledger, fact, Ends::from_client(fact), Event::Anonymous);
        }
        Mqtt::Connack(code) => {
            let event = if *code == 0 { Event::Accepted } else { Event::Refused };
            exchanges.add(ledger, fact, Ends::from_server(fact), event);
        }
        _ => {}
    }
}

/// CoAP: resources given to anybody.
pub(crate) fn coap(ledger: &mut Ledger, fact: &Fact, coap: &Coap) {
    const CONTENT: u8 = 69;
    if coap.code == CONTENT && coap.length > 0 {
        let ends = Ends::from_server(fact);
        ledger.service(FindingKind::OpenCoap, fact, &ends, || {
            format!(
                "{} gave a resource of {} bytes to {} without a login",
                at(&ends.server),
                coap.length,
                at(&ends.client)
            )
        });
    }
}

/// SNMP versions without protection, and settings changed over them.
pub(crate) fn snmp(ledger: &mut Ledger, exchanges: &mut Exchanges, fact: &Fact, snmp: &Snmp) {
    let version = match snmp.version {
        SnmpVersion::V1 => "SNMPv1",
        SnmpVersion::V2c => "SNMPv2c",
        SnmpVersion::V3 => return,
    };
    let ends = snmp_ends(fact);
    let detail =
        || format!("{version} {} between {} and {}", snmp.pdu, at(&ends.client), at(&ends.server));
    ledger.service(FindingKind::SnmpClearText, fact, &ends, detail);
    if snmp.pdu == "set-request" {
        ledger.service(FindingKind::SnmpWrite, fact, &ends, detail);
    }
    // An answer that is sent towards an agent is forged or made by hand, and proves nothing.
    if snmp.response && ends.server == fact.from {
        exchanges.add(ledger, fact, ends, Event::Accepted);
    }
}

/// HTTP requests: UPnP port mappings.
pub(crate) fn http_request(ledger: &mut Ledger, fact: &Fact, request: &HttpRequest) {
    let Some(action) = &request.soap_action else { return };
    if action.contains("AddPortMapping") || action.contains("AddAnyPortMapping") {
        let asks = |about: About| {
            about
                .severity(Severity::High)
                .title("opens a port to the Internet by UPnP")
                .why("The device asked the router to let outsiders in, and nobody approved it.")
        };
        let kind = FindingKind::UpnpPortMapping;
        let key = Key::one(kind, Subject::of(&fact.from, fact.vlan), "asks");
        ledger.note(
            key,
            Moment::of(fact),
            || asks(About::kind(kind)),
            || {
                format!(
                    "{} asks {} for a port mapping ({})",
                    at(&fact.from),
                    at(&fact.to),
                    action.trim_matches('"')
                )
            },
        );
    }
}

/// HTTP answers: login pages without encryption, and logins refused.
pub(crate) fn http_response(
    ledger: &mut Ledger,
    exchanges: &mut Exchanges,
    fact: &Fact,
    response: &HttpResponse,
) {
    let ends = Ends::from_server(fact);
    if matches!(response.status, 401 | 403) {
        exchanges.add(ledger, fact, ends, Event::Refused);
    }
    if let Some(challenge) = &response.authenticate
        && starts_with(challenge, "basic")
    {
        let kind = FindingKind::ClearTextLogin;
        let key = Key::service(kind, &ends, fact.vlan, "basic");
        let about = || About::kind(kind).title("HTTP Basic login without encryption");
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} asks for a password over plain HTTP: {challenge}", at(&ends.server))
        });
    } else if let Some(title) = &response.title
        && response.status == 200
        && is_login_title(title)
    {
        ledger.service(FindingKind::ClearTextLogin, fact, &ends, || {
            format!("{} shows the page “{title}” over plain HTTP", at(&ends.server))
        });
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is_login_title(title: &Text) -> bool {
    let title = title.to_lowercase();
    ["login", "log in", "sign in", "anmeld", "登录"].iter().any(|word| title.contains(word))
}

/// UPnP descriptions: routers that map ports for anybody.
pub(crate) fn upnp(ledger: &mut Ledger, fact: &Fact, description: &UpnpDescription) {
    let maps = |service: &&Text| {
        service.contains(":WANIPConnection:") || service.contains(":WANPPPConnection:")
    };
    if let Some(service) = description.services.iter().find(maps) {
        let kind = FindingKind::UpnpPortMapping;
        let key = Key::one(kind, Subject::of(&fact.from, fact.vlan), "offers");
        let about = || {
            About::kind(kind).severity(Severity::Low).title("maps ports by UPnP for anybody inside")
        };
        ledger
            .note(key, Moment::of(fact), about, || format!("{} offers {service}", at(&fact.from)));
    }
}

/// SSH versions and algorithms.
pub(crate) fn ssh(ledger: &mut Ledger, fact: &Fact, ssh: &Ssh) {
    let ends = Ends::by_port(fact, App::Ssh.tcp_ports());
    let server_speaks = ends.server == fact.from;
    if let Some(banner) = &ssh.banner
        && banner.starts_with("1.")
        && server_speaks
    {
        let kind = FindingKind::WeakSsh;
        let only = !banner.starts_with("1.99");
        let key = Key::service(kind, &ends, fact.vlan, only);
        let about = || {
            let about = About::kind(kind)
                .title("SSH protocol version 1")
                .why("Version 1 lets whoever is on the path change what is typed.");
            if only { about.severity(Severity::High) } else { about }
        };
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} says “SSH-{banner}”", at(&fact.from))
        });
    }
    if !server_speaks || ssh.kex.is_empty() {
        return;
    }
    let lists = [
        ("key exchange", &ssh.kex, WEAK_KEX),
        ("host keys", &ssh.host_keys, WEAK_HOST_KEYS),
        ("ciphers", &ssh.ciphers, WEAK_CIPHERS),
        ("MACs", &ssh.macs, WEAK_MACS),
    ];
    for (what, offered, weak) in lists {
        let is_weak = |name: &Text| weak.contains(&name.as_str()) || is_marker(name);
        if offered.is_empty() || !offered.iter().all(is_weak) {
            continue;
        }
        let kind = FindingKind::WeakSsh;
        let key = Key::service(kind, &ends, fact.vlan, what);
        let about = || About::kind(kind).title(format!("SSH offers only weak {what}"));
        ledger.note(key, Moment::of(fact), about, || {
            format!("{} offers only {}", at(&fact.from), offered.join(", "))
        });
    }
}

/// Names in the list that are signals and no algorithms (RFC 8308, OpenSSH's strict mode).
fn is_marker(name: &str) -> bool {
    matches!(name, "ext-info-s" | "ext-info-c") || name.starts_with("kex-strict-")
}

const WEAK_KEX: &[&str] = &[
    "diffie-hellman-group1-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "rsa1024-sha1",
];
const WEAK_HOST_KEYS: &[&str] = &["ssh-dss"];
const WEAK_CIPHERS: &[&str] = &[
    "none",
    "des-cbc",
    "3des-cbc",
    "blowfish-cbc",
    "cast128-cbc",
    "idea-cbc",
    "arcfour",
    "arcfour128",
    "arcfour256",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "rijndael-cbc@lysator.liu.se",
];
const WEAK_MACS: &[&str] =
    &["none", "hmac-md5", "hmac-md5-96", "hmac-sha1-96", "hmac-ripemd160", "hmac-ripemd"];

/// NTP control and private answers.
pub(crate) fn ntp(ledger: &mut Ledger, fact: &Fact, ntp: Ntp) {
    // Servers answer from port 123; control clients ask from a port of their own.
    let answers = fact.from.port == Some(123) && fact.to.port != Some(123);
    if matches!(ntp.mode, 6 | 7) && answers {
        let ends = Ends::from_server(fact);
        ledger.service(FindingKind::NtpControl, fact, &ends, || {
            format!(
                "{} answers an NTP query of mode {} from {}",
                at(&fact.from),
                ntp.mode,
                at(&fact.to)
            )
        });
    }
}

/// 802.1X methods without protection: EAP numbers 4 (MD5-Challenge) and 17 (LEAP).
pub(crate) fn eapol(ledger: &mut Ledger, fact: &Fact, eapol: &Eapol) {
    let method = match eapol.method {
        Some(4) => "EAP-MD5",
        Some(17) => "LEAP",
        _ => return,
    };
    let kind = FindingKind::WeakEap;
    let key = Key::one(kind, Subject::of(&fact.from, fact.vlan), method);
    ledger.note(
        key,
        Moment::of(fact),
        || About::kind(kind).title(format!("802.1X with {method}")),
        || format!("{} uses {method} with {}", at(&fact.from), at(&fact.to)),
    );
}

/// Names asked for where anybody can answer.
pub(crate) fn name_broadcast(ledger: &mut Ledger, fact: &Fact, dns: &Dns) {
    if dns.kind == DnsKind::Llmnr && !dns.response && !dns.questions.is_empty() {
        ledger.speaker(FindingKind::NameBroadcast, fact, || {
            let name = dns.questions.first().map_or("", |question| question.name.as_str());
            format!("{} asks everybody for “{name}”", at(&fact.from))
        });
    }
}
