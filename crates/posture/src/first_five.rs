//! The five things to do first: findings that one action mends, ranked by harm and exposure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cordon_model::{Device, DeviceId, Finding, FindingKind, Severity, Text};

use crate::conclude::{is_medical, is_plant};

/// One thing to do.
#[derive(Clone, PartialEq, Debug)]
pub struct Action {
    /// What to do and on which devices: `Change the factory passwords of camera-1, camera-2`.
    pub title: Text,
    /// Why this one and why now, in one sentence.
    pub reason: Text,
    /// How.
    pub fix: Text,
    /// The worst severity among the findings it mends.
    pub severity: Severity,
    /// The devices it concerns, the worst first.
    pub devices: Vec<DeviceId>,
    /// The kinds of finding it mends.
    pub kinds: Vec<FindingKind>,
    /// How many findings it mends.
    pub findings: usize,
}

/// How many actions are given.
const MOST_ACTIONS: usize = 5;
/// How many devices a title names.
const MOST_NAMED: usize = 4;

/// The actions that mend most, the first first. Findings that are only worth knowing make none.
#[must_use]
pub fn first_five(findings: &[Finding], devices: &[Device]) -> Vec<Action> {
    let site = Site::new(findings, devices);
    let mut groups: BTreeMap<(Remedy, Text), Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.severity > Severity::Info) {
        let remedy = Remedy::of(finding);
        groups.entry((remedy, remedy.only(finding))).or_default().push(finding);
    }
    let mut ranked: Vec<(u64, Action)> = groups
        .into_iter()
        .map(|((remedy, _), group)| (site.score(&group), site.action(remedy, &group)))
        .collect();
    ranked.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.title.cmp(&second.title)));
    ranked.into_iter().map(|(_, action)| action).take(MOST_ACTIONS).collect()
}

/// What one action does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Remedy {
    ChangePasswords,
    CutPlantOff,
    CloseDoors,
    LimitPlant,
    Examine,
    ReplaceTelnet,
    ReplaceFtp,
    ProtectWeb,
    ProtectMqtt,
    ProtectStreams,
    ProtectSnmp,
    ProtectController,
    SecureWifi,
    Update,
    NewKeys,
    RenewTls,
    Certificates,
    StrongerSsh,
    StrongerEap,
    StopMapping,
    LimitInternet,
    Encrypt,
    Tidy,
}

impl Remedy {
    fn of(finding: &Finding) -> Remedy {
        use FindingKind as K;
        match finding.kind {
            K::DefaultCredential => Remedy::ChangePasswords,
            K::ClearTextCredential => Remedy::of_password(&finding.title),
            K::ClearTextLogin => Remedy::ProtectWeb,
            K::TelnetService => Remedy::ReplaceTelnet,
            K::FtpService | K::AnonymousFtp => Remedy::ReplaceFtp,
            K::SnmpClearText | K::SnmpWrite => Remedy::ProtectSnmp,
            K::OpenRtsp => Remedy::ProtectStreams,
            K::OpenMqtt => Remedy::ProtectMqtt,
            K::OpenCoap | K::ClearTextCommand | K::ClearTextData => Remedy::Encrypt,
            K::UpnpPortMapping => Remedy::StopMapping,
            K::ObsoleteTls | K::WeakCipherSuite => Remedy::RenewTls,
            K::ExpiredCertificate
            | K::ExpiringCertificate
            | K::WeakCertificate
            | K::SelfSignedCertificate => Remedy::Certificates,
            K::SharedKey => Remedy::NewKeys,
            K::WeakSsh => Remedy::StrongerSsh,
            K::WeakEap => Remedy::StrongerEap,
            K::ClearTextUpdate | K::OutdatedSoftware => Remedy::Update,
            K::InternetContact => Remedy::LimitInternet,
            K::InternetExposed => Remedy::CloseDoors,
            K::OddNameLookup => Remedy::Examine,
            K::OtExposed => Remedy::CutPlantOff,
            K::OtWrite
            | K::OtControl
            | K::OtRestart
            | K::OtConfigure
            | K::OtStop
            | K::OtProgramTransfer
            | K::OtFirmware => Remedy::LimitPlant,
            K::WifiOpen | K::WifiWep | K::WifiTkip | K::WifiWps | K::WifiNoPmf => {
                Remedy::SecureWifi
            }
            _ => Remedy::Tidy,
        }
    }

