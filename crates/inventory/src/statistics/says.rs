//! What a device says in the open: DHCP, HTTP and SSDP headers, the shape of its TLS hello.

use cordon_wire::edimax;
use cordon_wire::tls::hello::client_hello;

use super::device::{Device, Way};
use super::token::Part::{self, B, Dotted, Hex, N, S};

/// Bytes of an HTTP message looked at.
const LONGEST_HEAD: usize = 1_500;
/// Bytes of a request in which its path is looked for.
const LONGEST_REQUEST: usize = 400;
/// Parameters of a URL looked at.
const MOST_PARAMETERS: usize = 12;

impl Device {
    /// A UDP payload, by its ports.
    pub(super) fn datagram(&mut self, way: Way, from: u16, to: u16, payload: &[u8]) {
        let either = |port: u16| from == port || to == port;
        if (either(67) || either(68)) && payload.len() > 240 {
            if way.sent {
                // A message cut short says nothing.
                let _cut = self.dhcp(payload);
            }
        } else if !way.sent || payload.is_empty() {
        } else if to == 53 && payload.len() > 12 {
            self.dns_question(payload);
        } else if either(5353) && payload.len() > 12 {
            if self.is_new_payload(way, payload) {
                self.multicast_dns(payload);
            }
        } else if either(1900) {
            if self.is_new_payload(way, payload) {
                self.http(way, "U", payload);
            }
        } else if to == 123 {
            let first = payload.first().copied().unwrap_or(0);
            self.add(&[S("N"), S("ntp"), N(u64::from(first))]);
        } else if to == 5355 && payload.len() > 12 {
            self.llmnr(payload);
        }
    }

    /// A TCP payload, by its first bytes.
    pub(super) fn stream(&mut self, way: Way, payload: &[u8]) {
        match payload {
            [b'G', b'E', b'T', b' ', ..]
            | [b'P', b'O', b'S', b'T', ..]
            | [b'P', b'U', b'T', b' ', ..]
            | [b'H', b'E', b'A', b'D', ..]
            | [b'H', b'T', b'T', b'P', ..]
            | [b'N', b'O', b'T', b'I', ..]
            | [b'S', b'U', b'B', b'S', ..]
            | [b'O', b'P', b'T', b'I', ..] => {
                let head = payload.get(..LONGEST_HEAD).unwrap_or(payload);
                if self.is_new_payload(way, head) {
                    self.http(way, "W", head);
                    if !payload.starts_with(b"HTTP") {
                        self.request(way, payload);
                    }
                }
            }
            [22, 3, minor, _, _, message, _, _, _, _, ..] => {
                self.tls(way, *minor, *message, payload)
            }
            _ => {}
        }
    }

    /// Settings that Edimax devices tell their server.
    pub(super) fn parameters(&mut self, payload: &[u8]) {
        let Some(parameters) = edimax::decode(payload) else { return };
        self.add(&[S("U"), S("param")]);
        for (key, value) in parameters.pairs() {
            let key = key.to_ascii_lowercase();
            if matches!(key.as_slice(), b"model" | b"type" | b"version" | b"code") {
                self.add_string("H", &[b"param.", &key], value, false);
            }
        }
    }

    fn dhcp(&mut self, message: &[u8]) -> Option<()> {
        let mut order = Vec::new();
        let mut last: [Option<&[u8]>; 256] = [None; 256];
        let mut at = 240;
        while let Some(code) = message.get(at).copied() {
            match code {
                255 => break,
                0 => at += 1,
                _ => {
                    let length = usize::from(*message.get(at + 1)?);
                    let tail = message.get(at + 2..).unwrap_or_default();
                    *last.get_mut(usize::from(code))? = Some(tail.get(..length).unwrap_or(tail));
                    order.push(code);
                    at += 2 + length;
                }
            }
        }
        let option = |code: usize| last.get(code).copied().flatten();
        let kind = option(53).map_or(Some(0), |value| value.first().copied())?;
        self.counters.dhcp(kind);
        let kind = N(u64::from(kind));
        let flags = message.get(10..12).and_then(|flags| flags.first_chunk::<2>()).copied()?;
        self.add(&[S("D"), S("flag"), N(u64::from(u16::from_be_bytes(flags)))]);
        self.add(&[S("D"), S("ord"), kind, Dotted(&order)]);
        self.add(&[S("D"), S("len"), kind, N(message.len() as u64)]);
        if let Some(asked) = option(55) {
            self.add(&[S("D"), S("55"), Dotted(asked)]);
        }
        if let Some(size) = option(57) {
            self.add(&[S("D"), S("57"), Hex(size)]);
        }
        if let Some(class) = option(60) {
            self.add_string("H", &[b"dhcp60"], class, true);
        }
        if let Some(mut name) = option(12) {
            while let Some(shorter) = name.strip_suffix(b"\0") {
                name = shorter;
            }
            self.add_string("H", &[b"dhcp12"], name, true);
        }
        if let Some(id) = option(61) {
            let first = Hex(id.get(..1).unwrap_or_default());
            self.add(&[S("D"), S("61"), N(id.len() as u64), first]);
        }
        if option(81).is_some() {
            self.add(&[S("D"), S("81")]);
        }
        // Behind a last option that claims too much there is less than nothing.
        let padding = message.len() as i64 - at as i64;
        let sign = if padding < 0 { "-" } else { "" };
        let mut text = Vec::new();
        [S(sign), N(padding.unsigned_abs())].into_iter().for_each(|part| part.write(&mut text));
        self.add(&[S("D"), S("pad"), kind, B(&text)]);
        Some(())
    }

