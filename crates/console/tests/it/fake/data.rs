//! Devices, findings and whom they talk with.

use cordon_model::FindingKind;
use cordon_service::view::{DeviceRow, FindingRow, Link, LinkView, MapView, NodeView, ZoneView};

use super::{ATTRIBUTE, SCRIPT};

/// Kind, its title, vendor, model, zone, how many.
const MODELS: [(&str, &str, &str, &str, &str, usize); 22] = [
    ("infusion-pump", "infusion pump", "B. Braun", "Space", "Ward 3", 34),
    ("patient-monitor", "patient monitor", "Philips", "IntelliVue MX450", "Ward 3", 22),
    ("imaging", "medical imaging", "Siemens Healthineers", "ACUSON Juniper", "Radiology", 4),
    ("server", "server", "Dell", "PowerEdge R650", "Radiology", 5),
    ("computer", "computer", "HP", "EliteDesk 800", "Radiology", 18),
    ("plc", "programmable controller", "Siemens", "S7-1500", "Plant", 9),
    ("hmi", "operator panel or HMI", "Siemens", "TP1200 Comfort", "Plant", 6),
    ("drive", "drive or inverter", "Danfoss", "VLT FC-102", "Plant", 21),
    ("engineering-station", "engineering workstation", "Lenovo", "ThinkStation P3", "Plant", 2),
    ("router", "router or gateway", "Cisco", "ISR 4331", "Plant", 1),
    ("building-controller", "building controller", "Sauter", "modu680-AS", "Building", 12),
    ("thermostat", "thermostat or climate control", "Siemens", "RDG200", "Building", 28),
    ("door-access", "door access or intercom", "2N", "IP Verso", "Building", 11),
    ("meter", "energy meter", "Janitza", "UMG 604", "Building", 7),
    ("camera", "camera", "Axis", "P3265-LVE", "Cameras", 44),
    ("video-recorder", "video recorder", "Milestone", "Husky X8", "Cameras", 2),
    ("printer", "printer or scanner", "Kyocera", "ECOSYS P3145dn", "10.20.0.0/24", 13),
    ("computer", "computer", "Dell", "OptiPlex 7010", "10.20.0.0/24", 29),
    ("voip-phone", "desk phone", "Yealink", "T54W", "10.20.0.0/24", 17),
    ("phone", "phone or tablet", "Apple", "iPhone", "192.168.88.0/24", 4),
    ("tv", "television or media player", "Samsung", "QM55", "192.168.88.0/24", 2),
    ("light", "light", "Signify", "Hue bridge", "192.168.88.0/24", 1),
];

/// Names that attack whoever shows them.
pub fn hostile() -> [String; 6] {
    [
        SCRIPT.to_owned(),
        ATTRIBUTE.to_owned(),
        "drucker\u{202e}gpj.exe\u{1b}[2J".to_owned(),
        "x".repeat(500),
        "غرفة الأشعة رقم ٣".to_owned(),
        "a\u{301}".repeat(3) + &"\u{301}".repeat(60) + "</title></svg>",
    ]
}

/// Exactly 300.
pub fn devices() -> Vec<DeviceRow> {
    let mut rows = Vec::new();
    for (at, (kind, title, vendor, model, zone, many)) in MODELS.iter().enumerate() {
        for each in 0..*many {
            let number = rows.len();
            rows.push(DeviceRow {
                id: format!("mac-0017882{number:05x}"),
                label: format!("{}-{:02}", short(kind), each + 1),
                kind: Some((*kind).to_owned()),
                kind_title: Some((*title).to_owned()),
                vendor: Some((*vendor).to_owned()),
                model: Some((*model).to_owned()),
                confidence: 0.97,
                set_by_person: number % 29 == 3,
                named: true,
                ips: vec![format!("10.{}.{}.{}", 10 + at, number / 200, number % 200 + 10)],
                macs: vec![format!(
                    "00:17:88:2{:x}:{:02x}:{:02x}",
                    at % 16,
                    number / 256,
                    number % 256
                )],
                vlans: vec![u16::try_from(100 + at).unwrap()],
                zone: (*zone).to_owned(),
                owner: (number % 7 == 0).then(|| "Medical engineering".to_owned()),
                location: (number % 7 == 0).then(|| "Building C, floor 2".to_owned()),
                criticality: criticality(kind).to_owned(),
                tags: if number % 11 == 0 {
                    vec!["ward-3".to_owned(), "leased".to_owned()]
                } else {
                    Vec::new()
                },
                first: "2026-10-03T08:12:44Z".to_owned(),
                last: format!("2026-11-22T11:{:02}:07Z", 20 + number % 40),
                online: number % 23 != 0,
                ..DeviceRow::default()
            });
        }
    }
    unnamed(&mut rows);
    for (row, name) in rows.iter_mut().skip(40).zip(hostile()) {
        row.label = name.clone();
        row.vendor = Some(name.clone());
        row.owner = Some(name.clone());
        row.tags = vec![name];
    }
    for (at, row) in rows.iter_mut().enumerate().filter(|(_, row)| row.named) {
        (row.findings, row.worst) = match at % 17 {
            0 => (2, Some("high".to_owned())),
            5 => (1, Some("medium".to_owned())),
            9 if at % 5 == 0 => (3, Some("critical".to_owned())),
            12 => (1, Some("low".to_owned())),
            _ => (0, None),
        };
    }
    rows
}

