//! Banners held against the table of outdated software.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use cordon_model::fact::{Dhcp, DhcpMessage, Dns, DnsValue};
use cordon_model::fact::{Ftp as FtpFact, Telnet as TelnetFact};
use cordon_model::{Fact, FindingKind, Said, Severity, Text};

use crate::ends::{Subject, at};
use crate::ledger::{About, Key, Ledger, Moment};
use crate::software_table::{OUTDATED, Outdated, Version};

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Source {
    /// SSH identification.
    Ssh,
    /// HTTP `Server`.
    Http,
    /// SSDP `SERVER`.
    Ssdp,
    /// RTSP `Server`.
    Rtsp,
    /// FTP greeting.
    Ftp,
    /// Telnet banner.
    Telnet,
    /// SNMP sysDescr.
    Snmp,
    /// DHCP vendor class.
    Dhcp,
    /// `User-Agent`.
    Agent,
    /// LLDP or CDP system description.
    System,
    /// The answer to `version.bind`.
    DnsVersion,
}

impl Source {
    const fn says(self) -> &'static str {
        match self {
            Source::Ssh => "SSH banner",
            Source::Http => "HTTP server header",
            Source::Ssdp => "SSDP server header",
            Source::Rtsp => "RTSP server header",
            Source::Ftp => "FTP greeting",
            Source::Telnet => "Telnet banner",
            Source::Snmp => "SNMP description",
            Source::Dhcp => "DHCP vendor class",
            Source::Agent => "user agent",
            Source::System => "system description",
            Source::DnsVersion => "DNS version answer",
        }
    }
}

/// How many texts are remembered with what they prove; then memory starts anew.
const MOST_KNOWN: usize = 8 * 1024;

/// What a text proves.
struct Proof {
    /// Rows of the table.
    rows: Box<[u16]>,
    /// Whether a distribution packaged it.
    packaged: bool,
}

/// Texts already held against the table.
#[derive(Default)]
pub(crate) struct Software {
    known: HashMap<u64, Proof>,
}

impl Software {
    /// Takes the banners out of a fact.
    pub(crate) fn fact(&mut self, ledger: &mut Ledger, fact: &Fact) {
        let speaker = Subject::of(&fact.from, fact.vlan);
        let mut judge = |source, text: &Option<Text>| {
            if let Some(text) = text {
                self.text(ledger, fact, speaker, source, text);
            }
        };
        match &fact.said {
            Said::Ssh(ssh) => judge(Source::Ssh, &ssh.banner),
            Said::HttpRequest(request) => judge(Source::Agent, &request.user_agent),
            Said::HttpResponse(response) => judge(Source::Http, &response.server),
            Said::Ssdp(ssdp) => {
                judge(Source::Ssdp, &ssdp.server);
                judge(Source::Agent, &ssdp.user_agent);
            }
            Said::Rtsp(rtsp) => judge(Source::Rtsp, &rtsp.server),
            Said::Snmp(snmp) => judge(Source::Snmp, &snmp.sys_descr),
            Said::Lldp(lldp) => judge(Source::System, &lldp.system_description),
            Said::Cdp(cdp) => judge(Source::System, &cdp.software),
            Said::Ftp(ftp) => {
                if let FtpFact::Banner(text) = &**ftp {
                    self.text(ledger, fact, speaker, Source::Ftp, text);
                }
            }
            Said::Telnet(telnet) => {
                if let TelnetFact::Banner(text) = &**telnet {
                    self.text(ledger, fact, speaker, Source::Telnet, text);
                }
            }
            Said::Dhcp(dhcp) => self.dhcp(ledger, fact, dhcp),
            Said::Dns(dns) => self.dns(ledger, fact, dns),
            _ => {}
        }
    }

    fn dhcp(&mut self, ledger: &mut Ledger, fact: &Fact, dhcp: &Dhcp) {
        use DhcpMessage::{Decline, Discover, Inform, Release, Request};
        let by_client = matches!(dhcp.message, Discover | Request | Inform | Decline | Release);
        if let (true, Some(class)) = (by_client, &dhcp.vendor_class) {
            // A relay forwards in its own name; the client stands in the message.
            let subject = dhcp.client.map_or_else(
                || Subject::of(&fact.from, fact.vlan),
                |mac| Subject::station(mac, fact.vlan),
            );
            self.text(ledger, fact, subject, Source::Dhcp, class);
        }
    }

