//! Verdicts in plain words: what a device did that told.

use super::classify::Verdict;
use super::labels;
use super::token::TokenSet;

/// Phrases of an explanation at most.
const MOST_PHRASES: usize = 3;
/// Longest quotation, in characters.
const LONGEST_QUOTE: usize = 60;

/// Why a device was taken for what it was taken for, strongest first: one phrase for each group
/// of tokens that told.
#[must_use]
pub(super) fn because(verdict: &Verdict, tokens: &TokenSet) -> String {
    let name = labels::product(&verdict.label).map_or_else(
        || verdict.label.clone(),
        |product| format!("{} {}", product.vendor, product.model),
    );
    let mut groups: Vec<String> = Vec::new();
    let mut phrases: Vec<String> = Vec::new();
    for hash in &verdict.told {
        let Some(text) = tokens.text(*hash).map(String::from_utf8_lossy) else { continue };
        let group = text.split(':').next().unwrap_or_default().to_owned();
        if groups.contains(&group) || phrases.len() == MOST_PHRASES {
            continue;
        }
        if let Some(phrase) = phrase(&text) {
            phrases.push(phrase);
            groups.push(group);
        }
    }
    let opening = format!("its traffic is like that of {name}");
    if phrases.is_empty() { opening } else { format!("{opening}: it {}", phrases.join(", ")) }
}

/// A token in words; none for those that say little to a person.
fn phrase(token: &str) -> Option<String> {
    let (group, rest) = token.split_once(':')?;
    let parts: Vec<&str> = rest.split(':').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let tail = |from: usize| quote(&parts.get(from..).unwrap_or_default().join(":"));
    Some(match group {
        "H" => format!("says \"{}\" in {}", tail(1), field(part(0))),
        "N" => match part(0) {
            "q" => format!("asks DNS for \"{}\"", tail(2)),
            "dom" => format!("asks DNS for names of \"{}\"", tail(1)),
            "sni" => format!("connects over TLS to \"{}\"", tail(1)),
            "llmnr" => format!("asks its neighbours for \"{}\"", tail(1)),
            _ => format!("asks for the time with first byte {}", part(1)),
        },
        "M" => match part(0) {
            "q" => format!("asks multicast DNS for \"{}\"", tail(2)),
            "rr" => format!("announces \"{}\" by multicast DNS", tail(2)),
            "txtk" => format!("announces a property \"{}\" by multicast DNS", tail(1)),
            _ => return None,
        },
        "D" => match part(0) {
            "55" => format!("asks DHCP for the options {}", tail(1)),
            "ord" => format!("gives its DHCP options in the order {}", tail(2)),
            "len" => format!("sends DHCP messages of {} bytes", part(2)),
            "57" => format!("offers DHCP the size 0x{}", part(1)),
            _ => return None,
        },
        "Y" => match (part(0), parts.len()) {
            ("syn", 5) => format!(
                "opens TCP with window {}, segment size {}, scale {} and options {}",
                part(1),
                part(2),
                part(3),
                part(4)
            ),
            ("synack", 5) => {
                format!("answers TCP with window {}, segment size {}", part(1), part(2))
            }
            ("synw", _) => format!("opens TCP with window {}", part(1)),
            ("synackw", _) => format!("answers TCP with window {}", part(1)),
            ("dir", _) if part(2) == "syn" => format!(
                "{} TCP connections for port {}",
                if part(1) == "s" { "opens" } else { "is asked for" },
                part(3)
            ),
            _ => return None,
        },
        "F" => format!(
            "makes data packet {} of its {} {} {} bytes long, {}",
            part(3),
            part(0).to_uppercase(),
            service(part(1), part(2)),
            part(5),
            if part(4) == "s" { "sent" } else { "received" }
        ),
        "P" => format!("uses {} as {}", part(0).to_uppercase(), service(part(1), part(2))),
        "X" => format!("sends {} packets of {} bytes", kind(part(1)), part(2)),
        "T" => match part(0) {
            "ttl" => format!("sends packets with time to live {}", part(1)),
            "hl" => format!("sends packets with hop limit {}", part(1)),
            _ => return None,
        },
        "I" => match part(0) {
            "igmp" | "igmp3" => format!("joins or leaves the group {}", part(3)),
            "icmp" if part(1) == "s" => format!("sends ICMP of type {}, code {}", part(2), part(3)),
            _ => return None,
        },
        "U" | "W" => match (part(0), part(1)) {
            (_, "path") => format!("uses the path \"{}\" over HTTP", tail(2)),
            (_, "hdrs") => format!("gives its HTTP headers in the order {}", tail(2)),
            ("host", _) => format!("asks the HTTP host \"{}\"", tail(1)),
            ("loc", _) => format!("describes itself at \"{}\"", tail(1)),
            ("param", _) => "sends its settings as <param> text".to_owned(),
            _ => return None,
        },
        "J" => match part(0) {
            "ja4" => format!("offers TLS with the fingerprint {}", part(1)),
            "a" => format!("offers TLS as {}", part(1)),
            _ => return None,
        },
        "L" if part(0) == "eapol" => format!("has EAPOL frames of {} bytes", part(2)),
        "GS" => {
            let seconds = match part(1).parse::<i32>() {
                Ok(octave) if octave >= 0 => format!("{} s", 1 << octave.min(20)),
                Ok(octave) => format!("{} ms", 1_000 >> (-octave).min(9)),
                Err(_) => return None,
            };
            format!("repeats {} packets after {seconds} or a little more", kind(part(0)))
        }
        "C" => {
            let what = match part(0) {
                "dnsq" => "DNS questions".to_owned(),
                "syn" => "TCP connections".to_owned(),
                "peers" => "peers".to_owned(),
                other => match other.strip_prefix('s').filter(|name| is_kind(name)) {
                    Some(name) => format!("{} packets sent", kind(name)),
                    None => return None,
                },
            };
            match part(1).parse::<u32>() {
                Ok(0) => format!("has no {what}"),
                Ok(octave) => {
                    format!("has {} {what} or a little fewer", 1_u64 << (octave.clamp(1, 40) - 1))
                }
                Err(_) => return None,
            }
        }
        _ => return None,
    })
}

