//! Sessions and tokens.

use std::time::Duration;

use cordon_model::record::{Scope, Session};
use cordon_people::session::{self, SessionOptions};
use cordon_people::token::{self, TokenError};
use cordon_people::{Refusal, Secret};

use crate::{NOW, after, person};

fn begun() -> (Secret, Session) {
    let anna = person("Anna");
    session::begin(&anna.id, "Firefox", "10.0.0.1", NOW, &SessionOptions::default()).unwrap()
}

fn state(session: &Session, secs: u64) -> Result<(), Refusal> {
    session::check(session, after(secs), &SessionOptions::default()).map_err(|e| e.reason())
}

#[test]
fn a_fixed_session_is_worthless() {
    // What an attacker put into the browser before sign-in is no input of a session at all, and
    // two sign-ins of one person never share a secret.
    let (planted, (one, first), (two, second)) = (Secret::fresh().unwrap(), begun(), begun());
    assert_ne!(first.hash, planted.hash());
    assert_ne!(first.hash, second.hash);
    assert_eq!((first.hash, second.hash), (one.hash(), two.hash()));
}

#[test]
fn only_the_hash_of_a_session_is_kept() {
    let (secret, session) = begun();
    assert!(!serde_json::to_string(&session).unwrap().contains(&secret.reveal()));
}

#[test]
fn an_unused_session_ends_and_a_used_one_ends_as_well() {
    let (_, mut session) = begun();
    assert_eq!(state(&session, 1799), Ok(()));
    assert_eq!(state(&session, 1800), Err(Refusal::IdleSession));
    for minute in 1..720 {
        assert_eq!(state(&session, minute * 60), Ok(()), "{minute}");
        assert!(session::touch(&mut session, after(minute * 60)));
        assert!(!session::touch(&mut session, after(minute * 60 + 1)), "no write for each page");
    }
    assert_eq!(state(&session, 720 * 60), Err(Refusal::ExpiredSession));
}

#[test]
fn shorter_limits_hold_for_sessions_that_exist() {
    let (_, session) = begun();
    let hour = SessionOptions { absolute: Duration::from_secs(600), ..SessionOptions::default() };
    let ended = session::check(&session, after(601), &hour).unwrap_err();
    assert_eq!(ended.reason(), Refusal::ExpiredSession);
}

#[test]
fn rotation_makes_the_old_secret_worthless_and_nothing_longer_or_fresher() {
    let (old, session) = begun();
    let (new, rotated) = session::rotate(&session, after(600)).unwrap();
    assert_ne!(rotated.hash, session.hash);
    assert_ne!(old.hash(), new.hash());
    assert_eq!((rotated.created, rotated.expires), (session.created, session.expires));
    assert!(!session::fresh(&rotated, after(600), &SessionOptions::default()));
}

#[test]
fn a_proof_is_fresh_for_five_minutes_and_not_after_the_clock_was_set_back() {
    let (_, session) = begun();
    let fresh = |at| session::fresh(&session, at, &SessionOptions::default());
    assert!(fresh(NOW) && fresh(after(299)));
    assert!(!fresh(after(300)));
    assert!(!fresh(cordon_model::Timestamp::from_secs(NOW.secs() - 1)));
}

#[test]
fn a_form_of_another_session_is_refused() {
    let ((one, _), (two, _)) = (begun(), begun());
    let csrf = session::csrf(&one);
    assert!(session::csrf_matches(&one, &csrf));
    assert!(!session::csrf_matches(&two, &csrf));
    assert!(!csrf.contains(&one.reveal()));
    for forged in ["", &one.reveal(), &csrf[1..], &format!("{csrf}="), &"é".repeat(43)] {
        assert!(!session::csrf_matches(&one, forged), "{forged}");
    }
}

#[test]
fn a_browsers_name_is_shortened_and_cannot_break_lines() {
    let anna = person("Anna");
    let agent = format!("evil\r\n{}", "x".repeat(10_000));
    let options = SessionOptions::default();
    let (_, session) = session::begin(&anna.id, &agent, "10.0.0.1", NOW, &options).unwrap();
    assert!(session.agent.len() <= 160 && !session.agent.contains('\n'));
}

#[test]
fn a_token_is_recognised_by_its_form_and_a_typo_is_noticed() {
    let anna = person("Anna");
    let week = Duration::from_secs(7 * 24 * 3600);
    let (text, row) = token::make(&anna.id, "grafana", Scope::Metrics, week, NOW).unwrap();
    assert!(text.starts_with("cordon_") && text.len() == 66, "{text}");
    assert_eq!(token::hash_text(&text), Some(row.hash));
    assert!(!serde_json::to_string(&row).unwrap().contains(&text));
    for at in 0..text.len() {
        let mut typo = text.clone().into_bytes();
        typo[at] = if typo[at] == b'a' { b'b' } else { b'a' };
        let typo = String::from_utf8(typo).unwrap();
        assert_eq!(token::hash_text(&typo), None, "{typo}");
    }
    for other in ["", "cordon_", "Bearer", &text.to_uppercase(), &text[..65], &format!("{text}a")] {
        assert_eq!(token::hash_text(other), None, "{other}");
    }
    assert_eq!(token::hash_text(&format!("cordon_{}", "é".repeat(40))), None);
}

#[test]
fn a_token_expires_and_none_lasts_for_ever() {
    let anna = person("Anna");
    let day = Duration::from_secs(24 * 3600);
    let make = |label: &str, lasts| token::make(&anna.id, label, Scope::Read, lasts, NOW);
    let (_, row) = make("backup", day).unwrap();
    assert!(token::check(&row, after(86_399)).is_ok());
    assert_eq!(token::check(&row, after(86_400)).unwrap_err().reason(), Refusal::ExpiredToken);
    assert_eq!(make("x", day * 367).unwrap_err(), TokenError::Lasts);
    assert_eq!(make("x", Duration::ZERO).unwrap_err(), TokenError::Lasts);
    assert_eq!(make("  ", day).unwrap_err(), TokenError::Label);
    assert_eq!(make(&"x".repeat(65), day).unwrap_err(), TokenError::Label);
}

#[test]
fn last_use_of_a_token_is_kept_without_a_write_for_each_request() {
    let anna = person("Anna");
    let day = Duration::from_secs(24 * 3600);
    let (_, mut row) = token::make(&anna.id, "x", Scope::Read, day, NOW).unwrap();
    assert!(token::touch(&mut row, NOW));
    assert!(!token::touch(&mut row, after(59)));
    assert!(token::touch(&mut row, after(60)));
    assert_eq!(row.used, Some(after(60)));
}
