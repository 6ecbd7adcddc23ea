//! FTP control connections (RFC 959, RFC 4217).

use cordon_model::{Said, Scheme, Text, fact::Ftp};

use crate::{
    Guess, Out, Side, Step, StreamDissector,
    dissect::text,
    http::head::{holds, split_line},
    tls::Tls,
};

/// Of a longer line the front is read and the rest passed over.
const MAX_LINE: usize = 2048;
/// The longest text that is kept, in characters.
const MAX_TEXT: usize = 256;

/// Commands that a session may begin with, or a capture of its middle, but no session of SMTP.
const COMMANDS: [&str; 22] = [
    "USER", "PASS", "SYST", "FEAT", "PASV", "EPSV", "PORT", "EPRT", "TYPE", "CWD", "PWD", "XPWD",
    "CDUP", "LIST", "NLST", "RETR", "STOR", "MLSD", "OPTS", "PBSZ", "PROT", "AUTH",
];

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    let whole = data.contains(&b'\n');
    let line = split_line(data).0;
    match line {
        [b'1'..=b'5', b'0'..=b'7', b'0'..=b'9', b' ' | b'-', words @ ..] if whole => {
            reply(line, words)
        }
        [b'1'..=b'5', ..] if !whole && line.len() < 200 => could_be_reply(line),
        [b'A'..=b'Z' | b'a'..=b'z', ..] if whole => command(line),
        [b'A'..=b'Z' | b'a'..=b'z', ..] if line.len() < 8 || is_command(line) => Guess::More,
        [] => Guess::More,
        _ => Guess::No,
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Control::default())
}

/// A first reply is a greeting, or one in the middle of a session.
fn reply(line: &[u8], words: &[u8]) -> Guess {
    if ["smtp", "mail", "esmtp"].iter().any(|name| holds(words, name)) {
        return Guess::No;
    }
    let named = ["ftp", "filezilla", "logged in"].iter().any(|name| holds(words, name));
    match (line.starts_with(b"220"), named) {
        (true, true) => Guess::Sure,
        (true, false) | (false, true) => Guess::Fits,
        _ => Guess::No,
    }
}

fn could_be_reply(line: &[u8]) -> Guess {
    let digits = line.iter().take(3).all(u8::is_ascii_digit);
    let separated = line.get(3).is_none_or(|byte| matches!(byte, b' ' | b'-'));
    if digits && separated { Guess::More } else { Guess::No }
}

fn command(line: &[u8]) -> Guess {
    let (word, argument) = split_command(line);
    let tls = word.eq_ignore_ascii_case(b"AUTH") && holds(argument, "tls");
    // The user line of other protocols has more words.
    let words = argument.split(|byte| *byte == b' ').count();
    if is_command(line) && words == 1 && (tls || !word.eq_ignore_ascii_case(b"AUTH")) {
        Guess::Fits
    } else {
        Guess::No
    }
}

fn is_command(line: &[u8]) -> bool {
    let (word, _) = split_command(line);
    COMMANDS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn split_command(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii();
    let blank = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (word, argument) = line.split_at_checked(blank).unwrap_or((line, &[]));
    (word, argument.trim_ascii())
}

/// One control connection.
#[derive(Default)]
struct Control {
    user: Vec<u8>,
    asked_system: bool,
    asked_tls: bool,
    greeted: bool,
    /// The greeting so far, where it has several lines.
    greeting: Vec<u8>,
    /// The sides whose line is longer than what was read of it.
    overlong: [bool; 2],
    tls: Option<Box<Tls>>,
}

impl StreamDissector for Control {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let mut used = 0;
        loop {
            let rest = data.get(used..).unwrap_or_default();
            if let Some(tls) = &mut self.tls {
                return match tls.data(side, rest, out) {
                    Step::Consumed(count) => Step::Consumed(used + count),
                    other => other,
                };
            }
            let ends = rest.contains(&b'\n');
            let [client, server] = &mut self.overlong;
            let overlong = if side == Side::Client { client } else { server };
            if !ends && !*overlong && rest.len() < MAX_LINE {
                return Step::Consumed(used);
            }
            let passed = std::mem::replace(overlong, !ends);
            let (line, behind) = split_line(rest);
            let line = line.get(..MAX_LINE).unwrap_or(line);
            used = data.len() - behind.len();
            if passed {
                if ends {
                    continue;
                }
                return Step::Consumed(used);
            }
            let code = line.first_chunk::<3>().filter(|code| code.iter().all(u8::is_ascii_digit));
            let known = match code {
                Some(code) => self.reply(*code, line.get(3..).unwrap_or_default(), out),
                None => self.command(line, out),
            };
            if !known {
                return Step::Lost;
            }
        }
    }
}

