//! RTSP (RFC 2326, RFC 7826): requests and responses both ways, media between them passed over.

use cordon_model::{Said, Scheme, fact::Rtsp};

use crate::{
    Guess, Out, Reader, Side, Step, StreamDissector,
    dissect::{some_text, text},
    http::{
        auth,
        head::{self, Head, find, is, number, split_line},
        secrets,
    },
};

/// A head longer than this is none.
const MAX_HEAD: usize = 8 * 1024;
/// The longest text that is kept, in characters.
const MAX_TEXT: usize = 256;
/// First byte of media between messages (RFC 2326, 10.12).
const INTERLEAVED: u8 = b'$';

/// Methods of either version.
const METHODS: [&[u8]; 13] = [
    b"OPTIONS",
    b"DESCRIBE",
    b"ANNOUNCE",
    b"SETUP",
    b"PLAY",
    b"PAUSE",
    b"TEARDOWN",
    b"RECORD",
    b"REDIRECT",
    b"GET_PARAMETER",
    b"SET_PARAMETER",
    b"PLAY_NOTIFY",
    b"HEARTBEAT",
];

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    const FRONT: &[u8] = b"RTSP/";
    if data.starts_with(FRONT) {
        return Guess::Sure;
    }
    let line = split_line(data).0;
    let method = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let rest = line.get(method.len()..).unwrap_or_default();
    if METHODS.contains(&method) {
        let named = find(rest, " rtsp://").is_some() || find(rest, " rtsp/").is_some();
        return match (named, data.contains(&b'\n')) {
            (true, _) => Guess::Sure,
            (_, false) => Guess::More,
            _ => Guess::No,
        };
    }
    let could_be = FRONT.starts_with(line) || METHODS.iter().any(|known| known.starts_with(line));
    if could_be { Guess::More } else { Guess::No }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Session::default())
}

#[derive(Default)]
struct Session {
    client: Half,
    server: Half,
}

#[derive(Default)]
struct Half {
    /// Bytes of a body or of media still to pass over.
    skip: u64,
    /// Bytes of an unfinished head in which no end is.
    scanned: usize,
    /// The next message is looked for at the front of segments.
    astray: bool,
}

impl StreamDissector for Session {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let half = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let mut used = 0;
        loop {
            let rest = data.get(used..).unwrap_or_default();
            match half.next(side, rest, out) {
                None => return Step::Lost,
                Some(0) => return Step::Consumed(used),
                Some(count) => used += count,
            }
        }
    }

    fn gap(&mut self, side: Side) {
        let half = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        *half = Half { astray: true, ..Half::default() };
    }
}

impl Half {
    /// Takes what stands at the front: how many bytes it took, none to wait for more.
    fn next(&mut self, side: Side, rest: &[u8], out: &mut Out<'_>) -> Option<usize> {
        if self.skip > 0 {
            let count = usize::try_from(self.skip).map_or(rest.len(), |skip| skip.min(rest.len()));
            self.skip -= u64::try_from(count).unwrap_or(self.skip);
            return Some(count);
        }
        if self.astray {
            if recognise(side, rest) != Guess::Sure {
                return Some(rest.len());
            }
            self.astray = false;
        }
        let blank = head::blank(rest);
        if blank > 0 || rest.is_empty() {
            return Some(blank);
        }
        if rest.first() == Some(&INTERLEAVED) {
            let mut reader = Reader::new(rest);
            reader.skip(2)?;
            let Some(length) = reader.u16() else { return Some(0) };
            self.skip = u64::from(length);
            return Some(4);
        }
        if self.scanned == 0 && recognise(side, rest) == Guess::No {
            return None;
        }
        let Some(end) = head::end(rest, self.scanned) else {
            self.scanned = rest.len().saturating_sub(2);
            return (rest.len() < MAX_HEAD).then_some(0);
        };
        self.scanned = 0;
        let head = Head::new(rest.get(..end)?);
        let (fact, length) = message(&head, out)?;
        self.skip = length;
        out.say(Said::Rtsp(Box::new(fact)));
        Some(end)
    }
}

