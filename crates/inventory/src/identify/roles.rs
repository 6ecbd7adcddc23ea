//! What a device is, from what it does: never surer than a string, but often the only thing that
//! is seen of a plant.

use std::collections::HashSet;

use cordon_model::{App, Attribute, Basis, DeviceType, PacketId, Reason, Transport, Verb};

use super::{Case, Evidence};
use crate::ends::{Act, End, Offer, Use};
use crate::roles::Trait;

/// So many controllers asked make a supervisor.
const MANY_CONTROLLERS: usize = 3;
/// So many cameras watched make a recorder.
const MANY_CAMERAS: usize = 3;

/// Unit identifiers that Modbus servers answer to without being gateways.
pub(crate) const NO_UNIT: [u32; 2] = [0, 255];

/// The protocols of plants.
const PLANT: [App; 4] = [App::Modbus, App::Dnp3, App::S7comm, App::Enip];

/// What is known of a device's behaviour.
pub(crate) struct Behaviour<'a> {
    pub ends: &'a [&'a End],
    /// Why it is taken for a router.
    pub routes: Option<(&'static str, Option<PacketId>)>,
    /// Whether an address of its is handed out as router by DHCP.
    pub gateway: bool,
}

/// Adds what the behaviour suggests.
pub(super) fn read(case: &mut Case, behaviour: &Behaviour<'_>) {
    let mut add = |kind: DeviceType, confidence: f32, says: &str, packet: Option<PacketId>| {
        case.add(Evidence {
            attribute: Attribute::Type,
            value: kind.name().into(),
            confidence,
            own: false,
            maker: None,
            reason: Reason { says: says.into(), source: "traffic".into(), packet },
        });
    };
    if let Some((why, packet)) = behaviour.routes {
        let confidence = if behaviour.gateway { 0.85 } else { 0.7 };
        add(DeviceType::Router, confidence, why, packet);
    }
    let has = |wanted: Trait| behaviour.ends.iter().find(|end| wanted.is_in(end.traits));
    if let Some(end) = has(Trait::Beacons) {
        let packet = Some(end.first_packet);
        add(DeviceType::AccessPoint, 0.85, "announces a Wi-Fi network", packet);
    }
    if let Some(end) = has(Trait::ServesDhcp)
        && behaviour.routes.is_none()
    {
        add(DeviceType::Router, 0.45, "hands out addresses by DHCP", Some(end.first_packet));
    }
    plant(behaviour, &mut add);
    offers(behaviour, &mut add);
}

/// Controllers, and those who read, command and program them.
fn plant(behaviour: &Behaviour<'_>, add: &mut impl FnMut(DeviceType, f32, &str, Option<PacketId>)) {
    let acts = || behaviour.ends.iter().flat_map(|end| &end.acts);
    let programs = |act: &&Act| {
        act.actor
            && matches!(
                act.verb,
                Verb::ProgramDownload
                    | Verb::ProgramUpload
                    | Verb::Stop
                    | Verb::Start
                    | Verb::Firmware
            )
    };
    if let Some(act) = acts().find(programs) {
        let says = format!("{} controllers over {}", gerund(act.verb), act.app.title());
        add(DeviceType::EngineeringStation, 0.75, &says, Some(act.packet));
    }
    let mut controllers = HashSet::new();
    let mut first: Option<&Use> = None;
    for used in uses(behaviour).filter(|used| PLANT.contains(&used.app) || used.app == App::Bacnet)
    {
        if used.basis == Basis::Payload {
            controllers.extend(used.servers.iter().copied());
            first = first.or(Some(used));
        }
    }
    let asks = acts().any(|act| act.actor && matches!(act.verb, Verb::Read | Verb::Write));
    if let Some(first) = first.filter(|_| asks) {
        let title = first.app.title();
        if controllers.len() >= MANY_CONTROLLERS {
            let says = format!("reads from {} controllers over {title}", controllers.len());
            add(DeviceType::ScadaServer, 0.65, &says, Some(first.packet));
        } else {
            let says = format!("reads from a controller over {title}");
            add(DeviceType::Hmi, 0.45, &says, Some(first.packet));
        }
    }
    let gateway = acts().find(|act| {
        let several = act.units.iter().filter(|unit| !NO_UNIT.contains(unit)).count() > 1;
        act.app == App::Modbus && !act.actor && several
    });
    if let Some(act) = gateway {
        let says = "answers for several Modbus units";
        add(DeviceType::IndustrialGateway, 0.6, says, Some(act.packet));
    }
    for offer in offered(behaviour).filter(|offer| offer.basis == Basis::Payload) {
        let (kind, confidence) = match offer.app {
            Some(App::Modbus) if gateway.is_some() => continue,
            Some(App::Modbus) => (DeviceType::Plc, 0.5),
            Some(App::S7comm) => (DeviceType::Plc, 0.7),
            Some(App::Enip) => (DeviceType::Plc, 0.5),
            Some(App::Dnp3) => (DeviceType::Rtu, 0.6),
            Some(App::Bacnet) => (DeviceType::BuildingController, 0.6),
            _ => continue,
        };
        let title = offer.app.map_or("", App::title);
        add(kind, confidence, &format!("answers {title} requests"), Some(offer.packet));
    }
}

