//! The calls into the kernel: a packet socket, its ring, and the names of interfaces.
//!
//! All of the project's `unsafe` is here, and each use is one call or one access. What the kernel
//! writes is handed on as bytes and read with bounds checks.

#![allow(
    unsafe_code,
    reason = "a packet socket and a shared ring exist only behind the C interface"
)]

use std::{
    ffi::{CStr, CString},
    io,
    marker::PhantomData,
    mem,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use libc::{c_int, c_short, c_void, socklen_t};

use super::frame::BLOCK_HEAD;

/// Where in a block lies the word that says whose it is.
const BLOCK_STATUS: usize = 8;

/// A hint for the kernel's bookkeeping; packets of a ring of this version have any length.
const FRAME_SIZE: u32 = 2048;

/// A packet socket. It is only ever read from.
pub(super) struct PacketSocket {
    socket: OwnedFd,
}

/// What came of waiting for the socket.
pub(super) enum Readiness {
    Ready,
    Quiet,
    /// The socket is broken, for this reason: the interface went down.
    Failed(io::Error),
}

impl PacketSocket {
    /// Needs CAP_NET_RAW. It receives nothing before [`Self::bind`].
    pub(super) fn open() -> io::Result<Self> {
        // SAFETY: takes three numbers and touches no memory of ours.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        let fd = checked(fd)?;
        // SAFETY: the kernel has just given us this descriptor, and nobody else knows it.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(PacketSocket { socket })
    }

    /// Keeps at most so many bytes of each packet: a filter of one instruction, "return this".
    pub(super) fn keep_only(&self, snaplen: u32) -> io::Result<()> {
        const RETURN_CONSTANT: u16 = 0x06;
        let mut program = libc::sock_filter { code: RETURN_CONSTANT, jt: 0, jf: 0, k: snaplen };
        // The kernel copies the program during the call, so the pointer need not live longer.
        let filter = libc::sock_fprog { len: 1, filter: &raw mut program };
        self.set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
    }

    /// Sets up a ring of `blocks` blocks of `block_size` bytes and maps it.
    pub(super) fn ring(
        &self,
        block_size: usize,
        blocks: usize,
        timeout_ms: u32,
    ) -> io::Result<Ring> {
        let too_large = |_| io::Error::from(io::ErrorKind::InvalidInput);
        let version = libc::tpacket_versions::TPACKET_V3 as c_int;
        self.set(libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        let block_size_u32 = u32::try_from(block_size).map_err(too_large)?;
        let blocks_u32 = u32::try_from(blocks).map_err(too_large)?;
        let request = libc::tpacket_req3 {
            tp_block_size: block_size_u32,
            tp_block_nr: blocks_u32,
            tp_frame_size: FRAME_SIZE,
            tp_frame_nr: (block_size_u32 / FRAME_SIZE).saturating_mul(blocks_u32),
            tp_retire_blk_tov: timeout_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        self.set(libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        Ring::map(&self.socket, block_size, blocks)
    }

    /// Starts to receive everything that the interface sees.
    pub(super) fn bind(&self, interface: c_int) -> io::Result<()> {
        let mut address = no_address();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = interface;
        // SAFETY: the pointer and the size are those of a live `sockaddr_ll`, which is what an
        // AF_PACKET socket expects behind `sockaddr`; the kernel only reads it.
        let done = unsafe {
            libc::bind(self.socket.as_raw_fd(), (&raw const address).cast(), size_of(&address))
        };
        checked(done).map(|_| ())
    }

    /// The ARPHRD_ number of the interface that the socket is bound to.
    pub(super) fn hardware(&self) -> io::Result<u16> {
        let mut address = no_address();
        let mut size = size_of(&address);
        // SAFETY: `address` has room for `size` bytes, and the kernel writes no more than that;
        // every bit pattern is a valid `sockaddr_ll`.
        let done = unsafe {
            libc::getsockname(self.socket.as_raw_fd(), (&raw mut address).cast(), &raw mut size)
        };
        checked(done).map(|_| address.sll_hatype)
    }

    /// Asks for frames that are meant for others; the kernel takes it back when the socket closes.
    pub(super) fn promiscuous(&self, interface: c_int) -> io::Result<()> {
        let request = libc::packet_mreq {
            mr_ifindex: interface,
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        self.set(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// Whether the interface of this name exists and is up.
    pub(super) fn is_up(&self, name: &str) -> bool {
        self.flags(name).is_ok_and(|flags| flags & libc::IFF_UP != 0)
    }

    /// The number of the interface of this name, asked without a further socket: a thread that may
    /// open none asks too.
    pub(super) fn index(&self, name: &str) -> Option<c_int> {
        let mut request = request(name, libc::__c_anonymous_ifr_ifru { ifru_ifindex: 0 }).ok()?;
        let socket = self.socket.as_raw_fd();
        // SAFETY: SIOCGIFINDEX reads and writes one `ifreq`, which this is, and keeps no pointer.
        let done = unsafe { libc::ioctl(socket, libc::SIOCGIFINDEX as _, &raw mut request) };
        checked(done).ok()?;
        // SAFETY: the union began as `ifru_ifindex`, and the kernel wrote that field.
        Some(unsafe { request.ifr_ifru.ifru_ifindex }).filter(|&index| index > 0)
    }

    /// The IFF_ flags of the interface of this name.
    pub(super) fn flags(&self, name: &str) -> io::Result<c_int> {
        flags(&self.socket, name)
    }

    /// Packets that found the ring full since the last call.
    pub(super) fn drops_since_last_asked(&self) -> io::Result<u32> {
        let none = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        self.get(libc::SOL_PACKET, libc::PACKET_STATISTICS, none).map(|stats| stats.tp_drops)
    }

    /// Waits until a block is ready, at most as long as `wait`. A signal ends the wait early.
    pub(super) fn wait(&self, wait: Duration) -> io::Result<Readiness> {
        let mut poll =
            libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // Rounded up: a wait below a millisecond must not become a busy loop.
        let millis = wait.as_nanos().div_ceil(1_000_000);
        let millis = c_int::try_from(millis).unwrap_or(c_int::MAX);
        // SAFETY: the pointer is that of one live `pollfd`, and the count says one.
        let ready = unsafe { libc::poll(&raw mut poll, 1, millis) };
        match checked(ready) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Readiness::Quiet),
            Err(error) => Err(error),
            Ok(0) => Ok(Readiness::Quiet),
            Ok(_) if poll.revents & (libc::POLLERR | libc::POLLHUP | BAD_SOCKET) == 0 => {
                Ok(Readiness::Ready)
            }
            Ok(_) => match self.get(libc::SOL_SOCKET, libc::SO_ERROR, 0 as c_int)? {
                0 => Ok(Readiness::Ready),
                error => Ok(Readiness::Failed(io::Error::from_raw_os_error(error))),
            },
        }
    }

    fn set<T: Copy>(&self, level: c_int, option: c_int, value: &T) -> io::Result<()> {
        // SAFETY: the pointer and the size are those of a live value, and the kernel only reads it.
        let done = unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                level,
                option,
                ptr::from_ref(value).cast::<c_void>(),
                size_of(value),
            )
        };
        checked(done).map(|_| ())
    }

    /// `T` must be a value of plain numbers: the kernel overwrites all or the front of it.
    fn get<T: Plain>(&self, level: c_int, option: c_int, mut value: T) -> io::Result<T> {
        let mut size = size_of(&value);
        // SAFETY: `value` has room for `size` bytes, the kernel writes no more than that, and
        // every bit pattern is a valid `Plain` value.
        let done = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                level,
                option,
                (&raw mut value).cast::<c_void>(),
                &raw mut size,
            )
        };
        checked(done).map(|_| value)
    }
}

const BAD_SOCKET: c_short = libc::POLLNVAL;

/// Values for which every bit pattern is valid.
trait Plain: Copy {}
impl Plain for c_int {}
impl Plain for libc::tpacket_stats_v3 {}

/// Memory that the kernel fills with packets, in blocks that belong to it or to us by turns.
pub(super) struct Ring {
    memory: NonNull<u8>,
    block_size: usize,
    blocks: usize,
}

// SAFETY: the mapping belongs to this value alone and is not tied to the thread that made it.
unsafe impl Send for Ring {}

impl Ring {
    fn map(socket: &OwnedFd, block_size: usize, blocks: usize) -> io::Result<Ring> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        if block_size <= BLOCK_HEAD || !block_size.is_multiple_of(align_of::<AtomicU32>()) {
            return Err(invalid());
        }
        let length = block_size.checked_mul(blocks).ok_or_else(invalid)?;
        // SAFETY: asks for memory at a place of the kernel's choosing, so no memory in use is
        // replaced; the socket is open.
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast::<u8>()).ok_or_else(invalid)?;
        Ok(Ring { memory, block_size, blocks })
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// Whether the kernel has handed over this block.
    pub(super) fn is_ready(&self, block: usize) -> bool {
        self.status(block).is_some_and(belongs_to_us)
    }

    /// The block, where the kernel has handed it over; it goes back when the value is dropped.
    /// The exclusive borrow makes sure that no block is taken twice.
    pub(super) fn take(&mut self, block: usize) -> Option<Block<'_>> {
        let status = self.status(block).filter(|status| belongs_to_us(status))?;
        let body = self.memory.as_ptr().wrapping_add(block * self.block_size + BLOCK_HEAD);
        Some(Block { status, body, len: self.block_size - BLOCK_HEAD, ring: PhantomData })
    }

    /// The word that says whose a block is; `None` for a block that does not exist.
    fn status(&self, block: usize) -> Option<&AtomicU32> {
        if block >= self.blocks {
            return None;
        }
        let word = self.memory.as_ptr().wrapping_add(block * self.block_size + BLOCK_STATUS);
        // SAFETY: inside the mapping, because `block` is below `blocks` and a block is longer than
        // its head; aligned, because the mapping starts on a page and `block_size` and
        // `BLOCK_STATUS` are multiples of four; alive as long as `self`; and both the kernel and
        // we access this word only as a whole.
        Some(unsafe { AtomicU32::from_ptr(word.cast()) })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: this is the mapping of `Ring::map` with its length, and every `Block` borrows
        // the ring, so none is left.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), self.block_size * self.blocks) };
    }
}

