//! Contracts are proposed, put in force, enforced, and taken back.

use cordon_contract::book::{Adopt, Book, BookError, Did, Proposal, Standing, Step, Versions};
use cordon_contract::envelope::Envelope;
use cordon_contract::learn::{Held, Learned, Suspicion};
use cordon_contract::{Contract, Entry, Learning, Opens, Peer, Ports, Reach, Stage, Why};
use cordon_model::{DeviceId, PacketId, Timestamp};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn id() -> DeviceId {
    DeviceId("mac-001788000001".into())
}

fn seal(contract: &Contract) -> Envelope {
    Envelope::seal(contract, "test", |bytes| bytes.iter().rev().copied().collect()).unwrap()
}

fn entry(port: u16) -> Entry {
    let peer = Peer::Name { name: "cloud.example".into() };
    Entry::new(peer, Opens::Device, "tcp".parse().unwrap(), [Ports::one(port)])
        .because(Why::seen(at(1), PacketId::default()))
}

fn learned(ports: &[u16], held_back: &[u16]) -> Learned {
    let mut contract = Contract::new(id(), "camera-3", at(10));
    for port in ports {
        contract.allow(entry(*port));
    }
    let kinds = u32::try_from(ports.len()).unwrap();
    contract.learning =
        Some(Learning { since: at(0), until: at(10), known: 0.9, kinds, new: 0, done: false });
    let suspicion = Suspicion::FanOut { peers: 40 };
    let held = |port: &u16| Held { entry: entry(*port), suspicion: suspicion.clone() };
    Learned { contract, held: held_back.iter().map(held).collect() }
}

fn everything() -> Vec<(DeviceId, Adopt)> {
    vec![(id(), Adopt { proposed: true, ..Adopt::default() })]
}

fn in_force(book: &Book) -> Vec<u16> {
    let standing = book.standing(&id()).unwrap();
    let entries = standing.contract().map(|contract| contract.entries.clone());
    entries.unwrap_or_default().iter().map(|entry| entry.ports[0].first()).collect()
}

/// A book with a camera whose ports 443 and 8883 are in force, and whose 23 is held back.
fn book() -> Book {
    let mut book = Book::default();
    let update = book.propose(vec![learned(&[443, 8883], &[23])]);
    assert_eq!(update.proposals.len(), 1);
    book.adopt(&everything(), "person:anna", "looks right", at(20), &seal).unwrap();
    book
}

#[test]
fn what_is_proposed_is_put_in_force_and_what_was_held_back_is_not() {
    let book = book();
    assert_eq!(in_force(&book), [443, 8883]);
    let standing = book.standing(&id()).unwrap();
    assert_eq!(standing.stage, Stage::Watch, "nothing is blocked by adopting");
    let contract = standing.contract().unwrap();
    assert_eq!((contract.version, contract.by.as_str()), (1, "person:anna"));
    let news = book.news(&id());
    assert_eq!((news.proposed.len(), news.held.len()), (0, 1));
}

#[test]
fn something_new_is_said_once_and_refused_for_good() {
    let mut book = book();
    assert!(book.propose(vec![learned(&[443, 8883], &[23])]).proposals.is_empty());
    assert_eq!(book.propose(vec![learned(&[443, 8883, 9999], &[23])]).proposals.len(), 1);
    let new: Vec<_> = book.news(&id()).proposed.iter().map(|entry| entry.id()).collect();
    assert_eq!(new, [entry(9999).id()]);
    let refuse = Adopt { remove: new, ..Adopt::default() };
    book.adopt(&[(id(), refuse)], "person:anna", "not ours", at(30), &seal).unwrap();
    assert!(book.news(&id()).proposed.is_empty());
    let again = book.adopt(&everything(), "person:anna", "", at(31), &seal);
    assert!(matches!(again, Err(BookError::Nothing(_))), "{again:?}");
    assert_eq!(in_force(&book), [443, 8883]);
    assert_eq!(book.standing(&id()).unwrap().contract().unwrap().version, 1);
}

