//! Whole connections made here and offered as the sensor offers them.

use cordon_model::{SecretKey, fact::TlsClientHello};

use super::{
    keys::tests::{DESTINATION, seal},
    *,
};
use crate::tls::hello::tests::{client_body, server_body};

const SOURCE: [u8; 4] = [1, 2, 3, 4];

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, a, b, c], body].concat()
}

fn two_bytes(value: usize) -> [u8; 2] {
    (u16::try_from(value).unwrap() | 0x4000).to_be_bytes()
}

fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    [&[6][..], &two_bytes(offset), &two_bytes(bytes.len()), bytes].concat()
}

/// An Initial of either version from either side, filled up to a full datagram.
fn initial(
    version: Version,
    from: Side,
    destination: &[u8],
    number: u16,
    frames: &[u8],
) -> Vec<u8> {
    let derivation = if version == Version::V2 { Derivation::V2 } else { Derivation::V1 };
    let keys = Keys::new(derivation, &DESTINATION, from);
    let mut payload = frames.to_vec();
    payload.resize(1150.max(frames.len()), 0);
    let first = if version == Version::V2 { 0xd1 } else { 0xc1 };
    let mut header = vec![first];
    header.extend(version.0.to_be_bytes());
    header.push(u8::try_from(destination.len()).unwrap());
    header.extend_from_slice(destination);
    header.push(4);
    header.extend(SOURCE);
    header.push(0);
    header.extend(two_bytes(2 + payload.len() + TAG));
    seal(&keys, &header, number, &payload)
}

fn datagram(side: Side, payload: &[u8]) -> Datagram<'_> {
    Datagram { side, from_port: 50000, to_port: 4433, multicast: false, payload }
}

fn run(datagrams: &[(Side, Vec<u8>)]) -> (Vec<Said>, Step) {
    let (key, mut said) = (SecretKey::new([0; 32]), Vec::new());
    let mut quic = Quic::default();
    let mut step = Step::Consumed(0);
    for (side, payload) in datagrams {
        step = quic.datagram(&datagram(*side, payload), &mut Out::new(&key, &mut said));
    }
    (said, step)
}

fn hello(said: &[Said]) -> &TlsClientHello {
    let Some(Said::ClientHello(hello)) = said.first() else { panic!("{said:?}") };
    hello
}

#[test]
fn a_hello_shuffled_over_two_datagrams_is_read_in_both_versions() {
    let message = handshake(CLIENT_HELLO, &client_body("hub.example"));
    for version in [Version::V1, Version::V2] {
        let second = [crypto(40, &message[40..]), vec![1]].concat();
        let first = [crypto(10, &message[10..40]), crypto(0, &message[..10])].concat();
        let (said, _) = run(&[
            (Side::Client, initial(version, Side::Client, &DESTINATION, 1, &second)),
            (Side::Client, initial(version, Side::Client, &DESTINATION, 0, &first)),
        ]);
        assert_eq!(said.len(), 1);
        assert_eq!(hello(&said).sni.as_deref(), Some("hub.example"));
        assert_eq!(hello(&said).quic, Some(version.0));
        assert!(hello(&said).ja4.starts_with("q13d"), "{}", hello(&said).ja4);
    }
}

#[test]
fn after_both_hellos_nothing_more_is_read() {
    let question = crypto(0, &handshake(CLIENT_HELLO, &client_body("hub.example")));
    let chosen = server_body(0x0303, &[(43, vec![3, 4])]);
    let answer = crypto(0, &handshake(SERVER_HELLO, &chosen));
    let server = initial(Version::V1, Side::Server, &SOURCE, 0, &answer);
    let (said, step) = run(&[
        (Side::Client, initial(Version::V1, Side::Client, &DESTINATION, 0, &question)),
        (Side::Server, [server, vec![0x40; 30]].concat()),
    ]);
    assert_eq!(step, Step::Done);
    assert!(matches!(said.as_slice(), [Said::ClientHello(_), Said::ServerHello(_)]));
}

#[test]
fn which_end_is_the_client_is_proved_by_its_keys() {
    let question = crypto(0, &handshake(CLIENT_HELLO, &client_body("hub.example")));
    let client = initial(Version::V1, Side::Client, &DESTINATION, 0, &question);
    let (said, _) = run(&[(Side::Server, client)]);
    assert_eq!(hello(&said).sni.as_deref(), Some("hub.example"));
}

#[test]
fn a_flow_of_noise_is_given_up() {
    let mut noise = initial(Version::V1, Side::Client, &DESTINATION, 0, &[]);
    noise[100] ^= 1;
    let (said, step) = run(&vec![(Side::Client, noise); usize::from(PATIENCE)]);
    assert_eq!((said.len(), step), (0, Step::Done));
}

#[test]
fn every_kind_of_long_header_is_recognised() {
    let judge = |payload: &[u8]| recognise(&datagram(Side::Client, payload));
    let own = initial(Version::V1, Side::Client, &DESTINATION, 0, &[]);
    assert_eq!(judge(&own), Guess::Sure);
    assert_eq!(judge(&own[..200]), Guess::Fits);
    let negotiation = [&[0x80, 0, 0, 0, 0, 0, 0][..], &[0, 0, 0, 1, 0xff, 0, 0, 29]].concat();
    assert_eq!(judge(&negotiation), Guess::Sure);
    let q043 = [&[0x09][..], &[7; 8], b"Q043", &[1; 30]].concat();
    assert_eq!(judge(&q043), Guess::Sure);
    let q046 = [&[0xc3][..], b"Q046", &[0x50], &[1; 30]].concat();
    assert_eq!(judge(&q046), Guess::Sure);
}

#[test]
fn other_datagrams_are_not_quic() {
    for payload in [
        &b"GET / HTTP/1.1\r\n"[..],
        &[0xc0, 0, 0, 0, 1, 21, 0, 0, 0, 0],
        &[0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        &[0xc0, 0, 0, 0, 2, 0, 0, 0, 0, 0],
        &[0x40; 40],
        &[],
    ] {
        assert_eq!(recognise(&datagram(Side::Client, payload)), Guess::No, "{payload:?}");
    }
}