/// A block that the kernel has handed over.
pub(super) struct Block<'a> {
    status: &'a AtomicU32,
    body: *const u8,
    len: usize,
    ring: PhantomData<&'a mut Ring>,
}

impl Block<'_> {
    /// Everything behind the word that says whose the block is.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `body` and `len` are the rest of one block inside the mapping (`Ring::take`),
        // which the borrow of the ring keeps alive. The kernel does not write to a block that it
        // has handed over, and it gets the block back only when this value is dropped.
        unsafe { slice::from_raw_parts(self.body, self.len) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // Everything was read before this is seen.
        self.status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }
}

fn belongs_to_us(status: &AtomicU32) -> bool {
    // Everything that the kernel wrote before is seen after this.
    status.load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
}

/// The IFF_ flags of the interface of this name, asked through any socket.
pub(super) fn flags(socket: &impl AsRawFd, name: &str) -> io::Result<c_int> {
    let mut request = request(name, libc::__c_anonymous_ifr_ifru { ifru_flags: 0 })?;
    // SAFETY: SIOCGIFFLAGS reads and writes one `ifreq`, which this is, and keeps no pointer to it.
    let done =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &raw mut request) };
    checked(done)?;
    // SAFETY: the union began as `ifru_flags`, and the kernel wrote that field.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    Ok(c_int::from(flags.cast_unsigned()))
}

