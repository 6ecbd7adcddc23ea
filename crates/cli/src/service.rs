//! The running service, asked over its API.

use std::io;
use std::path::{Path, PathBuf};

use cordon_api::http::client::{self, Question, Reply, Way};
use serde::de::DeserializeOwned;

use crate::args::At;
use crate::failure::Failure;
use crate::run::{SOCKET, data_folder, load};

/// Where the system's service keeps its data.
const SYSTEM: &str = "/var/lib/cordon";
/// Longest token file that is looked at, in bytes.
const TOKEN: u64 = 4096;

/// A service to ask.
pub struct Service {
    way: Way,
    runtime: tokio::runtime::Runtime,
}

/// An answer as it came, and as what it means.
pub struct Answer<T> {
    /// The API's JSON.
    pub raw: Vec<u8>,
    /// The same, read.
    pub value: T,
}

impl Service {
    /// Finds the service.
    pub fn find(at: &At) -> Result<Self, Failure> {
        let way = match &at.server {
            Some(server) => remote(server, at)?,
            None => Way::Socket(socket(at)?),
        };
        Ok(Service { way, runtime: runtime()? })
    }

    /// Asks for JSON.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Failure> {
        self.ask("GET", path, "application/json", &[])
    }

    /// Has something done that is answered with JSON.
    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Answer<T>, Failure> {
        self.ask("POST", path, "application/json", body.to_string().as_bytes())
    }

    /// Sends a file and reads JSON.
    pub fn send<T: DeserializeOwned>(&self, path: &str, file: &[u8]) -> Result<Answer<T>, Failure> {
        self.ask("POST", path, "application/octet-stream", file)
    }

    /// Has something done that is answered with nothing.
    pub fn tell(&self, path: &str, body: &serde_json::Value) -> Result<(), Failure> {
        let body = body.to_string();
        self.reply("POST", path, "application/json", body.as_bytes()).and_then(good).map(drop)
    }

    /// Asks for a file.
    pub fn file(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.reply("GET", path, "application/json", &[])
            .and_then(good)
            .map(|reply| reply.body.to_vec())
    }

    /// Asks for JSON; none where there is no such thing.
    pub fn find_one<T: DeserializeOwned>(&self, path: &str) -> Result<Option<Answer<T>>, Failure> {
        let reply = self.reply("GET", path, "application/json", &[])?;
        if reply.status == 404 {
            return Ok(None);
        }
        read(good(reply)?).map(Some)
    }

    fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        content: &str,
        body: &[u8],
    ) -> Result<Answer<T>, Failure> {
        read(good(self.reply(method, path, content, body)?)?)
    }

    fn reply(
        &self,
        method: &str,
        path: &str,
        content: &str,
        body: &[u8],
    ) -> Result<Reply, Failure> {
        let question = Question { method, path, content, body };
        self.runtime
            .block_on(client::ask(&self.way, question))
            .map_err(|error| no_answer(&self.way, &error))
    }
}

/// A runtime for one question at a time.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("cannot wait for answers: {error}")))
}

/// The data folder that the arguments mean.
pub fn folder(data: &Option<PathBuf>, config: &Option<PathBuf>) -> Result<PathBuf, Failure> {
    match data {
        Some(data) => Ok(std::path::absolute(data).unwrap_or_else(|_| data.clone())),
        None => Ok(data_folder(&load(config, &[])?.settings.config)),
    }
}

/// Whether somebody listens in this data folder.
pub fn is_running(data: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(data.join(SOCKET)).is_ok()
}

/// A value as part of a path or query (RFC 3986, section 2.1).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A path with the parts of a query that are given.
pub fn query(path: &str, parts: &[(&str, Option<String>)]) -> String {
    let given: Vec<String> = parts
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| (name, value)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}

/// This user's service, else the system's where nothing was named.
fn socket(at: &At) -> Result<PathBuf, Failure> {
    let data = folder(&at.data, &at.config)?;
    let own = data.join(SOCKET);
    let system = Path::new(SYSTEM);
    // Whoever may not look into the folder learns that from asking.
    let hidden = system.metadata().is_ok() && system.read_dir().is_err();
    let there = system.join(SOCKET).exists() || hidden;
    if at.data.is_none() && at.config.is_none() && !own.exists() && there {
        return Ok(system.join(SOCKET));
    }
    Ok(own)
}

