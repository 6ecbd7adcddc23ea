//! HTTP/1 (RFC 9112): every request and response of a connection. Bodies are followed and not
//! kept, except the fronts of forms, pages and UPnP descriptions.

pub mod auth;
pub mod body;
mod content;
pub mod head;
mod message;
pub mod secrets;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use cordon_model::{Said, fact::HttpResponse};

use crate::{Guess, Out, Side, Step, StreamDissector, hue, tls, upnp};
use body::{Announced, Framing, Progress};
use content::{Content, Found};
use head::{Head, holds, is, split_line};
use message::RequestLine;

/// A head longer than this is read as far as it goes.
const MAX_HEAD: usize = 16 * 1024;
/// Requests that wait for their answer; more than any client sends ahead.
const MAX_WAITING: usize = 32;
/// A first line is at least this much of what must be seen before a guess.
const MAX_GUESS: usize = 400;

/// Methods by which the front of a request is believed before its line is whole.
const METHODS: [&[u8]; 22] = [
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"M-SEARCH",
    b"M-POST",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
];

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    let data = data.get(head::blank(data)..).unwrap_or_default();
    if let Some(version) = data.strip_prefix(b"HTTP/") {
        return match version {
            [] | [b'0'..=b'9'] | [b'0'..=b'9', b'.'] => Guess::More,
            [b'0'..=b'9', b'.', b'0'..=b'9', ..] => Guess::Sure,
            _ => Guess::No,
        };
    }
    if b"HTTP/".starts_with(data) {
        return Guess::More;
    }
    let (line, whole) = (split_line(data).0, data.contains(&b'\n'));
    let method = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    if whole {
        return match RequestLine::read(line) {
            Some(request) if request.version.starts_with(b"HTTP/") => Guess::Sure,
            Some(RequestLine { version: [], target: [b'/', ..], .. }) if method == b"GET" => {
                Guess::Fits
            }
            _ => Guess::No,
        };
    }
    let known = METHODS.contains(&method) && line.len() > method.len();
    let could_be_known = METHODS.iter().any(|known| known.starts_with(line));
    match (known, could_be_known) {
        (true, _) if line.len() >= MAX_GUESS => Guess::Fits,
        (true, _) | (_, true) => Guess::More,
        _ if message::is_method(method) && line.len() < MAX_GUESS => Guess::More,
        _ => Guess::No,
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Http::default())
}

/// One HTTP connection.
#[derive(Default)]
struct Http {
    client: Half,
    server: Half,
    /// Requests whose answers are still to come.
    waiting: VecDeque<Asked>,
    /// A proxy was asked to carry something that is not yet known.
    opened: bool,
    /// What it carries.
    tunnel: Option<Box<tls::Tls>>,
}

/// One direction.
struct Half {
    at: At,
    content: Content,
    /// A response that waits for its title.
    pending: Option<Box<HttpResponse>>,
    /// It was said already, because nothing tells when its body is over; with a title it is said
    /// once more.
    said: bool,
    /// Bytes of an unfinished head in which no end is.
    scanned: usize,
}

impl Default for Half {
    fn default() -> Self {
        Half { at: At::Head, content: Content::ignored(), pending: None, said: false, scanned: 0 }
    }
}

impl Half {
    /// Says what a body turned out to hold.
    fn found(&mut self, found: Found, out: &mut Out<'_>) {
        match found {
            Found::Open | Found::Nothing => {}
            Found::Title(title) => {
                if let Some(pending) = &mut self.pending {
                    pending.title = title;
                }
            }
            Found::Xml(document) => {
                if let Some(description) = upnp::description(&document) {
                    out.say(Said::Upnp(Box::new(description)));
                }
            }
            Found::Json(document) => {
                let children = hue::children(&document);
                if !children.is_empty() {
                    out.say(Said::HubChildren(children));
                }
            }
        }
    }

    fn say_pending(&mut self, out: &mut Out<'_>) {
        if let Some(fact) = self.pending.take()
            && (!self.said || fact.title.is_some())
        {
            out.say(Said::HttpResponse(fact));
        }
    }
}

/// Where in the stream of messages a side is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    Body(Framing),
    /// Somewhere; the next message is looked for at the front of segments.
    Astray,
}

/// What kind of request an answer belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Head,
    Connect,
    Other,
}

/// How reading goes on after a head or a piece of a body.
enum Next {
    Go(usize),
    Wait,
    Stop(Step),
}

impl StreamDissector for Http {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        if let Some(tunnel) = &mut self.tunnel {
            return tunnel.data(side, data, out);
        }
        let mut used = 0;
        loop {
            let rest = data.get(used..).unwrap_or_default();
            if self.opened && !rest.is_empty() {
                match tls::recognise(side, rest) {
                    Guess::More => return Step::Consumed(used),
                    Guess::No => self.opened = false,
                    _ => {
                        let tunnel = self.tunnel.insert(Box::default());
                        return match tunnel.data(side, rest, out) {
                            Step::Consumed(count) => Step::Consumed(used + count),
                            other => other,
                        };
                    }
                }
            }
            if self.half(side).at == At::Astray {
                self.half(side).say_pending(out);
                if rest.is_empty() || recognise(side, rest) < Guess::Sure {
                    return Step::Consumed(data.len());
                }
                self.half(side).at = At::Head;
            }
            let next = match self.half(side).at {
                At::Body(framing) => self.body(side, framing, rest, out),
                _ => self.head(side, rest, out),
            };
            match next {
                Next::Go(count) => used += count,
                Next::Wait => return Step::Consumed(used),
                Next::Stop(step) => return step,
            }
        }
    }

    fn gap(&mut self, side: Side) {
        let half = self.half(side);
        let to_the_end = half.at == At::Body(Framing::Close);
        let at = if to_the_end { half.at } else { At::Astray };
        let (pending, said) = (half.pending.take(), half.said);
        *half = Half { at, pending, said, ..Half::default() };
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.gap(side);
        }
    }

    fn window(&self) -> usize {
        MAX_HEAD
    }
}