    fn dns(&mut self, ledger: &mut Ledger, fact: &Fact, dns: &Dns) {
        const TXT: u16 = 16;
        for record in dns.records.iter().filter(|record| record.rtype == TXT) {
            if let ("version.bind", DnsValue::Texts(texts)) = (record.name.as_str(), &record.value)
                && let Some(text) = texts.first()
            {
                let subject = Subject::of(&fact.from, fact.vlan);
                self.text(ledger, fact, subject, Source::DnsVersion, text);
            }
        }
    }

    fn text(
        &mut self,
        ledger: &mut Ledger,
        fact: &Fact,
        subject: Subject,
        source: Source,
        text: &str,
    ) {
        let mut hasher = DefaultHasher::new();
        (source, text).hash(&mut hasher);
        let hash = hasher.finish();
        if self.known.len() >= MOST_KNOWN && !self.known.contains_key(&hash) {
            self.known.clear();
        }
        let kind = FindingKind::OutdatedSoftware;
        let proof = self.known.entry(hash).or_insert_with(|| Proof {
            rows: matches(source, text),
            packaged: is_packaged(source, text),
        });
        for index in &proof.rows {
            if let Some(row) = OUTDATED.get(usize::from(*index)) {
                let key = Key::one(kind, subject, (*index, proof.packaged));
                let about = || about(row, proof.packaged);
                ledger.note(key, Moment::of(fact), about, || {
                    format!("{} of {}: “{text}”", source.says(), at(&fact.from))
                });
            }
        }
    }
}

fn about(row: &Outdated, packaged: bool) -> About {
    let about = About::kind(FindingKind::OutdatedSoftware)
        .title(format!("outdated software: {}", row.product));
    if packaged {
        let less = if row.severity > Severity::Medium { Severity::Medium } else { Severity::Low };
        about.severity(less).why(format!(
            "{} The distribution may have mended it without changing the number.",
            row.why
        ))
    } else {
        about.severity(row.severity).why(row.why)
    }
}

/// Distributions mend old versions in place and say so in the banner.
fn is_packaged(source: Source, text: &str) -> bool {
    matches!(source, Source::Ssh | Source::Http | Source::Ftp)
        && ["ubuntu", "debian", "raspbian", "red hat", "centos", "freebsd"]
            .iter()
            .any(|name| find(&text.to_ascii_lowercase(), name).is_some())
}

/// Rows that a text proves: of each product the first.
fn matches(source: Source, text: &str) -> Box<[u16]> {
    let text = text.to_ascii_lowercase();
    let mut rows: Vec<u16> = Vec::new();
    let mut products: Vec<&str> = Vec::new();
    for (index, row) in OUTDATED.iter().enumerate() {
        let fits = row.sources.contains(&source) && !products.contains(&row.product);
        if fits && proves(&text, row) {
            products.push(row.product);
            rows.extend(u16::try_from(index));
        }
    }
    rows.into_boxed_slice()
}

fn proves(text: &str, row: &Outdated) -> bool {
    let Some(rest) = find(text, row.needle) else { return false };
    let Some(below) = row.below else { return true };
    // Cisco writes the version later in the sentence.
    let rest = rest.find("version ").and_then(|at| rest.get(at + 8..)).unwrap_or(rest);
    version(rest).is_some_and(|version| row.from <= version && version < below)
}

/// What stands behind `needle`, where that does not begin inside a word.
fn find<'a>(text: &'a str, needle: &str) -> Option<&'a str> {
    let at = text.find(needle)?;
    let inside = text.get(..at)?.chars().next_back().is_some_and(char::is_alphanumeric);
    if inside { None } else { text.get(at + needle.len()..) }
}

