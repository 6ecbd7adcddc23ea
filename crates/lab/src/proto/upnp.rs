//! UPnP: SSDP announcements and searches, device descriptions, port mappings (UPnP Device
//! Architecture 2.0, WANIPConnection:1).

use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use super::http;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::stage::Stage;

const PORT: u16 = 1900;
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
const CONNECTION: &str = "urn:schemas-upnp-org:service:WANIPConnection:1";

/// What a device describes of itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Description {
    device_type: String,
    friendly_name: String,
    manufacturer: String,
    model_name: String,
    model_number: Option<String>,
    model_description: Option<String>,
    serial: Option<String>,
    udn: String,
    /// SERVER header.
    server: String,
    port: u16,
    path: String,
    #[serde(default)]
    services: Vec<String>,
    /// Further SSDP headers.
    #[serde(default)]
    headers: Vec<(String, String)>,
}

/// `ssdp:alive` for the device and its parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Notify {
    from: String,
}

/// M-SEARCH; every device of the segment that has a description answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Search {
    from: String,
    target: String,
    agent: Option<String>,
}

/// A device fetches another's description.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Describe {
    from: String,
    to: String,
    agent: Option<String>,
}

/// A device has its router open a port to the Internet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct MapPort {
    from: String,
    to: String,
    external: u16,
    internal: u16,
    description: String,
}

impl Notify {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let own = description(stage, &self.from)?;
        let ip = stage.ip_of(stage.host(&self.from)?);
        let source_port = stage.next_port(stage.host(&self.from)?);
        for target in ["upnp:rootdevice", own.udn.as_str(), own.device_type.as_str()] {
            let message = format!(
                "NOTIFY * HTTP/1.1\r\n\
                    HOST: {GROUP}:{PORT}\r\n\
                    CACHE-CONTROL: max-age=1800\r\n\
                    LOCATION: {}\r\n\
                    SERVER: {}\r\n\
                    NTS: ssdp:alive\r\n\
                    NT: {target}\r\n\
                    USN: {}\r\n\
                    {}\r\n",
                own.location(ip),
                own.server,
                own.usn(target),
                own.more_headers(),
            );
            let group = (IpAddr::V4(GROUP), 4);
            stage.spread(
                &self.from,
                IpAddr::V4(ip),
                group,
                (source_port, PORT),
                message.as_bytes(),
            )?;
            stage.wait_millis(40);
        }
        Ok(())
    }
}

impl Search {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let (_, _, network) = stage.inside(&self.from)?;
        let host = stage.host(&self.from)?;
        let (source, port) = (IpAddr::V4(stage.ip_of(host)), stage.next_port(host));
        let agent = self.agent.as_ref().map(|a| format!("USER-AGENT: {a}\r\n")).unwrap_or_default();
        let message = format!(
            "M-SEARCH * HTTP/1.1\r\n\
                HOST: {GROUP}:{PORT}\r\n\
                MAN: \"ssdp:discover\"\r\n\
                MX: 2\r\n\
                ST: {}\r\n\
                {agent}\r\n",
            self.target
        );
        let group = (IpAddr::V4(GROUP), 4);
        stage.spread(&self.from, source, group, (port, PORT), message.as_bytes())?;
        for device in &stage.site.devices {
            let Some(own) = &device.upnp else { continue };
            let here = device.network.as_deref() == Some(network.name.as_str());
            let all = ["ssdp:all", "upnp:rootdevice"].contains(&self.target.as_str());
            if !here || device.name == self.from || !(all || own.device_type == self.target) {
                continue;
            }
            stage.wait_millis(120);
            let target = if self.target == "ssdp:all" { "upnp:rootdevice" } else { &self.target };
            let ip = stage.ip_of(stage.host(&device.name)?);
            let reply = format!(
                "HTTP/1.1 200 OK\r\n\
                    CACHE-CONTROL: max-age=1800\r\n\
                    EXT:\r\n\
                    LOCATION: {}\r\n\
                    SERVER: {}\r\n\
                    ST: {target}\r\n\
                    USN: {}\r\n\
                    {}\r\n",
                own.location(ip),
                own.server,
                own.usn(target),
                own.more_headers(),
            );
            let path = stage.path(&self.from, &device.name)?;
            let mut udp = stage.udp_over(path, PORT);
            udp.client_port = port;
            udp.answer(stage, reply);
        }
        Ok(())
    }
}

