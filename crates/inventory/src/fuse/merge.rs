//! Which candidates are one device: several link-layer addresses, or one that changed.

use std::collections::HashMap;

use cordon_model::{Mac, Timestamp};

use super::{Node, Nodes};
use crate::ends::End;
use crate::identify::is_product_name;
use crate::inventory::Inventory;
use crate::roles::Trait;
use crate::saying::Field;
use crate::scope::{virtual_machine, virtual_router};

/// More holders than that share a factory setting, not a body.
const MOST_HOLDERS: usize = 4;
/// Shorter host names are common to many.
const SHORTEST_NAME: usize = 5;
/// Host names that makers and systems give to all alike.
const COMMON_NAMES: [&str; 24] = [
    "localhost",
    "android",
    "iphone",
    "ipad",
    "macbook",
    "macbook-air",
    "macbook-pro",
    "windows",
    "desktop",
    "laptop",
    "raspberrypi",
    "espressif",
    "esp8266",
    "esp32",
    "wlan0",
    "openwrt",
    "ubuntu",
    "debian",
    "kali",
    "printer",
    "camera",
    "unknown",
    "watch",
    "appletv",
];

/// What two candidates can have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Bond {
    /// An identifier made to be one device's: DHCP client id with DUID, UDN, serial number,
    /// HomeKit id.
    Identifier,
    /// A certificate of its own; factories share them.
    Certificate,
    /// Host name together with vendor class.
    NameAndClass,
    /// Host name in multicast DNS, where two devices at once cannot have the same.
    MulticastName,
    /// Neighbouring BSSIDs that beacon on one radio, and the cable side of the same box.
    Radio,
}

/// The groups of node indices that are one device each.
pub(super) fn groups(inventory: &Inventory, nodes: &Nodes) -> Vec<Vec<usize>> {
    let facts: Vec<Summary> = nodes.nodes.iter().map(|node| Summary::of(inventory, node)).collect();
    let mut holders: HashMap<(Bond, String), Vec<usize>> = HashMap::new();
    for (index, summary) in facts.iter().enumerate() {
        for bond in &summary.bonds {
            holders.entry(bond.clone()).or_default().push(index);
        }
    }
    let mut shared: Vec<_> = holders.into_iter().filter(|(_, held)| held.len() > 1).collect();
    shared.sort_by(|a, b| a.1.cmp(&b.1));
    let mut sets = Sets::new(nodes.nodes.len());
    for ((bond, _), held) in shared {
        if held.len() > MOST_HOLDERS && bond != Bond::Radio {
            continue;
        }
        for pair in held.windows(2) {
            if let [a, b] = *pair
                && let (Some(left), Some(right)) = (facts.get(a), facts.get(b))
                && is_one(bond, left, right)
            {
                sets.join(a, b);
            }
        }
    }
    sets.groups()
}

/// What of a candidate decides about merging.
struct Summary {
    random: bool,
    mac: Option<Mac>,
    first: Timestamp,
    last: Timestamp,
    products: Vec<String>,
    bonds: Vec<(Bond, String)>,
    /// Beacons.
    radio: bool,
}

impl Summary {
    fn of(inventory: &Inventory, node: &Node) -> Summary {
        let mut summary = Summary {
            random: node.mac.is_some_and(|mac| mac.is_local() && virtual_machine(mac).is_none()),
            mac: node.mac,
            first: Timestamp::from_nanos(i64::MAX),
            last: Timestamp::from_nanos(i64::MIN),
            products: Vec::new(),
            bonds: Vec::new(),
            radio: false,
        };
        if node.mac.is_some_and(|mac| virtual_router(mac).is_some()) {
            return summary;
        }
        let (mut names, mut class) = (Vec::new(), String::new());
        let ends = node.ends.iter().filter_map(|id| inventory.ends.ends.get(*id as usize));
        for end in ends {
            summary.first = summary.first.min(end.first);
            summary.last = summary.last.max(end.last);
            summary.take(end, node.mac, &mut names, &mut class);
        }
        for name in names.iter().filter(|name| is_distinct(name)) {
            summary.bonds.push((Bond::NameAndClass, format!("{name} {class}")));
        }
        summary.bonds.sort();
        summary.bonds.dedup();
        summary
    }

