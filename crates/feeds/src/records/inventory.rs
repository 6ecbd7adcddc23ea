//! Device lists of people: one header line, whose names are recognised in their usual spellings in
//! English and German, then one device per line.

use std::net::IpAddr;

use cordon_model::record::Hint;
use cordon_model::{DeviceType, Mac};

use super::line::{Line, Lines};
use super::{ImportError, Out, csv, some_text, text, time};

/// Labels of one device that are kept.
const MOST_TAGS: usize = 16;
/// Lines that one record in quotation marks may span.
const MOST_LINES: usize = 20;

/// What a column is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Column {
    Mac,
    Ip,
    Name,
    Vendor,
    Model,
    Type,
    Owner,
    Location,
    Serial,
    Tags,
    First,
    Last,
}

/// Header names without their blanks, dashes and dots, in lower case.
const SPELLINGS: &[(Column, &[&str])] = &[
    (
        Column::Mac,
        &[
            "mac",
            "macaddress",
            "macaddr",
            "macadresse",
            "hwaddr",
            "hardwareaddress",
            "ethernet",
            "physicaladdress",
            "hwaddress",
            "primarymac",
            "ethernetmac",
            "wifimac",
        ],
    ),
    (
        Column::Ip,
        &[
            "ip",
            "ipaddress",
            "ipaddr",
            "ipadresse",
            "ipv4",
            "ipv4address",
            "ipv6",
            "address",
            "adresse",
            "primaryip",
            "primaryip4",
            "managementip",
        ],
    ),
    (
        Column::Name,
        &[
            "name",
            "hostname",
            "host",
            "devicename",
            "computername",
            "assetname",
            "dnsname",
            "fqdn",
            "gerät",
            "gerätename",
            "geraet",
            "asset",
            "label",
        ],
    ),
    (Column::Vendor, &["vendor", "manufacturer", "maker", "brand", "hersteller", "make", "oem"]),
    (
        Column::Model,
        &["model", "modell", "product", "produkt", "devicemodel", "modelname", "modelnumber"],
    ),
    (
        Column::Type,
        &[
            "type",
            "devicetype",
            "kind",
            "category",
            "class",
            "role",
            "typ",
            "gerätetyp",
            "kategorie",
            "assettype",
        ],
    ),
    (
        Column::Owner,
        &[
            "owner",
            "responsible",
            "contact",
            "besitzer",
            "verantwortlich",
            "verantwortlicher",
            "eigentümer",
            "assignedto",
            "user",
            "department",
            "abteilung",
            "custodian",
        ],
    ),
    (
        Column::Location,
        &["location", "site", "room", "building", "standort", "ort", "raum", "place", "floor"],
    ),
    (Column::Serial, &["serial", "serialnumber", "serialno", "sn", "seriennummer"]),
    (Column::Tags, &["tags", "tag", "labels", "groups", "group", "schlagworte", "gruppe"]),
    (
        Column::First,
        &["first", "firstseen", "created", "purchased", "installed", "angeschafft", "seit"],
    ),
    (Column::Last, &["last", "lastseen", "updated", "lastupdate", "zuletztgesehen"]),
];

/// Words for kinds of devices beside the names that cordon uses.
const KINDS: &[(&str, DeviceType)] = &[
    ("ap", DeviceType::AccessPoint),
    ("accesspoint", DeviceType::AccessPoint),
    ("wlanaccesspoint", DeviceType::AccessPoint),
    ("ipcamera", DeviceType::Camera),
    ("kamera", DeviceType::Camera),
    ("cctv", DeviceType::Camera),
    ("pc", DeviceType::Computer),
    ("laptop", DeviceType::Computer),
    ("notebook", DeviceType::Computer),
    ("desktop", DeviceType::Computer),
    ("workstation", DeviceType::Computer),
    ("drucker", DeviceType::Printer),
    ("nas", DeviceType::Storage),
    ("gateway", DeviceType::Router),
    ("smartphone", DeviceType::Phone),
    ("tablet", DeviceType::Phone),
    ("ipphone", DeviceType::VoipPhone),
    ("telefon", DeviceType::VoipPhone),
];

