//! From sightings at addresses to findings of devices.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cordon_model::{Device, DeviceId, DeviceType, Evidence, Finding, FindingKind, Severity, Text};

use crate::certificates::Keys;
use crate::ends::{Locals, Subject};
use crate::ledger::{About, Key, MOST_EVIDENCE, Shown, Sighting, cut};
use crate::{Posture, WhoIs, conclude_internet, conclude_ot};

/// Draws every conclusion.
pub(crate) fn conclude(posture: &Posture, who: WhoIs<'_>, devices: &[Device]) -> Vec<Finding> {
    // What is still going on is judged in a copy: tomorrow it may be judged otherwise.
    let mut ledger = posture.ledger.clone();
    posture.exchanges.clone().end_all(&mut ledger);
    posture.odd.clone().conclude(&mut ledger);
    let site = Site::new(who, devices, posture.locals.clone());
    let mut drafts = Drafts::default();
    for (key, sighting) in ledger.into_sorted() {
        if let Some(owner) = site.owner(&key) {
            drafts.add(key.kind, owner, sighting);
        }
    }
    conclude_ot::add(&mut drafts, &site, posture.acts.clone());
    let exposed = conclude_internet::add(&mut drafts, &site, posture.internet.clone());
    shared_keys(&mut drafts, &site, posture.keys.clone());
    drafts.into_findings(&site, &exposed)
}

/// Whose a finding is: a device, or an address that no device is known for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Owner {
    Device(DeviceId),
    Address(Subject),
}

/// What is known about the site at the end.
pub(crate) struct Site<'a> {
    who: WhoIs<'a>,
    devices: HashMap<&'a DeviceId, &'a Device>,
    locals: Locals,
}

/// A device with more addresses than this stands for others.
const MOST_ADDRESSES: usize = 32;

impl<'a> Site<'a> {
    fn new(who: WhoIs<'a>, devices: &'a [Device], mut locals: Locals) -> Self {
        let near = |device: &&Device| {
            !device.macs.is_empty() && !device.routes && device.ips.len() <= MOST_ADDRESSES
        };
        for ip in devices.iter().filter(near).flat_map(|device| &device.ips) {
            locals.add(*ip);
        }
        let devices = devices.iter().map(|device| (&device.id, device)).collect();
        Site { who, devices, locals }
    }

    pub(crate) fn outside(&self, subject: &Subject) -> bool {
        self.locals.outside(subject.ip)
    }

    /// Whose a sighting is: the subject's, or the other end's where the subject is outside or a
    /// group. What only concerns outsiders is nobody's.
    fn owner(&self, key: &Key) -> Option<Owner> {
        let elsewhere = |subject: &Subject| subject.is_group() || self.outside(subject);
        match key.peer {
            Some(peer) if elsewhere(&key.subject) => {
                Some(self.who(if elsewhere(&peer) { &key.subject } else { &peer }))
            }
            _ if elsewhere(&key.subject) => None,
            _ => Some(self.who(&key.subject)),
        }
    }

    pub(crate) fn who(&self, subject: &Subject) -> Owner {
        match (self.who)(&subject.party(), subject.vlan) {
            Some(device) => Owner::Device(device),
            None => Owner::Address(Subject { vlan: None, ..*subject }),
        }
    }

    pub(crate) fn kind(&self, owner: &Owner) -> Option<DeviceType> {
        let Owner::Device(id) = owner else { return None };
        self.devices.get(id)?.kind.as_ref().map(|claim| claim.value)
    }

    /// What to call the owner in a sentence.
    pub(crate) fn label(&self, owner: &Owner) -> String {
        match owner {
            Owner::Device(id) => {
                self.devices.get(id).map_or_else(|| id.to_string(), |device| device.label())
            }
            Owner::Address(subject) => subject.address(),
        }
    }
}

/// Findings in the making: what is the same for one owner is one finding.
#[derive(Default)]
pub(crate) struct Drafts {
    drafts: BTreeMap<(FindingKind, Owner, Text), Vec<Sighting>>,
}

impl Drafts {
    pub(crate) fn add(&mut self, kind: FindingKind, owner: Owner, sighting: Sighting) {
        let title = sighting.about.title.clone();
        self.drafts.entry((kind, owner, title)).or_default().push(sighting);
    }

    fn into_findings(self, site: &Site<'_>, exposed: &BTreeSet<Owner>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .drafts
            .into_iter()
            .filter_map(|((kind, owner, title), sightings)| {
                let severity = sightings.iter().map(|sighting| sighting.about.severity).max()?;
                let worst = sightings.iter().find(|one| one.about.severity == severity)?;
                let device_kind = site.kind(&owner);
                let times = || sightings.iter().filter_map(|one| one.shown.times);
                Some(Finding {
                    kind,
                    severity: weigh(kind, severity, device_kind),
                    title,
                    why: why(&worst.about, kind, device_kind, exposed.contains(&owner)),
                    fix: worst.about.fix.clone(),
                    count: sightings.iter().map(|one| one.shown.count).sum(),
                    evidence: interleave(&sightings),
                    first: times().map(|(first, _)| first).min().unwrap_or_default(),
                    last: times().map(|(_, last)| last).max().unwrap_or_default(),
                    device: match owner {
                        Owner::Device(id) => Some(id),
                        Owner::Address(_) => None,
                    },
                })
            })
            .collect();
        findings.sort_by(|a, b| {
            let order = |one: &Finding| (std::cmp::Reverse(one.severity), one.kind);
            order(a).cmp(&order(b)).then_with(|| (&a.device, &a.title).cmp(&(&b.device, &b.title)))
        });
        findings
    }
}

