//! A live interface, listened to and never spoken on.
//!
//! A packet socket writes into a ring that the kernel shares with this process (TPACKET_V3,
//! `Documentation/networking/packet_mmap.rst`): the kernel fills a block with packets and hands it
//! over, [`Batch`] lends them one by one and hands the block back. Nothing here sends.

#![allow(
    clippy::disallowed_methods,
    reason = "listening has an end in real time; packets keep their own"
)]

mod frame;
mod kernel;

use std::{
    io,
    time::{Duration, Instant},
};

use cordon_model::{LinkType, PacketId, RawPacket};

use self::{
    frame::{Frame, Place},
    kernel::{Block, PacketSocket, Readiness, Ring},
};
use crate::{CaptureError, InputStatus, MAX_PACKET, status::Interface};

pub use self::kernel::interfaces;

/// One block of the ring: room for some ten thousand small packets, and for the largest.
const BLOCK_SIZE: usize = 1 << 20;

/// Bounds of the ring; it is locked memory that nobody else can use.
const BLOCKS: std::ops::RangeInclusive<usize> = 2..=1024;

/// After how long the kernel hands over a block that is not yet full.
const BLOCK_TIMEOUT_MS: u32 = 50;

/// How to listen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveOptions {
    /// Bytes kept of each packet; at most [`MAX_PACKET`].
    pub snaplen: u32,
    /// Size of the ring in bytes, rounded to whole mebibytes, between 2 MiB and 1 GiB.
    pub ring_bytes: usize,
    /// Whether the interface is asked for frames that are meant for others. A mirror port and a
    /// tap need it.
    pub promiscuous: bool,
    /// When to stop; `None` for never.
    pub lasting: Option<Duration>,
}

impl Default for LiveOptions {
    /// Whole packets, a ring of 32 MiB, promiscuous, without end.
    fn default() -> Self {
        LiveOptions {
            snaplen: u32::try_from(MAX_PACKET).unwrap_or(u32::MAX),
            ring_bytes: 32 << 20,
            promiscuous: true,
            lasting: None,
        }
    }
}

/// A live interface.
pub struct LiveSource {
    socket: PacketSocket,
    ring: Ring,
    /// Which block of the ring the kernel hands over next.
    turn: usize,
    input: u32,
    link: LinkType,
    /// A loopback interface shows each packet twice, going out and coming in.
    loopback: bool,
    ends: Option<Instant>,
    status: InputStatus,
    tagged: Vec<u8>,
}

/// What came of waiting.
#[must_use]
pub enum Next<'a> {
    /// Packets came.
    Packets(Batch<'a>),
    /// None came in the time given; a good moment to look whether the user wants to stop.
    Quiet,
    /// The time is over, or the interface is gone; the status says which.
    Over,
}

