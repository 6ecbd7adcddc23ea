//! The result, sorted and joined the way every report shows it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use cordon_model::Severity;

use crate::look::{Device, Finding, Look, Talk};
use crate::words;

/// A look with its devices in reading order, their findings, and findings by kind.
pub(crate) struct View<'a> {
    pub look: &'a Look,
    /// Those that need attention first, gravest first.
    pub devices: Vec<Row<'a>>,
    /// Findings by kind, gravest kind first.
    pub groups: Vec<Group<'a>>,
    /// Every finding.
    pub tally: Tally,
    places: HashMap<&'a str, usize>,
    kinds: HashMap<&'a str, usize>,
    files: HashMap<&'a str, &'a str>,
}

/// One device and its findings.
pub(crate) struct Row<'a> {
    pub device: &'a Device,
    pub tally: Tally,
    pub findings: Vec<&'a Finding>,
}

/// All findings of one kind.
pub(crate) struct Group<'a> {
    pub kind: &'a str,
    pub title: String,
    pub severity: Severity,
    /// Gravest first.
    pub findings: Vec<&'a Finding>,
}

/// Findings by severity.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tally([u64; 5]);

impl<'a> View<'a> {
    pub(crate) fn new(look: &'a Look) -> Self {
        let mut of: HashMap<&str, Vec<&Finding>> = HashMap::new();
        let mut kinds: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &look.findings {
            kinds.entry(&finding.kind).or_default().push(finding);
            if let Some(id) = &finding.device {
                of.entry(id).or_default().push(finding);
            }
        }
        let mut devices: Vec<Row> = look
            .devices
            .iter()
            .map(|device| Row::new(device, of.remove(device.id.as_str()).unwrap_or_default()))
            .collect();
        devices.sort_by_key(|row| std::cmp::Reverse(row.tally));
        let places =
            devices.iter().enumerate().map(|(at, row)| (row.device.id.as_str(), at)).collect();
        let mut groups: Vec<Group> = kinds.into_iter().map(Group::new).collect();
        groups.sort_by_key(|group| std::cmp::Reverse((group.severity, group.findings.len())));
        let kinds = groups.iter().enumerate().map(|(at, group)| (group.kind, at)).collect();
        View {
            look,
            devices,
            groups,
            tally: Tally::of(&look.findings),
            places,
            kinds,
            files: files(look),
        }
    }

    /// Devices with a finding of medium severity or above.
    pub(crate) fn attention(&self) -> usize {
        self.devices.iter().filter(|row| row.needs_attention()).count()
    }

    /// Devices that exchanged packets with the Internet.
    pub(crate) fn online(&self) -> usize {
        let outside = self.look.talks.iter().filter(|talk| talk.outside);
        let ends = outside.flat_map(|talk| [self.place(&talk.from), self.place(&talk.to)]);
        ends.flatten().collect::<HashSet<usize>>().len()
    }

    /// Place of a device in reading order.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Place of a kind among the groups.
    pub(crate) fn group_place(&self, kind: &str) -> usize {
        self.kinds.get(kind).copied().unwrap_or_default()
    }

    /// What to call a device id or an address.
    pub(crate) fn label<'b>(&'b self, id: &'b str) -> &'b str {
        let row = self.place(id).and_then(|at| self.devices.get(at));
        row.map_or(id, |row| row.device.label.as_str())
    }

    /// What to call whose finding it is.
    pub(crate) fn whose<'b>(&'b self, finding: &'b Finding) -> &'b str {
        finding.device.as_deref().map_or("the network", |id| self.label(id))
    }

    /// `wired.pcap packet 12`; the number alone where there is one input.
    pub(crate) fn cite(&self, file: Option<&str>, packet: u64) -> String {
        match file.filter(|_| self.look.inputs.len() > 1) {
            Some(path) => format!("{} packet {packet}", self.file(path)),
            None => format!("packet {packet}"),
        }
    }

    /// What to call a file: its name, or its path where another input has the same name.
    fn file<'b>(&'b self, path: &'b str) -> &'b str {
        self.files.get(path).copied().unwrap_or(path)
    }

