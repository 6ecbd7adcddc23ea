//! Forms and queries: names with texts, all bounded.

use cordon_service::{Answer, Problem};

/// Fields of a form; the largest has a few dozen.
const FIELDS_MOST: usize = 256;

/// Bytes of a file's name.
const NAME_MOST: usize = 200;

/// What a form or a query says.
#[derive(Default)]
pub(crate) struct Fields {
    texts: Vec<(String, String)>,
    /// Name and content of an uploaded file.
    pub file: Option<(String, Vec<u8>)>,
}

impl Fields {
    /// `application/x-www-form-urlencoded` (WHATWG URL, section 5.1).
    pub(crate) fn from_urlencoded(text: &str) -> Self {
        let texts = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .take(FIELDS_MOST)
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        Fields { texts, file: None }
    }

    /// `multipart/form-data` (RFC 7578) with one file at most.
    pub(crate) fn from_multipart(content_type: &str, body: &[u8]) -> Answer<Self> {
        let broken = || Problem::invalid("The upload was cut off. Choose the file again.");
        let boundary = content_type.split_once("boundary=").map(|(_, rest)| rest);
        let boundary = boundary.and_then(|rest| rest.split(';').next()).ok_or_else(broken)?;
        let boundary = boundary.trim().trim_matches('"');
        // RFC 2046, section 5.1.1: 1 to 70 characters
        if boundary.is_empty() || boundary.len() > 70 {
            return Err(broken());
        }
        let fence = format!("--{boundary}");
        let next = format!("\r\n{fence}");
        let mut fields = Fields::default();
        let mut rest = body.strip_prefix(fence.as_bytes()).ok_or_else(broken)?;
        while !rest.starts_with(b"--") {
            if fields.texts.len() >= FIELDS_MOST {
                return Err(broken());
            }
            let part = rest.strip_prefix(b"\r\n").ok_or_else(broken)?;
            let (head, after) = cut(part, b"\r\n\r\n").ok_or_else(broken)?;
            let (content, after) = cut(after, next.as_bytes()).ok_or_else(broken)?;
            fields.take(&String::from_utf8_lossy(head), content);
            rest = after;
        }
        Ok(fields)
    }

    fn take(&mut self, head: &str, content: &[u8]) {
        let Some(name) = attribute(head, "name") else { return };
        match attribute(head, "filename") {
            Some(file) if self.file.is_none() => {
                let file: String = file.chars().take(NAME_MOST).collect();
                self.file = Some((file, content.to_vec()));
            }
            Some(_) => {}
            None => self.texts.push((name, String::from_utf8_lossy(content).into_owned())),
        }
    }

    /// The first text of that name as it was sent, even if empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(at, _)| at == name).map(|(_, text)| text.as_str())
    }

    /// The text of that name without space around it; none where nothing was filled in.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        let text = self.get(name)?.trim();
        if text.is_empty() { None } else { Some(text.to_owned()) }
    }

    /// As [`Fields::some`], empty instead of none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.some(name).unwrap_or_default()
    }

    /// A number that may be left out.
    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str, what: &str) -> Answer<Option<N>> {
        let Some(text) = self.some(name) else { return Ok(None) };
        let wrong = || Problem::invalid(format!("The {what} must be a number that fits there."));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// Every text of that name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let hits = self.texts.iter().filter(|(at, _)| at == name);
        hits.map(|(_, text)| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }

    /// The same as a query, with one name set anew or, where empty, left out.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let kept = self.texts.iter().filter(|(at, text)| {
            at != name && at != "done" && !text.is_empty() && (at != "cursor" || name == "cursor")
        });
        let mut pairs: Vec<String> = kept
            .map(|(at, text)| format!("{}={}", crate::text::encode(at), crate::text::encode(text)))
            .collect();
        if !value.is_empty() {
            pairs.push(format!("{}={}", crate::text::encode(name), crate::text::encode(value)));
        }
        if pairs.is_empty() { "?".to_owned() } else { format!("?{}", pairs.join("&")) }
    }
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                let digits = (ahead.next().and_then(hex), ahead.next().and_then(hex));
                if let (Some(high), Some(low)) = digits {
                    out.push(high << 4 | low);
                    bytes = ahead;
                } else {
                    out.push(byte);
                }
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What is before and after the first `mark`.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// `name="…"` of a part's Content-Disposition.
fn attribute(head: &str, name: &str) -> Option<String> {
    let line =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let wanted = format!("{name}=\"");
    let piece = line.split(';').map(str::trim).find_map(|piece| piece.strip_prefix(&wanted))?;
    Some(piece.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let fields = Fields::from_urlencoded("a=1+2&b=%C3%A9%zz&c&a=3&=x&d=%");
        assert_eq!(fields.get("a"), Some("1 2"));
        assert_eq!(fields.get("b"), Some("é%zz"));
        assert_eq!(fields.get("c"), Some(""));
        assert_eq!(fields.some("c"), None);
        assert_eq!(fields.all("a"), ["1 2", "3"]);
        assert_eq!(fields.get("d"), Some("%"));
    }

    #[test]
    fn an_upload_is_read_as_browsers_write_it() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nsecret\r\n--x\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n1,2\r\n--\r\n--x--\r\n";
        let fields = Fields::from_multipart("multipart/form-data; boundary=x", body).unwrap();
        assert_eq!(fields.get("csrf"), Some("secret"));
        assert_eq!(fields.file, Some(("a.csv".to_owned(), b"1,2\r\n--".to_vec())));
    }

    #[test]
    fn an_upload_that_is_cut_anywhere_is_refused_and_never_loops() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n";
        for end in 0..body.len() - 4 {
            assert!(
                Fields::from_multipart("multipart/form-data; boundary=x", &body[..end]).is_err(),
                "{end}"
            );
        }
    }

    #[test]
    fn a_filter_is_changed_without_losing_the_others_but_the_page_begins_anew() {
        let fields = Fields::from_urlencoded("q=a%26b&kind=camera&cursor=9&done=saved");
        assert_eq!(fields.with("kind", ""), "?q=a%26b");
        assert_eq!(fields.with("zone", "x y"), "?q=a%26b&kind=camera&zone=x%20y");
        assert_eq!(fields.with("cursor", "10"), "?q=a%26b&kind=camera&cursor=10");
    }
}