fn unnamed(rows: &mut Vec<DeviceRow>) {
    while rows.len() < 300 {
        let number = rows.len();
        rows.push(DeviceRow {
            id: format!("mac-9e3b0000{number:04x}"),
            label: format!("unknown device 192.168.88.{}", number % 200),
            ips: vec![format!("192.168.88.{}", number % 200)],
            zone: "192.168.88.0/24".to_owned(),
            criticality: "normal".to_owned(),
            first: "2026-11-22T09:40:00Z".to_owned(),
            last: "2026-11-22T11:58:51Z".to_owned(),
            online: true,
            ..DeviceRow::default()
        });
    }
}

fn short(kind: &str) -> &str {
    match kind {
        "infusion-pump" => "Pump",
        "patient-monitor" => "Monitor",
        "engineering-station" => "ES",
        "building-controller" => "BMS",
        "camera" => "Cam",
        other => other,
    }
}

fn criticality(kind: &str) -> &'static str {
    match kind {
        "infusion-pump" | "patient-monitor" => "life-safety",
        "plc" | "drive" | "hmi" => "process",
        _ => "normal",
    }
}

/// One or more for every device that says so.
pub fn findings(devices: &[DeviceRow]) -> Vec<FindingRow> {
    let mut rows: Vec<FindingRow> = Vec::new();
    for device in devices.iter().filter(|device| device.findings > 0) {
        let worst = device.worst.clone().unwrap_or_default();
        let fitting = FindingKind::ALL.iter().filter(|kind| kind.severity().name() == worst);
        for kind in fitting.take(device.findings as usize) {
            rows.push(FindingRow {
                id: format!("{}@{}", kind.name(), device.id),
                kind: kind.name().to_owned(),
                severity: kind.severity().name().to_owned(),
                title: kind.title().to_owned(),
                device: Some(Link { id: device.id.clone(), label: device.label.clone() }),
                first: "2026-11-20T06:01:00Z".to_owned(),
                last: "2026-11-22T11:41:12Z".to_owned(),
                count: 14,
                state: "open".to_owned(),
            });
        }
    }
    if let Some(row) = rows.get_mut(1) {
        row.state = "accepted".to_owned();
    }
    rows.sort_by_key(|row| {
        std::cmp::Reverse(
            ["info", "low", "medium", "high", "critical"].iter().position(|s| *s == row.severity),
        )
    });
    rows
}

/// Zones, and talks that such a place has.
pub fn map(devices: &[DeviceRow]) -> MapView {
    let mut zones: Vec<ZoneView> = Vec::new();
    for device in devices {
        let node = NodeView {
            id: device.id.clone(),
            label: device.label.clone(),
            kind: device.kind.clone(),
            worst: device.worst.clone(),
            online: device.online,
            routes: device.kind.as_deref() == Some("router"),
        };
        match zones.iter_mut().find(|zone| zone.name == device.zone) {
            Some(zone) => zone.nodes.push(node),
            None => zones.push(ZoneView { name: device.zone.clone(), nodes: vec![node] }),
        }
    }
    MapView { zones, links: links(devices) }
}

fn links(devices: &[DeviceRow]) -> Vec<LinkView> {
    let of = |kind: &str, zone: &str| {
        devices.iter().find(|d| d.kind.as_deref() == Some(kind) && d.zone == zone)
    };
    let mut links = Vec::new();
    let mut talk = |from: &str, to: &str, outside, app: &str, bytes| {
        links.push(LinkView {
            from: from.to_owned(),
            to: to.to_owned(),
            outside,
            apps: vec![app.to_owned()],
            flows: bytes / 7000 + 1,
            bytes,
        });
    };
    for (at, device) in devices.iter().enumerate() {
        let at = at as u64;
        let to = match device.kind.as_deref() {
            Some("infusion-pump" | "patient-monitor") => {
                of("server", "Radiology").map(|d| (d, "https", 80_000 * (at + 1)))
            }
            Some("imaging" | "computer") => {
                of("server", "Radiology").map(|d| (d, "dicom", 900_000_000))
            }
            Some("plc" | "drive") => of("hmi", "Plant").map(|d| (d, "s7comm", 4_000_000)),
            Some("hmi") => of("plc", "Plant").map(|d| (d, "modbus", 30_000_000)),
            Some("thermostat" | "meter") => {
                of("building-controller", "Building").map(|d| (d, "bacnet", 800_000))
            }
            Some("camera") => of("video-recorder", "Cameras").map(|d| (d, "rtsp", 40_000_000_000)),
            Some("door-access") => of("server", "Radiology").map(|d| (d, "port:sip", 300_000)),
            _ => None,
        };
        if let Some((to, app, bytes)) = to.filter(|(to, ..)| to.id != device.id) {
            talk(&device.id, &to.id, false, app, bytes);
        }
        if matches!(device.kind.as_deref(), Some("computer" | "phone" | "tv" | "light")) {
            talk(&device.id, "203.0.113.7", true, "https", 60_000_000);
        }
    }
    if let Some(recorder) = of("video-recorder", "Cameras") {
        talk("198.51.100.9", &recorder.id, true, "http", 9_000_000);
    }
    links.sort_by_key(|link| std::cmp::Reverse(link.bytes));
    links
}
