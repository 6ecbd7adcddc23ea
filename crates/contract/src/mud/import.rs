//! A contract from a MUD file.

use std::collections::HashMap;

use cordon_model::{DeviceId, Text, Timestamp};
use cordon_mud::{Forwarding, MudFile, Place};

use super::half::{Half, Way, half};
use super::pair::{Opener, alone, common, covers, openers, tells};
use super::warning::{ImportProblem, ImportWarning};
use crate::document::{
    Carrier, Contract, Entry, EntryId, Expected, IpVersion, MAX_ENTRIES, Opens, Peer, VerbRule, Why,
};

/// Most pairs of entries that are looked at as conversations: what fits into a contract, by the
/// pairs of a file that repeats itself. A hostile file would have a million.
const MAX_CONVERSATIONS: usize = 4 * MAX_ENTRIES;
/// Most entries of the file that are kept as reasons of one entry.
const MAX_REASONS: usize = 8;

/// Makes a contract of a MUD file, and says what is odd, and what was refused.
///
/// `signed` is who signed the file, where a signature was checked and holds. Entries that
/// [`cordon_mud::parse`] did not understand are left out; it has said so already.
#[must_use]
pub fn import(
    file: &MudFile,
    signed: Option<&str>,
    device: DeviceId,
    name: &str,
    at: Timestamp,
) -> (Contract, Vec<ImportWarning>) {
    let mut work = Work { file, signed: signed.map(Text::from), ..Work::new(file) };
    work.about_the_file();
    let from = work.halves(&file.from_device, Way::From);
    let to = work.halves(&file.to_device, Way::To);
    work.pair(&from, &to);
    let mut contract = Contract::new(device, name, at);
    contract.by = format!("mud:{}", file.url).into();
    contract.expected = Expected { mud_url: Some(file.url.clone()), ..Expected::default() };
    contract.entries = work.entries();
    (contract, work.warnings)
}

struct Work<'a> {
    file: &'a MudFile,
    signed: Option<Text>,
    warnings: Vec<ImportWarning>,
    found: Vec<Found>,
    by_id: HashMap<EntryId, usize>,
    pairs: usize,
}

/// An entry, and over which IP it was found.
struct Found {
    entry: Entry,
    v4: bool,
    v6: bool,
}

impl<'a> Work<'a> {
    fn new(file: &'a MudFile) -> Self {
        Work {
            file,
            signed: None,
            warnings: Vec::new(),
            found: Vec::new(),
            by_id: HashMap::new(),
            pairs: 0,
        }
    }

    fn about_the_file(&mut self) {
        if self.signed.is_none() {
            let problem = match &self.file.signature {
                Some(url) => ImportProblem::SignatureUnchecked(url.clone()),
                None => ImportProblem::Unsigned,
            };
            self.warn(Place::default(), problem);
        }
        if !self.file.is_supported {
            self.warn(Place::default(), ImportProblem::Unsupported);
        }
    }

    /// The entries of the lists of a policy.
    fn halves(&mut self, lists: &[Text], way: Way) -> Vec<Half> {
        let file = self.file;
        let mut halves: Vec<Half> = Vec::new();
        for acl in lists.iter().filter_map(|name| file.acl(name)) {
            let mut denied = false;
            for ace in &acl.aces {
                let place = Place { acl: Some(acl.name.clone()), ace: Some(ace.name.clone()) };
                if ace.forwarding != Forwarding::Accept {
                    denied = true;
                } else if denied {
                    self.warn(place, ImportProblem::BehindDenial);
                } else if ace.understood {
                    let half = half(acl, ace, way, &mut |what| self.warn(place.clone(), what));
                    match half {
                        Ok(half) => {
                            if half.peer == Peer::Anyone && half.carrier == Carrier::Ip {
                                self.warn(place, ImportProblem::Everything);
                            }
                            halves.push(half);
                        }
                        Err(problem) => self.warn(place, problem),
                    }
                }
            }
        }
        halves
    }

    fn pair(&mut self, from: &[Half], to: &[Half]) {
        let mut answered = vec![false; to.len()];
        for sent in from {
            let (mut asked, mut against) = (false, false);
            if self.pairs > MAX_CONVERSATIONS {
                return;
            }
            for (received, answered) in to.iter().zip(&mut answered) {
                let Some(common) = common(sent, received) else { continue };
                if alone(sent) || alone(received) {
                    continue;
                }
                let Some(found) = openers(sent, received, &common) else {
                    against = true;
                    continue;
                };
                (asked, *answered) = (asked || !found.is_empty(), *answered || !found.is_empty());
                let whys = [self.why(sent), self.why(received)];
                for opener in found {
                    self.add(
                        entry(&common.peer, common.carrier, opener, &common.tls),
                        common.ip,
                        &whys,
                    );
                }
            }
            if !asked {
                self.unanswered(sent, against);
            }
        }
        for (received, answered) in to.iter().zip(answered) {
            if !answered {
                self.unanswered(received, false);
            }
        }
    }

