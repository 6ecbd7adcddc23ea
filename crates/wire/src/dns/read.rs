//! DNS messages read into a fact.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::Text;
use cordon_model::fact::{Dns, DnsKind, DnsQuestion, DnsRecord, DnsValue};

use super::message::{HEADER, Header, MAX_QUESTIONS, MAX_RECORDS, skip_item};
use super::name::{Name, Stop};
use crate::dissect::text;
use crate::{Reader, nbns};

/// Strings kept of one TXT record.
const MAX_STRINGS: usize = 64;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const HINFO: u16 = 13;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;

/// Reads a message; none where it is not one. A damaged tail is left out and counted.
#[must_use]
pub fn read(message: &[u8], kind: DnsKind) -> Option<Dns> {
    let header = Header::read(message, kind)?;
    let mut dns = Dns {
        kind,
        response: header.response(),
        rcode: header.rcode(),
        questions: Vec::new(),
        records: Vec::new(),
        left_out: 0,
    };
    let walked = Items { message, kind, name: Name::new() }.read(header, &mut dns);
    let empty = dns.questions.is_empty() && dns.records.is_empty();
    if empty && (walked.is_err() || !dns.response) {
        return None;
    }
    let left_out = header.records().saturating_sub(dns.records.len());
    dns.left_out = u16::try_from(left_out).unwrap_or(u16::MAX);
    Some(dns)
}

struct Items<'a> {
    message: &'a [u8],
    kind: DnsKind,
    name: Name,
}

impl Items<'_> {
    fn read(&mut self, header: Header, dns: &mut Dns) -> Result<(), Stop> {
        let mut position = HEADER;
        for count in 0..header.questions {
            let next = skip_item(self.message, position, true, self.kind)?;
            if count < MAX_QUESTIONS {
                let (name, rtype, _) = self.owner(position)?;
                dns.questions.push(DnsQuestion { name, rtype });
            }
            position = next;
        }
        for _ in 0..header.records().min(usize::from(MAX_RECORDS)) {
            let next = skip_item(self.message, position, false, self.kind)?;
            dns.records.push(self.record(position, next)?);
            position = next;
        }
        Ok(())
    }

    fn record(&mut self, at: usize, next: usize) -> Result<DnsRecord, Stop> {
        let (name, rtype, position) = self.owner(at)?;
        let mut reader = Reader::new(self.message.get(position + 4..next).ok_or(Stop::Short)?);
        let ttl = reader.u32().ok_or(Stop::Short)?;
        reader.skip(2).ok_or(Stop::Short)?;
        let data = reader.rest();
        let value = match self.kind {
            DnsKind::Nbns => nbns::value(rtype, self.name.bytes(), data),
            _ => self.value(rtype, data, next),
        };
        Ok(DnsRecord { name, rtype, ttl, value: value.unwrap_or(DnsValue::Other) })
    }

    /// The owner name as the member of the family writes it, the type, and where the type stands.
    fn owner(&mut self, at: usize) -> Result<(Text, u16, usize), Stop> {
        let position = self.name.read(self.message, at)?;
        let rtype = self.message.get(position..).and_then(|rest| Reader::new(rest).u16());
        let name = match self.kind {
            DnsKind::Mdns => self.name.text(),
            DnsKind::Dns | DnsKind::Llmnr => self.name.lower(),
            DnsKind::Nbns => match nbns::name(self.name.bytes()) {
                Some(name) => name.text,
                None => self.name.lower(),
            },
        };
        Ok((name, rtype.ok_or(Stop::Short)?, position))
    }

    /// The data of a record, which ends at `end`; none where it does not fit its type.
    fn value(&mut self, rtype: u16, data: &[u8], end: usize) -> Option<DnsValue> {
        let start = end.checked_sub(data.len())?;
        match rtype {
            A => {
                let octets = <[u8; 4]>::try_from(data).ok()?;
                Some(DnsValue::Address(IpAddr::V4(Ipv4Addr::from(octets))))
            }
            AAAA => {
                let octets = <[u8; 16]>::try_from(data).ok()?;
                Some(DnsValue::Address(IpAddr::V6(Ipv6Addr::from(octets))))
            }
            NS | CNAME | PTR => self.target(start, end).map(DnsValue::Name),
            SRV => {
                let mut reader = Reader::new(data);
                reader.skip(4)?;
                let port = reader.u16()?;
                Some(DnsValue::Service(self.target(start + 6, end)?, port))
            }
            TXT => {
                let texts = strings(data).filter(|text| !text.is_empty());
                Some(DnsValue::Texts(texts.take(MAX_STRINGS).collect()))
            }
            HINFO => {
                let mut strings = strings(data);
                Some(DnsValue::Host(strings.next()?, strings.next()?))
            }
            _ => None,
        }
    }

    /// A name inside record data; it must not run over the end of the data.
    fn target(&mut self, at: usize, end: usize) -> Option<Text> {
        let behind = self.name.read(self.message, at).ok()?;
        (behind <= end).then(|| match self.kind {
            DnsKind::Mdns => self.name.text(),
            _ => self.name.lower(),
        })
    }
}

/// Character strings (RFC 1035, 3.3) one after the other.
fn strings(data: &[u8]) -> impl Iterator<Item = Text> {
    let mut reader = Reader::new(data);
    std::iter::from_fn(move || {
        let length = usize::from(reader.u8()?);
        Some(text(reader.take(length)?, 255))
    })
}
