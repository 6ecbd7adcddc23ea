//! Our rule sets as the JSON that `nft -j` reads and writes (libnftables-json(5)).
//!
//! The types are our own and not those of the crate `nftables`: a hundred thousand elements are
//! written straight from the sets, a chunk at a time, instead of through a tree of expressions for
//! each; and what is written is what `nft -n -j list` answers, so that the two are compared as
//! they are.

use std::net::IpAddr;

use cordon_model::Timestamp;
use serde_json::{Value as Json, json};

use crate::layout::{ChainName, SET_SIZE, SetName};
use crate::ruleset::{Chain, Element, Field, Hook, Key, Match, Rule, Then, Value, Verdict};

/// The family of our table: IPv4 and IPv6 together.
pub(crate) const FAMILY: &str = "inet";

/// Just before the customary firewall (`priority filter`), which may say no as well.
const PRIORITY: i32 = -10;

/// Most of a packet that goes to the log: the headers.
const SNAPLEN: u32 = 128;

/// How many addresses a meter of the log remembers at once, and for how many seconds.
const METER: (u32, u32) = (4_096, 60);

/// An empty table.
pub(crate) fn table(table: &str) -> Json {
    json!({"table": {"family": FAMILY, "name": table}})
}

/// A set or a map, without its elements.
pub(crate) fn set(table: &str, set: SetName) -> Json {
    let types: Vec<_> = set.fields().into_iter().map(type_of).collect();
    let kind = match types.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let mut what = json!({
        "family": FAMILY, "table": table, "name": set.to_string(), "type": kind, "size": SET_SIZE,
    });
    let mut flags = Vec::new();
    if set.has_intervals() {
        flags.push("interval");
    }
    if set.has_ends() {
        flags.push("timeout");
    }
    if !flags.is_empty() {
        put(&mut what, "flags", json!(flags));
    }
    if set.is_map() {
        put(&mut what, "map", json!("verdict"));
        json!({ "map": what })
    } else {
        json!({ "set": what })
    }
}

/// A chain, without its rules.
pub(crate) fn chain(table: &str, chain: &Chain) -> Json {
    let mut what = json!({"family": FAMILY, "table": table, "name": chain.name.name()});
    if let Some(hook) = chain.hook {
        let hook = match hook {
            Hook::Forward => "forward",
            Hook::Input => "input",
            Hook::Output => "output",
        };
        for (key, value) in [
            ("type", json!("filter")),
            ("hook", json!(hook)),
            ("prio", json!(PRIORITY)),
            ("policy", json!("accept")),
        ] {
            put(&mut what, key, value);
        }
    }
    json!({ "chain": what })
}

/// A rule of a chain.
pub(crate) fn rule(table: &str, chain: ChainName, rule: &Rule, log_group: u16) -> Json {
    let mut expressions: Vec<Json> = rule.matches.iter().map(condition).collect();
    expressions.push(match &rule.then {
        Then::Accept => json!({"accept": null}),
        Then::Drop => json!({"drop": null}),
        Then::Return => json!({"return": null}),
        Then::Jump(to) => json!({"jump": {"target": to.name()}}),
        Then::Goto(to) => json!({"goto": {"target": to.name()}}),
        Then::Map(fields, set) => json!({"vmap": {"key": key(fields), "data": format!("@{set}")}}),
        Then::Log(logged) => {
            json!({"log": {"prefix": logged.prefix(), "group": log_group, "snaplen": SNAPLEN}})
        }
    });
    json!({"rule": {
        "family": FAMILY, "table": table, "chain": chain.name(), "expr": expressions,
    }})
}

/// Elements of one set.
pub(crate) fn elements(table: &str, set: SetName, elements: &[&Element], at: Timestamp) -> Json {
    let elements: Vec<_> = elements.iter().map(|element| self::element(element, at)).collect();
    json!({"element": {
        "family": FAMILY, "table": table, "name": set.to_string(), "elem": elements,
    }})
}

fn put(what: &mut Json, key: &str, value: Json) {
    if let Some(object) = what.as_object_mut() {
        object.insert(key.into(), value);
    }
}

