//! The user's own pattern sets (rapid7/recog), tried on the strings they are made for.

use cordon_feeds::recog::{Match, Patterns};
use cordon_model::{Attribute, Text};

use super::{Case, Evidence, reason};
use crate::saying::{Field, Saying};

/// Confidence of a pattern that states no certainty.
const USUAL: f32 = 0.9;

/// Words in recog's device classes and what they mean here; the first that fits.
const CLASSES: [(&str, &str); 26] = [
    ("camera", "camera"),
    ("web cam", "camera"),
    ("video", "camera"),
    ("dvr", "video-recorder"),
    ("print", "printer"),
    ("multifunction", "printer"),
    ("nas", "storage"),
    ("storage", "storage"),
    ("firewall", "firewall"),
    ("wap", "access-point"),
    ("access point", "access-point"),
    ("switch", "switch"),
    ("router", "router"),
    ("gateway", "router"),
    ("modem", "router"),
    ("voip", "voip-phone"),
    ("phone", "voip-phone"),
    ("media", "tv"),
    ("television", "tv"),
    ("hvac", "thermostat"),
    ("building", "building-controller"),
    ("industrial", "plc"),
    ("plc", "plc"),
    ("medical", "medical"),
    ("game", "game-console"),
    ("home automation", "hub"),
];

/// Tries the pattern set that fits the field.
pub(super) fn read(case: &mut Case, saying: &Saying, patterns: &Patterns, trust: f32) {
    let text = saying.text.as_str();
    let (kind, banner): (&str, std::borrow::Cow<'_, str>) = match saying.field {
        Field::SshServer => {
            ("ssh.banner", text.split_once('-').map_or(text, |(_, rest)| rest).into())
        }
        Field::HttpServer => ("http_header.server", text.into()),
        Field::HttpTitle => ("html_title", text.into()),
        Field::HttpRealm => ("http_header.wwwauth", format!("Basic realm=\"{text}\"").into()),
        Field::FtpBanner => ("ftp.banner", text.trim_start_matches("220 ").into()),
        Field::TelnetBanner => ("telnet_banners", text.into()),
        Field::SnmpDescription => ("snmp.sys_description", text.into()),
        Field::SnmpObjectId => ("snmp.sys_object_id", text.into()),
        Field::DhcpVendorClass => ("dhcp_vendor_class", text.into()),
        Field::MdnsTxt => ("mdns.device-info.txt", text.into()),
        Field::RtspServer => ("rtsp_header.server", text.into()),
        Field::CertSubject => ("x509.subject", text.into()),
        _ => return,
    };
    if let Some(found) = patterns.first(kind, &banner) {
        take(case, saying, &found, trust);
    }
}

fn take(case: &mut Case, saying: &Saying, found: &Match, trust: f32) {
    let vendor = found.get("hw.vendor").map(Text::new);
    let mut add = |attribute, value: &str, prefix: &str| {
        let stated = found.get(&format!("{prefix}.certainty")).and_then(|c| c.parse::<f32>().ok());
        case.add(Evidence {
            attribute,
            value: value.into(),
            confidence: stated.map_or(USUAL, |c| c.clamp(0.0, 1.0).min(0.93)) * trust,
            own: saying.field.weight() >= 0.8,
            maker: vendor.clone(),
            reason: reason(saying),
        });
    };
    if let Some(vendor) = found.get("hw.vendor") {
        add(Attribute::Vendor, &super::vendor::plain(vendor), "hw");
    }
    match (found.get("hw.product"), found.get("hw.model")) {
        (Some(product), Some(model)) if !product.contains(model) => {
            add(Attribute::Model, &format!("{product} {model}"), "hw");
        }
        (Some(product), _) => add(Attribute::Model, product, "hw"),
        (None, Some(model)) => add(Attribute::Model, model, "hw"),
        (None, None) => {}
    }
    if let Some(product) = found.get("os.product") {
        let version = found.get("os.version").map(|v| format!("{product} {v}"));
        add(Attribute::Os, version.as_deref().unwrap_or(product), "os");
    }
    if let Some(version) = found.get("hw.version").filter(|_| found.get("hw.product").is_some()) {
        add(Attribute::Firmware, version, "hw");
    }
    let class = found.get("hw.device").or_else(|| found.get("os.device"));
    if let Some(class) = class.map(str::to_lowercase)
        && let Some((_, kind)) = CLASSES.iter().find(|(word, _)| class.contains(word))
    {
        add(Attribute::Type, kind, "hw");
    }
}
