//! A port on loopback that leads to a service's socket, for clients that know no sockets in the
//! file system. Whoever connects there acts as root does.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;

/// Opens the gate; it stays open until the program ends.
pub fn open(socket: &Path) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let socket = socket.to_owned();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let socket = socket.clone();
            thread::spawn(move || lead(stream, socket));
        }
    });
    Ok(address)
}

/// Either side may end first; what it sees then is what it would see without the gate.
fn lead(outside: TcpStream, socket: PathBuf) -> io::Result<()> {
    let inside = UnixStream::connect(socket)?;
    let (mut from, mut to) = (outside.try_clone()?, inside.try_clone()?);
    let inward = thread::spawn(move || {
        let copied = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write).and(copied)
    });
    let (mut from, mut to) = (inside, outside);
    let copied = io::copy(&mut from, &mut to);
    to.shutdown(Shutdown::Both)?;
    copied?;
    let _ = inward.join();
    Ok(())
}
