//! SNMP v1, v2c and v3 (RFC 1157, 1901, 3412, 3414, 3416).

mod ber;

use cordon_model::{
    Said, Scheme, Text,
    fact::{Snmp, SnmpVersion},
};

use crate::{
    Datagram, Guess, Out, Reader,
    dissect::{some_text, text},
};
use ber::{dotted, element, expect, number, tag};

/// Object ids that are kept of one message.
const MAX_OBJECTS: usize = 8;
/// Variable bindings that are looked at; a full datagram has fewer.
const MAX_BINDINGS: usize = 256;
/// The longest text that is kept, in characters: sysDescr goes to 255.
const MAX_TEXT: usize = 255;
/// The longest engine id (RFC 3411, 5).
const MAX_ENGINE: usize = 32;
/// The longest community that is believed.
const MAX_COMMUNITY: usize = 255;

/// Tags of PDUs.
const FIRST_PDU: u8 = 0xa0;
const LAST_PDU: u8 = 0xa8;
const RESPONSE: u8 = 0xa2;
const TRAP_V1: u8 = 0xa4;
const REPORT: u8 = 0xa8;
/// PDUs by tag (RFC 3416, 3; 0xa4 RFC 1157).
const PDUS: [&str; 9] = [
    "get-request",
    "get-next-request",
    "response",
    "set-request",
    "trap",
    "get-bulk-request",
    "inform-request",
    "trap",
    "report",
];

/// The objects of the system group (RFC 3418, 2) that name the device.
const SYS_DESCR: &str = "1.3.6.1.2.1.1.1.0";
const SYS_OBJECT_ID: &str = "1.3.6.1.2.1.1.2.0";
const SYS_NAME: &str = "1.3.6.1.2.1.1.5.0";
const SYS_LOCATION: &str = "1.3.6.1.2.1.1.6.0";

/// Judges one datagram.
#[must_use]
pub fn recognise(datagram: &Datagram<'_>) -> Guess {
    match Outer::read(datagram.payload) {
        Some(Outer::Community { pdu: FIRST_PDU..=LAST_PDU, .. } | Outer::User(_)) => Guess::Sure,
        _ => Guess::No,
    }
}

/// Reads one datagram; false where it is none.
pub fn dissect(datagram: &Datagram<'_>, out: &mut Out<'_>) -> bool {
    match Outer::read(datagram.payload) {
        Some(Outer::Community { version, community, pdu, content }) => {
            let mut said = empty(version);
            said.pdu(pdu, content);
            out.credential(Scheme::SnmpCommunity, b"", community);
            out.say(Said::Snmp(Box::new(said)));
            true
        }
        Some(Outer::User(said)) => {
            out.say(Said::Snmp(said));
            true
        }
        None => false,
    }
}

/// The envelope of either kind of message.
enum Outer<'a> {
    Community { version: SnmpVersion, community: &'a [u8], pdu: u8, content: Reader<'a> },
    User(Box<Snmp>),
}