/// The fact of a message, and the length of the body behind it.
fn message(head: &Head<'_>, out: &mut Out<'_>) -> Option<(Rtsp, u64)> {
    let mut words = head.first.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next()?);
    let mut said = Rtsp::default();
    if first.starts_with(b"RTSP/") {
        said.status = number(second).and_then(|code| u16::try_from(code).ok());
    } else {
        said.method = some_text(first, 24);
        said.url = Some(secrets::masked(second, MAX_TEXT));
        secrets::in_target(second, Scheme::RtspBasic, out);
    }
    let mut length = 0;
    for (name, value) in head.fields() {
        match name {
            _ if is(name, "content-length") => length = number(value).unwrap_or(0),
            _ if is(name, "server") => said.server = some_text(value, MAX_TEXT),
            _ if is(name, "user-agent") => said.user_agent = some_text(value, MAX_TEXT),
            _ if is(name, "authorization") => {
                said.authorization = Some(auth::authorization(value, Scheme::RtspBasic, out));
            }
            _ if is(name, "www-authenticate") && said.authenticate.is_none() => {
                said.authenticate = Some(text(auth::challenge(value).as_bytes(), MAX_TEXT));
            }
            _ => {}
        }
    }
    Some((said, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Feed, shows};
    use cordon_model::{Credential, SecretKey};

    fn facts(feed: &Feed) -> Vec<&Rtsp> {
        let facts = feed.said.iter().filter_map(|said| match said {
            Said::Rtsp(rtsp) => Some(rtsp.as_ref()),
            _ => None,
        });
        facts.collect()
    }

    #[test]
    fn messages_are_found_between_bodies_and_media() {
        let mut stream =
            b"RTSP/1.0 200 OK\r\nServer: Cam/1\r\nContent-Length: 5\r\n\r\nv=0\r\n".to_vec();
        stream.extend(b"$\x00\x00\x06RTSP/1");
        stream.extend(b"RTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n");
        let mut feed = Feed::new(start());
        feed.trickle(Side::Server, &stream);
        let said = facts(&feed);
        assert_eq!(said.iter().map(|r| r.status).collect::<Vec<_>>(), [Some(200), Some(401)]);
        assert_eq!(said[0].server.as_deref(), Some("Cam/1"));
        assert_eq!(said[1].authenticate.as_deref(), Some("Basic realm=\"cam\""));
    }

    #[test]
    fn credentials_are_reported_and_never_shown() {
        let mut feed = Feed::new(start());
        feed.send(
            Side::Client,
            b"DESCRIBE rtsp://admin:hunter2@cam/live?pwd=hunter2 RTSP/1.0\r\nCSeq: 1\r\n\
              Authorization: Basic YWRtaW46aHVudGVyMg==\r\n\r\n",
        );
        assert!(!shows(&feed.said, "hunter2"));
        assert_eq!(facts(&feed)[0].url.as_deref(), Some("rtsp://cam/live?pwd=…"));
        let key = SecretKey::new([7; 32]);
        let basic = Credential::new(&key, Scheme::RtspBasic, b"admin", b"hunter2");
        let count = feed.said.iter().filter(|said| **said == Said::Credential(basic.clone()));
        assert_eq!(count.count(), 2);
    }

    #[test]
    fn http_and_sip_are_not_rtsp() {
        assert_eq!(recognise(Side::Client, b"OPTIONS * RTSP/1.0\r\n"), Guess::Sure);
        assert_eq!(recognise(Side::Client, b"OPTIONS "), Guess::More);
        assert_eq!(recognise(Side::Client, b"OPTIONS / HTTP/1.1\r\n"), Guess::No);
        assert_eq!(recognise(Side::Client, b"OPTIONS sip:a@b SIP/2.0\r\n"), Guess::No);
        assert_eq!(recognise(Side::Client, b"GET / HTTP/1.1\r\n"), Guess::No);
    }

    #[test]
    fn after_lost_bytes_the_next_message_is_found() {
        let mut feed = Feed::new(start());
        feed.gap(Side::Server);
        feed.send(Side::Server, b"media");
        feed.send(Side::Server, b"RTSP/1.0 200 OK\r\n\r\n");
        assert_eq!(facts(&feed).len(), 1);
    }
}
