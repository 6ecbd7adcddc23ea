//! What clients and servers say of themselves.

use std::net::IpAddr;

use cordon_model::fact::{
    Coap, Ftp, HttpRequest, HttpResponse, HubChild, Mqtt, Rtsp, Snmp, Ssh, Telnet, TlsCertificates,
    TlsClientHello,
};
use cordon_model::{Fact, MudSource, Text};

use super::network::hex;
use crate::inventory::{Child, ChildKind, Inventory};
use crate::saying::Field;
use crate::scope::{Scope, scope};

pub(super) fn http_request(inventory: &mut Inventory, fact: &Fact, request: &HttpRequest) {
    let packet = fact.packet;
    let Some(id) = inventory.speaker_id(fact) else { return };
    let heard = inventory.recent.heard(id, |state| {
        state.write(request.user_agent.as_deref().unwrap_or_default().as_bytes());
        state.write(request.host.as_deref().unwrap_or_default().as_bytes());
        state.write(request.path.as_bytes());
        match fact.to.ip {
            Some(IpAddr::V4(ip)) => state.write(&ip.octets()),
            Some(IpAddr::V6(ip)) => state.write(&ip.octets()),
            None => {}
        }
    });
    if heard {
        return;
    }
    if let Some(end) = inventory.ends.get(id) {
        end.may_say(Field::HttpUserAgent, request.user_agent.as_ref(), packet);
        if let Some(host) = request.host.as_deref().filter(|host| is_name(host)) {
            end.says(Field::HttpAsks, &format!("{host}{}", request.path), packet);
        }
    }
    if fact.to.ip.is_none_or(|ip| scope(ip) == Scope::Global) {
        return;
    }
    let Some(server) = inventory.ends.at(fact.to.mac, fact.to.ip) else { return };
    if let Some(end) = inventory.ends.get(server) {
        let text = format!("{} {}", request.method, request.path);
        end.says(Field::HttpRequest, &text, packet);
    }
    if let Some((kind, key)) = hue_child(&request.path) {
        inventory.child(Child::new(server, kind, key, packet));
    }
}

fn is_name(host: &str) -> bool {
    host.contains(|c: char| c.is_ascii_alphabetic())
}

/// `/api/<user>/lights/3` of the Hue API names a light behind the bridge.
fn hue_child(path: &str) -> Option<(ChildKind, String)> {
    let mut parts = path.strip_prefix("/api/")?.split('/').skip(1);
    let (kind, word) = match parts.next()? {
        "lights" => (ChildKind::HueLight, "light"),
        "sensors" => (ChildKind::HueSensor, "sensor"),
        _ => return None,
    };
    let number: u16 = parts.next()?.parse().ok()?;
    Some((kind, format!("{word}-{number}")))
}

/// A hub's list of its children counts for the hub that gives it.
pub(super) fn hub_children(inventory: &mut Inventory, fact: &Fact, children: &[HubChild]) {
    let Some(hub) = inventory.ends.at(fact.from.mac, fact.from.ip) else { return };
    for listed in children {
        let light =
            listed.kind.as_deref().is_some_and(|kind| kind.to_lowercase().contains("light"));
        let (kind, word) = match light {
            true => (ChildKind::HueLight, "light"),
            false => (ChildKind::HueSensor, "sensor"),
        };
        let owned = |text: &Option<Text>| text.as_ref().map(ToString::to_string);
        inventory.child(Child {
            name: owned(&listed.name),
            vendor: owned(&listed.vendor),
            model: owned(&listed.model),
            firmware: owned(&listed.firmware),
            ..Child::new(hub, kind, format!("{word}-{}", listed.key), fact.packet)
        });
    }
}

pub(super) fn http_response(inventory: &mut Inventory, fact: &Fact, response: &HttpResponse) {
    let Some(end) = inventory.speaker(fact) else { return };
    let packet = fact.packet;
    end.may_say(Field::HttpServer, response.server.as_ref(), packet);
    end.may_say(Field::HttpTitle, response.title.as_ref(), packet);
    end.may_say(Field::HttpRealm, response.authenticate.as_deref().and_then(realm), packet);
}

/// The realm of a WWW-Authenticate value (RFC 9110, 11.5).
fn realm(challenge: &str) -> Option<&str> {
    let lower = challenge.to_ascii_lowercase();
    let at = lower.find("realm=")? + "realm=".len();
    let rest = challenge.get(at..)?;
    let realm = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([',', ' ']).next(),
    };
    realm.filter(|realm| !realm.is_empty())
}

pub(super) fn client_hello(inventory: &mut Inventory, fact: &Fact, hello: &TlsClientHello) {
    let Some(end) = inventory.speaker(fact) else { return };
    end.may_say(Field::ServerName, hello.sni.as_ref(), fact.packet);
    end.says(Field::Ja4, &hello.ja4, fact.packet);
}