fn element(element: &Element, at: Timestamp) -> Json {
    let key = key_of(&element.key);
    if let Some(to) = element.to {
        return json!([
            key,
            match to {
                Verdict::Return => json!({"return": null}),
                Verdict::Jump(to) => json!({"jump": {"target": to.name()}}),
                Verdict::Goto(to) => json!({"goto": {"target": to.name()}}),
            }
        ]);
    }
    match element.until {
        Some(until) => json!({"elem": {"val": key, "timeout": seconds(until, at)}}),
        None => key,
    }
}

/// Whole seconds until then, as the kernel is told; never none, which would be for ever.
pub(crate) fn seconds(until: Timestamp, at: Timestamp) -> u64 {
    let left = until.since(at);
    (left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(1)
}

fn key_of(key: &Key) -> Json {
    let mut parts: Vec<_> = key.parts().map(|(first, last)| span(first, last)).collect();
    match (parts.len(), parts.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            parts.extend(last);
            json!({ "concat": parts })
        }
    }
}

fn span(first: &Value, last: &Value) -> Json {
    if first == last { value(first) } else { json!({"range": [value(first), value(last)]}) }
}

fn value(value: &Value) -> Json {
    match value {
        Value::Link(link) => json!(link.as_str()),
        Value::Mac(mac) => json!(mac.to_string()),
        Value::V4(ip) => json!(ip.to_string()),
        Value::V6(ip) => json!(ip.to_string()),
        Value::Proto(number) | Value::Type(number) => json!(number),
        Value::Port(port) => json!(port),
    }
}

fn condition(condition: &Match) -> Json {
    let equal =
        |left: Json, right: Json| json!({"match": {"op": "==", "left": left, "right": right}});
    match condition {
        Match::In(fields, set) => equal(key(fields), json!(format!("@{set}"))),
        Match::NotIn(only, set) => {
            json!({"match": {"op": "!=", "left": field(*only), "right": format!("@{set}")}})
        }
        Match::Is(only, is) => equal(field(*only), value(is)),
        Match::OneOf(only, values) => {
            let values: Vec<_> = values.iter().map(value).collect();
            equal(field(*only), json!({ "set": values }))
        }
        Match::Net(only, first, length) => equal(field(*only), network(*first, *length)),
        Match::Here(only) => {
            let end = match only {
                Field::From4 | Field::From6 => "saddr",
                _ => "daddr",
            };
            // Local is 2 (`RTN_LOCAL` in rtnetlink(7)).
            equal(json!({"fib": {"result": "type", "flags": [end]}}), json!(2))
        }
        Match::NeverForwarded => {
            equal(json!({"payload": {"protocol": "ip6", "field": "hoplimit"}}), json!(255))
        }
        // Established is 2, related 4 (`enum ip_conntrack_info`, as bits).
        Match::Established => json!({"match": {
            "op": "in", "left": {"ct": {"key": "state"}}, "right": [2, 4],
        }}),
        Match::Scarce(name, by, rate) => json!({"meter": {
            "key": {"elem": {"val": field(*by), "timeout": METER.1}},
            "stmt": {"limit": {"rate": rate, "burst": rate * 4, "per": "second"}},
            "size": METER.0,
            "name": name,
        }}),
    }
}

fn network(first: IpAddr, length: u8) -> Json {
    let full = if first.is_ipv4() { 32 } else { 128 };
    if length == full {
        return json!(first.to_string());
    }
    json!({"prefix": {"addr": first.to_string(), "len": length}})
}

fn key(fields: &[Field]) -> Json {
    match fields {
        [one] => field(*one),
        several => {
            let parts: Vec<_> = several.iter().map(|one| field(*one)).collect();
            json!({ "concat": parts })
        }
    }
}

fn field(field: Field) -> Json {
    let payload = |protocol, field| json!({"payload": {"protocol": protocol, "field": field}});
    match field {
        Field::InLink => json!({"meta": {"key": "iifname"}}),
        Field::OutLink => json!({"meta": {"key": "oifname"}}),
        Field::Mac => payload("ether", "saddr"),
        Field::From4 => payload("ip", "saddr"),
        Field::To4 => payload("ip", "daddr"),
        Field::From6 => payload("ip6", "saddr"),
        Field::To6 => payload("ip6", "daddr"),
        Field::Proto => json!({"meta": {"key": "l4proto"}}),
        Field::FromPort => payload("th", "sport"),
        Field::ToPort => payload("th", "dport"),
        Field::UdpFromPort => payload("udp", "sport"),
        Field::UdpToPort => payload("udp", "dport"),
        Field::Type4 => payload("icmp", "type"),
        Field::Type6 => payload("icmpv6", "type"),
    }
}

