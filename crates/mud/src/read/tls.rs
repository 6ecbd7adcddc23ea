//! TLS profiles (RFC 9761, `client-profiles`).

use serde_json::Value;

use super::Reader;
use super::place::{bare, number16, text, text_of};
use crate::limits::{MAX_PROFILES, MAX_VALUES};
use crate::tls::{DTLS_VERSIONS, NUMBERS, TEXTS, TLS_VERSIONS, TlsProfile};
use crate::warning::{Problem, shown};

pub(super) fn read(value: &Value, reader: &mut Reader) -> Vec<TlsProfile> {
    let mut profiles = Vec::new();
    let Some(parts) = value.as_object() else {
        reader.warn(Problem::BadMatch("client-profiles".into(), "a list of TLS profiles"));
        return profiles;
    };
    for (part, value) in parts {
        match (bare(part), value.as_array()) {
            ("tls-dtls-profile" | "tls-dtls-profiles", Some(list))
                if list.len() <= MAX_PROFILES =>
            {
                if part.ends_with('s') {
                    reader.old("tls-dtls-profiles", "tls-dtls-profile");
                }
                profiles.extend(list.iter().map(|value| profile(value, reader)));
            }
            _ => reader.warn(Problem::UnknownMatch(shown(&format!("client-profiles/{part}")))),
        }
    }
    if profiles.is_empty() {
        reader.warn(Problem::BadMatch("client-profiles".into(), "a list of TLS profiles"));
    }
    profiles
}

fn profile(value: &Value, reader: &mut Reader) -> TlsProfile {
    let mut profile = TlsProfile::default();
    for (leaf, value) in value.as_object().into_iter().flatten() {
        let known = match bare(leaf) {
            "name" | "profile-name" => text(value).map(|name| profile.name = name).is_some(),
            "supported-tls-version" | "supported-tls-versions" => {
                all(value, |value| version(value, &TLS_VERSIONS), &mut profile.tls_versions)
            }
            "supported-dtls-version" | "supported-dtls-versions" => {
                all(value, |value| version(value, &DTLS_VERSIONS), &mut profile.dtls_versions)
            }
            bare => listed(bare, value, &mut profile, reader),
        };
        if !known {
            reader.warn(Problem::UnknownMatch(shown(&format!("client-profiles/{leaf}"))));
        }
    }
    profile
}

/// A leaf-list of the tables; false where it is none or its values are not understood.
fn listed(leaf: &str, value: &Value, profile: &mut TlsProfile, reader: &mut Reader) -> bool {
    for list in &NUMBERS {
        if leaf == list.leaf || leaf == list.draft {
            if leaf != list.leaf {
                reader.old(list.draft, list.leaf);
            }
            return all(value, number16, (list.of)(profile));
        }
    }
    for list in &TEXTS {
        if leaf == list.leaf || leaf == list.draft {
            if leaf != list.leaf {
                reader.old(list.draft, list.leaf);
            }
            return all(value, |value| text_of(value, list.most), (list.of)(profile));
        }
    }
    false
}

/// Every value of a leaf-list; false where one is not understood.
fn all<T: Ord>(value: &Value, read: impl Fn(&Value) -> Option<T>, into: &mut Vec<T>) -> bool {
    let Some(list) = value.as_array().filter(|list| list.len() <= MAX_VALUES) else {
        return false;
    };
    into.extend(list.iter().filter_map(&read));
    let whole = into.len() == list.len();
    into.sort_unstable();
    into.dedup();
    whole
}

fn version(value: &Value, names: &[(&str, u16)]) -> Option<u16> {
    let text = value.as_str()?;
    names.iter().find(|(name, _)| *name == text).map(|(_, number)| *number)
}
