//! SSDP (UPnP Device Architecture 2.0, 1), on any UDP port.

use cordon_model::fact::{Ssdp, SsdpMethod};
use cordon_model::{App, Said};

use crate::dissect::{some_text, text};
use crate::{Datagram, DatagramDissect, DatagramProtocol, Guess, Out};

const PORT: u16 = 1900;
/// Octets of one message that are looked at; real ones stay below one frame.
const MAX_MESSAGE: usize = 4096;
const MAX_HEADERS: usize = 64;
const MAX_OTHERS: usize = 8;
const MAX_TEXT: usize = 512;
const MAX_HEADER_NAME: usize = 64;

/// Headers of the standard that tell nothing about a device.
const PLAIN: &[&str] =
    &["host", "cache-control", "date", "ext", "man", "mx", "content-length", "connection"];

/// SSDP.
pub const SSDP: DatagramProtocol = DatagramProtocol {
    app: App::Ssdp,
    recognise,
    dissect: DatagramDissect::Each(|datagram, out| dissect(datagram.payload, out)),
};

fn recognise(datagram: &Datagram<'_>) -> Guess {
    match method(datagram.payload) {
        None => Guess::No,
        Some(SsdpMethod::Notify | SsdpMethod::Search) => Guess::Sure,
        // Any answer in HTTP over UDP begins so; only these are answers to a search.
        Some(SsdpMethod::Response) => {
            let names_target =
                headers(datagram.payload).any(|(name, _)| is(name, "st") || is(name, "usn"));
            match (names_target, datagram.on_port(PORT)) {
                (true, _) => Guess::Sure,
                (false, true) => Guess::Fits,
                (false, false) => Guess::No,
            }
        }
    }
}

fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let Some(method) = method(payload) else {
        return false;
    };
    let mut ssdp = Ssdp {
        method,
        target: None,
        subtype: None,
        usn: None,
        server: None,
        user_agent: None,
        location: None,
        others: Vec::new(),
    };
    for (name, value) in headers(payload) {
        header(name, value, &mut ssdp);
    }
    out.say(Said::Ssdp(Box::new(ssdp)));
    true
}

fn header(name: &[u8], value: &[u8], ssdp: &mut Ssdp) {
    let field = if is(name, "nt") || is(name, "st") {
        &mut ssdp.target
    } else if is(name, "nts") {
        &mut ssdp.subtype
    } else if is(name, "usn") {
        &mut ssdp.usn
    } else if is(name, "server") {
        &mut ssdp.server
    } else if is(name, "user-agent") {
        &mut ssdp.user_agent
    } else if is(name, "location") {
        &mut ssdp.location
    } else {
        let plain = PLAIN.iter().any(|plain| is(name, plain));
        if !plain && ssdp.others.len() < MAX_OTHERS && !value.is_empty() {
            ssdp.others.push((text(name, MAX_HEADER_NAME), text(value, MAX_TEXT)));
        }
        return;
    };
    if field.is_none() {
        *field = some_text(value, MAX_TEXT);
    }
}

fn method(payload: &[u8]) -> Option<SsdpMethod> {
    let begins = |with: &[u8]| {
        payload.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    // NOTIFY is also a method of SIP, whose target is never a star.
    if begins(b"NOTIFY * HTTP/1.") {
        Some(SsdpMethod::Notify)
    } else if begins(b"M-SEARCH * HTTP/1.") {
        Some(SsdpMethod::Search)
    } else if begins(b"HTTP/1.1 200") || begins(b"HTTP/1.0 200") {
        Some(SsdpMethod::Response)
    } else {
        None
    }
}

/// The headers up to the empty line.
fn headers(payload: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    payload
        .get(..MAX_MESSAGE)
        .unwrap_or(payload)
        .split(|byte| *byte == b'\n')
        .skip(1)
        .map(<[u8]>::trim_ascii)
        .take_while(|line| !line.is_empty())
        .take(MAX_HEADERS)
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
        })
}

fn is(name: &[u8], wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::testing::said;

    fn guess(from_port: u16, payload: &[u8]) -> Guess {
        recognise(&Datagram {
            side: Side::Server,
            from_port,
            to_port: 9000,
            multicast: false,
            payload,
        })
    }

    fn ssdp(bytes: &[u8]) -> Ssdp {
        match said(|out| dissect(bytes, out)) {
            (true, mut facts) => match facts.pop() {
                Some(Said::Ssdp(ssdp)) => *ssdp,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_announcement_tells_server_place_and_vendor_headers() {
        let bytes = b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nLocation: http://10.0.0.2/d.xml\r\n\
            SERVER: Linux/3.1 UPnP/1.0 Acme/2\r\nNT:upnp:rootdevice\r\nNTS: ssdp:alive\r\nUSN: uuid:1::x\r\n\
            hue-bridgeid: 0017\r\n\r\nBODY: no";
        assert_eq!(guess(9999, bytes), Guess::Sure);
        let ssdp = ssdp(bytes);
        assert_eq!(ssdp.method, SsdpMethod::Notify);
        assert_eq!(ssdp.target.as_deref(), Some("upnp:rootdevice"));
        assert_eq!(ssdp.subtype.as_deref(), Some("ssdp:alive"));
        assert_eq!(ssdp.server.as_deref(), Some("Linux/3.1 UPnP/1.0 Acme/2"));
        assert_eq!(ssdp.location.as_deref(), Some("http://10.0.0.2/d.xml"));
        assert_eq!(ssdp.others, [("hue-bridgeid".into(), "0017".into())]);
    }

    #[test]
    fn an_answer_counts_where_it_names_what_was_searched() {
        assert_eq!(guess(9999, b"HTTP/1.1 200 OK\r\nST: ssdp:all\r\n\r\n"), Guess::Sure);
        assert_eq!(guess(9999, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), Guess::No);
        assert_eq!(guess(1900, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), Guess::Fits);
    }

    #[test]
    fn a_sip_notification_is_not_ssdp() {
        assert_eq!(guess(1900, b"NOTIFY sip:a@b SIP/2.0\r\n"), Guess::No);
    }

    #[test]
    fn a_flood_of_headers_is_bounded() {
        let bytes = [&b"M-SEARCH * HTTP/1.1\r\n"[..], &b"x: y\n".repeat(9999)].concat();
        assert_eq!(ssdp(&bytes).others.len(), MAX_OTHERS);
    }
}
