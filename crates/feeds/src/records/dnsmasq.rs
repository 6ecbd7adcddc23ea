//! `dnsmasq.leases`: expiry, link-layer address or IAID, address, name, client identifier.
//!
//! IPv6 leases follow a line `duid …`; their second field is the IAID, and the link-layer address
//! is inside the client's DUID where it has one.

use std::net::IpAddr;

use cordon_model::Mac;
use cordon_model::record::Hint;

use super::line::{Line, Lines};
use super::{ImportError, Out, isc, some_text};

pub(super) fn read(lines: &mut Lines<'_>, out: &mut Out<'_>) -> Result<(), ImportError> {
    loop {
        let read = match lines.next()? {
            None => return Ok(()),
            Some(Line::TooLong) => Err("the line is too long for a lease; remove it".to_owned()),
            Some(Line::Text(line)) => lease(&line),
        };
        out.line = lines.number();
        match read {
            Ok(Some(hint)) => out.hint(hint),
            Ok(None) => {}
            Err(says) => out.bad(says),
        }
    }
}

fn lease(line: &str) -> Result<Option<Hint>, String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().take(6).collect();
    let (hardware, address, name, id) = match fields.as_slice() {
        [] | ["duid", ..] => return Ok(None),
        [expiry, hardware, address, name, rest @ ..] if expiry.parse::<u64>().is_ok() => {
            (*hardware, *address, *name, rest.first().copied().unwrap_or("*"))
        }
        _ => {
            return Err("expected expiry, hardware address, address, name and client identifier; \
                 is this a dnsmasq lease file?"
                .to_owned());
        }
    };
    let ip: IpAddr = address.parse().map_err(|_| format!("{address:?} is not an address"))?;
    let mac = match ip {
        // A hardware type other than Ethernet stands before the address, as in `06-…`.
        IpAddr::V4(_) => hardware.parse().ok(),
        IpAddr::V6(_) => isc::duid_mac(&hex(id)),
    };
    let mac = mac.filter(|mac: &Mac| mac.is_device());
    Ok(Some(Hint { mac, ip: Some(ip), name: some_text(name), ..Hint::default() }))
}

/// Bytes written in hexadecimal with colons; none where it is something else.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let bytes = text.split(':').map(|pair| u8::from_str_radix(pair, 16));
    bytes.collect::<Result<_, _>>().unwrap_or_default()
}