    /// `24 devices, 9 need attention`.
    pub(crate) fn devices_line(&self) -> String {
        let devices = words::counted(self.look.devices.len() as u64, "device", "devices");
        match self.attention() {
            0 => format!("{devices}, none needs attention"),
            1 => format!("{devices}, 1 needs attention"),
            many => format!("{devices}, {many} need attention"),
        }
    }

    /// What to say where no action comes first.
    pub(crate) const fn nothing_first(&self) -> &'static str {
        if self.groups.is_empty() {
            "Nothing was found that needs doing. That is no proof that there is nothing."
        } else {
            "No finding stands out. Take them in the order of this report, gravest first."
        }
    }

    /// What was done to controllers, gravest first.
    pub(crate) fn acts(&self) -> Vec<&'a Finding> {
        let mut acts: Vec<&Finding> =
            self.look.findings.iter().filter(|finding| is_act(&finding.kind)).collect();
        acts.sort_by_key(|act| std::cmp::Reverse(words::severity(&act.severity)));
        acts
    }

    /// Talks in which a plant protocol was seen.
    pub(crate) fn plant_talks(&self) -> Vec<&'a Talk> {
        let plant = |app: &String| words::is_plant(app);
        self.look.talks.iter().filter(|talk| talk.apps.iter().any(plant)).collect()
    }
}

fn files(look: &Look) -> HashMap<&str, &str> {
    let name = |path| str::rsplit(path, '/').next().unwrap_or(path);
    let mut uses: HashMap<&str, u32> = HashMap::new();
    for input in &look.inputs {
        *uses.entry(name(&input.path)).or_default() += 1;
    }
    look.inputs
        .iter()
        .map(|input| (input.path.as_str(), name(&input.path)))
        .filter(|(_, name)| !name.is_empty() && uses.get(name) == Some(&1))
        .collect()
}

/// What a finding says beyond why its kind matters: why it matters here, who did it.
pub(crate) fn particular(finding: &Finding) -> Option<Cow<'_, str>> {
    let why = finding.why.as_str();
    let general = words::finding_why(&finding.kind).unwrap_or(why);
    let rest = match why.split_once(general) {
        Some(("", after)) => Cow::Borrowed(after.trim()),
        Some((before, after)) => Cow::Owned(format!("{}{after}", before.trim_end())),
        None => Cow::Borrowed(why),
    };
    Some(rest).filter(|rest| !rest.is_empty())
}

/// Whether it is about what was done to a controller.
pub(crate) fn is_act(kind: &str) -> bool {
    kind.starts_with("ot-")
}

impl<'a> Row<'a> {
    fn new(device: &'a Device, mut findings: Vec<&'a Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(words::severity(&finding.severity)));
        Row { device, tally: Tally::of(findings.iter().copied()), findings }
    }

    pub(crate) fn needs_attention(&self) -> bool {
        self.tally.worst() >= Some(Severity::Medium)
    }

    /// What it is, or `Unknown`.
    pub(crate) fn what(&self) -> String {
        self.device.kind.as_deref().map_or_else(|| "Unknown".to_owned(), words::device_type)
    }

    /// Vendor and model as far as known.
    pub(crate) fn make(&self) -> String {
        match (&self.device.vendor, &self.device.model) {
            (Some(vendor), Some(model)) if model.starts_with(vendor.as_str()) => model.clone(),
            (Some(vendor), Some(model)) => format!("{vendor} {model}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "Unknown".to_owned(),
        }
    }

    /// The address that people would type: IPv4, else IPv6, else link-layer.
    pub(crate) fn address(&self) -> &'a str {
        let ips = &self.device.ips;
        let ip = ips.iter().find(|ip| ip.contains('.')).or_else(|| ips.first());
        ip.or_else(|| self.device.macs.first()).map_or("none seen", String::as_str)
    }
}

/// Whose findings these are, each once, in the order given.
pub(crate) fn names<'b>(view: &'b View, findings: &'b [&Finding]) -> Vec<&'b str> {
    let mut seen = HashSet::new();
    let once = findings.iter().filter(|finding| seen.insert(finding.device.as_deref()));
    once.map(|finding| view.whose(finding)).collect()
}

