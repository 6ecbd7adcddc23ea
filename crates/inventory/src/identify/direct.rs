//! Strings that hold a value as they are: names, models and versions in fields made for them.

use cordon_model::{Attribute, Text};

use super::{Case, Evidence, reason, vendor};
use crate::saying::{Field, Saying};

/// Values that makers leave in a field without meaning anything by it.
const EMPTY_WORDS: [&str; 30] = [
    "basic",
    "generic",
    "model",
    "mediaserver",
    "unknown",
    "none",
    "default",
    "device",
    "n/a",
    "na",
    "linux",
    "router",
    "test",
    "manufacturer",
    "(null)",
    "null",
    "upnp",
    "localhost",
    "true",
    "false",
    "0",
    "1",
    "1.0",
    "2.0",
    "to be filled by o.e.m.",
    "unspecified",
    "openwrt",
    "root",
    "media renderer",
    "dummy",
];

/// Keys of mDNS TXT records and what their values are: services of HomeKit, Cast, AirPlay,
/// printing, and makers' own.
const TXT_KEYS: [(&str, Attribute, f32); 32] = [
    ("fn", Attribute::Name, 0.96),
    ("friendlyname", Attribute::Name, 0.95),
    ("devicename", Attribute::Name, 0.94),
    ("device_name", Attribute::Name, 0.94),
    ("name", Attribute::Name, 0.85),
    ("md", Attribute::Model, 0.95),
    ("ty", Attribute::Model, 0.95),
    ("usb_mdl", Attribute::Model, 0.94),
    ("mdl", Attribute::Model, 0.93),
    ("model", Attribute::Model, 0.93),
    ("modelname", Attribute::Model, 0.94),
    ("model_name", Attribute::Model, 0.94),
    ("modelid", Attribute::Model, 0.93),
    ("model_number", Attribute::Model, 0.95),
    ("modelnumber", Attribute::Model, 0.94),
    ("product", Attribute::Model, 0.92),
    ("productname", Attribute::Model, 0.94),
    ("am", Attribute::Model, 0.92),
    ("rpmd", Attribute::Model, 0.92),
    ("mn", Attribute::Model, 0.90),
    ("usb_mfg", Attribute::Vendor, 0.94),
    ("mf", Attribute::Vendor, 0.90),
    ("manufacturer", Attribute::Vendor, 0.94),
    ("vendor", Attribute::Vendor, 0.92),
    ("fwversion", Attribute::Firmware, 0.92),
    ("fw_version", Attribute::Firmware, 0.92),
    ("fwver", Attribute::Firmware, 0.92),
    ("firmware", Attribute::Firmware, 0.92),
    ("fw", Attribute::Firmware, 0.90),
    ("fv", Attribute::Firmware, 0.88),
    ("swversion", Attribute::Firmware, 0.88),
    ("app_version", Attribute::Firmware, 0.80),
];

/// Services whose instance names are given by people or stand for the whole device.
const NAMING_SERVICES: [&str; 14] = [
    "_airplay",
    "_raop",
    "_ipp",
    "_ipps",
    "_printer",
    "_pdl-datastream",
    "_hap",
    "_workstation",
    "_device-info",
    "_sonos",
    "_spotify-connect",
    "_smb",
    "_afpovertcp",
    "_companion-link",
];

