//! Passwords and services: found on the evidence, not on its healthy twin.

use cordon_model::fact::*;
use cordon_model::*;

use crate::scene::{self, Scene};
use crate::words::*;

#[test]
fn a_factory_password_that_was_accepted_is_critical_and_never_shown() {
    let scene = Scene::default().password(Scheme::Telnet, PC, "10.0.0.5:23", "root", "xc3511").say(
        "10.0.0.5:23",
        PC,
        telnet(Telnet::Login("root".into())),
    );
    let finding = scene.one(FindingKind::DefaultCredential);
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.evidence[0].detail.contains("accepted"));
    assert!(!format!("{finding:?}").contains("xc3511"));
}

#[test]
fn a_refused_factory_password_is_an_attack_and_no_weakness() {
    let tried =
        |secret: &str| Scene::default().password(Scheme::Telnet, PC, "10.0.0.5:23", "root", secret);
    tried("xc3511")
        .say("10.0.0.5:23", PC, telnet(Telnet::Refused("root".into())))
        .none(FindingKind::DefaultCredential);
    tried("something long").none(FindingKind::DefaultCredential);
    let basic = Scene::default().password(Scheme::HttpBasic, PC, "10.0.0.5:80", "admin", "admin");
    assert_eq!(basic.one(FindingKind::DefaultCredential).severity, Severity::Critical);
    basic
        .say("10.0.0.5:80", PC, Said::HttpResponse(Box::new(response(401))))
        .none(FindingKind::DefaultCredential);
}

#[test]
fn only_the_guess_that_worked_counts_in_a_series_of_guesses() {
    let scene = Scene::default()
        .password(Scheme::Ftp, PC, "10.0.0.5:21", "admin", "admin")
        .say("10.0.0.5:21", PC, ftp(Ftp::Refused("admin".into())))
        .password(Scheme::Ftp, PC, "10.0.0.5:21", "pi", "raspberry")
        .say("10.0.0.5:21", PC, ftp(Ftp::Login("pi".into())));
    let finding = scene.one(FindingKind::DefaultCredential);
    assert!(finding.why.contains("Raspberry"), "{}", finding.why);
}

#[test]
fn a_community_counts_as_set_only_when_the_agent_answers() {
    let asked = Scene::default()
        .password(Scheme::SnmpCommunity, PC, "10.0.0.5:161", "", "public")
        .say(PC, "10.0.0.5:161", snmp(SnmpVersion::V2c, "get-request", false));
    asked.none(FindingKind::DefaultCredential);
    let answered = asked.say("10.0.0.5:161", PC, snmp(SnmpVersion::V2c, "response", true));
    let finding = answered.one(FindingKind::DefaultCredential);
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.device, Some(scene::id(CAM.parse().unwrap())));
}

#[test]
fn an_answer_sent_towards_an_agent_proves_nothing_about_it() {
    Scene::default()
        .password(Scheme::SnmpCommunity, PC, "10.0.0.5:161", "", "private")
        .say(PC, "10.0.0.5:161", snmp(SnmpVersion::V2c, "response", true))
        .none(FindingKind::DefaultCredential);
}

#[test]
fn an_empty_password_is_a_default_and_no_clear_text_secret() {
    let scene = Scene::default().password(Scheme::Telnet, PC, "10.0.0.5:23", "operator", "");
    assert!(scene.one(FindingKind::DefaultCredential).title.contains("empty"));
    scene.none(FindingKind::ClearTextCredential);
}

#[test]
fn a_clear_text_password_names_the_user_and_the_service_and_never_the_secret() {
    let scene = Scene::default().password(Scheme::Mqtt, PC, "10.0.0.5:1883", "sensor7", "s3cr3t!");
    let finding = scene.one(FindingKind::ClearTextCredential);
    let detail = "MQTT CONNECT as user “sensor7” with a password in clear text to 10.0.0.5:1883";
    assert_eq!(finding.evidence[0].detail, detail);
    assert!(!format!("{finding:?}").contains("s3cr3t"));
    Scene::default()
        .password(Scheme::Ftp, PC, "10.0.0.5:21", "anonymous", "me@example.com")
        .none(FindingKind::ClearTextCredential);
}

#[test]
fn a_password_sent_to_the_internet_is_the_senders_weakness() {
    let scene = Scene::default().password(Scheme::Mqtt, PC, "8.8.4.4:1883", "thing", "word");
    let device = scene.one(FindingKind::ClearTextCredential).device;
    assert_eq!(device, Some(scene::id("10.0.0.9".parse().unwrap())));
}

