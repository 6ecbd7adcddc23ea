//! From facts and flows to what is remembered of each end.

mod application;
mod discovery;
mod network;
mod operational;
mod traffic;

use cordon_model::{Fact, PacketId, Said};

use crate::ends::End;
use crate::inventory::Inventory;
use crate::saying::Field;

pub(crate) use traffic::flow;

/// Sorts a fact to those who understand it.
pub(crate) fn fact(inventory: &mut Inventory, fact: &Fact) {
    match &fact.said {
        Said::Arp(arp) => network::arp(inventory, fact, arp),
        Said::Neighbour(neighbour) => network::neighbour(inventory, fact, neighbour),
        Said::Group(group) => network::group(inventory, fact, group),
        Said::Syn(syn) => network::syn(inventory, fact, syn),
        Said::Eapol(eapol) => network::eapol(inventory, fact, eapol),
        Said::Dhcp(dhcp) => network::dhcp(inventory, fact, dhcp),
        Said::Dhcpv6(dhcp) => network::dhcpv6(inventory, fact, dhcp),
        Said::Lldp(lldp) => discovery::lldp(inventory, fact, lldp),
        Said::Cdp(cdp) => discovery::cdp(inventory, fact, cdp),
        Said::Dns(dns) => discovery::dns(inventory, fact, dns),
        Said::Ssdp(ssdp) => discovery::ssdp(inventory, fact, ssdp),
        Said::Upnp(upnp) => discovery::upnp(inventory, fact, upnp),
        Said::AccessPoint(ap) => discovery::access_point(inventory, fact, ap),
        Said::WlanClient(client) => discovery::wlan_client(inventory, fact, client),
        Said::HubChildren(children) => application::hub_children(inventory, fact, children),
        Said::HttpRequest(request) => application::http_request(inventory, fact, request),
        Said::HttpResponse(response) => application::http_response(inventory, fact, response),
        Said::ClientHello(hello) => application::client_hello(inventory, fact, hello),
        Said::Certificates(chain) => application::certificates(inventory, fact, chain),
        Said::Snmp(snmp) => application::snmp(inventory, fact, snmp),
        Said::Ssh(ssh) => application::ssh(inventory, fact, ssh),
        Said::Telnet(telnet) => application::telnet(inventory, fact, telnet),
        Said::Ftp(ftp) => application::ftp(inventory, fact, ftp),
        Said::Rtsp(rtsp) => application::rtsp(inventory, fact, rtsp),
        Said::Mqtt(mqtt) => application::mqtt(inventory, fact, mqtt),
        Said::Coap(coap) => application::coap(inventory, fact, coap),
        Said::Operation(operation) => operational::operation(inventory, fact, operation),
        Said::Controller { app, identity } => {
            operational::controller(inventory, fact, *app, identity);
        }
        _ => {
            inventory.speaker(fact);
        }
    }
}

impl End {
    /// Keeps a text that it said.
    #[inline]
    fn says(&mut self, field: Field, text: &str, packet: PacketId) {
        self.sayings.add(field, text, packet, self.touched);
    }

    /// Keeps a text, if there is one.
    #[inline]
    fn may_say(
        &mut self,
        field: Field,
        text: Option<&(impl AsRef<str> + ?Sized)>,
        packet: PacketId,
    ) {
        if let Some(text) = text {
            self.sayings.add(field, text.as_ref(), packet, self.touched);
        }
    }
}
