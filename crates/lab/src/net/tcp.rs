//! One TCP connection: handshake, data with acknowledgements, close.

use std::time::Duration;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::{Ip, Stack};
use crate::stage::{Path, Stage};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Client,
    Server,
}

impl End {
    const fn other(self) -> End {
        match self {
            End::Client => End::Server,
            End::Server => End::Client,
        }
    }
}

/// What one end of a connection knows.
#[derive(Clone, Copy, Debug)]
struct Half {
    port: u16,
    /// Sequence number of the next byte.
    next: u32,
    /// Whether the other end waits for an acknowledgement of this end.
    owes: bool,
    /// Added to the time for the timestamp option.
    clock: u32,
}

/// An open connection; whoever holds it speaks for both ends.
pub(crate) struct Tcp<'a, 's> {
    stage: &'a mut Stage<'s>,
    path: Path,
    client: Half,
    server: Half,
    mss: u16,
    timestamps: bool,
    last: End,
}

impl<'a, 's> Tcp<'a, 's> {
    /// Opens a connection from `from` to `port` of `to`, with the ARP and DNS that go before it.
    pub(crate) fn open(
        stage: &'a mut Stage<'s>,
        from: &str,
        to: &str,
        port: u16,
    ) -> Result<Self, SiteError> {
        let path = stage.path(from, to)?;
        Self::over(stage, path, port)
    }

    /// Opens a connection over a path that is known already.
    pub(crate) fn over(stage: &'a mut Stage<'s>, path: Path, port: u16) -> Result<Self, SiteError> {
        let mut half =
            |port| Half { port, next: stage.rng.u32(), owes: false, clock: stage.rng.u32() >> 4 };
        let (client, server) = (half(0), half(port));
        let client = Half { port: stage.next_port(path.client.host), ..client };
        let (asks, answers) = (stage.stack(path.client.host)?, stage.stack(path.server.host)?);
        let mss = if path.client.ip.is_ipv6() { 1440 } else { 1460 };
        let timestamps = asks.timestamps() && answers.timestamps();
        let mut tcp = Tcp { stage, path, client, server, mss, timestamps, last: End::Client };
        tcp.handshake(asks, answers);
        Ok(tcp)
    }

    fn handshake(&mut self, asks: &Stack, answers: &Stack) {
        let (client_clock, server_clock) = (self.clock(End::Client), self.clock(End::Server));
        let options = asks.syn_options(None, self.mss, client_clock, 0);
        self.segment(End::Client, SYN, &options, &[]);
        self.client.next = self.client.next.wrapping_add(1);
        let options = answers.syn_options(Some(asks), self.mss, server_clock, client_clock);
        self.segment(End::Server, SYN | ACK, &options, &[]);
        self.server.next = self.server.next.wrapping_add(1);
        self.ack(End::Client);
    }

    pub(crate) fn stage(&mut self) -> &mut Stage<'s> {
        self.stage
    }

    pub(crate) fn client(&mut self, data: impl AsRef<[u8]>) {
        self.send(End::Client, data.as_ref());
    }

    pub(crate) fn server(&mut self, data: impl AsRef<[u8]>) {
        self.send(End::Server, data.as_ref());
    }

    /// Sends data in segments; the other end acknowledges every second one.
    pub(crate) fn send(&mut self, end: End, data: &[u8]) {
        let room = usize::from(self.mss) - if self.timestamps { 12 } else { 0 };
        let count = data.len().div_ceil(room);
        for (index, piece) in data.chunks(room).enumerate() {
            let flags = if index + 1 == count { PSH | ACK } else { ACK };
            self.data(end, flags, piece);
            if index % 2 == 1 {
                self.ack(end.other());
            }
        }
    }

    fn data(&mut self, end: End, flags: u8, piece: &[u8]) {
        let options = self.plain_options(end);
        self.segment(end, flags, &options, piece);
        let length = u32::try_from(piece.len()).unwrap_or(0);
        let half = self.half_mut(end);
        half.next = half.next.wrapping_add(length);
        self.half_mut(end.other()).owes = true;
    }

    /// Lets time pass; what is not acknowledged yet is first.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.settle();
        self.stage.wait(time);
    }

    fn settle(&mut self) {
        for end in [End::Client, End::Server] {
            if self.half(end).owes {
                self.ack(end);
            }
        }
    }

    /// The client closes, then the server.
    pub(crate) fn close(mut self) {
        self.settle();
        for end in [End::Client, End::Server] {
            let options = self.plain_options(end);
            self.segment(end, FIN | ACK, &options, &[]);
            let half = self.half_mut(end);
            half.next = half.next.wrapping_add(1);
        }
        self.ack(End::Client);
    }

    /// The server breaks the connection off, as a device that restarts does.
    pub(crate) fn reset(mut self) {
        self.settle();
        self.segment(End::Server, RST | ACK, &[], &[]);
    }

    fn ack(&mut self, end: End) {
        let options = self.plain_options(end);
        self.segment(end, ACK, &options, &[]);
    }

    fn plain_options(&self, end: End) -> Vec<u8> {
        if !self.timestamps {
            return Vec::new();
        }
        let (mine, theirs) = (self.clock(end), self.clock(end.other()));
        Bytes::new().put([1, 1, 8, 10]).u32(mine).u32(theirs).done()
    }

    fn clock(&self, end: End) -> u32 {
        let millis = self.stage.elapsed().as_millis();
        self.half(end).clock.wrapping_add(u32::try_from(millis).unwrap_or(0))
    }

    const fn half(&self, end: End) -> &Half {
        match end {
            End::Client => &self.client,
            End::Server => &self.server,
        }
    }

    const fn half_mut(&mut self, end: End) -> &mut Half {
        match end {
            End::Client => &mut self.client,
            End::Server => &mut self.server,
        }
    }

    fn segment(&mut self, end: End, flags: u8, options: &[u8], data: &[u8]) {
        if self.last != end {
            self.stage.wait(self.path.delay);
            self.last = end;
        }
        self.half_mut(end).owes = false;
        let (mine, theirs) = (*self.half(end), *self.half(end.other()));
        let acknowledged = if flags & ACK == 0 { 0 } else { theirs.next };
        let link = self.path.end(end);
        let words = u8::try_from(5 + options.len() / 4).unwrap_or(15);
        let mut segment = Bytes::new()
            .u16(mine.port)
            .u16(theirs.port)
            .u32(mine.next)
            .u32(acknowledged)
            .u8(words << 4)
            .u8(flags)
            .u16(if flags & RST == 0 { self.stage.window(link.host) } else { 0 })
            .u32(0)
            .put(options)
            .put(data)
            .done();
        let ip = Ip {
            from: link.ip,
            to: self.path.end(end.other()).ip,
            ttl: link.ttl,
            protocol: 6,
            id: self.stage.next_id(link.host),
            alert: false,
        };
        ip.sum(&mut segment, 16);
        self.stage.ip(&self.path, end, &ip, &segment);
    }
}
