//! UPnP device descriptions (UPnP Device Architecture 2.0, 2.3): a scanner for tags and text.
//!
//! Devices write XML by hand, so nothing is validated. There is no recursion, no entity beyond
//! the five of XML and character numbers is expanded, and nothing is fetched.

use cordon_model::Text;
use cordon_model::fact::UpnpDescription;

/// Octets that are looked at; descriptions of set-top boxes run to about 20 KiB.
const MAX_DOCUMENT: usize = 64 * 1024;
const MAX_SERVICES: usize = 32;
/// Characters of one value.
const MAX_TEXT: usize = 256;

/// Reads a description; none where the document is not one. A cut document gives what it holds.
#[must_use]
pub fn description(xml: &[u8]) -> Option<UpnpDescription> {
    let mut scan = Scan::new(xml.get(..MAX_DOCUMENT).unwrap_or(xml));
    let mut found = UpnpDescription::default();
    // Devices inside the root device stand one level deeper.
    let mut level = 0usize;
    let mut in_root = false;
    while let Some(tag) = scan.tag() {
        match (tag.local, tag.closes) {
            (b"root", false) => in_root = true,
            (b"device", false) if in_root && !tag.empty => level += 1,
            (b"device", true) => level = level.saturating_sub(1),
            (b"serviceType", false) if level > 0 => service(&scan, &mut found),
            (name, false) if level == 1 => field(name, &scan, &mut found),
            _ => {}
        }
    }
    let names = [&found.device_type, &found.friendly_name, &found.model_name, &found.manufacturer];
    names.iter().any(|name| name.is_some()).then_some(found)
}

fn service(scan: &Scan<'_>, found: &mut UpnpDescription) {
    if found.services.len() < MAX_SERVICES
        && let Some(service) = scan.text()
        && !found.services.contains(&service)
    {
        found.services.push(service);
    }
}

fn field(name: &[u8], scan: &Scan<'_>, found: &mut UpnpDescription) {
    let field = match name {
        b"deviceType" => &mut found.device_type,
        b"friendlyName" => &mut found.friendly_name,
        b"manufacturer" => &mut found.manufacturer,
        b"modelName" => &mut found.model_name,
        b"modelNumber" => &mut found.model_number,
        b"modelDescription" => &mut found.model_description,
        b"serialNumber" => &mut found.serial,
        b"firmwareVersion" | b"softwareVersion" => &mut found.firmware,
        b"UDN" => &mut found.udn,
        _ => return,
    };
    if field.is_none() {
        *field = scan.text();
    }
}

struct Tag<'a> {
    /// Without namespace prefix.
    local: &'a [u8],
    closes: bool,
    empty: bool,
}

/// The document behind the last tag.
struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    const fn new(rest: &'a [u8]) -> Self {
        Scan { rest }
    }

    /// The next tag; comments, declarations and CDATA are passed over.
    fn tag(&mut self) -> Option<Tag<'a>> {
        loop {
            let open = position(self.rest, b"<")?;
            let inside = self.rest.get(open + 1..)?;
            let (end, mark): (&[u8], usize) = match inside {
                [b'!', b'-', b'-', ..] => (b"-->", 3),
                [b'!', b'[', ..] => (b"]]>", 2),
                [b'?', ..] => (b"?>", 1),
                _ => (b">", 0),
            };
            let length = mark + position(inside.get(mark..)?, end)?;
            self.rest = inside.get(length + end.len()..)?;
            let body = inside.get(..length)?;
            if mark == 0 && !body.starts_with(b"!") {
                return Some(tag(body));
            }
        }
    }

    /// The text up to the next tag, as a value.
    fn text(&self) -> Option<Text> {
        let trimmed = self.rest.trim_ascii_start();
        let raw = match trimmed.strip_prefix(b"<![CDATA[") {
            Some(data) => data.get(..position(data, b"]]>")?)?,
            None => trimmed.get(..position(trimmed, b"<").unwrap_or(trimmed.len()))?,
        };
        let raw = raw.get(..MAX_TEXT * 6).unwrap_or(raw);
        let text = unescape(&String::from_utf8_lossy(raw));
        Some(
            text.trim_matches(|c: char| c == '\0' || c.is_whitespace())
                .chars()
                .take(MAX_TEXT)
                .collect(),
        )
        .filter(|text: &Text| !text.is_empty())
    }
}

fn tag(body: &[u8]) -> Tag<'_> {
    let closes = body.starts_with(b"/");
    let body = body.strip_prefix(b"/").unwrap_or(body);
    let name = body.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next();
    let name = name.unwrap_or_default();
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    Tag { local, closes, empty: body.ends_with(b"/") }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Replaces the five entities of XML and numbered characters; others stay as they are written.
fn unescape(text: &str) -> Text {
    let mut plain = Text::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let decoded = after
            .char_indices()
            .take(10)
            .find(|(_, c)| *c == ';')
            .and_then(|(end, _)| Some((character(after.get(..end)?)?, after.get(end + 1..)?)));
        match decoded {
            Some((character, behind)) => {
                plain.push(character);
                rest = behind;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: &str = r#"<?xml version="1.0"?>
        <!DOCTYPE root [<!ENTITY boom "boom">]>
        <root xmlns="urn:schemas-upnp-org:device-1-0"><!-- <device> -->
          <device>
            <deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>
            <friendlyName>Bob &amp; Eve&#39;s hub &boom;</friendlyName>
            <manufacturer><![CDATA[Acme <Co>]]></manufacturer>
            <v:modelName> Hub 2 </v:modelName>
            <iconList><icon/></iconList>
            <serviceList><service><serviceType>urn:a:1</serviceType></service></serviceList>
            <deviceList><device>
              <friendlyName>Inner</friendlyName><modelNumber>no</modelNumber>
              <serviceList><service><serviceType>urn:b:1</serviceType></service></serviceList>
            </device></deviceList>
            <firmwareVersion>2.0.1</firmwareVersion>
          </device>
        </root>"#;

    #[test]
    fn the_root_device_is_described_and_all_services_are_listed() {
        let found = description(HUB.as_bytes()).unwrap();
        assert_eq!(found.friendly_name.as_deref(), Some("Bob & Eve's hub &boom;"));
        assert_eq!(found.manufacturer.as_deref(), Some("Acme <Co>"));
        assert_eq!(found.model_name.as_deref(), Some("Hub 2"));
        assert_eq!(found.model_number, None, "that of the inner device");
        assert_eq!(found.firmware.as_deref(), Some("2.0.1"));
        assert_eq!(found.services, ["urn:a:1", "urn:b:1"]);
    }

    #[test]
    fn a_cut_document_gives_what_it_holds_wherever_it_is_cut() {
        for end in 0..HUB.len() {
            let _ = description(&HUB.as_bytes()[..end]);
        }
        let cut = &HUB[..HUB.find("<manufacturer>").unwrap()];
        assert!(description(cut.as_bytes()).unwrap().friendly_name.is_some());
    }

    #[test]
    fn other_documents_are_not_descriptions() {
        for text in ["", "<html><body>device</body></html>", "<device><friendlyName>x", "{}"] {
            assert_eq!(description(text.as_bytes()), None);
        }
    }

    #[test]
    fn a_document_of_openings_and_ampersands_ends() {
        for piece in ["<device>", "<!--", "<![CDATA[", "&", "<", "<serviceType>&&&&"] {
            let _ = description(["<root><device>", &piece.repeat(20_000)].concat().as_bytes());
        }
    }
}
