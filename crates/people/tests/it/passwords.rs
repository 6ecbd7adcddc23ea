//! Passwords, one-time codes and recovery codes.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use cordon_model::Timestamp;
use cordon_people::password::{HashError, HashOptions, Hasher, NewPassword, WeakPassword};
use cordon_people::sign_in::{Claimed, Proven, with_password};
use cordon_people::{OneTimeCodes, Refusal, SignInError};

use crate::{NOW, after};

const GOOD: &str = "violet tractor hums at noon";

/// What a phone shows. The secret goes the way that it goes to a phone: as base32.
pub fn code_at(codes: &OneTimeCodes, at: Timestamp) -> String {
    let secret = totp_rs::Secret::try_from_base32(codes.setup("plant", "Anna").secret).unwrap();
    let phone = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    phone.generate(u64::try_from(at.secs()).unwrap()).to_string()
}

fn cheap() -> Hasher {
    Hasher::new(HashOptions { memory_kib: 64, passes: 1, ..HashOptions::default() }).unwrap()
}

struct Anna {
    hasher: Hasher,
    hash: String,
    codes: OneTimeCodes,
}

fn anna() -> Anna {
    let hasher = cheap();
    let hash = hasher.hash(&NewPassword::choose(GOOD, &["Anna", "plant"]).unwrap()).unwrap();
    Anna { hasher, hash, codes: OneTimeCodes::fresh().unwrap() }
}

impl Anna {
    fn try_in(&mut self, password: &str, code: &str, at: Timestamp) -> Result<Proven, SignInError> {
        let claimed = Claimed { hash: &self.hash, codes: &mut self.codes, disabled: false };
        with_password(&self.hasher, Some(claimed), password, code, at)
    }

    fn refused(&mut self, password: &str, code: &str, at: Timestamp) -> Refusal {
        self.try_in(password, code, at).unwrap_err().reason()
    }
}

fn choose(password: &str) -> Result<(), WeakPassword> {
    NewPassword::choose(password, &["Anna Berghofer", "Plant Nord", "cordon.example"]).map(|_| ())
}

#[test]
fn a_password_of_14_characters_is_refused_and_one_of_15_is_not() {
    assert_eq!(choose("qz7 vkw mfj xt"), Err(WeakPassword::TooShort));
    assert_eq!(choose("qz7 vkw mfj xty"), Ok(()));
    // Counted in characters of NFC: fourteen that take more bytes, or are typed as two, stay 14.
    assert_eq!(choose("äöüßéèêëîïôûçñ"), Err(WeakPassword::TooShort));
    assert_eq!(choose(&"e\u{301}".repeat(14)), Err(WeakPassword::TooShort));
}

#[test]
fn every_character_and_64_of_them_are_accepted() {
    assert_eq!(choose("Пять зелёных слонов 🐘 едят"), Ok(()));
    assert_eq!(
        choose("violet tractor hums at noon while seven quiet owls guard a tin piano"),
        Ok(())
    );
    let long: String = (0..128_u32).filter_map(|i| char::from_u32(0x4e00 + i * 7)).collect();
    assert_eq!(choose(&long), Ok(()));
    assert_eq!(choose(&format!("{long}x")), Err(WeakPassword::TooLong));
    assert_eq!(choose(&"x".repeat(1 << 20)), Err(WeakPassword::TooLong));
}

#[test]
fn a_breached_passphrase_is_refused_however_it_is_written() {
    for password in [
        "correct horse battery staple",
        "CorrectHorseBatteryStaple!",
        "correct-horse-battery-staple1",
        "maythe4thbewithyou",
        "to be or not to be that is the question",
        "thequickbrownfoxjumpsoverthelazydog",
        "qwertyuiopasdfghjkl",
    ] {
        assert_eq!(choose(password), Err(WeakPassword::Breached), "{password}");
    }
}

#[test]
fn repetitions_rows_and_known_names_are_refused() {
    for password in [
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "AnnaBerghofer2024",
        "plantnordcordon1",
        "berghoferberghofer",
        "cordon.example.1",
    ] {
        let error = choose(password).unwrap_err();
        assert!(matches!(error, WeakPassword::Guessable | WeakPassword::Breached), "{password}");
    }
}

