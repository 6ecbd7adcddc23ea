//! What is done to a ledger, and that it is found, with the first record and the kind.

use cordon_crypto::Ed25519;
use cordon_ledger::{
    CheckpointError, Fault, Kind, List, LogKey, Notes, Origin, Row, Span, leaf_hash, verify,
};

use crate::log::{Log, entry, expect, row, signed, signer};

/// Batch sizes: a checkpoint per record, some per checkpoint, one for all.
const BATCHES: [u64; 4] = [1, 3, 4, 12];

#[test]
fn an_untouched_ledger_verifies() {
    for count in 0..20 {
        for batch in BATCHES {
            let mut log = Log::new(count, batch);
            let verified = log.verify().unwrap();
            assert_eq!(verified.size, count);
            assert_eq!(verified.outside, count);
            assert_eq!(
                verified.last.as_ref().map(|last| last.root),
                (count > 0).then_some(verified.root)
            );
            log.file.clear();
            assert_eq!(log.verify().unwrap().outside, 0);
        }
    }
}

#[test]
fn a_changed_byte_of_any_record_is_found_exactly() {
    for batch in BATCHES {
        let mut log = Log::new(12, batch);
        log.file.clear();
        for at in 0..12 {
            for byte in 0..log.rows[at].1.len() {
                let mut log = log.clone();
                log.rows[at].1[byte] ^= 1;
                expect(log.verify(), Kind::Changed, Span::one(at as u64));
            }
        }
    }
}

#[test]
fn a_changed_record_with_a_recomputed_hash_is_bounded_by_the_checkpoints() {
    for batch in BATCHES {
        for at in 0..12_u64 {
            let mut log = Log::new(12, batch);
            log.rows[at as usize] = row(at, &entry(99));
            let span =
                Span { first: at / batch * batch, last: (at / batch * batch + batch - 1).min(11) };
            let kind = if batch == 1 { Kind::Changed } else { Kind::Rewritten };
            assert_eq!(expect(log.verify(), kind, span), span.first);
        }
    }
}

#[test]
fn a_record_that_lies_about_its_place_is_a_changed_one() {
    for batch in BATCHES {
        for at in 0..12_u64 {
            for lie in [0, 5, 11, 12, 4_000_000_000] {
                let mut log = Log::new(12, batch);
                if lie == at {
                    continue;
                }
                let (_, record, leaf) = row(lie, &entry(at));
                log.rows[at as usize] = (at, record, leaf);
                expect(log.verify(), Kind::Changed, Span::one(at));
            }
        }
    }
}

#[test]
fn a_changed_hash_beside_a_good_record_is_told_apart() {
    for batch in BATCHES {
        for at in 0..12 {
            let mut log = Log::new(12, batch);
            log.rows[at].2[7] ^= 1;
            expect(log.verify(), Kind::HashChanged, Span::one(at as u64));
        }
    }
}

#[test]
fn records_removed_from_the_middle_are_named() {
    for batch in BATCHES {
        for renumber in [false, true] {
            for first in 0..11_u64 {
                for last in first..11 {
                    let mut log = Log::new(12, batch);
                    log.rows.drain(first as usize..=last as usize);
                    if renumber {
                        log.renumber();
                    }
                    expect(log.verify(), Kind::Removed, Span { first, last });
                }
            }
        }
    }
}

#[test]
fn an_end_that_was_cut_off_is_found_by_any_checkpoint_that_is_left() {
    for batch in BATCHES {
        for left in 0..12 {
            let mut log = Log::new(12, batch);
            log.rows.truncate(left);
            let cut = |list| Err(Fault::Cut { there: left as u64, covered: 12, list });
            assert_eq!(log.verify(), cut(List::File));
            let kept =
                |text: &String| cordon_ledger::Checkpoint::parse(text).unwrap().size <= left as u64;
            log.database.retain(kept);
            assert_eq!(log.verify(), cut(List::File));
            log.saved = log.file.pop();
            log.file.retain(kept);
            assert_eq!(log.verify(), cut(List::Saved));
        }
    }
}

#[test]
fn an_end_cut_off_with_every_checkpoint_is_only_found_by_a_saved_one() {
    let mut log = Log::new(12, 1);
    let saved = log.database[9].clone();
    log.rows.truncate(5);
    log.database.truncate(5);
    log.file.truncate(5);
    assert_eq!(log.verify().unwrap().size, 5, "nothing is left that says otherwise");
    log.saved = Some(saved);
    assert_eq!(log.verify(), Err(Fault::Cut { there: 5, covered: 10, list: List::Saved }));
}