/// Who did it and how often, as far as the finding of an act tells.
pub(crate) fn who(act: &Finding) -> Cow<'_, str> {
    let shown = || act.evidence.first().map(|evidence| evidence.detail.as_str().into());
    particular(act).or_else(shown).unwrap_or_default()
}

impl<'a> Group<'a> {
    fn new((kind, mut findings): (&'a str, Vec<&'a Finding>)) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(words::severity(&finding.severity)));
        let first = findings.first();
        let title = words::finding_kind(kind)
            .or_else(|| first.map(|finding| words::sentence(&finding.title)))
            .unwrap_or_default();
        let severity = first.map_or(Severity::Info, |finding| words::severity(&finding.severity));
        Group { kind, title, severity, findings }
    }

    /// Why it matters in general.
    pub(crate) fn why(&self) -> &'a str {
        words::finding_why(self.kind)
            .or_else(|| self.findings.first().map(|finding| finding.why.as_str()))
            .unwrap_or_default()
    }

    /// How to mend it: each way once, that for the gravest finding first.
    pub(crate) fn fixes(&self) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let fixes = self.findings.iter().map(|finding| finding.fix.as_str());
        fixes.filter(|fix| !fix.is_empty() && seen.insert(*fix)).collect()
    }

    /// `3 devices`, or `1 device`, or `the network`.
    pub(crate) fn whose(&self) -> String {
        let mut ids: Vec<_> = self.findings.iter().filter_map(|f| f.device.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.len() {
            0 => "the network as a whole".to_owned(),
            many => words::counted(many as u64, "device", "devices"),
        }
    }
}

impl Tally {
    fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut tally = Tally::default();
        for finding in findings {
            let severity = words::severity(&finding.severity);
            // gravest first, so that the order of tallies is the order of urgency
            let place = Severity::ALL.iter().rev().position(|one| *one == severity);
            if let Some(count) = place.and_then(|at| tally.0.get_mut(at)) {
                *count += 1;
            }
        }
        tally
    }

    /// Severities that occur with their counts, gravest first.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Severity, u64)> + use<> {
        let counts = self.0;
        Severity::ALL.into_iter().rev().zip(counts).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn worst(&self) -> Option<Severity> {
        self.each().next().map(|(severity, _)| severity)
    }

    /// `3 critical, 7 high`, or `nothing`.
    pub(crate) fn says(&self) -> String {
        let parts: Vec<String> =
            self.each().map(|(severity, count)| format!("{count} {severity}")).collect();
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use cordon_model::FindingKind;

    use super::*;

    fn finding(kind: FindingKind, severity: &str, why: String) -> Finding {
        Finding {
            kind: kind.name().into(),
            severity: severity.into(),
            device: None,
            title: kind.title().into(),
            why,
            fix: kind.fix().into(),
            count: 1,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_particular_to_a_finding_is_left_of_its_why() {
        let kind = FindingKind::DefaultCredential;
        let of = |why: &str| {
            let finding = finding(kind, "high", why.replace("GENERAL", kind.why()));
            particular(&finding).map(Cow::into_owned)
        };
        assert_eq!(of("GENERAL"), None);
        assert_eq!(of("GENERAL Seen twice."), Some("Seen twice.".into()));
        assert_eq!(of("From a list. GENERAL"), Some("From a list.".into()));
        assert_eq!(
            of("From a list. GENERAL It is a pump."),
            Some("From a list. It is a pump.".into())
        );
        assert_eq!(of("Something else."), Some("Something else.".into()));
    }

    #[test]
    fn one_critical_finding_weighs_more_than_many_lesser_ones() {
        let kind = FindingKind::DefaultCredential;
        let tally = |severities: &[&str]| {
            let findings: Vec<Finding> =
                severities.iter().map(|severity| finding(kind, severity, String::new())).collect();
            Tally::of(&findings)
        };
        assert!(tally(&["critical"]) > tally(&["high"; 40]));
        assert!(tally(&["high", "low"]) > tally(&["high"]));
        assert_eq!(tally(&["critical", "low", "low"]).says(), "1 critical, 2 low");
        assert_eq!(tally(&["unheard of"]).worst(), Some(Severity::Info));
    }
}
