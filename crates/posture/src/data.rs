//! Readings, commands and software that cross the network readable.

use cordon_model::fact::{Coap, HttpRequest, Mqtt};
use cordon_model::{
    App, Fact, FindingKind, Operation, Outcome, Party, Scope, Severity, Text, Verb, scope,
};

use crate::ends::{Ends, Subject, at, may_be_outside};
use crate::ledger::{About, Key, Ledger, Moment};

/// MQTT messages: readings, or commands by their topic.
pub(crate) fn mqtt(ledger: &mut Ledger, fact: &Fact, mqtt: &Mqtt) {
    let Mqtt::Publish { topic, length, .. } = mqtt else { return };
    if *length == 0 {
        return;
    }
    if is_command_topic(topic) {
        let to = format!("MQTT topic “{topic}”");
        command(ledger, fact, "MQTT", || to);
    } else {
        reading(ledger, fact, "MQTT", || {
            format!("MQTT message of {length} bytes on topic “{topic}”")
        });
    }
}

/// CoAP payloads: requests that change are commands, the rest are readings.
pub(crate) fn coap(ledger: &mut Ledger, fact: &Fact, coap: &Coap) {
    const PUT: u8 = 3;
    const POST: u8 = 2;
    const CONTENT: u8 = 69;
    match coap.code {
        PUT => command(ledger, fact, "CoAP", || format!("CoAP PUT “/{}”", coap.path)),
        POST if coap.length > 0 => reading(ledger, fact, "CoAP", || {
            format!("CoAP POST of {} bytes to “/{}”", coap.length, coap.path)
        }),
        CONTENT if coap.length > 0 => {
            reading(ledger, fact, "CoAP", || format!("CoAP content of {} bytes", coap.length));
        }
        _ => {}
    }
}

/// HTTP bodies that carry readings, paths that carry commands, and files that are software.
pub(crate) fn http(ledger: &mut Ledger, fact: &Fact, request: &HttpRequest) {
    let path = request.path.split(['?', '#']).next().unwrap_or_default();
    if request.method == "GET" && is_software(path) {
        ledger.speaker(FindingKind::ClearTextUpdate, fact, || {
            let host = request.host.as_ref().map_or_else(|| at(&fact.to), Text::to_string);
            format!("{} fetches http://{host}{path}", at(&fact.from))
        });
    }
    if is_command_path(&request.path, &request.method) {
        command(ledger, fact, "HTTP", || format!("HTTP {} {path}", request.method));
        return;
    }
    let sends = matches!(request.method.as_str(), "POST" | "PUT")
        && request.soap_action.is_none()
        && request.length.is_some_and(|length| length > 0)
        && request.content_type.as_ref().is_some_and(carries_data);
    if sends {
        reading(ledger, fact, "HTTP", || {
            let kind = request.content_type.as_ref().map_or("", Text::as_str);
            format!(
                "HTTP {} of {} bytes ({kind}) to {path}",
                request.method,
                request.length.unwrap_or(0)
            )
        });
    }
}

/// Values read from a controller in another zone: within one zone this is what plants do.
pub(crate) fn operation(ledger: &mut Ledger, fact: &Fact, operation: &Operation) {
    let values = operation.verb == Verb::Read && operation.outcome == Outcome::Done;
    if values && crosses_zones(&fact.from, &fact.to) {
        let name = operation.app.title();
        reading(ledger, fact, name, || format!("{name} values ({})", operation.name));
    }
}

/// Whether something runs between two networks: a /24 or /64 stands for a zone.
pub(crate) fn crosses_zones(from: &Party, to: &Party) -> bool {
    let (Some(from), Some(to)) = (from.ip, to.ip) else { return false };
    let group = |ip| matches!(scope(ip), Scope::Multicast | Scope::LinkLocal | Scope::Unspecified);
    let bits = if from.is_ipv4() { 24 } else { 64 };
    !group(from) && !group(to) && !crate::Network::new(from, bits).contains(to)
}

