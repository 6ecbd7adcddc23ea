//! Repetition in a site: a device with `count = 40` becomes forty, each text with its own number.
//!
//! In a repeated device, and in a row of activity that several devices share, `{n}` stands for the
//! number of the device, from one. Steps follow it and are done from left to right, a width may
//! close it: `{n+20}`, `{n*3%7+1}`, `{n:03}`, `{n:02x}`. `{n*7919:mac}` are three bytes of a
//! link-layer address, `{random-mac}` is a whole one as phones make them up. A text that begins
//! with `=` becomes a number: `instance = "={n+4000}"`.

use crate::error::SiteError;
use crate::rng::Rng;

/// Devices that one table may stand for; a slip would fill the memory.
const MOST_COPIES: u64 = 5_000;
/// Constant beside the text in the seed of made-up addresses.
const RANDOM_MAC: &str = "{random-mac}";

/// The tables that a device's table stands for: itself, or `count` copies named `name-1` and so on.
pub(crate) fn copies(mut table: toml::Table) -> Result<Vec<toml::Table>, SiteError> {
    let Some(count) = table.remove("count") else { return Ok(vec![table]) };
    let count = count.as_integer().and_then(|count| u64::try_from(count).ok());
    let Some(count) = count.filter(|count| (1..=MOST_COPIES).contains(count)) else {
        return Err(SiteError::new(format!("`count` is a number from 1 to {MOST_COPIES}")));
    };
    let name = table.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    Ok((1..=count)
        .map(|number| {
            let mut copy = table.clone();
            copy.insert("name".to_owned(), format!("{name}-{number}").into());
            fill(&mut copy, number, &name);
            copy
        })
        .collect())
}

/// The devices that a name stands for: itself, or all that begin as it does where it ends in `*`.
pub(crate) fn matching<'n>(
    pattern: &'n str,
    names: &'n [String],
) -> Result<Vec<&'n str>, SiteError> {
    let found: Vec<&str> = match pattern.strip_suffix('*') {
        Some(start) => names.iter().map(String::as_str).filter(|n| n.starts_with(start)).collect(),
        None => names.iter().map(String::as_str).filter(|n| *n == pattern).take(1).collect(),
    };
    match found.is_empty() {
        true => Err(SiteError::new(format!("there is no device {pattern:?}"))),
        false => Ok(found),
    }
}

/// Writes a number into every text of a table.
pub(crate) fn fill(table: &mut toml::Table, number: u64, salt: &str) {
    table.iter_mut().for_each(|(_, value)| fill_value(value, number, salt));
}

fn fill_value(value: &mut toml::Value, number: u64, salt: &str) {
    match value {
        toml::Value::String(text) if text.contains('{') => {
            let filled = fill_text(text, number, salt);
            *value = match filled.strip_prefix('=').and_then(|digits| digits.parse().ok()) {
                Some(integer) => toml::Value::Integer(integer),
                None => toml::Value::String(filled),
            };
        }
        toml::Value::Array(list) => list.iter_mut().for_each(|v| fill_value(v, number, salt)),
        toml::Value::Table(table) => fill(table, number, salt),
        _ => {}
    }
}

fn fill_text(text: &str, number: u64, salt: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, tail) = rest.split_at(at);
        filled.push_str(before);
        let made = tail.split_once('}').and_then(|(inside, after)| {
            if tail.starts_with(RANDOM_MAC) {
                return Some((random_mac(salt, number), after));
            }
            Some((evaluate(inside.strip_prefix("{n")?, number)?, after))
        });
        match made {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = tail.strip_prefix('{').unwrap_or_default();
            }
        }
    }
    filled + rest
}