pub(super) fn certificates(inventory: &mut Inventory, fact: &Fact, chain: &TlsCertificates) {
    let Some(end) = inventory.speaker(fact) else { return };
    let Some(own) = chain.chain.first() else { return };
    end.says(Field::CertSubject, &own.subject, fact.packet);
    end.says(Field::CertPrint, &hex(&own.sha256), fact.packet);
    end.may_say(Field::MudUrl, own.mud_url.as_ref(), fact.packet);
    end.names_mud(MudSource::Certificate, own.mud_url.as_ref(), fact);
}

pub(super) fn snmp(inventory: &mut Inventory, fact: &Fact, snmp: &Snmp) {
    let Some(end) = inventory.speaker(fact) else { return };
    let packet = fact.packet;
    if !snmp.response && !snmp.pdu.contains("trap") && !snmp.pdu.contains("inform") {
        return;
    }
    end.may_say(Field::SnmpDescription, snmp.sys_descr.as_ref(), packet);
    end.may_say(Field::SnmpObjectId, snmp.sys_object_id.as_ref(), packet);
    end.may_say(Field::SnmpName, snmp.sys_name.as_ref(), packet);
    if !snmp.engine_id.is_empty() {
        end.says(Field::SnmpEngine, &hex(&snmp.engine_id), packet);
    }
}

/// Both sides identify themselves; the server's port is the smaller one.
pub(super) fn ssh(inventory: &mut Inventory, fact: &Fact, ssh: &Ssh) {
    let server = from_server(fact);
    let Some(end) = inventory.speaker(fact) else { return };
    let field = if server { Field::SshServer } else { Field::SshClient };
    end.may_say(field, ssh.banner.as_ref(), fact.packet);
}

fn from_server(fact: &Fact) -> bool {
    fact.from.port.unwrap_or(u16::MAX) < fact.to.port.unwrap_or(u16::MAX)
}

pub(super) fn telnet(inventory: &mut Inventory, fact: &Fact, telnet: &Telnet) {
    let Some(end) = inventory.speaker(fact) else { return };
    if let Telnet::Banner(banner) = telnet {
        end.says(Field::TelnetBanner, banner, fact.packet);
    }
}

pub(super) fn ftp(inventory: &mut Inventory, fact: &Fact, ftp: &Ftp) {
    let Some(end) = inventory.speaker(fact) else { return };
    if let Ftp::Banner(text) | Ftp::System(text) = ftp {
        end.says(Field::FtpBanner, text, fact.packet);
    }
}

pub(super) fn rtsp(inventory: &mut Inventory, fact: &Fact, rtsp: &Rtsp) {
    let packet = fact.packet;
    let Some(end) = inventory.speaker(fact) else { return };
    end.may_say(Field::RtspServer, rtsp.server.as_ref(), packet);
    end.may_say(Field::RtspRealm, rtsp.authenticate.as_deref().and_then(realm), packet);
    end.may_say(Field::RtspUserAgent, rtsp.user_agent.as_ref(), packet);
    if let Some(path) = rtsp.url.as_deref().and_then(url_path)
        && let Some(end) = inventory.spoken_of(fact.to.mac, fact.to.ip)
    {
        end.says(Field::RtspUrl, path, packet);
    }
}

/// What follows the host in a URL.
fn url_path(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.get(rest.find('/')?..).filter(|path| path.len() > 1)
}

pub(super) fn mqtt(inventory: &mut Inventory, fact: &Fact, mqtt: &Mqtt) {
    let client = !from_server(fact);
    let Some(end) = inventory.speaker(fact) else { return };
    match mqtt {
        Mqtt::Connect { client_id, .. } => end.says(Field::MqttClient, client_id, fact.packet),
        // A broker repeats the topics of others.
        Mqtt::Publish { topic, .. } if client => end.says(Field::MqttTopic, topic, fact.packet),
        Mqtt::Subscribe(filters) => {
            filters.iter().for_each(|f| end.says(Field::MqttSubscribes, f, fact.packet));
        }
        _ => {}
    }
}

pub(super) fn coap(inventory: &mut Inventory, fact: &Fact, coap: &Coap) {
    inventory.speaker(fact);
    if matches!(coap.code, 1..=7)
        && !coap.path.is_empty()
        && let Some(id) = inventory.ends.known(fact.to.mac, fact.to.ip)
        && let Some(end) = inventory.ends.get(id)
    {
        end.says(Field::CoapPath, &coap.path, fact.packet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_found_quoted_or_bare() {
        assert_eq!(realm("Basic realm=\"DCS-930LB\""), Some("DCS-930LB"));
        assert_eq!(realm("Digest qop=\"auth\", Realm=cam, nonce=1"), Some("cam"));
        assert_eq!(realm("Negotiate"), None);
    }

    #[test]
    fn a_light_behind_a_bridge_is_read_from_the_path() {
        assert_eq!(
            hue_child("/api/x1y2/lights/3/state"),
            Some((ChildKind::HueLight, "light-3".into()))
        );
        assert_eq!(hue_child("/api/x1y2/sensors/new"), None);
        assert_eq!(hue_child("/api/x1y2"), None);
    }
}
