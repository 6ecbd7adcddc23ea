//! The list of lights or sensors that a Hue bridge, or a hub that speaks like one, gives over its
//! HTTP API: an object of numbers, each an object with `modelid` and `uniqueid`.

use cordon_model::fact::HubChild;
use serde_json::{Map, Value};

use crate::dissect::text;

/// Children told of one list; a bridge holds 63.
const MAX_CHILDREN: usize = 64;
/// The longest name kept, in characters.
const MAX_TEXT: usize = 64;

/// The children in a JSON document; empty for any other document. Nesting is bounded by the JSON
/// reader, length by the caller.
#[must_use]
pub fn children(document: &[u8]) -> Vec<HubChild> {
    // Cheap no: hardly any JSON on a network is this list.
    if !document.windows(9).any(|window| window == b"\"modelid\"") {
        return Vec::new();
    }
    match serde_json::from_slice(document) {
        Ok(Value::Object(list)) => list.iter().filter_map(child).take(MAX_CHILDREN).collect(),
        _ => Vec::new(),
    }
}

fn child((key, value): (&String, &Value)) -> Option<HubChild> {
    let fields = value.as_object()?;
    let said = |name: &str| said(fields, name);
    said("uniqueid")?;
    Some(HubChild {
        key: text(key.as_bytes(), MAX_TEXT),
        kind: said("type"),
        name: said("name"),
        vendor: said("manufacturername"),
        model: Some(said("modelid")?),
        firmware: said("swversion"),
    })
}

fn said(fields: &Map<String, Value>, name: &str) -> Option<cordon_model::Text> {
    let said = text(fields.get(name)?.as_str()?.as_bytes(), MAX_TEXT);
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_names_its_lamps() {
        let list = br#"{"3":{"type":"Dimmable light","name":"Hall","modelid":"LWA004",
            "manufacturername":"Signify","uniqueid":"00:17:88:01-0b","swversion":"1.90"}}"#;
        let [lamp] = children(list).try_into().unwrap();
        assert_eq!((lamp.key.as_str(), lamp.name.as_deref()), ("3", Some("Hall")));
        assert_eq!(
            (lamp.model.as_deref(), lamp.firmware.as_deref()),
            (Some("LWA004"), Some("1.90"))
        );
    }

    #[test]
    fn other_documents_and_deep_nests_have_no_children() {
        assert!(children(br#"{"modelid":"BSB002","name":"bridge"}"#).is_empty());
        assert!(children(br#"{"1":{"modelid":"x"}}"#).is_empty());
        let deep = [b"{\"modelid\":".repeat(20_000), b"1".to_vec()].concat();
        assert!(children(&deep).is_empty());
    }
}
