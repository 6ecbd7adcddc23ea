//! What a file is, by its name and its first bytes.

use super::line::decode;
use super::{Kind, inventory};

/// Bytes that are looked at.
const LOOKED_AT: usize = 8192;

/// What a file is, by its first bytes and its name; none where it is nothing that can be imported.
/// The first few kilobytes are enough.
#[must_use]
pub fn detect(first: &[u8], name: &str) -> Option<Kind> {
    let first = first.get(..LOOKED_AT).unwrap_or(first);
    let text = decode(first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first));
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let opening = lines.next()?;
    if opening.contains('\0') {
        return None;
    }
    if opening.starts_with('{') {
        return json(opening);
    }
    if opening.starts_with("#separator") || text.contains("\n#fields\t") {
        return Some(Kind::Zeek);
    }
    if opening.starts_with("address,hwaddr,") || opening.starts_with("address,duid,") {
        return Some(Kind::Kea);
    }
    let own = |line: &str| {
        line.starts_with("lease ") || line.starts_with("ia-na ") || line.starts_with("server-duid ")
    };
    if opening.starts_with("# The format of this file is documented in the dhcpd.leases")
        || text.lines().any(|line| own(line) && line.ends_with(['{', ';']))
    {
        return Some(Kind::IscDhcpd);
    }
    if is_dnsmasq(opening) {
        return Some(Kind::Dnsmasq);
    }
    if inventory::is_header(opening) {
        return Some(Kind::Inventory);
    }
    // An empty lease file says nothing; its name does.
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    (base == "dnsmasq.leases").then_some(Kind::Dnsmasq)
}

fn json(line: &str) -> Option<Kind> {
    if line.contains("\"event_type\"") && line.contains("\"timestamp\"") {
        return Some(Kind::Eve);
    }
    let zeek = line.contains("\"ts\":")
        && (line.contains("\"uid\"") || line.contains("\"uids\"") || line.contains("\"_path\""));
    zeek.then_some(Kind::Zeek)
}

fn is_dnsmasq(line: &str) -> bool {
    let fields: Vec<&str> = line.split_ascii_whitespace().take(6).collect();
    match fields.as_slice() {
        ["duid", id] => id.contains(':'),
        [expiry, _, address, _, _] => {
            expiry.parse::<u64>().is_ok() && address.parse::<std::net::IpAddr>().is_ok()
        }
        _ => false,
    }
}
