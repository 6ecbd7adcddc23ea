//! Writing a file, in the spelling of the RFCs. The same value gives the same bytes.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use cordon_model::Text;

use crate::acl::{
    Ace, Acl, AclKind, Eth, Field, Forwarding, Header, Initiated, Ip, IpVersion, L4, Layer,
    MacMatch, Matches, Ported,
};
use crate::file::MudFile;
use crate::ports::PortMatch;
use crate::tls::{DTLS_VERSIONS, NUMBERS, TEXTS, TLS_VERSIONS, TlsProfile};

/// Writes a file as JSON. Entries that were not understood are left out: what is missing from
/// their conditions would allow more.
#[must_use]
pub fn write(file: &MudFile) -> String {
    let acls = file.acls.iter().map(acl).collect();
    let root = Json::map([
        ("ietf-mud:mud", container(file)),
        ("ietf-access-control-list:acls", Json::map([("acl", Json::List(acls))])),
    ]);
    // Writing to memory does not fail, and no key is anything but text.
    let mut text = serde_json::to_string_pretty(&root).unwrap_or_default();
    text.push('\n');
    text
}

/// JSON whose names keep their order.
enum Json {
    Null,
    Yes(bool),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(&'static str, Json)>),
}

impl Json {
    fn map<const N: usize>(parts: [(&'static str, Json); N]) -> Json {
        Json::Map(parts.into())
    }

    fn text(text: impl AsRef<str>) -> Json {
        Json::Text(text.as_ref().to_owned())
    }

    fn texts<T: AsRef<str>>(texts: &[T]) -> Json {
        Json::List(texts.iter().map(Json::text).collect())
    }

    /// The value of a leaf of type `empty` (RFC 7951, 6.9).
    fn empty() -> Json {
        Json::List(vec![Json::Null])
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Yes(value) => serializer.serialize_bool(*value),
            Json::Number(number) => serializer.serialize_u64(*number),
            Json::Text(text) => serializer.serialize_str(text),
            Json::List(list) => list.serialize(serializer),
            Json::Map(parts) => {
                let mut map = serializer.serialize_map(Some(parts.len()))?;
                for (name, value) in parts {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Parts of an object, of which some may be missing.
#[derive(Default)]
struct Parts(Vec<(&'static str, Json)>);

impl Parts {
    fn put(&mut self, name: &'static str, value: Json) {
        self.0.push((name, value));
    }

    fn maybe(&mut self, name: &'static str, value: Option<Json>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn done(self) -> Json {
        Json::Map(self.0)
    }
}

fn container(file: &MudFile) -> Json {
    let mut parts = Parts::default();
    let said = |text: &Option<Text>| text.as_ref().map(Json::text);
    parts.put("mud-version", Json::Number(1));
    parts.put("mud-url", Json::text(&file.url));
    parts.maybe("last-update", file.last_update.map(|time| Json::Text(time.to_string())));
    parts.maybe("mud-signature", said(&file.signature));
    parts.put("cache-validity", Json::Number(file.cache_validity.into()));
    parts.put("is-supported", Json::Yes(file.is_supported));
    parts.maybe("systeminfo", said(&file.systeminfo));
    parts.maybe("mfg-name", said(&file.mfg_name));
    parts.maybe("model-name", said(&file.model_name));
    parts.maybe("firmware-rev", said(&file.firmware_rev));
    parts.maybe("software-rev", said(&file.software_rev));
    parts.maybe("documentation", said(&file.documentation));
    if !file.extensions.is_empty() {
        parts.put("extensions", Json::texts(&file.extensions));
    }
    parts.maybe("ietf-mud-tls:is-tls-dtls-profile-supported", file.tls_profiles.map(Json::Yes));
    for (name, lists) in
        [("from-device-policy", &file.from_device), ("to-device-policy", &file.to_device)]
    {
        let lists = lists.iter().map(|name| Json::map([("name", Json::text(name))])).collect();
        let lists = Json::map([("access-list", Json::List(lists))]);
        parts.put(name, Json::map([("access-lists", lists)]));
    }
    parts.done()
}

fn acl(acl: &Acl) -> Json {
    let mut parts = Parts::default();
    parts.put("name", Json::text(&acl.name));
    let kind = match acl.kind {
        AclKind::Ipv4 => Some("ipv4-acl-type"),
        AclKind::Ipv6 => Some("ipv6-acl-type"),
        AclKind::Ethernet => Some("eth-acl-type"),
        AclKind::Mixed => None,
    };
    parts.maybe("type", kind.map(Json::text));
    let aces = acl.aces.iter().filter(|ace| ace.understood).map(ace).collect();
    parts.put("aces", Json::map([("ace", Json::List(aces))]));
    parts.done()
}

fn ace(ace: &Ace) -> Json {
    let forwarding = match ace.forwarding {
        Forwarding::Accept => "accept",
        Forwarding::Drop => "drop",
        Forwarding::Reject => "reject",
    };
    Json::map([
        ("name", Json::text(&ace.name)),
        ("matches", matches(&ace.matches)),
        ("actions", Json::map([("forwarding", Json::text(forwarding))])),
    ])
}

fn matches(matches: &Matches) -> Json {
    let mut parts = Parts::default();
    let who = &matches.who;
    let mut mud = Parts::default();
    mud.maybe("manufacturer", who.manufacturer.as_ref().map(Json::text));
    mud.maybe("same-manufacturer", who.same_manufacturer.then(Json::empty));
    mud.maybe("model", who.model.as_ref().map(Json::text));
    mud.maybe("local-networks", who.local_networks.then(Json::empty));
    mud.maybe("controller", who.controller.as_ref().map(Json::text));
    mud.maybe("my-controller", who.my_controller.then(Json::empty));
    if !mud.0.is_empty() {
        parts.put("ietf-mud:mud", mud.done());
    }
    parts.maybe("eth", matches.eth.as_ref().map(eth));
    let headers = |layer: Layer, parts: &mut Parts| {
        for Header { name, value, .. } in matches.headers.iter().filter(|at| at.layer == layer) {
            parts.put(
                name,
                match value {
                    Field::Number(number) => Json::Number(*number),
                    Field::Text(text) => Json::text(text),
                },
            );
        }
    };
    if let Some(of) = &matches.ip {
        let (name, layer) = match of.version {
            IpVersion::V4 => ("ipv4", Layer::Ipv4),
            IpVersion::V6 => ("ipv6", Layer::Ipv6),
        };
        let mut of = ip(of);
        headers(layer, &mut of);
        parts.put(name, of.done());
    }
    if let Some(l4) = &matches.l4 {
        let (name, layer, mut of) = match l4 {
            L4::Tcp(of) => ("tcp", Layer::Tcp, ported(of)),
            L4::Udp(of) => ("udp", Layer::Udp, ported(of)),
            L4::Icmp { kind, code } => {
                let mut of = Parts::default();
                of.maybe("type", kind.map(|kind| Json::Number(kind.into())));
                of.maybe("code", code.map(|code| Json::Number(code.into())));
                ("icmp", Layer::Icmp, of)
            }
        };
        headers(layer, &mut of);
        parts.put(name, of.done());
    }
    if !matches.tls.is_empty() {
        let profiles = Json::List(matches.tls.iter().map(profile).collect());
        parts.put("ietf-acl-tls:client-profiles", Json::map([("tls-dtls-profile", profiles)]));
    }
    parts.done()
}

fn eth(eth: &Eth) -> Json {
    let mut parts = Parts::default();
    let mut address = |of: &Option<MacMatch>, name, mask_name| {
        if let Some(MacMatch { address, mask }) = of {
            parts.put(name, Json::Text(address.to_string()));
            parts.maybe(mask_name, mask.map(|mask| Json::Text(mask.to_string())));
        }
    };
    address(&eth.destination, "destination-mac-address", "destination-mac-address-mask");
    address(&eth.source, "source-mac-address", "source-mac-address-mask");
    let ethertype = eth.ethertype.map(|number| Json::Text(format!("0x{number:04x}")));
    parts.maybe("ethertype", ethertype);
    parts.done()
}

fn ip(ip: &Ip) -> Parts {
    let mut parts = Parts::default();
    let (source, destination) = match ip.version {
        IpVersion::V4 => ("source-ipv4-network", "destination-ipv4-network"),
        IpVersion::V6 => ("source-ipv6-network", "destination-ipv6-network"),
    };
    parts.maybe("ietf-acldns:src-dnsname", ip.source_name.as_ref().map(Json::text));
    parts.maybe("ietf-acldns:dst-dnsname", ip.destination_name.as_ref().map(Json::text));
    parts.maybe(source, ip.source.map(|net| Json::Text(net.to_string())));
    parts.maybe(destination, ip.destination.map(|net| Json::Text(net.to_string())));
    parts.maybe("protocol", ip.protocol.map(|number| Json::Number(number.into())));
    parts
}

fn ported(of: &Ported) -> Parts {
    let mut parts = Parts::default();
    parts.maybe(
        "ietf-mud:direction-initiated",
        of.initiated.map(|by| {
            Json::text(match by {
                Initiated::FromDevice => "from-device",
                Initiated::ToDevice => "to-device",
            })
        }),
    );
    parts.maybe("source-port", of.source.map(port));
    parts.maybe("destination-port", of.destination.map(port));
    parts
}

fn port(of: PortMatch) -> Json {
    let operator = |name, port: u16| {
        Json::map([("operator", Json::text(name)), ("port", Json::Number(port.into()))])
    };
    match of {
        PortMatch::Eq(port) => operator("eq", port),
        PortMatch::Neq(port) => operator("neq", port),
        PortMatch::Lte(port) => operator("lte", port),
        PortMatch::Gte(port) => operator("gte", port),
        PortMatch::Range(lower, upper) => Json::map([
            ("lower-port", Json::Number(lower.into())),
            ("upper-port", Json::Number(upper.into())),
        ]),
    }
}

fn profile(of: &TlsProfile) -> Json {
    let mut parts = Parts::default();
    // The tables say where a list is kept by a place that may be written.
    let mut of = of.clone();
    parts.put("name", Json::text(&of.name));
    let versions = |held: &[u16], names: &[(&'static str, u16)]| {
        let name = |number: &u16| names.iter().find(|(_, known)| known == number);
        let names: Vec<_> = held.iter().filter_map(name).map(|(name, _)| *name).collect();
        (!names.is_empty()).then(|| Json::texts(&names))
    };
    parts.maybe("supported-tls-version", versions(&of.tls_versions, &TLS_VERSIONS));
    parts.maybe("supported-dtls-version", versions(&of.dtls_versions, &DTLS_VERSIONS));
    for list in &NUMBERS {
        let held = (list.of)(&mut of);
        if !held.is_empty() {
            let numbers = held.iter().map(|number| Json::Number((*number).into())).collect();
            parts.put(list.leaf, Json::List(numbers));
        }
    }
    for list in &TEXTS {
        let held = (list.of)(&mut of);
        if !held.is_empty() {
            parts.put(list.leaf, Json::texts(held));
        }
    }
    parts.done()
}
