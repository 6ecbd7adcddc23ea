//! Numbers, times and names of the vocabulary as people write them.

use cordon_model::app::Class;
use cordon_model::{App, DeviceType, FindingKind, Severity};

/// Where the coverage has no notes.
pub(crate) const NO_NOTES: &str =
    "Nothing stands out. A capture shows only what passed by, and only while it ran.";

/// Where plant protocols were spoken and changed nothing.
pub(crate) const ONLY_READ: &str = "Nobody in this capture. Plant protocols were only read.";

/// `12,403`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 device`, `12 devices`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `1.2 MB`; decimal multiples.
#[must_use]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1000 {
        return format!("{number} bytes");
    }
    let mut value = number as f64;
    let mut unit = "bytes";
    for larger in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `2026-11-02 07:00 UTC` from RFC 3339; text of another form stays as it is.
#[must_use]
pub fn time(rfc3339: &str) -> String {
    match rfc3339.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// `2026-11-02 07:00 to 09:10 UTC (2 h 10 min)`.
pub(crate) fn period(first: &str, last: &str) -> String {
    let (Ok(from), Ok(to)) = (first.parse::<jiff::Timestamp>(), last.parse::<jiff::Timestamp>())
    else {
        return format!("{} to {}", time(first), time(last));
    };
    let long = duration(to.duration_since(from).as_millis());
    let same_day = from.strftime("%Y-%m-%d").to_string() == to.strftime("%Y-%m-%d").to_string();
    let end = if same_day { to.strftime("%H:%M UTC") } else { to.strftime("%Y-%m-%d %H:%M UTC") };
    format!("{} to {end} ({long})", from.strftime("%Y-%m-%d %H:%M"))
}

fn duration(millis: i128) -> String {
    let seconds = u64::try_from((millis + 500) / 1000).unwrap_or(0);
    if seconds < 60 {
        return format!("{seconds} s");
    }
    let minutes = (seconds + 30) / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => counted(days, "day", "days"),
        _ => format!("{} {hours} h", counted(days, "day", "days")),
    }
}

/// The text with a capital first letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// `a`, `a and b`, `a, b and c`; `a, b and 7 more` where there are more than `most`.
#[must_use]
pub fn list<S: AsRef<str>>(items: &[S], most: usize) -> String {
    let shown = if items.len() > most { most.max(1) } else { items.len() };
    let mut names: Vec<String> =
        items.iter().take(shown).map(|item| item.as_ref().to_owned()).collect();
    if items.len() > shown {
        names.push(format!("{} more", items.len() - shown));
    }
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

/// The heading over the first actions.
pub(crate) fn first_heading(actions: usize) -> String {
    match actions {
        0 => "What to do first".to_owned(),
        1 => "Do this first".to_owned(),
        2 => "Do these two first".to_owned(),
        3 => "Do these three first".to_owned(),
        4 => "Do these four first".to_owned(),
        _ => "Do these five first".to_owned(),
    }
}

/// How sure an identification is, as the answer to "Sure?".
#[must_use]
pub fn sure(confidence: f32) -> &'static str {
    match confidence {
        c if c >= 0.9 => "sure",
        c if c >= 0.6 => "likely",
        c if c > 0.0 => "guess",
        _ => "no",
    }
}

/// `97 %`.
#[must_use]
pub fn percent(share: f32) -> String {
    format!("{:.0} %", (share * 100.0).clamp(0.0, 100.0))
}

/// The severity of that name; a name from a later version counts as information.
#[must_use]
pub fn severity(name: &str) -> Severity {
    Severity::ALL.into_iter().find(|severity| severity.name() == name).unwrap_or(Severity::Info)
}

/// `Video recorder` for `video-recorder`.
pub(crate) fn device_type(name: &str) -> String {
    let known = DeviceType::ALL.iter().find(|kind| kind.name() == name);
    sentence(known.map_or(name, |kind| kind.title()))
}

