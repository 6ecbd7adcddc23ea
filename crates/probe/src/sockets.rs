//! The tries themselves: one at a time, slowly, closed at once.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use crate::{MAX_PORTS, Outcome, Pace, Port};

/// How long one try waits for an answer.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// What a datagram begins with; whoever listens answers nothing else.
pub(crate) const MARK: [u8; 8] = *b"cordon?1";
/// Length of a datagram: the mark and a number that comes back.
pub(crate) const DATAGRAM: usize = 16;

/// The address that this machine would send from; nothing is sent.
///
/// # Errors
/// Where there is no way there.
pub fn source(to: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    // Connecting a datagram socket only looks up the route (udp(7)); port 9 is that of discard.
    socket.connect((to, 9))?;
    Ok(socket.local_addr()?.ip())
}

/// Tries ports one after the other from an address of this machine, with `wait` between two of them, and
/// tells each outcome. More than [`MAX_PORTS`] are not tried.
///
/// TCP is connected and closed without a byte. UDP sends one datagram of 16 bytes that only
/// [`crate::listen`] answers; `nonce` is in it.
pub fn run(
    from: IpAddr,
    to: IpAddr,
    ports: &[Port],
    pace: Pace,
    nonce: u64,
    wait: &dyn Fn(Duration),
    told: &mut dyn FnMut(Port, Outcome),
) {
    for (at, port) in ports.iter().take(MAX_PORTS).enumerate() {
        if at > 0 {
            wait(pace.wait());
        }
        let address = SocketAddr::new(to, port.number());
        let outcome = match port {
            Port::Tcp(_) => tcp(address),
            Port::Udp(_) => udp(from, address, nonce.wrapping_add(at as u64)),
        };
        told(*port, outcome.unwrap_or_else(|error| Outcome::of(&error)));
    }
}

fn tcp(to: SocketAddr) -> io::Result<Outcome> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    // A port of the machine's own that was connected to itself answers nothing (RFC 9293, 3.5).
    if stream.local_addr()? == stream.peer_addr()? {
        return Ok(Outcome::Refused);
    }
    Ok(Outcome::Connected)
}

fn udp(from: IpAddr, to: SocketAddr, nonce: u64) -> io::Result<Outcome> {
    let socket = UdpSocket::bind((from, 0))?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut datagram = [0; DATAGRAM];
    let bytes = MARK.into_iter().chain(nonce.to_be_bytes());
    datagram.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
    socket.send(&datagram)?;
    let mut answer = [0; DATAGRAM];
    let length = socket.recv(&mut answer)?;
    // Something answered that is no listener of ours: it arrived all the same.
    Ok(if length == DATAGRAM && answer == datagram { Outcome::Connected } else { Outcome::Refused })
}
