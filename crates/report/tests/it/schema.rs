//! The published JSON Schema is the one in the documentation.

use cordon_report::Look;

#[test]
fn the_documented_schema_is_the_published_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/look.schema.json");
    let published = Look::json_schema();
    if std::env::var_os("CORDON_WRITE_DOCS").is_some() {
        std::fs::write(path, format!("{published:#}\n")).unwrap();
    }
    let documented = std::fs::read_to_string(path).unwrap_or_default();
    // As values: the order of keys is serde_json's, and depends on who else is built with it.
    let documented: serde_json::Value = serde_json::from_str(&documented).unwrap_or_default();
    assert!(
        documented == serde_json::to_value(&published).unwrap(),
        "it drifted: run CORDON_WRITE_DOCS=1 cargo test -p cordon-report"
    );
}