    fn take(&mut self, end: &End, mac: Option<Mac>, names: &mut Vec<String>, class: &mut String) {
        if (Trait::Beacons.is_in(end.traits) || is_infrastructure(end))
            && let Some(mac) = mac
        {
            let [a, b, c, d, e, f] = mac.0;
            self.radio |= Trait::Beacons.is_in(end.traits);
            self.bonds.push((Bond::Radio, format!("{:?}", [a & !2, b, c, d, e, f & 0xf0])));
        }
        for saying in end.sayings.iter() {
            let text = saying.text.as_str().to_lowercase();
            match saying.field {
                // Type 255 is a DUID (RFC 4361); type 1 is the link-layer address itself.
                Field::DhcpClientId if text.starts_with("ff") && text.len() > 20 => {
                    self.bonds.push((Bond::Identifier, text));
                }
                Field::Dhcp6Duid if text.len() >= 12 => self.bonds.push((Bond::Identifier, text)),
                Field::UpnpUdn | Field::UpnpSerial | Field::LldpSerial | Field::OtSerial
                    if is_identifier(&text) =>
                {
                    self.bonds.push((Bond::Identifier, text));
                }
                Field::SsdpUsn => {
                    let uuid = text.split("::").next().unwrap_or_default();
                    if is_identifier(uuid) {
                        self.bonds.push((Bond::Identifier, uuid.to_owned()));
                    }
                }
                Field::MdnsTxt => {
                    let id = text.strip_prefix("id=").or_else(|| text.strip_prefix("deviceid="));
                    if let Some(id) = id.filter(|id| is_identifier(id)) {
                        self.bonds.push((Bond::Identifier, id.replace(':', "")));
                    }
                }
                Field::CertPrint => self.bonds.push((Bond::Certificate, text)),
                Field::DhcpHostname | Field::Dhcp6Fqdn | Field::NetBios => {
                    names.push(text.split('.').next().unwrap_or_default().to_owned());
                }
                Field::DhcpVendorClass => *class = text,
                Field::MdnsHost if is_distinct(&text) => {
                    self.bonds.push((Bond::MulticastName, text.clone()));
                    names.push(text);
                }
                Field::UpnpModel | Field::OtModel | Field::WpsModel | Field::LldpModel => {
                    self.products.push(text);
                }
                _ => {}
            }
        }
    }

    /// Whether both were there at once.
    fn overlaps(&self, other: &Summary) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// How many bonds they share.
    fn in_common(&self, other: &Summary) -> usize {
        self.bonds.iter().filter(|bond| other.bonds.contains(bond)).count()
    }

    /// Whether both name a product, and no product in common.
    fn contradicts(&self, other: &Summary) -> bool {
        !self.products.is_empty()
            && !other.products.is_empty()
            && !self.products.iter().any(|product| other.products.contains(product))
    }
}

/// Whether candidates with that in common are one device.
fn is_one(bond: Bond, a: &Summary, b: &Summary) -> bool {
    // Its Wi-Fi set-up and its description may call one product by two names.
    if bond != Bond::Radio && a.contradicts(b) {
        return false;
    }
    let (changed, random) = (!a.overlaps(b), a.random || b.random);
    // Devices of one make have link-layer addresses of one maker, and firmware that repeats its
    // "unique" ids; the two interfaces of one device seldom have.
    let alike = a.mac.map(Mac::oui) == b.mac.map(Mac::oui);
    match bond {
        Bond::Identifier => random || !alike || a.in_common(b) > 1,
        // A key shared by devices that are there at once is a weakness, not an identity.
        Bond::Certificate => random && changed,
        // Two plugs of one product share name and class; a phone that changed its address does
        // not use both at once. A computer on cable and Wi-Fi has both at once, and one name.
        Bond::NameAndClass => random && changed || !random && !changed && !alike,
        Bond::MulticastName => random || !changed,
        // The cable of an access point has an address next to those of its radios.
        Bond::Radio => a.radio || b.radio,
    }
}

/// Whether it says that it is an access point or a router to the internet.
fn is_infrastructure(end: &End) -> bool {
    end.sayings.iter().any(|saying| match saying.field {
        Field::Capability => saying.text == "wlan access point",
        Field::UpnpType | Field::SsdpTarget => saying.text.contains(":InternetGatewayDevice:"),
        _ => false,
    })
}

/// Long and varied enough to be made for one device.
fn is_identifier(text: &str) -> bool {
    let digits = text.chars().filter(|c| c.is_ascii_hexdigit()).count();
    let mut kinds: Vec<char> = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    digits >= 6 && kinds.len() >= 5 && !text.contains("12345678") && !text.contains("abcdef")
}

/// Not what a maker calls every one of its products.
fn is_distinct(name: &str) -> bool {
    name.len() >= SHORTEST_NAME && !COMMON_NAMES.contains(&name) && !is_product_name(name)
}

/// Disjoint sets.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Sets {
        Sets((0..count).collect())
    }

    /// The smallest member; shortens the way for the next.
    fn root(&mut self, mut index: usize) -> usize {
        while let Some(parent) = self.0.get(index).copied().filter(|parent| *parent != index) {
            let next = self.0.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.0.get_mut(index) {
                *slot = next;
            }
            index = next;
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.0.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }

    fn groups(mut self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.0.len()];
        for index in 0..self.0.len() {
            let root = self.root(index);
            if let Some(group) = groups.get_mut(root) {
                group.push(index);
            }
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}