#[test]
fn a_login_page_over_plain_http_is_found_and_a_digest_challenge_is_not() {
    let asks = |scheme: &str| {
        let authenticate = Some(scheme.into());
        let said = Said::HttpResponse(Box::new(HttpResponse { authenticate, ..response(401) }));
        Scene::default().say("10.0.0.5:80", PC, said)
    };
    asks("Basic realm=\"camera\"").one(FindingKind::ClearTextLogin);
    asks("Digest realm=\"camera\"").none(FindingKind::ClearTextLogin);
    let titled = |title: &str| {
        let title = Some(title.into());
        let said = Said::HttpResponse(Box::new(HttpResponse { title, ..response(200) }));
        Scene::default().say("10.0.0.5:80", PC, said)
    };
    titled("IPC Login").one(FindingKind::ClearTextLogin);
    titled("Welcome").none(FindingKind::ClearTextLogin);
}

#[test]
fn a_telnet_service_is_found_at_the_server_whoever_speaks() {
    let banner = telnet(Telnet::Banner("login:".into()));
    let scene = Scene::default().say("10.0.0.5:2323", PC, banner).say(
        PC,
        "10.0.0.5:2323",
        telnet(Telnet::Negotiates),
    );
    let finding = scene.one(FindingKind::TelnetService);
    assert_eq!((finding.device, finding.count), (Some(scene::id(CAM.parse().unwrap())), 2));
    let ssh = Said::Ssh(Box::new(Ssh { banner: Some("2.0-OpenSSH_9.9".into()), ..Ssh::default() }));
    Scene::default().say("10.0.0.5:22", PC, ssh).none(FindingKind::TelnetService);
}

#[test]
fn ftp_is_found_unless_it_turns_to_tls() {
    let scene = Scene::default().say("10.0.0.5:21", PC, ftp(Ftp::Banner("ready".into())));
    scene.one(FindingKind::FtpService);
    scene.say("10.0.0.5:21", PC, ftp(Ftp::StartsTls)).none(FindingKind::FtpService);
}

#[test]
fn ftp_for_anybody_is_found_and_ftp_for_accounts_is_not() {
    let login = |user: &str| Scene::default().say("10.0.0.5:21", PC, ftp(Ftp::Login(user.into())));
    login("anonymous").one(FindingKind::AnonymousFtp);
    login("operator").none(FindingKind::AnonymousFtp);
}

#[test]
fn old_snmp_is_found_and_version_3_is_not() {
    let speaks = |version, pdu| Scene::default().say(PC, "10.0.0.5:161", snmp(version, pdu, false));
    speaks(SnmpVersion::V1, "get-request").one(FindingKind::SnmpClearText);
    speaks(SnmpVersion::V3, "").none(FindingKind::SnmpClearText);
    speaks(SnmpVersion::V2c, "set-request").one(FindingKind::SnmpWrite);
    speaks(SnmpVersion::V2c, "get-request").none(FindingKind::SnmpWrite);
}

#[test]
fn a_stream_for_anybody_is_found_and_one_behind_a_login_is_not() {
    let cam = "10.0.0.5:554";
    let options = Scene::default()
        .say(PC, cam, rtsp(Some("OPTIONS"), None, None))
        .say(cam, PC, rtsp(None, Some(200), None))
        .say(PC, cam, rtsp(Some("DESCRIBE"), None, None));
    options.none(FindingKind::OpenRtsp);
    options.clone().say(cam, PC, rtsp(None, Some(200), None)).one(FindingKind::OpenRtsp);
    options
        .say(cam, PC, rtsp(None, Some(401), None))
        .say(PC, cam, rtsp(Some("DESCRIBE"), None, Some("Digest")))
        .say(cam, PC, rtsp(None, Some(200), None))
        .none(FindingKind::OpenRtsp);
}

#[test]
fn a_broker_for_anybody_is_found_and_one_that_asks_or_refuses_is_not() {
    let broker = "10.0.0.5:1883";
    let session = |user, code| {
        Scene::default().say(PC, broker, connect(user)).say(broker, PC, mqtt(Mqtt::Connack(code)))
    };
    let finding = session(None, 0).one(FindingKind::OpenMqtt);
    assert_eq!(finding.device, Some(scene::id(CAM.parse().unwrap())));
    session(None, 5).none(FindingKind::OpenMqtt);
    session(Some("sensor7"), 0).none(FindingKind::OpenMqtt);
}

