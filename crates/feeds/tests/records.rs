//! Records of other tools. The lease files in `tests/records` were written by dnsmasq 2.90, ISC
//! dhcpd 4.4.3 and Kea 2.2 for clients in a network of our own; logs follow the documented formats.

#![allow(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

use cordon_feeds::records::{Gathered, Import, ImportError, Kind, Summary, detect, parse};
use cordon_model::fact::{DhcpMessage, DnsValue, TlsVersion};
use cordon_model::flow::TcpFlags;
use cordon_model::{App, Basis, DeviceType, Ends, Said, Transport, Verb};
use proptest::prelude::*;

const DNSMASQ: &str = include_str!("records/dnsmasq.leases");
const DHCPD: &str = include_str!("records/dhcpd.leases");
const KEA: &str = include_str!("records/kea-leases4.csv");

fn read(kind: Kind, bytes: &[u8]) -> Result<(Summary, Gathered), ImportError> {
    let mut gathered = Gathered::default();
    let import = Import { name: "given".to_owned(), input: 3, first_flow: 10 };
    // A small buffer, so that lines span it.
    let mut reader = std::io::BufReader::with_capacity(7, bytes);
    parse(kind, &import, &mut reader, &mut gathered).map(|summary| (summary, gathered))
}

fn good(kind: Kind, text: &str) -> Gathered {
    let (summary, gathered) = read(kind, text.as_bytes()).unwrap();
    assert_eq!(summary.problems, []);
    gathered
}

/// Every hint as `mac ip name`.
fn leases(gathered: &Gathered) -> Vec<String> {
    let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let hint = |hint: &cordon_model::record::Hint| {
        let (mac, ip) = (hint.mac.map(|m| m.to_string()), hint.ip.map(|i| i.to_string()));
        format!("{} {} {}", or(mac), or(ip), or(hint.name.as_ref().map(|n| n.to_string())))
    };
    gathered.hints.iter().map(hint).collect()
}

#[test]
fn real_leases_of_dnsmasq_give_devices() {
    assert_eq!(detect(DNSMASQ.as_bytes(), "x"), Some(Kind::Dnsmasq));
    let gathered = good(Kind::Dnsmasq, DNSMASQ);
    let expected = [
        "02:12:21:07:10:34 10.77.0.92 kamera-1",
        "02:12:21:07:10:33 10.77.0.91 -",
        "02:12:21:07:10:32 10.77.0.90 laptop-anna",
        "02:12:21:07:10:31 10.77.0.89 pump-07",
        "02:12:21:07:10:31 fd77::1e6 -",
    ];
    assert_eq!(leases(&gathered), expected);
    assert_eq!(gathered.hints[0].source, "given");
}

#[test]
fn real_leases_of_isc_dhcpd_give_devices_with_times_in_utc() {
    assert_eq!(detect(DHCPD.as_bytes(), "x"), Some(Kind::IscDhcpd));
    let gathered = good(Kind::IscDhcpd, DHCPD);
    let expected = [
        "02:12:21:07:10:31 10.77.0.100 pump-07",
        "02:12:21:07:10:32 10.77.0.101 laptop-anna",
        "02:12:21:07:10:33 10.77.0.102 -",
        "02:12:21:07:10:34 10.77.0.103 kamera-1",
    ];
    assert_eq!(leases(&gathered), expected);
    assert_eq!(gathered.hints[0].last.unwrap().to_string(), "2026-11-22T21:50:23Z");
}

#[test]
fn leases_of_isc_dhcpd_that_are_free_or_cut_short_are_told_apart() {
    let freed = DHCPD.replacen("binding state active", "binding state free", 1);
    let cut = freed.trim_end().strip_suffix('}').unwrap();
    let (summary, gathered) = read(Kind::IscDhcpd, cut.as_bytes()).unwrap();
    assert_eq!((gathered.hints.len(), summary.left_out, summary.bad_lines), (2, 1, 1));
    assert!(summary.problems[0].to_string().starts_with("given, line "));
    let six = "ia-na \"\\001\\000\\000\\000\\000\\001\\000\\0012\\226 \\030\\002\\022!\\007\\0201\" {\n  \
        cltt 4 2026/11/19 10:00:00;\n  iaaddr fd77::5 {\n    binding state active;\n  }\n}\n";
    assert_eq!(leases(&good(Kind::IscDhcpd, six)), ["02:12:21:07:10:31 fd77::5 -"]);
}