#[test]
fn password_and_code_together_sign_in_and_neither_alone_does() {
    let mut anna = anna();
    let code = code_at(&anna.codes, NOW);
    assert_eq!(anna.refused(GOOD, "", NOW), Refusal::WrongCode);
    assert_eq!(anna.refused(GOOD, "12345", NOW), Refusal::WrongCode);
    assert_eq!(anna.refused("violet tractor hums at night", &code, NOW), Refusal::WrongPassword);
    // The code that came with a wrong password is not spent: that would lock its owner out.
    let proven = anna.try_in(GOOD, &code, NOW).unwrap();
    assert_eq!(proven, Proven { renewed: None, recovery_left: None });
}

#[test]
fn a_replayed_code_is_refused_also_after_a_restart() {
    let mut anna = anna();
    let code = code_at(&anna.codes, NOW);
    assert!(anna.try_in(GOOD, &code, NOW).is_ok());
    assert_eq!(anna.refused(GOOD, &code, after(1)), Refusal::ReplayedCode);
    let kept = serde_json::to_vec(&anna.codes).unwrap();
    anna.codes = serde_json::from_slice(&kept).unwrap();
    assert_eq!(anna.refused(GOOD, &code, after(2)), Refusal::ReplayedCode);
    // An older code that somebody looked at is spent as well.
    let older = code_at(&anna.codes, Timestamp::from_secs(NOW.secs() - 30));
    assert_eq!(anna.refused(GOOD, &older, after(2)), Refusal::ReplayedCode);
    let next = code_at(&anna.codes, after(30));
    assert!(anna.try_in(GOOD, &next, after(30)).is_ok());
}

#[test]
fn a_code_is_good_one_step_early_and_late_and_no_more() {
    for (secs, good) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
        let mut codes = OneTimeCodes::fresh().unwrap();
        let code = code_at(&codes, Timestamp::from_secs(NOW.secs() + secs));
        assert_eq!(codes.verify(&code, NOW).is_ok(), good, "{secs}");
    }
    let mut codes = OneTimeCodes::fresh().unwrap();
    let code = code_at(&codes, NOW);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert!(codes.verify(&spaced, NOW).is_ok(), "as phones show it");
    assert!(codes.verify("", Timestamp::from_secs(i64::MIN / 2_000_000_000)).is_err());
}

#[test]
fn codes_are_those_of_rfc_6238() {
    // Appendix B, SHA-1; its eight digits end in these six.
    let secret: Vec<u8> = b"12345678901234567890".to_vec();
    for (secs, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
        let json = serde_json::json!({ "secret": secret });
        let mut codes: OneTimeCodes = serde_json::from_value(json).unwrap();
        assert_eq!(codes.verify(code, Timestamp::from_secs(secs)), Ok(()));
    }
}

#[test]
fn judging_a_password_takes_bounded_time_whatever_it_is() {
    let leet: String = "4@8({[<3691!|1705$7+%2".chars().cycle().take(128).collect();
    let words: String = "password1qazqwerty".chars().cycle().take(128).collect();
    let dates: String = "1.1.1991".chars().cycle().take(128).collect();
    let context: Vec<String> = (0..100).map(|n| format!("p4ssw0rd{n} word{n}")).collect();
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    for password in [&leet, &words, &dates, &"ab".repeat(64)] {
        let begun = Instant::now();
        let _ = NewPassword::choose(password, &context);
        let took = begun.elapsed();
        println!("judged in {took:?}");
        assert!(took < Duration::from_secs(30), "{password}: {took:?}");
    }
}

#[test]
fn a_recovery_code_works_once_and_is_counted() {
    let mut anna = anna();
    let recovery = anna.codes.renew_recovery().unwrap();
    assert_eq!(recovery.0.len(), 10);
    let kept = serde_json::to_string(&anna.codes).unwrap();
    assert!(recovery.0.iter().all(|code| !kept.contains(code.as_str())));
    let code = recovery.0[3].to_uppercase().replace('-', " ");
    let proven = anna.try_in(GOOD, &code, NOW).unwrap();
    assert_eq!(proven.recovery_left, Some(9));
    assert_eq!(anna.refused(GOOD, &code, NOW), Refusal::WrongCode);
    anna.codes.renew_recovery().unwrap();
    assert_eq!(anna.refused(GOOD, &recovery.0[4], NOW), Refusal::WrongCode);
    assert_eq!(anna.codes.recovery_left(), 10);
}

#[test]
fn a_disabled_person_is_refused_with_the_same_words() {
    let mut anna = anna();
    let code = code_at(&anna.codes, NOW);
    let claimed = Claimed { hash: &anna.hash, codes: &mut anna.codes, disabled: true };
    let disabled = with_password(&anna.hasher, Some(claimed), GOOD, &code, NOW).unwrap_err();
    let unknown = with_password(&anna.hasher, None, GOOD, &code, NOW).unwrap_err();
    assert_eq!(disabled.reason(), Refusal::DisabledPerson);
    assert_eq!(unknown.reason(), Refusal::UnknownPerson);
    assert_eq!(disabled.to_string(), unknown.to_string());
}