/// `Router` for `router`, whose title is `router or gateway`: for narrow places.
pub(crate) fn short_type(title: &str) -> &str {
    title.split_once(" or ").map_or(title, |(short, _)| short)
}

/// `Factory password in use` for `default-credential`.
pub(crate) fn finding_kind(name: &str) -> Option<String> {
    let known = FindingKind::ALL.iter().find(|kind| kind.name() == name);
    known.map(|kind| sentence(kind.title()))
}

/// Why findings of that kind matter.
pub(crate) fn finding_why(name: &str) -> Option<&'static str> {
    FindingKind::ALL.iter().find(|kind| kind.name() == name).map(|kind| kind.why())
}

/// `Modbus/TCP` for `modbus`, `HTTP (guessed from the port)` for `port:http`.
pub(crate) fn app(name: &str) -> String {
    match name.strip_prefix("port:") {
        Some(guess) => format!("{} (guessed from the port)", app_title(guess)),
        None => app_title(name),
    }
}

fn app_title(name: &str) -> String {
    let known = App::ALL.iter().find(|app| app.name() == name);
    known.map_or(name, |app| app.title()).to_owned()
}

/// Whether the protocol, seen in payload, controls plants or buildings.
pub(crate) fn is_plant(name: &str) -> bool {
    App::ALL.iter().any(|app| app.name() == name && app.class() == Class::Ot)
}

/// The text in pieces, and whether each is code: what stands between backticks (CommonMark,
/// section 6.1). One without its partner is itself.
pub fn coded(text: &str) -> impl Iterator<Item = (bool, &str)> {
    // A pair of marks adds two pieces: with an even number of pieces the last mark stands alone.
    let pieces = text.matches('`').count() + 1;
    let alone = pieces.is_multiple_of(2).then(|| pieces - 1);
    text.split('`').enumerate().flat_map(move |(at, piece)| {
        let mark = (alone == Some(at)).then_some((false, "`"));
        mark.into_iter().chain([(at % 2 == 1 && alone != Some(at), piece)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_separators_and_units() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1234), "1.2 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(48_000_000_000), "48 GB");
        assert_eq!(bytes(u64::MAX), "18447 PB");
    }

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(time("2026-11-02T07:00:31.5Z"), "2026-11-02 07:00 UTC");
        assert_eq!(time("yesterday"), "yesterday");
        let morning = "2026-11-02T07:00:00Z";
        assert_eq!(
            period(morning, "2026-11-02T09:10:00Z"),
            "2026-11-02 07:00 to 09:10 UTC (2 h 10 min)"
        );
        assert_eq!(
            period(morning, "2026-11-05T08:00:00Z"),
            "2026-11-02 07:00 to 2026-11-05 08:00 UTC (3 days 1 h)"
        );
        assert!(period(morning, "2026-11-02T07:00:07Z").ends_with("(7 s)"));
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        let told = |text: &'static str| {
            coded(text).filter(|(_, piece)| !piece.is_empty()).collect::<Vec<_>>()
        };
        assert_eq!(
            told("send `a` to `/x`"),
            [(false, "send "), (true, "a"), (false, " to "), (true, "/x")]
        );
        assert_eq!(told("plain"), [(false, "plain")]);
        assert_eq!(told("one ` alone"), [(false, "one "), (false, "`"), (false, " alone")]);
        assert_eq!(told("`a` and `"), [(true, "a"), (false, " and "), (false, "`")]);
    }

    #[test]
    fn a_list_names_what_fits_and_counts_the_rest() {
        assert_eq!(list(&["a"], 3), "a");
        assert_eq!(list(&["a", "b", "c"], 3), "a, b and c");
        assert_eq!(list(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(list::<&str>(&[], 2), "");
    }

    #[test]
    fn a_guess_is_called_a_guess() {
        assert_eq!(app("modbus"), "Modbus/TCP");
        assert_eq!(app("port:http"), "HTTP (guessed from the port)");
        assert!(is_plant("modbus") && !is_plant("port:modbus") && !is_plant("http"));
    }
}
