//! `kea-leases4.csv` and `kea-leases6.csv`: what Kea's memfile writes. A later line of an address
//! replaces an earlier one; a lifetime of zero or another state than 0 means that it is gone.

use std::net::IpAddr;

use cordon_model::record::Hint;
use cordon_model::{Mac, Timestamp};

use super::line::{Line, Lines};
use super::{ImportError, Out, csv, dnsmasq, isc, some_text};

/// Where the columns are.
struct Columns(Vec<String>);

pub(super) fn read(lines: &mut Lines<'_>, out: &mut Out<'_>) -> Result<(), ImportError> {
    let columns = match lines.next()? {
        Some(Line::Text(header)) => Columns(csv::fields(&header, ',')),
        _ => Columns(Vec::new()),
    };
    if !columns.0.iter().any(|c| c == "address") || !columns.0.iter().any(|c| c == "expire") {
        return Err(lines.header(
            "the first line does not name `address` and `expire`; is this a lease file of Kea?",
        ));
    }
    loop {
        let line = match lines.next()? {
            None => return Ok(()),
            Some(Line::TooLong) => String::new(),
            Some(Line::Text(line)) => line.into_owned(),
        };
        out.line = lines.number();
        if line.trim().is_empty() {
            continue;
        }
        match columns.lease(&csv::fields(&line, ',')) {
            Ok(Some(hint)) => out.hint(hint),
            Ok(None) => out.left_out(),
            Err(says) => out.bad(says),
        }
    }
}

impl Columns {
    fn get<'f>(&self, fields: &'f [String], column: &str) -> &'f str {
        let at = self.0.iter().position(|name| name == column);
        at.and_then(|at| fields.get(at)).map_or("", |field| field.trim())
    }

    fn lease(&self, fields: &[String]) -> Result<Option<Hint>, String> {
        let get = |column: &str| self.get(fields, column);
        let ip: IpAddr = get("address")
            .parse()
            .map_err(|_| format!("{:?} is not an address; remove the line", get("address")))?;
        let number = |column: &str| get(column).parse::<i64>().ok();
        let lifetime = number("valid_lifetime").unwrap_or(0);
        // Prefixes (type 2) are no addresses of devices.
        if lifetime == 0 || !matches!(get("state"), "" | "0") || get("lease_type") == "2" {
            return Ok(None);
        }
        let mac = get("hwaddr").parse().ok().or_else(|| isc::duid_mac(&dnsmasq::hex(get("duid"))));
        let mac = mac.filter(|mac: &Mac| mac.is_device());
        let begun = number("expire").and_then(|expire| expire.checked_sub(lifetime));
        // Commas of a name are written as `&#x2c`.
        let name = get("hostname").replace("&#x2c", ",");
        Ok(Some(Hint {
            mac,
            ip: Some(ip),
            name: some_text(name.trim_end_matches('.')),
            last: begun.map(Timestamp::from_secs),
            ..Hint::default()
        }))
    }
}
