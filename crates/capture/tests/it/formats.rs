//! Every format, byte order and resolution gives the same packets.

use cordon_capture::{PcapWriter, Precision};
use cordon_model::{LinkType, Timestamp};
use pcap_parser::{
    Block, PcapBlockOwned,
    traits::{PcapNGPacketBlock, PcapReaderIterator},
};

use crate::make::{ORDERS, Order, Packet, Pcapng, classic, classic_head, packets, pcapng, read};

#[test]
fn classic_files_of_every_kind_give_the_same_packets() {
    for order in ORDERS {
        for magic in [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34] {
            let (got, status) = read(&classic(order, magic, &packets())).unwrap();
            assert_eq!(got, packets(), "{order:?} {magic:x}");
            assert_eq!(status.cut_short, None);
            assert_eq!((status.packets, status.bytes, status.wire_bytes), (5, 336, 1_808));
            assert_eq!(status.truncated_packets, 1);
            assert_eq!(status.first, Some(Timestamp::from_secs(1_600_000_000)));
            assert_eq!(status.last, Some(Timestamp::from_secs(4_000_000_000)));
            assert_eq!(status.interfaces[0].link, LinkType::ETHERNET);
        }
    }
}

#[test]
fn lengths_that_old_writers_swapped_are_put_right() {
    for (minor, captured_first) in [(2, false), (3, false), (3, true), (4, true)] {
        let mut file = classic_head(ORDERS[0], 0xa1b2_c3d4, minor, 1);
        let lengths = if captured_first { [4, 90] } else { [90, 4] };
        for word in [1, 0, lengths[0], lengths[1]] {
            ORDERS[0].u32(&mut file, word);
        }
        file.extend_from_slice(b"data");
        let (got, status) = read(&file).unwrap();
        assert_eq!(status.cut_short, None, "2.{minor}");
        assert_eq!((got[0].data.as_slice(), got[0].wire_len), (&b"data"[..], 90), "2.{minor}");
    }
}

#[test]
fn a_captured_length_above_the_length_on_the_wire_is_believed() {
    let mut file = classic_head(ORDERS[1], 0xa1b2_c3d4, 4, 1);
    for word in [1, 0, 4, 2] {
        ORDERS[1].u32(&mut file, word);
    }
    file.extend_from_slice(b"data");
    let (got, _) = read(&file).unwrap();
    assert_eq!((got[0].data.as_slice(), got[0].wire_len), (&b"data"[..], 4));
}

#[test]
fn bits_about_check_sequences_are_no_part_of_the_link_type() {
    let mut file = classic_head(ORDERS[0], 0xa1b2_c3d4, 4, 0x2400_0069);
    file.extend_from_slice(&[0; 16]);
    assert_eq!(read(&file).unwrap().0[0].link, LinkType::IEEE802_11);
}

#[test]
fn pcapng_in_both_byte_orders_gives_the_same_packets() {
    for order in ORDERS {
        let file = pcapng(order, &packets());
        let (got, status) = read(&file).unwrap();
        assert_eq!(got, packets());
        assert_eq!((status.cut_short, status.format.as_str()), (None, "pcapng"));
        assert_eq!(got, second_opinion(&file));
    }
}

/// What the `pcap-parser` crate makes of a file with one interface in microseconds.
fn second_opinion(file: &[u8]) -> Vec<Packet> {
    let mut reader = pcap_parser::PcapNGReader::new(65_536, file).unwrap();
    let mut packets = Vec::new();
    while let Ok((offset, block)) = reader.next() {
        if let PcapBlockOwned::NG(Block::EnhancedPacket(block)) = block {
            packets.push(Packet {
                at: Timestamp::from_micros(
                    (i64::from(block.ts_high) << 32) | i64::from(block.ts_low),
                ),
                link: LinkType::ETHERNET,
                wire_len: block.origlen,
                data: block.packet_data().to_vec(),
            });
        }
        reader.consume(offset);
    }
    packets
}

