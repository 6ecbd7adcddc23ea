//! What came of one try, as the operating system tells it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::str::FromStr;

/// What came of one try.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// The connection was opened, or the datagram came back from who listens.
    Connected,
    /// Refused in the name of the far end: a reset, or "port unreachable".
    Refused,
    /// Something on the way said that it cannot or must not be reached.
    Unreachable,
    /// Nothing came back in time.
    Silent,
    /// It never left this machine.
    NotSent,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 5] = [
        Outcome::Connected,
        Outcome::Refused,
        Outcome::Unreachable,
        Outcome::Silent,
        Outcome::NotSent,
    ];

    /// The name in requests and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Connected => "connected",
            Outcome::Refused => "refused",
            Outcome::Unreachable => "unreachable",
            Outcome::Silent => "silent",
            Outcome::NotSent => "not-sent",
        }
    }

    /// In plain words, as in "tcp/80 …".
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Outcome::Connected => "was answered",
            Outcome::Refused => "was refused in its name",
            Outcome::Unreachable => "was told on the way that it is not reached",
            Outcome::Silent => "was not answered",
            Outcome::NotSent => "did not leave the machine that tried",
        }
    }

    /// Reads how a try failed (`connect(2)`, `udp(7)`, `ip(7)`).
    ///
    /// A host that is unreachable was either refused by a router (ICMP "administratively prohibited"
    /// comes as the same error), or nobody on the link has the address: neither reached it. A lack of
    /// rights is this machine's own firewall.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Outcome::Refused,
            ErrorKind::HostUnreachable => Outcome::Unreachable,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Outcome::Silent,
            // Without a route nothing is sent; a router's "net unreachable" looks the same, and to take
            // it for less than it is does no harm.
            _ => Outcome::NotSent,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Outcome::ALL.into_iter().find(|one| one.name() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_read_by_what_they_say_of_the_packet() {
        // Numbers of Linux (errno(3)): the standard library names them.
        for (number, outcome) in [
            (111, Outcome::Refused),
            (104, Outcome::Refused),
            (113, Outcome::Unreachable),
            (110, Outcome::Silent),
            (11, Outcome::Silent),
            (1, Outcome::NotSent),
            (13, Outcome::NotSent),
            (101, Outcome::NotSent),
            (99, Outcome::NotSent),
        ] {
            assert_eq!(Outcome::of(&io::Error::from_raw_os_error(number)), outcome, "{number}");
        }
    }

    #[test]
    fn every_name_is_read_back() {
        for one in Outcome::ALL {
            assert_eq!(one.name().parse(), Ok(one));
        }
        assert_eq!("open".parse::<Outcome>(), Err(()));
    }
}
