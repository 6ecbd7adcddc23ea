//! The fronts of bodies that are worth reading: forms, JSON, HTML titles, UPnP descriptions.

use cordon_model::Text;

use super::{
    head::{find, holds},
    secrets,
};
use crate::{Out, dissect::some_text};

/// The most that is kept of a request with a form or JSON.
const MAX_FORM: usize = 4096;
/// A title that comes later than this is not worth the wait.
const MAX_HTML: usize = 2048;
/// The most that is kept of an XML document.
const MAX_XML: usize = 64 * 1024;
/// Enough to see what a body without a type is.
const SNIFF: usize = 16;
/// The longest title that is kept, in characters.
const MAX_TITLE: usize = 128;

/// What a body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Nothing to learn from.
    Ignored,
    /// To be told from its first bytes.
    Request,
    /// To be told from its first bytes.
    Response,
    Form,
    Json,
    Html,
    Xml,
    Answer,
}

/// The front of one body.
#[derive(Debug)]
pub struct Content {
    kind: Kind,
    kept: Vec<u8>,
}

/// What a body turned out to hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Open,
    /// Nothing will come.
    Nothing,
    /// The title of an HTML page.
    Title(Option<Text>),
    /// A whole XML document, or its front.
    Xml(Vec<u8>),
    /// A whole JSON document, or its front.
    Json(Vec<u8>),
}

impl Content {
    /// The body of a request; `None` for its type where none is stated.
    #[must_use]
    pub fn request(content_type: Option<&[u8]>, encoded: bool) -> Self {
        Self::of(content_type, encoded, Kind::Request)
    }

    /// The body of a response.
    #[must_use]
    pub fn response(content_type: Option<&[u8]>, encoded: bool) -> Self {
        Self::of(content_type, encoded, Kind::Response)
    }

    /// No body, or one not worth reading.
    #[must_use]
    pub const fn ignored() -> Self {
        Content { kind: Kind::Ignored, kept: Vec::new() }
    }

    /// Whether a title may still be found.
    #[must_use]
    pub fn may_have_title(&self) -> bool {
        matches!(self.kind, Kind::Html | Kind::Response)
    }

    /// Takes the next part of the body.
    pub fn add(&mut self, part: &[u8], out: &mut Out<'_>) -> Found {
        if self.kind == Kind::Ignored {
            return Found::Nothing;
        }
        let before = self.kept.len();
        let room = MAX_XML.saturating_sub(before).min(part.len());
        self.kept.extend_from_slice(part.get(..room).unwrap_or_default());
        if matches!(self.kind, Kind::Request | Kind::Response) && self.kept.len() >= SNIFF {
            self.sniff();
        }
        let full = match self.kind {
            Kind::Html => self.kept.len() >= MAX_HTML || holds(self.news(before), "</title"),
            Kind::Xml => self.kept.len() >= MAX_XML || holds(self.news(before), "</root>"),
            Kind::Answer => self.kept.len() >= MAX_XML,
            Kind::Form | Kind::Json => self.kept.len() >= MAX_FORM,
            Kind::Request | Kind::Response => false,
            Kind::Ignored => true,
        };
        if full { self.end(out) } else { Found::Open }
    }

    /// The body is over, or nothing more of it will be seen.
    pub fn end(&mut self, out: &mut Out<'_>) -> Found {
        self.sniff();
        let kind = std::mem::replace(&mut self.kind, Kind::Ignored);
        let kept = std::mem::take(&mut self.kept);
        match kind {
            Kind::Form => secrets::in_form(&kept, out),
            Kind::Json => secrets::in_json(&kept, out),
            Kind::Html => return Found::Title(title(&kept)),
            Kind::Xml => return Found::Xml(kept),
            Kind::Answer => return Found::Json(kept),
            _ => {}
        }
        Found::Nothing
    }

