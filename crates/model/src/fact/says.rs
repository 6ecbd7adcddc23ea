//! Facts in words: what a device's page and the history show of them.

use std::fmt::{self, Write as _};

use super::{
    Certificate, Dhcp, Dhcpv6, Dns, DnsKind, DnsValue, Ftp, HttpRequest, HttpResponse, HubChild,
    Mqtt, NeighbourMessage, Rtsp, Said, Snmp, Ssdp, SsdpMethod, Ssh, Telnet, UpnpDescription,
};
use crate::Text;
use crate::operation::ControllerIdentity;

/// Characters of a fact in words at most; the rest is in the capture.
pub const MOST_CHARACTERS: usize = 400;

/// Questions, records and names told of one message at most.
const MOST_PARTS: usize = 6;

impl Said {
    /// A short name of the kind, such as `dhcp` or `tls-client-hello`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Said::Arp(_) => "arp",
            Said::Neighbour(_) => "neighbour-discovery",
            Said::Group(_) => "multicast-membership",
            Said::Syn(_) => "tcp-syn",
            Said::Eapol(_) => "802.1x",
            Said::Lldp(_) => "lldp",
            Said::Cdp(_) => "cdp",
            Said::Dhcp(_) => "dhcp",
            Said::Dhcpv6(_) => "dhcpv6",
            Said::Dns(dns) => match dns.kind {
                DnsKind::Dns => "dns",
                DnsKind::Mdns => "mdns",
                DnsKind::Llmnr => "llmnr",
                DnsKind::Nbns => "netbios-name",
            },
            Said::Ssdp(_) => "ssdp",
            Said::Upnp(_) => "upnp-description",
            Said::HubChildren(_) => "hub-children",
            Said::HttpRequest(_) => "http-request",
            Said::HttpResponse(_) => "http-response",
            Said::ClientHello(_) => "tls-client-hello",
            Said::ServerHello(_) => "tls-server-hello",
            Said::Certificates(_) => "tls-certificates",
            Said::Ntp(_) => "ntp",
            Said::Snmp(_) => "snmp",
            Said::Ssh(_) => "ssh",
            Said::Telnet(_) => "telnet",
            Said::Ftp(_) => "ftp",
            Said::Rtsp(_) => "rtsp",
            Said::Mqtt(_) => "mqtt",
            Said::Coap(_) => "coap",
            Said::Operation(_) => "operation",
            Said::Controller { .. } => "controller-identity",
            Said::Credential(_) => "credential",
            Said::AccessPoint(_) => "wifi-access-point",
            Said::WlanClient(_) => "wifi-client",
        }
    }

    /// What was said, in at most 400 characters. Never a secret: where one was
    /// sent, only that fact.
    #[must_use]
    pub fn says(&self) -> String {
        let mut out = Bounded(String::new());
        // Nothing is lost by stopping at the bound, which is the only error there is.
        let _ = self.write(&mut out);
        out.0
    }

    fn write(&self, out: &mut Bounded) -> fmt::Result {
        match self {
            Said::Arp(arp) if arp.reply => {
                write!(out, "{} is at {}", arp.sender_ip, arp.sender_mac)
            }
            Said::Arp(arp) => write!(out, "{} asks for {}", arp.sender_ip, arp.target_ip),
            Said::Neighbour(neighbour) => {
                out.write_str(match neighbour.message {
                    NeighbourMessage::RouterSolicit => "asks for routers",
                    NeighbourMessage::RouterAdvert => "advertises itself as a router",
                    NeighbourMessage::Solicit => "asks for",
                    NeighbourMessage::Advert => "advertises",
                    NeighbourMessage::Redirect => "redirects to",
                })?;
                neighbour.target.map_or(Ok(()), |target| write!(out, " {target}"))
            }
            Said::Group(group) => match group.group {
                Some(address) if group.query => write!(out, "asks who listens to {address}"),
                Some(address) => write!(out, "listens to {address}"),
                None => out.write_str("asks who listens to what"),
            },
            Said::Syn(syn) => {
                write!(out, "ttl {}, window {}, options {}", syn.ttl, syn.window, syn.options)
            }
            Said::Eapol(eapol) => {
                write!(out, "type {}", eapol.kind)?;
                field(out, "identity", eapol.identity.as_ref())
            }
            Said::Lldp(lldp) => {
                write!(out, "chassis {:?}, port {:?}", lldp.chassis, lldp.port)?;
                field(out, "system", lldp.system_name.as_ref())?;
                field(out, "description", lldp.system_description.as_ref())?;
                field(out, "model", lldp.model.as_ref())?;
                field(out, "firmware", lldp.firmware.as_ref())?;
                field(out, "serial", lldp.serial.as_ref())
            }
            Said::Cdp(cdp) => {
                write!(out, "device {:?}", cdp.device)?;
                field(out, "platform", cdp.platform.as_ref())?;
                field(out, "software", cdp.software.as_ref())
            }
            Said::Dhcp(dhcp) => write_dhcp(out, dhcp),
            Said::Dhcpv6(dhcp) => write_dhcpv6(out, dhcp),
            Said::Dns(dns) => write_dns(out, dns),
            Said::Ssdp(ssdp) => write_ssdp(out, ssdp),
            Said::Upnp(upnp) => write_upnp(out, upnp),
            Said::HubChildren(children) => write_children(out, children),
            Said::HttpRequest(request) => write_request(out, request),
            Said::HttpResponse(response) => write_response(out, response),
            Said::ClientHello(hello) => {
                write!(out, "{}", hello.version)?;
                field(out, "for", hello.sni.as_ref())?;
                list(out, "offering", hello.alpn.iter())?;
                write!(out, ", JA4 {}", hello.ja4)
            }
            Said::ServerHello(hello) => {
                write!(out, "{}, suite {:#06x}", hello.version, hello.suite)?;
                field(out, "protocol", hello.alpn.as_ref())
            }
            Said::Certificates(chain) => {
                chain.chain.first().map_or(Ok(()), |first| write_certificate(out, first))
            }
            Said::Ntp(ntp) => {
                write!(out, "version {}, mode {}, stratum {}", ntp.version, ntp.mode, ntp.stratum)
            }
            Said::Snmp(snmp) => write_snmp(out, snmp),
            Said::Ssh(ssh) => write_ssh(out, ssh),
            Said::Telnet(telnet) => match telnet.as_ref() {
                Telnet::Banner(text) => write!(out, "banner {text:?}"),
                Telnet::Login(name) => write!(out, "log-in as {name:?}"),
                Telnet::Refused(name) => write!(out, "log-in as {name:?} refused"),
                Telnet::Negotiates => out.write_str("negotiates options"),
            },
            Said::Ftp(ftp) => write_ftp(out, ftp),
            Said::Rtsp(rtsp) => write_rtsp(out, rtsp),
            Said::Mqtt(mqtt) => write_mqtt(out, mqtt),
            Said::Coap(coap) => {
                write!(out, "code {}.{:02} {}", coap.code >> 5, coap.code & 31, coap.path)
            }
            Said::Operation(act) => {
                write!(
                    out,
                    "{} {} {} {}",
                    act.app.name(),
                    act.name,
                    act.object,
                    match act.outcome {
                        crate::Outcome::Asked => "asked",
                        crate::Outcome::Done => "done",
                        crate::Outcome::Refused => "refused",
                    }
                )
            }
            Said::Controller { app, identity } => write_controller(out, app.name(), identity),
            Said::Credential(_) => out.write_str("sent a credential in clear text"),
            Said::AccessPoint(point) => {
                write!(out, "BSSID {}", point.bssid)?;
                field(out, "network", point.ssid.as_ref())?;
                out.write_str(if point.privacy { ", encrypted" } else { ", open" })
            }
            Said::WlanClient(client) => {
                write!(out, "client {}", client.mac)?;
                field(out, "network", client.ssid.as_ref())
            }
        }
    }
}

