//! A damaged file gives everything before the damage, and says where that lies.

use std::io::{self, Cursor, Read};

use proptest::prelude::*;

use cordon_capture::{CaptureError, FileSource, MAX_PACKET};

use crate::make::{ORDERS, Order, Pcapng, classic, classic_head, drain, packets, pcapng, read};

/// Cuts a file at every byte. `whole` are the lengths at which it ends cleanly.
fn cut_everywhere(file: &[u8], whole: &[usize]) {
    for len in 0..=file.len() {
        let cut = &file[..len];
        match read(cut) {
            Ok((got, status)) => {
                assert!(packets().starts_with(&got), "cut at {len}");
                assert_eq!(status.cut_short.is_none(), whole.contains(&len), "cut at {len}");
                if let Some(note) = status.cut_short {
                    let place = match got.len() {
                        0 => "before the first packet: ".to_owned(),
                        number => format!("after packet {number}: "),
                    };
                    assert!(note.starts_with(&place), "cut at {len}: {note}");
                }
            }
            Err(CaptureError::Empty { .. }) => assert_eq!(len, 0),
            Err(CaptureError::NotACapture { .. }) => assert!((1..4).contains(&len), "{len}"),
            Err(error) => panic!("cut at {len}: {error}"),
        }
    }
    assert_eq!(read(file).unwrap().0, packets());
}

#[test]
fn a_classic_file_cut_anywhere_gives_its_head() {
    for order in ORDERS {
        for (magic, header) in [(0xa1b2_c3d4, 16), (0xa1b2_3c4d, 16), (0xa1b2_cd34, 24)] {
            let mut whole = vec![24];
            for packet in packets() {
                whole.push(whole[whole.len() - 1] + header + packet.data.len());
            }
            cut_everywhere(&classic(order, magic, &packets()), &whole);
        }
    }
}

#[test]
fn a_pcapng_file_cut_anywhere_gives_its_head() {
    for order in ORDERS {
        let mut whole = Vec::new();
        for count in 0..=packets().len() {
            whole.push(pcapng(order, &packets()[..count]).len());
        }
        whole.push(Pcapng::new(order).file.len());
        cut_everywhere(&pcapng(order, &packets()), &whole);
    }
}

#[test]
fn a_compressed_file_cut_anywhere_gives_its_head() {
    let plain = classic(ORDERS[0], 0xa1b2_c3d4, &packets());
    for packed in [crate::packed::gzip(&plain), crate::packed::zstd(&plain)] {
        for len in 4..packed.len() {
            let (got, status) = read(&packed[..len]).unwrap();
            assert!(packets().starts_with(&got), "cut at {len}");
            assert!(status.cut_short.is_some(), "cut at {len}");
        }
        assert_eq!(read(&packed).unwrap().1.cut_short, None);
    }
}

#[test]
fn a_flipped_byte_anywhere_is_harmless() {
    let files = [
        classic(ORDERS[0], 0xa1b2_c3d4, &packets()),
        pcapng(ORDERS[1], &packets()),
        crate::packed::gzip(&pcapng(ORDERS[0], &packets())),
        crate::packed::zstd(&pcapng(ORDERS[0], &packets())),
    ];
    for file in files {
        for at in 0..file.len() {
            for bits in [0x01, 0x80, 0xff] {
                let mut file = file.clone();
                file[at] ^= bits;
                if let Ok((got, _)) = read(&file) {
                    assert!(got.len() <= packets().len() + 1);
                }
            }
        }
    }
}

#[test]
fn a_packet_longer_than_any_packet_is_damage() {
    for claimed in [u32::try_from(MAX_PACKET).unwrap() + 1, u32::MAX] {
        let mut file = classic(ORDERS[0], 0xa1b2_c3d4, &packets()[..2]);
        for word in [1, 0, claimed, claimed] {
            ORDERS[0].u32(&mut file, word);
        }
        file.resize(file.len() + 2 * MAX_PACKET, 0);
        let (got, status) = read(&file).unwrap();
        assert_eq!(got.len(), 2);
        assert!(status.cut_short.unwrap().contains(&format!("claims {claimed} captured bytes")));
    }
}