#[test]
fn every_interface_keeps_its_link_type_and_its_clock() {
    for order in ORDERS {
        let mut offset = Vec::new();
        order.u64(&mut offset, 100);
        let mut made = Pcapng::new(order);
        made.interface(1, 0, &[(2, b"eth0")]);
        made.interface(101, 0, &[(2, b"tun0"), (9, &[9])]);
        made.interface(127, 0, &[(9, &[0x80 | 1]), (14, &offset)]);
        let packet = packets()[0].clone();
        for (interface, units) in [(0, 5_000_000), (1, 5_000_000), (2, 3)] {
            made.enhanced(interface, units, &packet);
        }
        made.obsolete(1, 7, &packet);
        let (got, status) = read(&made.file).unwrap();
        let seen: Vec<_> = got.iter().map(|packet| (packet.link, packet.at.nanos())).collect();
        assert_eq!(
            seen,
            [
                (LinkType::ETHERNET, 5_000_000_000),
                (LinkType::RAW, 5_000_000),
                (LinkType::RADIOTAP, 101_500_000_000),
                (LinkType::RAW, 7),
            ]
        );
        let names: Vec<_> = status.interfaces.iter().map(|known| known.name.as_deref()).collect();
        assert_eq!(names, [Some("eth0"), Some("tun0"), None]);
    }
}

#[test]
fn a_new_section_may_turn_the_byte_order_and_numbers_interfaces_anew() {
    let packet = packets()[0].clone();
    let mut made = Pcapng::new(Order { big: false });
    made.interface(1, 0, &[]);
    made.enhanced(0, 1, &packet);
    made.section(Order { big: true });
    made.interface(101, 0, &[]);
    made.enhanced(0, 2, &packet);
    let (got, status) = read(&made.file).unwrap();
    assert_eq!(status.cut_short, None);
    let links: Vec<_> = got.iter().map(|packet| packet.link).collect();
    assert_eq!(links, [LinkType::ETHERNET, LinkType::RAW]);

    made.section(Order { big: true });
    made.enhanced(0, 3, &packet);
    let (got, status) = read(&made.file).unwrap();
    assert_eq!(got.len(), 2);
    assert!(status.cut_short.unwrap().contains("interface 0, never described"));
}

#[test]
fn a_simple_packet_has_the_time_of_the_one_before_and_is_cut_at_the_snap_length() {
    for order in ORDERS {
        let mut made = Pcapng::new(order);
        made.interface(1, 4, &[]);
        made.enhanced(0, 77, &packets()[2]);
        made.simple(&Packet { wire_len: 60, data: b"data".to_vec(), ..packets()[0].clone() });
        let (got, status) = read(&made.file).unwrap();
        assert_eq!(status.cut_short, None);
        assert_eq!((got[1].data.as_slice(), got[1].wire_len), (&b"data"[..], 60));
        assert_eq!(got[1].at, Timestamp::from_micros(77));
    }
}

#[test]
fn blocks_of_any_size_that_say_nothing_are_passed_over() {
    let mut made = Pcapng::new(ORDERS[0]);
    made.interface(1, 0, &[]);
    made.block(0x0bad, &vec![1; 3_000_000]);
    made.block(0x0a, &[]);
    made.enhanced(0, 1, &packets()[0]);
    let (got, status) = read(&made.file).unwrap();
    assert_eq!((got.len(), status.cut_short), (1, None));
}

#[test]
fn losses_are_the_newest_statistics_of_each_interface() {
    let mut made = Pcapng::new(ORDERS[0]);
    made.interface(1, 0, &[]);
    made.interface(1, 0, &[(2, b"other")]);
    assert_eq!(read(&made.file).unwrap().1.kernel_drops, None);
    for (interface, dropped) in [(0, 5), (1, 10), (0, 7), (9, 1_000)] {
        made.statistics(interface, dropped);
    }
    assert_eq!(read(&made.file).unwrap().1.kernel_drops, Some(17));
}

#[test]
fn what_is_written_is_read_back() {
    for (precision, nanos) in [
        (Precision::Nanos, 1_700_000_000_123_456_789),
        (Precision::Micros, 1_700_000_000_123_456_000),
    ] {
        let mut writer = PcapWriter::new(Vec::new(), LinkType::RAW, precision).unwrap();
        writer.write(Timestamp::from_nanos(1_700_000_000_123_456_789), 99, b"packet").unwrap();
        assert!(writer.write(Timestamp::from_nanos(-1), 1, b"x").is_err());
        let (got, status) = read(&writer.finish().unwrap()).unwrap();
        assert_eq!(status.cut_short, None);
        let [packet] = got.as_slice() else { panic!("{got:?}") };
        assert_eq!((packet.at.nanos(), packet.link, packet.wire_len), (nanos, LinkType::RAW, 99));
        assert_eq!(packet.data, b"packet");
    }
}