    fn http(&mut self, way: Way, group: &str, message: &[u8]) {
        let message = message.get(..LONGEST_HEAD).unwrap_or(message);
        let mut lines = lines(message);
        let first = lines.next().unwrap_or_default();
        if !first.windows(5).any(|window| window == b"HTTP/") {
            return;
        }
        let d = S(way.direction());
        let word = first.split(|byte| *byte == b' ').next().unwrap_or_default();
        self.add_normal(&[S(group), d, S("line")], word);
        let mut names: Vec<u8> = Vec::new();
        for (index, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let (name, value) = line.split_at(colon);
            let name = trim(name).to_ascii_lowercase();
            let value = trim(value.get(1..).unwrap_or_default());
            if index > 0 {
                names.push(b'|');
            }
            names.extend_from_slice(&name);
            self.header(way, group, &name, value);
        }
        if way.sent {
            self.add_normal(&[S(group), d, S("hdrs")], &names);
        }
    }

    fn header(&mut self, way: Way, group: &str, name: &[u8], value: &[u8]) {
        let ssdp = group == "U";
        match name {
            b"user-agent" | b"server" if way.sent => self.add_string("H", &[name], value, true),
            b"usn" if ssdp => self.add_string("H", &[name], value, true),
            b"nt" | b"st" if ssdp => self.add_string("H", &[name], value, false),
            b"man" | b"mx" | b"cache-control" if ssdp => {
                self.add_string("U", &[name], value, false)
            }
            b"location" if ssdp => self.add_normal(&[S("U"), S("loc")], without_host(value)),
            b"host" if !ssdp && way.sent => self.add_normal(&[S("W"), S("host")], value),
            _ => {}
        }
    }

    fn request(&mut self, way: Way, payload: &[u8]) {
        let head = payload.get(..LONGEST_REQUEST).unwrap_or(payload);
        let Some(target) = head.split(|byte| *byte == b' ').nth(1) else { return };
        let mut parts = target.split(|byte| *byte == b'?');
        let path = parts.next().unwrap_or_default();
        let d: Part<'_> = S(way.direction());
        self.add_normal(&[S("W"), d, S("path")], path);
        let Some(query) = parts.next().filter(|_| way.sent) else { return };
        for pair in query.split(|byte| *byte == b'&').take(MOST_PARAMETERS) {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (key, value) = pair.split_at(equals);
            self.add_normal(&[S("W"), d, S("qk")], key);
            let key = key.to_ascii_lowercase();
            if matches!(key.as_slice(), b"model" | b"type" | b"hw" | b"device" | b"product") {
                self.add_string("H", &[b"qv"], value.get(1..).unwrap_or_default(), false);
            }
        }
    }

    fn tls(&mut self, way: Way, minor: u8, message: u8, payload: &[u8]) {
        if message == 1
            && way.sent
            && let Some(hello) = payload.get(9..).and_then(|body| client_hello(body, None))
        {
            self.add(&[S("J"), S("ja4"), S(&hello.ja4)]);
            let offer = hello.ja4.split('_').next().unwrap_or_default();
            self.add(&[S("J"), S("a"), S(offer)]);
            if let Some(name) = &hello.sni {
                self.add_normal(&[S("N"), S("sni")], name.as_bytes());
            }
        }
        self.add(&[
            S("J"),
            S("hs"),
            S(way.direction()),
            N(u64::from(message)),
            N(u64::from(minor)),
        ]);
    }
}

/// Lines that end in carriage return and line feed.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.windows(2).position(|window| window == b"\r\n") else {
            rest = None;
            return Some(text);
        };
        rest = text.get(end + 2..);
        text.get(..end)
    })
}

/// Without the blanks of ISO 8859-1 at both ends.
fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, 9..=13 | 28..=32 | 0x85 | 0xa0);
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// The path of a URL.
fn without_host(url: &[u8]) -> &[u8] {
    let behind = url.strip_prefix(b"http://").or_else(|| url.strip_prefix(b"https://"));
    let Some(behind) = behind else { return url };
    let slash = behind.iter().position(|byte| *byte == b'/').unwrap_or(behind.len());
    behind.get(slash..).unwrap_or_default()
}