#[test]
fn what_was_held_back_is_admitted_by_name_only() {
    let mut book = book();
    let admit = Adopt { admit: vec![entry(23).id()], ..Adopt::default() };
    book.adopt(&[(id(), admit)], "person:anna", "our own console", at(30), &seal).unwrap();
    assert_eq!(in_force(&book), [443, 8883, 23]);
    let stranger = Adopt { admit: vec![entry(1).id()], ..Adopt::default() };
    let refused = book.adopt(&[(id(), stranger)], "person:anna", "", at(31), &seal);
    assert!(matches!(refused, Err(BookError::NoEntry { .. })), "{refused:?}");
}

#[test]
fn a_step_is_taken_back_under_a_new_version() {
    let mut book = book();
    let remove = Adopt { remove: vec![entry(8883).id()], ..Adopt::default() };
    let update = book.adopt(&[(id(), remove)], "person:anna", "", at(30), &seal).unwrap();
    assert_eq!(in_force(&book), [443]);
    let step = update.steps[0].id;
    let update = book.undo(step, "person:berta", at(40), &seal).unwrap();
    assert_eq!(in_force(&book), [443, 8883]);
    let standing = book.standing(&id()).unwrap();
    assert_eq!(standing.contract().unwrap().version, 3, "versions never go back");
    assert!(standing.refused.is_empty(), "what was refused is as it was");
    assert_eq!(update.steps[0].undone.as_ref().unwrap().by, "person:berta");
    assert_eq!(update.steps[1].did, Did::TookBack { step });
    assert_eq!(
        book.undo(step, "person:berta", at(41), &seal).unwrap_err(),
        BookError::Undone(step)
    );
}

#[test]
fn a_step_under_a_later_one_of_the_same_device_is_not_taken_back() {
    let mut book = book();
    let enforce = book.stage(&[id()], Stage::Enforce, "person:anna", "", at(30)).unwrap();
    let first = book.steps().last().unwrap().id;
    let refused = book.undo(first, "person:anna", at(31), &seal).unwrap_err();
    assert_eq!(refused, BookError::Later { later: enforce.steps[0].id, device: id() });
    book.undo(enforce.steps[0].id, "person:anna", at(32), &seal).unwrap();
    assert_eq!(book.standing(&id()).unwrap().stage, Stage::Watch);
    book.undo(first, "person:anna", at(33), &seal).unwrap();
    assert!(book.standing(&id()).unwrap().contract().is_none());
}

#[test]
fn a_device_is_switched_off_without_a_contract_and_no_contract_is_enforced_without_one() {
    let mut book = Book::default();
    let refused = book.stage(&[id()], Stage::Enforce, "person:anna", "", at(1)).unwrap_err();
    assert_eq!(refused, BookError::NoContract(id()));
    book.switch(&[id()], Reach::Off, "person:anna", "scans", at(2)).unwrap();
    let none = book.switched();
    let bound: Vec<_> = book.bound(&none).collect();
    assert_eq!(bound.len(), 1);
    assert_eq!((bound[0].reach, bound[0].stage), (Reach::Off, Stage::Watch));
    assert!(bound[0].contract.entries.is_empty());
}