#[test]
fn real_leases_of_kea_give_devices_and_released_ones_do_not() {
    assert_eq!(detect(KEA.as_bytes(), "x"), Some(Kind::Kea));
    let gathered = good(Kind::Kea, KEA);
    assert_eq!(leases(&gathered)[0], "02:12:21:07:10:31 10.77.0.160 pump-07");
    assert_eq!(gathered.hints.len(), 4);
    assert_eq!(gathered.hints[0].last.unwrap().secs(), 1_795_391_430 - 7200);
    let released = format!("{KEA}10.77.0.170,02:12:21:07:10:35,,0,1795391430,1,0,0,,0,\n");
    let (summary, gathered) = read(Kind::Kea, released.as_bytes()).unwrap();
    assert_eq!((gathered.hints.len(), summary.left_out), (4, 1));
    let six = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,\
        prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source\n\
        fd77::501,00:01:00:01:32:96:20:18:02:12:21:07:10:31,7200,1795391430,1,3600,0,7,128,0,0,\
        pump.lan.,,0,,,\n";
    assert_eq!(leases(&good(Kind::Kea, six)), ["02:12:21:07:10:31 fd77::501 pump.lan"]);
}

#[test]
fn a_device_list_is_understood_in_any_spelling() {
    let list = "\u{feff}Gerätename;IP-Adresse;MAC Address;Hersteller;Modell;Typ;Standort;\
        Verantwortlich;Seriennummer;Notiz\r\n\
        \"Pumpe; Station 3\";10.0.0.7;00-12-21-AA-BB-CC;B. Braun;Space;infusion-pump;Haus A;\
        Keller;SN77;egal\r\n;;;;;;;;;\r\nPC;10.0.0.999;;;;;;;;\r\nTür;;;Axis;;Kamera;;;;\r\n";
    assert_eq!(detect(list.as_bytes(), "x.csv"), Some(Kind::Inventory));
    let (summary, gathered) = read(Kind::Inventory, list.as_bytes()).unwrap();
    let pump = &gathered.hints[0];
    assert_eq!(leases(&gathered)[0], "00:12:21:aa:bb:cc 10.0.0.7 Pumpe; Station 3");
    assert_eq!(pump.kind, Some(DeviceType::InfusionPump));
    assert_eq!((pump.vendor.as_deref(), pump.owner.as_deref()), (Some("B. Braun"), Some("Keller")));
    assert_eq!(
        (pump.location.as_deref(), pump.tags.as_slice()),
        (Some("Haus A"), &["serial:SN77".into()][..])
    );
    assert_eq!(gathered.hints[1].kind, Some(DeviceType::Camera));
    assert_eq!(summary.bad_lines, 1);
    let says = summary.problems[0].to_string();
    assert!(says.starts_with("given, line 4: ") && says.contains("10.0.0.999"), "{says}");
    let (latin, _): (Vec<u8>, _) = (b"name,mac\nT\xfcr,001122334455\n".to_vec(), ());
    assert_eq!(read(Kind::Inventory, &latin).unwrap().1.hints[0].name.as_deref(), Some("Tür"));
}

#[test]
fn a_list_without_a_known_column_says_what_to_do() {
    let error = read(Kind::Inventory, b"colour,size\nred,3\n").unwrap_err().to_string();
    assert!(error.starts_with("given, line 1: ") && error.contains("first line"), "{error}");
    let error = read(Kind::Zeek, b"1\t2\t3\n").unwrap_err().to_string();
    assert!(error.contains("#fields"), "{error}");
    assert!(read(Kind::Kea, b"").unwrap_err().to_string().contains("Kea"));
}

const CONN: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
    #path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\t\
    duration\torig_bytes\tresp_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t\
    tunnel_parents\torig_l2_addr\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\t\
    interval\tcount\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\tstring\n\
    1601998366.785668\tC1\t10.0.0.5\t54170\t10.0.0.9\t502\ttcp\tmodbus\t1.5\t37\t77\tShADadfF\t6\t300\t5\t\
    280\t(empty)\t00:12:21:aa:bb:cc\n\
    1601998367.0\tC2\t10.0.0.5\t40000\t10.0.0.9\t443\ttcp\t-\t-\t-\t-\tS\t1\t60\t0\t0\t-\t-\n\
    1601998368.0\tC3\t10.0.0.5\n";

