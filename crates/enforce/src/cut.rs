//! Conversations under way that are no longer allowed are cut: their entries in the kernel's
//! connection tracking are deleted, so that their next packet is judged as if it opened one.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use cordon_contract::{Carrier, Packet};

use crate::driver::DriverError;
use crate::process::{self, Failed, Said};

/// How long `conntrack` may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most conversations that are looked at; the kernel's own limit is 262,144 unless it was raised.
const MAX_FLOWS: usize = 1_000_000;

/// A conversation that the kernel tracks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tracked {
    /// What opened it, as the forward hook saw that: after the destination was translated, before
    /// the source was. Without a link-layer address.
    pub opening: Packet,
    /// The destination before it was translated, by which the kernel finds it.
    pub asked: (IpAddr, u16),
}

/// Deletes the conversations that are not to be kept, and returns how many those were. Call it
/// after the rule set was changed, so that none comes back.
///
/// # Errors
///
/// Where `conntrack` is missing or refuses; then conversations end when they end, and the switch of
/// a device still stops them at once.
pub fn cut(keep: impl Fn(&Packet) -> bool) -> Result<usize, DriverError> {
    let listing = conntrack(&["-L", "-o", "extended"], Vec::new())?;
    let listing = String::from_utf8_lossy(&listing.out);
    let mut commands = String::new();
    let mut count = 0;
    for flow in listing.lines().take(MAX_FLOWS).filter_map(parse) {
        if !keep(&flow.opening) {
            delete(&flow, &mut commands);
            count += 1;
        }
    }
    if count > 0 {
        conntrack(&["-R", "-"], commands.into_bytes())?;
    }
    Ok(count)
}

fn conntrack(arguments: &[&str], input: Vec<u8>) -> Result<Said, DriverError> {
    const CONNTRACK: &str = "conntrack";
    match process::run(CONNTRACK, arguments, input, PATIENCE) {
        Ok(said) if said.good => Ok(said),
        Ok(said) => Err(DriverError::Refused(process::first_error(&said.err))),
        Err(Failed::Missing) => Err(DriverError::Missing(CONNTRACK)),
        Err(Failed::Slow) => {
            Err(DriverError::Slow { program: CONNTRACK, seconds: PATIENCE.as_secs() })
        }
        Err(Failed::Other(why)) => Err(DriverError::Refused(why)),
    }
}

/// A line of `conntrack -L -o extended`: the tuple that opened, then the tuple of the answers.
fn parse(line: &str) -> Option<Tracked> {
    let mut words = line.split_ascii_whitespace();
    let _family = (words.next()?, words.next()?);
    let _name = words.next()?;
    let carrier = Carrier::of_protocol(words.next()?.parse().ok()?);
    let mut src = Vec::new();
    let mut dst = Vec::new();
    let mut sport = Vec::new();
    let mut dport = Vec::new();
    let mut kind = None;
    for (key, value) in words.filter_map(|word| word.split_once('=')) {
        match key {
            "src" => src.push(value.parse::<IpAddr>().ok()?),
            "dst" => dst.push(value.parse::<IpAddr>().ok()?),
            "sport" => sport.push(value.parse::<u16>().ok()?),
            "dport" => dport.push(value.parse::<u16>().ok()?),
            "type" => kind = kind.or(value.parse::<u16>().ok()),
            _ => {}
        }
    }
    let (from, asked) = (*src.first()?, *dst.first()?);
    // Who answers is who was spoken to, whatever the name under which that was.
    let to = src.get(1).copied().unwrap_or(asked);
    let port = |ports: &[u16], place: usize| ports.get(place).copied().unwrap_or(0);
    let to_port = match kind {
        Some(kind) => kind,
        None => sport.get(1).copied().unwrap_or_else(|| port(&dport, 0)),
    };
    let opening = Packet {
        mac: None,
        from,
        to,
        carrier,
        from_port: port(&sport, 0),
        to_port,
        established: false,
    };
    Some(Tracked { opening, asked: (asked, port(&dport, 0)) })
}

/// A line for `conntrack -R`.
fn delete(flow: &Tracked, commands: &mut String) {
    let packet = &flow.opening;
    let (asked, port) = flow.asked;
    let family = if packet.from.is_ipv4() { "ipv4" } else { "ipv6" };
    let protocol = packet.carrier.protocol().unwrap_or(0);
    // To write to a string cannot fail.
    let _ = write!(commands, "-D -f {family} -p {protocol} -s {} -d {asked}", packet.from);
    if matches!(packet.carrier, Carrier::Tcp | Carrier::Udp) {
        let _ = write!(commands, " --sport {} --dport {port}", packet.from_port);
    }
    commands.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translated_conversation_is_judged_by_who_answers_and_found_by_who_was_asked() {
        let line = "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.5 dst=192.0.2.1 sport=40000 dport=80 \
                    src=10.0.1.9 dst=198.51.100.4 sport=8080 dport=40000 [ASSURED] mark=0 use=1";
        let flow = parse(line).unwrap();
        assert_eq!(flow.opening.to, "10.0.1.9".parse::<IpAddr>().unwrap());
        assert_eq!((flow.opening.from_port, flow.opening.to_port), (40_000, 8_080));
        let mut commands = String::new();
        delete(&flow, &mut commands);
        assert_eq!(commands, "-D -f ipv4 -p 6 -s 10.0.0.5 -d 192.0.2.1 --sport 40000 --dport 80\n");
    }

    #[test]
    fn a_ping_has_a_type_and_no_ports() {
        let line = "ipv6     10 icmpv6   58 29 src=2a00:1::5 dst=2a00:1::1 type=128 code=0 id=7 \
                    src=2a00:1::1 dst=2a00:1::5 type=129 code=0 id=7 mark=0 use=1";
        let flow = parse(line).unwrap();
        assert_eq!((flow.opening.carrier, flow.opening.to_port), (Carrier::Icmpv6, 128));
        assert_eq!(parse("conntrack v1.4.7 (conntrack-tools): 3 flow entries"), None);
        assert_eq!(parse(""), None);
    }
}
