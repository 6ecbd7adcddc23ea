//! HTTP/1.1 (RFC 9112) with Basic authentication (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::wording::fill;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::span::Span;
use crate::stage::Stage;

/// How a device's web server shows itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Server {
    server: Option<String>,
    /// Title of its page.
    title: Option<String>,
    /// Realm of its password prompt.
    realm: Option<String>,
}

/// One or more requests over one connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fetch {
    from: String,
    to: String,
    #[serde(default = "eighty")]
    port: u16,
    #[serde(default = "get")]
    method: String,
    #[serde(default = "root")]
    path: String,
    agent: Option<String>,
    /// `user:password` for Basic; the server asks for it first.
    auth: Option<String>,
    body: Option<String>,
    body_type: Option<String>,
    #[serde(default = "ok")]
    status: u16,
    reply: Option<String>,
    reply_type: Option<String>,
    #[serde(default = "one")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Fetch {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let host = stage.url_host(&self.to)?;
        let server = stage.device(&self.to)?.http.as_ref();
        let mut tcp = Tcp::open(stage, &self.from, &self.to, self.port)?;
        if self.auth.is_some() {
            let realm = server.and_then(|server| server.realm.as_deref()).unwrap_or("device");
            tcp.client(self.request(&host, None, ""));
            tcp.stage().wait_millis(3);
            let challenge = format!("WWW-Authenticate: Basic realm=\"{realm}\"\r\n");
            tcp.server(response(
                server,
                401,
                &challenge,
                "text/html",
                "<html><head><title>401 Unauthorized</title></head></html>",
            ));
            tcp.wait(Span::millis(900).0);
        }
        for round in 0..self.rounds {
            let body = fill(self.body.as_deref().unwrap_or_default(), &mut tcp.stage().rng);
            tcp.client(self.request(&host, self.auth.as_deref(), &body));
            tcp.stage().wait_millis(4);
            let reply = fill(&self.reply(server), &mut tcp.stage().rng);
            let kind = self.reply_type.as_deref().unwrap_or("text/html");
            tcp.server(response(server, self.status, "", kind, &reply));
            if round + 1 < self.rounds {
                tcp.wait(self.period.0);
            }
        }
        tcp.close();
        Ok(())
    }

    fn reply(&self, server: Option<&Server>) -> String {
        let title = server.and_then(|server| server.title.as_deref()).unwrap_or("Welcome");
        self.reply.clone().unwrap_or_else(|| {
            format!(
                "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body></body></html>\n"
            )
        })
    }

    fn request(&self, host: &str, auth: Option<&str>, body: &str) -> String {
        let host = if self.port == 80 { host.to_owned() } else { format!("{host}:{}", self.port) };
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        if let Some(agent) = &self.agent {
            head.push_str(&format!("User-Agent: {agent}\r\n"));
        }
        head.push_str("Accept: */*\r\n");
        if let Some(auth) = auth {
            head.push_str(&format!("Authorization: Basic {}\r\n", STANDARD.encode(auth)));
        }
        if self.body.is_some() {
            let kind = self.body_type.as_deref().unwrap_or("application/x-www-form-urlencoded");
            head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len()));
        }
        format!("{head}\r\n{body}")
    }
}

/// A response; `headers` are whole lines.
pub(crate) fn response(
    server: Option<&Server>,
    status: u16,
    headers: &str,
    kind: &str,
    body: &str,
) -> String {
    let name = server.and_then(|server| server.server.as_deref());
    message(name, status, headers, kind, body)
}

/// A response with a server name of its own.
pub(crate) fn message(
    server: Option<&str>,
    status: u16,
    headers: &str,
    kind: &str,
    body: &str,
) -> String {
    let reason = match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Status",
    };
    let server = server.map(|name| format!("Server: {name}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} {reason}\r\n\
            {server}{headers}Content-Type: {kind}\r\n\
            Content-Length: {length}\r\n\r\n\
            {body}"
    )
}

fn eighty() -> u16 {
    80
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn ok() -> u16 {
    200
}

fn one() -> u32 {
    1
}
