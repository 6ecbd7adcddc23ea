//! Where a device says that its maker describes it, as people read it (RFC 8520).

use cordon_contract::{Contract, Why};
use cordon_model::MudUrl;
use cordon_model::record::Record;
use cordon_mud::{same_url, url_faults};

use crate::engine::show::time;
use crate::view::MudUrlView;

/// What a device says and said, newest first. `contract` is what is in force for it.
pub(in crate::engine) fn mud_urls(record: &Record, contract: Option<&Contract>) -> Vec<MudUrlView> {
    let said = &record.seen.mud;
    said.iter()
        .enumerate()
        .map(|(place, one)| {
            // Of each source the newest counts.
            let newer = said.iter().take(place).any(|other| other.source == one.source);
            MudUrlView {
                url: one.url.to_string(),
                source: one.source.title().to_owned(),
                packet: one.packet.number,
                first: time(one.first),
                last: time(one.last),
                now: !newer,
                says: says(one, newer),
                faults: url_faults(&one.url).iter().map(ToString::to_string).collect(),
                imported: contract.is_some_and(|contract| is_from(contract, &one.url)),
            }
        })
        .collect()
}

/// The URLs that a device says now.
pub(in crate::engine) fn mud_now(record: &Record) -> impl Iterator<Item = &MudUrl> {
    let said = &record.seen.mud;
    said.iter().enumerate().filter_map(|(place, one)| {
        let newer = said.iter().take(place).any(|other| other.source == one.source);
        (!newer).then_some(one)
    })
}

fn says(one: &MudUrl, newer: bool) -> String {
    let verb = if newer { "named" } else { "names" };
    let source = one.source.title();
    let packet = one.packet.number;
    format!("this device {verb} a MUD file: {} (from {source}, packet {packet})", one.url)
}

/// Whether anything in a contract is from the file of this URL.
fn is_from(contract: &Contract, url: &str) -> bool {
    contract
        .entries
        .iter()
        .flat_map(|entry| &entry.why)
        .any(|why| matches!(why, Why::Mud { url: from, .. } if same_url(from, url)))
}