const fn gerund(verb: Verb) -> &'static str {
    match verb {
        Verb::ProgramDownload => "writes programs to",
        Verb::ProgramUpload => "reads programs out of",
        Verb::Stop => "stops",
        Verb::Start => "starts",
        _ => "transfers firmware to",
    }
}

/// Services that only one kind of device offers; guesses from ports count little.
fn offers(
    behaviour: &Behaviour<'_>,
    add: &mut impl FnMut(DeviceType, f32, &str, Option<PacketId>),
) {
    for offer in offered(behaviour) {
        let seen = offer.basis == Basis::Payload && offer.app.is_some();
        let guess = match (offer.transport, offer.port, offer.app) {
            (Transport::Tcp, _, Some(App::Rtsp)) if seen => Some((DeviceType::Camera, 0.6)),
            (Transport::Tcp, 9100 | 515 | 631, _) => Some((DeviceType::Printer, 0.5)),
            (Transport::Tcp, 554, _) => Some((DeviceType::Camera, 0.35)),
            (Transport::Tcp, 104 | 11112, _) => Some((DeviceType::Imaging, 0.4)),
            (Transport::Tcp, 2575, _) => Some((DeviceType::Medical, 0.35)),
            (Transport::Tcp, 3389 | 445, _) => Some((DeviceType::Computer, 0.35)),
            (Transport::Tcp, 8009, _) => Some((DeviceType::Tv, 0.35)),
            (Transport::Tcp | Transport::Udp, 5060 | 5061, _) => {
                Some((DeviceType::VoipPhone, 0.35))
            }
            _ => None,
        };
        if let Some((kind, confidence)) = guess {
            let name = offer.app.map_or_else(String::new, |app| format!(" ({})", app.title()));
            let says = format!("offers port {}{name}", offer.port);
            add(kind, confidence, &says, Some(offer.packet));
        }
    }
    for used in uses(behaviour).filter(|used| used.basis == Basis::Payload) {
        if used.app == App::Rtsp && used.servers.len() >= MANY_CAMERAS {
            let says = format!("fetches video from {} devices", used.servers.len());
            add(DeviceType::VideoRecorder, 0.7, &says, Some(used.packet));
        }
    }
}

fn offered<'a>(behaviour: &'a Behaviour<'_>) -> impl Iterator<Item = &'a Offer> {
    behaviour.ends.iter().flat_map(|end| &end.offers)
}

fn uses<'a>(behaviour: &'a Behaviour<'_>) -> impl Iterator<Item = &'a Use> {
    behaviour.ends.iter().flat_map(|end| &end.uses)
}
