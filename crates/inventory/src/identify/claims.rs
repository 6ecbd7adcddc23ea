//! Pieces of evidence, and how they add up to one claim per attribute.

use cordon_model::{Attribute, Claim, DeviceType, Reason, Text};

/// Below that a claim is not worth making: the answer is "unknown".
pub(super) const FLOOR: f32 = 0.3;
/// What a claim reaches at most without a string that the device says of itself.
const CEILING_OF_OTHERS: f32 = 0.89;
/// What any claim reaches at most.
const CEILING: f32 = 0.99;
/// Reasons kept of one claim.
const MOST_REASONS: usize = 6;

/// One piece of evidence for one value of one attribute.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Evidence {
    pub attribute: Attribute,
    pub value: Text,
    /// 0 to 1.
    pub confidence: f32,
    /// The device says it of itself.
    pub own: bool,
    /// Whose product a model or type would be; evidence of different makers contradicts.
    pub maker: Option<Text>,
    pub reason: Reason,
}

/// All evidence about one device.
#[derive(Default, Debug)]
pub(crate) struct Case {
    pub evidence: Vec<Evidence>,
}

impl Case {
    pub(crate) fn add(&mut self, evidence: Evidence) {
        let value = evidence.value.trim();
        if !value.is_empty() && value.len() <= 120 {
            self.evidence.push(evidence);
        }
    }

    /// The best supported value of an attribute, if it is good enough.
    pub(crate) fn claim(&self, attribute: Attribute) -> Option<Claim<Text>> {
        let mut camps = self.camps(attribute);
        camps.sort_by(|a, b| {
            b.strength.total_cmp(&a.strength).then_with(|| b.weight.total_cmp(&a.weight))
        });
        if let Some(finer) = finer(attribute, &camps) {
            camps.swap(0, finer);
        }
        let (best, others) = camps.split_first()?;
        let doubt =
            others.iter().map(|other| best.doubt_from(other, attribute)).fold(0.0, f32::max);
        let confidence = best.strength * (1.0 - doubt);
        let mut members = best.members.clone();
        members.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        let value = members.first()?.value.clone();
        let mut reasons: Vec<Reason> = Vec::new();
        for member in &members {
            // Said again over another address it is the same reason.
            let known = reasons.iter().any(|reason| reason.says == member.reason.says);
            if reasons.len() < MOST_REASONS && !known {
                reasons.push(member.reason.clone());
            }
        }
        (confidence >= FLOOR).then_some(Claim { value, confidence: round(confidence), reasons })
    }

    /// The claim about what the device is for.
    pub(crate) fn kind(&self) -> Option<Claim<DeviceType>> {
        let Claim { value, confidence, reasons } = self.claim(Attribute::Type)?;
        let value = DeviceType::ALL.iter().find(|kind| kind.name() == value)?;
        Some(Claim { value: *value, confidence, reasons })
    }

    fn camps(&self, attribute: Attribute) -> Vec<Camp<'_>> {
        let mut camps: Vec<Camp<'_>> = Vec::new();
        for evidence in self.evidence.iter().filter(|e| e.attribute == attribute) {
            let key = key(attribute, &evidence.value);
            if key.is_empty() {
                continue;
            }
            match camps.iter_mut().find(|camp| agree(attribute, &camp.key, &key)) {
                Some(camp) => {
                    if key.len() < camp.key.len() {
                        camp.key = key;
                    }
                    camp.members.push(evidence);
                }
                None => {
                    camps.push(Camp { key, members: vec![evidence], weight: 0.0, strength: 0.0 });
                }
            }
        }
        camps.iter_mut().for_each(Camp::weigh);
        camps
    }
}

/// The evidence for one value.
struct Camp<'a> {
    key: String,
    members: Vec<&'a Evidence>,
    /// All evidence together, for the order among camps.
    weight: f32,
    /// The same, no surer than such evidence can make anything.
    strength: f32,
}

/// Types that other types refine: a thing of the second kind is also of the first.
const COARSE: [(DeviceType, &[DeviceType]); 5] = [
    (
        DeviceType::Computer,
        &[
            DeviceType::Server,
            DeviceType::EngineeringStation,
            DeviceType::ScadaServer,
            DeviceType::Historian,
            DeviceType::Hmi,
            DeviceType::Imaging,
            DeviceType::PatientMonitor,
            DeviceType::InfusionPump,
            DeviceType::Medical,
            DeviceType::Storage,
            DeviceType::BuildingController,
            DeviceType::VideoRecorder,
            DeviceType::Hub,
        ],
    ),
    (
        DeviceType::Server,
        &[DeviceType::ScadaServer, DeviceType::Historian, DeviceType::Storage, DeviceType::Hub],
    ),
    (
        DeviceType::Medical,
        &[DeviceType::InfusionPump, DeviceType::PatientMonitor, DeviceType::Imaging],
    ),
    (DeviceType::Router, &[DeviceType::Firewall, DeviceType::AccessPoint]),
    (DeviceType::Switch, &[DeviceType::Router, DeviceType::Firewall, DeviceType::AccessPoint]),
];
/// How sure a finer type must be to be taken in the place of a coarse one.
const FINER: f32 = 0.6;

/// Whether everything of type `fine` is also of type `coarse`.
fn refines(fine: &str, coarse: &str) -> bool {
    // What it does says more than that it is virtual or small.
    if [DeviceType::Iot, DeviceType::VirtualMachine].iter().any(|kind| kind.name() == coarse) {
        return fine != coarse && fine != DeviceType::Iot.name();
    }
    COARSE
        .iter()
        .filter(|(kind, _)| kind.name() == coarse)
        .any(|(_, finer)| finer.iter().any(|kind| kind.name() == fine))
}

