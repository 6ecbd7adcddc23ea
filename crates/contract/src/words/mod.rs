//! Contracts read aloud: understood by somebody who is no engineer.

mod peers;
mod reasons;
mod table;

use cordon_model::App;
use cordon_model::record::Criticality;

use crate::document::{Carrier, Contract, Entry, Opens, Peer, Ports};

/// A contract as it is told.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Told {
    /// What it is about: one line each.
    pub about: Vec<String>,
    /// What it may do, by parts.
    pub parts: Vec<Part>,
    /// What holds beside: the end of every contract.
    pub rest: String,
}

/// One part of a contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Its heading.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One entry as it is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// What is allowed.
    pub says: String,
    /// How it is carried, and within which limits: for who wants to know.
    pub exactly: String,
    /// Why.
    pub because: Vec<String>,
}

/// Tells a contract.
#[must_use]
pub fn tell(contract: &Contract) -> Told {
    let mut parts = [
        Part { title: "It may", lines: Vec::new() },
        Part { title: "Others may", lines: Vec::new() },
        Part { title: "What every device needs", lines: Vec::new() },
    ];
    for entry in &contract.entries {
        let basic = table::of_entry(entry).is_some_and(|service| service.basic)
            || matches!(entry.transport, Carrier::Icmp | Carrier::Icmpv6 | Carrier::Ether(_));
        let [its, others, basics] = &mut parts;
        let part = match (basic, entry.opens) {
            (true, _) => basics,
            (false, Opens::Device) => its,
            (false, Opens::Peer) => others,
        };
        part.lines.push(line(entry));
    }
    Told {
        about: about(contract),
        parts: parts.into_iter().filter(|part| !part.lines.is_empty()).collect(),
        rest: match contract.entries.is_empty() {
            true => "Nothing is allowed.".to_owned(),
            false => "Nothing else is allowed.".to_owned(),
        },
    }
}

/// Tells one entry.
#[must_use]
pub fn line(entry: &Entry) -> Line {
    let mut exactly = vec![carried(entry)];
    exactly.extend(reasons::verbs(&entry.verbs));
    exactly.extend(reasons::limits(&entry.bounds, &entry.valid));
    Line {
        id: entry.id().to_string(),
        says: sentence(entry),
        exactly: exactly.join("; "),
        because: entry.why.iter().map(crate::document::Why::says).collect(),
    }
}

/// What an entry allows, in one sentence about "it".
#[must_use]
pub fn sentence(entry: &Entry) -> String {
    let who = peers::who(&entry.peer);
    let icmp = matches!(entry.transport, Carrier::Icmp | Carrier::Icmpv6);
    let phrase = match (table::of_entry(entry), entry.opens) {
        (Some(service), Opens::Device) => service.uses.to_owned(),
        (Some(service), Opens::Peer) => service.offers.to_owned(),
        (None, Opens::Device) if icmp => "asks {} whether it is there".to_owned(),
        (None, Opens::Peer) if icmp => "tells {} that it is there".to_owned(),
        (None, Opens::Device) => format!("talks with {{}} {}", by(entry)),
        (None, Opens::Peer) => format!("is talked with by {{}} {}", by(entry)),
    };
    phrase.replacen("{}", &who, 1)
}

/// What somebody would miss without a conversation: "casting", "the right time"; none where nobody
/// knows what it is for.
#[must_use]
pub fn missed(app: Option<App>, carrier: Carrier, port: u16) -> Option<&'static str> {
    table::of(app, carrier, Some(port)).map(|service| service.missed)
}

/// What one rule allows, to be read behind whoever does it: "asks for a.example".
pub(crate) fn said(rule: &crate::document::VerbRule) -> Option<String> {
    reasons::verbs(std::slice::from_ref(rule)).pop()
}

/// Who a peer is, in words.
#[must_use]
pub fn who(peer: &Peer) -> String {
    peers::who(peer)
}

/// A day, `2026-11-22`, in UTC.
pub(crate) fn date(at: cordon_model::Timestamp) -> String {
    reasons::date(at)
}

