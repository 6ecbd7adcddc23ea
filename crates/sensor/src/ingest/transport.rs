//! TCP and UDP: the flow, its ends, its payload.

use cordon_model::flow::{Ends, TcpFlags};
use cordon_model::{Said, Transport};
use cordon_wire::ip::Ip;
use cordon_wire::{Datagram, Out, Side, transport};

use super::{Here, MAX_TUNNELS, Sensor, Sink};
use crate::flow::{Content, Entry};
use crate::key::{Direction, Key};
use crate::streams::{Interest, Streams};
use crate::{checksum, roles};

impl Sensor {
    pub(super) fn tcp(
        &mut self,
        here: &Here,
        ip: &Ip<'_>,
        tcp: &transport::Tcp<'_>,
        sink: &mut impl Sink,
    ) {
        let (key, direction) = Key::of(
            (ip.from, tcp.from),
            (ip.to, tcp.to),
            Transport::Tcp,
            here.link.vlan,
            here.tunnelled > 0,
        );
        let (syn, ack) = (tcp.flags.has(TcpFlags::SYN), tcp.flags.has(TcpFlags::ACK));
        let found = self.table.find(&key);
        let slot = match found {
            Some(slot) if syn && !ack && self.is_reused(slot, tcp.seq) => {
                if let Some(old) = self.table.remove(slot) {
                    self.end(&old, sink);
                }
                self.open(here, key, Transport::Tcp, sink)
            }
            Some(slot) => slot,
            None => self.open(here, key, Transport::Tcp, sink),
        };
        let Some(entry) = self.table.get(slot) else { return };
        if found.is_none() || syn {
            settle_ends(entry, direction, syn, ack, (tcp.from, tcp.to));
            if syn && !ack {
                entry.syn = Some(tcp.seq);
            }
        }
        entry.count(&here.step(direction, tcp.payload.len(), tcp.flags));
        let side = entry.side(direction);
        if syn {
            if let Content::Fresh = entry.content {
                entry.content = Content::Streams(Box::default());
            }
            if let Content::Streams(streams) = &mut entry.content {
                streams.begin(side, tcp.seq.wrapping_add(1));
            }
            self.said.push(Said::Syn(tcp.fingerprint(ip.ttl)));
        }
        if !tcp.payload.is_empty() {
            if entry.part == 0 && entry.data_packets() == 1 && here.whole && !ip.cut {
                let right = checksum::transport_is_right(ip.from, ip.to, ip.protocol, ip.payload);
                self.coverage.checksums += 1;
                self.coverage.wrong_checksums += u64::from(!right);
            }
            let seq = if syn { tcp.seq.wrapping_add(1) } else { tcp.seq };
            segment(
                entry,
                side,
                seq,
                tcp.payload,
                (tcp.from, tcp.to),
                Out::new(&self.key, &mut self.said),
            );
        }
        if tcp.flags.0 & (TcpFlags::FIN | TcpFlags::RST) != 0 {
            close(entry, side, tcp, Out::new(&self.key, &mut self.said));
        }
        if !self.said.is_empty() {
            let ends = ((ip.from, tcp.from), (ip.to, tcp.to));
            self.tell_flow(here, slot, direction, ends, sink);
        }
    }

    pub(super) fn udp(
        &mut self,
        here: &Here,
        ip: &Ip<'_>,
        udp: &transport::Udp<'_>,
        sink: &mut impl Sink,
    ) {
        let (key, direction) = Key::of(
            (ip.from, udp.from),
            (ip.to, udp.to),
            Transport::Udp,
            here.link.vlan,
            here.tunnelled > 0,
        );
        let found = self.table.find(&key);
        let slot = found.unwrap_or_else(|| self.open(here, key, Transport::Udp, sink));
        let multicast = roles::is_group(ip.to);
        let Some(entry) = self.table.get(slot) else { return };
        if found.is_none() {
            if multicast {
                (entry.client, entry.ends) = (direction, Ends::Roles);
            } else {
                settle_ends(entry, direction, false, false, (udp.from, udp.to));
            }
        }
        entry.count(&here.step(direction, udp.payload.len(), TcpFlags::default()));
        if udp.payload.is_empty() {
            return;
        }
        if entry.part == 0 && entry.data_packets() == 1 && here.whole && !ip.cut && !udp.cut {
            let right = checksum::transport_is_right(ip.from, ip.to, ip.protocol, ip.payload);
            self.coverage.checksums += 1;
            self.coverage.wrong_checksums += u64::from(!right);
        }
        let side = entry.side(direction);
        if let Content::Datagrams(datagrams) = &mut entry.content {
            let datagram = Datagram {
                side,
                from_port: udp.from,
                to_port: udp.to,
                multicast,
                payload: udp.payload,
            };
            let fine =
                datagrams.take(&datagram, &mut entry.app, &mut Out::new(&self.key, &mut self.said));
            self.coverage.odd_messages += u64::from(!fine);
        }
        if !self.said.is_empty() {
            let ends = ((ip.from, udp.from), (ip.to, udp.to));
            self.tell_flow(here, slot, direction, ends, sink);
        }
        if udp.to == transport::VXLAN_PORT
            && here.tunnelled < MAX_TUNNELS
            && let Some(inner) = transport::vxlan(udp.payload)
        {
            self.tunnel(here, inner, sink);
        }
    }

    /// Whether a SYN on an existing flow begins another connection.
    fn is_reused(&mut self, slot: u32, seq: u32) -> bool {
        self.table.get(slot).is_some_and(|entry| {
            entry.syn != Some(seq)
                && (entry.closing()
                    || entry.syn.is_some()
                    || entry.part > 0
                    || entry.data_packets() > 0)
        })
    }
}

/// Decides which end is the client, from the handshake if there is one.
fn settle_ends(
    entry: &mut Entry,
    direction: Direction,
    syn: bool,
    ack: bool,
    (from, to): (u16, u16),
) {
    let (side, ends) = match (syn, ack) {
        (true, false) => (Side::Client, Ends::Syn),
        (true, true) => (Side::Server, Ends::Syn),
        _ => (roles::of_first_sender(entry.transport, from, to), Ends::Ports),
    };
    entry.ends = ends;
    let client = if side == Side::Client { direction } else { direction.other() };
    if client != entry.client {
        entry.flip();
        if let Content::Streams(streams) = &mut entry.content {
            streams.flip();
        }
    }
}

fn segment(
    entry: &mut Entry,
    side: Side,
    seq: u32,
    data: &[u8],
    ports: (u16, u16),
    mut out: Out<'_>,
) {
    if let Content::Fresh = entry.content {
        entry.content = Content::Streams(Box::<Streams>::default());
    }
    if let Content::Streams(streams) = &mut entry.content
        && streams.segment(side, seq, data, ports, &mut entry.app, &mut out) == Interest::Over
    {
        entry.content = Content::Closed;
    }
}

/// A FIN ends what its sender says, a RST what both say.
fn close(entry: &mut Entry, side: Side, tcp: &transport::Tcp<'_>, mut out: Out<'_>) {
    let Content::Streams(streams) = &mut entry.content else { return };
    let ports = (tcp.from, tcp.to);
    let both = tcp.flags.has(TcpFlags::RST).then(|| side.other());
    for side in [Some(side), both].into_iter().flatten() {
        if streams.close(side, ports, &mut entry.app, &mut out) == Interest::Over {
            entry.content = Content::Closed;
            return;
        }
    }
}