    /// What one direction alone allows.
    fn unanswered(&mut self, half: &Half, against: bool) {
        let place = Place { acl: Some(half.from.0.clone()), ace: Some(half.from.1.clone()) };
        // Any IP is TCP too.
        let tcp = half.carrier == Carrier::Tcp || (half.carrier == Carrier::Ip && !alone(half));
        if tcp || half.initiated.is_some() {
            let problem =
                if against { ImportProblem::AgainstItself } else { ImportProblem::NoAnswer };
            return self.warn(place, problem);
        }
        if !alone(half) && !tells(half) {
            self.warn(place, ImportProblem::AnswersPass);
        }
        let icmp = matches!(half.carrier, Carrier::Icmp | Carrier::Icmpv6);
        let opener = match half.way {
            _ if icmp => (opens(half.way), half.types.clone(), half.here.clone()),
            Way::From => (Opens::Device, half.there.clone(), half.here.clone()),
            Way::To => (Opens::Peer, half.here.clone(), half.there.clone()),
        };
        let whys = [self.why(half)];
        self.add(entry(&half.peer, half.carrier, opener, &half.tls), half.ip, &whys);
    }

    fn why(&self, half: &Half) -> Why {
        Why::Mud {
            url: self.file.url.clone(),
            acl: half.from.0.clone(),
            ace: half.from.1.clone(),
            signed: self.signed.clone(),
        }
    }

    fn add(&mut self, entry: Entry, ip: Option<IpVersion>, whys: &[Why]) {
        self.pairs += 1;
        if self.pairs > MAX_CONVERSATIONS || self.found.len() >= MAX_ENTRIES {
            return self.warn(Place::default(), ImportProblem::TooMany);
        }
        let next = self.found.len();
        let no = *self.by_id.entry(entry.id()).or_insert(next);
        if no == next {
            self.found.push(Found { entry, v4: false, v6: false });
        }
        let Some(found) = self.found.get_mut(no) else { return };
        found.v4 |= ip != Some(IpVersion::V6);
        found.v6 |= ip != Some(IpVersion::V4);
        for why in whys {
            if found.entry.why.len() < MAX_REASONS && !found.entry.why.contains(why) {
                found.entry.why.push(why.clone());
            }
        }
    }

    /// The entries without those that others cover.
    fn entries(&mut self) -> Vec<Entry> {
        let whole = std::mem::take(&mut self.found).into_iter().map(|found| {
            let mut entry = found.entry;
            entry.ip = match (found.v4, found.v6) {
                (true, false) => Some(IpVersion::V4),
                (false, true) => Some(IpVersion::V6),
                _ => None,
            };
            entry
        });
        let entries: Vec<Entry> = whole.collect();
        // Only entries about one peer and one opener can cover each other, and those about anyone.
        let mut alike: HashMap<(&Peer, Opens), Vec<usize>> = HashMap::new();
        for (no, entry) in entries.iter().enumerate() {
            alike.entry((&entry.peer, entry.opens)).or_default().push(no);
        }
        let kept = |no: usize, entry: &Entry| {
            let about = |peer| alike.get(&(peer, entry.opens)).into_iter().flatten();
            let mut others = about(&entry.peer).chain(about(&Peer::Anyone));
            !others.any(|other| {
                entries.get(*other).is_some_and(|held| {
                    // Of two that cover each other the first stays.
                    *other != no && covers(held, entry) && (*other < no || !covers(entry, held))
                })
            })
        };
        let keep: Vec<bool> =
            entries.iter().enumerate().map(|(no, entry)| kept(no, entry)).collect();
        entries.into_iter().zip(keep).filter_map(|(entry, keep)| keep.then_some(entry)).collect()
    }

    fn warn(&mut self, place: Place, problem: ImportProblem) {
        let warning = ImportWarning { place, problem };
        if !self.warnings.contains(&warning) && self.warnings.len() < MAX_ENTRIES {
            self.warnings.push(warning);
        }
    }
}

const fn opens(way: Way) -> Opens {
    match way {
        Way::From => Opens::Device,
        Way::To => Opens::Peer,
    }
}

fn entry(peer: &Peer, carrier: Carrier, opener: Opener, tls: &[VerbRule]) -> Entry {
    let (opens, service, client) = opener;
    let mut entry = Entry::new(peer.clone(), opens, carrier, service.into_entry());
    entry.client_ports = client.into_entry();
    entry.verbs = tls.to_vec();
    entry
}
