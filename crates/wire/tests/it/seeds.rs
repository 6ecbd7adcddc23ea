//! One well-formed exchange of each protocol: where the tests start from.

use cordon_model::App;
use cordon_wire::Side::{self, Client, Server};

/// The turns of one connection.
pub type Conversation = Vec<(Side, Vec<u8>)>;

/// A datagram with its ports.
#[derive(Clone, Debug)]
pub struct Message {
    pub from_port: u16,
    pub to_port: u16,
    pub payload: Vec<u8>,
}

/// Connections, by application.
pub fn streams() -> Vec<(App, Conversation)> {
    let turns =
        |client: &[u8], server: &[u8]| vec![(Client, client.to_vec()), (Server, server.to_vec())];
    let greeted =
        |server: &[u8], client: &[u8]| vec![(Server, server.to_vec()), (Client, client.to_vec())];
    vec![
        (App::Dns, turns(&framed(&query()), &framed(&answer()))),
        (
            App::Http,
            turns(
                b"GET /a?b=c HTTP/1.1\r\nHost: cam.example\r\nUser-Agent: curl/8\r\n\
                  Authorization: Basic YWRtaW46YWRtaW4=\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nServer: lighttpd/1.4\r\nContent-Type: text/html\r\n\
                  Content-Length: 20\r\n\r\n<title>Cam</title>\r\n",
            ),
        ),
        (App::Tls, turns(&client_hello(), &server_hello())),
        (App::Ssh, greeted(b"SSH-2.0-dropbear_2019.78\r\n", b"SSH-2.0-OpenSSH_9.2\r\n")),
        (
            App::Telnet,
            greeted(b"\xff\xfd\x18\xff\xfb\x01\r\nBusyBox login: ", b"\xff\xfc\x18root\r\n"),
        ),
        (App::Ftp, greeted(b"220 ProFTPD 1.3 Server ready.\r\n", b"USER anna\r\nPASS secret\r\n")),
        (
            App::Rtsp,
            turns(
                b"OPTIONS rtsp://10.0.0.9/live RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: vlc\r\n\r\n",
                b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Cam/1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n",
            ),
        ),
        (
            App::Mqtt,
            turns(
                b"\x10\x18\0\x04MQTT\x04\xc2\0\x3c\0\x02c1\0\x02me\0\x04pass\x30\x06\0\x03t/1x",
                b"\x20\x02\0\0",
            ),
        ),
        (
            App::Modbus,
            turns(b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x02", b"\0\x01\0\0\0\x07\x01\x03\x04\0\x01\0\x02"),
        ),
        (App::Dnp3, turns(&dnp3(0xc4, &[0xc0, 0xc1, 1, 60, 2, 6]), &dnp3(0x44, &[0xc0, 0xc1, 0x81, 0, 0]))),
        (
            App::S7comm,
            vec![
                (Client, b"\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc1\x02\x01\0\xc2\x02\x01\x02\xc0\x01\x0a".to_vec()),
                (Server, b"\x03\0\0\x16\x11\xd0\0\x01\0\x02\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02".to_vec()),
                (
                    Client,
                    b"\x03\0\0\x19\x02\xf0\x80\x32\x01\0\0\0\0\0\x08\0\0\xf0\0\0\x01\0\x01\x01\xe0".to_vec(),
                ),
                (
                    Client,
                    b"\x03\0\0\x21\x02\xf0\x80\x32\x01\0\0\0\x01\0\x10\0\0\x29\0\0\0\0\0\x09P_PROGRAM".to_vec(),
                ),
            ],
        ),
        (App::Enip, turns(&enip(0x65, &[1, 0, 0, 0]), &enip(0x65, &[1, 0, 0, 0]))),
    ]
}

/// Datagrams, by application.
pub fn datagrams() -> Vec<(App, Message)> {
    let on = |from_port, to_port, payload: &[u8]| Message {
        from_port,
        to_port,
        payload: payload.to_vec(),
    };
    vec![
        (App::Dhcp, on(68, 67, &dhcp())),
        (App::Dhcpv6, on(546, 547, b"\x01\0\0\x09\0\x01\0\x0a\0\x03\0\x01\x02\0\0\0\0\x07\0\x06\0\x02\0\x17")),
        (App::Dns, on(40000, 53, &query())),
        (App::Dns, on(53, 40000, &answer())),
        (App::Dns, on(40000, 9999, &query())),
        (App::Mdns, on(5353, 5353, &answer())),
        (App::Llmnr, on(40000, 5355, &query())),
        (
            App::Nbns,
            on(137, 137, b"\0\x01\x01\x10\0\x01\0\0\0\0\0\0\x20FEEBFDCACACACACACACACACACACACAAA\0\0\x20\0\x01"),
        ),
        (
            App::Ssdp,
            on(1900, 1900, b"NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nSERVER: Linux UPnP/1.0 A/1\r\n\r\n"),
        ),
        (App::Ntp, on(123, 123, &[&[0x23, 0, 6, 0xec][..], &[0; 36], &[0xea, 1, 2, 3, 4, 5, 6, 7]].concat())),
        (
            App::Snmp,
            on(
                40000,
                161,
                b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x0e\
                  \x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\0\x05\0",
            ),
        ),
        (App::Coap, on(40000, 5683, b"\x41\x01\0\x01\xaa\xb4temp\x01c")),
        (App::Dnp3, on(20000, 20000, &dnp3(0xc4, &[0xc0, 0xc1, 1, 60, 2, 6]))),
        (App::Enip, on(40000, 44818, &enip(0x63, &[]))),
        (App::Bacnet, on(47808, 47808, b"\x81\x0b\0\x0c\x01\x20\xff\xff\0\xff\x10\x08")),
    ]
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn query() -> Vec<u8> {
    b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01".to_vec()
}

fn answer() -> Vec<u8> {
    b"\x12\x34\x84\0\0\x01\0\x02\0\0\0\0\x03www\x07example\0\0\x01\0\x01\
      \xc0\x0c\0\x05\0\x01\0\0\0\x09\0\x04\x01a\xc0\x10\
      \xc0\x2d\0\x01\0\x01\0\0\0\x09\0\x04\x0a\0\0\x05"
        .to_vec()
}

fn dhcp() -> Vec<u8> {
    let head = [1, 1, 6, 0, 9, 9, 9, 9];
    let options = b"\x63\x82\x53\x63\x35\x01\x03\x37\x04\x01\x1c\x02\x03\x3c\x04udhc\x0c\x02tv\xff";
    [&head[..], &[0; 20], &[2, 0, 0, 0, 0, 7], &[0; 202], options].concat()
}

fn client_hello() -> Vec<u8> {
    let extensions =
        b"\0\0\0\x10\0\x0e\0\0\x0bcam.example\0\x0a\0\x04\0\x02\0\x1d\0\x10\0\x05\0\x03\x02h2";
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0, 4, 0x13, 1, 0xc0, 0x2f, 1, 0],
        &(extensions.len() as u16).to_be_bytes(),
        extensions,
    ]
    .concat();
    handshake(1, &body)
}

fn server_hello() -> Vec<u8> {
    handshake(2, &[&[3, 3][..], &[8; 32], &[0, 0xc0, 0x2f, 0, 0, 0]].concat())
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u16;
    let head = [&[0x16, 3, 1][..], &(length + 4).to_be_bytes(), &[kind, 0], &length.to_be_bytes()];
    [&head.concat(), body].concat()
}

fn enip(command: u8, data: &[u8]) -> Vec<u8> {
    [&[command, 0, data.len() as u8, 0][..], &[0; 20], data].concat()
}

/// A link frame of DNP3 with one block of user data of at most sixteen octets.
fn dnp3(control: u8, data: &[u8]) -> Vec<u8> {
    let head = [5, 0x64, data.len() as u8 + 5, control, 1, 0, 0, 4];
    [&head[..], &dnp3_crc(&head), data, &dnp3_crc(data)].concat()
}

fn dnp3_crc(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xa6bc } else { crc >> 1 };
        }
    }
    (!crc).to_le_bytes()
}