/// `over TCP port 8000`, where nothing better is known.
fn by(entry: &Entry) -> String {
    format!("over {}", carried(entry))
}

fn carried(entry: &Entry) -> String {
    let carrier = match entry.transport {
        Carrier::Tcp => "TCP".to_owned(),
        Carrier::Udp => "UDP".to_owned(),
        Carrier::Icmp => "ICMP".to_owned(),
        Carrier::Icmpv6 => "ICMPv6".to_owned(),
        Carrier::Ip => "any protocol".to_owned(),
        other => other.to_string(),
    };
    let ports = |ports: &[Ports]| {
        let text: Vec<String> = ports.iter().map(ToString::to_string).collect();
        text.join(", ")
    };
    let what =
        if matches!(entry.transport, Carrier::Icmp | Carrier::Icmpv6) { "type" } else { "port" };
    let mut text = carrier;
    match entry.ports.as_slice() {
        [] => {}
        [one] if *one == Ports::HIGH => text.push_str(" ports above 1023"),
        list => text.push_str(&format!(" {what} {}", ports(list))),
    }
    if !entry.client_ports.is_empty() {
        text.push_str(&format!(" from port {}", ports(&entry.client_ports)));
    }
    match entry.ip {
        Some(crate::IpVersion::V4) => text.push_str(" over IPv4 only"),
        Some(crate::IpVersion::V6) => text.push_str(" over IPv6 only"),
        None => {}
    }
    text
}

