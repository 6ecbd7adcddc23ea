//! A live interface, listened to and never spoken on.
//!
//! A packet socket writes into a ring that the kernel shares with this process (TPACKET_V3,
//! `Documentation/networking/packet_mmap.rst`): the kernel fills a block with packets and hands it
//! over, [`Batch`] lends them one by one and hands the block back. Nothing here sends.
//!
//! Only [`RawSocket::open`] needs a right (CAP_NET_RAW, `packet_create` in the kernel's
//! `net/packet/af_packet.c`). Ring, filter, binding, promiscuous mode, and binding anew to an
//! interface that went away and came back, need none: a service opens its sockets, gives up every
//! right, and only then makes sources of them.

#![allow(
    clippy::disallowed_methods,
    reason = "listening has an end in real time; packets keep their own"
)]

mod frame;
mod kernel;
mod link;

use std::{
    io, thread,
    time::{Duration, Instant},
};

use cordon_model::{LinkType, PacketId, RawPacket};

use self::{
    frame::{Frame, Place},
    kernel::{Block, PacketSocket, Readiness, Ring},
};
use crate::{CaptureError, InputStatus, MAX_PACKET, status::Interface};

pub use self::{
    kernel::interfaces,
    link::{LinkState, clock_is_synchronised, link_state},
};

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
    /// Whether an interface that is not there, or goes away, is waited for ([`Next::Gone`]).
    /// Otherwise it is an error at first, and [`Next::Over`] later.
    pub wait_for_interface: bool,
    /// Whether this machine answers for others there (RFC 3069): its answers to questions for an
    /// address (ARP) are left out then, for they are not what those others say.
    pub answers_for_others: bool,
}

impl Default for LiveOptions {
    /// Whole packets, a ring of 32 MiB, promiscuous, without end but that of the interface.
    fn default() -> Self {
        LiveOptions {
            snaplen: u32::try_from(MAX_PACKET).unwrap_or(u32::MAX),
            ring_bytes: 32 << 20,
            promiscuous: true,
            lasting: None,
            wait_for_interface: false,
            answers_for_others: false,
        }
    }
}

/// A packet socket that does not listen yet.
pub struct RawSocket(PacketSocket);

impl RawSocket {
    /// Opens it: the one step that needs CAP_NET_RAW. `name` is what it will listen on, for the
    /// error.
    ///
    /// # Errors
    /// Where there is no right to capture, or the kernel refuses.
    pub fn open(name: &str) -> Result<Self, CaptureError> {
        let socket = PacketSocket::open().map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => CaptureError::NeedsCapNetRaw {
                name: name.to_owned(),
                program: std::env::current_exe().unwrap_or_else(|_| "cordon".into()),
            },
            _ => failed(name, "opening a packet socket")(source),
        })?;
        Ok(RawSocket(socket))
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
    answers_for_others: bool,
    promiscuous: bool,
    ends: Option<Instant>,
    /// Whether an interface that is gone is waited for.
    waits: bool,
    /// Whether the socket listens; false while the interface is gone.
    attached: bool,
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
    /// The interface is down or does not exist; with [`LiveOptions::wait_for_interface`] only. The
    /// next call listens again if it is back.
    Gone,
    /// The time is over, or the interface is gone; the status says which.
    Over,
}

impl LiveSource {
    /// Opens a socket and listens on the interface of this name; `input` becomes
    /// [`PacketId::input`].
    ///
    /// # Errors
    /// As [`RawSocket::open`] and [`Self::from_socket`].
    pub fn open(name: &str, options: &LiveOptions, input: u32) -> Result<Self, CaptureError> {
        if !options.wait_for_interface && kernel::interface_index(name).is_none() {
            return Err(no_such_interface(name));
        }
        Self::from_socket(RawSocket::open(name)?, name, options, input)
    }