#[test]
fn the_longest_packet_is_whole() {
    let mut file = classic_head(ORDERS[0], 0xa1b2_c3d4, 4, 1);
    let length = u32::try_from(MAX_PACKET).unwrap();
    for _ in 0..3 {
        for word in [1, 0, length, length] {
            ORDERS[0].u32(&mut file, word);
        }
        file.extend((0..MAX_PACKET).map(|at| u8::try_from(at % 251).unwrap()));
    }
    let (got, status) = read(&file).unwrap();
    assert_eq!((got.len(), status.cut_short), (3, None));
    assert!(got[2].data.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
}

#[test]
fn block_lengths_that_lie_are_damage() {
    for total in [0, 4, 11, 16, 20, 0x7fff_ffff, u32::MAX] {
        for kind in [1u32, 2, 3, 5, 6, 0x0bad, 0x0a0d_0d0a] {
            let mut made = Pcapng::new(ORDERS[0]);
            made.interface(1, 0, &[]);
            made.enhanced(0, 1, &packets()[0]);
            ORDERS[0].u32(&mut made.file, kind);
            ORDERS[0].u32(&mut made.file, total);
            made.file.extend_from_slice(&[0xff; 64]);
            let (got, status) = read(&made.file).unwrap();
            assert_eq!(got.len(), 1);
            assert!(status.cut_short.unwrap().starts_with("after packet 1: "), "{kind} {total}");
        }
    }
}

/// Gives some bytes, and then the disk fails.
struct FailingDisk(Cursor<Vec<u8>>);

impl Read for FailingDisk {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk is on fire")),
            got => Ok(got),
        }
    }
}

#[test]
fn a_disk_that_fails_half_way_is_told_from_a_clean_end() {
    let file = classic(ORDERS[0], 0xa1b2_c3d4, &packets());
    let disk = FailingDisk(Cursor::new(file));
    let (got, status) = drain(FileSource::from_reader(Box::new(disk), "x", 0).unwrap()).unwrap();
    assert_eq!(got, packets());
    let note = status.cut_short.unwrap();
    assert!(note.starts_with("after packet 5: ") && note.contains("on fire"), "{note}");
}

/// Gives one byte at a time, and interruptions between.
struct Dripping(Cursor<Vec<u8>>, bool);

impl Read for Dripping {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.0.read(into.get_mut(..1).unwrap_or_default())
    }
}

#[test]
fn a_pipe_that_drips_gives_every_packet() {
    for file in [classic(ORDERS[0], 0xa1b2_c3d4, &packets()), pcapng(ORDERS[1], &packets())] {
        let pipe = Dripping(Cursor::new(file), false);
        let source = FileSource::from_reader(Box::new(pipe), "x", 0).unwrap();
        assert_eq!(drain(source).unwrap().0, packets());
    }
}

proptest! {
    #[test]
    fn any_bytes_behind_the_head_of_a_file_are_harmless(
        big in any::<bool>(),
        format in 0..3,
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let order = Order { big };
        let mut file = match format {
            0 => classic_head(order, 0xa1b2_c3d4, 4, 1),
            1 => classic_head(order, 0xa1b2_3c4d, 3, 1),
            _ => pcapng(order, &packets()[..1]),
        };
        file.extend_from_slice(&bytes);
        let (got, status) = read(&file).unwrap();
        prop_assert_eq!(got.len() as u64, status.packets);
    }

    #[test]
    fn blocks_of_every_type_with_any_body_are_harmless(
        big in any::<bool>(),
        blocks in proptest::collection::vec(
            (0u32..12, proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..80)),
            0..8,
        ),
    ) {
        let mut made = Pcapng::new(Order { big });
        made.interface(1, 0, &[]);
        for (kind, body) in blocks {
            made.block(kind, &body);
        }
        made.enhanced(0, 1, &packets()[0]);
        let (got, status) = read(&made.file).unwrap();
        prop_assert!(status.cut_short.is_some() || got.last().unwrap().data == packets()[0].data);
    }
}
