//! The log: copies of packets that were dropped or warned about, as the kernel sends them
//! (`linux/netfilter/nfnetlink_log.h`).
//!
//! The rules log few packets of each source a second, so the log shows what somebody does and is
//! no count of it. What is lost on the way here besides is counted.

use std::collections::VecDeque;
use std::time::Duration;

use cordon_contract::{Carrier, Packet};
use cordon_model::{Mac, Text, Timestamp};
use rustix::io::Errno;

use crate::driver::DriverError;
use crate::log::Logged;
use crate::netlink::{BUFFER, Socket, attribute, attributes};

/// Room in the kernel for what is not read yet: some ten thousand packets.
const ROOM: usize = 4 << 20;

/// The log among the subsystems of netfilter: a packet, and what is asked of it.
const PACKET: u16 = 0x0400;
const CONFIGURE: u16 = 0x0401;

/// Attributes of a request.
mod ask {
    pub(super) const COMMAND: u16 = 1;
    pub(super) const MODE: u16 = 2;
    pub(super) const BUFFER: u16 = 3;
    pub(super) const TIMEOUT: u16 = 4;
    pub(super) const AT_ONCE: u16 = 5;
    pub(super) const FLAGS: u16 = 6;

    pub(super) const BIND: u8 = 1;
    pub(super) const COPY_PACKET: u8 = 2;
    /// Packets are numbered.
    pub(super) const NUMBERED: u16 = 1;
}

/// Attributes of a packet.
mod told {
    pub(super) const TIME: u16 = 3;
    pub(super) const IN_LINK: u16 = 4;
    pub(super) const OUT_LINK: u16 = 5;
    pub(super) const MAC: u16 = 8;
    pub(super) const PAYLOAD: u16 = 9;
    pub(super) const PREFIX: u16 = 10;
    pub(super) const NUMBER: u16 = 12;
}

/// A packet of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Why it is there.
    pub logged: Logged,
    /// The packet.
    pub packet: Packet,
    /// The interface by which it came.
    pub in_link: Option<Text>,
    /// The interface by which it would have left, or did.
    pub out_link: Option<Text>,
    /// When the kernel saw it; it does not always say.
    pub at: Option<Timestamp>,
}

/// Reads a group of the log. One program reads a group at a time.
pub struct LogReader {
    socket: Socket,
    buffer: Vec<u8>,
    /// What came and was not asked for yet: no more than one buffer holds.
    waiting: VecDeque<Raw>,
    next: Option<u32>,
    lost: u64,
    overruns: u64,
    strange: u64,
}

impl LogReader {
    /// Reads a group from now on.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses: without `CAP_NET_ADMIN`, or where another program reads this
    /// group.
    pub fn open(group: u16) -> Result<Self, DriverError> {
        /// Bytes of a packet that are sent here: its headers. The rules say so too.
        const HEADERS: u32 = 128;
        /// Packets that wait for each other, and hundredths of a second that they wait at most.
        const AT_ONCE: u32 = 32;
        const WAIT: u32 = 10;
        /// What is sent at once fits the buffer that it is read into.
        const SENT: u32 = 32 << 10;
        let refused = |errno: Errno| {
            DriverError::Refused(match errno {
                // The kernel has one word for both.
                Errno::PERM | Errno::BUSY => format!(
                    "group {group} of the log: reading it needs CAP_NET_ADMIN, and that no other program reads it"
                ),
                errno => format!("group {group} of the log: {errno}"),
            })
        };
        let socket = Socket::open().map_err(refused)?;
        socket.make_room(ROOM).map_err(refused)?;
        let mut reader = LogReader {
            socket,
            buffer: vec![0; BUFFER],
            waiting: VecDeque::new(),
            next: None,
            lost: 0,
            overruns: 0,
            strange: 0,
        };
        let mode = [&HEADERS.to_be_bytes()[..], &[ask::COPY_PACKET, 0]].concat();
        let requests = [
            attribute(ask::COMMAND, &[ask::BIND]),
            [
                attribute(ask::MODE, &mode),
                attribute(ask::FLAGS, &ask::NUMBERED.to_be_bytes()),
                attribute(ask::BUFFER, &SENT.to_be_bytes()),
                attribute(ask::AT_ONCE, &AT_ONCE.to_be_bytes()),
                attribute(ask::TIMEOUT, &WAIT.to_be_bytes()),
            ]
            .concat(),
        ];
        for request in requests {
            let mut came = Vec::new();
            let each = |kind, bytes: &[u8]| came.extend((kind == PACKET).then(|| Raw::read(bytes)));
            reader.socket.request_one(CONFIGURE, group, &request, each).map_err(refused)?;
            came.into_iter().for_each(|raw| reader.take_in(raw));
        }
        Ok(reader)
    }

