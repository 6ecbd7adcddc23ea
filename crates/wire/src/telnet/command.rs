//! Telnet commands between the characters (RFC 854, RFC 855) and how to tell a negotiation.

use crate::{Guess, Reader};

const IAC: u8 = 255;
const DONT: u8 = 254;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;
/// End of file, the lowest command (RFC 1184).
const EOF: u8 = 236;

/// Judges bytes that begin with a command.
#[must_use]
pub fn recognise(data: &[u8]) -> Guess {
    let mut reader = Reader::new(data);
    let mut commands = 0;
    while let Some(first) = reader.u8() {
        if first != IAC {
            break;
        }
        match (reader.u8(), reader.u8()) {
            (Some(SB), Some(option)) if is_option(option) => commands += 1,
            (Some(WILL..=DONT), Some(option)) if is_option(option) => commands += 1,
            (Some(SB | WILL..=DONT) | None, None) => break,
            _ => return Guess::No,
        }
        if reader.rest().first().is_some_and(|next| *next != IAC) && commands == 1 {
            break;
        }
    }
    match commands {
        0 if data.len() < 3 => Guess::More,
        0 => Guess::No,
        1 => Guess::Fits,
        _ => Guess::Sure,
    }
}

/// Options registered or in use (IANA registry of Telnet options).
const fn is_option(option: u8) -> bool {
    matches!(option, 0..=49 | 69 | 70 | 85..=93 | 138..=140 | 200 | 201 | 255)
}

/// Takes commands out of a stream, across segments.
#[derive(Default)]
pub struct Filter {
    state: State,
    /// Whether any command was seen.
    pub negotiates: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Command,
    Option,
    Sub,
    SubCommand,
}

impl Filter {
    /// The character that a byte is, unless it belongs to a command.
    pub fn character(&mut self, byte: u8) -> Option<u8> {
        let (state, character) = match (self.state, byte) {
            (State::Text, IAC) => (State::Command, None),
            (State::Text, byte) => (State::Text, Some(byte)),
            (State::Command, WILL..=DONT) => (State::Option, None),
            (State::Command, SB) => (State::Sub, None),
            (State::Command, IAC) => (State::Text, Some(IAC)),
            (State::Command, EOF..) => (State::Text, None),
            // Not a command: a lone 255 in text.
            (State::Command, byte) => (State::Text, Some(byte)),
            (State::Option, _) => (State::Text, None),
            (State::Sub, IAC) => (State::SubCommand, None),
            (State::Sub, _) => (State::Sub, None),
            (State::SubCommand, SE) => (State::Text, None),
            (State::SubCommand, _) => (State::Sub, None),
        };
        self.negotiates |= matches!(state, State::Option | State::Sub);
        self.state = state;
        character
    }

    /// Begins anew behind lost bytes.
    pub fn reset(&mut self) {
        self.state = State::Text;
    }
}
