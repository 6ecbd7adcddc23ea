//! What several messages of one conversation tell together: whether a password was refused, a
//! stream was given to anybody, a broker asked for no login, FTP turned to TLS.
//!
//! Messages are put in packet order before they are judged, so that it does not matter in which
//! order they came.

use std::collections::BTreeMap;

use cordon_model::{Fact, FindingKind, FlowId, Scheme};

use crate::credentials::{Attempt, Verdict, default_password};
use crate::ends::{Ends, at};
use crate::ledger::{About, Key, Ledger, Moment};

/// Conversations held open at once; the oldest is judged when another comes. About 8 MB when full.
const MOST_OPEN: usize = 8 * 1024;

/// Messages kept of one conversation: logins stand at its beginning.
const MOST_EVENTS: usize = 32;

/// A message that counts.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// A password was sent.
    Tried(Attempt),
    /// MQTT CONNECT without user name.
    Anonymous,
    /// RTSP DESCRIBE or PLAY without authorisation.
    RtspAsks,
    /// Any other RTSP request.
    RtspOther,
    /// FTP without TLS so far.
    Ftp,
    /// FTP turns to TLS.
    FtpTls,
    /// The service said yes.
    Accepted,
    /// The service said no.
    Refused,
    /// RTSP answer, good or not.
    RtspAnswers(bool),
}

impl Event {
    /// Requests before answers where one packet carries both.
    const fn rank(&self) -> u8 {
        match self {
            Event::Tried(Attempt { factory: Some(_), .. }) => 0,
            Event::Tried(_) => 1,
            Event::Anonymous => 2,
            Event::RtspAsks => 3,
            Event::RtspOther => 4,
            Event::Ftp => 5,
            Event::FtpTls => 6,
            Event::Accepted => 7,
            Event::Refused => 8,
            Event::RtspAnswers(true) => 9,
            Event::RtspAnswers(false) => 10,
        }
    }
}

/// One conversation.
#[derive(Clone)]
struct Exchange {
    ends: Ends,
    vlan: Option<u16>,
    events: Vec<(Moment, Event)>,
}

/// The conversations that are not judged yet.
#[derive(Clone, Default)]
pub(crate) struct Exchanges {
    open: BTreeMap<FlowId, Exchange>,
}

impl Exchanges {
    /// Adds a message.
    pub(crate) fn add(&mut self, ledger: &mut Ledger, fact: &Fact, ends: Ends, event: Event) {
        let new = || Exchange { ends, vlan: fact.vlan, events: Vec::new() };
        let Some(flow) = fact.flow else {
            let mut alone = new();
            alone.events.push((Moment::of(fact), event));
            alone.judge(ledger);
            return;
        };
        if !self.open.contains_key(&flow)
            && self.open.len() >= MOST_OPEN
            && let Some((_, oldest)) = self.open.pop_first()
        {
            oldest.judge(ledger);
        }
        self.open.entry(flow).or_insert_with(new).add(Moment::of(fact), event);
    }

    /// Judges a conversation that has ended.
    pub(crate) fn end(&mut self, ledger: &mut Ledger, flow: FlowId) {
        if let Some(exchange) = self.open.remove(&flow) {
            exchange.judge(ledger);
        }
    }

    /// Judges all that are open.
    pub(crate) fn end_all(self, ledger: &mut Ledger) {
        for exchange in self.open.into_values() {
            exchange.judge(ledger);
        }
    }
}

impl Exchange {
    fn add(&mut self, packet: Moment, event: Event) {
        let place = (packet, event.rank());
        let at = self.events.partition_point(|(packet, event)| (*packet, event.rank()) <= place);
        if at < MOST_EVENTS {
            self.events.insert(at, (packet, event));
            self.events.truncate(MOST_EVENTS);
        }
    }

    fn judge(self, ledger: &mut Ledger) {
        self.judge_logins(ledger);
        self.judge_ftp(ledger);
        self.judge_rtsp(ledger);
    }

    fn judge_logins(&self, ledger: &mut Ledger) {
        let Exchange { ends, vlan, events } = self;
        let mut pending: Vec<(Moment, Attempt)> = Vec::new();
        let mut anonymous = None;
        for (packet, event) in events {
            match event {
                Event::Tried(attempt) => pending.push((*packet, *attempt)),
                Event::Anonymous => anonymous = Some(*packet),
                Event::Accepted => {
                    if let Some((packet, attempt)) = pending.pop() {
                        let yes = Verdict::Accepted;
                        default_password(ledger, ends, *vlan, packet, attempt, yes);
                    }
                    if let Some(asked) = anonymous.take() {
                        open_mqtt(ledger, ends, *vlan, asked);
                    }
                }
                Event::Refused => {
                    pending.pop();
                    anonymous = None;
                }
                _ => {}
            }
        }
        for (packet, attempt) in pending {
            let verdict = match attempt.scheme {
                Scheme::HttpBasic | Scheme::HttpForm | Scheme::RtspBasic => Verdict::NotRefused,
                _ => Verdict::Unseen,
            };
            default_password(ledger, ends, *vlan, packet, attempt, verdict);
        }
    }

    fn judge_ftp(&self, ledger: &mut Ledger) {
        let tls = self.events.iter().any(|(_, event)| matches!(event, Event::FtpTls));
        let first = self.events.iter().find(|(_, event)| matches!(event, Event::Ftp));
        if let (Some((packet, _)), false) = (first, tls) {
            note(ledger, FindingKind::FtpService, &self.ends, self.vlan, *packet, || {
                format!(
                    "FTP without TLS between {} and {}",
                    at(&self.ends.client),
                    at(&self.ends.server)
                )
            });
        }
    }

    fn judge_rtsp(&self, ledger: &mut Ledger) {
        let mut asked = std::collections::VecDeque::new();
        for (packet, event) in &self.events {
            match event {
                Event::RtspAsks => asked.push_back(Some(*packet)),
                Event::RtspOther => asked.push_back(None),
                Event::RtspAnswers(good) => {
                    if let (Some(Some(request)), true) = (asked.pop_front(), *good) {
                        let kind = FindingKind::OpenRtsp;
                        note(ledger, kind, &self.ends, self.vlan, request, || {
                            let Ends { server, client } = &self.ends;
                            format!(
                                "{} asked {} for the stream without a login and got it",
                                at(client),
                                at(server)
                            )
                        });
                    }
                }
                _ => {}
            }
        }
    }
}

fn open_mqtt(ledger: &mut Ledger, ends: &Ends, vlan: Option<u16>, packet: Moment) {
    note(ledger, FindingKind::OpenMqtt, ends, vlan, packet, || {
        format!(
            "MQTT CONNECT without user name from {} accepted by {}",
            at(&ends.client),
            at(&ends.server)
        )
    });
}

fn note(
    ledger: &mut Ledger,
    kind: FindingKind,
    ends: &Ends,
    vlan: Option<u16>,
    packet: Moment,
    detail: impl FnOnce() -> String,
) {
    let key = Key::service(kind, ends, vlan, ());
    ledger.note(key, packet, || About::kind(kind), detail);
}