    /// The next packet, or none if none comes for so long.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses; what it lost is not an error.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Record>, DriverError> {
        loop {
            while let Some(raw) = self.waiting.pop_front() {
                match self.record(raw) {
                    Some(record) => return Ok(Some(record)),
                    None => self.strange = self.strange.saturating_add(1),
                }
            }
            let mut came = Vec::new();
            let each = |kind, bytes: &[u8]| came.extend((kind == PACKET).then(|| Raw::read(bytes)));
            match self.socket.wait(patience, &mut self.buffer, each) {
                Ok(()) => came.into_iter().for_each(|raw| self.take_in(raw)),
                Err(Errno::NOBUFS) => self.overruns = self.overruns.saturating_add(1),
                Err(Errno::AGAIN | Errno::TIMEDOUT | Errno::INTR) => return Ok(None),
                Err(errno) => {
                    return Err(DriverError::Refused(format!("the log: {errno}")));
                }
            }
        }
    }

    /// How many packets of the log the kernel could not send, by their numbers.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// How often the kernel said that it lost some: the last of them may have no number yet.
    #[must_use]
    pub const fn overruns(&self) -> u64 {
        self.overruns
    }

    /// How many came that were not ours, or that nobody can read.
    #[must_use]
    pub const fn strange(&self) -> u64 {
        self.strange
    }

    fn take_in(&mut self, raw: Raw) {
        if let Some(number) = raw.number {
            if let Some(next) = self.next {
                self.lost = self.lost.saturating_add(number.wrapping_sub(next).into());
            }
            self.next = Some(number.wrapping_add(1));
        }
        self.waiting.push_back(raw);
    }

    fn record(&self, raw: Raw) -> Option<Record> {
        let link = |index: Option<u32>| {
            let name = index.and_then(|index| self.socket.link_name(index));
            name.map(Text::from)
        };
        Some(Record {
            logged: raw.logged?,
            packet: raw.packet?,
            in_link: link(raw.in_link),
            out_link: link(raw.out_link),
            at: raw.at,
        })
    }
}

/// A packet as it came.
#[derive(Default)]
struct Raw {
    logged: Option<Logged>,
    packet: Option<Packet>,
    mac: Option<Mac>,
    in_link: Option<u32>,
    out_link: Option<u32>,
    at: Option<Timestamp>,
    number: Option<u32>,
}

impl Raw {
    fn read(bytes: &[u8]) -> Self {
        /// More than the kernel has kinds of them.
        const MAX_ATTRIBUTES: usize = 32;
        let mut raw = Raw::default();
        for (kind, value, _) in attributes(bytes).take(MAX_ATTRIBUTES) {
            let number = || value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
            match kind {
                told::TIME => raw.at = time(value),
                told::IN_LINK => raw.in_link = number(),
                told::OUT_LINK => raw.out_link = number(),
                told::MAC => raw.mac = mac(value),
                told::PAYLOAD => raw.packet = packet(value),
                told::PREFIX => {
                    let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
                    raw.logged = std::str::from_utf8(text).ok().and_then(Logged::parse);
                }
                told::NUMBER => raw.number = number(),
                _ => {}
            }
        }
        let mac = raw.mac;
        if let Some(packet) = raw.packet.as_mut() {
            packet.mac = mac;
        }
        raw
    }
}

/// Seconds and microseconds.
fn time(value: &[u8]) -> Option<Timestamp> {
    let seconds = u64::from_be_bytes(*value.first_chunk()?);
    let micros = u64::from_be_bytes(*value.get(8..)?.first_chunk()?);
    let micros = seconds.checked_mul(1_000_000)?.checked_add(micros)?;
    Some(Timestamp::from_micros(i64::try_from(micros).ok()?))
}

/// A length, a gap, and the address.
fn mac(value: &[u8]) -> Option<Mac> {
    let length = u16::from_be_bytes(*value.first_chunk()?);
    (length == 6).then(|| value.get(4..)?.first_chunk().map(|bytes| Mac(*bytes))).flatten()
}

/// What a firewall sees of a packet, from its IP header on.
fn packet(bytes: &[u8]) -> Option<Packet> {
    let ip = cordon_wire::ip::decode(bytes)?;
    let carrier = Carrier::of_protocol(ip.protocol);
    // Only the first piece of a datagram has ports.
    let first = ip.fragment.is_none_or(|fragment| fragment.offset == 0);
    let head: [u8; 4] = ip.payload.first_chunk().copied().filter(|_| first).unwrap_or_default();
    let [a, b, c, d] = head;
    let (from_port, to_port) = match carrier {
        Carrier::Tcp | Carrier::Udp => (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
        Carrier::Icmp | Carrier::Icmpv6 => (0, a.into()),
        _ => (0, 0),
    };
    let (from, to) = (ip.from, ip.to);
    Some(Packet { mac: None, from, to, carrier, from_port, to_port, established: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_packet_of_the_log_is_read() {
        let ip: Vec<u8> = [
            &[0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2][..],
            &[0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0],
        ]
        .concat();
        let bytes = [
            attribute(told::PREFIX, b"cordon drop from outside\0"),
            attribute(told::MAC, &[0, 6, 0, 0, 2, 0, 0, 0, 0, 9, 0, 0]),
            attribute(told::TIME, &[&5_u64.to_be_bytes()[..], &7_u64.to_be_bytes()].concat()),
            attribute(told::NUMBER, &3_u32.to_be_bytes()),
            attribute(told::PAYLOAD, &ip),
        ]
        .concat();
        let raw = Raw::read(&bytes);
        let packet = raw.packet.unwrap();
        assert_eq!(raw.logged, Logged::parse("cordon drop from outside"));
        assert_eq!((packet.from_port, packet.to_port, packet.carrier), (40_000, 443, Carrier::Tcp));
        assert_eq!(packet.mac, Some(Mac([2, 0, 0, 0, 0, 9])));
        assert_eq!((raw.at, raw.number), (Some(Timestamp::from_micros(5_000_007)), Some(3)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let raw = Raw::read(&bytes);
            prop_assert!(raw.packet.is_none_or(|packet| packet.from.is_ipv4() == packet.to.is_ipv4()));
        }
    }
}