    fn of(content_type: Option<&[u8]>, encoded: bool, unknown: Kind) -> Self {
        let request = unknown == Kind::Request;
        let kind = match content_type {
            _ if encoded => Kind::Ignored,
            Some(name) if request && holds(name, "x-www-form-urlencoded") => Kind::Form,
            Some(name) if request && holds(name, "json") => Kind::Json,
            Some(name) if !request && holds(name, "json") => Kind::Answer,
            Some(name) if !request && holds(name, "html") => Kind::Html,
            Some(name) if !request && holds(name, "xml") => Kind::Xml,
            Some(name) if holds(name, "text/") => unknown,
            None => unknown,
            _ => Kind::Ignored,
        };
        Content { kind, kept: Vec::new() }
    }

    fn sniff(&mut self) {
        let front = self.kept.trim_ascii_start();
        self.kind = match self.kind {
            Kind::Request if front.starts_with(b"{") => Kind::Json,
            Kind::Request if secrets::looks_like_form(front) => Kind::Form,
            Kind::Response if front.starts_with(b"<?xml") || front.starts_with(b"<root") => {
                Kind::Xml
            }
            Kind::Response if front.starts_with(b"<") => Kind::Html,
            Kind::Request | Kind::Response => Kind::Ignored,
            known => known,
        };
    }

    /// What came since `before`, with enough of what stood there to find a tag cut in two.
    fn news(&self, before: usize) -> &[u8] {
        self.kept.get(before.saturating_sub(8)..).unwrap_or_default()
    }
}

/// What stands between the first `<title>` and its end, blanks run together.
fn title(page: &[u8]) -> Option<Text> {
    let tag = page.get(find(page, "<title")?..)?;
    let open = tag.iter().position(|byte| *byte == b'>')?;
    let inside = tag.get(open + 1..)?;
    let end = inside.iter().position(|byte| *byte == b'<')?;
    let words = some_text(inside.get(..end)?, MAX_TITLE)?;
    Some(words.split_whitespace().collect::<Vec<_>>().join(" ").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_model::{Said, SecretKey};

    fn feed(content: &mut Content, parts: &[&[u8]]) -> (Found, Vec<Said>) {
        let (key, mut said) = (SecretKey::new([1; 32]), Vec::new());
        let mut out = Out::new(&key, &mut said);
        for part in parts {
            let found = content.add(part, &mut out);
            if found != Found::Open {
                return (found, said);
            }
        }
        let found = content.end(&mut out);
        (found, said)
    }

    #[test]
    fn a_title_cut_in_two_is_found() {
        let mut page = Content::response(Some(b"text/html"), false);
        let parts: [&[u8]; 3] = [b"<html><TITLE a=b>Net\n", b" Camera</ti", b"tle>"];
        assert_eq!(feed(&mut page, &parts).0, Found::Title(Some("Net Camera".into())));
        assert!(!page.may_have_title());
    }

    #[test]
    fn a_page_without_a_title_is_given_up() {
        let mut page = Content::response(Some(b"text/html"), false);
        let parts = [&[b'x'; 100][..]; 30];
        assert_eq!(feed(&mut page, &parts).0, Found::Title(None));
    }

    #[test]
    fn a_description_without_a_type_is_seen_from_its_front() {
        let mut body = Content::response(None, false);
        let parts: [&[u8]; 3] = [b"<ro", b"ot xmlns=\"urn\"><device>", b"</device></root>"];
        let Found::Xml(kept) = feed(&mut body, &parts).0 else { panic!("not kept") };
        assert_eq!(kept, parts.concat());
    }

    #[test]
    fn forms_are_read_once_and_compressed_bodies_never() {
        let mut form = Content::request(Some(b"application/x-www-form-urlencoded"), false);
        let (found, said) = feed(&mut form, &[b"user=a&pas", b"s=b"]);
        assert_eq!((found, said.len()), (Found::Nothing, 1));
        let mut packed = Content::response(Some(b"text/html"), true);
        assert_eq!(feed(&mut packed, &[b"<title>x</title>"]).0, Found::Nothing);
    }

    #[test]
    fn an_endless_document_is_cut() {
        let mut body = Content::response(Some(b"text/xml"), false);
        let parts = vec![&[b' '; 1000][..]; 100];
        let Found::Xml(kept) = feed(&mut body, &parts).0 else { panic!("not kept") };
        assert_eq!(kept.len(), MAX_XML);
    }
}