/// The first camp that says the same as the best one, more precisely.
fn finer(attribute: Attribute, camps: &[Camp<'_>]) -> Option<usize> {
    let best = camps.first().filter(|_| attribute == Attribute::Type)?;
    // A router that is also an access point is a router, unless it calls itself otherwise.
    let enough = if best.key == DeviceType::Router.name() { best.strength } else { FINER };
    camps.iter().position(|camp| camp.strength >= enough && refines(&camp.key, &best.key))
}

impl Camp<'_> {
    /// Independent sources add up; several strings of one source count as the best of them.
    fn weigh(&mut self) {
        let mut by_source: Vec<(&str, f32)> = Vec::new();
        for member in &self.members {
            let source = member.reason.source.as_str();
            match by_source.iter_mut().find(|(known, _)| *known == source) {
                Some((_, best)) => *best = best.max(member.confidence),
                None => by_source.push((source, member.confidence)),
            }
        }
        let missed: f32 = by_source.iter().map(|(_, confidence)| 1.0 - confidence).product();
        let own = self.members.iter().any(|member| member.own && member.confidence >= 0.8);
        let ceiling = if own { CEILING } else { CEILING_OF_OTHERS };
        self.weight = 1.0 - missed;
        self.strength = self.weight.min(ceiling);
    }

    /// How much another camp takes away from this one.
    fn doubt_from(&self, other: &Camp<'_>, attribute: Attribute) -> f32 {
        let own = other.members.iter().any(|member| member.own);
        let weight = if own { 0.4 } else { 0.1 };
        match attribute {
            // A device has many names, and parts of several versions.
            Attribute::Name | Attribute::Firmware => 0.0,
            // One product has several designations; only another maker's product contradicts, or
            // another product in the same kind of string.
            Attribute::Model if !self.contradicts(other) => 0.0,
            Attribute::Type if refines(&self.key, &other.key) || refines(&other.key, &self.key) => {
                0.0
            }
            // A hint hardly shakes what is certain.
            _ => weight * other.strength.powi(3),
        }
    }

    fn contradicts(&self, other: &Camp<'_>) -> bool {
        self.members.iter().any(|mine| {
            other.members.iter().any(|theirs| match (&mine.maker, &theirs.maker) {
                (Some(a), Some(b)) => {
                    !agree(
                        Attribute::Vendor,
                        &key(Attribute::Vendor, a),
                        &key(Attribute::Vendor, b),
                    ) || mine.reason.source == theirs.reason.source
                }
                _ => false,
            })
        })
    }
}

/// What two spellings of one value have in common.
fn key(attribute: Attribute, value: &str) -> String {
    match attribute {
        Attribute::Type => value.to_owned(),
        _ => value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect(),
    }
}

fn agree(attribute: Attribute, a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    match attribute {
        Attribute::Type | Attribute::Name | Attribute::Firmware => a == b,
        Attribute::Vendor | Attribute::Os => a == b || short.len() >= 3 && long.starts_with(short),
        Attribute::Model => a == b || short.len() >= 4 && long.contains(short),
    }
}

fn round(confidence: f32) -> f32 {
    (confidence * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(attribute: Attribute, value: &str, confidence: f32, source: &str) -> Evidence {
        Evidence {
            attribute,
            value: value.into(),
            confidence,
            own: confidence >= 0.8,
            maker: None,
            reason: Reason { says: value.into(), source: source.into(), packet: None },
        }
    }

    fn case(evidence: Vec<Evidence>) -> Case {
        Case { evidence }
    }

    #[test]
    fn sources_that_agree_strengthen_each_other() {
        let one = case(vec![evidence(Attribute::Vendor, "Sonos", 0.6, "oui")]);
        let two = case(vec![
            evidence(Attribute::Vendor, "Sonos", 0.6, "oui"),
            evidence(Attribute::Vendor, "Sonos, Inc.", 0.5, "dns"),
        ]);
        let confidence = |case: &Case| case.claim(Attribute::Vendor).unwrap().confidence;
        assert!(confidence(&two) > confidence(&one));
        assert!(confidence(&two) <= CEILING_OF_OTHERS);
    }

    #[test]
    fn strings_that_disagree_bring_each_other_below_certainty() {
        let case = case(vec![
            evidence(Attribute::Vendor, "Sonos", 0.95, "upnp"),
            evidence(Attribute::Vendor, "Samsung", 0.92, "dhcp"),
        ]);
        let claim = case.claim(Attribute::Vendor).unwrap();
        assert_eq!(claim.value, "Sonos");
        assert!(claim.confidence < 0.9, "{claim:?}");
    }

    #[test]
    fn a_maker_of_modules_hardly_shakes_what_the_device_says() {
        let case = case(vec![
            evidence(Attribute::Vendor, "Withings", 0.92, "dhcp"),
            evidence(Attribute::Vendor, "Espressif", 0.35, "oui"),
        ]);
        assert!(case.claim(Attribute::Vendor).unwrap().confidence >= 0.88);
    }

    #[test]
    fn too_little_is_unknown() {
        let case = case(vec![evidence(Attribute::Model, "X1", 0.2, "statistics")]);
        assert_eq!(case.claim(Attribute::Model), None);
    }
}