/// Reads what the field itself means.
pub(super) fn read(case: &mut Case, saying: &Saying) {
    use Attribute::{Firmware, Model, Name, Os, Vendor};
    let text = saying.text.as_str();
    let mut say = |attribute, value: &str, confidence| {
        add(case, saying, attribute, value, confidence);
    };
    match saying.field {
        Field::DhcpHostname => say(Name, short_name(text), 0.92),
        Field::Dhcp6Fqdn => say(Name, short_name(text), 0.91),
        Field::MdnsHost => say(Name, short_name(text), 0.84),
        Field::NetBios => say(Name, text, 0.88),
        Field::Llmnr => say(Name, text, 0.86),
        Field::UpnpName => match text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
            Some((maker, rest)) => say(Name, &format!("{maker} {}", bare(rest)), 0.95),
            None => say(Name, bare(text), 0.95),
        },
        Field::SnmpName => say(Name, short_name(text), 0.95),
        Field::LldpName => say(Name, short_name(text), 0.95),
        Field::ProfinetName => say(Name, text, 0.94),
        Field::CdpDevice => say(Name, short_name(text), 0.94),
        Field::OtName => say(Name, text, 0.95),
        Field::WpsName => say(Name, text, 0.80),
        Field::MdnsInstance => {
            if let Some((name, confidence)) = instance_name(text) {
                say(Name, name, confidence);
            }
        }
        Field::UpnpManufacturer | Field::LldpVendor => say(Vendor, text, 0.95),
        Field::WpsVendor => say(Vendor, text, 0.90),
        Field::OtVendor => say(Vendor, text, 0.96),
        Field::UpnpModel => say(Model, text, 0.95),
        Field::UpnpModelNumber => say(Model, text, 0.90),
        Field::LldpModel => say(Model, text, 0.95),
        Field::WpsModel => say(Model, text, 0.90),
        Field::OtModel => say(Model, text, 0.96),
        Field::OtProduct => say(Model, text, 0.95),
        Field::CdpPlatform => say(Model, text.trim_start_matches("cisco "), 0.95),
        Field::UpnpFirmware => say(Firmware, text, 0.95),
        Field::LldpFirmware | Field::OtFirmware => say(Firmware, text, 0.95),
        Field::MdnsHostInfo => say(Os, text.split_once(' ').map_or(text, |(_, os)| os), 0.70),
        Field::MdnsTxt => txt(case, saying),
        _ => {}
    }
}

fn add(case: &mut Case, saying: &Saying, attribute: Attribute, value: &str, confidence: f32) {
    let value = value.trim();
    // Parsers write "vendor 138" for a number that they have no name for.
    let number = value.strip_prefix("vendor ").unwrap_or_default();
    let nameless = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if nameless || value.chars().count() < 2 || EMPTY_WORDS.contains(&value.to_lowercase().as_str())
    {
        return;
    }
    // An identifier is a poor name.
    let confidence = match attribute {
        Attribute::Name if is_number(value) => confidence * 0.7,
        // So is what every piece of a product is called before somebody names it.
        Attribute::Name if is_of_host(saying.field) && ends_in_address(value) => confidence * 0.75,
        Attribute::Name if is_of_host(saying.field) && super::is_product_name(value) => {
            confidence * 0.92
        }
        Attribute::Name if is_of_host(saying.field) && value.chars().count() <= 3 => {
            confidence * 0.7
        }
        Attribute::Model if is_number(value) => 0.5,
        _ => confidence,
    };
    let value = match attribute {
        Attribute::Vendor => vendor::plain(value),
        Attribute::Firmware => version(value),
        _ => Text::new(value),
    };
    let reason = reason(saying);
    case.add(Evidence { attribute, value, confidence, own: true, maker: None, reason });
}

fn txt(case: &mut Case, saying: &Saying) {
    let Some((key, value)) = saying.text.split_once('=') else { return };
    let lower = key.to_ascii_lowercase();
    let Some((_, attribute, confidence)) = TXT_KEYS.iter().find(|(known, ..)| *known == lower)
    else {
        return;
    };
    // Printers write their product in parentheses.
    let value = value.trim().trim_start_matches('(').trim_end_matches(')');
    add(case, saying, *attribute, value, *confidence);
}

/// A host name without its domain.
fn short_name(name: &str) -> &str {
    match name.split_once('.') {
        Some((host, _)) if !host.is_empty() && !host.chars().all(|c| c.is_ascii_digit()) => host,
        _ => name,
    }
}