fn quote(text: &str) -> String {
    if text.chars().count() <= LONGEST_QUOTE {
        return text.to_owned();
    }
    text.chars().take(LONGEST_QUOTE).chain(['…']).collect()
}

fn service(side: &str, port: &str) -> String {
    let port = if port == "same" {
        "the same port at both ends".to_owned()
    } else {
        format!("port {port}")
    };
    if side == "c" { format!("client of {port}") } else { format!("server at {port}") }
}

fn is_kind(name: &str) -> bool {
    ["arp", "eapol", "llc", "igmp", "icmp", "tcp", "udp"]
        .iter()
        .any(|known| name.starts_with(known))
}

/// A kind of frame in words.
fn kind(name: &str) -> String {
    if let Some((transport, port)) = name.split_once(['>', '<']) {
        return format!("{} port {port}", transport.to_uppercase());
    }
    match name {
        "arp_probe" => "ARP probe".to_owned(),
        "arp_ann" => "ARP announcement".to_owned(),
        "arp_req" => "ARP request".to_owned(),
        "arp_rep" => "ARP reply".to_owned(),
        other => other.replace('_', " ").to_uppercase(),
    }
}

fn field(name: &str) -> String {
    match name.trim_end_matches('~') {
        "dhcp12" => "its DHCP host name".to_owned(),
        "dhcp60" => "its DHCP vendor class".to_owned(),
        "mdns" => "a multicast DNS name".to_owned(),
        "txt" => "a multicast DNS property".to_owned(),
        "hinfo" => "its multicast DNS host information".to_owned(),
        "user-agent" => "its HTTP user agent".to_owned(),
        "server" => "its HTTP server header".to_owned(),
        "usn" | "nt" | "st" => "an SSDP announcement".to_owned(),
        "qv" => "the URL it asks for".to_owned(),
        other => match other.strip_prefix("param.") {
            Some(setting) => format!("its setting \"{setting}\""),
            None => format!("the field {other}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_in_words() {
        for (token, expected) in [
            ("H:dhcp12:hs100(eu)", "says \"hs100(eu)\" in its DHCP host name"),
            (
                "H:usn:uuid:#::upnp:rootdevice",
                "says \"uuid:#::upnp:rootdevice\" in an SSDP announcement",
            ),
            (
                "F:tcp:c:80:3:s:337",
                "makes data packet 3 of its TCP client of port 80 337 bytes long, sent",
            ),
            (
                "Y:syn:8400:1400:-:2",
                "opens TCP with window 8400, segment size 1400, scale - and options 2",
            ),
            ("X:b:udp>67:590", "sends UDP port 67 packets of 590 bytes"),
            ("GS:arp_probe:-3", "repeats ARP probe packets after 125 ms or a little more"),
            ("C:sudp>5353:4", "has 8 UDP port 5353 packets sent or a little fewer"),
        ] {
            assert_eq!(phrase(token).as_deref(), Some(expected), "{token}");
        }
        assert_eq!(phrase("R:s:4"), None);
    }
}