fn reading(ledger: &mut Ledger, fact: &Fact, over: &str, what: impl FnOnce() -> String) {
    let kind = FindingKind::ClearTextData;
    let far = fact.to.ip.is_some_and(may_be_outside);
    let key = Key::one(kind, Subject::of(&fact.from, fact.vlan), (over, far));
    let about = || {
        let about = About::kind(kind);
        if far {
            about.title(format!("data sent to the Internet without encryption ({over})"))
        } else {
            about
                .severity(Severity::Low)
                .title(format!("data sent without encryption inside ({over})"))
        }
    };
    let detail = || format!("{} from {} to {}", what(), at(&fact.from), at(&fact.to));
    ledger.note(key, Moment::of(fact), about, detail);
}

fn command(ledger: &mut Ledger, fact: &Fact, over: &str, what: impl FnOnce() -> String) {
    let kind = FindingKind::ClearTextCommand;
    let key = Key::service(kind, &Ends::from_client(fact), fact.vlan, over);
    let about = || About::kind(kind).title(format!("commands sent without encryption ({over})"));
    let detail = || format!("{} from {} to {}", what(), at(&fact.from), at(&fact.to));
    ledger.note(key, Moment::of(fact), about, detail);
}

/// Topic levels that name a command in the conventions of Tasmota, Zigbee2MQTT, Homie, Shelly,
/// ESPHome and Sparkplug B.
fn is_command_topic(topic: &str) -> bool {
    topic.split('/').any(|level| {
        matches!(
            level,
            "set" | "cmnd" | "cmd" | "command" | "commands" | "control" | "NCMD" | "DCMD" | "rpc"
        )
    })
}

/// Paths by which cameras, plugs and lights are commanded over HTTP.
fn is_command_path(path: &str, method: &str) -> bool {
    const ANY: &[&str] = &[
        "/cm?cmnd=",
        "/cgi-bin/ptz",
        "/decoder_control.cgi",
        "/camera_control.cgi",
        "/relay/",
        "/ptz.cgi",
    ];
    // Philips Hue and deCONZ: PUT /api/<user>/lights/1/state.
    let lamp = method == "PUT" && path.starts_with("/api/") && path.ends_with("/state");
    lamp || ANY.iter().any(|start| path.starts_with(start))
        || path.contains("/ptzctrl.cgi")
        || path.contains("/ptz.cgi?")
}

/// Whether a body of this type may hold readings. Certificate checks, calls of UPnP and pages are
/// none.
fn carries_data(content_type: &Text) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let is = |other: &str| kind.eq_ignore_ascii_case(other);
    ["application/json", "application/x-www-form-urlencoded", "text/plain", "text/csv"]
        .iter()
        .any(|other| is(other))
        || is("application/octet-stream")
        || is("application/cbor")
        || is("application/xml")
        || is("text/xml")
        || is("multipart/form-data")
}

/// Whether a path names a firmware image or an update.
fn is_software(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "bin", "img", "fw", "rom", "swu", "raucb", "hex", "uf2", "trx", "chk", "dav", "ota", "upd",
        "squashfs", "gbl", "ipk", "opk", "apk", "deb", "rpm",
    ];
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Plant protocols are judged by their operations; this says which those are.
pub(crate) fn is_plant(app: App) -> bool {
    app.class() == cordon_model::app::Class::Ot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_no_commands_and_checks_are_no_readings() {
        assert!(is_command_topic("cmnd/plug/POWER") && is_command_topic("zigbee2mqtt/lamp/set"));
        assert!(!is_command_topic("home/settings/temperature"));
        assert!(!carries_data(&"application/ocsp-request".into()));
        assert!(carries_data(&"application/json; charset=utf-8".into()));
        assert!(is_software("/fw/cam-2.1.BIN") && !is_software("/index.html"));
        assert!(!is_command_path("/api/user/lights/1/state", "GET"));
    }
}