/// A name without the address or serial number that a maker puts behind it.
fn bare(name: &str) -> &str {
    let Some((before, inside)) = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("))
    else {
        return name;
    };
    let of_machine = inside.len() >= 6
        && inside.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '-'));
    if of_machine { before } else { name }
}

/// Whether names in this field are often left as the factory gave them.
fn is_of_host(field: Field) -> bool {
    matches!(field, Field::DhcpHostname | Field::MdnsHost | Field::NetBios | Field::SnmpName)
}

/// Whether a name ends in what looks like a link-layer address or half of one.
fn ends_in_address(name: &str) -> bool {
    let tail = name.chars().rev().take_while(char::is_ascii_hexdigit);
    let (mut long, mut digits) = (0, 0);
    for c in tail {
        long += 1;
        digits += usize::from(c.is_ascii_digit());
    }
    // Two octets behind a word with no break are enough: `cam5b0e`, but not `room-2024`.
    let word = name.chars().rev().nth(long).is_some_and(char::is_alphabetic);
    long >= 6 && digits >= 2 || long == 4 && (1..4).contains(&digits) && word
}

/// A version as it is written about: no `V` in front, no zeros that fill places.
fn version(text: &str) -> Text {
    let bare = text.trim_start_matches(['V', 'v']).trim_start_matches('.');
    let text = if bare.starts_with(|c: char| c.is_ascii_digit()) { bare } else { text };
    let places = || text.split('.');
    let filled = places().count() > 1
        && places().all(|place| place.len() == 3 && place.bytes().all(|b| b.is_ascii_digit()));
    if !filled {
        return Text::new(text);
    }
    let places: Vec<&str> = places()
        .map(|place| {
            let bare = place.trim_start_matches('0');
            if bare.is_empty() { "0" } else { bare }
        })
        .collect();
    Text::from(places.join("."))
}

/// The name in an instance such as `Living Room._airplay._tcp`.
fn instance_name(instance: &str) -> Option<(&str, f32)> {
    let at = instance.rfind("._tcp").or_else(|| instance.rfind("._udp"))?;
    let (name, service) = instance.get(..at)?.rsplit_once('.')?;
    if !NAMING_SERVICES.contains(&service) {
        return None;
    }
    // AirPlay audio puts the link-layer address in front, workstations put it behind.
    let name = name.split_once('@').map_or(name, |(_, name)| name);
    let name = name.split_once(" [").map_or(name, |(name, _)| name);
    Some((bare(name), 0.91))
}

/// Only digits, or hexadecimal digits and separators.
fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits == text.len()
        || digits > 0
            && text.len() >= 8
            && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | ':' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_gives_the_name_that_people_see() {
        assert_eq!(instance_name("Living Room._airplay._tcp").unwrap().0, "Living Room");
        assert_eq!(instance_name("0011AA22BB33@Kitchen._raop._tcp").unwrap().0, "Kitchen");
        assert_eq!(instance_name("pi [b8:27:eb:01:02:03]._workstation._tcp").unwrap().0, "pi");
        assert_eq!(instance_name("x._http._tcp"), None);
    }

    #[test]
    fn what_makers_add_to_names_and_versions_is_left_out() {
        assert_eq!(bare("Hue Bridge (192.168.30.11)"), "Hue Bridge");
        assert_eq!(bare("LaserJet (441041)"), "LaserJet");
        assert_eq!(bare("Printer (upstairs)"), "Printer (upstairs)");
        assert_eq!(version("V2.70"), "2.70");
        assert_eq!(version("002.005.004"), "2.5.4");
        assert_eq!(version("Vision"), "Vision");
        assert!(ends_in_address("NPI4A2F31"));
        assert!(ends_in_address("dch0D60"));
        assert!(!ends_in_address("Annas-iPhone"));
        assert!(!ends_in_address("room-2024"));
    }

    #[test]
    fn a_domain_is_not_part_of_the_name() {
        assert_eq!(short_name("plc1.plant.example"), "plc1");
        assert_eq!(short_name("192.168.1.5"), "192.168.1.5");
    }
}
