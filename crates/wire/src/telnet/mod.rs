//! Telnet (RFC 854): the login dialogue, read as a person at the screen would.

mod command;

use cordon_model::{Said, Scheme, Text, fact::Telnet};

use crate::{Guess, Out, Side, Step, StreamDissector, dissect::text};
use command::Filter;

/// The longest line that a prompt is looked for in, in bytes; of longer ones the end counts.
const MAX_LINE: usize = 256;
/// What is kept of the text before the first prompt, in bytes.
const MAX_BANNER: usize = 1024;
/// The longest name or password that somebody types.
const MAX_TYPED: usize = 128;
/// Lines after a password in which the outcome must show.
const PATIENCE: u8 = 12;

/// How prompts for an account end, in lower case.
const USER_PROMPTS: [&[u8]; 9] = [
    b"login:",
    b"login name:",
    b"username:",
    b"user name:",
    b"user:",
    b"account:",
    b"userid:",
    b"user id:",
    b"log in as:",
];
/// How prompts for a password end.
const PASSWORD_PROMPTS: [&[u8]; 5] =
    [b"password:", b"passwd:", b"passcode:", b"password :", b"pass:"];
/// What is said to somebody who is let in.
const WELCOMES: [&str; 6] =
    ["welcome", "last login", "busybox", "successful", "logged in", "built-in shell"];
/// What is said to somebody who is not.
const REFUSALS: [&str; 9] = [
    "incorrect",
    "failed",
    "invalid",
    "denied",
    "bad password",
    "failure",
    "wrong",
    "not correct",
    "unknown user",
];

/// Judges the first bytes of a side.
#[must_use]
pub fn recognise(side: Side, data: &[u8]) -> Guess {
    if data.first() == Some(&255) {
        return command::recognise(data);
    }
    let printable = data.iter().all(|byte| !byte.is_ascii_control() || is_layout(*byte));
    if side == Side::Client || !printable || !data.is_ascii() {
        return Guess::No;
    }
    let last = data.rsplit(|byte| *byte == b'\n').next().unwrap_or(data).to_ascii_lowercase();
    match Prompt::of(&last) {
        Some(_) => Guess::Fits,
        None if data.len() < 200 => Guess::More,
        None => Guess::No,
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Login::default())
}

/// Whether a line ends as the prompts of shells do. A line that begins with `%` is an error
/// message of a router.
fn is_shell(line: &[u8]) -> bool {
    let ends = line.last().is_some_and(|last| matches!(last, b'$' | b'#' | b'>' | b'%'));
    ends && line.first() != Some(&b'%')
}

const fn is_layout(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b'\t' | 0x07 | 0x08 | 0x1b | 0)
}

/// What the server asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prompt {
    User,
    Password,
}

impl Prompt {
    /// The prompt that a line, in lower case, ends with.
    fn of(line: &[u8]) -> Option<Prompt> {
        let line = line.trim_ascii_end();
        let ends = |prompts: &[&[u8]]| prompts.iter().any(|prompt| line.ends_with(prompt));
        // Some write `Password for root:`, and some the name of the device before `login:`.
        let named = line.starts_with(b"password for ") && line.ends_with(b":");
        let words = line.split(|byte| *byte == b' ').count();
        let told = line.starts_with(b"last ") || line.starts_with(b"current ");
        if ends(&PASSWORD_PROMPTS) || named {
            Some(Prompt::Password)
        } else if ends(&USER_PROMPTS) && words <= 4 && !told {
            Some(Prompt::User)
        } else {
            None
        }
    }
}

/// Where the dialogue is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Before the first prompt.
    #[default]
    Greeting,
    /// The account is being typed.
    User,
    /// The password is being typed.
    Password,
    /// The server is about to say what it thinks of it, within so many lines.
    Verdict(u8),
}

/// One login dialogue.
#[derive(Default)]
struct Login {
    client: Filter,
    server: Filter,
    stage: Stage,
    /// The server's line so far, in lower case.
    line: Vec<u8>,
    /// Inside an escape sequence of a terminal.
    escape: bool,
    banner: Vec<u8>,
    banner_said: bool,
    negotiation_said: bool,
    typed: Vec<u8>,
    /// The last character typed was a carriage return.
    returned: bool,
    user: Vec<u8>,
}

impl StreamDissector for Login {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        for byte in data {
            let filter = match side {
                Side::Client => &mut self.client,
                Side::Server => &mut self.server,
            };
            let character = filter.character(*byte);
            if filter.negotiates && !self.negotiation_said {
                self.negotiation_said = true;
                out.say(Said::Telnet(Box::new(Telnet::Negotiates)));
            }
            let Some(character) = character else { continue };
            match side {
                Side::Client => self.typed(character, out),
                Side::Server => {
                    if self.printed(character, out) {
                        return Step::Done;
                    }
                }
            }
        }
        Step::Consumed(data.len())
    }

    fn gap(&mut self, side: Side) {
        match side {
            Side::Client => {
                self.client.reset();
                // A password of which a part is missing is none.
                self.typed.clear();
                if matches!(self.stage, Stage::User | Stage::Password) {
                    self.stage = Stage::Verdict(0);
                }
            }
            Side::Server => {
                self.server.reset();
                self.line.clear();
            }
        }
    }
}