#[test]
fn connections_of_zeek_become_flows_that_say_how_much_they_know() {
    assert_eq!(detect(CONN.as_bytes(), "conn.log"), Some(Kind::Zeek));
    let (summary, gathered) = read(Kind::Zeek, CONN.as_bytes()).unwrap();
    let [seen, guessed] = gathered.flows.as_slice() else { panic!("{summary:?}") };
    assert_eq!(
        (seen.app, seen.basis, seen.ends),
        (Some(App::Modbus), Some(Basis::Payload), Ends::Syn)
    );
    assert_eq!((guessed.app, guessed.basis), (Some(App::Tls), Some(Basis::Port)));
    assert_eq!((seen.id.0, guessed.id.0, summary.next_flow), (10, 11, 12));
    assert_eq!((seen.packet.input, seen.packet.number), (3, 8));
    assert_eq!(seen.first.to_string(), "2020-10-06T15:32:46.785668Z");
    assert_eq!(seen.duration().as_millis(), 1500);
    assert_eq!((seen.sent.packets, seen.received.bytes, seen.sent.payload), (6, 280, 37));
    assert!(seen.sent_flags.has(TcpFlags::SYN | TcpFlags::FIN) && seen.client.mac.is_some());
    assert!(guessed.is_one_way() && guessed.transport == Transport::Tcp);
    assert_eq!(summary.bad_lines, 1);
    assert!(summary.problems[0].says.contains("cut short"));
}

#[test]
fn protocol_logs_of_zeek_become_facts() {
    let ends = r#""id.orig_h":"10.0.0.5","id.orig_p":1025,"id.resp_h":"10.0.0.1","id.resp_p":53"#;
    let log = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n",
        format_args!(
            r#"{{"ts":1.5,"uid":"a",{ends},"trans_id":3,"query":"WWW.Example.com","qtype":1,"rcode":0,"answers":["web.example.com","192.0.2.7"],"TTLs":[60.0,30.0]}}"#
        ),
        format_args!(
            r#"{{"ts":2.0,"uid":"b",{ends},"version":"TLSv10","cipher":"TLS_RSA_WITH_RC4_128_SHA","server_name":"old.example.com","established":true}}"#
        ),
        r#"{"ts":3.0,"uids":["c"],"client_addr":"10.0.0.7","server_addr":"10.0.0.1","mac":"00:12:21:aa:bb:cc","host_name":"pump-3","assigned_addr":"10.0.0.7","msg_types":["REQUEST","ACK"]}"#,
        format_args!(
            r#"{{"ts":4.0,"uid":"d",{ends},"trans_depth":1,"method":"GET","host":"h","uri":"/login?password=secret77","user_agent":"curl/8","username":"anna","password":"hunter22","status_code":200}}"#
        ),
        format_args!(
            r#"{{"ts":5.0,"uid":"e",{ends},"auth_attempts":1,"client":"SSH-2.0-OpenSSH_9.2","server":"SSH-2.0-dropbear_0.52"}}"#
        ),
        format_args!(
            r#"{{"_path":"modbus","ts":"2018-03-24T17:15:33.511226Z","uid":"f",{ends},"unit":7,"func":"WRITE_MULTIPLE_REGISTERS","pdu_type":"REQ"}}"#
        ),
    );
    assert_eq!(detect(log.as_bytes(), "dns.log"), Some(Kind::Zeek));
    let gathered = good(Kind::Zeek, &log);
    assert_eq!(gathered.facts.len(), 11);
    let Said::Dns(answer) = &gathered.facts[1].said else { panic!() };
    assert!(answer.response && answer.questions[0].name == "www.example.com");
    assert_eq!(answer.records[1].name, "web.example.com");
    assert_eq!(answer.records[1].value, DnsValue::Address("192.0.2.7".parse().unwrap()));
    assert_eq!(gathered.facts[1].from.port, Some(53), "the server answers");
    let Said::ServerHello(hello) = &gathered.facts[3].said else { panic!() };
    assert_eq!((hello.version, hello.suite), (TlsVersion(0x0301), 0x0005));
    let Said::Dhcp(request) = &gathered.facts[4].said else { panic!() };
    assert_eq!(
        (request.message, request.hostname.as_deref()),
        (DhcpMessage::Request, Some("pump-3"))
    );
    let Said::Dhcp(ack) = &gathered.facts[5].said else { panic!() };
    assert_eq!(ack.your_ip, Some("10.0.0.7".parse().unwrap()));
    let said = format!("{:?}", gathered.facts);
    assert!(!said.contains("secret77") && !said.contains("hunter22") && !said.contains("anna"));
    let Said::Ssh(ssh) = &gathered.facts[9].said else { panic!() };
    assert_eq!(ssh.banner.as_deref(), Some("2.0-dropbear_0.52"));
    let Said::Operation(write) = &gathered.facts[10].said else { panic!() };
    assert_eq!((write.verb, write.code, write.unit), (Verb::Write, 16, Some(7)));
}