impl<'a> Outer<'a> {
    fn read(payload: &'a [u8]) -> Option<Outer<'a>> {
        let mut reader = Reader::new(payload);
        let (sequence, mut message) = element(&mut reader, true)?;
        if sequence != tag::SEQUENCE {
            return None;
        }
        let version = match number(&mut message)? {
            0 => SnmpVersion::V1,
            1 => SnmpVersion::V2c,
            3 => return user_based(message).map(|said| Outer::User(Box::new(said))),
            _ => return None,
        };
        let community = expect(&mut message, tag::OCTETS)?.rest();
        let (pdu, content) = element(&mut message, true)?;
        let plausible = community.len() <= MAX_COMMUNITY && (FIRST_PDU..=LAST_PDU).contains(&pdu);
        plausible.then_some(Outer::Community { version, community, pdu, content })
    }
}

/// A v3 message behind its version (RFC 3412, 6).
fn user_based(mut message: Reader<'_>) -> Option<Snmp> {
    let mut said = empty(SnmpVersion::V3);
    let mut global = expect(&mut message, tag::SEQUENCE)?;
    number(&mut global)?;
    number(&mut global)?;
    said.flags = *expect(&mut global, tag::OCTETS)?.rest().first()?;
    number(&mut global)?;
    let mut security = expect(&mut message, tag::OCTETS)?;
    said.security(&mut security);
    let Some((kind, mut scoped)) = element(&mut message, true) else { return Some(said) };
    if kind == tag::SEQUENCE {
        let engine = expect(&mut scoped, tag::OCTETS)?;
        if said.engine_id.is_empty() {
            said.engine_id = engine_id(engine);
        }
        expect(&mut scoped, tag::OCTETS)?;
        let (pdu, content) = element(&mut scoped, true)?;
        said.pdu(pdu, content);
    }
    Some(said)
}

fn empty(version: SnmpVersion) -> Snmp {
    Snmp {
        version,
        pdu: Text::default(),
        response: false,
        sys_descr: None,
        sys_object_id: None,
        sys_name: None,
        sys_location: None,
        user: None,
        engine_id: Vec::new(),
        flags: 0,
        objects: Vec::new(),
    }
}

fn engine_id(content: Reader<'_>) -> Vec<u8> {
    content.rest().iter().copied().take(MAX_ENGINE).collect()
}

/// Fills a fact from the parts of a message.
trait Fill {
    /// User-based security parameters (RFC 3414, 2.4).
    fn security(&mut self, parameters: &mut Reader<'_>) -> Option<()>;
    /// The PDU and its variable bindings; damage ends the reading.
    fn pdu(&mut self, tag: u8, content: Reader<'_>);
    /// One name and value.
    fn binding(&mut self, binding: Reader<'_>) -> Option<()>;
}

impl Fill for Snmp {
    fn security(&mut self, parameters: &mut Reader<'_>) -> Option<()> {
        let (tag::SEQUENCE, mut list) = element(parameters, true)? else { return None };
        self.engine_id = engine_id(expect(&mut list, tag::OCTETS)?);
        element(&mut list, false)?;
        element(&mut list, false)?;
        self.user = some_text(expect(&mut list, tag::OCTETS)?.rest(), 64);
        Some(())
    }

    fn pdu(&mut self, kind: u8, mut content: Reader<'_>) {
        let name = PDUS.get(usize::from(kind.wrapping_sub(FIRST_PDU)));
        self.pdu = name.copied().unwrap_or_default().into();
        self.response = matches!(kind, RESPONSE | REPORT);
        // Request id, error status, error index; a trap of v1 has five others.
        let before = if kind == TRAP_V1 { 5 } else { 3 };
        if (0..before).any(|_| element(&mut content, false).is_none()) {
            return;
        }
        let Some((tag::SEQUENCE, mut list)) = element(&mut content, true) else { return };
        for _ in 0..MAX_BINDINGS {
            let Some((tag::SEQUENCE, binding)) = element(&mut list, true) else { return };
            self.binding(binding);
        }
    }

    fn binding(&mut self, mut binding: Reader<'_>) -> Option<()> {
        let name = dotted(expect(&mut binding, tag::OBJECT)?.rest())?;
        let (kind, value) = element(&mut binding, true)?;
        let octets = || (kind == tag::OCTETS).then(|| text(value.rest(), MAX_TEXT));
        match name.as_str() {
            SYS_DESCR => self.sys_descr = octets(),
            SYS_NAME => self.sys_name = octets(),
            SYS_LOCATION => self.sys_location = octets(),
            SYS_OBJECT_ID if kind == tag::OBJECT => self.sys_object_id = dotted(value.rest()),
            _ => {}
        }
        if self.objects.len() < MAX_OBJECTS {
            self.objects.push(name);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Side,
        testing::{said, shows},
    };

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        assert!(content.len() < 256);
        [&[tag, 0x81, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn datagram(payload: &[u8]) -> Datagram<'_> {
        Datagram { side: Side::Server, from_port: 9, to_port: 8, multicast: false, payload }
    }

    fn binding(last: &[u8], value: Vec<u8>) -> Vec<u8> {
        let name = der(6, &[&[0x2b, 6, 1, 2, 1, 1], last].concat());
        der(0x30, &[name, value].concat())
    }

    fn pdu(kind: u8) -> Vec<u8> {
        let list = [
            binding(&[1, 0], der(4, b"APC Web/SNMP Management Card")),
            binding(&[2, 0], der(6, &[0x2b, 6, 1, 4, 1, 0x82, 0x3e])),
            binding(&[5, 0], der(4, b"ups-7")),
            binding(&[6, 0], der(5, b"")),
        ];
        let header = [der(2, &[9]), der(2, &[0]), der(2, &[0])].concat();
        der(kind, &[header, der(0x30, &list.concat())].concat())
    }

    #[test]
    fn the_system_group_is_read_and_the_community_never_shown() {
        let message = [der(2, &[1]), der(4, b"hunter2"), pdu(0xa2)].concat();
        let payload = der(0x30, &message);
        assert_eq!(recognise(&datagram(&payload)), Guess::Sure);
        let (parsed, facts) = said(|out| dissect(&datagram(&payload), out));
        assert!(parsed && !shows(&facts, "hunter2"));
        let [Said::Credential(credential), Said::Snmp(snmp)] = facts.as_slice() else {
            panic!("{facts:?}")
        };
        assert_eq!((credential.scheme, credential.empty), (Scheme::SnmpCommunity, false));
        assert_eq!((snmp.version, snmp.pdu.as_str()), (SnmpVersion::V2c, "response"));
        assert!(snmp.response);
        assert_eq!(snmp.sys_descr.as_deref(), Some("APC Web/SNMP Management Card"));
        assert_eq!(snmp.sys_object_id.as_deref(), Some("1.3.6.1.4.1.318"));
        assert_eq!(snmp.sys_name.as_deref(), Some("ups-7"));
        assert_eq!((snmp.sys_location.as_ref(), snmp.objects.len()), (None, 4));
    }

    fn v3(flags: u8, data: Vec<u8>) -> Vec<u8> {
        let global = [der(2, &[5]), der(2, &[5]), der(4, &[flags]), der(2, &[3])].concat();
        let security = [
            der(4, &[0x80, 0, 1]),
            der(2, &[0]),
            der(2, &[0]),
            der(4, b"operator"),
            der(4, &[]),
            der(4, &[]),
        ];
        let security = der(4, &der(0x30, &security.concat()));
        der(0x30, &[der(2, &[3]), der(0x30, &global), security, data].concat())
    }

    #[test]
    fn the_user_of_v3_is_named_even_where_the_rest_is_encrypted() {
        let sealed = v3(7, der(4, &[0xaa; 40]));
        let (_, facts) = said(|out| dissect(&datagram(&sealed), out));
        let [Said::Snmp(snmp)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((snmp.user.as_deref(), snmp.flags), (Some("operator"), 7));
        assert_eq!((snmp.engine_id.as_slice(), snmp.pdu.as_str()), (&[0x80, 0, 1][..], ""));
        let open = v3(4, der(0x30, &[der(4, b"e"), der(4, b""), pdu(0xa0)].concat()));
        let (_, facts) = said(|out| dissect(&datagram(&open), out));
        let [Said::Snmp(snmp)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!(snmp.pdu, "get-request");
    }

    #[test]
    fn a_message_cut_by_the_capture_gives_what_is_there() {
        let message = [der(2, &[1]), der(4, b"public"), pdu(0xa2)].concat();
        let payload = der(0x30, &message);
        let (parsed, facts) = said(|out| dissect(&datagram(&payload[..90]), out));
        assert!(parsed);
        let Some(Said::Snmp(snmp)) = facts.last() else { panic!("{facts:?}") };
        assert_eq!(snmp.sys_descr.as_deref(), Some("APC Web/SNMP Management Card"));
        for end in 0..payload.len() {
            let _ = said(|out| dissect(&datagram(&payload[..end]), out));
        }
    }

    #[test]
    fn ldap_and_noise_are_not_snmp() {
        let bind = der(0x30, &[der(2, &[1]), der(0x60, &[2, 1, 3])].concat());
        for payload in [&bind[..], b"", &[0x30; 40], b"GET / HTTP/1.1"] {
            assert_eq!(recognise(&datagram(payload)), Guess::No, "{payload:?}");
        }
    }
}
