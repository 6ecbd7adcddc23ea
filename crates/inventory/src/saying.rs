//! Sayings: the texts by which a device gives itself away, and how much each kind is worth.

use std::collections::HashMap;

use cordon_model::{App, PacketId, Text, Timestamp};

/// Longest text kept of one saying, in characters.
pub(crate) const MOST_TEXT: usize = 240;
/// Sayings kept of one end; the caps of the single fields add up to more, but no device says all.
const MOST_SAYINGS: usize = 160;

macro_rules! fields {
    ($($variant:ident $name:literal $cap:literal $weight:literal $source:literal $phrase:literal,)*) => {
        /// Where a saying comes from.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub(crate) enum Field { $($variant,)* }

        impl Field {
            /// Every field, in table order.
            pub(crate) const ALL: &'static [Field] = &[$(Field::$variant,)*];

            /// The name that pattern files use.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Field::$variant => $name,)* }
            }

            /// How many different sayings of it are kept of one end.
            const fn cap(self) -> usize {
                match self { $(Field::$variant => $cap,)* }
            }

            /// How sure a pattern that matches it is, unless the pattern says otherwise.
            pub(crate) const fn weight(self) -> f32 {
                match self { $(Field::$variant => $weight,)* }
            }

            /// The source named in reasons.
            pub(crate) const fn source(self) -> &'static str {
                match self { $(Field::$variant => $source,)* }
            }

            /// The words in front of the quoted text.
            pub(crate) const fn phrase(self) -> &'static str {
                match self { $(Field::$variant => $phrase,)* }
            }
        }
    };
}