/// `struct ethtool_value` of the kernel's `linux/ethtool.h`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// What one of the ethtool commands that take an [`EthtoolValue`] and only read answers.
pub(super) fn ethtool(socket: &impl AsRawFd, name: &str, command: Reading) -> io::Result<u32> {
    let mut value = EthtoolValue { command: command as u32, data: 0 };
    let data = (&raw mut value).cast::<libc::c_char>();
    let mut request = request(name, libc::__c_anonymous_ifr_ifru { ifru_data: data })?;
    // SAFETY: SIOCETHTOOL reads one `ifreq` and through it one `ethtool_value`, into which every
    // command of `Reading` writes and no further; both live through the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request) };
    checked(done).map(|_| value.data)
}

/// The ethtool commands that are asked, of `linux/ethtool.h`.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// ETHTOOL_GFLAGS: bit 15 is large receive offload.
    Flags = 0x25,
    /// ETHTOOL_GGRO: whether generic receive offload is on.
    Gro = 0x2b,
}

fn request(name: &str, value: libc::__c_anonymous_ifr_ifru) -> io::Result<libc::ifreq> {
    let mut request = libc::ifreq { ifr_name: [0; libc::IFNAMSIZ], ifr_ifru: value };
    // One place is left for the zero byte.
    if name.is_empty() || name.len() >= libc::IFNAMSIZ || name.contains('\0') {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    Ok(request)
}

/// A socket of no network, only to ask for interfaces through.
pub(super) fn asking_socket() -> io::Result<OwnedFd> {
    // SAFETY: takes three numbers and touches no memory of ours.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    let fd = checked(fd)?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Whether the kernel holds its clock for synchronised (`adjtimex`).
pub(super) fn clock_is_synchronised() -> io::Result<bool> {
    let mut clock = mem::MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: `clock` has room for a `timex`; its `modes` is zero, so that the call only reads the
    // clock and writes what it reads into `clock`.
    let state = unsafe { libc::adjtimex(clock.as_mut_ptr()) };
    checked(state).map(|state| state != libc::TIME_ERROR)
}

/// The number of the interface of this name.
pub(super) fn interface_index(name: &str) -> Option<c_int> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name ends with a zero byte and lives through the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    c_int::try_from(index).ok().filter(|&index| index > 0)
}

/// The names of all interfaces, sorted; empty where the system does not tell.
#[must_use]
pub fn interfaces() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: takes nothing; gives null or a list that is freed below.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return names;
    }
    let mut entry = list;
    loop {
        // SAFETY: `entry` is within the list, whose last entry has a null name and ends the loop.
        let name = unsafe { (*entry).if_name };
        if name.is_null() {
            break;
        }
        // SAFETY: the name of an entry is a string that ends with a zero byte and lives until the
        // list is freed; it is copied here.
        let name = unsafe { CStr::from_ptr(name) };
        names.push(name.to_string_lossy().into_owned());
        entry = entry.wrapping_add(1);
    }
    // SAFETY: the list of `if_nameindex`, freed once and not used again.
    unsafe { libc::if_freenameindex(list) };
    names.sort_unstable();
    names
}

fn no_address() -> libc::sockaddr_ll {
    libc::sockaddr_ll {
        sll_family: 0,
        sll_protocol: 0,
        sll_ifindex: 0,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    }
}

fn size_of<T>(_: &T) -> socklen_t {
    socklen_t::try_from(mem::size_of::<T>()).unwrap_or(socklen_t::MAX)
}

/// A negative result is an error that the system keeps aside.
fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
