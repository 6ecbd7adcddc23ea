//! What others make of the same capture.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{LAB, look, ran};

/// cordon's and tshark's name of protocols whose flows both must count alike.
const PROTOCOLS: [(&str, &str); 14] = [
    ("modbus", "mbtcp"),
    ("dnp3", "dnp3"),
    ("s7comm", "s7comm"),
    ("enip", "enip"),
    ("bacnet", "bacnet"),
    ("mqtt", "mqtt"),
    ("coap", "coap"),
    ("rtsp", "rtsp"),
    ("telnet", "telnet"),
    ("ftp", "ftp"),
    ("snmp", "snmp"),
    ("ssh", "ssh"),
    ("dhcp", "dhcp"),
    ("quic", "quic"),
];

#[test]
fn tshark_counts_the_same_flows_of_every_protocol() {
    let wired = LAB.text("wired.pcap");
    let look = look(&[&wired, "-q"]);
    for (ours, theirs) in PROTOCOLS {
        let fields = [
            "vlan.id",
            "ip.src",
            "ip.dst",
            "tcp.srcport",
            "tcp.dstport",
            "udp.srcport",
            "udp.dstport",
        ];
        let mut tshark = Command::new("tshark");
        tshark.args(["-n", "-r", &wired, "-Y", theirs, "-T", "fields"]);
        for field in fields {
            tshark.args(["-e", field]);
        }
        let Ok(output) = tshark.output() else {
            println!("skipped: no tshark");
            return;
        };
        let flows: BTreeSet<_> = ran(output)
            .out
            .lines()
            .map(|line| {
                let column: Vec<&str> = line.split('\t').collect();
                let port =
                    |tcp: usize| if column[tcp].is_empty() { column[tcp + 2] } else { column[tcp] };
                let mut ends = [(column[1], port(3)), (column[2], port(4))]
                    .map(|(ip, port)| format!("{ip} {port}"));
                ends.sort();
                (column[0].to_owned(), ends)
            })
            .collect();
        assert!(!flows.is_empty(), "tshark sees no {theirs}");
        assert_eq!(look["protocols"][ours]["flows"], flows.len(), "{ours}: {flows:#?}");
    }
}

#[test]
fn capinfos_counts_the_same_packets() {
    let wired = LAB.text("wired.pcap");
    let Ok(output) = Command::new("capinfos").args(["-c", "-M", "-T", "-r", &wired]).output()
    else {
        println!("skipped: no capinfos");
        return;
    };
    let packets = ran(output).out.split_whitespace().last().unwrap().to_owned();
    assert_eq!(look(&[&wired, "-q"])["inputs"][0]["packets"].to_string(), packets);
}