// Strings that a device says of itself weigh 0.9 and more; strings about whom it talks to, less.
fields! {
    DhcpHostname     "dhcp-hostname"     4  0.92 "dhcp"   "DHCP host name says",
    DhcpVendorClass  "dhcp-vendor"       4  0.92 "dhcp"   "DHCP vendor class says",
    DhcpUserClass    "dhcp-user"         2  0.90 "dhcp"   "DHCP user class says",
    DhcpParameters   "dhcp-parameters"   4  0.45 "dhcp"   "DHCP asks for options",
    DhcpClientId     "dhcp-client-id"    4  0.50 "dhcp"   "DHCP client id is",
    MudUrl           "mud-url"           2  0.90 "mud"    "MUD URL says",
    Dhcp6Fqdn        "dhcpv6-fqdn"       4  0.92 "dhcpv6" "DHCPv6 name says",
    Dhcp6VendorClass "dhcpv6-vendor"     2  0.92 "dhcpv6" "DHCPv6 vendor class says",
    Dhcp6Duid        "dhcpv6-duid"       2  0.50 "dhcpv6" "DHCPv6 client id is",
    MdnsInstance     "mdns-instance"     24 0.92 "mdns"   "mDNS announces",
    MdnsHost         "mdns-host"         6  0.92 "mdns"   "mDNS host name says",
    MdnsTxt          "mdns-txt"          48 0.95 "mdns"   "mDNS says",
    MdnsHostInfo     "mdns-hinfo"        2  0.90 "mdns"   "mDNS host information says",
    Llmnr            "llmnr-name"        3  0.90 "llmnr"  "answers in LLMNR to",
    NetBios          "netbios-name"      6  0.88 "nbns"   "NetBIOS name says",
    SsdpServer       "ssdp-server"       4  0.92 "ssdp"   "SSDP SERVER says",
    SsdpUsn          "ssdp-usn"          16 0.92 "ssdp"   "SSDP USN says",
    SsdpTarget       "ssdp-nt"           24 0.90 "ssdp"   "SSDP announces",
    SsdpHeader       "ssdp-header"       8  0.92 "ssdp"   "SSDP header says",
    SsdpUserAgent    "ssdp-user-agent"   4  0.80 "ssdp"   "SSDP search says",
    UpnpName         "upnp-name"         3  0.95 "upnp"   "UPnP friendly name says",
    UpnpManufacturer "upnp-manufacturer" 3  0.95 "upnp"   "UPnP manufacturer says",
    UpnpModel        "upnp-model"        3  0.95 "upnp"   "UPnP model name says",
    UpnpModelNumber  "upnp-number"       3  0.95 "upnp"   "UPnP model number says",
    UpnpDescription  "upnp-description"  3  0.93 "upnp"   "UPnP model description says",
    UpnpFirmware     "upnp-firmware"     3  0.95 "upnp"   "UPnP firmware version says",
    UpnpType         "upnp-type"         4  0.92 "upnp"   "UPnP device type says",
    UpnpSerial       "upnp-serial"       3  0.50 "upnp"   "UPnP serial number is",
    UpnpUdn          "upnp-udn"          4  0.50 "upnp"   "UPnP device id is",
    HttpServer       "http-server"       6  0.90 "http"   "HTTP server says",
    HttpTitle        "http-title"        6  0.91 "http"   "web page title says",
    HttpRealm        "http-realm"        6  0.92 "http"   "HTTP login asks for",
    HttpUserAgent    "http-user-agent"   12 0.85 "http"   "HTTP client says",
    HttpRequest      "http-request"      24 0.85 "http"   "HTTP request to it says",
    HttpAsks         "http-asks"         24 0.80 "http"   "asks over HTTP for",
    CertSubject      "cert-subject"      4  0.85 "tls"    "certificate is for",
    CertPrint        "cert-print"        2  0.50 "tls"    "certificate fingerprint is",
    ServerName       "sni"               24 0.50 "tls"    "connects over TLS to",
    Ja4              "ja4"               6  0.40 "tls"    "TLS client fingerprint is",
    SshServer        "ssh-server"        3  0.92 "ssh"    "SSH server says",
    SshClient        "ssh-client"        3  0.85 "ssh"    "SSH client says",
    FtpBanner        "ftp"               3  0.92 "ftp"    "FTP server says",
    TelnetBanner     "telnet"            3  0.90 "telnet" "Telnet greeting says",
    SnmpDescription  "snmp-descr"        3  0.95 "snmp"   "SNMP description says",
    SnmpObjectId     "snmp-oid"          3  0.92 "snmp"   "SNMP object id is",
    SnmpName         "snmp-name"         2  0.94 "snmp"   "SNMP name says",
    SnmpEngine       "snmp-engine"       2  0.60 "snmp"   "SNMP engine id is",
    LldpName         "lldp-name"         2  0.95 "lldp"   "LLDP system name says",
    LldpDescription  "lldp-descr"        2  0.95 "lldp"   "LLDP description says",
    LldpVendor       "lldp-vendor"       2  0.95 "lldp"   "LLDP manufacturer says",
    LldpModel        "lldp-model"        2  0.95 "lldp"   "LLDP model says",
    LldpFirmware     "lldp-firmware"     2  0.94 "lldp"   "LLDP software revision says",
    LldpSerial       "lldp-serial"       2  0.50 "lldp"   "LLDP serial number is",
    ProfinetName     "profinet-name"     2  0.94 "lldp"   "PROFINET station name says",
    Capability       "capability"        8  0.85 "lldp"   "says that it is a",
    CdpDevice        "cdp-device"        2  0.94 "cdp"    "CDP device id says",
    CdpPlatform      "cdp-platform"      2  0.95 "cdp"    "CDP platform says",
    CdpSoftware      "cdp-software"      2  0.94 "cdp"    "CDP software says",
    RtspServer       "rtsp-server"       3  0.91 "rtsp"   "RTSP server says",
    RtspRealm        "rtsp-realm"        3  0.91 "rtsp"   "RTSP login asks for",
    RtspUserAgent    "rtsp-user-agent"   3  0.80 "rtsp"   "RTSP client says",
    RtspUrl          "rtsp-url"          6  0.70 "rtsp"   "stream is fetched from it at",
    MqttClient       "mqtt-client"       4  0.88 "mqtt"   "MQTT client id says",
    MqttTopic        "mqtt-topic"        16 0.70 "mqtt"   "publishes over MQTT to",
    MqttSubscribes   "mqtt-subscribes"   8  0.60 "mqtt"   "subscribes over MQTT to",
    CoapPath         "coap-path"         8  0.60 "coap"   "serves over CoAP",
    WpsVendor        "wps-vendor"        2  0.93 "wps"    "WPS manufacturer says",
    WpsModel         "wps-model"         2  0.94 "wps"    "WPS model says",
    WpsName          "wps-name"          2  0.90 "wps"    "WPS device name says",
    Ssid             "ssid"              4  0.60 "wlan"   "its network name is",
    OtVendor         "ot-vendor"         3  0.95 "ot"     "vendor name in its identity says",
    OtProduct        "ot-product"        3  0.95 "ot"     "product name in its identity says",
    OtModel          "ot-model"          3  0.95 "ot"     "model in its identity says",
    OtFirmware       "ot-firmware"       3  0.95 "ot"     "firmware in its identity says",
    OtSerial         "ot-serial"         3  0.50 "ot"     "serial number in its identity is",
    OtName           "ot-name"           3  0.95 "ot"     "name in its identity says",
    OtKind           "ot-kind"           3  0.92 "ot"     "device class in its identity says",
    DnsAsked         "dns"               32 0.45 "dns"    "looks up",
    Identity8021x    "eap-identity"      2  0.60 "eapol"  "802.1X identity says",
    SynShape         "syn"               6  0.45 "tcp"    "first TCP packet looks like",
    Oui              "oui"               1  0.60 "oui"    "address block belongs to",
}

