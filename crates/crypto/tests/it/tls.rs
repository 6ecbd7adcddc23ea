//! Certificates and handshakes over loopback.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use cordon_crypto::tls::{
    RENEW_BEFORE, Refreshed, ServerIdentity, TlsError, VALID_FOR, Validity, Wanted,
    install_provider,
};
use cordon_crypto::{CryptoError, KeyFile, Vault};
use cordon_model::Timestamp;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, RootCertStore,
};
use rustls::{ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// 2026-01-01.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Site {
    folder: TempDir,
    vault: Vault,
}

impl Site {
    fn new() -> Site {
        install_provider();
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(&KeyFile::create(&folder.path().join("master.key")).unwrap());
        Site { folder, vault }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wanted(&self, names: &[&str]) -> Wanted {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Wanted { file: self.path("self-issued.sealed"), names, own: None }
    }

    fn own(&self) -> Wanted {
        let own = Some((self.path("own.pem"), self.path("own.key")));
        Wanted { own, ..self.wanted(&["localhost"]) }
    }

    fn open(&self, wanted: Wanted, now: Timestamp) -> (ServerIdentity, Option<TlsError>) {
        ServerIdentity::open(wanted, &self.vault, now).unwrap()
    }

    /// An own certificate for these years.
    fn issue(&self, from: i32, until: i32) -> KeyPair {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["plant.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        write(&self.path("own.pem"), &params.self_signed(&key).unwrap().pem());
        write(&self.path("own.key"), &key.serialize_pem());
        key
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_certificate_is_issued_once_and_renewed_in_time_or_for_other_names() {
    let site = Site::new();
    let names = ["Plant.local", "192.0.2.7", "2001:db8::1", "plant.local"];
    let (identity, problem) = site.open(site.wanted(&names), NOW);
    assert!(problem.is_none());
    let first = identity.current();
    assert!(first.is_self_issued());
    assert_eq!(first.names(), ["192.0.2.7", "2001:db8::1", "plant.local"]);
    assert_eq!(first.expires().since(first.valid_from()), VALID_FOR);
    assert_eq!(first.validity(NOW), Validity::Valid);
    let file = site.path("self-issued.sealed");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let bytes = fs::read(&file).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("PRIVATE"), "the key is sealed");

    let late = first.expires().plus(Duration::ZERO);
    let soon = Timestamp::from_secs(late.secs() - RENEW_BEFORE.as_secs() as i64);
    let (again, _) = site.open(site.wanted(&names), soon);
    assert_eq!(again.current().fingerprint(), first.fingerprint());
    assert!(matches!(again.refresh(&site.vault, soon), Refreshed::Same));
    assert!(matches!(
        again.refresh(&site.vault, soon.plus(Duration::from_secs(1))),
        Refreshed::Changed
    ));
    let renewed = again.current();
    assert_ne!(renewed.fingerprint(), first.fingerprint());
    assert!(renewed.expires() > first.expires());

    let (other, _) = site.open(site.wanted(&["plant.local"]), soon);
    assert_eq!(other.current().names(), ["plant.local"]);
}

#[test]
fn a_clock_that_was_ahead_when_it_was_issued_does_no_harm() {
    let site = Site::new();
    let (_, _) = site.open(site.wanted(&["localhost"]), NOW.plus(DAY * 3000));
    let (identity, _) = site.open(site.wanted(&["localhost"]), NOW);
    assert_eq!(identity.current().validity(NOW), Validity::Valid);
    for edge in [i64::MIN, 0, i64::MAX] {
        let now = Timestamp::from_nanos(edge);
        site.open(site.wanted(&["localhost"]), now);
    }
}

#[test]
fn names_that_no_certificate_can_carry_are_refused() {
    let site = Site::new();
    for name in ["", "a b", "a..b", "-a", "ä.example", "a/b", &"x".repeat(64), "*.*.a"] {
        let result = ServerIdentity::open(site.wanted(&[name]), &site.vault, NOW);
        assert!(matches!(result, Err(TlsError::Name(_))), "{name:?}");
    }
    let none = ServerIdentity::open(site.wanted(&[]), &site.vault, NOW);
    assert!(matches!(none, Err(TlsError::Names(0))));
}

#[test]
fn a_damaged_or_exposed_self_issued_certificate_is_said() {
    let site = Site::new();
    site.open(site.wanted(&["localhost"]), NOW);
    let file = site.path("self-issued.sealed");
    let sealed = fs::read(&file).unwrap();
    fs::write(&file, &sealed[..sealed.len() - 1]).unwrap();
    let result = ServerIdentity::open(site.wanted(&["localhost"]), &site.vault, NOW);
    assert!(matches!(result, Err(TlsError::Key(CryptoError::Sealed))));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let result = ServerIdentity::open(site.wanted(&["localhost"]), &site.vault, NOW);
    assert!(matches!(result, Err(TlsError::Key(CryptoError::Exposed { .. }))));
}

#[test]
fn an_own_certificate_is_shown_and_swapped_while_the_service_runs() {
    let site = Site::new();
    site.issue(2025, 2027);
    let (identity, problem) = site.open(site.own(), NOW);
    assert!(problem.is_none());
    assert_eq!(identity.current().names(), ["plant.example"]);
    let config = identity.server_config().unwrap();
    let shown = || Sha256::digest(handshake(&config, &rustls::version::TLS13).unwrap().certificate);
    assert_eq!(shown().to_vec(), identity.current().fingerprint().0);

    let before = identity.current().fingerprint();
    site.issue(2025, 2028);
    assert!(matches!(identity.refresh(&site.vault, NOW), Refreshed::Changed));
    assert_ne!(identity.current().fingerprint(), before);
    assert_eq!(
        shown().to_vec(),
        identity.current().fingerprint().0,
        "the same configuration shows it"
    );
}

#[test]
fn an_own_certificate_that_cannot_be_used_leaves_the_service_up_and_is_said() {
    let site = Site::new();
    let good = site.issue(2025, 2028);
    let (identity, _) = site.open(site.own(), NOW);
    let shown = identity.current().fingerprint();
    let good_chain = fs::read_to_string(site.path("own.pem")).unwrap();
    let good_key = good.serialize_pem();
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    type Is = fn(&TlsError) -> bool;
    let cases: [(&str, &str, Is); 6] = [
        (&good_chain, &other_key, |error| matches!(error, TlsError::Mismatch { .. })),
        (&good_chain, "nothing", |error| matches!(error, TlsError::NoKey(_))),
        ("nothing", &good_key, |error| matches!(error, TlsError::NoCertificate(_))),
        (&good_key, &good_key, |error| matches!(error, TlsError::NoCertificate(_))),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &good_key, |error| {
            matches!(error, TlsError::Unusable { .. })
        }),
        (&good_chain[..good_chain.len() / 2], &good_key, |error| {
            matches!(error, TlsError::NoCertificate(_))
        }),
    ];
    for (chain, key, is) in cases {
        write(&site.path("own.pem"), chain);
        write(&site.path("own.key"), key);
        let Refreshed::Kept(problem) = identity.refresh(&site.vault, NOW) else { panic!() };
        assert!(is(&problem), "{problem}");
        assert_eq!(identity.current().fingerprint(), shown);
        let (fresh, problem) = site.open(site.own(), NOW);
        assert!(is(&problem.unwrap()) && fresh.current().is_self_issued());
    }
    fs::remove_file(site.path("own.key")).unwrap();
    assert!(matches!(identity.refresh(&site.vault, NOW), Refreshed::Kept(TlsError::Key(_))));
    write(&site.path("own.pem"), &good_chain);
    write(&site.path("own.key"), &good_key);
    fs::set_permissions(site.path("own.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let Refreshed::Kept(problem) = identity.refresh(&site.vault, NOW) else { panic!() };
    assert!(matches!(problem, TlsError::Key(CryptoError::Exposed { .. })));
}

#[test]
fn an_expired_or_early_own_certificate_is_not_taken_over_but_one_shown_stays() {
    let site = Site::new();
    site.issue(2024, 2025);
    let (identity, problem) = site.open(site.own(), NOW);
    let text = problem.unwrap().to_string();
    assert!(text.ends_with("expired on 2025-01-01T00:00:00Z; renew it"), "{text}");
    assert!(identity.current().is_self_issued());
    site.issue(2030, 2031);
    let Refreshed::Kept(problem) = identity.refresh(&site.vault, NOW) else { panic!() };
    assert!(problem.to_string().contains("valid from 2030-01-01T00:00:00Z only"));

    site.issue(2025, 2027);
    assert!(matches!(identity.refresh(&site.vault, NOW), Refreshed::Changed));
    let shown = identity.current().fingerprint();
    assert_eq!(identity.current().validity(NOW.plus(DAY * 340)), Validity::ExpiresSoon);
    let Refreshed::Kept(problem) = identity.refresh(&site.vault, NOW.plus(DAY * 400)) else {
        panic!()
    };
    assert!(matches!(problem, TlsError::Expired { .. }));
    assert_eq!(identity.current().fingerprint(), shown);
}

#[test]
fn tls_1_3_and_1_2_are_spoken_for_http_2_and_1() {
    let site = Site::new();
    let (identity, _) = site.open(site.wanted(&["localhost"]), NOW);
    let config = identity.server_config().unwrap();
    for (version, wanted) in [
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
    ] {
        let shaken = handshake(&config, version).unwrap();
        assert_eq!(shaken.version, wanted);
        assert_eq!(shaken.alpn.as_deref(), Some(&b"h2"[..]));
        assert_eq!(shaken.answer, b"hello");
    }
}

#[test]
fn the_self_issued_certificate_passes_a_strict_client_that_trusts_it() {
    let site = Site::new();
    let (identity, _) = site.open(site.wanted(&["localhost", "127.0.0.1"]), NOW);
    let config = identity.server_config().unwrap();
    let shown = handshake(&config, &rustls::version::TLS13).unwrap().certificate;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(shown)).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(NOW.secs() as u64));
    let verifier = rustls::client::WebPkiServerVerifier::builder(Arc::new(roots)).build().unwrap();
    let certificate = handshake(&config, &rustls::version::TLS13).unwrap().certificate;
    let check = |name: &str| {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        verifier.verify_server_cert(&CertificateDer::from(certificate.clone()), &[], &name, &[], at)
    };
    assert!(check("localhost").is_ok() && check("127.0.0.1").is_ok());
    assert!(check("elsewhere.example").is_err());
}

#[test]
fn tls_1_1_and_1_0_are_refused() {
    let site = Site::new();
    let (identity, _) = site.open(site.wanted(&["localhost"]), NOW);
    let config = identity.server_config().unwrap();
    // A ClientHello by hand, because modern clients cannot send one of TLS 1.0 and 1.1. With
    // 3.3 in it it is one of TLS 1.2, and is answered: the version alone makes the difference.
    for (minor, answer_type) in [(1, 21), (2, 21), (3, 22)] {
        let mut hello = vec![3, minor];
        hello.extend([7; 32]);
        // ECDHE-ECDSA-AES128-GCM-SHA256, P-256, ecdsa_secp256r1_sha256, no compression.
        hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
        hello.extend([0, 22, 0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3]);
        hello.extend([0, 11, 0, 2, 1, 0]);
        let mut message = vec![1, 0, 0, hello.len() as u8];
        message.extend(hello);
        let mut record = vec![22, 3, 1, 0, message.len() as u8];
        record.extend(message);
        let (address, server) = serve(&config);
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(&record).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        assert_eq!(answer[0], answer_type, "3.{minor}: {answer:?}");
        // A fatal alert: protocol_version (RFC 8446, section 6.2).
        assert!(answer_type != 21 || answer[5..7] == [2, 70], "3.{minor}: {answer:?}");
        assert!(server.join().unwrap().is_err());
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the second opinion is another program")]
fn openssl_agrees_about_versions() {
    let site = Site::new();
    let (identity, _) = site.open(site.wanted(&["localhost"]), NOW);
    let config = identity.server_config().unwrap();
    for (flag, accepted) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false)] {
        let (address, server) = serve(&config);
        let output = std::process::Command::new("openssl")
            .args(["s_client", "-connect", &address, flag, "-cipher", "ALL:@SECLEVEL=0"])
            .stdin(Stdio::null())
            .output();
        let Ok(output) = output else {
            // The test above has the same without the program.
            eprintln!("openssl is not installed");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text.contains("BEGIN CERTIFICATE"), accepted, "{flag}: {text}");
        drop(server.join());
    }
}

struct Shaken {
    version: ProtocolVersion,
    alpn: Option<Vec<u8>>,
    certificate: Vec<u8>,
    answer: Vec<u8>,
}

type Server = std::thread::JoinHandle<std::io::Result<()>>;

/// Serves one connection: says hello and closes.
fn serve(config: &Arc<ServerConfig>) -> (String, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let config = Arc::clone(config);
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept()?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let shaken = (|| {
            while connection.is_handshaking() {
                connection.complete_io(&mut socket)?;
            }
            Ok(())
        })();
        if shaken.is_ok() {
            connection.writer().write_all(b"hello")?;
            connection.send_close_notify();
        }
        while connection.wants_write() {
            connection.write_tls(&mut socket)?;
        }
        shaken
    });
    (address, server)
}

fn handshake(
    config: &Arc<ServerConfig>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<Shaken> {
    let (address, server) = serve(config);
    let mut client = ClientConfig::builder_with_protocol_versions(&[version])
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut socket = TcpStream::connect(address)?;
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    server.join().unwrap()?;
    Ok(Shaken {
        version: connection.protocol_version().unwrap(),
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
        certificate: connection.peer_certificates().unwrap()[0].to_vec(),
        answer,
    })
}

/// A client that looks at the certificate by itself.
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
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms =
            rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms =
            rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms =
            rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
