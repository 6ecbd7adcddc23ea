//! What a capture cannot show, in plain words, so that silence is not taken for health.

use cordon_model::{App, Fact, Flow, Said, Timestamp};
use cordon_sensor::Coverage;

/// Signs gathered on the way that the sensor's counts do not hold.
#[derive(Default)]
pub(crate) struct Signs {
    dhcp: bool,
    addresses_bound: bool,
    encrypted_bytes: u64,
    flow_bytes: u64,
    times: Option<(Timestamp, Timestamp)>,
}

impl Signs {
    pub fn fact(&mut self, fact: &Fact) {
        match fact.said {
            Said::Dhcp(_) | Said::Dhcpv6(_) => self.dhcp = true,
            Said::Arp(_) | Said::Neighbour(_) => self.addresses_bound = true,
            _ => {}
        }
    }

    pub fn flow(&mut self, flow: &Flow) {
        self.flow_bytes += flow.bytes();
        if matches!(flow.app, Some(App::Tls | App::Quic | App::Ssh)) {
            self.encrypted_bytes += flow.bytes();
        }
        let (first, last) = self.times.unwrap_or((flow.first, flow.last));
        self.times = Some((first.min(flow.first), last.max(flow.last)));
    }

    /// The notes, the most limiting first.
    pub fn notes(&self, coverage: &Coverage, left_out: u64) -> Vec<String> {
        let mut notes = Vec::new();
        if coverage.packets == 0 {
            notes.push("There is no packet in it, so nothing at all can be said.".to_owned());
            return notes;
        }
        self.vantage(coverage, &mut notes);
        self.contents(coverage, &mut notes);
        card(coverage, &mut notes);
        bounds(coverage, left_out, &mut notes);
        notes
    }

    fn vantage(&self, coverage: &Coverage, notes: &mut Vec<String>) {
        let addressed = coverage.unicast + coverage.group;
        if addressed > 50 && coverage.unicast * 2 < addressed {
            notes.push(format!(
                "{} of {addressed} frames are broadcast or multicast: this port does not see what devices say to \
                 each other. Capture on a mirror (SPAN) port of the switch or on the router.",
                coverage.group
            ));
        }
        if coverage.conversations >= 10 && coverage.one_way * 5 > coverage.conversations {
            notes.push(format!(
                "{} of {} conversations show one direction only: the other way does not pass here, or the mirror \
                 port copies only one direction. Mirror both (rx and tx).",
                coverage.one_way, coverage.conversations
            ));
        }
        if !self.dhcp {
            notes.push(
                "No DHCP was seen: host names and device kinds that leases give away are missing. Capture for a day, \
                 or add the leases of the DHCP server."
                    .to_owned(),
            );
        }
        if !self.addresses_bound && addressed > 0 {
            notes.push(
                "No ARP or neighbour discovery was seen: which address belongs to which device behind a router \
                 cannot be told."
                    .to_owned(),
            );
        }
        if let Some((first, last)) = self.times
            && last.since(first).as_secs() < 300
        {
            notes.push(format!(
                "It covers {}: devices that speak seldom do not show. An hour shows most, a day nearly all.",
                seconds(last.since(first).as_secs())
            ));
        }
    }

    fn contents(&self, coverage: &Coverage, notes: &mut Vec<String>) {
        if coverage.truncated > 0 {
            notes.push(format!(
                "{} packets were cut when captured: contents behind the cut are missing. Capture with snap length 0 \
                 (tcpdump -s 0).",
                coverage.truncated
            ));
        }
        if coverage.wlan_protected > 0 {
            notes.push(format!(
                "{} encrypted Wi-Fi frames: who speaks can be seen, what is said cannot.",
                coverage.wlan_protected
            ));
        }
        if self.flow_bytes > 0 && self.encrypted_bytes * 2 > self.flow_bytes {
            notes.push(format!(
                "{} % of the bytes are encrypted: what is inside cannot be judged.",
                self.encrypted_bytes * 100 / self.flow_bytes
            ));
        }
    }
}

fn card(coverage: &Coverage, notes: &mut Vec<String>) {
    if coverage.checksums >= 10 && coverage.wrong_checksums * 10 > coverage.checksums {
        notes.push(format!(
            "{} of {} checksums tried are wrong: captured on the sending machine before its network card filled them \
             in (checksum offload), or made by hand. They are not counted as damage.",
            coverage.wrong_checksums, coverage.checksums
        ));
    }
    if coverage.merged > 0 {
        notes.push(format!(
            "{} frames are longer than Ethernet sends: the capturing card joined them (GRO, LRO, TSO), so packet \
             counts are too low. Switch it off with ethtool -K.",
            coverage.merged
        ));
    }
}

fn bounds(coverage: &Coverage, left_out: u64, notes: &mut Vec<String>) {
    if coverage.incomplete_fragments > 0 {
        notes.push(format!(
            "{} fragmented datagrams lack pieces and were not read.",
            coverage.incomplete_fragments
        ));
    }
    if coverage.pushed_out > 0 {
        notes.push(format!(
            "{} flows were closed early because more were open than cordon holds at a time.",
            coverage.pushed_out
        ));
    }
    if left_out > 0 {
        notes.push(format!(
            "{left_out} addresses were left out of the inventory because it is full."
        ));
    }
}

fn seconds(count: u64) -> String {
    match count {
        0 => "less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..120 => format!("{count} seconds"),
        _ => format!("{} minutes", count / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_sees_only_broadcasts_says_so() {
        let coverage = Coverage { packets: 100, unicast: 5, group: 95, ..Coverage::default() };
        let notes = Signs::default().notes(&coverage, 0);
        assert!(notes.iter().any(|note| note.contains("mirror (SPAN) port")), "{notes:?}");
    }

    #[test]
    fn a_complete_capture_has_little_to_apologise_for() {
        let coverage = Coverage { packets: 100, unicast: 95, group: 5, ..Coverage::default() };
        let signs = Signs { dhcp: true, addresses_bound: true, ..Signs::default() };
        assert_eq!(signs.notes(&coverage, 0), Vec::<String>::new());
    }
}
