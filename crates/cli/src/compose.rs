//! From conclusions to the published result.

use std::collections::BTreeMap;

use cordon_capture::InputStatus;
use cordon_model::{Basis, Claim, Device, PacketId, Reason};
use cordon_pipeline::Conclusions;
use cordon_report::look::{self, Look, SCHEMA};

/// Reasons kept per field of a device.
const MAX_REASONS: usize = 6;

/// The published result of a run over these inputs.
pub fn look(inputs: &[InputStatus], conclusions: &Conclusions) -> Look {
    let coverage = &conclusions.coverage;
    let file = |packet: PacketId| {
        inputs.get(packet.input as usize).map_or_else(|| "?".to_owned(), |input| input.path.clone())
    };
    Look {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        inputs: inputs.iter().map(input).collect(),
        coverage: look::Coverage {
            packets: coverage.packets,
            bytes: coverage.bytes,
            undecoded_packets: coverage.undecoded(),
            malformed_packets: coverage.malformed,
            unrecognised_packets: coverage.unrecognised,
            unknown_kinds: coverage
                .unknown
                .iter()
                .map(|(kind, count)| (kind.to_string(), *count))
                .collect(),
            one_way_flows: coverage.one_way,
            conversations: coverage.conversations,
            truncated_packets: coverage.truncated,
            notes: conclusions.limits.clone(),
        },
        protocols: counts(&coverage.protocols),
        guessed: counts(&coverage.guessed),
        flows: coverage.flows,
        packets_sent: 0,
        devices: conclusions
            .devices
            .devices
            .iter()
            .map(|device| self::device(device, &file))
            .collect(),
        talks: conclusions.talks.iter().map(talk).collect(),
        findings: conclusions
            .findings
            .iter()
            .map(|finding| self::finding(finding, &file))
            .collect(),
        first_five: conclusions.first_five.iter().map(action).collect(),
    }
}

fn input(status: &InputStatus) -> look::Input {
    look::Input {
        path: status.path.clone(),
        packets: status.packets,
        bytes: status.bytes,
        first: status.first.map(|time| time.to_string()),
        last: status.last.map(|time| time.to_string()),
        cut_short: status.cut_short.is_some(),
        damage: status.cut_short.clone(),
        dropped: status.kernel_drops,
    }
}

fn counts(
    protocols: &BTreeMap<cordon_model::App, cordon_pipeline::ProtocolCount>,
) -> BTreeMap<String, look::ProtocolCount> {
    let row = |count: &cordon_pipeline::ProtocolCount| look::ProtocolCount {
        flows: count.flows,
        packets: count.packets,
    };
    protocols.iter().map(|(app, count)| (app.name().to_owned(), row(count))).collect()
}

fn device(device: &Device, file: &impl Fn(PacketId) -> String) -> look::Device {
    let mut confidences = BTreeMap::new();
    let mut evidence = Vec::new();
    let mut field = |name: &str, claim: Option<(f32, &Vec<Reason>)>| {
        let (confidence, reasons) = claim?;
        confidences.insert(name.to_owned(), confidence);
        evidence.extend(reasons.iter().take(MAX_REASONS).map(|reason| look::Reason {
            field: name.to_owned(),
            says: reason.says.to_string(),
            source: reason.source.to_string(),
            packet: reason.packet.map(|packet| packet.number),
            file: reason.packet.map(file),
        }));
        Some(confidence)
    };
    let model = field("model", parts(device.model.as_ref()));
    let kind = field("type", parts(device.kind.as_ref()));
    let vendor = field("vendor", parts(device.vendor.as_ref()));
    let name = field("name", parts(device.name.as_ref()));
    field("firmware", parts(device.firmware.as_ref()));
    field("os", parts(device.os.as_ref()));
    look::Device {
        id: device.id.to_string(),
        name: value(device.name.as_ref()),
        kind: value(device.kind.as_ref()),
        vendor: value(device.vendor.as_ref()),
        model: value(device.model.as_ref()),
        firmware: value(device.firmware.as_ref()),
        os: value(device.os.as_ref()),
        confidence: model.or(kind).or(vendor).or(name).unwrap_or(0.0),
        confidences,
        label: device.label(),
        macs: device.macs.iter().map(ToString::to_string).collect(),
        ips: device.ips.iter().map(ToString::to_string).collect(),
        random_mac: device.random_mac,
        parent: device.parent.as_ref().map(ToString::to_string),
        routes: device.routes,
        vlans: device.vlans.clone(),
        first: device.first.to_string(),
        last: device.last.to_string(),
        packets: device.packets,
        bytes: device.bytes,
        services: device.services.iter().map(service).collect(),
        evidence,
    }
}

fn parts<T>(claim: Option<&Claim<T>>) -> Option<(f32, &Vec<Reason>)> {
    claim.map(|claim| (claim.confidence, &claim.reasons))
}

fn value<T: ToString>(claim: Option<&Claim<T>>) -> Option<String> {
    claim.map(|claim| claim.value.to_string())
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Payload => "payload",
        Basis::Port => "port",
    }
}

fn service(service: &cordon_model::Service) -> look::Service {
    look::Service {
        transport: match service.transport {
            cordon_model::Transport::Tcp => "tcp".to_owned(),
            cordon_model::Transport::Udp => "udp".to_owned(),
            cordon_model::Transport::Icmp => "icmp".to_owned(),
            cordon_model::Transport::Icmpv6 => "icmpv6".to_owned(),
            cordon_model::Transport::Ip(number) => format!("ip/{number}"),
        },
        port: service.port,
        app: service.app.map(|app| app.name().to_owned()),
        basis: basis(service.basis).to_owned(),
    }
}

fn talk(talk: &cordon_pipeline::Talk) -> look::Talk {
    look::Talk {
        from: talk.from.clone(),
        to: talk.to.clone(),
        outside: talk.outside,
        apps: talk
            .apps
            .iter()
            .map(|(app, basis)| match basis {
                Basis::Payload => app.name().to_owned(),
                Basis::Port => format!("port:{}", app.name()),
            })
            .collect(),
        flows: talk.flows,
        packets: talk.packets,
        bytes: talk.bytes,
    }
}

fn finding(finding: &cordon_model::Finding, file: &impl Fn(PacketId) -> String) -> look::Finding {
    look::Finding {
        kind: finding.kind.name().to_owned(),
        severity: finding.severity.name().to_owned(),
        device: finding.device.as_ref().map(ToString::to_string),
        title: finding.title.to_string(),
        why: finding.why.to_string(),
        fix: finding.fix.to_string(),
        count: finding.count,
        evidence: finding
            .evidence
            .iter()
            .map(|evidence| look::Evidence {
                file: file(evidence.packet),
                packet: evidence.packet.number,
                detail: evidence.detail.to_string(),
            })
            .collect(),
    }
}

fn action(action: &cordon_posture::Action) -> look::Action {
    look::Action {
        what: action.title.to_string(),
        why: action.reason.to_string(),
        fix: action.fix.to_string(),
        severity: action.severity.name().to_owned(),
        devices: action.devices.iter().map(ToString::to_string).collect(),
        kinds: action.kinds.iter().map(|kind| kind.name().to_owned()).collect(),
    }
}
