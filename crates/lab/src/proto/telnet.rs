//! Telnet (RFC 854, RFC 857, RFC 858, RFC 1073, RFC 1091): a login and some commands.

use serde::Deserialize;

use crate::error::SiteError;
use crate::net::Tcp;
use crate::span::Span;
use crate::stage::Stage;

const SERVER_OPTIONS: [u8; 12] = [255, 253, 1, 255, 253, 31, 255, 251, 1, 255, 251, 3];
const CLIENT_OPTIONS: [u8; 12] = [255, 252, 1, 255, 251, 31, 255, 253, 1, 255, 253, 3];
const WINDOW_SIZE: [u8; 9] = [255, 250, 31, 0, 80, 0, 24, 255, 240];

/// One login.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    #[serde(default = "port")]
    port: u16,
    /// What stands above the prompt.
    #[serde(default)]
    banner: String,
    user: String,
    password: String,
    /// Whether the login is refused.
    #[serde(default)]
    refused: bool,
    /// Typed key by key, as a person does, and not sent line by line, as a program does.
    #[serde(default)]
    typed: bool,
    #[serde(default = "shell")]
    prompt: String,
    /// Commands with what they print.
    #[serde(default)]
    commands: Vec<(String, String)>,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let mut tcp = Tcp::open(stage, &self.from, &self.to, self.port)?;
        tcp.server(SERVER_OPTIONS);
        tcp.client(CLIENT_OPTIONS);
        tcp.client(WINDOW_SIZE);
        tcp.server(format!("{}login: ", lines(&self.banner)));
        tcp.wait(Span::millis(1200).0);
        self.type_line(&mut tcp, &self.user, true);
        tcp.server("Password: ");
        tcp.wait(Span::millis(800).0);
        self.type_line(&mut tcp, &self.password, false);
        tcp.stage().wait_millis(300);
        if self.refused {
            tcp.server("\r\nLogin incorrect\r\nlogin: ");
            tcp.close();
            return Ok(());
        }
        tcp.server(format!("\r\n\r\n{}", self.prompt));
        for (command, says) in &self.commands {
            tcp.wait(Span::millis(700).0);
            self.type_line(&mut tcp, command, true);
            tcp.server(format!("{}{}", lines(says), self.prompt));
        }
        tcp.wait(Span::millis(500).0);
        tcp.close();
        Ok(())
    }

    fn type_line(&self, tcp: &mut Tcp<'_, '_>, line: &str, echo: bool) {
        if self.typed {
            for key in line.bytes() {
                tcp.client([key]);
                if echo {
                    tcp.server([key]);
                }
                tcp.wait(Span::millis(110).0);
            }
            tcp.client("\r\n");
        } else {
            tcp.client(format!("{line}\r\n"));
            if echo {
                tcp.server(line);
            }
        }
        if echo {
            tcp.server("\r\n");
        }
    }
}

fn lines(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn port() -> u16 {
    23
}

fn shell() -> String {
    "# ".to_owned()
}