pub(super) fn read(lines: &mut Lines<'_>, out: &mut Out<'_>) -> Result<(), ImportError> {
    let header = match lines.next()? {
        Some(Line::Text(header)) => header.into_owned(),
        _ => String::new(),
    };
    let delimiter = csv::delimiter(&header);
    let columns = columns(&header, delimiter);
    if !names_a_device(&columns) {
        return Err(lines.header(
            "no column is called MAC, IP or name; write the names of the columns into the first \
             line",
        ));
    }
    loop {
        let Some(line) = lines.next()? else { return Ok(()) };
        let mut record = match line {
            Line::Text(line) => line.into_owned(),
            Line::TooLong => String::new(),
        };
        out.line = lines.number();
        let mut more = 1;
        while csv::is_open(&record) && more < MOST_LINES {
            let Some(Line::Text(line)) = lines.next()? else { break };
            record.push(' ');
            record.push_str(&line);
            more += 1;
        }
        if record.chars().all(|c| c.is_whitespace() || c == delimiter) {
            continue;
        }
        match device(&columns, &csv::fields(&record, delimiter)) {
            Ok(hint) => out.hint(hint),
            Err(says) => out.bad(says),
        }
    }
}

/// Whether this is the header of a device list: it has a column that tells devices apart, and a
/// second one that is known.
pub(super) fn is_header(line: &str) -> bool {
    let columns = columns(line, csv::delimiter(line));
    names_a_device(&columns) && columns.iter().flatten().count() >= 2
}

fn names_a_device(columns: &[Option<Column>]) -> bool {
    columns.iter().flatten().any(|c| matches!(c, Column::Mac | Column::Ip | Column::Name))
}

fn columns(header: &str, delimiter: char) -> Vec<Option<Column>> {
    let known = |name: &String| {
        let plain = plain(name);
        SPELLINGS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(c, _)| *c)
    };
    csv::fields(header, delimiter).iter().map(known).collect()
}

/// Lower case, letters and digits only.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn device(columns: &[Option<Column>], fields: &[String]) -> Result<Hint, String> {
    let mut hint = Hint::default();
    for (column, field) in columns.iter().zip(fields) {
        let (Some(column), field) = (column, field.trim()) else { continue };
        if field.is_empty() {
            continue;
        }
        match column {
            Column::Mac if hint.mac.is_none() => hint.mac = Some(mac(field)?),
            Column::Ip if hint.ip.is_none() => hint.ip = Some(ip(field)?),
            Column::Name => set(&mut hint.name, field),
            Column::Vendor => set(&mut hint.vendor, field),
            Column::Model => set(&mut hint.model, field),
            Column::Type => match kind(field) {
                Some(kind) => hint.kind = Some(kind),
                // What has no type of its own is still worth a label.
                None => tags(&mut hint, field),
            },
            Column::Owner => set(&mut hint.owner, field),
            Column::Location => set(&mut hint.location, field),
            Column::Serial => tags(&mut hint, &format!("serial:{field}")),
            Column::Tags => tags(&mut hint, field),
            Column::First => hint.first = time::iso(field).or_else(|| midnight(field)),
            Column::Last => hint.last = time::iso(field).or_else(|| midnight(field)),
            Column::Mac | Column::Ip => {}
        }
    }
    match hint.mac.is_some() || hint.ip.is_some() || hint.name.is_some() {
        true => Ok(hint),
        false => Err("the line has no MAC, IP or name; add one".to_owned()),
    }
}

fn midnight(date: &str) -> Option<cordon_model::Timestamp> {
    time::iso(&format!("{date}T00:00:00Z"))
}

fn set(field: &mut Option<cordon_model::Text>, value: &str) {
    if field.is_none() {
        *field = some_text(value);
    }
}

fn tags(hint: &mut Hint, field: &str) {
    for tag in field.split([',', ';', '|']).filter_map(some_text) {
        if hint.tags.len() < MOST_TAGS && !hint.tags.contains(&tag) {
            hint.tags.push(tag);
        }
    }
}

fn mac(field: &str) -> Result<Mac, String> {
    // Several addresses in one cell: the first counts.
    let first = field.split([',', ';', ' ', '/']).next().unwrap_or(field);
    let wrong = || format!("{:?} is not a MAC address; write 00:11:22:aa:bb:cc", text(field));
    let mac: Mac = first.parse().map_err(|_| wrong())?;
    match mac.is_device() {
        true => Ok(mac),
        false => Err(format!("{mac} is no device's address; correct it")),
    }
}

fn ip(field: &str) -> Result<IpAddr, String> {
    let first = field.split([',', ';', ' ', '/']).next().unwrap_or(field);
    let wrong = || format!("{:?} is not an IP address; write 192.168.1.20", text(field));
    first.parse().map_err(|_| wrong())
}

fn kind(field: &str) -> Option<DeviceType> {
    let word = plain(field);
    let named = |kind: &&DeviceType| plain(kind.name()) == word || plain(kind.title()) == word;
    let known = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    DeviceType::ALL.iter().find(named).copied().or(known)
}
