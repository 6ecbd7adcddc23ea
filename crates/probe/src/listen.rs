//! The other vantage point: it listens for a while, answers what a probe asks, and says what reached it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use crate::sockets::{DATAGRAM, MARK};
use crate::{MAX_PORTS, Port};

/// Most answers of one run: whoever listens must not be made to send for others.
pub const MAX_HEARD: usize = 256;
/// How often is looked whether something came.
const LOOK: Duration = Duration::from_millis(20);

/// Sockets that wait.
pub struct Listener {
    tcp: Vec<(Port, TcpListener)>,
    udp: Vec<(Port, UdpSocket)>,
    left: usize,
}

impl Listener {
    /// Opens ports, at most [`MAX_PORTS`]; on every address of the machine, or on one.
    ///
    /// # Errors
    /// Where one is taken or needs rights that are not there; it is named.
    pub fn open(at: Option<IpAddr>, ports: &[Port]) -> Result<Self, (Port, io::Error)> {
        let mut listener = Listener { tcp: Vec::new(), udp: Vec::new(), left: MAX_HEARD };
        for port in ports.iter().take(MAX_PORTS) {
            listener.add(at, *port).map_err(|error| (*port, error))?;
        }
        Ok(listener)
    }

    fn add(&mut self, at: Option<IpAddr>, port: Port) -> io::Result<()> {
        // Both families where there is IPv6 (ipv6(7)), else the older alone.
        let any = [IpAddr::from(Ipv6Addr::UNSPECIFIED), Ipv4Addr::UNSPECIFIED.into()];
        let tried = at.map_or_else(|| any.to_vec(), |at| vec![at]);
        let mut last = Ok(());
        for ip in tried {
            let opened = match port {
                Port::Tcp(number) => TcpListener::bind((ip, number)).and_then(|socket| {
                    socket.set_nonblocking(true)?;
                    self.tcp.push((port, socket));
                    Ok(())
                }),
                Port::Udp(number) => UdpSocket::bind((ip, number)).and_then(|socket| {
                    socket.set_nonblocking(true)?;
                    self.udp.push((port, socket));
                    Ok(())
                }),
            };
            match opened {
                Ok(()) => return Ok(()),
                error => last = error,
            }
        }
        last
    }

    /// Waits until `done`, answers, and tells what came from where; no more than [`MAX_HEARD`].
    pub fn run(
        &mut self,
        done: &dyn Fn() -> bool,
        wait: &dyn Fn(Duration),
        heard: &mut dyn FnMut(Port, SocketAddr),
    ) {
        while !done() && self.left > 0 {
            if !self.look(heard) {
                wait(LOOK);
            }
        }
    }

    /// Takes what waits; whether something did.
    fn look(&mut self, heard: &mut dyn FnMut(Port, SocketAddr)) -> bool {
        let mut some = false;
        for (port, socket) in &self.tcp {
            // Closed at once: whoever connects learns that it is open, and nothing more.
            if let Ok((_, from)) = socket.accept() {
                some = true;
                self.left = self.left.saturating_sub(1);
                heard(*port, plain(from));
            }
        }
        let mut bytes = [0; DATAGRAM + 1];
        for (port, socket) in &self.udp {
            let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
            some = true;
            let datagram = bytes.get(..length).unwrap_or_default();
            // As long as the question and to the one who asked, so that nothing is made larger.
            if length == DATAGRAM && datagram.starts_with(&MARK) {
                self.left = self.left.saturating_sub(1);
                // Lost answers are what is measured.
                let _ = socket.send_to(datagram, from);
                heard(*port, plain(from));
            }
        }
        some
    }
}

/// An IPv4 address is shown as one, though it came by a socket of both families.
fn plain(from: SocketAddr) -> SocketAddr {
    SocketAddr::new(from.ip().to_canonical(), from.port())
}
