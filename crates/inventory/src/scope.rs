//! What an address can stand for.

use std::net::{IpAddr, Ipv6Addr};

use cordon_model::Mac;

/// What kind of neighbour an address can stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Nobody: unspecified, broadcast, multicast, reserved.
    Nobody,
    /// This host only.
    Loopback,
    /// This segment only; never forwarded (RFC 3927, RFC 4291).
    Link,
    /// This site (RFC 1918, RFC 4193, RFC 6598).
    Site,
    /// The internet.
    Global,
}

/// What an address can stand for, by how far it reaches.
pub(crate) fn scope(ip: IpAddr) -> Scope {
    use cordon_model::Scope as Reach;
    match cordon_model::scope(ip) {
        Reach::Unspecified | Reach::Multicast => Scope::Nobody,
        // Nobody has an IPv4 address set aside; unassigned IPv6 is used in labs.
        Reach::Reserved if ip.is_ipv4() => Scope::Nobody,
        Reach::Loopback => Scope::Loopback,
        Reach::LinkLocal => Scope::Link,
        Reach::Private | Reach::Shared => Scope::Site,
        Reach::Documentation | Reach::Benchmark | Reach::Reserved | Reach::Public => Scope::Global,
    }
}

/// The link-layer address that an EUI-64 interface identifier was made from (RFC 4291,
/// appendix A).
pub(crate) fn eui64(ip: Ipv6Addr) -> Option<Mac> {
    match ip.octets() {
        [.., a, b, c, 0xff, 0xfe, d, e, f] if a & 1 == 0 => {
            Some(Mac([a ^ 2, b, c, d, e, f])).filter(|mac| mac.is_device())
        }
        _ => None,
    }
}

/// The network that neighbours share: /64, or /24 for IPv4.
pub(crate) fn neighbourhood(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => u64::from(u32::from(ip) >> 8),
        IpAddr::V6(ip) => (u128::from(ip) >> 64) as u64,
    }
}

/// A link-layer address that several routers share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct VirtualRouter {
    /// The protocol that hands it out.
    pub protocol: &'static str,
    /// The group number in it.
    pub group: u16,
}

/// Whether this is a virtual router's address: VRRP and CARP (RFC 9568, 7.3), HSRP, GLBP.
pub(crate) fn virtual_router(mac: Mac) -> Option<VirtualRouter> {
    let (protocol, group) = match mac.0 {
        [0, 0, 0x5e, 0, 1 | 2, group] => ("VRRP", group.into()),
        [0, 0, 0x0c, 7, 0xac, group] => ("HSRP", group.into()),
        [0, 0, 0x0c, 0x9f, high @ 0xf0..=0xff, low] => {
            ("HSRP", u16::from(high & 15) << 8 | u16::from(low))
        }
        [0, 5, 0x73, 0xa0, high @ 0..=0x0f, low] => ("HSRP", u16::from(high) << 8 | u16::from(low)),
        [0, 7, 0xb4, 0, group, _] => ("GLBP", group.into()),
        _ => return None,
    };
    Some(VirtualRouter { protocol, group })
}

/// The maker of a virtual machine or container whose addresses begin like this. Such addresses
/// may have the local bit set and yet are no privacy addresses.
pub(crate) fn virtual_machine(mac: Mac) -> Option<&'static str> {
    Some(match mac.0 {
        [0x52, 0x54, 0x00, ..] => "QEMU/KVM",
        [0x02, 0x42, ..] => "Docker",
        [0x00, 0x50, 0x56, ..] | [0x00, 0x0c, 0x29, ..] | [0x00, 0x05, 0x69, ..] => "VMware",
        [0x08, 0x00, 0x27, ..] | [0x0a, 0x00, 0x27, ..] => "VirtualBox",
        [0x00, 0x15, 0x5d, ..] => "Hyper-V",
        [0x00, 0x16, 0x3e, ..] => "Xen",
        [0x00, 0x1c, 0x42, ..] => "Parallels",
        [0xbc, 0x24, 0x11, ..] => "Proxmox",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_reach_as_far_as_their_rfcs_say() {
        for (text, expected) in [
            ("0.0.0.0", Scope::Nobody),
            ("255.255.255.255", Scope::Nobody),
            ("239.255.255.250", Scope::Nobody),
            ("127.0.0.1", Scope::Loopback),
            ("169.254.3.4", Scope::Link),
            ("172.31.0.1", Scope::Site),
            ("172.32.0.1", Scope::Global),
            ("100.64.0.1", Scope::Site),
            ("::", Scope::Nobody),
            ("::1", Scope::Loopback),
            ("ff02::fb", Scope::Nobody),
            ("fe80::1", Scope::Link),
            ("fd00::1", Scope::Site),
            ("2001:db8::1", Scope::Global),
            ("::ffff:10.0.0.1", Scope::Site),
        ] {
            assert_eq!(scope(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn an_interface_identifier_gives_its_mac_back() {
        let mac = eui64("fe80::217:88ff:fe24:76ff".parse().unwrap());
        assert_eq!(mac, Some("00:17:88:24:76:ff".parse().unwrap()));
        assert_eq!(eui64("fe80::1".parse().unwrap()), None);
    }

    #[test]
    fn shared_router_addresses_are_known() {
        let group =
            |text: &str| virtual_router(text.parse().unwrap()).map(|v| (v.protocol, v.group));
        assert_eq!(group("00:00:5e:00:01:05"), Some(("VRRP", 5)));
        assert_eq!(group("00:00:0c:07:ac:0a"), Some(("HSRP", 10)));
        assert_eq!(group("00:00:0c:9f:f0:01"), Some(("HSRP", 1)));
        assert_eq!(group("00:00:0c:9f:e0:01"), None);
    }
}
