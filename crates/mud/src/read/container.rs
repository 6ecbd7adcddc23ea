//! The container `ietf-mud:mud` (RFC 8520, 3).

use cordon_model::{Text, Timestamp};
use serde_json::{Map, Value};

use super::place::{bare, boolean, number, text};
use super::{MudError, Reader};
use crate::file::MudFile;
use crate::limits::{CACHE_HOURS, CACHE_HOURS_DEFAULT, MAX_ACLS, MAX_URL, MAX_VALUES};
use crate::warning::{Problem, shown};

/// The container.
pub(super) const NAME: &str = "ietf-mud:mud";
/// Extensions that are understood.
const EXTENSIONS: [&str; 3] = ["ietf-mud-tls", "ietf-acl-tls", "tls"];

pub(super) fn read(root: &Map<String, Value>, reader: &mut Reader) -> Result<MudFile, MudError> {
    let Some(Value::Object(mud)) = root.get(NAME) else {
        return Err(MudError::NoContainer(NAME));
    };
    match mud.get("mud-version") {
        Some(version) if number(version, u64::MAX) == Some(1) => {}
        Some(version) => return Err(MudError::Version(shown(&version.to_string()))),
        None => reader.warn(Problem::Missing("mud-version")),
    }
    let mut file = MudFile::new(&url(mud.get("mud-url"), reader)?);
    for (name, value) in mud {
        leaf(&mut file, name, value, reader);
    }
    for must in ["last-update", "is-supported", "systeminfo"] {
        if !mud.contains_key(must) {
            reader.warn(Problem::Missing(must));
        }
    }
    Ok(file)
}

fn url(value: Option<&Value>, reader: &mut Reader) -> Result<Text, MudError> {
    let Some(value) = value else { return Err(MudError::Url("missing".into())) };
    let url = text(value).filter(|url| {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        !scheme.is_empty()
            && scheme.bytes().all(plain)
            && url.len() <= MAX_URL
            && url.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let Some(url) = url else { return Err(MudError::Url(shown(&value.to_string()))) };
    if !url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) {
        reader.warn(Problem::NotHttps(shown(&url)));
    }
    Ok(url)
}

fn leaf(file: &mut MudFile, name: &str, value: &Value, reader: &mut Reader) {
    let texts: [(&str, &mut Option<Text>); 7] = [
        ("mud-signature", &mut file.signature),
        ("systeminfo", &mut file.systeminfo),
        ("mfg-name", &mut file.mfg_name),
        ("model-name", &mut file.model_name),
        ("firmware-rev", &mut file.firmware_rev),
        ("software-rev", &mut file.software_rev),
        ("documentation", &mut file.documentation),
    ];
    for (leaf, place) in texts {
        if leaf == name {
            *place = text(value);
            if place.is_none() {
                reader.warn(Problem::BadValue(leaf.into(), "a short text"));
            }
            return;
        }
    }
    match bare(name) {
        "mud-version" | "mud-url" => {}
        "last-update" => {
            file.last_update = time(value);
            if file.last_update.is_none() {
                reader.warn(Problem::BadValue(name.into(), "a date and time (RFC 3339)"));
            }
        }
        "cache-validity" => match number(value, u64::MAX) {
            Some(hours) => {
                let near = hours.clamp((*CACHE_HOURS.start()).into(), (*CACHE_HOURS.end()).into());
                if near != hours {
                    reader.warn(Problem::CacheValidity(hours));
                }
                file.cache_validity = u16::try_from(near).unwrap_or(CACHE_HOURS_DEFAULT);
            }
            None => reader.warn(Problem::BadValue(name.into(), "a number of hours")),
        },
        "is-supported" => match boolean(value) {
            Some(supported) => file.is_supported = supported,
            None => reader.warn(Problem::BadValue(name.into(), "true or false")),
        },
        "is-tls-dtls-profile-supported" => {
            file.tls_profiles = boolean(value);
            if file.tls_profiles.is_none() {
                reader.warn(Problem::BadValue(name.into(), "true or false"));
            }
        }
        "extensions" => extensions(file, value, reader),
        "from-device-policy" => file.from_device = policy(value, "from-device-policy", reader),
        "to-device-policy" => file.to_device = policy(value, "to-device-policy", reader),
        _ => reader.warn(Problem::UnknownLeaf(shown(name))),
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    serde_json::from_value(value.clone()).ok()
}

fn extensions(file: &mut MudFile, value: &Value, reader: &mut Reader) {
    let Some(list) = value.as_array() else {
        return reader.warn(Problem::BadValue("extensions".into(), "a list of names"));
    };
    if list.len() > MAX_VALUES {
        reader.warn(Problem::TooMany("extensions", MAX_VALUES));
    }
    for value in list.iter().take(MAX_VALUES) {
        let Some(name) = text(value) else {
            reader.warn(Problem::BadValue("extensions".into(), "a list of names"));
            continue;
        };
        if !EXTENSIONS.contains(&name.as_str()) {
            reader.warn(Problem::UnknownExtension(shown(&name)));
        }
        file.extensions.push(name);
    }
}

/// The names of the lists of a policy.
fn policy(value: &Value, which: &'static str, reader: &mut Reader) -> Vec<Text> {
    let lists = value.get("access-lists").and_then(|lists| lists.get("access-list"));
    let Some(lists) = lists.and_then(Value::as_array) else {
        reader.warn(Problem::BadValue(which.into(), "a list of access lists"));
        return Vec::new();
    };
    if lists.len() > MAX_ACLS {
        reader.warn(Problem::TooMany("access lists of a policy", MAX_ACLS));
    }
    let mut names: Vec<Text> = Vec::new();
    for list in lists.iter().take(MAX_ACLS) {
        let name = list.get("name").or_else(|| {
            reader.old("acl-name", "name");
            list.get("acl-name")
        });
        match name.and_then(text) {
            Some(name) if !names.contains(&name) => names.push(name),
            Some(_) => {}
            None => reader.warn(Problem::BadValue(which.into(), "a list of access lists")),
        }
    }
    names
}