impl Http {
    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn head(&mut self, side: Side, rest: &[u8], out: &mut Out<'_>) -> Next {
        let blank = head::blank(rest);
        if blank > 0 {
            return Next::Go(blank);
        }
        if rest.is_empty() {
            return Next::Wait;
        }
        let scanned = self.half(side).scanned;
        if scanned == 0 && recognise(side, rest) == Guess::No {
            return Next::Stop(Step::Lost);
        }
        let end = head::end(rest, scanned);
        if end.is_none() && rest.len() < MAX_HEAD {
            // The last bytes may be the first half of a blank line.
            self.half(side).scanned = rest.len().saturating_sub(2);
            return Next::Wait;
        }
        self.half(side).scanned = 0;
        let count = end.unwrap_or(rest.len());
        let head = Head::new(rest.get(..count).unwrap_or(rest));
        if head.first.starts_with(b"HTTP/") {
            match message::status(head.first) {
                Some(status) => self.response(side, status, &head, out),
                None => return Next::Stop(Step::Lost),
            }
        } else if let Some(line) = RequestLine::read(head.first) {
            if line.method == b"PRI" && line.version == b"HTTP/2.0" {
                return Next::Stop(Step::Done);
            }
            self.request(side, &line, &head, out);
        } else {
            return Next::Stop(Step::Lost);
        }
        if self.half(side).at == At::Body(Framing::Length(0)) {
            self.half(side).at = At::Head;
            self.half(side).say_pending(out);
        }
        if end.is_none() {
            self.half(side).at = At::Astray;
        }
        if self.is_upgraded(&head) { Next::Stop(Step::Done) } else { Next::Go(count) }
    }

    fn request(&mut self, side: Side, line: &RequestLine<'_>, head: &Head<'_>, out: &mut Out<'_>) {
        let asked = match line.method {
            b"HEAD" => Asked::Head,
            b"CONNECT" => Asked::Connect,
            _ => Asked::Other,
        };
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(asked);
        }
        let fact = message::request(line, head, out);
        out.say(Said::HttpRequest(Box::new(fact)));
        let (content_type, encoded) = nature(head);
        let half = self.half(side);
        half.content = Content::request(content_type, encoded);
        half.at = At::Body(Announced::read(head).framing(Framing::Length(0)));
    }

    fn response(&mut self, side: Side, status: u16, head: &Head<'_>, out: &mut Out<'_>) {
        self.half(side).say_pending(out);
        let fact = Box::new(message::response(status, head));
        let interim = (100..200).contains(&status) && status != 101;
        let asked = if interim { None } else { self.waiting.pop_front() };
        if asked == Some(Asked::Connect) && (200..300).contains(&status) {
            out.say(Said::HttpResponse(fact));
            self.opened = true;
            self.client = Half::default();
            self.server = Half::default();
            return;
        }
        let no_body = status < 200 || matches!(status, 204 | 304) || asked == Some(Asked::Head);
        let framing = if no_body {
            Framing::Length(0)
        } else {
            Announced::read(head).framing(Framing::Close)
        };
        let (content_type, encoded) = nature(head);
        let half = self.half(side);
        half.content = Content::response(content_type, encoded);
        half.at = At::Body(framing);
        half.said = framing == Framing::Close;
        if half.said {
            out.say(Said::HttpResponse(fact.clone()));
        }
        half.pending = Some(fact);
        if !half.content.may_have_title() {
            half.say_pending(out);
        }
    }

    fn body(&mut self, side: Side, mut framing: Framing, rest: &[u8], out: &mut Out<'_>) -> Next {
        let progress = framing.step(rest);
        let half = self.half(side);
        half.at = At::Body(framing);
        let (found, next) = match progress {
            Progress::Part(part, count) => (half.content.add(part, out), Next::Go(count)),
            Progress::Skip(count) => (Found::Open, Next::Go(count)),
            Progress::Wait => (Found::Open, Next::Wait),
            Progress::End(count) => {
                half.at = At::Head;
                (half.content.end(out), Next::Go(count))
            }
            Progress::Lost => {
                half.at = At::Astray;
                (half.content.end(out), Next::Go(0))
            }
        };
        half.found(found, out);
        if !half.content.may_have_title() {
            half.say_pending(out);
        }
        next
    }

    /// Whether the head turns the connection to another protocol.
    fn is_upgraded(&self, head: &Head<'_>) -> bool {
        head.first.starts_with(b"HTTP/") && message::status(head.first) == Some(101)
    }
}

/// The type of the body, and whether it is compressed.
fn nature<'a>(head: &Head<'a>) -> (Option<&'a [u8]>, bool) {
    let mut nature = (None, false);
    for (name, value) in head.fields() {
        if is(name, "content-type") {
            nature.0 = Some(value);
        } else if is(name, "content-encoding") {
            nature.1 = !holds(value, "identity");
        }
    }
    nature
}
