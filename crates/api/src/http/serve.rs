//! Connections: over TLS to everybody, over a socket in the file system to this machine.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::door::subscriber;
use super::{Door, Peer};

/// Connections at a time. A page needs one; live pages keep it.
const CONNECTIONS: usize = 256;
/// Connections at a time of one address: browsers open six with HTTP/1, and several people may
/// sit behind one router; nobody takes everybody's place.
const CONNECTIONS_EACH: usize = 64;
/// Until the client has said what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest HTTP/1 head, and frame buffer of HTTP/2, in bytes.
const HEAD: usize = 32 * 1024;
/// Requests that one HTTP/2 connection may have under way.
const STREAMS: u32 = 64;

/// The current TLS configuration, changed while running.
pub type Tls = Arc<dyn Fn() -> Arc<rustls::ServerConfig> + Send + Sync>;

/// Serves everybody until `stop` turns true.
///
/// # Errors
/// None that ends the service: what goes wrong with one connection ends that connection.
pub async fn serve_tls(
    listener: TcpListener,
    tls: Tls,
    door: Arc<Door>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let seats = Arc::new(Seats::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stop) => return,
        };
        let Ok((stream, address)) = accepted else {
            // Out of descriptors, most likely: wait until connections have ended.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let ip = address.ip().to_canonical();
        if !door.lets_in(ip) {
            tracing::debug!(%ip, "connection refused: not in web.allow_from");
            continue;
        }
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let Some(own) = seats.take(subscriber(ip)) else { continue };
        let (tls, router, stop) = (tls(), router.clone(), stop.clone());
        tokio::spawn(async move {
            if let Some(stream) = handshake(stream, tls).await {
                converse(stream, Peer::Remote(ip), router, stop).await;
            }
            drop((place, own));
        });
    }
}

/// Who holds how many connections; at most as many rows as there are connections.
#[derive(Default)]
struct Seats(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place among its address's, given back when it ends.
struct Seat {
    seats: Arc<Seats>,
    who: IpAddr,
}

impl Seats {
    fn take(self: &Arc<Self>, who: IpAddr) -> Option<Seat> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.entry(who).or_default();
        if *own >= CONNECTIONS_EACH {
            return None;
        }
        *own += 1;
        Some(Seat { seats: Arc::clone(self), who })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = held.get_mut(&self.who) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                held.remove(&self.who);
            }
        }
    }
}

/// Serves processes on this machine: root and the service's own user. The socket file is made
/// anew and readable by its owner only.
///
/// # Errors
/// Where the socket cannot be made.
pub async fn serve_unix(
    path: &Path,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path)?);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stop) => return Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(uid) = stream.peer_cred().map(|peer| peer.uid()) else { continue };
        if uid != 0 && uid != owner {
            continue;
        }
        let (router, stop) = (router.clone(), stop.clone());
        tokio::spawn(converse(stream, Peer::Local { uid }, router, stop));
    }
}

async fn handshake(
    stream: TcpStream,
    tls: Arc<rustls::ServerConfig>,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let shaken = tokio::time::timeout(PATIENCE, async {
        let mut first = [0];
        stream.peek(&mut first).await.ok()?;
        // A TLS record begins with 22; a letter is somebody who typed http://.
        if first.first().is_some_and(u8::is_ascii_alphabetic) {
            say_https(stream).await;
            return None;
        }
        TlsAcceptor::from(tls).accept(stream).await.ok()
    });
    shaken.await.ok().flatten()
}

async fn say_https(mut stream: TcpStream) {
    const TEXT: &str = "This service speaks HTTPS only: write https:// in front of the address.\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{TEXT}",
        TEXT.len()
    );
    // Whoever does not wait for the answer does not need it.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn converse<S>(stream: S, peer: Peer, router: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let answered: Result<_, Infallible> = router.oneshot(request).await;
            answered
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
        .initial_stream_window_size(256 * 1024)
        .initial_connection_window_size(512 * 1024)
        .keep_alive_interval(Duration::from_secs(60));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::trace!(%error, "connection ended");
            }
        }
        () = told(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(Duration::from_secs(2), connection).await;
        }
    }
}

/// Waits until the service is to stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    // Where nobody is left to tell, it is time as well.
    drop(stop.wait_for(|stop| *stop).await);
}

/// The address of a peer, where it has one.
#[must_use]
pub fn ip_of(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Remote(ip) => Some(ip),
        Peer::Local { .. } => None,
    }
}
