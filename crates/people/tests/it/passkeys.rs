//! Passkeys.

use cordon_model::record::Person;
use cordon_people::{
    Assertion, Attestation, Hindrance, Name, Passkeys, PasskeysError, Refusal, SignInError,
    SignInState, StoredPasskey,
};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::person;

const ORIGIN: &str = "https://cordon.example:8443";

struct Site {
    passkeys: Passkeys,
    anna: Person,
    key: Authenticator,
    stored: StoredPasskey,
}

fn passkeys(origins: &[&str]) -> Passkeys {
    let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
    Passkeys::new("plant", &origins).unwrap()
}

fn register(
    passkeys: &Passkeys,
    person: &Person,
    key: &mut Authenticator,
    existing: &[StoredPasskey],
) -> Result<StoredPasskey, SignInError> {
    let name = Name::parse(&person.name).unwrap();
    let (options, state) =
        passkeys.begin_registration(ORIGIN, &person.id, &name, existing).unwrap();
    let answer = Attestation::parse(key.create(&options))?;
    passkeys.finish_registration(&state, &answer)
}

/// Anna with a key.
fn site() -> Site {
    let passkeys = passkeys(&[ORIGIN]);
    let anna = person("Anna");
    let mut key = Authenticator::new(7, ORIGIN);
    let stored = register(&passkeys, &anna, &mut key, &[]).unwrap();
    Site { passkeys, anna, key, stored }
}

impl Site {
    fn begin(&self) -> (Value, SignInState) {
        self.passkeys.begin_sign_in(ORIGIN).unwrap()
    }

    fn finish(&mut self, state: SignInState, answer: Value) -> Result<(), Refusal> {
        let answer = Assertion::parse(answer).map_err(|error| error.reason())?;
        self.passkeys
            .finish_sign_in(state, &answer, &self.anna.id, &mut self.stored)
            .map_err(|error| error.reason())
    }

    fn sign_in_with(&mut self, key: &mut Authenticator) -> Result<(), Refusal> {
        let (options, state) = self.begin();
        self.finish(state, key.get(&options))
    }
}

#[test]
fn a_registered_passkey_signs_its_person_in_without_a_name() {
    let mut site = site();
    let (options, state) = site.begin();
    let answer = site.key.get(&options);
    let claims = Assertion::parse(answer.clone()).unwrap();
    assert_eq!(claims.person(), Some(site.anna.id.clone()));
    assert_eq!(claims.passkey(), site.stored.id());
    assert_eq!(site.finish(state, answer), Ok(()));
    let kept = site.stored.to_bytes().unwrap();
    site.stored = StoredPasskey::from_bytes(&kept).unwrap();
    let mut key = site.key.clone();
    assert_eq!(site.sign_in_with(&mut key), Ok(()));
}

