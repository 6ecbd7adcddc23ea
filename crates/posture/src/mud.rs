//! MUD URLs that no file should be taken from (RFC 8520, 5, 10 to 12 and 16).

use cordon_model::fact::{Dhcp, DhcpMessage, Dhcpv6, Lldp, Party, TlsCertificates};
use cordon_model::{Fact, FindingKind, Text};
use cordon_mud::url_faults;

use crate::ends::Subject;
use crate::ledger::{About, Key, Ledger, Moment};

/// DHCPv6 message types that servers send (RFC 8415, 7.3).
const FROM_SERVER: [u8; 3] = [2, 7, 10];
/// Characters of a URL that are shown.
const SHOWN: usize = 80;

pub(crate) fn dhcp(ledger: &mut Ledger, fact: &Fact, dhcp: &Dhcp) {
    if matches!(dhcp.message, DhcpMessage::Offer | DhcpMessage::Ack | DhcpMessage::Nak) {
        return;
    }
    // A client without an address is known by what it says of itself.
    let ip = fact.from.ip.filter(|ip| !ip.is_unspecified());
    let client = Party { mac: dhcp.client.or(fact.from.mac), ip, port: None };
    note(ledger, fact, &client, dhcp.mud_url.as_ref(), "DHCP option 161");
}

pub(crate) fn dhcpv6(ledger: &mut Ledger, fact: &Fact, dhcp: &Dhcpv6) {
    if !FROM_SERVER.contains(&dhcp.message) {
        note(ledger, fact, &fact.from, dhcp.mud_url.as_ref(), "DHCPv6 option 112");
    }
}

pub(crate) fn lldp(ledger: &mut Ledger, fact: &Fact, lldp: &Lldp) {
    note(ledger, fact, &fact.from, lldp.mud_url.as_ref(), "LLDP");
}

pub(crate) fn certificates(ledger: &mut Ledger, fact: &Fact, sent: &TlsCertificates) {
    let url = sent.chain.first().and_then(|own| own.mud_url.as_ref());
    note(ledger, fact, &fact.from, url, "its certificate");
}

fn note(ledger: &mut Ledger, fact: &Fact, who: &Party, url: Option<&Text>, source: &str) {
    let Some(url) = url else { return };
    for fault in url_faults(url) {
        let kind = FindingKind::MudUrl;
        let subject = Subject::of(who, fact.vlan);
        // Its length is no reason of its own.
        let key = Key::one(kind, subject, std::mem::discriminant(&fault));
        let about = || About::kind(kind);
        ledger.note(key, Moment::of(fact), about, || {
            let start: String = url.chars().take(SHOWN).collect();
            let more = if url.chars().nth(SHOWN).is_some() { "…" } else { "" };
            format!("{source} names its MUD file as “{start}{more}”: {fault}")
        });
    }
}