/// Text that stops growing at its bound.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MOST_CHARACTERS.saturating_sub(self.0.len());
        let mut end = room.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.push_str(text.get(..end).unwrap_or_default());
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

fn field(out: &mut Bounded, name: &str, value: Option<&Text>) -> fmt::Result {
    let comma = if out.0.is_empty() { "" } else { ", " };
    value.map_or(Ok(()), |value| write!(out, "{comma}{name} {value:?}"))
}

fn list(
    out: &mut Bounded,
    name: &str,
    values: impl ExactSizeIterator<Item = impl fmt::Display>,
) -> fmt::Result {
    let all = values.len();
    for (place, value) in values.take(MOST_PARTS).enumerate() {
        match place {
            0 => write!(out, "{}{name} {value}", if out.0.is_empty() { "" } else { ", " })?,
            _ => write!(out, ", {value}")?,
        }
    }
    if all > MOST_PARTS { write!(out, " and {} more", all - MOST_PARTS) } else { Ok(()) }
}

fn write_dhcp(out: &mut Bounded, dhcp: &Dhcp) -> fmt::Result {
    write!(out, "{:?}", dhcp.message)?;
    if let Some(ip) = dhcp.your_ip.or(dhcp.requested_ip).or(dhcp.client_ip) {
        write!(out, " {ip}")?;
    }
    field(out, "host name", dhcp.hostname.as_ref())?;
    field(out, "vendor class", dhcp.vendor_class.as_ref())?;
    list(out, "options asked for:", dhcp.parameters.iter())?;
    field(out, "MUD", dhcp.mud_url.as_ref())
}

