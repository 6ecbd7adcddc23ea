//! A small client for the command line: the service on this machine over its socket.

use std::io;
use std::path::Path;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// Largest answer that is read, in bytes: an exported ledger or a million flows.
const LARGEST: usize = 512 << 20;

/// An answer.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Asks the service behind a socket.
///
/// # Errors
/// Where nobody listens there, or the answer breaks off.
pub async fn ask(socket: &Path, method: &str, path: &str, body: Vec<u8>) -> io::Result<Reply> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let running = tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), LARGEST)
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    running.abort();
    Ok(Reply { status, body })
}
