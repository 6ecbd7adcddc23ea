//! Messages to and from the kernel's netfilter subsystems (netlink(7), `linux/netfilter/nfnetlink.h`).

use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// How long the kernel may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The kernel sends at most 32 KiB at once, unless it is told otherwise.
pub(crate) const BUFFER: usize = 64 << 10;

/// Flags of a request.
const REQUEST: u16 = 0x1;
const ACKNOWLEDGE: u16 = 0x4;
const DUMP: u16 = 0x300;

/// Kinds of messages that every subsystem has.
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// Bytes before the attributes: the header of netlink and that of netfilter.
const HEADER: usize = 20;

/// A socket to netfilter.
pub(crate) struct Socket(OwnedFd);

impl Socket {
    pub(crate) fn open() -> Result<Self, Errno> {
        let kind = (AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC);
        let socket = rustix::net::socket_with(kind.0, kind.1, kind.2, Some(NETFILTER))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Socket(socket))
    }

    /// Asks for everything of a kind; each answer is the family and the attributes.
    pub(crate) fn dump(&self, kind: u16, mut each: impl FnMut(u8, &[u8])) -> Result<(), Errno> {
        self.send(&request(kind, REQUEST | DUMP, (0, 0), &[]))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            for message in messages(self.receive(&mut buffer)?) {
                match message.kind {
                    DONE => return Ok(()),
                    ERROR => return message.error(),
                    _ => {
                        if let Some((family, attributes)) = message.body() {
                            each(family, attributes);
                        }
                    }
                }
            }
        }
    }

    /// Makes requests, each with its family and attributes; the answer to each, in order.
    pub(crate) fn request_all(
        &self,
        kind: u16,
        requests: &[(u8, Vec<u8>)],
    ) -> Result<Vec<Result<(), Errno>>, Errno> {
        /// So many that their answers find room in the socket.
        const AT_ONCE: usize = 64;
        let mut answers = Vec::with_capacity(requests.len());
        let mut buffer = vec![0; BUFFER];
        for requests in requests.chunks(AT_ONCE) {
            let bytes: Vec<u8> = requests
                .iter()
                .flat_map(|(family, body)| request(kind, REQUEST | ACKNOWLEDGE, (*family, 0), body))
                .collect();
            self.send(&bytes)?;
            let mut open = requests.len();
            while open > 0 {
                for message in messages(self.receive(&mut buffer)?) {
                    if message.kind == ERROR {
                        answers.push(message.error());
                        open = open.saturating_sub(1);
                    }
                }
            }
        }
        Ok(answers)
    }

    /// Takes room for so many bytes that are not read yet; the kernel may give less.
    pub(crate) fn make_room(&self, bytes: usize) -> Result<(), Errno> {
        rustix::net::sockopt::set_socket_recv_buffer_size(&self.0, bytes)
    }

    /// Makes one request about a resource and waits for the answer; whatever else comes meanwhile
    /// goes to `each`.
    pub(crate) fn request_one(
        &self,
        kind: u16,
        resource: u16,
        attributes: &[u8],
        mut each: impl FnMut(u16, &[u8]),
    ) -> Result<(), Errno> {
        self.send(&request(kind, REQUEST | ACKNOWLEDGE, (0, resource), attributes))?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let mut answer = None;
            for message in messages(self.receive(&mut buffer)?) {
                if message.kind == ERROR {
                    answer = answer.or(Some(message.error()));
                } else if let Some((_, attributes)) = message.body() {
                    each(message.kind, attributes);
                }
            }
            if let Some(answer) = answer {
                return answer;
            }
        }
    }

    /// Waits so long for messages that nobody asked for; each is its kind and its attributes.
    pub(crate) fn wait(
        &self,
        patience: Duration,
        buffer: &mut [u8],
        mut each: impl FnMut(u16, &[u8]),
    ) -> Result<(), Errno> {
        // No time at all would mean for ever.
        let patience = patience.max(Duration::from_millis(1));
        set_socket_timeout(&self.0, Timeout::Recv, Some(patience))?;
        for message in messages(self.receive(buffer)?) {
            if let Some((_, attributes)) = message.body().filter(|_| message.kind != ERROR) {
                each(message.kind, attributes);
            }
        }
        Ok(())
    }

    /// The name of an interface.
    pub(crate) fn link_name(&self, index: u32) -> Option<String> {
        rustix::net::netdevice::index_to_name(&self.0, index).ok()
    }

    fn send(&self, bytes: &[u8]) -> Result<(), Errno> {
        let kernel = SocketAddrNetlink::new(0, 0);
        rustix::net::sendto(&self.0, bytes, SendFlags::empty(), &kernel).map(drop)
    }

    fn receive<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let (length, _) = rustix::net::recv(&self.0, &mut *buffer, RecvFlags::empty())?;
        Ok(buffer.get(..length).unwrap_or_default())
    }
}

fn request(kind: u16, flags: u16, (family, resource): (u8, u16), attributes: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + attributes.len());
    let length = u32::try_from(HEADER + attributes.len()).unwrap_or(u32::MAX);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    // Sequence and port: there is one question at a time, and the kernel knows who asks.
    bytes.extend([0; 8]);
    bytes.extend([family, 0]);
    bytes.extend(resource.to_be_bytes());
    bytes.extend(attributes);
    bytes
}

struct Message<'b> {
    kind: u16,
    rest: &'b [u8],
}

impl<'b> Message<'b> {
    /// What an error says: zero is that all is well.
    fn error(&self) -> Result<(), Errno> {
        let code = self.rest.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
        if code == 0 { Ok(()) } else { Err(Errno::from_raw_os_error(code.wrapping_neg())) }
    }

    fn body(&self) -> Option<(u8, &'b [u8])> {
        Some((*self.rest.first()?, self.rest.get(4..)?))
    }
}

fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        let rest = bytes.get(16..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some(Message { kind, rest })
    })
}

/// An attribute, padded.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

/// The attributes in some bytes: kind, value, and the whole with its header.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8], &[u8])> {
    /// Two bits beside the kind say how the value is to be read.
    const KIND: u16 = 0x3fff;
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
        let kind = u16::from_ne_bytes(*bytes.get(2..)?.first_chunk()?) & KIND;
        let value = bytes.get(4..length)?;
        let end = aligned(length);
        // The last one may lack its padding.
        let whole = bytes.get(..end).unwrap_or(bytes);
        bytes = bytes.get(end..).unwrap_or_default();
        Some((kind, value, whole))
    })
}

const fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}