#[test]
fn nothing_is_lost_over_a_restart() {
    let mut before = book();
    before.stage(&[id()], Stage::Warn, "person:anna", "", at(30)).unwrap();
    let text = |book: &Book| -> (String, String, String) {
        let standings: Vec<&Standing> = book.standings().map(|one| &**one).collect();
        let steps: Vec<&Step> = book.steps().map(|one| &**one).collect();
        let proposals = book.proposals();
        let proposals: Vec<&Proposal> = proposals.iter().map(|one| &**one).collect();
        let json = serde_json::to_string(&standings).unwrap();
        (json, serde_json::to_string(&proposals).unwrap(), serde_json::to_string(&steps).unwrap())
    };
    let (standings, proposals, steps) = text(&before);
    let mut steps: Vec<Step> = serde_json::from_str(&steps).unwrap();
    steps.reverse();
    let mut after = Book::load(
        serde_json::from_str(&standings).unwrap(),
        serde_json::from_str(&proposals).unwrap(),
        steps,
        2,
    );
    assert_eq!(text(&after), text(&before));
    // A run that has seen one thing so far does not forget the other.
    assert!(after.propose(vec![learned(&[443], &[])]).proposals.is_empty());
    assert!(after.news(&id()).unseen.is_empty());
    assert_eq!(after.proposal(&id()).unwrap().contract.entries.len(), 2);
    assert_eq!(after.news(&id()).held.len(), 1);
    let last = after.last_step().unwrap().id;
    after.undo(last, "person:anna", at(50), &seal).unwrap();
    assert_eq!(after.standing(&id()).unwrap().stage, Stage::Watch);
}

#[test]
fn what_a_wider_entry_covers_now_is_not_proposed_beside_it() {
    let mut base = Book::default();
    base.propose(vec![learned(&[443], &[])]);
    let proposals = base.proposals().iter().map(|one| Proposal::clone(one)).collect();
    let mut book = Book::load(Vec::new(), proposals, Vec::new(), 0);
    let mut now = learned(&[], &[]);
    let mut wide = entry(443);
    wide.peer = Peer::Name { name: "*.example".into() };
    now.contract.allow(wide.clone());
    book.propose(vec![now]);
    let entries: Vec<_> =
        book.proposal(&id()).unwrap().contract.entries.iter().map(|entry| entry.id()).collect();
    assert_eq!(entries, [wide.id()]);
}

#[test]
fn a_forgotten_device_is_in_no_step_either() {
    let mut book = book();
    book.forget(&id());
    assert!(book.standing(&id()).is_none() && book.proposal(&id()).is_none());
    assert_eq!(book.steps().count(), 0);
}

#[test]
fn versions_are_read_back_from_the_steps_that_made_them() {
    let mut book = book();
    let remove = Adopt { remove: vec![entry(8883).id()], ..Adopt::default() };
    let update = book.adopt(&[(id(), remove)], "person:berta", "not used", at(30), &seal).unwrap();
    book.stage(&[id()], Stage::Warn, "person:anna", "", at(35)).unwrap();
    let first = book.steps().last().unwrap().id;
    let warn = book.last_step().unwrap().id;
    book.undo(warn, "person:anna", at(36), &seal).unwrap();
    book.undo(update.steps[0].id, "person:carla", at(40), &seal).unwrap();
    let steps: Vec<_> = book.steps().cloned().collect();
    let read = |limit: usize| {
        let steps = steps.iter().take(limit).map(|step| &**step);
        Versions::of(&id(), book.standing(&id()).map(|one| &**one), steps)
    };
    let versions = read(usize::MAX);
    let told: Vec<_> = versions
        .list
        .iter()
        .map(|one| (one.contract.version, one.by(), one.replaced, one.contract.entries.len()))
        .collect();
    assert_eq!(
        told,
        [
            (3, "person:carla", Some(2), 2),
            (2, "person:berta", Some(1), 1),
            (1, "person:anna", Some(0), 2)
        ]
    );
    assert_eq!(versions.get(2).unwrap().step.unwrap().why, "not used");
    assert_eq!((versions.now, versions.before), (3, 0));
    assert_eq!(versions.previous(3), Some(2));
    // Where the oldest steps are not known, nobody says what was before.
    let late = read(1);
    assert_eq!((late.before, late.previous(2)), (2, None));
    book.undo(first, "person:anna", at(50), &seal).unwrap();
    let versions =
        Versions::of(&id(), book.standing(&id()).map(|one| &**one), book.steps().map(|one| &**one));
    assert_eq!((versions.now, versions.list.len()), (0, 3));
    assert_eq!(versions.withdrawn.unwrap().by, "person:anna");
    assert_eq!(versions.previous(0), Some(3));
}