#[test]
fn a_mud_url_that_anybody_could_answer_is_found_wherever_it_is_said() {
    let dhcp = |url: &str, message| {
        Said::Dhcp(Box::new(Dhcp {
            message,
            client: None,
            client_ip: None,
            your_ip: None,
            requested_ip: None,
            server_id: None,
            routers: Vec::new(),
            resolvers: Vec::new(),
            hostname: None,
            vendor_class: None,
            user_class: None,
            parameters: Vec::new(),
            options: vec![53, 161],
            max_size: None,
            client_id: Vec::new(),
            mud_url: Some(url.into()),
        }))
    };
    let asks = |url: &str| {
        Scene::default().say(&format!("{CAM}:68"), "10.0.0.1:67", dhcp(url, DhcpMessage::Request))
    };
    let found = asks("http://maker.example/cam.json").one(FindingKind::MudUrl);
    assert_eq!(found.device, Some(scene::id(CAM.parse().unwrap())));
    assert!(found.evidence[0].detail.contains("DHCP option 161"), "{found:?}");
    assert!(found.evidence[0].detail.contains("it is not https"), "{found:?}");
    asks("https://maker.example/cam.json").none(FindingKind::MudUrl);
    asks(&format!("https://maker.example/{}", "a".repeat(300))).one(FindingKind::MudUrl);
    // What a server repeats is not its own.
    Scene::default()
        .say("10.0.0.1:67", CAM, dhcp("http://maker.example/", DhcpMessage::Ack))
        .none(FindingKind::MudUrl);
    let lldp = Lldp { mud_url: Some("ftp://maker.example/".into()), ..Lldp::default() };
    Scene::default().say(CAM, PC, Said::Lldp(Box::new(lldp))).one(FindingKind::MudUrl);
    let six = |message| {
        let said = Dhcpv6 {
            message,
            duid: Vec::new(),
            duid_mac: None,
            fqdn: None,
            vendor_class: None,
            parameters: Vec::new(),
            addresses: Vec::new(),
            mud_url: Some("https://10.0.0.9/cam.json".into()),
        };
        Scene::default().say(CAM, PC, Said::Dhcpv6(Box::new(said)))
    };
    six(1).one(FindingKind::MudUrl);
    six(7).none(FindingKind::MudUrl);
}

#[test]
fn coap_content_for_anybody_is_found_and_an_error_is_not() {
    let answers = |code, length| Scene::default().say("10.0.0.5:5683", PC, coap(code, length));
    answers(69, 20).one(FindingKind::OpenCoap);
    answers(129, 0).none(FindingKind::OpenCoap);
}

#[test]
fn a_port_mapping_is_found_at_who_asks_and_at_who_offers() {
    let action = |action: &str| {
        let soap_action = Some(action.into());
        let said = HttpRequest { soap_action, ..request("POST", "/ctl/IPConn") };
        Scene::default().say(PC, "10.0.0.1:5000", Said::HttpRequest(Box::new(said)))
    };
    let urn = "\"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"";
    assert_eq!(action(urn).one(FindingKind::UpnpPortMapping).severity, Severity::High);
    action("\"urn:x#GetExternalIPAddress\"").none(FindingKind::UpnpPortMapping);
    let offers = |service: &str| {
        let services = vec![service.into()];
        let said = Said::Upnp(Box::new(UpnpDescription { services, ..UpnpDescription::default() }));
        Scene::default().say("10.0.0.1:5000", PC, said)
    };
    offers("urn:schemas-upnp-org:service:WANIPConnection:1").one(FindingKind::UpnpPortMapping);
    offers("urn:schemas-upnp-org:service:RenderingControl:1").none(FindingKind::UpnpPortMapping);
}

#[test]
fn ntp_control_answers_are_found_and_time_is_not() {
    let answers = |mode| {
        let said = Said::Ntp(Ntp { version: 2, mode, stratum: 0 });
        Scene::default().say("10.0.0.5:123", PC, said)
    };
    answers(7).one(FindingKind::NtpControl);
    answers(4).none(FindingKind::NtpControl);
}

#[test]
fn names_asked_of_everybody_are_found_for_llmnr_only() {
    let asks = |kind| {
        let Said::Dns(mut dns) = query("fileserver") else { unreachable!() };
        dns.kind = kind;
        Scene::default().say(PC, "224.0.0.252:5355", Said::Dns(dns))
    };
    asks(DnsKind::Llmnr).one(FindingKind::NameBroadcast);
    asks(DnsKind::Mdns).none(FindingKind::NameBroadcast);
}
