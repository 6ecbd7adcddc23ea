//! Records, checkpoints, keys and frontiers as bytes and back.

use cordon_crypto::Ed25519;
use cordon_ledger::{
    Checkpoint, CheckpointError, LogKey, NOTE_MAX, Notes, Origin, RECORD_MAX, RecordError, Tree,
    decode, encode,
};
use cordon_model::record::{Action, Entry};
use cordon_model::{Text, Timestamp};
use proptest::prelude::*;

use crate::log::{entry, key, origin, signed, signer};

#[test]
fn a_record_is_canonical_json() {
    let text = String::from_utf8(encode(7, &entry(7)).unwrap()).unwrap();
    assert_eq!(
        text,
        r#"{"action":"device.edit","actor":"person:anna","at":"2023-11-14T22:13:27Z","detail":{"field":"owner","to":"7"},"index":7,"subject":"device-7"}"#
    );
}

#[test]
fn particulars_are_sorted_as_rfc_8785_wants() {
    // U+1F600 sorts before U+FB33 by UTF-16 code units, and after it by bytes.
    let mut entry = entry(0);
    entry.detail = [("\u{fb33}".into(), "".into()), ("\u{1f600}".into(), "".into())].into();
    let text = String::from_utf8(encode(0, &entry).unwrap()).unwrap();
    assert!(text.find('\u{1f600}') < text.find('\u{fb33}'), "{text}");
    assert_eq!(decode(text.as_bytes()), Ok((0, entry)));
}

#[test]
fn another_spelling_of_a_record_is_refused() {
    let text = String::from_utf8(encode(7, &entry(7)).unwrap()).unwrap();
    for other in [
        text.replace(":7,", ": 7,"),
        text.replace("22:13:27Z", "22:13:27.0Z"),
        text.replace("anna", "\\u0061nna"),
        text.replace(r#""index":7,"#, r#""index":7,"more":1,"#),
        format!("{text}\n"),
    ] {
        assert_ne!(other, text);
        assert_eq!(decode(other.as_bytes()), Err(RecordError::NotCanonical), "{other}");
    }
    assert!(matches!(decode(b"{}"), Err(RecordError::Malformed(_))));
    assert!(matches!(decode(&vec![b'['; RECORD_MAX]), Err(RecordError::Malformed(_))));
}

#[test]
fn an_entry_that_is_too_long_is_refused() {
    let mut entry = entry(0);
    entry.subject = "x".repeat(RECORD_MAX).into();
    assert!(matches!(encode(0, &entry), Err(RecordError::TooLong(_))));
    assert!(matches!(decode(&vec![b' '; RECORD_MAX + 1]), Err(RecordError::TooLong(_))));
}

#[test]
fn a_checkpoint_is_a_signed_note() {
    let checkpoint = Checkpoint { origin: origin(), size: 3, root: [0; 32], at: None };
    let text = checkpoint.sign(&signer(1));
    let (body, signature) = text.split_once("\n\n").unwrap();
    assert_eq!(body, "cordon/plant\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert!(signature.starts_with("\u{2014} cordon/plant "));
    assert_eq!(checkpoint.sign(&signer(1)), text, "the same promise is the same text");
    assert_eq!(Checkpoint::verify(&text, &key(), &Ed25519), Ok(checkpoint));
}

#[test]
fn the_example_key_of_the_signed_note_standard_has_its_id() {
    // The key of golang.org/x/mod/sumdb/note's documentation.
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: LogKey = text.parse().unwrap();
    assert_eq!(key.to_string(), text);
    assert!(text.replace("c74f20a3", "c74f20a4").parse::<LogKey>().is_err());
}

#[test]
fn the_example_note_of_the_signed_note_standard_verifies() {
    use cordon_ledger::Verifier;
    let key: LogKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let text = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n";
    let signature = base64(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
    );
    assert!(Ed25519.verify(&key.public_key, text.as_bytes(), signature[4..].try_into().unwrap()));
    assert_eq!(signature[..4], key.id());
}

#[test]
fn a_signature_of_a_witness_is_passed_over() {
    let log = crate::log::Log::new(2, 2);
    let own = signed(&log.rows, 2, 1);
    let (body, signature) = own.split_once("\n\n").unwrap();
    let witness = "\u{2014} witness.example/w AAAAAAAAAAAAAAAAAAAA\n";
    let text = format!("{body}\n\n{witness}{signature}");
    assert_eq!(Checkpoint::verify(&text, &key(), &Ed25519).unwrap().size, 2);
    let only = format!("{body}\n\n{witness}");
    assert!(matches!(
        Checkpoint::verify(&only, &key(), &Ed25519),
        Err(CheckpointError::OtherKey(_))
    ));
}

#[test]
fn names_that_would_break_a_note_are_refused() {
    for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b", &"x".repeat(201)] {
        assert!(name.parse::<Origin>().is_err(), "{name:?}");
    }
}

#[test]
fn a_frontier_resumes_and_a_damaged_one_is_refused() {
    let mut tree = Tree::new();
    for leaf in 0..100_u8 {
        let bytes = tree.to_bytes();
        assert_eq!(Tree::from_bytes(&bytes).as_ref(), Ok(&tree));
        assert!(Tree::from_bytes(&bytes[1..]).is_err());
        let longer = [bytes.as_slice(), &[0; 32]].concat();
        assert!(Tree::from_bytes(&longer).is_err());
        tree.append([leaf; 32]);
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(Text::from)
}

proptest! {
    #[test]
    fn any_entry_comes_back(
        index: u64, at: i64, actor in text(), subject in text(), action in 0..Action::ALL.len(),
        detail in proptest::collection::btree_map(text(), text(), 0..8),
    ) {
        let at = Timestamp::from_nanos(at);
        let entry = Entry { at, actor, action: Action::ALL[action], subject, detail };
        let bytes = encode(index, &entry).unwrap();
        prop_assert_eq!(decode(&bytes), Ok((index, entry)));
    }

    #[test]
    fn any_bytes_to_the_parsers_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = decode(&bytes);
        let _ = Tree::from_bytes(&bytes);
        prop_assert!(Checkpoint::verify(&text, &key(), &Ed25519).is_err());
        let _ = text.parse::<LogKey>();
        prop_assert!(Notes::new(&text).map(str::len).sum::<usize>() <= text.len());
        let _ = cordon_ledger::export::Line::parse(&bytes);
    }
}

#[test]
fn a_note_without_end_is_refused() {
    assert!(Checkpoint::parse(&"x".repeat(NOTE_MAX + 1)).is_err());
}
