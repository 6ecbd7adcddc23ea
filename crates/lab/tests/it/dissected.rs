//! tshark as the judge: no malformed packet, no expert error, no wrong checksum, every protocol.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_lab::{Frames, PcapWriter, clinic_300, demo, pcap, write};
use cordon_model::LinkType;

const CHECKSUMS: [&str; 6] = [
    "-oip.check_checksum:TRUE",
    "-otcp.check_checksum:TRUE",
    "-oudp.check_checksum:TRUE",
    "-otls.desegment_ssl_records:TRUE",
    "-otcp.desegment_tcp_streams:TRUE",
    "-odnp3.desegment:TRUE",
];

const WRONG: &str = "_ws.malformed || _ws.expert.severity == error || _ws.expert.group == Checksum \
    || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 \
    || icmp.checksum.status == 0 || icmpv6.checksum.status == 0 || igmp.checksum.status == 0 \
    || cdp.checksum.status == 0 || dnp.hdr.CRC.status == 0 || dnp.data_chunk.CRC.status == 0 \
    || tcp.analysis.retransmission || tcp.analysis.lost_segment || tcp.analysis.out_of_order";

const PROTOCOLS: [&str; 36] = [
    "arp", "icmp", "icmpv6", "igmp", "lldp", "cdp", "eapol", "dhcp", "dhcpv6", "dns", "mdns",
    "llmnr", "nbns", "ssdp", "http", "xml", "tls", "quic", "ntp", "snmp", "ssh", "telnet", "ftp",
    "ftp-data", "rtsp", "rtp", "mqtt", "coap", "modbus", "dnp3", "s7comm", "enip", "cip", "bacapp",
    "vlan", "ipv6",
];

/// Fields of one packet each that show a planted weakness.
const PLANTED: [&[(&str, &str)]; 20] = [
    &[("http.authbasic", "admin:admin"), ("ip.dst", "10.20.0.15")],
    &[("rtsp.response", "200 OK"), ("ip.src", "192.168.30.34")],
    &[("mqtt.passwd", "steckdose42"), ("ip.dst", "192.168.30.33")],
    &[("ftp.request.arg", "Ultraschall1"), ("ip.dst", "10.10.10.42")],
    &[("telnet.data", "xc3511"), ("ip.dst", "192.168.30.34")],
    &[
        ("tls.handshake.ciphersuite", "0x0005"),
        ("tls.record.version", "0x0300"),
        ("ip.src", "10.20.0.15"),
    ],
    &[
        ("tls.handshake.ciphersuite", "0x000a"),
        ("tls.record.version", "0x0301"),
        ("ip.src", "10.10.10.32"),
    ],
    &[("tls.handshake.extensions_server_name", "www.youtube.com"), ("quic.version", "0x00000001")],
    &[("x509af.utcTime", "2020-03-13"), ("ip.src", "10.10.10.42")],
    &[("s7comm.param.func", "0x29"), ("ip.dst", "10.20.0.11"), ("ip.src", "10.20.0.22")],
    &[("s7comm.param.func", "0x1a"), ("ip.dst", "10.20.0.11"), ("ip.src", "10.20.0.22")],
    &[("dnp3.al.func", "13"), ("ip.dst", "10.20.0.14")],
    &[("dnp3.al.func", "5"), ("ip.dst", "10.20.0.14")],
    &[("bacapp.confirmed_service", "20"), ("ip.dst", "10.20.0.15")],
    &[("cip.class", "0xa1"), ("ip.dst", "10.20.0.13")],
    &[("modbus.func_code", "16"), ("ip.src", "10.10.10.21")],
    &[("modbus.func_code", "3"), ("ip.src", "185.142.236.34")],
    &[("snmp.community", "public"), ("ip.dst", "10.10.10.2")],
    &[("http.request.line", "AddPortMapping"), ("ip.src", "192.168.30.34")],
    &[("wlan.bssid", "38:10:d5:7a:20:02"), ("wps.model_name", "FBox")],
];

/// A folder for one test, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cordon-lab-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn captures(&self) -> Vec<PathBuf> {
        let captures = write(&demo().unwrap(), 1).unwrap();
        let file = |capture: &cordon_lab::Capture| {
            let path = self.0.join(format!("{}.pcap", capture.name));
            pcap(capture, &mut BufWriter::new(File::create(&path).unwrap())).unwrap();
            path
        };
        captures.iter().map(file).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// What tshark prints; none where it is not installed.
fn tshark(capture: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("tshark").arg("-n").arg("-r").arg(capture).args(arguments).output();
    let Ok(output) = output else {
        println!("skipped: no tshark");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn no_packet_is_malformed_and_every_checksum_is_right() {
    let folder = Folder::new("clean");
    for capture in folder.captures() {
        let mut arguments = CHECKSUMS.to_vec();
        arguments.extend(["-Y", WRONG]);
        let Some(wrong) = tshark(&capture, &arguments) else { return };
        assert_eq!(wrong, "", "{}", capture.display());
    }
}

#[test]
fn every_protocol_is_dissected() {
    let folder = Folder::new("protocols");
    let captures = folder.captures();
    let Some(tree) = tshark(&captures[0], &["-q", "-z", "io,phs"]) else { return };
    let seen: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for protocol in PROTOCOLS {
        assert!(seen.contains(&protocol), "{protocol} is missing in\n{tree}");
    }
}

#[test]
fn what_is_planted_stands_in_the_packets() {
    let folder = Folder::new("planted");
    let captures = folder.captures();
    let fields: BTreeSet<&str> = PLANTED.iter().flat_map(|row| row.iter().map(|p| p.0)).collect();
    for (capture, wired) in captures.iter().zip([true, false]) {
        let mut arguments = vec!["-T", "fields", "-E", "separator=/t"];
        arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
        let Some(text) = tshark(capture, &arguments) else { return };
        let packets: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        for row in PLANTED.iter().filter(|row| (row[0].0 != "wlan.bssid") == wired) {
            let fits = |packet: &Vec<&str>| {
                row.iter().all(|(field, value)| {
                    fields
                        .iter()
                        .zip(packet)
                        .any(|(name, said)| name == field && said.contains(value))
                })
            };
            assert!(packets.iter().any(fits), "no packet has {row:?}");
        }
    }
}

/// Minutes of the clinic's day that are looked at, from midnight on: the beginning, the break-in,
/// the coming of people and guests, the defects of the afternoon.
const MINUTES: [i64; 6] = [0, 197, 380, 490, 605, 845];

#[test]
fn minutes_of_the_clinics_day_are_clean() {
    let folder = Folder::new("day");
    let site = clinic_300().unwrap();
    let path = folder.0.join("day.pcap");
    let file = BufWriter::new(File::create(&path).unwrap());
    let mut file = PcapWriter::new(file, LinkType::ETHERNET).unwrap();
    let mut written = 0;
    for frame in Frames::new(&site, 1).unwrap() {
        let frame = frame.unwrap();
        let minute = (frame.at.secs() - site.start.secs()) / 60;
        if MINUTES.iter().any(|begin| (*begin..begin + 2).contains(&minute)) {
            file.write(&frame).unwrap();
            written += 1;
        }
        if minute > 850 {
            break;
        }
    }
    file.into_inner().into_inner().unwrap();
    assert!(written > 10_000, "only {written} frames");
    // Conversations that began before a minute are without their beginning.
    let begun = WRONG.replace(" || tcp.analysis.lost_segment", "");
    let mut arguments = CHECKSUMS.to_vec();
    arguments.extend(["-Y", &begun]);
    let Some(wrong) = tshark(&path, &arguments) else { return };
    assert_eq!(wrong, "");
}