/// What stands between `{n` and `}`; none where it is no expression, such as in JSON.
fn evaluate(expression: &str, number: u64) -> Option<String> {
    let (mut steps, format) = expression.split_once(':').unwrap_or((expression, ""));
    let mut value = number;
    while let Some(step) = steps.chars().next() {
        steps = steps.strip_prefix(step)?;
        let end = steps.find(|c: char| !c.is_ascii_digit()).unwrap_or(steps.len());
        let (digits, tail) = steps.split_at(end);
        let other: u64 = digits.parse().ok()?;
        value = match step {
            '+' => value.checked_add(other)?,
            '*' => value.checked_mul(other)?,
            '%' => value.checked_rem(other)?,
            '/' => value.checked_div(other)?,
            _ => return None,
        };
        steps = tail;
    }
    Some(match format {
        "" => value.to_string(),
        "mac" => {
            let [.., a, b, c] = value.to_be_bytes();
            format!("{a:02x}:{b:02x}:{c:02x}")
        }
        "hex" => format!("{:06x}", value & 0x00ff_ffff),
        "HEX" => format!("{:06X}", value & 0x00ff_ffff),
        _ => match format.strip_suffix('x') {
            Some(width) => format!("{value:0width$x}", width = width.parse().ok()?),
            None => format!("{value:0width$}", width = format.parse().ok()?),
        },
    })
}

/// A unicast address that nobody gave out (IEEE 802c: bits 2 and 1 of the first byte are 1 and 0).
fn random_mac(salt: &str, number: u64) -> String {
    let seed = salt.bytes().fold(number, |seed, byte| seed.rotate_left(9) ^ u64::from(byte));
    let bytes = Rng::new(seed, number).bytes(6);
    let pair = |(index, byte): (usize, &u8)| match index {
        0 => format!("{:02x}", byte & 0xfc | 0x02),
        _ => format!("{byte:02x}"),
    };
    bytes.iter().enumerate().map(pair).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_a_count_becomes_numbered_tables() {
        let table = "name = \"pump\"\ncount = 2\nip = \"10.0.0.{n+20}\"\n\
            mac = \"00:12:21:{n*7919:mac}\"\n[bacnet]\ninstance = \"={n*10:03}\"\n\
            texts = [[77, \"AHU-{n:03}\"]]";
        let copies = copies(table.parse().unwrap()).unwrap();
        let text = |index: usize, key: &str| copies[index][key].as_str().unwrap().to_owned();
        assert_eq!(text(0, "name"), "pump-1");
        assert_eq!(text(1, "name"), "pump-2");
        assert_eq!(text(1, "ip"), "10.0.0.22");
        assert_eq!(text(1, "mac"), "00:12:21:00:3d:de");
        assert_eq!(copies[1]["bacnet"]["instance"].as_integer(), Some(20));
        assert_eq!(copies[1]["bacnet"]["texts"][0][1].as_str(), Some("AHU-002"));
    }

    #[test]
    fn what_is_no_expression_stays_as_it_is() {
        let same = |text: &str| assert_eq!(fill_text(text, 3, "x"), text);
        same("{\"n\":1,\"hr\":<68-84>}");
        same("{name} {n-1} {n+} {n%0} {n:q} {");
        assert_eq!(fill_text("{n}/{n:02}/{n*100:04x}/{n%2}", 3, "x"), "3/03/012c/1");
    }

    #[test]
    fn a_random_address_is_local_unicast_and_the_same_every_time() {
        let mac = fill_text("{random-mac}", 7, "guest");
        assert_eq!(mac, fill_text("{random-mac}", 7, "guest"));
        assert_ne!(mac, fill_text("{random-mac}", 8, "guest"));
        assert_eq!(u8::from_str_radix(&mac[..2], 16).unwrap() & 3, 2);
    }

    #[test]
    fn a_count_out_of_bounds_is_refused() {
        for count in ["0", "-1", "5001", "\"many\""] {
            let table = format!("name = \"a\"\ncount = {count}").parse().unwrap();
            assert!(copies(table).unwrap_err().to_string().contains("1 to 5000"), "{count}");
        }
    }
}
