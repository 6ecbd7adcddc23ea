//! Real sockets on loopback: TLS, slow clients, floods of streams, connections kept for nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_api::http::{Door, DoorOptions, serve_tls};
use cordon_crypto::tls::{ServerIdentity, Wanted, install_provider};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::World;

struct Served {
    address: SocketAddr,
    _world: World,
    _stop: watch::Sender<bool>,
}

async fn served_by(networks: &[&str]) -> Served {
    install_provider();
    let world = World::new().await;
    let wanted =
        Wanted { file: world.dir.path().join("tls"), names: vec!["localhost".into()], own: None };
    let (identity, _) = ServerIdentity::open(wanted, &world.vault, world.now()).unwrap();
    let config = identity.server_config().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let door = match networks {
        [] => Arc::clone(&world.door),
        some => Door::new(DoorOptions {
            networks: some.iter().map(|one| one.parse().unwrap()).collect(),
            hostnames: Vec::new(),
        }),
    };
    let tls: cordon_api::http::Tls = Arc::new(move || Arc::clone(&config));
    tokio::spawn(serve_tls(listener, tls, door, world.router.clone(), stopped));
    Served { address, _world: world, _stop: stop }
}

async fn served() -> Served {
    served_by(&[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_real_tls_a_page_comes_with_its_headers_and_http_gets_one_line() {
    let served = served().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = tls(served.address, &[version], b"http/1.1").await.unwrap();
        stream
            .write_all(b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let text = read_all(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("strict-transport-security") && text.contains("__Host-cordon-visit"));
    }
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut text = String::new();
    plain.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 400") && text.contains("https://"), "{text}");
    assert!(!text.contains("location") && !text.contains("__Host"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_tls_is_refused() {
    let served = served().await;
    for (version, name) in [(0x0300_u16, "SSL 3"), (0x0301, "TLS 1.0"), (0x0302, "TLS 1.1")] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(&client_hello(version)).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer));
        let _ = read.await.unwrap();
        // An alert record that is fatal, and no handshake.
        assert!(answer.first() == Some(&21) && answer.get(5) == Some(&2), "{name}: {answer:?}");
    }
}

/// A hello of an old client: no extensions, two old cipher suites.
fn client_hello(version: u16) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]);
    let length = u16::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1];
    record.extend((length + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(length.to_be_bytes());
    record.extend(body);
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_nothing_or_little_is_cut_off() {
    let served = served().await;
    let begun = Instant::now();
    // One connects and is silent, one begins a handshake, one begins a request.
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut half = TcpStream::connect(served.address).await.unwrap();
    half.write_all(&client_hello(0x0303)[..20]).await.unwrap();
    let mut slow = tls(served.address, rustls::ALL_VERSIONS, b"http/1.1").await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-a: ").await.unwrap();
    let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
    let all = async {
        let _ = silent.read_to_end(&mut one).await;
        let _ = half.read_to_end(&mut two).await;
        let _ = slow.read_to_end(&mut three).await;
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("all are cut off");
    assert!(begun.elapsed() >= Duration::from_secs(5), "not at once either");
    assert!(!String::from_utf8_lossy(&three).contains("200"));
    // Others are served meanwhile and after.
    assert!(get(served.address, "/sign-in").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giant_heads_are_refused() {
    let served = served().await;
    for head in [
        format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "a".repeat(64 * 1024)),
        format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(64 * 1024)),
        format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(2000)),
        "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x".into(),
        "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello".into(),
        "GET / HTTP/1.1\r\nhost : localhost\r\n\r\n".into(),
    ] {
        let mut stream = tls(served.address, rustls::ALL_VERSIONS, b"http/1.1").await.unwrap();
        let _ = stream.write_all(head.as_bytes()).await;
        let text = read_all(&mut stream).await;
        let start = text.lines().next().unwrap_or_default().to_owned();
        // Refused, or (both lengths given) chunks win and the connection closes; never two answers.
        assert!(start.is_empty() || start.contains(" 4") || start.contains(" 303"), "{start}");
        assert!(text.matches("HTTP/1.1").count() <= 1, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_cannot_take_every_connection() {
    let served = served().await;
    let mut held = Vec::new();
    for _ in 0..80 {
        held.push(TcpStream::connect(served.address).await.unwrap());
    }
    // The 65th and later are closed at once; another address is served. 127.0.0.2 is as good as
    // another machine here.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let stream = socket.connect(served.address).await.unwrap();
    let mut stream =
        shake(stream, rustls::ALL_VERSIONS, b"http/1.1").await.expect("another address is served");
    stream
        .write_all(b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 200"));
    let mut closed = 0;
    for stream in &mut held {
        let mut one = [0];
        let read = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut one)).await;
        closed += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    assert!((10..=20).contains(&closed), "{closed} of 80 were closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_one_connection_are_bounded_and_resets_end_it() {
    let served = served().await;
    let stream = tls(served.address, rustls::ALL_VERSIONS, b"h2").await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let running = tokio::spawn(connection);
    client = client.ready().await.unwrap();
    // Requests reset as soon as they are sent (CVE-2023-44487).
    let mut sent = 0;
    for _ in 0..5000 {
        let request = axum::http::Request::get("https://localhost/sign-in").body(()).unwrap();
        let Ok((_, mut body)) = client.send_request(request, false) else { break };
        body.send_reset(h2::Reason::CANCEL);
        sent += 1;
        client = match tokio::time::timeout(Duration::from_secs(5), client.ready()).await {
            Ok(Ok(client)) => client,
            _ => break,
        };
    }
    drop(running);
    assert!(sent > 0);
    // Whatever became of that connection, the service answers as before.
    let begun = Instant::now();
    let answer = get(served.address, "/sign-in").await;
    let status = answer.lines().next().unwrap_or_default();
    assert!(status.contains("200") || status.contains("429"), "{status}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_may_not_connect_gets_no_handshake() {
    let served = served_by(&["10.1.0.0/16"]).await;
    // Loopback is always let in, so the console is never lost.
    assert!(get(served.address, "/sign-in").await.starts_with("HTTP/1.1 200"));
    let door = Door::new(DoorOptions {
        networks: vec!["10.1.0.0/16".parse().unwrap()],
        hostnames: Vec::new(),
    });
    for (ip, admitted) in [
        ("10.1.2.3", true),
        ("10.2.0.1", false),
        ("::ffff:10.2.0.1", false),
        ("2001:db8::1", false),
    ] {
        assert_eq!(door.lets_in(ip.parse().unwrap()), admitted, "{ip}");
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tls(address, rustls::ALL_VERSIONS, b"http/1.1").await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_all(&mut stream).await
}

async fn read_all(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(12), stream.read_to_end(&mut bytes));
    // A connection that was cut off is an answer as well.
    let _ = read.await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn tls(
    address: SocketAddr,
    versions: &[&'static rustls::SupportedProtocolVersion],
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    shake(TcpStream::connect(address).await?, versions, protocol).await
}

async fn shake(
    stream: TcpStream,
    versions: &[&'static rustls::SupportedProtocolVersion],
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = ClientConfig::builder_with_protocol_versions(versions)
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Believes any certificate: what is tested is what comes after.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_SHA256,
        ]
    }
}
