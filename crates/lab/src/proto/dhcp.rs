//! DHCP (RFC 2131, RFC 2132).

use std::net::{IpAddr, Ipv4Addr};

use cordon_model::Mac;
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::{Ip, udp};
use crate::stage::Stage;

const CLIENT_PORT: u16 = 68;
const SERVER_PORT: u16 = 67;
const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const COOKIE: u32 = 0x6382_5363;
/// Shorter messages are padded, as BOOTP relays ask for it.
const SHORTEST: usize = 300;

/// How a device's client shows itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Client {
    pub(crate) hostname: Option<String>,
    class: Option<String>,
    user_class: Option<String>,
    /// Option 55 in its order.
    parameters: Vec<u8>,
    /// Option codes in their order; those that a message has no value for are left out.
    #[serde(default = "usual_order")]
    options: Vec<u8>,
    #[serde(default = "usual_size")]
    max_size: u16,
    mud_url: Option<String>,
}

/// A device gets an address, or another one than before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Lease {
    from: String,
    /// The address that the server gives; the one that the device has, without.
    address: Option<Ipv4Addr>,
    /// Whether the client knows the address from before, and only asks for it.
    #[serde(default)]
    known: bool,
}

impl Lease {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (device, mac, network) = stage.inside(&self.from)?;
        let none = || SiteError::new(format!("device {:?} needs a `dhcp` table", self.from));
        let client = device.dhcp.as_ref().ok_or_else(none)?;
        let (server, server_mac, _) = stage.inside(&network.dhcp)?;
        let (router, _, _) = stage.inside(&network.router)?;
        let (resolver, _, _) = stage.inside(&network.dns)?;
        let host = stage.host(&self.from)?;
        let address = self.address.unwrap_or_else(|| stage.ip_of(host));
        let xid = stage.rng.u32();
        let offer = Offer {
            server: server.ip,
            router: router.ip,
            resolver: resolver.ip,
            domain: &network.domain,
            mask: u32::MAX
                .checked_shl(u32::from(32_u8.saturating_sub(network.prefix)))
                .unwrap_or(0),
        };
        let steps: &[(u8, u8)] =
            if self.known { &[(REQUEST, ACK)] } else { &[(DISCOVER, OFFER), (REQUEST, ACK)] };
        for (asks, answers) in steps {
            let chosen = (*asks == REQUEST).then_some(address);
            let server_id = chosen.filter(|_| !self.known).map(|_| server.ip);
            let message = head(1, xid, mac, Ipv4Addr::UNSPECIFIED)
                .put(client.options(*asks, mac, chosen, server_id))
                .u8(255);
            broadcast(stage, network.vlan, (mac, Ipv4Addr::UNSPECIFIED), CLIENT_PORT, message);
            stage.wait_millis(3);
            let message = head(2, xid, mac, address).put(offer.options(*answers)).u8(255);
            broadcast(stage, network.vlan, (server_mac, server.ip), SERVER_PORT, message);
            stage.wait_millis(9);
        }
        stage.set_ip(host, address);
        Ok(())
    }
}

impl Client {
    fn options(
        &self,
        message: u8,
        mac: Mac,
        chosen: Option<Ipv4Addr>,
        server: Option<Ipv4Addr>,
    ) -> Bytes {
        let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
        self.options.iter().fold(Bytes::new(), |bytes, code| {
            let value = match code {
                12 => text(&self.hostname),
                50 => chosen.map(|ip| ip.octets().to_vec()),
                53 => Some(vec![message]),
                54 => server.map(|ip| ip.octets().to_vec()),
                55 => Some(self.parameters.clone()),
                57 => Some(self.max_size.to_be_bytes().to_vec()),
                60 => text(&self.class),
                61 => Some(Bytes::new().u8(1).put(mac.0).done()),
                77 => text(&self.user_class),
                81 => self.hostname.as_ref().map(|n| Bytes::new().put([0, 0, 0]).put(n).done()),
                161 => text(&self.mud_url),
                _ => None,
            };
            match value {
                Some(value) => option(bytes, *code, value),
                None => bytes,
            }
        })
    }
}

/// What the server gives beside the address.
struct Offer<'a> {
    server: Ipv4Addr,
    router: Ipv4Addr,
    resolver: Ipv4Addr,
    domain: &'a str,
    mask: u32,
}

impl Offer<'_> {
    fn options(&self, message: u8) -> Bytes {
        let bytes = option(Bytes::new(), 53, [message]);
        let bytes = option(bytes, 54, self.server.octets());
        let bytes = option(bytes, 51, 86_400_u32.to_be_bytes());
        let bytes = option(bytes, 1, self.mask.to_be_bytes());
        let bytes = option(bytes, 3, self.router.octets());
        let bytes = option(bytes, 6, self.resolver.octets());
        option(bytes, 15, self.domain)
    }
}

fn option(bytes: Bytes, code: u8, value: impl AsRef<[u8]>) -> Bytes {
    bytes.u8(code).sized8(|b| b.put(value))
}

fn head(operation: u8, xid: u32, mac: Mac, your_ip: Ipv4Addr) -> Bytes {
    let bytes = Bytes::new().put([operation, 1, 6, 0]).u32(xid).u16(0).u16(0x8000).u32(0);
    bytes.put(your_ip.octets()).u64(0).put(mac.0).zeros(10 + 64 + 128).u32(COOKIE)
}

fn broadcast(
    stage: &mut Stage<'_>,
    vlan: Option<u16>,
    from: (Mac, Ipv4Addr),
    from_port: u16,
    message: Bytes,
) {
    let to_port = if from_port == CLIENT_PORT { SERVER_PORT } else { CLIENT_PORT };
    let padding = SHORTEST.saturating_sub(message.len());
    let (source, to) = (IpAddr::V4(from.1), IpAddr::V4(Ipv4Addr::BROADCAST));
    let ip = Ip { from: source, to, ttl: 64, protocol: 17, id: stage.rng.u16(), alert: false };
    let datagram = udp(&ip, from_port, to_port, message.zeros(padding).as_ref());
    stage.packet(vlan, from.0, Mac::BROADCAST, &ip, &datagram);
}

fn usual_order() -> Vec<u8> {
    vec![53, 61, 50, 54, 57, 12, 60, 77, 55, 161]
}

fn usual_size() -> u16 {
    1500
}