impl Control {
    /// False where the line belongs to another protocol.
    fn command(&mut self, line: &[u8], out: &mut Out<'_>) -> bool {
        // Telnet signals stand before ABOR.
        let start = line.iter().position(u8::is_ascii).unwrap_or(line.len());
        let (word, argument) = split_command(line.get(start..).unwrap_or_default());
        let is = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        if is("USER") {
            self.user = argument.get(..MAX_TEXT).unwrap_or(argument).to_vec();
        } else if is("PASS") {
            out.credential(Scheme::Ftp, &self.user, argument);
        } else if is("SYST") {
            self.asked_system = true;
        } else if is("AUTH") {
            self.asked_tls = true;
        } else if is("RETR") {
            out.say(Said::Ftp(Box::new(Ftp::Retrieves(text(argument, MAX_TEXT)))));
        } else if is("STOR") || is("APPE") || is("STOU") {
            out.say(Said::Ftp(Box::new(Ftp::Stores(text(argument, MAX_TEXT)))));
        }
        let mail = ["EHLO", "HELO", "MAIL", "RCPT", "+OK", "NICK"].into_iter().any(is);
        !mail
    }

    fn reply(&mut self, code: [u8; 3], rest: &[u8], out: &mut Out<'_>) -> bool {
        let more = rest.starts_with(b"-");
        let words = rest.get(1..).unwrap_or_default().trim_ascii();
        let fact = match &code {
            b"220" if !self.greeted => return self.greet(words, more, out),
            b"215" => Some(Ftp::System(text(words, MAX_TEXT))),
            b"230" | b"232" if !more => Some(Ftp::Login(self.account())),
            b"530" if !more && !self.user.is_empty() => Some(Ftp::Refused(self.account())),
            b"234" | b"334" if self.asked_tls => {
                self.tls = Some(Box::default());
                Some(Ftp::StartsTls)
            }
            _ => None,
        };
        if let Some(fact) = fact.filter(|_| !more) {
            out.say(Said::Ftp(Box::new(fact)));
        }
        true
    }

    /// Gathers the lines of the greeting.
    fn greet(&mut self, words: &[u8], more: bool, out: &mut Out<'_>) -> bool {
        if !self.greeting.is_empty() {
            self.greeting.push(b' ');
        }
        if self.greeting.len() < MAX_TEXT * 4 {
            self.greeting.extend_from_slice(words);
        }
        if more {
            return true;
        }
        self.greeted = true;
        let greeting = std::mem::take(&mut self.greeting);
        if holds(&greeting, "smtp") {
            return false;
        }
        out.say(Said::Ftp(Box::new(Ftp::Banner(text(&greeting, MAX_TEXT)))));
        true
    }

