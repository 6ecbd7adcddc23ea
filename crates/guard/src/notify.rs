//! Telling systemd how the service is (sd_notify(3)).

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

/// The way to the service manager. Open it before rights are given up: afterwards its socket can
/// be written to and no longer found.
#[derive(Debug)]
pub struct Notify {
    socket: Option<UnixDatagram>,
    every: Option<Duration>,
}

impl Notify {
    /// Takes the values of `NOTIFY_SOCKET` and `WATCHDOG_USEC`. Without the first, nobody wants to
    /// know, and nothing is said.
    ///
    /// # Errors
    /// Where there is a socket and it cannot be reached.
    pub fn open(socket: Option<&OsStr>, watchdog_micros: Option<&str>) -> io::Result<Notify> {
        let Some(name) = socket.filter(|name| !name.is_empty()) else {
            return Ok(Notify { socket: None, every: None });
        };
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // A manager that is busy must not hold up the service.
        socket.set_nonblocking(true)?;
        let micros = watchdog_micros.and_then(|micros| micros.parse().ok()).unwrap_or(0);
        let every = (micros > 0).then(|| Duration::from_micros(micros) / 2);
        Ok(Notify { socket: Some(socket), every })
    }

    /// How often [`Self::alive`] is to be called; `None` where nobody watches.
    #[must_use]
    pub fn every(&self) -> Option<Duration> {
        self.every
    }

    /// The service answers from now on.
    pub fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// It still does what it is for. Call it only from where that is known.
    pub fn alive(&self) {
        self.say("WATCHDOG=1");
    }

    /// What `systemctl status` shows.
    pub fn status(&self, status: &str) {
        self.say(&format!("STATUS={}", one_line(status)));
    }

    /// It is about to end.
    pub fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// Whether it arrives is the manager's business: the watchdog notices.
    fn say(&self, words: &str) {
        if let Some(socket) = &self.socket {
            let _ = socket.send(words.as_bytes());
        }
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_hears_and_a_line_break_adds_no_command() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notify = Notify::open(Some(path.as_os_str()), Some("30000000")).unwrap();
        assert_eq!(notify.every(), Some(Duration::from_secs(15)));
        let heard = || {
            let mut text = [0; 300];
            let length = manager.recv(&mut text).unwrap();
            String::from_utf8(text[..length].to_vec()).unwrap()
        };
        notify.ready("serving\nMAINPID=1");
        assert_eq!(heard(), "READY=1\nSTATUS=serving MAINPID=1");
        notify.alive();
        assert_eq!(heard(), "WATCHDOG=1");
        notify.stopping();
        assert_eq!(heard(), "STOPPING=1");
    }

    #[test]
    fn without_a_manager_nothing_is_said_and_a_wrong_one_is_an_error() {
        Notify::open(None, Some("1")).unwrap().alive();
        assert_eq!(Notify::open(Some(OsStr::new("")), None).unwrap().every(), None);
        assert!(Notify::open(Some(OsStr::new("/nowhere/at/all")), None).is_err());
    }
}
