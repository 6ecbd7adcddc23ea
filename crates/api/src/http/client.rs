//! A client for the command line: the service on this machine over its socket, or one elsewhere
//! over TLS.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// Largest answer that is read, in bytes: an exported ledger or a million flows.
const LARGEST: usize = 512 << 20;
/// Until the other end has answered; the service gives a request 60 seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// Where the distributions keep the certificates of public authorities.
const AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// Where a service is.
#[derive(Clone, Debug)]
pub enum Way {
    /// On this machine: the socket in its data folder.
    Socket(PathBuf),
    /// Elsewhere.
    Tls {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// An API token; empty for none.
        token: String,
        /// SHA-256 of its certificate; without, a public authority must have issued it.
        fingerprint: Option<[u8; 32]>,
    },
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// What the body is.
    pub content: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// Asks a service.
///
/// # Errors
/// Where nobody listens there, it is not who it should be, or the answer breaks off.
pub async fn ask(way: &Way, question: Question<'_>) -> io::Result<Reply> {
    let asked = async {
        match way {
            Way::Socket(path) => {
                let stream = UnixStream::connect(path).await?;
                converse(stream, "localhost", None, question).await
            }
            Way::Tls { host, port, token, fingerprint } => {
                let config = client_config(*fingerprint)?;
                let name = ServerName::try_from(host.clone()).map_err(invalid)?;
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                let stream = TlsConnector::from(config).connect(name, stream).await?;
                let host = match host.contains(':') {
                    true => format!("[{host}]:{port}"),
                    false => format!("{host}:{port}"),
                };
                converse(stream, &host, Some(token), question).await
            }
        }
    };
    let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer came in time");
    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| late())?
}

async fn converse<S>(
    stream: S,
    host: &str,
    token: Option<&str>,
    question: Question<'_>,
) -> io::Result<Reply>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let running = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(question.method)
        .uri(question.path)
        .header("host", host)
        .header("content-type", question.content);
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request
        .body(Full::new(Bytes::copy_from_slice(question.body)))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
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

fn client_config(fingerprint: Option<[u8; 32]>) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let config = match fingerprint {
        Some(fingerprint) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned { fingerprint, algorithms }))
            .with_no_client_auth(),
        None => builder.with_root_certificates(authorities()).with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// Those of the file that is named in `SSL_CERT_FILE`, else those of the system.
fn authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let usual = || AUTHORITIES.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(file) = named.or_else(usual)
        && let Ok(certificates) = CertificateDer::pem_file_iter(file)
    {
        roots.add_parsable_certificates(certificates.flatten());
    }
    roots
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// One certificate and no other. Whose it is, the handshake's signature proves.
#[derive(Debug)]
struct Pinned {
    fingerprint: [u8; 32],
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found: [u8; 32] = Sha256::digest(certificate).into();
        match found == self.fingerprint {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(rustls::Error::General(
                "its certificate is another than --fingerprint says".to_owned(),
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
