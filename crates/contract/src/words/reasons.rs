//! Why something is allowed, and how far learning has come, in words.

use std::time::Duration;

use cordon_model::Timestamp;

use crate::document::{Bounds, Day, Learning, MqttAction, Validity, VerbRule, Why};

/// Things of one kind that are named; more are counted.
const NAMED: usize = 4;

impl Why {
    /// In words, to be read behind "because".
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Why::Learned { last, times, days, .. } => {
                let often = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                let on = match days.len() {
                    0 | 1 => String::new(),
                    days => format!(" on {days} days"),
                };
                format!("it was seen {often}{on}, last on {}", date(*last))
            }
            Why::Mud { url, signed, .. } => match signed {
                Some(by) => format!("its maker says so in {url}, signed by {by}"),
                None => format!("{url} says so; nobody's signature was checked"),
            },
            Why::Operator { by, why, at } => {
                let by = by.split_once(':').map_or(by.as_str(), |(_, name)| name);
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                format!("{by} allowed it on {}{why}", date(*at))
            }
            Why::Profile { model, devices } => {
                format!("{devices} other devices of the model {model} do the same")
            }
            Why::Inferred { because } => because.to_string(),
        }
    }
}

impl Learning {
    /// In words: "97 % of what it does is known after 26 hours; nothing new in the last 6 hours".
    #[must_use]
    pub fn says(&self) -> String {
        let watched = self.until.since(self.since);
        if self.kinds == 0 {
            return format!("nothing was seen of it in {}", span(watched));
        }
        // Rounded down, so that what is not everything never reads as everything.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let known = (self.known.clamp(0.0, 1.0) * 100.0).floor() as u32;
        let late = span(watched / 4);
        let new = match self.new {
            0 => format!("nothing new in the last {late}"),
            1 => format!("one thing new in the last {late}"),
            new => format!("{new} things new in the last {late}"),
        };
        let end = if self.done { "; it is ready" } else { "" };
        format!("{known} % of what it does is known after {}; {new}{end}", span(watched))
    }
}

/// What may be said, in words; empty where anything may.
pub(super) fn verbs(rules: &[VerbRule]) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in rules {
        if let VerbRule::Operation { verb, codes, objects, .. } = rule {
            let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
            let codes = match codes.is_empty() {
                true => String::new(),
                false => format!(" (code {})", codes.join(", ")),
            };
            let places: Vec<String> = objects
                .iter()
                .filter(|object| !object.of.is_empty())
                .map(|object| match (object.first, object.last) {
                    (0, u32::MAX) => object.of.to_string(),
                    (first, last) if first == last => format!("{} {first}", object.of),
                    (first, last) => format!("{} {first} to {last}", object.of),
                })
                .collect();
            let places = match places.is_empty() {
                true => String::new(),
                false => format!(": {}", listed(&places)),
            };
            lines.push(format!("{} it{codes}{places}", verb.says()));
        }
    }
    let mut say = |what: &str, list: Vec<String>| {
        if !list.is_empty() {
            lines.push(format!("{what} {}", listed(&list)));
        }
    };
    let texts = |pick: &dyn Fn(&VerbRule) -> Option<String>| -> Vec<String> {
        rules.iter().filter_map(pick).collect()
    };
    say(
        "asks for",
        texts(&|rule| match rule {
            VerbRule::Dns { name } => Some(name.to_string()),
            _ => None,
        }),
    );
    for (action, what) in [(MqttAction::Publish, "tells"), (MqttAction::Subscribe, "hears")] {
        say(
            what,
            texts(&|rule| match rule {
                VerbRule::Mqtt { action: held, topic } if *held == action => {
                    Some(topic.to_string())
                }
                _ => None,
            }),
        );
    }
    say(
        "does",
        texts(&|rule| match rule {
            VerbRule::Http { method, path } | VerbRule::Coap { method, path } => {
                Some(format!("{method} {path}"))
            }
            _ => None,
        }),
    );
    if rules.iter().any(|rule| matches!(rule, VerbRule::Tls { .. })) {
        lines.push("encrypts only as its maker says".to_owned());
    }
    lines
}

/// How much and when, in words.
pub(super) fn limits(bounds: &Bounds, valid: &Validity) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(flows) = bounds.flows_per_minute {
        lines.push(format!("at most {flows} conversations a minute"));
    }
    if let Some(bytes) = bounds.bytes_per_hour {
        lines.push(format!("at most {} an hour", size(bytes)));
    }
    if let Some(packets) = bounds.packets_per_second {
        lines.push(format!("at most {packets} packets a second"));
    }
    if let Some(from) = valid.from {
        lines.push(format!("from {}", date(from)));
    }
    if let Some(until) = valid.until {
        lines.push(format!("until {}", date(until)));
    }
    for window in &valid.windows {
        let days: Vec<&str> = window.days.iter().map(|day| day_name(*day)).collect();
        let days = if days.is_empty() { "every day".to_owned() } else { days.join(", ") };
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        lines.push(format!("{days} {} to {} UTC", clock(window.from), clock(window.to)));
    }
    lines
}

const fn day_name(day: Day) -> &'static str {
    match day {
        Day::Monday => "Monday",
        Day::Tuesday => "Tuesday",
        Day::Wednesday => "Wednesday",
        Day::Thursday => "Thursday",
        Day::Friday => "Friday",
        Day::Saturday => "Saturday",
        Day::Sunday => "Sunday",
    }
}

fn listed(list: &[String]) -> String {
    let named = list.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// `2026-11-22`, in UTC.
pub(super) fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// A time as people say it: its largest unit.
pub(super) fn span(time: Duration) -> String {
    const UNITS: [(u64, &str); 4] =
        [(2 * 86_400, "day"), (2 * 3_600, "hour"), (120, "minute"), (1, "second")];
    let secs = time.as_secs();
    let (unit, name) = match UNITS.iter().find(|(from, _)| secs >= *from) {
        Some((_, "day")) => (86_400, "day"),
        Some((_, "hour")) => (3_600, "hour"),
        Some((_, "minute")) => (60, "minute"),
        _ => (1, "second"),
    };
    let count = secs / unit;
    if count == 1 { format!("one {name}") } else { format!("{count} {name}s") }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
