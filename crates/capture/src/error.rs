//! Why an input cannot be read at all: one line each, and each says what to do.

use std::{io, path::PathBuf};

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The path does not exist.
    #[error("{}: no such file or folder; check the spelling", .path.display())]
    NotFound {
        /// As it was given.
        path: PathBuf,
    },
    /// The system refuses to open it.
    #[error("{}: no permission to read it; run as a user who may, or change its mode", .path.display())]
    Permission {
        /// As it was given.
        path: PathBuf,
    },
    /// Nothing is in it, not even the head of a capture.
    #[error("{name}: the file is empty; cordon needs a packet capture")]
    Empty {
        /// Name of the input.
        name: String,
    },
    /// Its first bytes are not those of a format that cordon reads.
    #[error(
        "{name} is not a packet capture ({found}); cordon reads pcap and pcapng, plain or \
         compressed with gzip or zstd{hint}"
    )]
    NotACapture {
        /// Name of the input.
        name: String,
        /// What its first bytes are.
        found: String,
        /// What it seems to be, and what to do then; empty where nothing is known.
        hint: &'static str,
    },
    /// A folder without a single capture.
    #[error("{}: no packet captures in this folder ({skipped} other files); name a file, or a folder that holds pcap or pcapng files", .path.display())]
    NothingInside {
        /// The folder.
        path: PathBuf,
        /// Files that are not captures.
        skipped: u64,
    },
    /// Neither a file, nor a folder, nor a pipe.
    #[error("{}: not a file, folder or pipe; name a capture file, a folder, or - for standard input", .path.display())]
    Unreadable {
        /// As it was given.
        path: PathBuf,
    },
    /// Standard input is a keyboard.
    #[error("-: standard input is a terminal; pipe a capture into it, or name a file")]
    Terminal,
    /// The system failed to read it.
    #[error("{name}: cannot be read: {source}; check the disk or the mount")]
    Io {
        /// Name of the input.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// No interface has this name.
    #[error("{name}: no such network interface; there is {existing}")]
    NoSuchInterface {
        /// As it was given.
        name: String,
        /// Those that exist, separated by commas.
        existing: String,
    },
    /// Live capture needs a right that this process lacks.
    #[error(
        "{name}: capturing needs the right CAP_NET_RAW; run with sudo, or once \
         `sudo setcap cap_net_raw+ep {}`", .program.display()
    )]
    NeedsCapNetRaw {
        /// Name of the interface.
        name: String,
        /// The running program.
        program: PathBuf,
    },
    /// The frames of this interface have a head that cordon cannot read.
    #[error(
        "{name}: frames of this kind of interface (ARPHRD {hardware}) cannot be read; capture on \
         the Ethernet or Wi-Fi interface beneath it"
    )]
    UnsupportedInterface {
        /// Name of the interface.
        name: String,
        /// The kernel's ARPHRD_ number.
        hardware: u16,
    },
    /// The kernel refused one step of setting up the capture.
    #[error(
        "{name}: cannot capture: {step}: {source}; is the interface up and the ring small enough?"
    )]
    Live {
        /// Name of the interface.
        name: String,
        /// Which step.
        step: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl CaptureError {
    /// What opening or listing `path` failed with.
    pub(crate) fn opening(path: &std::path::Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => CaptureError::NotFound { path },
            io::ErrorKind::PermissionDenied => CaptureError::Permission { path },
            _ => CaptureError::Io { name: path.display().to_string(), source },
        }
    }

    /// A file that starts with `head` and is no capture.
    pub(crate) fn not_a_capture(name: &str, head: &[u8]) -> Self {
        CaptureError::NotACapture { name: name.to_owned(), found: describe(head), hint: hint(head) }
    }
}

/// The first bytes in words: text as text, everything else in hexadecimal.
fn describe(head: &[u8]) -> String {
    let head = head.get(..8).unwrap_or(head);
    if head.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
        return format!("first bytes \"{}\"", head.escape_ascii());
    }
    let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("first bytes {}", hex.join(" "))
}

/// Formats that people mistake for captures, by their first bytes.
const MISTAKEN: &[(&[u8], &str)] = &[
    (b"snoop\0\0\0", "; this is a snoop file: convert it with `editcap -F pcap`"),
    (b"btsnoop\0", "; this is a Bluetooth snoop file, which cordon does not read"),
    (b"GMBU", "; this is a Network Monitor file: convert it with `editcap -F pcap`"),
    (b"RTSS", "; this is a Network Monitor file: convert it with `editcap -F pcap`"),
    (b"TRSNIFF data", "; this is a Sniffer file: convert it with `editcap -F pcap`"),
    (b"XCP\0", "; this is a NetXRay file: convert it with `editcap -F pcap`"),
    (b"\xfd7zXZ\0", "; this is xz: unpack it first with `xz -d`"),
    (b"BZh", "; this is bzip2: unpack it first with `bzip2 -d`"),
    (b"\x04\x22\x4d\x18", "; this is lz4: unpack it first with `lz4 -d`"),
    (b"PK\x03\x04", "; this is a zip archive: unpack it first"),
    (b"7z\xbc\xaf", "; this is a 7z archive: unpack it first"),
    (b"\x1f\x8b", "; this is gzip within gzip: unpack it once"),
    (b"\x28\xb5\x2f\xfd", "; this is zstd within another compression: unpack it once"),
    (b"#separator", "; this is a Zeek log"),
    (b"{\"", "; this is JSON, perhaps a log of Suricata"),
    (b"version https://git-lfs", "; this is a Git LFS pointer: run `git lfs pull`"),
];

fn hint(head: &[u8]) -> &'static str {
    MISTAKEN.iter().find(|(magic, _)| head.starts_with(magic)).map_or("", |&(_, hint)| hint)
}