#[test]
fn an_unknown_person_costs_as_much_as_a_known_one() {
    // Computations are counted: a clock on a busy machine would measure the machine.
    let hasher = cheap();
    let hash = hasher.hash(&NewPassword::choose(GOOD, &[]).unwrap()).unwrap();
    let cost = |kept: Option<&str>| {
        let before = hasher.computed();
        assert!(!hasher.verify("something else entirely", kept).unwrap().matches);
        hasher.computed() - before
    };
    assert_eq!(cost(Some(&hash)), 1);
    assert_eq!(cost(None), 1);
    assert_eq!(cost(Some("damaged")), 1);
}

#[test]
fn a_hash_of_yesterdays_parameters_is_renewed() {
    let old = cheap();
    let kept = old.hash(&NewPassword::choose(GOOD, &[]).unwrap()).unwrap();
    let today =
        Hasher::new(HashOptions { memory_kib: 128, passes: 1, ..HashOptions::default() }).unwrap();
    let renewed = today.verify(GOOD, Some(&kept)).unwrap().renewed.unwrap();
    assert!(renewed.starts_with("$argon2id$v=19$m=128,t=1,p=1$"), "{renewed}");
    let again = today.verify(GOOD, Some(&renewed)).unwrap();
    assert!(again.matches && again.renewed.is_none());
    assert!(today.verify("wrong", Some(&kept)).unwrap().renewed.is_none());
}

#[test]
fn the_same_password_from_another_keyboard_is_the_same() {
    let hasher = cheap();
    let composed = "Stra\u{df}e nach Zo\u{eb}s Caf\u{e9} um acht";
    let decomposed = "Stra\u{df}e nach Zoe\u{308}s Cafe\u{301} um acht";
    let hash = hasher.hash(&NewPassword::choose(composed, &[]).unwrap()).unwrap();
    assert!(hasher.verify(decomposed, Some(&hash)).unwrap().matches);
}

#[test]
fn a_damaged_hash_lets_nobody_in() {
    let hasher = cheap();
    let endless = "$argon2id$v=19$m=4000000000,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA";
    for kept in [endless, "", "$argon2id$", "plain", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"] {
        assert!(!hasher.verify(GOOD, Some(kept)).unwrap().matches, "{kept}");
        assert!(!hasher.verify("", Some(kept)).unwrap().matches, "{kept}");
    }
}

#[test]
fn hashing_is_bounded_and_what_is_too_much_is_turned_away() {
    let options = HashOptions { at_once: 1, waiting: 1, ..HashOptions::default() };
    let hasher = Hasher::new(options).unwrap();
    let start = Barrier::new(6);
    let busy = std::thread::scope(|scope| {
        let try_it = || {
            start.wait();
            hasher.verify(GOOD, None)
        };
        let tries: Vec<_> = (0..6).map(|_| scope.spawn(try_it)).collect();
        tries.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>()
    });
    let turned_away = busy.iter().filter(|result| **result == Err(HashError::Busy)).count();
    assert!((1..=5).contains(&turned_away), "{turned_away}");
    assert!(hasher.verify(GOOD, None).is_ok(), "free again");
}

#[test]
fn hashing_costs_what_owasp_asks_and_not_seconds() {
    let hasher = Hasher::new(HashOptions::default()).unwrap();
    let begun = Instant::now();
    let hash = hasher.hash(&NewPassword::choose(GOOD, &[]).unwrap()).unwrap();
    let took = begun.elapsed();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(took < Duration::from_secs(60), "{took:?}");
    println!("argon2id with the parameters of service: {took:?}");
}

#[test]
fn the_set_up_shows_what_phones_read() {
    let codes = OneTimeCodes::fresh().unwrap();
    let setup = codes.setup("Plant: North", "Anna & Co");
    assert!(setup.url.starts_with("otpauth://totp/"), "{}", setup.url);
    assert!(setup.url.contains(&setup.secret));
    assert_eq!(setup.secret.len(), 32);
    assert!(setup.svg.starts_with("<svg "));
    assert!(!setup.svg.contains("Anna"), "nothing of a name can become markup");
    assert_eq!(format!("{codes:?}{setup:?}"), "OneTimeCodes(…)TotpSetup(…)");
}