const fn type_of(field: Field) -> &'static str {
    match field {
        Field::InLink | Field::OutLink => "ifname",
        Field::Mac => "ether_addr",
        Field::From4 | Field::To4 => "ipv4_addr",
        Field::From6 | Field::To6 => "ipv6_addr",
        Field::Proto => "inet_proto",
        Field::FromPort | Field::ToPort | Field::UdpFromPort | Field::UdpToPort => "inet_service",
        Field::Type4 => "icmp_type",
        Field::Type6 => "icmpv6_type",
    }
}

/// Reads an element as `nft -n -j list` writes it; none for what we would never have written.
pub(crate) fn read_element(set: SetName, json: &Json, at: Timestamp) -> Option<Element> {
    let fields = set.fields();
    if set.is_map() {
        let [key, to] = json.as_array()?.as_slice() else { return None };
        let chain = |to: &Json| ChainName::parse(to.get("target")?.as_str()?);
        let to = match (to.get("return"), to.get("jump"), to.get("goto")) {
            (Some(_), _, _) => Verdict::Return,
            (_, Some(to), _) => Verdict::Jump(chain(to)?),
            (_, _, Some(to)) => Verdict::Goto(chain(to)?),
            _ => return None,
        };
        return Some(Element { to: Some(to), ..Element::new(read_key(&fields, key)?) });
    }
    match json.get("elem") {
        Some(inner) => {
            let left = inner.get("expires").or_else(|| inner.get("timeout"));
            let until = match left {
                Some(left) => Some(at.plus(std::time::Duration::from_secs(left.as_u64()?))),
                None => None,
            };
            Some(Element { until, ..Element::new(read_key(&fields, inner.get("val")?)?) })
        }
        None => Some(Element::new(read_key(&fields, json)?)),
    }
}

fn read_key(fields: &[Field], json: &Json) -> Option<Key> {
    let one = std::slice::from_ref(json);
    let parts = json.get("concat").and_then(Json::as_array).map_or(one, Vec::as_slice);
    if parts.len() != fields.len() {
        return None;
    }
    let spans = fields.iter().zip(parts).map(|(field, part)| read_span(*field, part));
    Some(Key::spans(spans.collect::<Option<Vec<_>>>()?))
}

fn read_span(field: Field, json: &Json) -> Option<(Value, Value)> {
    if let Some(range) = json.get("range").and_then(Json::as_array) {
        let [first, last] = range.as_slice() else { return None };
        return Some((read_value(field, first)?, read_value(field, last)?));
    }
    if let Some(prefix) = json.get("prefix") {
        let first = prefix.get("addr")?.as_str()?.parse().ok()?;
        let length = u8::try_from(prefix.get("len")?.as_u64()?).ok()?;
        let net = ipnet::IpNet::new(first, length).ok()?;
        return Some((Value::from(net.network()), Value::from(net.broadcast())));
    }
    let value = read_value(field, json)?;
    Some((value.clone(), value))
}

fn read_value(field: Field, json: &Json) -> Option<Value> {
    let byte = || u8::try_from(json.as_u64()?).ok();
    Some(match field {
        Field::InLink | Field::OutLink => Value::Link(json.as_str()?.into()),
        Field::Mac => Value::Mac(json.as_str()?.parse().ok()?),
        Field::From4 | Field::To4 => Value::V4(json.as_str()?.parse().ok()?),
        Field::From6 | Field::To6 => Value::V6(json.as_str()?.parse().ok()?),
        Field::Proto => Value::Proto(byte()?),
        Field::FromPort | Field::ToPort | Field::UdpFromPort | Field::UdpToPort => {
            Value::Port(u16::try_from(json.as_u64()?).ok()?)
        }
        Field::Type4 | Field::Type6 => Value::Type(byte()?),
    })
}
