//! What was begun in a browser ends there, once, and soon; links work once.

use std::net::IpAddr;
use std::time::Duration;

use cordon_model::record::{Invite, Role};
use cordon_people::{
    Ceremonies, Ceremony, Name, OneTimeCodes, Passkeys, PendingPassword, Refusal, Secret, Source,
    invite,
};
use std::collections::HashMap;

use crate::passwords::code_at;
use crate::{NOW, after};

const ORIGIN: &str = "https://cordon.example";

fn sign_in() -> Ceremony {
    let passkeys = Passkeys::new("plant", &[ORIGIN.to_owned()]).unwrap();
    Ceremony::SignIn(Box::new(passkeys.begin_sign_in(ORIGIN).unwrap().1))
}

fn password(codes: OneTimeCodes) -> Ceremony {
    let name = Name::parse("Anna").unwrap();
    let pending = PendingPassword { name, invite: [0; 32], hash: String::new(), codes };
    Ceremony::Password(Box::new(pending))
}

fn browser() -> String {
    Secret::fresh().unwrap().reveal()
}

fn source(address: &str) -> Source {
    address.parse::<IpAddr>().unwrap().into()
}

fn reason<T: std::fmt::Debug>(result: Result<T, cordon_people::SignInError>) -> Refusal {
    result.unwrap_err().reason()
}

#[test]
fn a_ceremony_ends_once() {
    let (mut table, id) = (Ceremonies::new(), browser());
    table.begin(&id, source("10.0.0.1"), sign_in(), NOW).unwrap();
    assert!(table.take_sign_in(&id, after(1)).is_ok());
    assert_eq!(reason(table.take_sign_in(&id, after(1))), Refusal::NoCeremony);
    assert!(table.is_empty());
}

#[test]
fn a_ceremony_of_another_browser_is_refused() {
    let (mut table, id) = (Ceremonies::new(), browser());
    table.begin(&id, source("10.0.0.1"), sign_in(), NOW).unwrap();
    assert_eq!(reason(table.take_sign_in(&browser(), after(1))), Refusal::NoCeremony);
    for id in ["", "x", &"é".repeat(30), &"A".repeat(10_000)] {
        assert_eq!(reason(table.take_sign_in(id, after(1))), Refusal::NoCeremony);
        assert!(table.begin(id, source("10.0.0.1"), sign_in(), NOW).is_err());
    }
    assert!(table.take_sign_in(&id, after(1)).is_ok());
}

#[test]
fn an_expired_ceremony_is_refused() {
    let (mut table, id) = (Ceremonies::new(), browser());
    table.begin(&id, source("10.0.0.1"), sign_in(), NOW).unwrap();
    assert_eq!(reason(table.take_sign_in(&id, after(300))), Refusal::NoCeremony);
    table.begin(&id, source("10.0.0.1"), sign_in(), after(1000)).unwrap();
    let set_back = after(0);
    assert_eq!(reason(table.take_sign_in(&id, set_back)), Refusal::NoCeremony);
}

#[test]
fn a_registration_does_not_end_as_a_sign_in() {
    let (mut table, id) = (Ceremonies::new(), browser());
    let codes = OneTimeCodes::fresh().unwrap();
    table.begin(&id, source("10.0.0.1"), password(codes), NOW).unwrap();
    assert_eq!(reason(table.take_sign_in(&id, NOW)), Refusal::NoCeremony);
    table.begin(&id, source("10.0.0.1"), sign_in(), NOW).unwrap();
    assert_eq!(reason(table.take_password(&id, "123456", NOW)), Refusal::NoCeremony);
    table.begin(&id, source("10.0.0.1"), sign_in(), NOW).unwrap();
    assert_eq!(reason(table.take_registration(&id, NOW)), Refusal::NoCeremony);
}

#[test]
fn a_mistyped_first_code_may_be_tried_again_but_not_for_ever() {
    let (mut table, id) = (Ceremonies::new(), browser());
    let codes = OneTimeCodes::fresh().unwrap();
    let right = code_at(&codes, NOW);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    table.begin(&id, source("10.0.0.1"), password(codes.clone()), NOW).unwrap();
    assert_eq!(reason(table.take_password(&id, wrong, NOW)), Refusal::WrongCode);
    let pending = table.take_password(&id, &right, NOW).unwrap();
    assert_eq!(pending.name.as_str(), "Anna");
    // The code that set it up is spent.
    let mut codes_after = pending.codes;
    assert_eq!(reason(codes_after.verify(&right, NOW)), Refusal::ReplayedCode);
    table.begin(&id, source("10.0.0.1"), password(codes), NOW).unwrap();
    for _ in 0..Ceremonies::CODE_TRIES {
        assert_eq!(reason(table.take_password(&id, wrong, NOW)), Refusal::WrongCode);
    }
    assert_eq!(reason(table.take_password(&id, &right, NOW)), Refusal::NoCeremony);
}

#[test]
fn a_flood_of_ceremonies_pushes_out_its_own() {
    let (mut table, id) = (Ceremonies::new(), browser());
    table.begin(&id, source("10.0.0.1"), sign_in(), NOW).unwrap();
    for number in 0..2000_u32 {
        let host = format!("2001:db8:0:{:x}::1", number / 16);
        table.begin(&browser(), source(&host), sign_in(), after(1)).unwrap();
        assert!(table.len() <= Ceremonies::MAX);
    }
    assert!(table.take_sign_in(&id, after(2)).is_ok(), "the honest one is still there");
    for _ in 0..100 {
        table.begin(&browser(), source("2001:db8::1"), sign_in(), after(400)).unwrap();
    }
    assert_eq!(table.len(), Ceremonies::MAX_PER_SOURCE);
}

/// What a store does in one transaction.
fn consume(
    store: &mut HashMap<[u8; 32], Invite>,
    link: &str,
    secs: u64,
) -> Result<Invite, Refusal> {
    let hash = Secret::hash_text(link).ok_or(Refusal::UnknownLink)?;
    let invite = store.get(&hash).ok_or(Refusal::UnknownLink)?;
    invite::check(invite, after(secs)).map_err(|error| error.reason())?;
    store.remove(&hash).ok_or(Refusal::UnknownLink)
}

#[test]
fn a_stolen_invite_works_once() {
    let (secret, row) = invite::make(Role::Admin, None, "system", invite::FIRST, NOW).unwrap();
    let link = secret.reveal();
    let kept = serde_json::to_string(&row).unwrap();
    assert!(!kept.contains(&link));
    let mut store = HashMap::from([(row.hash, row)]);
    assert_eq!(consume(&mut store, &link, 5).unwrap().role, Role::Admin);
    assert_eq!(consume(&mut store, &link, 6).unwrap_err(), Refusal::UnknownLink);
}

#[test]
fn an_old_link_opens_nothing_and_no_link_lasts_longer_than_a_week() {
    let (secret, row) = invite::make(Role::Viewer, None, "system", invite::FIRST, NOW).unwrap();
    let mut store = HashMap::from([(row.hash, row)]);
    let link = secret.reveal();
    assert_eq!(consume(&mut store, &link, 24 * 3600).unwrap_err(), Refusal::ExpiredLink);
    let (_, row) = invite::make(Role::Viewer, None, "system", Duration::MAX, NOW).unwrap();
    assert_eq!(row.expires, NOW.plus(invite::LONGEST));
}
