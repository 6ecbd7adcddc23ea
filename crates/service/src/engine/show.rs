//! Values as surfaces show them.

use cordon_model::Timestamp;

/// RFC 3339 in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// The same within a sentence: `2026-11-23 10:07:11 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    let text: String = time(at).chars().take(19).collect();
    format!("{} UTC", text.replace('T', " "))
}

/// Reads RFC 3339 with any offset.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let parsed: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(parsed.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

/// Hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An id for a row that is kept by the hash of a secret: enough of it to find the row, and too
/// little to be of any use.
pub(super) fn id_of(hash: &[u8; 32]) -> String {
    hex(hash.get(..8).unwrap_or_default())
}

/// How many items a page may have.
pub(super) fn limit(wanted: Option<u32>) -> Result<usize, crate::Problem> {
    match wanted {
        None => Ok(100),
        Some(wanted @ 1..=500) => Ok(wanted as usize),
        Some(_) => Err(crate::Problem::invalid("limit is 1 to 500")),
    }
}

/// A list's cursor that is simply a number.
pub(super) fn number(cursor: Option<&str>) -> Result<Option<u64>, crate::Problem> {
    cursor.map(|text| text.parse().map_err(|_| bad_cursor())).transpose()
}

/// A cursor that no page gave out.
pub(super) fn bad_cursor() -> crate::Problem {
    crate::Problem::invalid("this cursor is from no page; begin without one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_whatever_their_offset() {
        let at = Timestamp::from_secs(1_795_305_600);
        assert_eq!(parse_time(&time(at)), Some(at));
        assert_eq!(
            parse_time("2026-11-22T01:00:00+01:00"),
            Some(Timestamp::from_secs(1_795_305_600))
        );
        assert_eq!(parse_time("yesterday"), None);
    }
}