fn write_dhcpv6(out: &mut Bounded, dhcp: &Dhcpv6) -> fmt::Result {
    write!(out, "message {}", dhcp.message)?;
    list(out, "addresses", dhcp.addresses.iter())?;
    field(out, "name", dhcp.fqdn.as_ref())?;
    field(out, "vendor class", dhcp.vendor_class.as_ref().map(|(_, class)| class))
}

fn write_dns(out: &mut Bounded, dns: &Dns) -> fmt::Result {
    if !dns.response {
        let questions = dns.questions.iter().map(|question| question.name.as_str());
        return list(out, "asks for", questions);
    }
    let mut told = 0;
    for record in &dns.records {
        let value = match &record.value {
            DnsValue::Address(ip) => ip.to_string(),
            DnsValue::Name(name) => name.to_string(),
            DnsValue::Service(host, port) => format!("{host}:{port}"),
            DnsValue::Texts(texts) => texts.join(" "),
            DnsValue::Host(cpu, os) => format!("{cpu} {os}"),
            DnsValue::NodeNames(names) => names.join(" "),
            DnsValue::Other => continue,
        };
        let comma = if told == 0 { "" } else { ", " };
        write!(out, "{comma}{} is {value}", record.name)?;
        told += 1;
        if told == MOST_PARTS {
            break;
        }
    }
    match (told, dns.rcode) {
        (0, 3) => list(out, "no such name:", dns.questions.iter().map(|asked| asked.name.as_str())),
        (0, code) => write!(out, "answer without records, code {code}"),
        _ => Ok(()),
    }
}

fn write_ssdp(out: &mut Bounded, ssdp: &Ssdp) -> fmt::Result {
    out.write_str(match ssdp.method {
        SsdpMethod::Notify => "announces",
        SsdpMethod::Search => "searches",
        SsdpMethod::Response => "answers",
    })?;
    field(out, "target", ssdp.target.as_ref())?;
    field(out, "server", ssdp.server.as_ref())?;
    field(out, "location", ssdp.location.as_ref())?;
    field(out, "user agent", ssdp.user_agent.as_ref())
}

fn write_upnp(out: &mut Bounded, upnp: &UpnpDescription) -> fmt::Result {
    field(out, "name", upnp.friendly_name.as_ref())?;
    field(out, "made by", upnp.manufacturer.as_ref())?;
    field(out, "model", upnp.model_name.as_ref())?;
    field(out, "number", upnp.model_number.as_ref())?;
    field(out, "firmware", upnp.firmware.as_ref())
}

fn write_children(out: &mut Bounded, children: &[HubChild]) -> fmt::Result {
    let names = children.iter().map(|child| child.name.as_ref().unwrap_or(&child.key));
    list(out, "stands for", names)
}

fn write_request(out: &mut Bounded, request: &HttpRequest) -> fmt::Result {
    let host = request.host.as_deref().unwrap_or_default();
    // A query may carry a secret; the path names what was asked for.
    let path = request.path.split('?').next().unwrap_or_default();
    write!(out, "{} {host}{path}", request.method)?;
    field(out, "user agent", request.user_agent.as_ref())
}

fn write_response(out: &mut Bounded, response: &HttpResponse) -> fmt::Result {
    write!(out, "status {}", response.status)?;
    field(out, "server", response.server.as_ref())?;
    field(out, "title", response.title.as_ref())
}