    fn of_password(title: &str) -> Remedy {
        match title.split(' ').next() {
            Some("Telnet") => Remedy::ReplaceTelnet,
            Some("FTP") => Remedy::ReplaceFtp,
            Some("MQTT") => Remedy::ProtectMqtt,
            Some("RTSP") => Remedy::ProtectStreams,
            Some("SNMP") => Remedy::ProtectSnmp,
            Some("controller") => Remedy::ProtectController,
            _ => Remedy::ProtectWeb,
        }
    }

    /// What keeps findings of one remedy apart: leftovers are mended kind by kind.
    fn only(self, finding: &Finding) -> Text {
        match self {
            Remedy::Tidy => finding.kind.name().into(),
            _ => Text::default(),
        }
    }

    /// To be read before the names of devices.
    const fn says(self) -> &'static str {
        match self {
            Remedy::ChangePasswords => "Change the factory passwords of",
            Remedy::CutPlantOff => "Keep plant protocols inside the zone of",
            Remedy::CloseDoors => "Close the way in from the Internet to",
            Remedy::LimitPlant => "Limit who may write to and program",
            Remedy::Examine => "Examine what asks for odd names on",
            Remedy::ReplaceTelnet => "Replace Telnet by SSH on",
            Remedy::ReplaceFtp => "Replace FTP by SFTP or FTPS on",
            Remedy::ProtectWeb => "Put logins behind HTTPS on",
            Remedy::ProtectMqtt => "Require login and TLS for MQTT on",
            Remedy::ProtectStreams => "Protect the video streams of",
            Remedy::ProtectSnmp => "Move to SNMPv3 on",
            Remedy::ProtectController => "Keep all but the engineering station away from",
            Remedy::SecureWifi => "Move the Wi-Fi to WPA2-AES or WPA3 on",
            Remedy::Update => "Update or replace the software of",
            Remedy::NewKeys => "Make new keys on",
            Remedy::RenewTls => "Allow only modern TLS on",
            Remedy::Certificates => "Renew the certificates of",
            Remedy::StrongerSsh => "Allow only strong SSH on",
            Remedy::StrongerEap => "Move 802.1X to EAP-TLS on",
            Remedy::StopMapping => "Switch UPnP port mapping off on",
            Remedy::LimitInternet => "Let only the needed names of the Internet through for",
            Remedy::Encrypt => "Encrypt what is sent by and to",
            Remedy::Tidy => "Tidy up",
        }
    }
}

/// What exposure depends on.
struct Site<'a> {
    devices: HashMap<&'a DeviceId, &'a Device>,
    reachable: BTreeSet<&'a DeviceId>,
    online: BTreeSet<&'a DeviceId>,
}

impl<'a> Site<'a> {
    fn new(findings: &'a [Finding], devices: &'a [Device]) -> Self {
        let with = |kinds: &[FindingKind]| {
            findings
                .iter()
                .filter(|finding| kinds.contains(&finding.kind))
                .filter_map(|finding| finding.device.as_ref())
                .collect()
        };
        Site {
            devices: devices.iter().map(|device| (&device.id, device)).collect(),
            reachable: with(&[FindingKind::InternetExposed]),
            online: with(&[FindingKind::InternetContact, FindingKind::UpnpPortMapping]),
        }
    }

    fn is_vital(&self, id: &DeviceId) -> bool {
        let kind = self.devices.get(id).and_then(|device| device.kind.as_ref());
        kind.is_some_and(|kind| is_medical(kind.value) || is_plant(kind.value))
    }

