//! The published schema is that of the types.

use serde_json::Value;

#[test]
fn the_published_schema_is_the_one_of_the_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/contract-1.json");
    // What `cordon schema contract` prints.
    let now = format!("{:#}\n", cordon_contract::json_schema());
    if std::env::var_os("CORDON_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        return std::fs::write(path, now).unwrap();
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    assert!(held == now, "set CORDON_WRITE_DOCS=1 to write docs/schema/contract-1.json anew");
}

#[test]
fn every_part_of_the_document_is_described() {
    let schema = cordon_contract::json_schema();
    let properties = schema["properties"].as_object().unwrap();
    for part in ["schema", "device", "name", "version", "made", "by", "expected", "entries"] {
        let described = properties.get(part).unwrap();
        let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        assert!(text(&described["description"]) || text(&described["$ref"]), "{part}");
    }
    assert_eq!(schema["additionalProperties"], false);
}