    fn account(&self) -> Text {
        text(&self.user, 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Feed, shows};
    use cordon_model::{Credential, SecretKey};

    fn facts(feed: &Feed) -> Vec<&Ftp> {
        let facts = feed.said.iter().filter_map(|said| match said {
            Said::Ftp(ftp) => Some(ftp.as_ref()),
            _ => None,
        });
        facts.collect()
    }

    #[test]
    fn a_session_is_read_and_its_password_never_shown() {
        let mut feed = Feed::new(start());
        feed.trickle(Side::Server, b"220-Welcome\r\n220 vsFTPd 2.3.4\r\n");
        feed.trickle(Side::Client, b"USER admin\r\n");
        feed.send(Side::Server, b"331 Password required\r\n");
        feed.trickle(Side::Client, b"PASS hunter2\r\n");
        feed.send(Side::Server, b"230 Login successful.\r\n");
        feed.send(Side::Client, b"SYST\r\nRETR a/b.bin\r\nSTOR c\r\n");
        feed.send(Side::Server, b"215 UNIX Type: L8\r\n");
        let key = SecretKey::new([7; 32]);
        let wanted = Said::Credential(Credential::new(&key, Scheme::Ftp, b"admin", b"hunter2"));
        assert!(feed.said.contains(&wanted));
        assert!(!shows(&feed.said, "hunter2"));
        let said = facts(&feed);
        assert_eq!(said[0], &Ftp::Banner("Welcome vsFTPd 2.3.4".into()));
        assert_eq!(said[1], &Ftp::Login("admin".into()));
        assert!(said.contains(&&Ftp::Retrieves("a/b.bin".into())));
        assert!(said.contains(&&Ftp::Stores("c".into())));
        assert!(said.contains(&&Ftp::System("UNIX Type: L8".into())));
    }

    #[test]
    fn a_line_without_an_end_is_read_in_part() {
        let mut feed = Feed::new(start());
        feed.send(Side::Client, b"RETR ");
        for _ in 0..5 {
            feed.send(Side::Client, &[b'a'; 1000]);
        }
        feed.send(Side::Client, b"\r\nRETR b\r\n");
        let [Ftp::Retrieves(long), Ftp::Retrieves(short)] = facts(&feed)[..] else {
            panic!("{:?}", feed.said)
        };
        assert_eq!((long.len(), short.as_str()), (MAX_TEXT, "b"));
    }

    #[test]
    fn a_refused_login_is_said() {
        let mut feed = Feed::new(start());
        feed.send(Side::Client, b"USER root\r\nPASS x\r\n");
        feed.send(Side::Server, b"530 Login incorrect.\r\n");
        assert_eq!(facts(&feed), [&Ftp::Refused("root".into())]);
    }

    #[test]
    fn behind_auth_tls_comes_a_handshake() {
        let mut feed = Feed::new(start());
        feed.send(Side::Client, b"AUTH TLS\r\n");
        feed.send(Side::Server, b"234 Go ahead\r\n");
        let body = crate::tls::hello::tests::client_body("ftp.example");
        let length = u8::try_from(body.len()).unwrap();
        let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
        feed.send(Side::Client, &record);
        assert!(matches!(feed.said.last(), Some(Said::ClientHello(_))));
        assert!(matches!(facts(&feed)[..], [Ftp::StartsTls]));
    }

    #[test]
    fn mail_and_chat_are_not_ftp() {
        for other in [
            &b"220 mx.example ESMTP Postfix\r\n"[..],
            b"USER guest 0 * :Real Name\r\n",
            b"+OK POP3 ready\r\n",
            b"EHLO there\r\n",
            b"GET / HTTP/1.1\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"250 OK\r\n",
        ] {
            assert_eq!(recognise(Side::Server, other), Guess::No, "{other:?}");
        }
        assert_eq!(recognise(Side::Server, b"220 ProFTPD 1.3\r\n"), Guess::Sure);
        assert_eq!(recognise(Side::Server, b"220 ready\r\n"), Guess::Fits);
        assert_eq!(recognise(Side::Client, b"USER anonymous\r\n"), Guess::Fits);
        let mut feed = Feed::new(start());
        feed.send(Side::Server, b"220 ready\r\n");
        assert_eq!(feed.send(Side::Client, b"EHLO there\r\n"), Step::Lost);
    }
}