/// The first packet of every sighting, then the second …: breadth before depth.
fn interleave(sightings: &[Sighting]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = (0..MOST_EVIDENCE)
        .flat_map(|depth| sightings.iter().filter_map(move |one| one.shown.evidence.get(depth)))
        .take(MOST_EVIDENCE)
        .cloned()
        .collect();
    evidence.sort_by(|a, b| (a.packet, &a.detail).cmp(&(b.packet, &b.detail)));
    evidence
}

/// Why it matters on this device.
fn why(about: &About, kind: FindingKind, device: Option<DeviceType>, exposed: bool) -> Text {
    let mut why = about.why.to_string();
    if exposed && is_door(kind) {
        why.push_str(" The device answers the Internet, so this door is open to everybody.");
    }
    if let Some(device) = device.filter(|device| is_medical(*device) && !is_plant_kind(kind)) {
        why.push_str(&format!(" Seen as {}: patients depend on it.", device.title()));
    } else if let Some(device) = device.filter(|device| is_plant(*device) && !is_plant_kind(kind)) {
        why.push_str(&format!(" Seen as {}: the process depends on it.", device.title()));
    }
    Text::from(why)
}

/// Weaknesses by which somebody gets in.
const fn is_door(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::DefaultCredential
            | K::ClearTextLogin
            | K::TelnetService
            | K::FtpService
            | K::AnonymousFtp
            | K::SnmpClearText
            | K::OpenRtsp
            | K::OpenMqtt
            | K::OpenCoap
            | K::OutdatedSoftware
            | K::WeakSsh
    )
}

const fn is_plant_kind(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::OtExposed
            | K::OtWrite
            | K::OtControl
            | K::OtRestart
            | K::OtConfigure
            | K::OtStop
            | K::OtProgramTransfer
            | K::OtFirmware
    )
}

/// What a kind weighs on this kind of device.
fn weigh(kind: FindingKind, severity: Severity, device: Option<DeviceType>) -> Severity {
    let Some(device) = device else { return severity };
    let vital = is_medical(device) || is_plant(device);
    match kind {
        FindingKind::InternetContact if vital => Severity::High,
        FindingKind::InternetContact if is_general(device) => Severity::Info,
        FindingKind::InternetContact => Severity::Low,
        FindingKind::ClearTextData
        | FindingKind::ClearTextCommand
        | FindingKind::ClearTextUpdate
            if is_medical(device) =>
        {
            raised(severity)
        }
        FindingKind::ClearTextData | FindingKind::ClearTextUpdate if is_general(device) => {
            severity.min(Severity::Low)
        }
        _ => severity,
    }
}

const fn raised(severity: Severity) -> Severity {
    match severity {
        Severity::Info => Severity::Low,
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// Devices on which patients depend.
pub(crate) const fn is_medical(device: DeviceType) -> bool {
    use DeviceType::{Imaging, InfusionPump, Medical, PatientMonitor};
    matches!(device, Medical | InfusionPump | PatientMonitor | Imaging)
}

/// Devices on which a process depends.
pub(crate) const fn is_plant(device: DeviceType) -> bool {
    use DeviceType as D;
    matches!(
        device,
        D::Plc
            | D::Rtu
            | D::Hmi
            | D::EngineeringStation
            | D::ScadaServer
            | D::Historian
            | D::Drive
            | D::IoModule
            | D::Relay
            | D::IndustrialGateway
            | D::BuildingController
    )
}

/// Devices whose job it is to reach the Internet.
const fn is_general(device: DeviceType) -> bool {
    use DeviceType as D;
    matches!(
        device,
        D::Router
            | D::Firewall
            | D::AccessPoint
            | D::Computer
            | D::Server
            | D::VirtualMachine
            | D::Phone
            | D::Tv
            | D::GameConsole
            | D::Speaker
            | D::Storage
    )
}

/// The same key on two devices; several addresses of one device share it rightly.
fn shared_keys(drafts: &mut Drafts, site: &Site<'_>, keys: Keys) {
    for (key, holders) in keys.into_shared() {
        let mut by_device: BTreeMap<Owner, Vec<_>> = BTreeMap::new();
        for holder in holders.iter().filter(|holder| !site.outside(&holder.subject)) {
            if let owner @ Owner::Device(_) = site.who(&holder.subject) {
                by_device.entry(owner).or_default().push(holder);
            }
        }
        if by_device.len() < 2 {
            continue;
        }
        let labels: Vec<String> = by_device.keys().take(6).map(|owner| site.label(owner)).collect();
        let all = cut(&labels.join(", "));
        let short: String = key.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        for (owner, holders) in by_device {
            let kind = FindingKind::SharedKey;
            let about = About::kind(kind).why(format!("{} Seen on {all}.", kind.why()));
            let mut shown = Shown::default();
            for holder in holders {
                shown.add(holder.packet, || {
                    format!(
                        "{} shows certificate “{}” with key {short}…",
                        holder.subject.address(),
                        holder.name
                    )
                });
                shown.at(holder.last);
            }
            drafts.add(kind, owner, Sighting { about, shown });
        }
    }
}
