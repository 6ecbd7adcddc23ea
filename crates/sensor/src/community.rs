//! Community ID v1, seed 0 (<https://github.com/corelight/community-id-spec>): the same name for
//! a flow in cordon, Zeek, Suricata and Arkime.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_model::{Party, Text, Transport};
use sha1::{Digest, Sha1};

use crate::key::number;

/// The id of a flow between two ends; none without addresses.
#[must_use]
pub fn id(transport: Transport, ends: (&Party, &Party)) -> Option<Text> {
    let (from, to) = (ends.0.ip?, ends.1.ip?);
    let ports = ends.0.port.zip(ends.1.port);
    let (ports, one_way) = match transport {
        Transport::Icmp | Transport::Icmpv6 => {
            let kind = ends.0.port?;
            match counterpart(transport, kind) {
                Some(answer) => (Some((kind, answer)), false),
                None => (Some((kind, 0)), true),
            }
        }
        _ => (ports, false),
    };
    let ordered = one_way
        || (octets(from), ports.map(|(port, _)| port)) <= (octets(to), ports.map(|(_, port)| port));
    let (low, high) = if ordered { (from, to) } else { (to, from) };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    hash.update(octets(low));
    hash.update(octets(high));
    hash.update([number(transport), 0]);
    if let Some((a, b)) = ports {
        let (low, high) = if ordered { (a, b) } else { (b, a) };
        hash.update(low.to_be_bytes());
        hash.update(high.to_be_bytes());
    }
    Some(format!("1:{}", STANDARD.encode(hash.finalize())).as_str().into())
}

/// The type that answers an ICMP type, where there is one.
#[must_use]
pub fn counterpart(transport: Transport, kind: u16) -> Option<u16> {
    const V4: &[(u16, u16)] = &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];
    const V6: &[(u16, u16)] =
        &[(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)];
    let pairs = if transport == Transport::Icmp { V4 } else { V6 };
    pairs.iter().find_map(|(ask, answer)| match kind {
        kind if kind == *ask => Some(*answer),
        kind if kind == *answer => Some(*ask),
        _ => None,
    })
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(ip: &str, port: u16) -> Party {
        Party { mac: None, ip: ip.parse().ok(), port: Some(port) }
    }

    #[test]
    fn the_published_example_comes_out_from_either_direction() {
        let (a, b) = (party("128.232.110.120", 34855), party("66.35.250.204", 80));
        let expected = Some("1:LQU9qZlK+B5F3KDmev6m5PMibrg=".into());
        assert_eq!(id(Transport::Tcp, (&a, &b)), expected);
        assert_eq!(id(Transport::Tcp, (&b, &a)), expected);
    }
}