fn remote(server: &str, at: &At) -> Result<Way, Failure> {
    let wrong = || {
        Failure::Other(format!(
            "--server {server:?} is no address; write it as https://cordon.clinic.lan:8443"
        ))
    };
    let rest = server.strip_prefix("https://").ok_or_else(wrong)?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or_else(wrong)?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map_or(Ok(443), str::parse).map_err(|_| wrong())?;
    if host.is_empty() || host.contains(['/', '@', '?', '#']) {
        return Err(wrong());
    }
    let token = at.token_file.as_ref().map(|file| token(file)).transpose()?.unwrap_or_default();
    let fingerprint = at.fingerprint.as_ref().map(|text| fingerprint(text)).transpose()?;
    Ok(Way::Tls { host: host.to_owned(), port, token, fingerprint })
}

fn token(file: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let failed = |error: io::Error| {
        Failure::Other(format!("cannot read the token in {}: {error}", file.display()))
    };
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(TOKEN).read_to_string(&mut text).map_err(failed)?;
    let token = text.trim();
    if token.is_empty() || token.chars().any(|letter| !letter.is_ascii_graphic()) {
        return Err(Failure::Other(format!(
            "{} holds no API token; make one under People & keys and put its secret there",
            file.display()
        )));
    }
    Ok(token.to_owned())
}

fn fingerprint(text: &str) -> Result<[u8; 32], Failure> {
    let wrong = || {
        Failure::Other(
            "--fingerprint takes the 64 hexadecimal digits of the Health page, with or without colons"
                .to_owned(),
        )
    };
    let digits: Vec<u8> = text
        .chars()
        .filter(|letter| *letter != ':')
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .filter_map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect();
    (digits.len() == 64).then(|| bytes.try_into().ok()).flatten().ok_or_else(wrong)
}

fn read<T: DeserializeOwned>(reply: Reply) -> Result<Answer<T>, Failure> {
    let value = serde_json::from_slice(&reply.body).map_err(|error| {
        Failure::Other(format!(
            "the service's answer is not understood ({error}); is it of another version? see `cordon status`"
        ))
    })?;
    Ok(Answer { raw: reply.body.to_vec(), value })
}

/// The problem's own sentence (RFC 9457) where it is one.
fn good(reply: Reply) -> Result<Reply, Failure> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    let problem: Option<serde_json::Value> = serde_json::from_slice(&reply.body).ok();
    let detail = problem
        .as_ref()
        .and_then(|problem| problem.get("detail"))
        .and_then(|detail| detail.as_str())
        .map_or_else(
            || format!("the service answered with HTTP status {}", reply.status),
            str::to_owned,
        );
    Err(Failure::Other(detail))
}

fn no_answer(way: &Way, error: &io::Error) -> Failure {
    Failure::Other(match way {
        Way::Socket(socket) => {
            let data = socket.parent().unwrap_or(socket).display();
            match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => format!(
                    "no cordon is running with the data folder {data}; start it with `cordon run`, or name its folder with --data"
                ),
                io::ErrorKind::PermissionDenied => format!(
                    "the cordon in {data} answers root and its own user only; run this as one of them, for example with sudo"
                ),
                _ => format!("the cordon in {data} gives no answer: {error}; look at its log"),
            }
        }
        Way::Tls { host, port, fingerprint, .. } => match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!(
                    "nobody serves at {host}:{port}; is cordon running there, and is this its port?"
                )
            }
            io::ErrorKind::InvalidData if fingerprint.is_some() => format!(
                "{host}:{port} is not the service with that fingerprint: {error}; compare it with the Health page there"
            ),
            io::ErrorKind::InvalidData => format!(
                "{host}:{port} cannot prove who it is: {error}; give --fingerprint from its Health page where its certificate is of its own making"
            ),
            _ => format!("{host}:{port} gives no answer: {error}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_add_to_a_query() {
        let parts = [("q", Some("a&b=c/ü".to_owned())), ("kind", None)];
        assert_eq!(query("/x", &parts), "/x?q=a%26b%3Dc%2F%C3%BC");
        assert_eq!(query("/x", &[("kind", None)]), "/x");
    }

    #[test]
    fn a_fingerprint_is_read_with_and_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(fingerprint(&plain).ok(), Some([0xab; 32]));
        assert_eq!(fingerprint(&colons).ok(), Some([0xab; 32]));
        assert!(fingerprint("abc").is_err() && fingerprint(&"zz".repeat(32)).is_err());
    }

    #[test]
    fn an_address_without_tls_is_refused() {
        let at = At::default();
        assert!(remote("http://cordon:8443", &at).is_err());
        assert!(remote("https://user@cordon", &at).is_err());
        assert!(matches!(remote("https://[::1]:8443/", &at), Ok(Way::Tls { port: 8443, .. })));
    }
}
