//! FTP (RFC 959): login, and files over passive data connections.

use serde::Deserialize;

use crate::error::SiteError;
use crate::net::{End, Tcp};
use crate::span::Span;
use crate::stage::Stage;

/// One session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    banner: String,
    /// Answer to SYST.
    system: Option<String>,
    user: String,
    password: String,
    #[serde(default)]
    refused: bool,
    /// Files to store, with their sizes in bytes.
    #[serde(default)]
    store: Vec<(String, u32)>,
    /// Files to fetch, with their sizes in bytes.
    #[serde(default)]
    retrieve: Vec<(String, u32)>,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let path = stage.path(&self.from, &self.to)?;
        let mut tcp = Tcp::over(stage, path, 21)?;
        tcp.server(format!("220 {}\r\n", self.banner));
        tcp.client(format!("USER {}\r\n", self.user));
        tcp.server("331 Password required\r\n");
        tcp.client(format!("PASS {}\r\n", self.password));
        tcp.stage().wait_millis(60);
        if self.refused {
            tcp.server("530 Login incorrect.\r\n");
            tcp.close();
            return Ok(());
        }
        tcp.server("230 User logged in.\r\n");
        if let Some(system) = &self.system {
            tcp.client("SYST\r\n");
            tcp.server(format!("215 {system}\r\n"));
        }
        tcp.client("TYPE I\r\n");
        tcp.server("200 Type set to I.\r\n");
        let stores = self.store.iter().map(|file| ("STOR", End::Client, file));
        let fetches = self.retrieve.iter().map(|file| ("RETR", End::Server, file));
        for (verb, sender, (name, size)) in stores.chain(fetches) {
            let port = 1024 + tcp.stage().rng.u16() % 40_000;
            let address = path.server.ip.to_string().replace('.', ",");
            tcp.client("PASV\r\n");
            let [high, low] = port.to_be_bytes();
            tcp.server(format!("227 Entering Passive Mode ({address},{high},{low}).\r\n"));
            tcp.client(format!("{verb} {name}\r\n"));
            tcp.server(format!("150 Opening BINARY mode data connection for {name}.\r\n"));
            tcp.wait(Span::millis(2).0);
            let content = tcp.stage().rng.bytes(usize::try_from(*size).unwrap_or(0));
            let mut data = Tcp::over(tcp.stage(), path, port)?;
            data.send(sender, &content);
            data.close();
            tcp.server("226 Transfer complete.\r\n");
        }
        tcp.client("QUIT\r\n");
        tcp.server("221 Goodbye.\r\n");
        tcp.close();
        Ok(())
    }
}
