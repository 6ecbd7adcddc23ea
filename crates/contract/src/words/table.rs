//! What services are for, in the words of people who use them: one row each, from which contracts
//! are read aloud and rehearsals say what somebody would have missed.

use cordon_model::App;

use crate::document::{Carrier, Entry};

/// What a service is for. `{}` stands for the other end.
#[derive(Debug)]
pub(super) struct Service {
    /// Application by which it is recognised, before any port is.
    app: Option<App>,
    tcp: &'static [u16],
    udp: &'static [u16],
    /// What the device does that uses it.
    pub uses: &'static str,
    /// What the device does that offers it.
    pub offers: &'static str,
    /// What is missed where it is gone.
    pub missed: &'static str,
    /// Whether every device needs it, so that it says nothing about this one.
    pub basic: bool,
}

macro_rules! services {
    ($($app:expr, tcp[$($tcp:literal),*] udp[$($udp:literal),*] $uses:literal $offers:literal $missed:literal $basic:literal;)*) => {
        const SERVICES: &[Service] = &[$(Service {
            app: $app, tcp: &[$($tcp),*], udp: &[$($udp),*],
            uses: $uses, offers: $offers, missed: $missed, basic: $basic,
        },)*];
    };
}

services! {
    Some(App::Dns), tcp[53] udp[53] "asks {} for the addresses of names" "answers {} when names are asked for" "finding names" true;
    None, tcp[853] udp[853] "asks {} for the addresses of names, encrypted" "answers {} when names are asked for, encrypted" "finding names" true;
    Some(App::Dhcp), tcp[] udp[67, 68] "asks {} for an address" "gives {} an address" "getting an address" true;
    Some(App::Dhcpv6), tcp[] udp[546, 547] "asks {} for an IPv6 address" "gives {} an IPv6 address" "getting an address" true;
    Some(App::Ntp), tcp[] udp[123] "sets its clock by {}" "gives {} the time" "the right time" true;
    Some(App::Mdns), tcp[] udp[5353] "announces itself and looks for others nearby ({})" "is found nearby by {}" "being found nearby" true;
    Some(App::Ssdp), tcp[] udp[1900] "announces itself and looks for others nearby ({})" "is found nearby by {}" "being found nearby" true;
    Some(App::Llmnr), tcp[] udp[5355] "asks {} for names nearby" "answers {} when names nearby are asked for" "finding names nearby" true;
    Some(App::Nbns), tcp[] udp[137, 138] "tells {} its Windows name" "answers {} about its Windows name" "finding names nearby" true;
    Some(App::Modbus), tcp[502] udp[] "works with the values of the controller {} (Modbus)" "lets {} work with its values (Modbus)" "readings and commands (Modbus)" false;
    Some(App::Dnp3), tcp[20000] udp[20000] "works with the points of {} (DNP3)" "lets {} work with its points (DNP3)" "readings and commands (DNP3)" false;
    Some(App::S7comm), tcp[102] udp[] "works with the controller {} (S7)" "lets {} work with it (S7)" "readings and commands (S7)" false;
    Some(App::Enip), tcp[44818] udp[44818, 2222] "works with the controller {} (EtherNet/IP)" "lets {} work with it (EtherNet/IP)" "readings and commands (EtherNet/IP)" false;
    Some(App::Bacnet), tcp[] udp[47808] "works with the building controls of {} (BACnet)" "lets {} work with its building controls (BACnet)" "heating, air and light controls (BACnet)" false;
    None, tcp[4840] udp[] "works with the values of {} (OPC UA)" "lets {} work with its values (OPC UA)" "readings and commands (OPC UA)" false;
    None, tcp[104, 11112] udp[] "exchanges medical images with {} (DICOM)" "takes and gives medical images of {} (DICOM)" "medical images" false;
    None, tcp[2575] udp[] "exchanges patient messages with {} (HL7)" "takes patient messages of {} (HL7)" "patient messages" false;
    Some(App::Rtsp), tcp[554, 8554] udp[] "fetches video from {}" "shows {} its video" "the picture of the camera" false;
    None, tcp[8009] udp[] "casts to {}" "is cast to by {}" "casting" false;
    None, tcp[7000, 7100] udp[] "plays to {} (AirPlay)" "is played to by {} (AirPlay)" "AirPlay" false;
    None, tcp[1400] udp[] "commands the loudspeaker {}" "takes commands of {} as a loudspeaker" "music" false;
    None, tcp[9100, 515, 631] udp[] "prints at {}" "prints for {}" "printing" false;
    None, tcp[5060, 5061] udp[5060, 5061] "makes calls by {}" "takes calls of {}" "calls" false;
    None, tcp[] udp[3478, 19302] "asks {} how to be reached for calls" "tells {} how to be reached" "calls and remote pictures" false;
    Some(App::Mqtt), tcp[1883] udp[] "exchanges messages with {}, unencrypted (MQTT)" "passes messages of {} on, unencrypted (MQTT)" "states and commands (MQTT)" false;
    None, tcp[8883] udp[] "exchanges messages with {}, encrypted (MQTT)" "passes messages of {} on, encrypted (MQTT)" "states and commands (MQTT)" false;
    Some(App::Coap), tcp[] udp[5683] "asks and commands {} (CoAP)" "is asked and commanded by {} (CoAP)" "states and commands (CoAP)" false;
    None, tcp[] udp[5684] "asks and commands {}, encrypted (CoAP)" "is asked and commanded by {}, encrypted (CoAP)" "states and commands (CoAP)" false;
    Some(App::Telnet), tcp[23, 2323] udp[] "logs in to {}, unencrypted (Telnet)" "lets {} log in, unencrypted (Telnet)" "remote logins" false;
    Some(App::Ssh), tcp[22] udp[] "logs in to {}, encrypted (SSH)" "lets {} log in, encrypted (SSH)" "remote logins" false;
    None, tcp[3389] udp[] "shows the screen of {} (RDP)" "shows {} its screen (RDP)" "remote screens" false;
    None, tcp[5900] udp[] "shows the screen of {} (VNC)" "shows {} its screen (VNC)" "remote screens" false;
    Some(App::Ftp), tcp[21] udp[] "exchanges files with {}, unencrypted (FTP)" "exchanges files with {}, unencrypted (FTP)" "file transfers" false;
    None, tcp[445, 139] udp[] "uses files of {} (Windows shares)" "lends {} files (Windows shares)" "shared files" false;
    None, tcp[2049] udp[2049] "uses files of {} (NFS)" "lends {} files (NFS)" "shared files" false;
    None, tcp[25, 465, 587] udp[] "sends mail by {}" "takes mail of {}" "mail" false;
    None, tcp[143, 993, 110, 995] udp[] "fetches mail from {}" "keeps mail for {}" "mail" false;
    None, tcp[514, 6514] udp[514] "sends {} its log" "takes the log of {}" "its log" false;
    Some(App::Snmp), tcp[] udp[161, 162] "is asked by and reports to {} (SNMP)" "is supervised by {} (SNMP)" "supervision" false;
    Some(App::Http), tcp[80, 8080, 8000, 8008, 8081, 8888] udp[] "uses pages of {}, unencrypted" "shows {} its pages, unencrypted" "its pages" false;
    Some(App::Quic), tcp[] udp[443] "talks with {}, encrypted" "is talked with by {}, encrypted" "its service on the Internet" false;
    Some(App::Tls), tcp[443, 8443] udp[] "talks with {}, encrypted" "is talked with by {}, encrypted" "its service on the Internet" false;
}

/// What an entry is about, if it is something that people know.
pub(super) fn of_entry(entry: &Entry) -> Option<&'static Service> {
    let port = match entry.ports.as_slice() {
        [one] if one.is_one() => Some(one.first()),
        _ => None,
    };
    of(entry.app, entry.transport, port)
}

/// What a service is, by its application or else by its port.
pub(super) fn of(
    app: Option<App>,
    carrier: Carrier,
    port: Option<u16>,
) -> Option<&'static Service> {
    let by_port = || {
        let port = port?;
        SERVICES.iter().find(|service| match carrier {
            Carrier::Tcp => service.tcp.contains(&port),
            Carrier::Udp => service.udp.contains(&port),
            _ => false,
        })
    };
    let by_app = || app.and_then(|app| SERVICES.iter().find(|service| service.app == Some(app)));
    // An encrypted conversation is told by its port what it is about.
    match app {
        Some(App::Tls | App::Quic | App::Http) | None => by_port().or_else(by_app),
        Some(_) => by_app().or_else(by_port),
    }
}
