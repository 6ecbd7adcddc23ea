//! One kind of conversation: who with whom, over what; and how often it was seen.

use cordon_model::flow::TcpFlags;
use cordon_model::{App, Basis, Flow, PacketId, Party, Text, Timestamp, Transport};

use super::End;
use crate::document::{Carrier, Why};

/// Most answering addresses that are kept of one name.
const MAX_SERVERS: usize = 8;

/// Who opened a conversation as a firewall sees it: the sender of the first packet.
pub(crate) struct Opening {
    pub from: Party,
    pub to: Party,
    pub carrier: Carrier,
    /// Port at the one who was spoken to; 0 where there is none.
    pub service: u16,
    /// Port of the one who opened.
    pub client: u16,
    /// Whether the one who offers the service spoke first, to a port that was picked at random.
    pub swapped: bool,
}

impl Opening {
    /// Whether somebody answered. A refusal is no answer.
    pub fn answered(flow: &Flow) -> bool {
        let refused = flow.transport == Transport::Tcp
            && flow.received.payload == 0
            && flow.received_flags.has(TcpFlags::RST)
            && !flow.received_flags.has(TcpFlags::SYN);
        // Whoever sends data over TCP was answered, though a mirror may show one direction only.
        let heard_half = flow.transport == Transport::Tcp && flow.sent.payload > 0;
        (!flow.is_one_way() || heard_half) && !refused
    }

    /// Of a flow. The flow's client is who asked for the service. Where only its server was heard,
    /// the server spoke first to the firewall: an answer to a multicast question, for instance.
    /// Not over TCP, where nobody speaks who was not called: its caller is out of sight.
    pub fn of(flow: &Flow) -> Self {
        let heard = flow.sent.packets > 0 || flow.received.packets == 0;
        let swapped = !heard && flow.transport != Transport::Tcp;
        let (from, to) =
            if swapped { (flow.server, flow.client) } else { (flow.client, flow.server) };
        let carrier = Carrier::from(flow.transport);
        let port = |party: &Party| match carrier {
            Carrier::Tcp | Carrier::Udp => party.port.unwrap_or(0),
            _ => 0,
        };
        // The service port of ICMP holds its type, whichever end is the service.
        let icmp = matches!(flow.transport, Transport::Icmp | Transport::Icmpv6);
        let service = if icmp { flow.server.port.unwrap_or(0) } else { port(&to) };
        Opening { from, to, carrier, service, client: port(&from), swapped }
    }
}

/// The other end of an act.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Other {
    End(End),
    /// The client was told this name for the address.
    Name(Text),
}

/// What makes two conversations the same kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ActKey {
    /// Who opened.
    pub client: End,
    pub other: Other,
    pub carrier: Carrier,
    pub service: Service,
}

/// The port that was spoken to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Service {
    /// This one.
    Port(u16),
    /// One that the other side had picked at random.
    Picked,
}

/// How often a kind of conversation was seen, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Act {
    pub why: Option<Why>,
    /// Conversations.
    pub times: u64,
    /// Of them, with an answer.
    pub answered: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub packet: PacketId,
    /// Seen in payload; the first one.
    pub app: Option<App>,
    /// Whether another application was seen in payload too.
    pub mixed: bool,
    /// Lowest and highest port of the opener.
    pub client_ports: Option<(u16, u16)>,
    /// Who answered for the name.
    pub servers: Vec<End>,
    /// Most conversations in one minute, and the minute that is being counted.
    pub rush: u32,
    minute: (i64, u32),
    /// Packets, both directions.
    pub packets: u64,
}

impl Act {
    /// Counts a conversation in.
    pub fn see(&mut self, flow: &Flow, opening: &Opening, server: End, answered: bool) {
        if self.times == 0 {
            self.first = flow.first;
            self.packet = flow.packet;
        }
        self.first = self.first.min(flow.first);
        self.last = self.last.max(flow.last);
        if flow.part == 0 {
            self.times += 1;
            let minute = flow.first.secs().div_euclid(60);
            self.minute =
                if self.minute.0 == minute { (minute, self.minute.1 + 1) } else { (minute, 1) };
            self.rush = self.rush.max(self.minute.1);
        }
        self.answered += u64::from(answered);
        self.packets += flow.packets();
        let seen = Why::seen(flow.first, flow.packet);
        match &mut self.why {
            Some(why) => why.join(seen),
            None => self.why = Some(seen),
        }
        if let (Some(app), Some(Basis::Payload)) = (flow.app, flow.basis) {
            match self.app {
                None => self.app = Some(app),
                Some(held) => self.mixed |= held != app,
            }
        }
        let (low, high) = self.client_ports.unwrap_or((opening.client, opening.client));
        self.client_ports = Some((low.min(opening.client), high.max(opening.client)));
        if self.servers.len() < MAX_SERVERS && !self.servers.contains(&server) {
            self.servers.push(server);
        }
    }
}