impl Field {
    /// Whether a device has one of it at a time: what is said later replaces what was said.
    const fn is_current(self) -> bool {
        use Field as F;
        matches!(
            self,
            F::DhcpHostname
                | F::Dhcp6Fqdn
                | F::MdnsHost
                | F::Llmnr
                | F::NetBios
                | F::UpnpName
                | F::UpnpFirmware
                | F::SnmpDescription
                | F::SnmpName
                | F::SshServer
                | F::LldpName
                | F::LldpDescription
                | F::LldpFirmware
                | F::ProfinetName
                | F::CdpDevice
                | F::CdpSoftware
                | F::WpsName
                | F::OtFirmware
                | F::OtName
        )
    }
}

/// One text that one end said.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Saying {
    pub field: Field,
    pub text: Text,
    pub packet: PacketId,
    /// When it was last heard.
    pub last: Timestamp,
    /// The protocol that carried it, where the field alone does not tell.
    pub via: Option<App>,
}

/// The different sayings of one end, bounded.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sayings(Vec<Saying>);

impl Sayings {
    /// Adds a text unless it is empty, known or one too many. Where it is known nothing is
    /// allocated.
    pub(crate) fn add(&mut self, field: Field, text: &str, packet: PacketId, at: Timestamp) {
        self.add_via(field, None, text, packet, at);
    }

    /// As [`Sayings::add`], for fields that several protocols share.
    pub(crate) fn add_via(
        &mut self,
        field: Field,
        via: Option<App>,
        text: &str,
        packet: PacketId,
        at: Timestamp,
    ) {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '"');
        if text.is_empty() {
            return;
        }
        let text = shorten(text);
        let mut of_field = 0;
        for saying in self.0.iter_mut().filter(|saying| saying.field == field) {
            if saying.text == text {
                saying.last = at;
                return;
            }
            of_field += 1;
        }
        if of_field < field.cap() && self.0.len() < MOST_SAYINGS {
            self.0.push(Saying { field, text: Text::new(text), packet, last: at, via });
        }
    }

    /// Leaves out what was last heard before `before`; where there is hardly room for more, what
    /// was last heard before `if_crowded`, too. A name or a version is given up that much
    /// sooner, too, where a later one is heard in the same place.
    pub(crate) fn forget(&mut self, before: Timestamp, if_crowded: Timestamp) {
        let mut of_field: HashMap<Field, (usize, Timestamp)> = HashMap::new();
        for saying in &self.0 {
            let (count, latest) = of_field.entry(saying.field).or_insert((0, saying.last));
            *count += 1;
            *latest = (*latest).max(saying.last);
        }
        let full = self.0.len() >= MOST_SAYINGS / 4 * 3;
        self.0.retain(|saying| {
            let (count, latest) = of_field.get(&saying.field).copied().unwrap_or_default();
            let replaced = saying.field.is_current() && latest >= if_crowded;
            let sooner = full || count >= saying.field.cap() || replaced;
            saying.last >= if sooner { if_crowded } else { before }
        });
    }

    /// In the order in which they were heard.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Saying> {
        self.0.iter()
    }
}

fn shorten(text: &str) -> &str {
    if text.len() <= MOST_TEXT {
        return text;
    }
    let end = text.char_indices().nth(MOST_TEXT).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_kept_once_and_a_flood_is_bounded() {
        let mut sayings = Sayings::default();
        for number in 0..100_000_u64 {
            let packet = PacketId { input: 0, number };
            sayings.add(Field::DhcpHostname, "printer", packet, Timestamp::default());
            sayings.add(Field::DnsAsked, &format!("name{number}"), packet, Timestamp::default());
        }
        let count = |field| sayings.iter().filter(|saying| saying.field == field).count();
        assert_eq!(count(Field::DhcpHostname), 1);
        assert_eq!(count(Field::DnsAsked), 32);
        assert_eq!(sayings.iter().next().unwrap().packet.number, 0);
    }

    #[test]
    fn field_names_are_unique() {
        let mut names: Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Field::ALL.len());
    }
}