fn about(contract: &Contract) -> Vec<String> {
    let expected = &contract.expected;
    let mut lines = Vec::new();
    let what: Vec<String> = [
        expected.kind.map(|kind| kind.title().to_owned()),
        expected.vendor.as_ref().map(|vendor| format!("made by {vendor}")),
        expected.model.as_ref().map(|model| format!("model {model}")),
        expected.firmware.as_ref().map(|firmware| format!("firmware {firmware}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !what.is_empty() {
        lines.push(format!("It is expected to be: {}.", what.join(", ")));
    }
    if let Some(owner) = &expected.owner {
        lines.push(format!("{owner} answers for it."));
    }
    if let Some(zone) = &expected.zone {
        lines.push(format!("It belongs to zone {zone}."));
    }
    match expected.criticality {
        Criticality::Normal => {}
        Criticality::Process => {
            lines
                .push("Production stops without it: it is never blocked automatically.".to_owned());
        }
        Criticality::LifeSafety => lines
            .push("People come to harm without it: it is never blocked automatically.".to_owned()),
    }
    if let Some(end) = expected.support_end {
        lines.push(format!("Its maker supports it until {}.", reasons::date(end)));
    }
    if !expected.macs.is_empty() {
        let macs: Vec<String> = expected.macs.iter().map(ToString::to_string).collect();
        lines.push(format!("It speaks from {} only.", macs.join(", ")));
    }
    if expected.certificate.is_some() {
        lines.push("It has to show its own certificate.".to_owned());
    }
    if let Some(learning) = &contract.learning {
        lines.push(format!("Learned: {}.", learning.says()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use cordon_model::{DeviceId, PacketId, Timestamp, Verb};

    use super::*;
    use crate::document::{Objects, VerbRule, Why};
    use crate::{Bounds, Learning};

    fn entry(peer: Peer, opens: Opens, carrier: &str, port: u16) -> Entry {
        Entry::new(peer, opens, carrier.parse().unwrap(), [Ports::one(port)])
    }

    fn device(name: &str) -> Peer {
        Peer::Device { id: DeviceId(name.into()), name: name.into() }
    }

    /// A camera as a nurse would have it read to her.
    #[test]
    fn a_contract_is_understood_by_somebody_who_is_no_engineer() {
        let at = Timestamp::from_secs(1_795_305_600);
        let mut camera = Contract::new(DeviceId("c".into()), "camera-3", at);
        camera.expected.vendor = Some("Acme".into());
        camera.expected.criticality = Criticality::LifeSafety;
        camera.learning = Some(Learning {
            since: Timestamp::from_secs(1_795_305_600 - 26 * 3600),
            until: at,
            known: 0.975,
            kinds: 12,
            new: 2,
            done: false,
        });
        let mut video = entry(device("recorder"), Opens::Peer, "tcp", 554);
        for day in 0..3 {
            let at = Timestamp::from_secs(1_795_305_600 + day * 86_400);
            let seen = Why::seen(at, PacketId::default());
            match video.why.first_mut() {
                Some(why) => why.join(seen),
                None => video.why.push(seen),
            }
        }
        camera.allow(video);
        let mut names = entry(Peer::Gateway, Opens::Device, "udp", 53);
        names.verbs = vec![VerbRule::Dns { name: "*.acme.example".into() }];
        names.bounds = Bounds { flows_per_minute: Some(12), ..Bounds::default() };
        camera.allow(names);
        camera.allow(entry(
            Peer::Name { name: "*.acme.example".into() },
            Opens::Device,
            "tcp",
            443,
        ));
        let mut odd = Entry::new(device("hub"), Opens::Device, Carrier::Udp, [Ports::HIGH]);
        odd.why.push(Why::Operator {
            by: "person:anna".into(),
            why: "its own protocol".into(),
            at,
        });
        camera.allow(odd);
        let told = tell(&camera);
        let mut text = told.about.join("\n");
        for part in &told.parts {
            text.push_str(&format!("\n{}:", part.title));
            for line in &part.lines {
                text.push_str(&format!("\n- {} [{}]", line.says, line.exactly));
                for because in &line.because {
                    text.push_str(&format!("\n  because {because}"));
                }
            }
        }
        text.push_str(&format!("\n{}", told.rest));
        let wanted = "It is expected to be: made by Acme.\n\
            People come to harm without it: it is never blocked automatically.\n\
            Learned: 97 % of what it does is known after 26 hours; 2 things new in the last 6 hours.\n\
            It may:\n\
            - talks with anything below acme.example, encrypted [TCP port 443]\n\
            - talks with hub over UDP ports above 1023 [UDP ports above 1023]\n  \
            because anna allowed it on 2026-11-22: its own protocol\n\
            Others may:\n\
            - shows recorder its video [TCP port 554]\n  \
            because it was seen 3 times on 3 days, last on 2026-11-24\n\
            What every device needs:\n\
            - asks the router for the addresses of names [UDP port 53; asks for *.acme.example; at most 12 conversations a minute]\n\
            Nothing else is allowed.";
        assert_eq!(text, wanted, "\n{text}");
    }

    #[test]
    fn what_is_done_to_a_controller_is_said_with_codes_and_places() {
        let mut entry = entry(device("plc-1"), Opens::Device, "tcp", 502);
        entry.app = Some(App::Modbus);
        entry.verbs = vec![VerbRule::Operation {
            app: App::Modbus,
            verb: Verb::Read,
            codes: vec![3, 4],
            objects: vec![Objects { of: "holding registers".into(), first: 0, last: 9 }],
        }];
        let line = line(&entry);
        assert_eq!(line.says, "works with the values of the controller plc-1 (Modbus)");
        assert_eq!(
            line.exactly,
            "TCP port 502; reads from it (code 3, 4): holding registers 0 to 9"
        );
    }

    #[test]
    fn what_nobody_knows_is_told_by_its_port() {
        let line = line(&entry(device("hub"), Opens::Peer, "tcp", 6668));
        assert_eq!(line.says, "is talked with by hub over TCP port 6668");
        assert_eq!(missed(None, Carrier::Tcp, 6668), None);
        assert_eq!(missed(None, Carrier::Tcp, 8009), Some("casting"));
        // An encrypted conversation at the port of messages is about messages.
        assert_eq!(missed(Some(App::Tls), Carrier::Tcp, 8883), Some("states and commands (MQTT)"));
    }
}
