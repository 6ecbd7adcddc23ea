//! Which devices nobody sends anything to by the way.

use cordon_model::app::Class;
use cordon_model::record::{Criticality, Record};
use cordon_model::{App, DeviceType};
use cordon_probe::Port;
use cordon_register::{Register, View};

/// Kinds of device that plants and patients depend on.
const DELICATE: [DeviceType; 19] = [
    DeviceType::Plc,
    DeviceType::Rtu,
    DeviceType::Hmi,
    DeviceType::EngineeringStation,
    DeviceType::ScadaServer,
    DeviceType::Historian,
    DeviceType::Drive,
    DeviceType::IoModule,
    DeviceType::Relay,
    DeviceType::Meter,
    DeviceType::IndustrialGateway,
    DeviceType::BuildingController,
    DeviceType::Medical,
    DeviceType::InfusionPump,
    DeviceType::PatientMonitor,
    DeviceType::Imaging,
    DeviceType::Alarm,
    DeviceType::SolarInverter,
    DeviceType::Vehicle,
];

/// Why a device must be named before anything is sent to it, to be read behind "it"; none for an ordinary
/// one.
pub(super) fn delicate(register: &Register, record: &Record) -> Option<String> {
    match record.criticality() {
        Criticality::LifeSafety => return Some("is a life-safety device".to_owned()),
        Criticality::Process => return Some("is a process device".to_owned()),
        Criticality::Normal => {}
    }
    let kind = View::of(record).kind.map(|kind| *kind.value);
    if let Some(kind) = kind.filter(|kind| DELICATE.contains(kind)) {
        let title = kind.title();
        let article = if title.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        return Some(format!("is {article} {title}"));
    }
    if let Some(app) = speaks(record) {
        return Some(format!("speaks {}", app.title()));
    }
    // Of what nobody knows what it is, its neighbours tell.
    let zone = record.own.zone.as_ref().map(|zone| &zone.value).filter(|_| kind.is_none())?;
    let neighbour = |other: &&Record| {
        other.own.zone.as_ref().is_some_and(|own| own.value == *zone)
            && (other.criticality() != Criticality::Normal || speaks(other).is_some())
    };
    let plant = register.records().find(neighbour);
    plant.map(|_| format!("is of unknown kind in the zone {zone}, where OT is"))
}

/// A protocol of plants and buildings that a device serves, seen or guessed.
fn speaks(record: &Record) -> Option<App> {
    let then = record.services.iter().map(|span| &span.value);
    let mut all = then.chain(&record.seen.services).filter_map(|service| service.app);
    all.find(|app| app.class() == Class::Ot)
}

/// What a device was seen to serve and did not give up.
pub(super) fn served(record: &Record) -> Vec<Port> {
    let now = record.services.iter().filter(|span| !span.gone).map(|span| &span.value);
    let mut all: Vec<Port> = now
        .chain(&record.seen.services)
        .filter_map(|service| match service.transport {
            cordon_model::Transport::Tcp => Some(Port::Tcp(service.port)),
            cordon_model::Transport::Udp => Some(Port::Udp(service.port)),
            _ => None,
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use cordon_model::record::Set;
    use cordon_model::{Basis, Service, Transport};
    use cordon_register::Options;
    use cordon_store::conformance::sample;

    use super::*;

    fn set<T>(value: T) -> Option<Set<T>> {
        Some(Set { value, by: "person:anna".into(), at: cordon_model::Timestamp::default() })
    }

    fn serving(id: &str, port: u16) -> Record {
        let mut record = sample::device(id);
        let app = App::guess(Transport::Tcp, port);
        let service = Service { transport: Transport::Tcp, port, app, basis: Basis::Port };
        record.seen.services.push(service);
        record
    }

    fn why(records: Vec<Record>, record: &Record) -> Option<String> {
        delicate(&Register::load(records, Vec::new(), Vec::new(), Options::default()), record)
    }

    #[test]
    fn what_plants_and_patients_depend_on_is_delicate_by_any_sign() {
        assert_eq!(why(Vec::new(), &sample::device("camera")), None);
        assert_eq!(why(Vec::new(), &serving("camera", 443)), None);
        for criticality in [Criticality::Process, Criticality::LifeSafety] {
            let mut record = sample::device("d");
            record.own.criticality = set(criticality);
            assert!(why(Vec::new(), &record).is_some(), "{criticality:?}");
        }
        let mut pump = sample::device("d");
        pump.own.kind = set(DeviceType::InfusionPump);
        assert_eq!(why(Vec::new(), &pump).unwrap(), "is an infusion pump");
        for port in [502, 102, 20_000, 44_818] {
            assert!(why(Vec::new(), &serving("d", port)).unwrap().starts_with("speaks "), "{port}");
        }
    }

    #[test]
    fn what_nobody_knows_is_delicate_beside_a_controller() {
        let (mut plc, mut unknown) = (serving("plc", 502), sample::device("unknown"));
        plc.own.zone = set("hall".into());
        unknown.own.zone = set("hall".into());
        unknown.own.kind = None;
        assert!(why(vec![plc.clone()], &unknown).unwrap().contains("zone hall"));
        // What is known to be something else is not.
        unknown.own.kind = set(DeviceType::Camera);
        assert_eq!(why(vec![plc.clone()], &unknown), None);
        unknown.own.kind = None;
        unknown.own.zone = set("office".into());
        assert_eq!(why(vec![plc], &unknown), None);
    }
}
