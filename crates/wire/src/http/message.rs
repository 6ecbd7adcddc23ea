//! Requests and responses: from a head to a fact.

use cordon_model::{
    Scheme, Text,
    fact::{HttpRequest, HttpResponse},
};

use super::{
    auth,
    head::{Head, is, number},
    secrets,
};
use crate::{
    Out,
    dissect::{some_text, text},
};

/// The longest target that is shown, in characters.
const MAX_TARGET: usize = 256;
/// The longest field value that is kept, in characters.
const MAX_VALUE: usize = 256;
/// More header names than say anything about a client.
const MAX_NAMES: usize = 32;
/// The longest header name that is kept, in characters.
const MAX_NAME: usize = 64;
/// No method is longer.
const MAX_METHOD: usize = 24;

/// The three words of a request line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestLine<'a> {
    /// Method.
    pub method: &'a [u8],
    /// Target; may hold blanks where a client does not escape them.
    pub target: &'a [u8],
    /// `HTTP/1.1` and the like; empty in HTTP/0.9.
    pub version: &'a [u8],
}

impl<'a> RequestLine<'a> {
    /// Splits a line at its first and last blank; `None` where it cannot be a request.
    #[must_use]
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let line = line.trim_ascii_end();
        let first = line.iter().position(|byte| *byte == b' ')?;
        let (method, rest) = line.split_at_checked(first)?;
        let rest = rest.trim_ascii_start();
        if rest.is_empty() || !is_method(method) {
            return None;
        }
        let last = rest.iter().rposition(|byte| *byte == b' ');
        let version = last.and_then(|at| rest.get(at + 1..)).filter(|word| word.contains(&b'/'));
        match (version, last) {
            (Some(version), Some(at)) if version.first().is_some_and(u8::is_ascii_uppercase) => {
                let target = rest.get(..at)?.trim_ascii();
                Some(RequestLine { method, target, version })
            }
            _ => Some(RequestLine { method, target: rest, version: &[] }),
        }
    }
}

/// Whether a word can be a method.
#[must_use]
pub fn is_method(word: &[u8]) -> bool {
    (1..=MAX_METHOD).contains(&word.len())
        && word.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
}

/// The status code of a status line; `None` where it is none.
#[must_use]
pub fn status(line: &[u8]) -> Option<u16> {
    let blank = line.iter().position(|byte| *byte == b' ')?;
    let code = number(line.get(blank..)?.trim_ascii_start())?;
    u16::try_from(code).ok().filter(|code| (100..1000).contains(code))
}

/// The fact of a request; credentials in its head go out at once.
pub fn request(line: &RequestLine<'_>, head: &Head<'_>, out: &mut Out<'_>) -> HttpRequest {
    let mut said = HttpRequest {
        method: text(line.method, MAX_METHOD),
        path: secrets::masked(line.target, MAX_TARGET),
        ..HttpRequest::default()
    };
    secrets::in_target(line.target, Scheme::HttpBasic, out);
    for (name, value) in head.fields() {
        if said.headers.len() < MAX_NAMES {
            said.headers.push(text(&name.to_ascii_lowercase(), MAX_NAME));
        }
        let kept = || some_text(value, MAX_VALUE);
        match name {
            _ if is(name, "host") => said.host = host(value),
            _ if is(name, "user-agent") => said.user_agent = kept(),
            _ if is(name, "content-type") => said.content_type = kept(),
            _ if is(name, "soapaction") => said.soap_action = soap_action(value),
            _ if is(name, "content-length") => said.length = number(value),
            _ if is(name, "authorization") => {
                said.authorization = Some(auth::authorization(value, Scheme::HttpBasic, out));
            }
            _ if is(name, "proxy-authorization") => {
                auth::authorization(value, Scheme::HttpBasic, out);
            }
            _ => {}
        }
    }
    said
}

/// The fact of a response, its title still missing.
#[must_use]
pub fn response(status: u16, head: &Head<'_>) -> HttpResponse {
    let mut said = HttpResponse { status, ..HttpResponse::default() };
    for (name, value) in head.fields() {
        let kept = || some_text(value, MAX_VALUE);
        match name {
            _ if is(name, "server") => said.server = kept(),
            _ if is(name, "content-type") => said.content_type = kept(),
            _ if is(name, "content-length") => said.length = number(value),
            _ if is(name, "location") => said.location = Some(secrets::masked(value, MAX_TARGET)),
            _ if is(name, "www-authenticate") && said.authenticate.is_none() => {
                said.authenticate = Some(auth::challenge(value));
            }
            _ => {}
        }
    }
    said
}

fn host(value: &[u8]) -> Option<Text> {
    let bare = value.rsplit(|byte| *byte == b'@').next().unwrap_or(value);
    some_text(bare, MAX_VALUE)
}

fn soap_action(value: &[u8]) -> Option<Text> {
    let bare = value.strip_prefix(b"\"").unwrap_or(value);
    some_text(bare.strip_suffix(b"\"").unwrap_or(bare), MAX_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_with_blanks_in_its_target_is_read() {
        let line = RequestLine::read(b"GET /a b?c HTTP/1.1").unwrap();
        assert_eq!((line.target, line.version), (&b"/a b?c"[..], &b"HTTP/1.1"[..]));
        let old = RequestLine::read(b"GET /a/b").unwrap();
        assert_eq!((old.target, old.version), (&b"/a/b"[..], &b""[..]));
        assert_eq!(RequestLine::read(b"hello world"), None);
        assert_eq!(RequestLine::read(b"GET "), None);
    }

    #[test]
    fn a_status_needs_three_digits() {
        assert_eq!(status(b"HTTP/1.1 404 Not Found"), Some(404));
        assert_eq!(status(b"HTTP/1.1 99"), None);
        assert_eq!(status(b"HTTP/1.1"), None);
    }
}
