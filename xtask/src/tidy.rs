//! What no compiler checks: arrows between layers, and that every file says what it is.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use crate::chore::{cargo, root};

    /// Which layer a crate is in; an arrow may point down or sideways, never up.
    const LAYERS: &[(&str, u8)] = &[
        ("cordon-model", 0),
        ("cordon-wire", 1),
        ("cordon-feeds", 1),
        ("cordon-config", 1),
        ("cordon-mud", 1),
        ("cordon-sensor", 2),
        ("cordon-inventory", 2),
        ("cordon-posture", 2),
        ("cordon-pipeline", 2),
        ("cordon-register", 2),
        ("cordon-ledger", 2),
        ("cordon-contract", 2),
        ("cordon-capture", 3),
        ("cordon-lab", 3),
        ("cordon-crypto", 3),
        ("cordon-store", 3),
        ("cordon-history", 3),
        ("cordon-people", 3),
        ("cordon-authz", 3),
        ("cordon-guard", 3),
        ("cordon-enforce", 3),
        ("cordon-prove", 3),
        ("cordon-probe", 3),
        ("cordon-report", 4),
        ("cordon-service", 4),
        ("cordon-api", 5),
        ("cordon-console", 5),
        ("cordon-cli", 6),
        ("xtask", 7),
    ];

    /// Longest file that one person holds in the head; generated and table files are named.
    const MAX_LINES: usize = 600;
    const TABLES: &[&str] = &["finding_kinds.rs", "table.rs", "tables.rs"];

    #[test]
    fn no_dependency_points_up() {
        let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
        let output = cargo(&["metadata", "--format-version", "1", "--no-deps"]).output().unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for package in metadata["packages"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            let layer = layers.get(name).unwrap_or_else(|| panic!("{name} has no layer in LAYERS"));
            for dependency in package["dependencies"].as_array().unwrap() {
                let to = dependency["name"].as_str().unwrap();
                // Tests may reach for anything.
                if dependency["kind"].as_str() == Some("dev") {
                    continue;
                }
                if let Some(below) = layers.get(to) {
                    assert!(
                        below <= layer,
                        "{name} (layer {layer}) must not know {to} (layer {below})"
                    );
                }
            }
        }
    }

    #[test]
    fn every_file_opens_with_what_it_is() {
        for path in sources(root()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let opens = text.lines().next().unwrap_or_default();
            let include = path.ends_with("finding_kinds.rs");
            assert!(
                include || opens.starts_with("//!"),
                "{} does not open with //!",
                path.display()
            );
        }
    }

    #[test]
    fn files_stay_short_enough_to_hold_in_the_head() {
        for path in sources(root()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            let table = TABLES.contains(&name.as_str())
                || path.components().any(|part| part.as_os_str() == "tables");
            assert!(
                table || lines <= MAX_LINES,
                "{} has {lines} lines; move a noun out",
                path.display()
            );
        }
    }

    fn sources(root: &Path) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![root.join("crates"), root.join("xtask"), root.join("fuzz")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.is_dir() && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    found.push(path);
                }
            }
        }
        found
    }
}