/// The version at the start of a text, behind at most a few separators.
fn version(text: &str) -> Option<Version> {
    let text = text.trim_start_matches(['/', '_', '-', ' ', '(', 'v', ':', ',']);
    let mut parts = [0; 4];
    let mut rest = text;
    let mut slots = parts.iter_mut();
    let mut any = false;
    for slot in slots.by_ref() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(number) = rest.get(..digits).and_then(|digits| digits.parse().ok()) else { break };
        *slot = number;
        any = true;
        rest = rest.get(digits..).unwrap_or_default();
        match rest.strip_prefix('.') {
            Some(behind) if behind.starts_with(|c: char| c.is_ascii_digit()) => rest = behind,
            _ => break,
        }
    }
    if let (Some(slot), Some(letter @ b'a'..=b'z')) = (slots.next(), rest.bytes().next()) {
        *slot = u32::from(letter - b'a') + 1;
    }
    any.then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products(source: Source, text: &str) -> Vec<&'static str> {
        matches(source, text).iter().map(|row| OUTDATED[usize::from(*row)].product).collect()
    }

    #[test]
    fn a_version_may_end_in_a_letter() {
        assert_eq!(version("1.0.1e-fips"), Some([1, 0, 1, 5]));
        assert_eq!(version("7.4p1"), Some([7, 4, 16, 0]));
        assert_eq!(version("_2016.73"), Some([2016, 73, 0, 0]));
        assert_eq!(version("1.2.3.4.5"), Some([1, 2, 3, 4]));
        assert_eq!(version("99999999999"), None);
        assert_eq!(version("x"), None);
    }

    #[test]
    fn old_banners_are_told_from_new_ones() {
        for (source, old, new) in [
            (Source::Ssh, "2.0-OpenSSH_6.6.1p1", "2.0-OpenSSH_9.9"),
            (Source::Ssh, "2.0-dropbear_2014.63", "2.0-dropbear_2024.86"),
            (Source::Ssh, "2.0-dropbear_0.52", "2.0-dropbear_2025.87"),
            (Source::Ssh, "2.0-libssh-0.7.5", "2.0-libssh_0.10.6"),
            (Source::Ssh, "2.0-libssh_0.8.1", "2.0-libssh_0.7.6"),
            (Source::Http, "Apache/2.2.34 (Unix)", "Apache/2.4.62"),
            (Source::Http, "Boa/0.94.14rc21", "nginx"),
            (Source::Http, "RomPager/4.07 UPnP/1.0", "RomPager/4.34"),
            (Source::Http, "mini_httpd/1.19 19dec2003", "mini_httpd/1.30 26Oct2018"),
            (Source::Http, "Microsoft-IIS/6.0", "Microsoft-IIS/10.0"),
            (Source::Http, "Jetty(6.1.26)", "Jetty(9.4.53.v20231009)"),
            (Source::Http, "x OpenSSL/1.0.1e", "x OpenSSL/3.0.15"),
            (
                Source::Ssdp,
                "a, Portable SDK for UPnP devices/1.6.6",
                "a, Portable SDK for UPnP devices/1.14.18",
            ),
            (
                Source::Rtsp,
                "LIVE555 Streaming Media v2012.10.04",
                "LIVE555 Streaming Media v2023.01.19",
            ),
            (Source::Ftp, "(vsFTPd 2.3.4)", "(vsFTPd 3.0.5)"),
            (Source::Agent, "Mozilla/5.0 (Windows NT 6.1; Win64)", "Mozilla/5.0 (Windows NT 10.0)"),
            (Source::Dhcp, "udhcp 1.19.4", "udhcp 1.36.1"),
            (Source::Dhcp, "android-dhcp-7.0", "android-dhcp-14"),
            (Source::DnsVersion, "dnsmasq-2.76", "dnsmasq-2.90"),
            (
                Source::System,
                "Cisco IOS Software, C2960 (x), Version 12.2(55)SE",
                "Cisco IOS Software, x, Version 15.2(7)E",
            ),
        ] {
            assert_eq!(products(source, old).len(), 1, "{old}");
            assert!(products(source, new).is_empty(), "{new}");
        }
    }

    #[test]
    fn a_name_inside_another_word_proves_nothing() {
        assert!(products(Source::Http, "Balboa/1.0").is_empty());
        assert!(products(Source::Ssh, "2.0-Boa/0.9").is_empty());
    }

    #[test]
    fn every_row_is_reachable_and_says_why() {
        for row in OUTDATED {
            assert!(row.why.ends_with('.') && !row.sources.is_empty(), "{}", row.product);
            assert_eq!(row.needle, row.needle.to_ascii_lowercase(), "{}", row.product);
            assert!(row.below.is_none_or(|below| row.from < below), "{}", row.product);
        }
    }
}
