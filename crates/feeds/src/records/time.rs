//! Times as other tools write them.

use cordon_model::Timestamp;

/// Seconds since the epoch with a fraction, as Zeek, Kea and dnsmasq write them.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (seconds, nanos): (i64, i64) = (whole.parse().ok()?, nanos(fraction)?);
    let negative = whole.starts_with('-');
    let nanos = if negative { -nanos } else { nanos };
    Some(Timestamp::from_nanos(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?))
}

/// `2026-11-22T10:00:00.123456+0100`, with `Z`, an offset, or neither for UTC.
pub(super) fn iso(text: &str) -> Option<Timestamp> {
    let (date, clock) = text.split_once(['T', ' '])?;
    let zone = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(zone)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let offset = match zone.chars().next() {
        None | Some('Z' | 'z') => 0,
        Some(sign) => {
            let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
            let (hours, minutes) = digits.split_at_checked(2)?;
            let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes * 60;
            if sign == '-' { -seconds } else { seconds }
        }
    };
    let seconds = civil(date, '-', clock)?.checked_sub(offset)?;
    Some(Timestamp::from_nanos(seconds.checked_mul(1_000_000_000)?.checked_add(nanos(fraction)?)?))
}

/// `2026/11/22 10:00:00` in UTC, as ISC dhcpd writes it behind the day of the week.
pub(super) fn slashed(date: &str, clock: &str) -> Option<Timestamp> {
    civil(date, '/', clock).map(Timestamp::from_secs)
}

/// Seconds since the epoch of a date and a time of day in UTC.
fn civil(date: &str, between: char, clock: &str) -> Option<i64> {
    let mut numbers = date.split(between).map(|n| n.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let mut numbers = clock.split(':').map(|n| n.parse::<i64>().ok());
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next().flatten());
    let second = second.unwrap_or(0);
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (1900..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    // Days since the epoch in years that begin in March, so that a leap day is the last of its year.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn nanos(fraction: &str) -> Option<i64> {
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_spelling() {
        let says = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let same = Some("2021-06-06T13:59:46.457984Z".to_owned());
        assert_eq!(says(iso("2021-06-06T15:59:46.457984+0200")), same);
        assert_eq!(says(iso("2021-06-06T15:59:46.457984+02:00")), same);
        assert_eq!(says(iso("2021-06-06T13:59:46.457984Z")), same);
        assert_eq!(says(epoch("1622987986.457984")), same);
        let leap = slashed("2024/02/29", "23:59:59");
        assert_eq!(says(leap), Some("2024-02-29T23:59:59Z".to_owned()));
        assert_eq!(slashed("1970/01/01", "00:00:00"), Some(Timestamp::from_secs(0)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "x", "2021-13-06T00:00:00Z", "2021-06-06", "2021-06-06T25:00:00Z", "T"] {
            assert_eq!(iso(text), None, "{text}");
        }
        for text in ["", "-", "1.x", "99999999999999999999", "never"] {
            assert_eq!(epoch(text), None, "{text}");
        }
    }
}