#[test]
fn two_swapped_records_are_a_changed_order() {
    for batch in BATCHES {
        for renumber in [false, true] {
            for a in 0..12 {
                for b in a + 1..12 {
                    let mut log = Log::new(12, batch);
                    log.rows.swap(a, b);
                    if renumber {
                        log.renumber();
                    }
                    expect(log.verify(), Kind::Reordered, Span::one(a as u64));
                }
            }
        }
    }
}

#[test]
fn a_record_moved_forward_or_back_is_a_changed_order() {
    for batch in BATCHES {
        for from in 0..12_usize {
            for to in (0..12).filter(|to| *to != from) {
                let mut log = Log::new(12, batch);
                let moved = log.rows.remove(from);
                log.rows.insert(to, moved);
                log.renumber();
                expect(log.verify(), Kind::Reordered, Span::one(from.min(to) as u64));
            }
        }
    }
}

#[test]
fn a_record_under_another_key_is_a_changed_order() {
    let mut log = Log::new(12, 3);
    log.rows[11].0 = 40;
    expect(log.verify(), Kind::Reordered, Span::one(11));
}

#[test]
fn a_record_put_in_is_found_exactly() {
    for batch in BATCHES {
        for at in 0..12_u64 {
            let mut log = Log::new(12, batch);
            log.rows.insert(at as usize, row(at, &entry(99)));
            log.renumber();
            expect(log.verify(), Kind::Inserted, Span::one(at));
        }
    }
}

#[test]
fn a_copy_of_an_earlier_record_put_in_is_found_exactly() {
    for batch in BATCHES {
        for of in 0..12_usize {
            for at in of + 1..12 {
                let mut log = Log::new(12, batch);
                let copy = log.rows[of].clone();
                log.rows.insert(at, copy);
                log.renumber();
                // Of two equal neighbours nobody can say which one is the copy.
                let result = log.verify();
                let Err(Fault::Record { kind: Kind::Inserted, span, .. }) = result else {
                    panic!("{result:?}")
                };
                let at = at as u64;
                assert!(
                    span == Span::one(at) || (of as u64 + 1 == at && span == Span::one(at - 1))
                );
            }
        }
    }
}

#[test]
fn records_added_without_the_key_are_unsigned() {
    for batch in BATCHES {
        let mut log = Log::new(12, batch);
        log.rows.push(row(12, &entry(12)));
        log.rows.push(row(13, &entry(13)));
        assert_eq!(log.verify(), Err(Fault::Unsigned { first: 12, count: 2 }));
    }
}

#[test]
fn history_rewritten_with_recomputed_hashes_but_without_the_key_is_found() {
    for batch in BATCHES {
        for from in 0..12_u64 {
            let mut log = Log::new(12, batch);
            for at in from..12 {
                log.rows[at as usize] = row(at, &entry(at + 100));
            }
            let first = from / batch * batch;
            let span = Span { first, last: (first + batch - 1).min(11) };
            let kind = if batch == 1 { Kind::Changed } else { Kind::Rewritten };
            expect(log.verify(), kind, span);
        }
    }
}