    /// Harm times exposure of one device, in quarters.
    fn weight(&self, finding: &Finding) -> u64 {
        let harm = match finding.severity {
            Severity::Info => 0,
            Severity::Low => 3,
            Severity::Medium => 10,
            Severity::High => 30,
            Severity::Critical => 100,
        };
        let exposure = finding.device.as_ref().map_or(4, |id| {
            4 + if self.reachable.contains(id) { 4 } else { 0 }
                + if self.is_vital(id) { 3 } else { 0 }
                + if self.online.contains(id) { 1 } else { 0 }
        });
        harm * exposure
    }

    /// The worst device counts in full; the others can at most double it, so that many small
    /// things do not hide a great one.
    fn score(&self, group: &[&Finding]) -> u64 {
        let mut by_device: BTreeMap<Option<&DeviceId>, u64> = BTreeMap::new();
        for finding in group {
            let weight = by_device.entry(finding.device.as_ref()).or_default();
            *weight = (*weight).max(self.weight(finding));
        }
        let most = by_device.values().copied().max().unwrap_or(0);
        let rest: u64 = by_device.values().sum::<u64>().saturating_sub(most);
        4 * most + rest.min(4 * most)
    }

    fn action(&self, remedy: Remedy, group: &[&Finding]) -> Action {
        let mut order: Vec<&Finding> = group.to_vec();
        order.sort_by_key(|finding| (std::cmp::Reverse(self.weight(finding)), finding.kind));
        let mut devices: Vec<DeviceId> = Vec::new();
        for id in order.iter().filter_map(|finding| finding.device.as_ref()) {
            if !devices.contains(id) {
                devices.push(id.clone());
            }
        }
        let kinds: BTreeSet<FindingKind> = group.iter().map(|finding| finding.kind).collect();
        let (severity, why, fix) =
            order.first().map_or((Severity::Info, "", Text::default()), |worst| {
                (worst.severity, worst.kind.why(), worst.fix.clone())
            });
        let says = match (remedy, order.first()) {
            (Remedy::Tidy, Some(worst)) => format!("Mend “{}” on", worst.kind.title()),
            _ => remedy.says().to_owned(),
        };
        Action {
            title: format!("{says} {}", self.names(&devices, &order)).into(),
            reason: format!("{} ({}).", why.trim_end_matches('.'), self.exposure(group, &devices))
                .into(),
            fix,
            severity,
            devices,
            kinds: kinds.into_iter().collect(),
            findings: group.len(),
        }
    }

    fn names(&self, devices: &[DeviceId], group: &[&Finding]) -> String {
        if devices.is_empty() {
            return group.first().map_or_else(String::new, |finding| {
                finding.title.rsplit_once(": ").map_or("the network", |(_, name)| name).to_owned()
            });
        }
        let label = |id: &DeviceId| {
            self.devices.get(id).map_or_else(|| id.to_string(), |device| device.label())
        };
        let mut names: Vec<String> = devices.iter().take(MOST_NAMED).map(label).collect();
        let more = devices.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }

    fn exposure(&self, group: &[&Finding], devices: &[DeviceId]) -> String {
        let count = |what: &dyn Fn(&DeviceId) -> bool| devices.iter().filter(|id| what(id)).count();
        let mut parts = vec![match (devices.len(), group.len()) {
            (0, findings) => number(findings, "finding"),
            (devices, findings) => {
                format!("{} on {}", number(findings, "finding"), number(devices, "device"))
            }
        }];
        let reachable = count(&|id| self.reachable.contains(id));
        if reachable > 0 {
            parts.push(format!("{reachable} reachable from the Internet"));
        }
        let vital = count(&|id| self.is_vital(id));
        if vital > 0 {
            parts.push(format!("{vital} on which patients or the process depend"));
        }
        parts.join(", ")
    }
}

fn number(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}
