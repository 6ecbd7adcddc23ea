//! Numbers, times and texts from the network as people read them.

use jiff::Timestamp;
use maud::{Markup, html};

/// The same text on one line, with everything that acts instead of being read spelled out.
pub(crate) use cordon_report::plain::plain;
pub(crate) use cordon_report::words::{count, counted};

/// Characters of a name in a list; the device's own page has all of it.
pub(crate) const NAME_MOST: usize = 60;

/// [`plain`], cut to `most` characters with an ellipsis.
pub(crate) fn clip(text: &str, most: usize) -> String {
    // a spelled-out character can take ten, so there is no need to clean more than this
    let short: String = text.chars().take(most.saturating_add(1)).collect();
    let cleaned = plain(&short);
    if cleaned.chars().count() <= most {
        return cleaned.into_owned();
    }
    let mut out: String = cleaned.chars().take(most.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// A text from the network, kept from turning the direction of what stands beside it.
pub(crate) fn foreign(text: &str) -> Markup {
    html! { bdi { (plain(text)) } }
}

/// The same in short, for lists.
pub(crate) fn short(text: &str) -> Markup {
    html! { bdi { (clip(text, NAME_MOST)) } }
}

/// What cordon itself says, with what is code in it.
pub(crate) fn told(text: &str) -> Markup {
    html! {
        bdi {
            @for (code, piece) in cordon_report::words::coded(text) {
                @if code { code { (plain(piece)) } } @else { (plain(piece)) }
            }
        }
    }
}

/// A sentence as it stands alone: a capital letter, and an end.
pub(crate) fn full(text: &str) -> String {
    let mut out = sentence(text);
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}

/// What people call a browser, from what it calls itself; none where it is no usual one.
pub(crate) fn browser(agent: &str) -> Option<String> {
    // The most particular first: nearly all claim to be Mozilla, and most to be Safari.
    const NAMES: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("CrOS", "ChromeOS"),
        ("Windows", "Windows"),
        ("Macintosh", "macOS"),
        ("Linux", "Linux"),
    ];
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let name = first(&NAMES).filter(|_| agent.starts_with("Mozilla/5.0 ("))?;
    Some(match first(&SYSTEMS) {
        Some(system) => format!("{name} on {system}"),
        None => name.to_owned(),
    })
}

/// `1.2 MB`; decimal multiples.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64;
    let mut unit = "B";
    for larger in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// The text with a capital first letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// An application's name for people: `port:` in front marks a guess.
pub(crate) fn app(name: &str) -> String {
    let (guess, name) = match name.strip_prefix("port:") {
        Some(rest) => (true, rest),
        None => (false, name),
    };
    let known = cordon_model::App::ALL.iter().find(|app| app.name() == name);
    let title = known.map_or(name, |app| app.title());
    if guess { format!("{title}?") } else { title.to_owned() }
}

/// How sure an identification is.
pub(crate) fn sure(confidence: f32) -> &'static str {
    match confidence {
        c if c >= 0.9 => "sure",
        c if c >= 0.6 => "likely",
        c if c > 0.0 => "a guess",
        _ => "unknown",
    }
}

/// Percent-encoded so that it is one segment of a path or one value of a query (RFC 3986).
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The moment that times are told from.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Option<Timestamp>);

impl Clock {
    /// From RFC 3339; unreadable text makes all times absolute.
    pub(crate) fn at(rfc3339: &str) -> Self {
        Clock(rfc3339.parse().ok())
    }

    /// The clock of this machine, for sign-ins, tokens and records.
    pub(crate) fn wall() -> Self {
        #[allow(
            clippy::disallowed_methods,
            reason = "how long ago somebody signed in is told by this machine's clock"
        )]
        let now = std::time::SystemTime::now();
        Clock(Timestamp::try_from(now).ok())
    }

    /// `5 min ago`, with the whole time behind it.
    pub(crate) fn ago(self, rfc3339: &str) -> Markup {
        let Ok(time) = rfc3339.parse::<Timestamp>() else {
            return html! { (plain(rfc3339)) };
        };
        let whole = absolute(time);
        let told = match self.0 {
            Some(now) => relative(now.as_second() - time.as_second()),
            None => whole.clone(),
        };
        html! { time datetime=(time.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(whole) { (told) } }
    }

    /// As [`Clock::ago`]; a dash where there is none.
    pub(crate) fn maybe(self, rfc3339: Option<&str>) -> Markup {
        match rfc3339 {
            Some(time) => self.ago(time),
            None => html! { span.soft { "never" } },
        }
    }

    /// The whole time, for timelines where seconds matter.
    pub(crate) fn whole(self, rfc3339: &str) -> Markup {
        let Ok(time) = rfc3339.parse::<Timestamp>() else {
            return html! { (plain(rfc3339)) };
        };
        let told = self.0.map_or_else(
            || absolute(time),
            |now| {
                let same =
                    now.strftime("%Y-%m-%d").to_string() == time.strftime("%Y-%m-%d").to_string();
                let form = if same { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
                time.strftime(form).to_string()
            },
        );
        html! { time.num datetime=(time.strftime("%Y-%m-%dT%H:%M:%SZ")) title=(absolute(time)) { (told) } }
    }
}

fn absolute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn relative(seconds: i64) -> String {
    let past = seconds >= 0;
    let seconds = seconds.unsigned_abs();
    let long = match seconds {
        0..=9 if past => return "just now".to_owned(),
        0..=59 => format!("{seconds} s"),
        60..=5399 => format!("{} min", (seconds + 30) / 60),
        5400..=129_599 => format!("{} h", (seconds + 1800) / 3600),
        129_600..=5_183_999 => counted((seconds + 43_200) / 86_400, "day", "days"),
        _ => counted(seconds / 2_592_000, "month", "months"),
    };
    if past { format!("{long} ago") } else { format!("in {long}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_turn_the_line_or_hide_in_it() {
        assert_eq!(plain("cam\u{202e}gpj\x1b[2J\n"), "cam\\u{202e}gpj\\x1b[2J ");
        assert_eq!(plain("غرفة カメラ"), "غرفة カメラ");
        assert_eq!(plain(&format!("a{}", "\u{301}".repeat(50))), "a\u{301}\u{301}");
    }

    #[test]
    fn a_long_name_is_cut_with_a_sign_of_it() {
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
    }

    #[test]
    fn a_browser_is_called_what_people_call_it() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome).as_deref(), Some("Chrome on Linux"));
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(phone).as_deref(), Some("Safari on iPhone"));
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0";
        assert_eq!(browser(edge).as_deref(), Some("Edge on Windows"));
        assert_eq!(browser("curl/8.0"), None);
        assert_eq!(browser("not Firefox/1 on Linux"), None);
    }

    #[test]
    fn a_problem_ends_like_a_sentence() {
        assert_eq!(full("no page here"), "No page here.");
        assert_eq!(full("Sign in."), "Sign in.");
    }

    #[test]
    fn times_are_told_from_the_clock_given() {
        let clock = Clock::at("2026-11-02T12:00:00Z");
        assert!(clock.ago("2026-11-02T11:55:00Z").0.contains(">5 min ago<"));
        assert!(clock.ago("2026-11-05T12:00:00Z").0.contains(">in 3 days<"));
        assert!(clock.ago("2026-11-02T12:00:00Z").0.contains(">just now<"));
        assert_eq!(clock.ago("<b>").0, "&lt;b&gt;");
    }

    #[test]
    fn a_path_segment_cannot_leave_its_place() {
        assert_eq!(encode("../a?b#c/é@x"), "..%2Fa%3Fb%23c%2F%C3%A9%40x");
    }
}