impl LiveSource {
    /// Starts to listen on the interface of this name; `input` becomes [`PacketId::input`].
    ///
    /// # Errors
    /// Where there is no such interface, no right to capture, or the kernel refuses.
    pub fn open(name: &str, options: &LiveOptions, input: u32) -> Result<Self, CaptureError> {
        let Some(index) = kernel::interface_index(name) else {
            let existing = interfaces();
            let existing =
                if existing.is_empty() { "none at all".to_owned() } else { existing.join(", ") };
            return Err(CaptureError::NoSuchInterface { name: name.to_owned(), existing });
        };
        let failed = |step| {
            move |source: io::Error| CaptureError::Live { name: name.to_owned(), step, source }
        };
        let socket = PacketSocket::open().map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => CaptureError::NeedsCapNetRaw {
                name: name.to_owned(),
                program: std::env::current_exe().unwrap_or_else(|_| "cordon".into()),
            },
            _ => failed("opening a packet socket")(source),
        })?;
        let limit = u32::try_from(MAX_PACKET).unwrap_or(u32::MAX);
        let snaplen = options.snaplen.clamp(1, limit);
        socket.keep_only(snaplen).map_err(failed("setting the snap length"))?;
        let blocks = (options.ring_bytes / BLOCK_SIZE).clamp(*BLOCKS.start(), *BLOCKS.end());
        let ring = socket
            .ring(BLOCK_SIZE, blocks, BLOCK_TIMEOUT_MS)
            .map_err(failed("setting up the ring"))?;
        socket.bind(index).map_err(failed("binding to the interface"))?;
        let hardware = socket.hardware().map_err(failed("asking for the kind of interface"))?;
        let Some(link) = link_of(hardware) else {
            return Err(CaptureError::UnsupportedInterface { name: name.to_owned(), hardware });
        };
        if options.promiscuous {
            socket.promiscuous(index).map_err(failed("setting promiscuous mode"))?;
        }
        let interface = Interface { name: Some(name.to_owned()), link, snaplen };
        let status = InputStatus {
            path: name.to_owned(),
            format: "live capture".to_owned(),
            interfaces: vec![interface],
            kernel_drops: Some(0),
            ..InputStatus::default()
        };
        Ok(LiveSource {
            socket,
            ring,
            turn: 0,
            input,
            link,
            loopback: hardware == libc::ARPHRD_LOOPBACK,
            ends: options.lasting.and_then(|lasting| Instant::now().checked_add(lasting)),
            status,
            tagged: Vec::new(),
        })
    }

    /// Waits for packets, at most as long as `wait`.
    ///
    /// # Errors
    /// Where the kernel fails in a way that more waiting does not mend.
    pub fn next_batch(&mut self, wait: Duration) -> Result<Next<'_>, CaptureError> {
        let failed = |step, source| {
            let name = self.status.path.clone();
            CaptureError::Live { name, step, source }
        };
        let now = Instant::now();
        let left = self.ends.map_or(Duration::MAX, |ends| ends.saturating_duration_since(now));
        if left.is_zero() {
            self.count_drops();
            return Ok(Next::Over);
        }
        if !self.ring.is_ready(self.turn) {
            let readiness = self.socket.wait(wait.min(left));
            match readiness.map_err(|source| failed("waiting for packets", source))? {
                Readiness::Ready | Readiness::Quiet => {}
                Readiness::Failed(error) => {
                    let packets = self.status.packets;
                    self.status.cut_short = Some(format!(
                        "after packet {packets}: the interface stopped giving packets: {error}"
                    ));
                    self.count_drops();
                    return Ok(Next::Over);
                }
            }
        }
        self.count_drops();
        let (turn, blocks) = (self.turn, self.ring.blocks());
        let Some(block) = self.ring.take(turn) else {
            return Ok(Next::Quiet);
        };
        self.turn = (turn + 1) % blocks;
        let place = frame::first(block.bytes());
        Ok(Next::Packets(Batch {
            block,
            place,
            input: self.input,
            link: self.link,
            skip_outgoing: self.loopback,
            status: &mut self.status,
            tagged: &mut self.tagged,
        }))
    }

    /// What was captured so far. [`InputStatus::kernel_drops`] is brought up to date by every
    /// [`Self::next_batch`].
    #[must_use]
    pub fn status(&self) -> &InputStatus {
        &self.status
    }

    /// Adds what the kernel dropped since it was last asked. The number is told, not relied upon,
    /// so failing to get it is no failure of the capture.
    fn count_drops(&mut self) {
        if let Ok(drops) = self.socket.drops_since_last_asked() {
            let before = self.status.kernel_drops.unwrap_or(0);
            self.status.kernel_drops = Some(before.saturating_add(u64::from(drops)));
        }
    }
}

/// Packets that the kernel handed over together. Dropping it hands their memory back; packets
/// not yet taken are then gone.
pub struct Batch<'a> {
    block: Block<'a>,
    place: Option<Place>,
    input: u32,
    link: LinkType,
    skip_outgoing: bool,
    status: &'a mut InputStatus,
    tagged: &'a mut Vec<u8>,
}

impl Batch<'_> {
    /// The next packet, lent until the next call.
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "an Iterator cannot lend from itself")]
    pub fn next(&mut self) -> Option<RawPacket<'_>> {
        let frame = loop {
            let (frame, next) = frame::at(self.block.bytes(), self.place?)?;
            self.place = next;
            if !(self.skip_outgoing && frame.outgoing) {
                break frame;
            }
        };
        let Frame { at, mut wire_len, mut data, vlan, .. } = frame;
        if let Some(tag) = vlan.filter(|_| self.link == LinkType::ETHERNET)
            && frame::put_tag_back(data, tag, self.tagged)
        {
            data = self.tagged;
            wire_len = wire_len.saturating_add(frame::TAG_SIZE);
        }
        let number = self.status.count(at, data.len(), wire_len);
        let id = PacketId { input: self.input, number };
        Some(RawPacket { id, at, link: self.link, wire_len, data })
    }
}

/// What the frames of a kind of interface begin with; `None` where cordon cannot read them.
fn link_of(hardware: u16) -> Option<LinkType> {
    /// Raw IP of cellular modems; not in libc.
    const ARPHRD_RAWIP: u16 = 519;
    match hardware {
        // The kernel puts an Ethernet header before what it loops back.
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => Some(LinkType::ETHERNET),
        // Tunnels: tun, WireGuard.
        libc::ARPHRD_NONE | ARPHRD_RAWIP => Some(LinkType::RAW),
        libc::ARPHRD_IEEE80211 => Some(LinkType::IEEE802_11),
        libc::ARPHRD_IEEE80211_PRISM => Some(LinkType::PRISM),
        libc::ARPHRD_IEEE80211_RADIOTAP => Some(LinkType::RADIOTAP),
        _ => None,
    }
}