#[test]
fn events_of_suricata_become_flows_and_facts() {
    let head = |kind: &str, port: u16| {
        format!(
            r#"{{"timestamp":"2021-06-06T15:57:37.272281+0200","flow_id":4,"event_type":"{kind}","src_ip":"10.0.0.5","src_port":4000,"dest_ip":"10.0.0.1","dest_port":{port},"proto":"TCP","#
        )
    };
    let events = [
        head("flow", 443)
            + r#""app_proto":"tls","flow":{"pkts_toserver":12,"pkts_toclient":9,"bytes_toserver":4056,"bytes_toclient":77,"start":"2021-06-06T15:57:30.000000+0200","end":"2021-06-06T15:57:36.500000+0200"},"tcp":{"tcp_flags_ts":"1b","tcp_flags_tc":"1b"},"ether":{"src_macs":["00:12:21:aa:bb:cc"],"dest_macs":["02:00:00:00:00:01","02:00:00:00:00:02"]}}"#,
        head("flow", 502)
            + r#""app_proto":"failed","flow":{"pkts_toserver":1,"start":"2021-06-06T15:57:30.0+0200"}}"#,
        head("dns", 53)
            + r#""dns":{"version":2,"type":"answer","rrname":"a.example","rrtype":"A","rcode":"NXDOMAIN"}}"#,
        head("tls", 443)
            + r#""tls":{"sni":"x.example","version":"TLS 1.1","ja3":{"string":"770,51-57,0,23,0"},"ja3s":{"string":"770,51,0"}}}"#,
        head("dhcp", 67)
            + r#""dhcp":{"type":"request","dhcp_type":"request","client_mac":"00:12:21:aa:bb:cc","hostname":"pump-3","vendor_class_identifier":"udhcp 1.19.4"}}"#,
        head("alert", 80) + r#""alert":{}}"#,
        "{\"timestamp\":".to_owned(),
    ];
    let text = events.join("\n");
    assert_eq!(detect(text.as_bytes(), "eve.json"), Some(Kind::Eve));
    let (summary, gathered) = read(Kind::Eve, text.as_bytes()).unwrap();
    assert_eq!((summary.left_out, summary.bad_lines), (1, 1));
    let [tls, modbus] = gathered.flows.as_slice() else { panic!("{summary:?}") };
    assert_eq!((tls.app, tls.basis, tls.ends), (Some(App::Tls), Some(Basis::Payload), Ends::Syn));
    assert_eq!((modbus.app, modbus.basis), (Some(App::Modbus), Some(Basis::Port)));
    assert_eq!(tls.first.to_string(), "2021-06-06T13:57:30Z");
    assert_eq!(tls.duration().as_millis(), 6500);
    assert!(tls.client.mac.is_some() && tls.server.mac.is_none(), "two addresses are none");
    let Said::Dns(answer) = &gathered.facts[0].said else { panic!() };
    assert_eq!((answer.response, answer.rcode, gathered.facts[0].from.port), (true, 3, Some(53)));
    let Said::ServerHello(hello) = &gathered.facts[2].said else { panic!() };
    assert_eq!((hello.version, hello.suite), (TlsVersion(0x0302), 51));
    let Said::Dhcp(dhcp) = &gathered.facts[3].said else { panic!() };
    assert_eq!(dhcp.vendor_class.as_deref(), Some("udhcp 1.19.4"));
}

#[test]
fn a_line_of_many_megabytes_is_a_bad_line_and_no_more() {
    for kind in [Kind::Zeek, Kind::Eve, Kind::Dnsmasq] {
        let mut bytes = b"{\"a\":\"".to_vec();
        bytes.resize(3_000_000, b'x');
        bytes.extend_from_slice(b"\n");
        let (summary, _) = read(kind, &bytes).unwrap();
        assert_eq!((summary.lines, summary.bad_lines), (1, 1), "{kind:?}");
    }
    let deep = "[".repeat(200_000);
    let (summary, _) = read(Kind::Eve, format!("{{\"a\":{deep}").as_bytes()).unwrap();
    assert_eq!(summary.bad_lines, 1);
}

#[test]
fn what_cannot_be_imported_is_nothing() {
    for bytes in
        [&b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00"[..], b"", b"hello world\n", b"{\"a\":1}", b"MZ\0\0"]
    {
        assert_eq!(detect(bytes, "x"), None, "{bytes:?}");
    }
    assert_eq!(detect(DNSMASQ.as_bytes(), "x.csv"), Some(Kind::Dnsmasq));
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = detect(&bytes, "x");
        for kind in Kind::ALL {
            let _ = read(*kind, &bytes);
        }
    }

    #[test]
    fn damaged_records_end_without_a_panic(
        which in 0..4_usize,
        at in any::<prop::sample::Index>(),
        with in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let (kind, text) =
            [(Kind::Dnsmasq, DNSMASQ), (Kind::IscDhcpd, DHCPD), (Kind::Kea, KEA), (Kind::Zeek, CONN)][which];
        let mut bytes = text.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes.splice(at..(at + with.len()).min(text.len()), with);
        let _ = read(kind, &bytes);
    }
}
