//! One thing that a device may do.

use cordon_model::{App, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Carrier, EntryId, IpVersion, Peer, Ports, VerbRule, Why};

/// Most reasons kept of one entry; the oldest go first.
const MAX_REASONS: usize = 8;

/// Who opens the conversation.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// The device whose contract it is; the service is at the peer.
    Device,
    /// The peer; the service is at the device.
    Peer,
}

/// One thing that a device may do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// With whom.
    pub peer: Peer,
    /// Who opens the conversation.
    pub opens: Opens,
    /// What carries it.
    pub transport: Carrier,
    /// Over which IP only; none for both. A MUD file may know a name over one of them alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpVersion>,
    /// Ports of the service, or ICMP types; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Ports>,
    /// Ports of the one who opens; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_ports: Vec<Ports>,
    /// The application that was recognised, if one was; another one there is a breach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub app: Option<App>,
    /// What may be said; empty for anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<VerbRule>,
    /// How much.
    #[serde(default, skip_serializing_if = "Bounds::is_none")]
    pub bounds: Bounds,
    /// When.
    #[serde(default, skip_serializing_if = "Validity::is_always")]
    pub valid: Validity,
    /// Why it is allowed.
    pub why: Vec<Why>,
}

impl Entry {
    /// An entry without a reason yet.
    #[must_use]
    pub fn new(
        peer: Peer,
        opens: Opens,
        transport: Carrier,
        ports: impl IntoIterator<Item = Ports>,
    ) -> Self {
        let mut ports: Vec<_> = ports.into_iter().collect();
        ports.sort_unstable();
        ports.dedup();
        Entry {
            peer,
            opens,
            transport,
            ip: None,
            ports,
            client_ports: Vec::new(),
            app: None,
            verbs: Vec::new(),
            bounds: Bounds::default(),
            valid: Validity::default(),
            why: Vec::new(),
        }
    }

    /// With a reason.
    #[must_use]
    pub fn because(mut self, why: Why) -> Self {
        self.why.push(why);
        self
    }

    /// Its id: the same wherever the same is allowed, whatever the reasons.
    #[must_use]
    pub fn id(&self) -> EntryId {
        EntryId::of(self)
    }

    /// Whether a service port is allowed.
    #[must_use]
    pub fn has_port(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|ports| ports.contains(port))
    }

    /// Takes over the reasons of an entry that allows the same.
    pub(crate) fn join(&mut self, other: Entry) {
        for why in other.why {
            match self.why.iter_mut().find(|held| held.is_same_kind(&why)) {
                Some(held) => held.join(why),
                None => self.why.push(why),
            }
        }
        let surplus = self.why.len().saturating_sub(MAX_REASONS);
        self.why.drain(..surplus);
    }
}

/// How much a device may do of something; none for unbounded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Bytes an hour, both directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_hour: Option<u64>,
    /// Conversations a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows_per_minute: Option<u32>,
    /// Packets a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets_per_second: Option<u32>,
}

impl Bounds {
    /// Whether nothing is bounded.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Bounds::default()
    }
}

/// When an entry holds.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Validity {
    /// Not before (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Timestamp>,
    /// Not at or after (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// Only in these windows of the week, in UTC; empty for always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
}

impl Validity {
    /// Whether it always holds.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Validity::default()
    }

    /// Whether it holds at `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at < until)
            && (self.windows.is_empty() || self.windows.iter().any(|window| window.holds(at)))
    }
}

/// A day of the week (ISO 8601 order).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Hours of some days of the week, in UTC.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// On which days; empty for every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// From this minute of the day, 0 to 1439.
    #[schemars(range(max = 1439))]
    pub from: u16,
    /// Until before this minute of the day, 1 to 1440; at or before `from`, of the next day.
    #[schemars(range(max = 1440))]
    pub to: u16,
}

impl Window {
    /// Whether it holds at `at`.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        const DAYS: [Day; 7] = [
            // The epoch was a Thursday.
            Day::Thursday,
            Day::Friday,
            Day::Saturday,
            Day::Sunday,
            Day::Monday,
            Day::Tuesday,
            Day::Wednesday,
        ];
        let minutes = at.secs().div_euclid(60);
        let minute = u16::try_from(minutes.rem_euclid(1440)).unwrap_or(0);
        let day = |days: i64| DAYS.get(usize::try_from(days.rem_euclid(7)).unwrap_or(0)).copied();
        let on = |day: Option<Day>| {
            self.days.is_empty() || day.is_some_and(|day| self.days.contains(&day))
        };
        let today = minutes.div_euclid(1440);
        if self.from < self.to {
            return on(day(today)) && (self.from..self.to).contains(&minute);
        }
        (minute >= self.from && on(day(today)))
            || (minute < self.to && on(day(today.saturating_sub(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        serde_json::from_value(serde_json::json!(text)).unwrap()
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_began() {
        let night = Window { days: vec![Day::Friday], from: 22 * 60, to: 6 * 60 };
        assert!(night.holds(at("2026-11-20T23:00:00Z")), "Friday evening");
        assert!(night.holds(at("2026-11-21T05:59:00Z")), "Saturday morning");
        assert!(!night.holds(at("2026-11-21T06:00:00Z")));
        assert!(!night.holds(at("2026-11-20T05:00:00Z")), "Friday morning is Thursday's night");
    }

    #[test]
    fn an_entry_with_an_end_ends() {
        let valid = Validity { until: Some(at("2026-11-20T00:00:00Z")), ..Validity::default() };
        assert!(valid.holds(at("2026-11-19T23:59:59Z")));
        assert!(!valid.holds(at("2026-11-20T00:00:00Z")));
    }
}