impl Login {
    /// A character from the keyboard.
    fn typed(&mut self, character: u8, out: &mut Out<'_>) {
        let second_half = std::mem::replace(&mut self.returned, character == b'\r');
        if second_half && character == b'\n' {
            return;
        }
        if !matches!(self.stage, Stage::User | Stage::Password) {
            return;
        }
        match character {
            b'\r' | b'\n' => self.entered(out),
            // Backspace and delete.
            0x08 | 0x7f => drop(self.typed.pop()),
            // ^C, ^U and ^X wipe the line.
            0x03 | 0x15 | 0x18 => self.typed.clear(),
            // What terminals send behind a carriage return.
            0 => {}
            _ if self.typed.len() < MAX_TYPED => self.typed.push(character),
            _ => {}
        }
    }

    /// The line that was typed is complete.
    fn entered(&mut self, out: &mut Out<'_>) {
        let typed = std::mem::take(&mut self.typed);
        if self.stage == Stage::Password {
            out.credential(Scheme::Telnet, &self.user, &typed);
            self.stage = Stage::Verdict(0);
            self.line.clear();
        } else if !typed.is_empty() {
            self.user = typed;
            self.stage = Stage::Verdict(0);
        }
    }

    /// A character on the screen; true where somebody is logged in.
    fn printed(&mut self, character: u8, out: &mut Out<'_>) -> bool {
        if self.stage == Stage::Greeting && self.banner.len() < MAX_BANNER {
            self.banner.push(character);
        }
        match character {
            0x1b => self.escape = true,
            _ if self.escape => self.escape = !character.is_ascii_alphabetic(),
            b'\n' => return self.end_line(out),
            b'\r' | 0 => {}
            _ => {
                if self.line.len() == MAX_LINE {
                    self.line.drain(..MAX_LINE / 2);
                }
                self.line.push(character.to_ascii_lowercase());
                return self.look_for_prompt(character, out);
            }
        }
        false
    }

    fn end_line(&mut self, out: &mut Out<'_>) -> bool {
        let line = std::mem::take(&mut self.line);
        let Stage::Verdict(lines) = self.stage else { return false };
        if line.is_empty() {
            return false;
        }
        self.stage = Stage::Verdict(lines.saturating_add(1));
        lines >= PATIENCE || self.judge(&line, out)
    }

    /// Looks at a line that has no end yet, where prompts stand; true where it is a shell's.
    /// Segments may end anywhere, so each character that can end a prompt is taken for its end.
    fn look_for_prompt(&mut self, character: u8, out: &mut Out<'_>) -> bool {
        if character != b':' {
            return is_shell(&self.line) && self.let_in(out);
        }
        let Some(prompt) = Prompt::of(&self.line) else { return false };
        self.say_banner(out);
        if prompt == Prompt::User && self.waits_for_verdict() {
            self.refuse(out);
        }
        self.stage = match prompt {
            Prompt::User => Stage::User,
            Prompt::Password => Stage::Password,
        };
        self.typed.clear();
        false
    }

    /// Whether this line lets somebody in; a refusal is said at once.
    fn judge(&mut self, line: &[u8], out: &mut Out<'_>) -> bool {
        let line = String::from_utf8_lossy(line);
        let holds = |words: &[&str]| words.iter().any(|word| line.contains(word));
        if !holds(&REFUSALS) {
            return holds(&WELCOMES) && self.let_in(out);
        }
        if self.waits_for_verdict() {
            self.refuse(out);
        }
        false
    }

    fn let_in(&mut self, out: &mut Out<'_>) -> bool {
        if !self.waits_for_verdict() {
            return false;
        }
        let login = Telnet::Login(self.account());
        out.say(Said::Telnet(Box::new(login)));
        true
    }

    fn waits_for_verdict(&self) -> bool {
        matches!(self.stage, Stage::Verdict(_)) && !self.user.is_empty()
    }

    fn refuse(&mut self, out: &mut Out<'_>) {
        let refused = Telnet::Refused(self.account());
        self.user.clear();
        out.say(Said::Telnet(Box::new(refused)));
    }

    fn account(&self) -> Text {
        text(&self.user, 64)
    }

    /// Says what stood on the screen before the first prompt, the prompt left off.
    fn say_banner(&mut self, out: &mut Out<'_>) {
        if self.banner_said {
            return;
        }
        self.banner_said = true;
        let banner = text(&clean(&self.banner), 512);
        if !banner.is_empty() {
            out.say(Said::Telnet(Box::new(Telnet::Banner(banner))));
        }
    }
}

/// Text without escape sequences and other control characters, lines kept.
fn clean(screen: &[u8]) -> Vec<u8> {
    let mut escape = false;
    let mut out = Vec::with_capacity(screen.len());
    for byte in screen {
        match byte {
            0x1b => escape = true,
            _ if escape => escape = !byte.is_ascii_alphabetic(),
            b'\n' | b'\t' => out.push(*byte),
            _ if byte.is_ascii_control() => {}
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests;
