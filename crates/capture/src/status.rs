//! What is known about an input while it is read.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cordon_model::{LinkType, Timestamp};

/// How many interfaces of one input are named in its status; a file may claim any number.
pub(crate) const MAX_NAMED_INTERFACES: usize = 64;

/// What an input has given so far, and what is missing from it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InputStatus {
    /// The path as it was given, `-` for standard input, or the name of the interface.
    pub path: String,
    /// The format in words: "pcap", "pcapng, gzip", "live capture".
    pub format: String,
    /// Packets given.
    pub packets: u64,
    /// Captured bytes of these packets.
    pub bytes: u64,
    /// Bytes of these packets on the wire.
    pub wire_bytes: u64,
    /// Packets of which the capture kept only the head (snap length).
    pub truncated_packets: u64,
    /// The earliest time of a packet; files are not always in order.
    pub first: Option<Timestamp>,
    /// The latest time of a packet.
    pub last: Option<Timestamp>,
    /// What is damaged and after which packet, in plain words; `None` for a whole input.
    pub cut_short: Option<String>,
    /// Where the packets were captured, as far as the input says; at most 64 are listed.
    pub interfaces: Vec<Interface>,
    /// Packets that the capturing machine lost, where the input says so.
    pub kernel_drops: Option<u64>,
}

/// One interface of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name, where the input says it; at most 64 characters.
    pub name: Option<String>,
    /// Framing of its packets.
    pub link: LinkType,
    /// Longest packet that was kept, in bytes; 0 for no limit.
    pub snaplen: u32,
}

impl InputStatus {
    /// Counts one packet and returns its number; the first is 1.
    #[inline]
    pub(crate) fn count(&mut self, at: Timestamp, captured: usize, wire_len: u32) -> u64 {
        self.packets += 1;
        self.bytes += captured as u64;
        self.wire_bytes += u64::from(wire_len);
        self.truncated_packets += u64::from(captured < wire_len as usize);
        if self.first.is_none_or(|first| at < first) {
            self.first = Some(at);
        }
        if self.last.is_none_or(|last| at > last) {
            self.last = Some(at);
        }
        self.packets
    }

    /// Lists an interface, while there is room.
    pub(crate) fn name_interface(&mut self, interface: Interface) {
        if self.interfaces.len() < MAX_NAMED_INTERFACES && !self.interfaces.contains(&interface) {
            self.interfaces.push(interface);
        }
    }
}

/// How far an input has been read; a handle that another thread may keep.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    pub(crate) fn new(total: Option<u64>) -> Self {
        Progress { read: Arc::default(), total }
    }

    /// Bytes read from the file so far, before decompression.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Size of the file in bytes; `None` for a pipe.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    pub(crate) fn advance(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
