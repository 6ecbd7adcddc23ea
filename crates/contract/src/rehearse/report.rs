//! What a rehearsal came to.

use std::net::IpAddr;

use cordon_model::{App, Timestamp};

use super::Traffic;
use crate::document::Carrier;
use crate::policy::{MemberNo, Side};

/// What a rehearsal came to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// Conversations that were judged.
    pub flows: u64,
    /// Of them, those that would have been blocked.
    pub blocked: u64,
    /// Of those, the ones whose kind found no room in the list.
    pub unlisted: u64,
    /// The blocked ones by kind, the most frequent first.
    pub lost: Vec<(Kind, Lost)>,
}

/// What makes blocked conversations the same kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind {
    /// Whose contract would have blocked them.
    pub member: MemberNo,
    /// Whether that member opened them or was spoken to.
    pub side: Side,
    /// The other end.
    pub peer: IpAddr,
    /// What carried them.
    pub carrier: Carrier,
    /// Port of the service, or ICMP type.
    pub service: u16,
}

/// Blocked conversations of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost {
    /// How many.
    pub times: u64,
    /// Packets of both directions.
    pub packets: u64,
    /// Bytes of both directions.
    pub bytes: u64,
    /// The first one's first packet.
    pub first: Timestamp,
    /// The last one's last packet.
    pub last: Timestamp,
    /// Of them, those that somebody had answered.
    pub answered: u64,
    /// The application, where one was recognised; of several, the one that stands first in [`App::ALL`].
    pub app: Option<App>,
}

impl Lost {
    /// None yet.
    pub(super) const NONE: Lost = Lost {
        times: 0,
        packets: 0,
        bytes: 0,
        first: Timestamp::from_nanos(i64::MAX),
        last: Timestamp::from_nanos(i64::MIN),
        answered: 0,
        app: None,
    };

    pub(super) fn add(&mut self, traffic: &Traffic) {
        self.times += 1;
        self.packets = self.packets.saturating_add(traffic.packets);
        self.bytes = self.bytes.saturating_add(traffic.bytes);
        self.first = self.first.min(traffic.first);
        self.last = self.last.max(traffic.last);
        self.answered += u64::from(traffic.answered);
        // Of several, one that does not depend on the order in which they are seen.
        self.app = [self.app, traffic.app].into_iter().flatten().min();
    }

    /// What a person would have noticed, for instance "casting, 14 times"; none where nobody ever
    /// answered, or nobody knows what it was for.
    #[must_use]
    pub fn notice(&self, kind: &Kind) -> Option<String> {
        let what = crate::words::missed(self.app, kind.carrier, kind.service)?;
        (self.answered > 0).then(|| match self.times {
            1 => format!("{what}, once"),
            times => format!("{what}, {times} times"),
        })
    }
}
