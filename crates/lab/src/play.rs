//! The table of acts: what a row of activity can say.

use serde::Deserialize;

use crate::error::SiteError;
use crate::proto;
use crate::stage::Stage;

macro_rules! acts {
    ($($variant:ident $act:ty,)*) => {
        /// What somebody does; the row's `act` is the name in lower case with hyphens.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(tag = "act", rename_all = "kebab-case")]
        pub(crate) enum Act { $($variant(Box<$act>),)* }

        impl Act {
            /// Puts the conversation on the stage.
            pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
                match self { $(Act::$variant(act) => act.play(stage),)* }
            }
        }
    };
}

acts! {
    ArpAnnounce proto::arp::Announce,
    Ping proto::icmp::Ping,
    Ipv6Join proto::ndp::Join,
    IgmpJoin proto::igmp::Join,
    IgmpQuery proto::igmp::Query,
    Lldp proto::lldp::Send,
    Cdp proto::cdp::Send,
    Eapol proto::eapol::Start,
    Dhcp proto::dhcp::Lease,
    Dhcpv6 proto::dhcpv6::Lease,
    Dns proto::dns::LookUp,
    MdnsAnnounce proto::mdns::Announce,
    MdnsQuery proto::mdns::Browse,
    Llmnr proto::llmnr::LookUp,
    NbnsRegister proto::nbns::Register,
    NbnsStatus proto::nbns::Status,
    SsdpNotify proto::upnp::Notify,
    SsdpSearch proto::upnp::Search,
    UpnpDescribe proto::upnp::Describe,
    UpnpMap proto::upnp::MapPort,
    Http proto::http::Fetch,
    Tls proto::tls::Session,
    Quic proto::quic::Session,
    Ntp proto::ntp::Ask,
    Snmp proto::snmp::Poll,
    Ssh proto::ssh::Session,
    Telnet proto::telnet::Session,
    Ftp proto::ftp::Session,
    Rtsp proto::rtsp::Session,
    Mqtt proto::mqtt::Session,
    Coap proto::coap::Exchange,
    Modbus proto::modbus::Session,
    Dnp3 proto::dnp3::Session,
    S7 proto::s7::Session,
    Enip proto::enip::Session,
    Bacnet proto::bacnet::Session,
}