impl Describe {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let own = description(stage, &self.to)?;
        let ip = stage.ip_of(stage.host(&self.to)?);
        let agent = self.agent.as_ref().map(|a| format!("User-Agent: {a}\r\n")).unwrap_or_default();
        let mut tcp = Tcp::open(stage, &self.from, &self.to, own.port)?;
        tcp.client(format!("GET {} HTTP/1.1\r\nHost: {ip}:{}\r\n{agent}\r\n", own.path, own.port));
        tcp.stage().wait_millis(4);
        tcp.server(http::message(Some(&own.server), 200, "", "text/xml", &own.xml(ip)));
        tcp.close();
        Ok(())
    }
}

impl MapPort {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let router = description(stage, &self.to)?;
        let client = stage.ip_of(stage.host(&self.from)?);
        let ip = stage.ip_of(stage.host(&self.to)?);
        let body = format!(
            "<?xml version=\"1.0\"?>\r\n\
                <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\
                <s:Body>\
                <u:AddPortMapping xmlns:u=\"{CONNECTION}\">\
                <NewRemoteHost></NewRemoteHost>\
                <NewExternalPort>{}</NewExternalPort>\
                <NewProtocol>TCP</NewProtocol>\
                <NewInternalPort>{}</NewInternalPort>\
                <NewInternalClient>{client}</NewInternalClient>\
                <NewEnabled>1</NewEnabled>\
                <NewPortMappingDescription>{}</NewPortMappingDescription>\
                <NewLeaseDuration>0</NewLeaseDuration>\
                </u:AddPortMapping></s:Body>\
                </s:Envelope>\r\n",
            self.external, self.internal, self.description,
        );
        let mut tcp = Tcp::open(stage, &self.from, &self.to, router.port)?;
        tcp.client(format!(
            "POST /ctl/IPConn HTTP/1.1\r\n\
                Host: {ip}:{}\r\n\
                User-Agent: Linux/3.0.8, UPnP/1.0, MiniUPnPc/1.5\r\n\
                Content-Length: {}\r\n\
                Content-Type: text/xml\r\n\
                SOAPAction: \"{CONNECTION}#AddPortMapping\"\r\n\r\n\
                {body}",
            router.port,
            body.len(),
        ));
        tcp.stage().wait_millis(9);
        let done = format!(
            "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\
                <s:Body>\
                <u:AddPortMappingResponse xmlns:u=\"{CONNECTION}\"/></s:Body>\
                </s:Envelope>"
        );
        tcp.server(http::message(Some(&router.server), 200, "", "text/xml", &done));
        tcp.close();
        Ok(())
    }
}

fn description<'s>(stage: &Stage<'s>, name: &str) -> Result<&'s Description, SiteError> {
    let none = || SiteError::new(format!("device {name:?} needs an `upnp` table"));
    stage.device(name)?.upnp.as_ref().ok_or_else(none)
}

impl Description {
    fn location(&self, ip: Ipv4Addr) -> String {
        format!("http://{ip}:{}{}", self.port, self.path)
    }

    fn usn(&self, target: &str) -> String {
        if target == self.udn { self.udn.clone() } else { format!("{}::{target}", self.udn) }
    }

    fn more_headers(&self) -> String {
        self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
    }

    fn xml(&self, ip: Ipv4Addr) -> String {
        let element = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("<{name}>{value}</{name}>\n")).unwrap_or_default()
        };
        let services: String = self
            .services
            .iter()
            .enumerate()
            .map(|(index, kind)| {
                format!(
                    "<service><serviceType>{kind}</serviceType>\
                <serviceId>urn:upnp-org:serviceId:{index}</serviceId>\
                <controlURL>/ctl/{index}</controlURL>\
                <eventSubURL>/evt/{index}</eventSubURL>\
                <SCPDURL>/scpd/{index}.xml</SCPDURL>\
                </service>\n"
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n\
                <root xmlns=\"urn:schemas-upnp-org:device-1-0\">\n\
                <specVersion><major>1</major><minor>0</minor></specVersion>\n\
                <URLBase>http://{ip}:{}/</URLBase>\n\
                <device>\n\
                <deviceType>{}</deviceType>\n\
                <friendlyName>{}</friendlyName>\n\
                <manufacturer>{}</manufacturer>\n\
                <modelName>{}</modelName>\n\
                {}{}{}<UDN>{}</UDN>\n\
                <serviceList>\n\
                {services}</serviceList>\n\
                </device>\n\
                </root>\n",
            self.port,
            self.device_type,
            self.friendly_name,
            self.manufacturer,
            self.model_name,
            element("modelNumber", &self.model_number),
            element("modelDescription", &self.model_description),
            element("serialNumber", &self.serial),
            self.udn,
        )
    }
}