    /// Listens on the interface of this name; `input` becomes [`PacketId::input`]. Needs no right.
    ///
    /// # Errors
    /// Where the kernel refuses, where the frames of the interface cannot be read, and, without
    /// [`LiveOptions::wait_for_interface`], where there is no such interface.
    pub fn from_socket(
        RawSocket(socket): RawSocket,
        name: &str,
        options: &LiveOptions,
        input: u32,
    ) -> Result<Self, CaptureError> {
        let limit = u32::try_from(MAX_PACKET).unwrap_or(u32::MAX);
        let snaplen = options.snaplen.clamp(1, limit);
        socket.keep_only(snaplen).map_err(failed(name, "setting the snap length"))?;
        let blocks = (options.ring_bytes / BLOCK_SIZE).clamp(*BLOCKS.start(), *BLOCKS.end());
        let ring = socket
            .ring(BLOCK_SIZE, blocks, BLOCK_TIMEOUT_MS)
            .map_err(failed(name, "setting up the ring"))?;
        let link = LinkType::ETHERNET;
        let status = InputStatus {
            path: name.to_owned(),
            format: "live capture".to_owned(),
            interfaces: vec![Interface { name: Some(name.to_owned()), link, snaplen }],
            kernel_drops: Some(0),
            ..InputStatus::default()
        };
        let mut source = LiveSource {
            socket,
            ring,
            turn: 0,
            input,
            link,
            loopback: false,
            answers_for_others: options.answers_for_others,
            promiscuous: options.promiscuous,
            ends: options.lasting.and_then(|lasting| Instant::now().checked_add(lasting)),
            waits: options.wait_for_interface,
            attached: false,
            status,
            tagged: Vec::new(),
        };
        if source.waits {
            source.attach_if_there()?;
        } else {
            let index = kernel::interface_index(name).ok_or_else(|| no_such_interface(name))?;
            source.attach(index)?;
        }
        Ok(source)
    }

    /// Waits for packets, at most as long as `wait`.
    ///
    /// # Errors
    /// Where the kernel fails in a way that more waiting does not mend.
    pub fn next_batch(&mut self, wait: Duration) -> Result<Next<'_>, CaptureError> {
        let now = Instant::now();
        let left = self.ends.map_or(Duration::MAX, |ends| ends.saturating_duration_since(now));
        if left.is_zero() {
            self.count_drops();
            return Ok(Next::Over);
        }
        if !self.ring.is_ready(self.turn) {
            if !self.attached && !self.attach_if_there()? {
                thread::sleep(wait.min(left));
                return Ok(Next::Gone);
            }
            let readiness = self.socket.wait(wait.min(left));
            match readiness.map_err(failed(&self.status.path, "waiting for packets"))? {
                Readiness::Ready | Readiness::Quiet => {}
                Readiness::Failed(_) if self.waits => {
                    self.attached = false;
                    self.count_drops();
                    return Ok(Next::Gone);
                }
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
            skip_answers: self.answers_for_others && self.link == LinkType::ETHERNET,
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

    /// Listens if the interface is there and up; whether it does.
    fn attach_if_there(&mut self) -> Result<bool, CaptureError> {
        if let Some(index) = self.socket.index(&self.status.path)
            && self.socket.is_up(&self.status.path)
        {
            match self.attach(index) {
                Ok(()) => {}
                // It went away in between.
                Err(CaptureError::Live { source, .. }) if is_away(&source) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.attached)
    }

    /// Binds the socket, or binds it anew.
    fn attach(&mut self, index: i32) -> Result<(), CaptureError> {
        let name = self.status.path.as_str();
        self.socket.bind(index).map_err(failed(name, "binding to the interface"))?;
        let hardware = self.socket.hardware();
        let hardware = hardware.map_err(failed(name, "asking for the kind of interface"))?;
        let Some(link) = link_of(hardware) else {
            return Err(CaptureError::UnsupportedInterface { name: name.to_owned(), hardware });
        };
        if self.promiscuous {
            self.socket.promiscuous(index).map_err(failed(name, "setting promiscuous mode"))?;
        }
        self.link = link;
        self.loopback = hardware == libc::ARPHRD_LOOPBACK;
        if let Some(interface) = self.status.interfaces.first_mut() {
            interface.link = link;
        }
        self.attached = true;
        Ok(())
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
    skip_answers: bool,
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
            let skipped = self.skip_outgoing || self.skip_answers && frame::is_arp_answer(&frame);
            if !(frame.outgoing && skipped) {
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

fn no_such_interface(name: &str) -> CaptureError {
    let existing = interfaces();
    let existing = if existing.is_empty() { "none at all".to_owned() } else { existing.join(", ") };
    CaptureError::NoSuchInterface { name: name.to_owned(), existing }
}

fn failed(name: &str, step: &'static str) -> impl FnOnce(io::Error) -> CaptureError {
    let name = name.to_owned();
    move |source| CaptureError::Live { name, step, source }
}

/// Whether an error means that the interface does not exist or is down.
fn is_away(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO | libc::ENETDOWN))
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
