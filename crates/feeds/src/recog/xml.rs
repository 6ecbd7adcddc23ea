//! recog's XML: `<fingerprints>` of `<fingerprint pattern flags>` with `<description>`,
//! `<example>` and `<param pos name value>` (fingerprints.xsd).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::examples::{Encoding, Example};

/// Longest text of one element in bytes; recog's longest pattern has 800.
const MOST_TEXT: usize = 16 * 1024;
/// Parameters of one pattern; recog has at most 20.
const MOST_PARAMS: usize = 64;
/// Examples kept of one pattern.
const MOST_EXAMPLES: usize = 64;

/// One file.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The kind of banner.
    pub matches: Option<String>,
    /// In the order in which they are to be tried.
    pub fingerprints: Vec<Fingerprint>,
}

/// One pattern as written.
#[derive(Debug, Default)]
pub(super) struct Fingerprint {
    pub pattern: String,
    pub flags: String,
    pub description: String,
    pub params: Vec<Param>,
    pub examples: Vec<Example>,
}

/// One attribute: fixed where `group` is 0, else what that group captured.
#[derive(Debug, Clone)]
pub(super) struct Param {
    pub group: usize,
    pub name: String,
    pub value: Option<String>,
}

/// Which element's text is being gathered.
enum Gather {
    Nothing,
    Description,
    Example,
}

/// Reads one file.
pub(super) fn parse(bytes: &[u8]) -> Result<File, String> {
    let mut reader = Reader::from_reader(bytes);
    let mut file: Option<File> = None;
    let mut current = Fingerprint::default();
    let mut gather = Gather::Nothing;
    let mut text = String::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("not well-formed: {error}"))?;
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                b"fingerprints" => {
                    file = Some(File { matches: attribute(&tag, b"matches"), ..File::default() });
                }
                b"fingerprint" => {
                    current = Fingerprint {
                        pattern: attribute(&tag, b"pattern").unwrap_or_default(),
                        flags: attribute(&tag, b"flags").unwrap_or_default(),
                        ..Fingerprint::default()
                    };
                }
                b"description" if !empty => gather = Gather::Description,
                b"example" if current.examples.len() < MOST_EXAMPLES => {
                    current.examples.push(example(&tag));
                    gather = if empty { Gather::Nothing } else { Gather::Example };
                }
                b"param" if current.params.len() < MOST_PARAMS => {
                    current.params.extend(param(&tag));
                }
                _ => {}
            },
            Event::Text(part) if gather.wants(&text) => {
                text.push_str(&String::from_utf8_lossy(&part));
            }
            Event::CData(part) if gather.wants(&text) => {
                text.push_str(&String::from_utf8_lossy(&part));
            }
            Event::GeneralRef(name) if gather.wants(&text) => {
                let name = String::from_utf8_lossy(&name);
                text.push_str(&resolve(&name));
            }
            Event::End(tag) => match tag.local_name().as_ref() {
                b"description" | b"example" => {
                    let whole = std::mem::take(&mut text);
                    match std::mem::replace(&mut gather, Gather::Nothing) {
                        Gather::Description => current.description = whole.trim().to_owned(),
                        Gather::Example => {
                            if let Some(example) = current.examples.last_mut() {
                                example.text = whole;
                            }
                        }
                        Gather::Nothing => {}
                    }
                }
                b"fingerprint" => {
                    if let Some(file) = &mut file {
                        file.fingerprints.push(std::mem::take(&mut current));
                    }
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    file.ok_or_else(|| "no <fingerprints> element; is it a recog XML file?".to_owned())
}

impl Gather {
    fn wants(&self, text: &str) -> bool {
        !matches!(self, Gather::Nothing) && text.len() < MOST_TEXT
    }
}

/// The predefined entities and character references; recog declares no others.
fn resolve(name: &str) -> String {
    let number = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => None,
    };
    match (name, number.and_then(char::from_u32)) {
        (_, Some(c)) => c.to_string(),
        ("amp", _) => "&".to_owned(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        _ => format!("&{name};"),
    }
}

fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let found = tag.attributes().flatten().find(|a| a.key.local_name().as_ref() == name)?;
    Some(plain(&found.value)).filter(|value| value.len() <= MOST_TEXT)
}

/// An attribute's value with its references resolved.
fn plain(value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    let mut out = String::with_capacity(value.len());
    let mut rest: &str = &value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';') {
            Some((name, after)) if name.len() <= 10 => {
                out.push_str(&resolve(name));
                rest = after;
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn param(tag: &BytesStart<'_>) -> Option<Param> {
    Some(Param {
        group: attribute(tag, b"pos")?.parse().ok()?,
        name: attribute(tag, b"name")?,
        value: attribute(tag, b"value"),
    })
}

fn example(tag: &BytesStart<'_>) -> Example {
    let mut example = Example::default();
    for attribute in tag.attributes().flatten() {
        let value = plain(&attribute.value);
        match attribute.key.as_ref() {
            b"_encoding" if value == "base64" => example.encoding = Encoding::Base64,
            b"_filename" => example.encoding = Encoding::OtherFile,
            key => example.expected.push((String::from_utf8_lossy(key).into_owned(), value)),
        }
    }
    example
}