#[test]
fn keys_are_asked_to_verify_their_person_and_to_know_whose_they_are() {
    let site = site();
    let name = Name::parse("Anna").unwrap();
    let (create, _) = site
        .passkeys
        .begin_registration(ORIGIN, &site.anna.id, &name, std::slice::from_ref(&site.stored))
        .unwrap();
    let create = &create["publicKey"];
    assert_eq!(create["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(create["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(create["rp"]["id"], "cordon.example");
    assert_eq!(create["excludeCredentials"][0]["id"], site.stored.id());
    let (get, _) = site.begin();
    assert_eq!(get["publicKey"]["userVerification"], "required");
    assert_eq!(get["publicKey"]["allowCredentials"], json!([]));
    assert_eq!(get.get("mediation"), None);
}

#[test]
fn a_replayed_assertion_is_refused() {
    let mut site = site();
    let (options, state) = site.begin();
    let answer = site.key.get(&options);
    assert_eq!(site.finish(state, answer.clone()), Ok(()));
    let (_, another) = site.begin();
    assert_eq!(site.finish(another, answer), Err(Refusal::WrongChallenge));
}

#[test]
fn an_assertion_from_another_origin_is_refused() {
    for origin in [
        "https://cordon.example.evil.test:8443",
        "https://evil.test",
        "https://cordon.example",
        "https://sub.cordon.example:8443",
        "http://cordon.example:8443",
    ] {
        let mut site = site();
        let mut phished = Authenticator { origin: origin.to_owned(), ..site.key.clone() };
        assert_eq!(site.sign_in_with(&mut phished), Err(Refusal::WrongOrigin), "{origin}");
        assert!(!site.stored.suspended());
    }
}

#[test]
fn an_assertion_for_another_site_is_refused() {
    let mut site = site();
    let mut other = Authenticator { site: Some("evil.test".to_owned()), ..site.key.clone() };
    assert_eq!(site.sign_in_with(&mut other), Err(Refusal::WrongSite));
}

#[test]
fn an_assertion_from_a_frame_of_another_page_is_refused() {
    let mut site = site();
    let mut framed = Authenticator { framed: true, ..site.key.clone() };
    assert_eq!(site.sign_in_with(&mut framed), Err(Refusal::WrongOrigin));
}

#[test]
fn a_key_that_did_not_verify_its_person_is_refused() {
    let mut site = site();
    let mut stolen = Authenticator { verifies: false, ..site.key.clone() };
    assert_eq!(site.sign_in_with(&mut stolen), Err(Refusal::NotVerified));
    let mut unverified = Authenticator { verifies: false, ..Authenticator::new(8, ORIGIN) };
    let error = register(&site.passkeys, &site.anna, &mut unverified, &[]).unwrap_err();
    assert_eq!(error.reason(), Refusal::NotVerified);
}

#[test]
fn a_forged_signature_is_refused_and_suspends_nothing() {
    let mut site = site();
    let mut forged = Authenticator { counter: 0, ..site.key.forged() };
    assert_eq!(site.sign_in_with(&mut forged), Err(Refusal::WrongSignature));
    assert!(!site.stored.suspended());
    let mut key = site.key.clone();
    assert_eq!(site.sign_in_with(&mut key), Ok(()));
}

#[test]
fn a_cloned_authenticator_is_noticed_by_its_counter_and_suspended() {
    let mut site = site();
    let mut clone = site.key.clone();
    let mut key = site.key.clone();
    for _ in 0..3 {
        key.counter += 1;
        assert_eq!(site.sign_in_with(&mut key), Ok(()));
    }
    assert_eq!(site.sign_in_with(&mut clone), Err(Refusal::ClonedPasskey));
    assert!(site.stored.suspended());
    // Which of the two is the copy cannot be known: neither signs in.
    let kept = site.stored.to_bytes().unwrap();
    site.stored = StoredPasskey::from_bytes(&kept).unwrap();
    assert_eq!(site.sign_in_with(&mut key), Err(Refusal::SuspendedPasskey));
}

#[test]
fn keys_without_a_counter_are_good() {
    let passkeys = passkeys(&[ORIGIN]);
    let anna = person("Anna");
    let mut key = Authenticator { counter: 0, ..Authenticator::new(3, ORIGIN) };
    let stored = register(&passkeys, &anna, &mut key, &[]).unwrap();
    let mut site = Site { passkeys, anna, key: key.clone(), stored };
    assert_eq!(site.sign_in_with(&mut key), Ok(()));
    assert_eq!(site.sign_in_with(&mut key), Ok(()));
}

#[test]
fn a_passkey_that_claims_to_be_somebody_elses_is_refused() {
    let mut site = site();
    let mut claiming = site.key.claiming(&person("Berta").id.0);
    assert_eq!(site.sign_in_with(&mut claiming), Err(Refusal::UnknownPerson));
}

#[test]
fn a_passkey_is_not_registered_twice() {
    let site = site();
    let mut key = site.key.clone();
    let existing = std::slice::from_ref(&site.stored);
    assert!(register(&site.passkeys, &site.anna, &mut key, existing).is_err());
}

#[test]
fn a_registration_answer_does_not_fit_another_registration() {
    let site = site();
    let name = Name::parse("Anna").unwrap();
    let begin = || site.passkeys.begin_registration(ORIGIN, &site.anna.id, &name, &[]).unwrap();
    let (options, _) = begin();
    let (_, other) = begin();
    let answer = Attestation::parse(Authenticator::new(9, ORIGIN).create(&options)).unwrap();
    let error = site.passkeys.finish_registration(&other, &answer).unwrap_err();
    assert_eq!(error.reason(), Refusal::WrongChallenge);
}

#[test]
fn a_passkey_of_one_name_does_not_work_at_another() {
    let mut site = site();
    site.passkeys = passkeys(&[ORIGIN, "https://localhost:8443"]);
    let (options, state) = site.passkeys.begin_sign_in("https://localhost:8443").unwrap();
    let mut key = Authenticator { origin: "https://localhost:8443".to_owned(), ..site.key.clone() };
    assert_eq!(site.finish(state, key.get(&options)), Err(Refusal::WrongSite));
}

#[test]
fn where_passkeys_cannot_work_a_sentence_says_so() {
    let site = passkeys(&[ORIGIN, "https://192.168.1.5:8443", "https://[fd00::1]:8443"]);
    assert_eq!(site.hindrance(ORIGIN), None);
    let instead = ORIGIN.to_owned();
    for address in ["https://192.168.1.5:8443", "https://[fd00::1]:8443", "https://127.0.0.1"] {
        let hindrance = site.hindrance(address);
        assert_eq!(hindrance, Some(Hindrance::Address { instead: instead.clone() }), "{address}");
    }
    for name in ["https://router.lan:8443", "https://cordon.example", "nonsense", ""] {
        let hindrance = site.hindrance(name);
        assert_eq!(hindrance, Some(Hindrance::OtherName { instead: instead.clone() }), "{name}");
    }
    let nameless = passkeys(&["https://192.168.1.5:8443"]);
    assert_eq!(nameless.hindrance("https://192.168.1.5:8443"), Some(Hindrance::NoName));
}

#[test]
fn origins_that_are_none_or_not_encrypted_are_refused() {
    let new = |origin: &str| Passkeys::new("plant", &[origin.to_owned()]).map(|_| ());
    assert!(matches!(new("http://cordon.example"), Err(PasskeysError::Plain(_))));
    for text in ["cordon.example", "https://", "ftp://cordon.example", "https://a.test/path", ""] {
        assert!(matches!(new(text), Err(PasskeysError::Origin(_))), "{text}");
    }
    assert!(new("http://localhost:8080").is_ok());
    assert!(matches!(
        Passkeys::new("plant", &vec![ORIGIN.to_owned(); 33]),
        Err(PasskeysError::TooMany)
    ));
}

#[test]
fn answers_that_are_none_are_refused() {
    for answer in [json!(null), json!({}), json!([]), json!({"id": 1}), json!("x")] {
        assert_eq!(Assertion::parse(answer.clone()).unwrap_err().reason(), Refusal::Malformed);
        assert_eq!(Attestation::parse(answer).unwrap_err().reason(), Refusal::Malformed);
    }
    // Well-formed outside, nonsense inside.
    let mut site = site();
    for part in ["authenticatorData", "clientDataJSON", "signature"] {
        let (options, state) = site.begin();
        let mut answer = site.key.clone().get(&options);
        answer["response"][part] = json!("AAAA");
        assert!(site.finish(state, answer).is_err(), "{part}");
    }
    let name = Name::parse("Anna").unwrap();
    let (_, state) = site.passkeys.begin_registration(ORIGIN, &site.anna.id, &name, &[]).unwrap();
    let (options, _) = site.passkeys.begin_registration(ORIGIN, &site.anna.id, &name, &[]).unwrap();
    let good = Authenticator::new(5, ORIGIN).create(&options);
    // Nested arrays would overflow the stack of a parser without a limit.
    for object in ["A", "AAAA", &"gYGB".repeat(20_000)] {
        let mut answer = good.clone();
        answer["response"]["attestationObject"] = json!(object);
        let refused = Attestation::parse(answer)
            .and_then(|answer| site.passkeys.finish_registration(&state, &answer));
        assert!(refused.is_err());
    }
}