fn write_certificate(out: &mut Bounded, certificate: &Certificate) -> fmt::Result {
    write!(out, "{:?} by {:?}", certificate.subject, certificate.issuer)?;
    write!(out, ", valid until {}", certificate.not_after)
}

fn write_snmp(out: &mut Bounded, snmp: &Snmp) -> fmt::Result {
    write!(out, "{:?} {}", snmp.version, snmp.pdu)?;
    field(out, "description", snmp.sys_descr.as_ref())?;
    field(out, "name", snmp.sys_name.as_ref())?;
    field(out, "location", snmp.sys_location.as_ref())
}

fn write_ssh(out: &mut Bounded, ssh: &Ssh) -> fmt::Result {
    field(out, "banner", ssh.banner.as_ref())?;
    list(out, "host keys", ssh.host_keys.iter())?;
    list(out, "ciphers", ssh.ciphers.iter())
}

fn write_ftp(out: &mut Bounded, ftp: &Ftp) -> fmt::Result {
    match ftp {
        Ftp::Banner(text) => write!(out, "banner {text:?}"),
        Ftp::System(text) => write!(out, "system {text:?}"),
        Ftp::Login(name) => write!(out, "log-in as {name:?}"),
        Ftp::Refused(name) => write!(out, "log-in as {name:?} refused"),
        Ftp::Retrieves(file) => write!(out, "fetches {file:?}"),
        Ftp::Stores(file) => write!(out, "stores {file:?}"),
        Ftp::StartsTls => out.write_str("starts TLS"),
    }
}

fn write_rtsp(out: &mut Bounded, rtsp: &Rtsp) -> fmt::Result {
    if let Some(method) = &rtsp.method {
        out.write_str(method)?;
    }
    if let Some(status) = rtsp.status {
        write!(out, "status {status}")?;
    }
    field(out, "server", rtsp.server.as_ref())?;
    field(out, "user agent", rtsp.user_agent.as_ref())
}

fn write_mqtt(out: &mut Bounded, mqtt: &Mqtt) -> fmt::Result {
    match mqtt {
        Mqtt::Connect { client_id, user, .. } => {
            write!(out, "connects as {client_id:?}")?;
            field(out, "user", user.as_ref())
        }
        Mqtt::Connack(0) => out.write_str("accepts the connection"),
        Mqtt::Connack(code) => write!(out, "refuses the connection, code {code}"),
        Mqtt::Publish { topic, .. } => write!(out, "publishes to {topic:?}"),
        Mqtt::Subscribe(topics) => list(out, "subscribes to", topics.iter()),
        Mqtt::Other(kind) => write!(out, "packet type {kind}"),
    }
}

fn write_controller(out: &mut Bounded, app: &str, identity: &ControllerIdentity) -> fmt::Result {
    out.write_str(app)?;
    field(out, "vendor", identity.vendor.as_ref())?;
    field(out, "product", identity.product.as_ref())?;
    field(out, "model", identity.model.as_ref())?;
    field(out, "firmware", identity.firmware.as_ref())?;
    field(out, "serial", identity.serial.as_ref())?;
    field(out, "name", identity.name.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Ssdp;

    #[test]
    fn a_fact_in_words_is_bounded_and_cut_between_characters() {
        let said = Said::Telnet(Box::new(Telnet::Banner("ä".repeat(1000).into())));
        let says = said.says();
        assert!(says.len() <= MOST_CHARACTERS && says.ends_with('ä'), "{says}");
    }

    #[test]
    fn a_query_string_is_never_told() {
        let request = HttpRequest {
            method: "GET".into(),
            host: Some("camera".into()),
            path: "/cgi?user=admin&password=x".into(),
            ..HttpRequest::default()
        };
        assert_eq!(Said::HttpRequest(Box::new(request)).says(), "GET camera/cgi");
    }

    #[test]
    fn an_announcement_reads_as_a_sentence() {
        let ssdp = Ssdp {
            method: SsdpMethod::Notify,
            target: Some("upnp:rootdevice".into()),
            subtype: None,
            usn: None,
            server: Some("Linux UPnP/1.0".into()),
            user_agent: None,
            location: None,
            others: Vec::new(),
        };
        let said = Said::Ssdp(Box::new(ssdp));
        assert_eq!(said.kind(), "ssdp");
        assert_eq!(said.says(), "announces, target \"upnp:rootdevice\", server \"Linux UPnP/1.0\"");
    }
}