#[test]
fn a_record_taken_out_with_all_later_ones_made_anew_is_found() {
    for batch in BATCHES {
        for out in 0..11_u64 {
            let mut log = Log::new(12, batch);
            log.rows.remove(out as usize);
            for at in out..11 {
                log.rows[at as usize] = row(at, &entry(at + 1));
            }
            match log.verify() {
                Err(Fault::Record { span, .. }) => assert!(span.first <= out && out <= span.last),
                // With one checkpoint for all there is nothing in between to compare with.
                Err(Fault::Cut { there: 11, covered: 12, .. }) => {
                    assert!(out / batch == 11 / batch)
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn history_rewritten_with_an_own_key_is_not_genuine() {
    for keep in 0..12 {
        let mut log = Log::new(12, 1);
        for at in keep..12 {
            log.rows[at] = row(at as u64, &entry(100));
        }
        let genuine: Vec<String> = log.database.drain(..keep).collect();
        log.resign(2);
        log.database = [genuine, log.database].concat();
        log.file.clear();
        let Err(Fault::Forged { list: List::Database, number, reason }) = log.verify() else {
            panic!("{:?}", log.verify())
        };
        assert_eq!(number, keep as u64 + 1);
        assert!(matches!(reason, CheckpointError::OtherKey(_)));
    }
}

#[test]
fn a_changed_byte_of_any_checkpoint_is_not_genuine() {
    let log = Log::new(3, 1);
    for byte in 0..log.database[1].len() {
        let mut log = log.clone();
        let mut text = log.database[1].clone().into_bytes();
        text[byte] ^= 1;
        log.database[1] = String::from_utf8_lossy(&text).into_owned();
        let result = log.verify();
        assert!(
            matches!(result, Err(Fault::Forged { list: List::Database, number: 2, .. })),
            "{byte}: {result:?}"
        );
    }
}

#[test]
fn an_old_database_put_back_is_found_by_the_saved_checkpoint() {
    let old = Log::new(8, 2);
    let today = Log::new(12, 2);
    let mut put_back = Log { saved: today.database.last().cloned(), ..old };
    assert_eq!(put_back.verify(), Err(Fault::Cut { there: 8, covered: 12, list: List::Saved }));
    put_back.file = today.file;
    put_back.saved = None;
    assert_eq!(put_back.verify(), Err(Fault::Cut { there: 8, covered: 12, list: List::File }));
}

#[test]
fn an_old_database_that_went_on_is_found_by_the_saved_checkpoint() {
    let today = Log::new(12, 1);
    let mut other = Log::new(8, 1);
    for at in 8..14 {
        other.rows.push(row(at, &entry(at + 50)));
        other.database.push(signed(&other.rows, at as usize + 1, 1));
    }
    other.file = other.database.clone();
    other.saved = today.database.last().cloned();
    let lists = (List::Database, List::Saved);
    assert_eq!(other.verify(), Err(Fault::Fork { size: 12, lists }));
    // Without a pair of one size, a later checkpoint contradicts the saved one.
    other.database.remove(11);
    other.file.clear();
    assert_eq!(other.verify(), Err(Fault::Fork { size: 12, lists }));
}

#[test]
fn two_signed_checkpoints_of_one_size_that_differ_are_a_fork() {
    let mut log = Log::new(5, 1);
    let mut other = Log::new(5, 1);
    other.rows[2] = row(2, &entry(77));
    log.file[3] = signed(&other.rows, 4, 1);
    let lists = (List::Database, List::File);
    assert_eq!(log.verify(), Err(Fault::Fork { size: 4, lists }));
    log.file.clear();
    log.database.insert(4, signed(&other.rows, 4, 1));
    let lists = (List::Database, List::Database);
    assert_eq!(log.verify(), Err(Fault::Fork { size: 4, lists }));
}

#[test]
fn a_signed_root_of_nothing_that_is_something_is_a_fork() {
    let mut log = Log::new(2, 1);
    let root = [9; 32];
    let checkpoint =
        cordon_ledger::Checkpoint { origin: crate::log::origin(), size: 0, root, at: None };
    log.saved = Some(checkpoint.sign(&signer(1)));
    assert!(matches!(log.verify(), Err(Fault::Fork { size: 0, .. })));
}

#[test]
fn a_rolled_back_list_of_checkpoints_is_named() {
    let mut log = Log::new(6, 1);
    let early = log.file[1].clone();
    log.file.push(early);
    let wanted = Fault::RolledBack { list: List::File, number: 7, size: 2, before: 6 };
    assert_eq!(log.verify(), Err(wanted));
}

#[test]
fn a_checkpoint_removed_from_the_database_is_named() {
    for size in 1..=6_u64 {
        let mut log = Log::new(6, 1);
        log.database.remove(size as usize - 1);
        assert_eq!(log.verify(), Err(Fault::CheckpointRemoved { size, list: List::File }));
    }
}

#[test]
fn a_checkpoint_of_another_ledger_is_not_genuine() {
    let other: Origin = "cordon/other".parse().unwrap();
    let log = Log::new(2, 1);
    let rows =
        log.rows.iter().map(|(index, record, leaf)| Row { index: *index, record, leaf: *leaf });
    let key: LogKey = signer(1).log_key(&other);
    let lists = log.database.iter().map(|text| (List::Database, text.as_str()));
    let Err(Fault::Forged { number: 1, reason, .. }) = verify(rows, lists, &key, &Ed25519) else {
        panic!()
    };
    assert!(matches!(reason, CheckpointError::OtherLedger { .. }));
}

#[test]
fn the_checkpoint_file_is_read_back_and_shows_where_it_was_cut() {
    let log = Log::new(4, 1);
    for between in ["", "\n"] {
        let text = log.file.join(between);
        assert_eq!(Notes::new(&text).collect::<Vec<_>>(), log.file);
        let torn = &text[..text.len() - 3];
        let notes: Vec<_> = Notes::new(torn).collect();
        assert_eq!(notes[..3], log.file[..3]);
        assert!(cordon_ledger::Checkpoint::parse(notes[3]).is_err());
    }
}

#[test]
fn faults_read_as_sentences_that_name_the_record() {
    let mut log = Log::new(6, 3);
    log.rows[4].1[3] ^= 1;
    let text = log.verify().unwrap_err().to_string();
    assert_eq!(text, "record 4 was changed; records before 3 are as signed");
    log.rows.truncate(2);
    log.rows.push(row(9, &entry(9)));
    let text = log.verify().unwrap_err().to_string();
    assert_eq!(text, "the records 2 to 5 were removed; records before 0 are as signed");
    assert_eq!(leaf_hash(b"").first(), Some(&0x6e));
}
