//! What takes a right to open: the port, the interfaces, the service manager's socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use cordon_capture::live::{self, RawSocket};
use cordon_config::Config;
use cordon_guard::Notify;

use super::Packets;
use crate::failure::Failure;

/// Everything that was opened with rights.
pub struct Outside {
    /// Where browsers come in.
    pub listener: TcpListener,
    /// Interfaces to listen on.
    pub sockets: Vec<(String, RawSocket)>,
    /// The service manager.
    pub notify: Notify,
}

impl Outside {
    /// Opens it all.
    pub fn open(config: &Config, packets: &Packets) -> Result<Self, Failure> {
        let listener = listen(config.web.listen)?;
        let sockets = match packets {
            Packets::Live(names) => sockets(names)?,
            Packets::Replay { .. } | Packets::Lab { .. } => Vec::new(),
        };
        let watchdog = std::env::var("WATCHDOG_USEC").ok();
        let notify =
            Notify::open(std::env::var_os("NOTIFY_SOCKET").as_deref(), watchdog.as_deref())
                .map_err(|error| {
                    Failure::Other(format!("the service manager cannot be told: {error}"))
                })?;
        Ok(Outside { listener, sockets, notify })
    }
}

fn listen(wanted: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(wanted).or_else(|error| {
        // A machine without IPv6 has no [::]; every address is meant all the same.
        match (wanted.ip().is_unspecified() && wanted.is_ipv6(), error.kind()) {
            (true, std::io::ErrorKind::AddrInUse) | (false, _) => Err(error),
            (true, _) => TcpListener::bind((IpAddr::V4(Ipv4Addr::UNSPECIFIED), wanted.port())),
        }
    });
    let listener = bound.map_err(|error| {
        Failure::Other(format!("cannot serve on {wanted}: {error}; name another with --listen"))
    })?;
    listener.set_nonblocking(true).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(listener)
}

fn sockets(wanted: &[String]) -> Result<Vec<(String, RawSocket)>, Failure> {
    let names: Vec<String> = match wanted {
        [] => worth_listening(),
        named => named.to_vec(),
    };
    if names.is_empty() {
        let all = live::interfaces().join(", ");
        return Err(Failure::Other(format!(
            "no interface is up to listen on; name one: cordon run INTERFACE (there are: {all})"
        )));
    }
    let open = |name: String| {
        let socket = RawSocket::open(&name)?;
        Ok((name, socket))
    };
    names.into_iter().map(open).collect()
}

/// The interfaces that are listened on where none is named.
pub fn worth_listening() -> Vec<String> {
    live::interfaces().into_iter().filter(|name| is_worth_it(name)).collect()
}

/// Up, and with hardware behind it: bridges and tunnels would show packets twice.
fn is_worth_it(name: &str) -> bool {
    let up = live::link_state(name).is_ok_and(|state| state.up);
    let device = std::path::Path::new("/sys/class/net").join(name).join("device");
    name != "lo" && up && device.exists()
}
