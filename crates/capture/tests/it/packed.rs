//! Compression changes nothing, and its bombs do not go off.

use std::io::{Cursor, Read, Write};

use cordon_capture::{CaptureError, FileSource};

use crate::make::{ORDERS, classic, packets, pcapng, read};

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 0).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_files_give_the_same_packets() {
    for plain in [classic(ORDERS[0], 0xa1b2_c3d4, &packets()), pcapng(ORDERS[1], &packets())] {
        let (head, tail) = plain.split_at(100);
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let packed = [
            ("gzip", gzip(&plain)),
            ("gzip", [gzip(head), gzip(tail)].concat()),
            ("zstd", zstd(&plain)),
            ("zstd", [zstd(head), zstd(tail)].concat()),
            ("zstd", [&skippable[..], &zstd(head), &skippable, &zstd(tail)].concat()),
        ];
        for (name, file) in packed {
            let (got, status) = read(&file).unwrap();
            assert_eq!(got, packets());
            assert_eq!(status.cut_short, None);
            assert!(status.format.ends_with(name), "{}", status.format);
        }
    }
}

#[test]
fn a_cut_zstd_file_gives_all_that_was_in_its_whole_blocks() {
    let many: Vec<_> = std::iter::repeat_n(packets(), 3_000).flatten().collect();
    let mut state = 1u32;
    let many: Vec<_> = many
        .into_iter()
        .map(|mut packet| {
            for byte in &mut packet.data {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = state.to_be_bytes()[0];
            }
            packet
        })
        .collect();
    let packed = zstd(&classic(ORDERS[0], 0xa1b2_c3d4, &many));
    let (got, status) = read(&packed[..packed.len() - 10]).unwrap();
    assert!(status.cut_short.is_some());
    assert!(many.starts_with(&got));
    assert!(got.len() > many.len() * 9 / 10, "{} of {}", got.len(), many.len());
}

#[test]
fn bytes_behind_the_last_member_are_told() {
    let mut file = gzip(&classic(ORDERS[0], 0xa1b2_c3d4, &packets()));
    file.extend_from_slice(b"garbage");
    let (got, status) = read(&file).unwrap();
    assert_eq!(got, packets());
    assert!(status.cut_short.unwrap().starts_with("after packet 5: "));
}

#[test]
fn compression_within_compression_is_refused() {
    let plain = classic(ORDERS[0], 0xa1b2_c3d4, &packets());
    let error = read(&gzip(&gzip(&plain))).unwrap_err();
    assert!(matches!(error, CaptureError::NotACapture { .. }));
    assert!(error.to_string().contains("unpack it once"), "{error}");
}

#[test]
fn a_decompression_bomb_is_read_as_a_stream() {
    // One packet claims to be as long as its block, and the block four billion bytes.
    let mut file = crate::make::Pcapng::new(ORDERS[0]).file;
    ORDERS[0].u32(&mut file, 0x0bad);
    ORDERS[0].u32(&mut file, u32::MAX);
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(&file).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(256 << 20), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let mut source = FileSource::from_reader(Box::new(Cursor::new(bomb)), "bomb", 0).unwrap();
    assert!(source.next().is_none());
    let note = source.status().cut_short.clone().unwrap();
    assert!(note.contains("ends within a block of type 0xbad"), "{note}");
}
