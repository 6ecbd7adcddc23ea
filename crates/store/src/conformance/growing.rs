//! Lists that grow: events, changes, the ledger; and what is removed from them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cordon_model::record::{Action, DataClass, EventKind, FindingState, Verdict};

use super::sample::{
    approval, at, change, device, device_id, entry, event, finding, invite, person, session, token,
};
use super::{newest, put};
use crate::{Before, Commit, EventFilter, LEAVES_MAX, LedgerFilter, State, Write};

pub(super) async fn events_are_paged_without_a_gap_while_others_come(state: Arc<dyn State>) {
    let add = |seconds| Write::AddEvent(event("a", seconds, EventKind::Appeared));
    put(&state, (0..25).map(add).collect()).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page =
            state.events(&EventFilter::default(), Before { before, limit: 10 }).await.unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.row.at));
        // Newer ones come in the meantime; they do not move the pages.
        put(&state, vec![add(100)]).await;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).rev().map(at).collect::<Vec<_>>());
    put(&state, vec![Write::AddEvent(event("b", 50, EventKind::Silent))]).await;
    let wanted = EventFilter {
        devices: vec![device_id("b"), device_id("c")],
        kinds: vec![EventKind::Silent],
        since: Some(at(50)),
    };
    let found = state.events(&wanted, newest(10)).await.unwrap();
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].row, event("b", 50, EventKind::Silent));
    let later = EventFilter { since: Some(at(51)), ..wanted };
    assert!(state.events(&later, newest(10)).await.unwrap().rows.is_empty());
}

pub(super) async fn changes_are_found_by_every_device_they_touch(state: Arc<dyn State>) {
    let joined = change(0, &["a", "b"], &["a"]);
    let named = change(1, &["c"], &["c"]);
    put(
        &state,
        vec![Write::PutChange(Box::new(joined.clone())), Write::PutChange(Box::new(named.clone()))],
    )
    .await;
    for id in ["a", "b"] {
        let found = state.changes(Some(&device_id(id)), newest(10)).await.unwrap();
        assert_eq!(found.rows, std::slice::from_ref(&joined));
    }
    let mut undone = joined;
    undone.undone = true;
    put(&state, vec![Write::PutChange(Box::new(undone.clone()))]).await;
    assert_eq!(state.change(0).await.unwrap(), Some(undone.clone()));
    assert_eq!(state.change(9).await.unwrap(), None);
    assert_eq!(state.changes(None, newest(10)).await.unwrap().rows, [named, undone]);
}

pub(super) async fn a_number_is_never_given_twice(state: Arc<dyn State>) {
    put(
        &state,
        vec![
            Write::PutChange(Box::new(change(4, &["a"], &["a"]))),
            Write::AddEvent(event("a", 1, EventKind::Appeared)),
        ],
    )
    .await;
    let first = state.events(&EventFilter::default(), newest(1)).await.unwrap().rows[0].number;
    put(&state, vec![Write::ForgetDevice(device_id("a"))]).await;
    assert_eq!(state.load().await.unwrap().next_change, 5, "a link to change 4 stays dead");
    put(&state, vec![Write::AddEvent(event("b", 1, EventKind::Appeared))]).await;
    let second = state.events(&EventFilter::default(), newest(1)).await.unwrap().rows[0].number;
    assert!(second > first);
}

pub(super) async fn the_ledger_is_gapless_and_signed(state: Arc<dyn State>) {
    let mut committed = Vec::new();
    for number in 0_u64..5 {
        let entries = vec![entry("system", Action::SettingChange, "x"); 3];
        let done = state.commit(Commit { writes: Vec::new(), entries }).await.unwrap();
        assert_eq!((done.first_index, done.size), (3 * number, 3 * number + 3));
        committed.push(done);
    }
    let without = put(&state, vec![Write::PutDevice(Arc::new(device("a")))]).await;
    assert_eq!(without.first_index, 15);
    assert_eq!(without.checkpoint_text, committed[4].checkpoint_text);
    let rows = state.ledger(0, 100).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.index).collect::<Vec<_>>(), (0..15).collect::<Vec<_>>());
    let leaves = state.leaf_hashes(2..7).await.unwrap();
    assert_eq!(leaves, rows[2..7].iter().map(|row| row.leaf).collect::<Vec<_>>());
    assert!(state.leaf_hashes(15..99).await.unwrap().is_empty());
    const { assert!(LEAVES_MAX >= 1_000) };
    let signed = state.checkpoints(0..u64::MAX).await.unwrap();
    assert_eq!(signed.iter().map(|row| row.size).collect::<Vec<_>>(), [3, 6, 9, 12, 15]);
    assert_eq!(signed[4].text, committed[4].checkpoint_text);
    assert_eq!(state.checkpoints(4..9).await.unwrap().len(), 1);
    let head = state.load().await.unwrap().ledger;
    assert_eq!((head.size, head.checkpoint), (15, committed[4].checkpoint_text.clone()));
}

pub(super) async fn many_at_once_each_get_their_own_places(state: Arc<dyn State>) {
    let mut tasks = Vec::new();
    for task in 0..32 {
        let state = state.clone();
        tasks.push(tokio::spawn(async move {
            let mut got = Vec::new();
            for _ in 0..10 {
                let entries = vec![entry(&format!("person:{task}"), Action::SiteView, "x"); 2];
                let writes = vec![Write::PutCounter { name: "n".into(), value: task }];
                let done = state.commit(Commit { writes, entries }).await.unwrap();
                assert!(done.size >= done.first_index + 2, "the checkpoint speaks for it");
                got.push(done.first_index);
            }
            (task, got)
        }));
    }
    let mut places = BTreeSet::new();
    for task in tasks {
        let (task, got) = task.await.unwrap();
        for index in got {
            let rows = state.ledger(index, 2).await.unwrap();
            let text = String::from_utf8_lossy(&rows[1].record).into_owned();
            assert!(text.contains(&format!("person:{task}\"")), "{text}");
            assert!(places.insert(index));
        }
    }
    assert_eq!(places.into_iter().collect::<Vec<_>>(), (0..640).step_by(2).collect::<Vec<_>>());
    assert_eq!(state.leaf_hashes(0..u64::MAX).await.unwrap().len(), 640);
}

pub(super) async fn the_ledger_is_searched(state: Arc<dyn State>) {
    let entries = vec![
        entry("person:anna", Action::SettingChange, "tone"),
        entry("person:bea", Action::SettingChange, "tone"),
        entry("person:anna", Action::SiteView, ""),
    ];
    state.commit(Commit { writes: Vec::new(), entries }).await.unwrap();
    let find = async |wanted: LedgerFilter| {
        let page = state.ledger_search(&wanted, newest(10)).await.unwrap();
        page.rows.iter().map(|row| row.index).collect::<Vec<_>>()
    };
    assert_eq!(find(LedgerFilter::default()).await, [2, 1, 0]);
    let anna = LedgerFilter { actor: Some("person:anna".into()), ..LedgerFilter::default() };
    assert_eq!(find(anna.clone()).await, [2, 0]);
    assert_eq!(find(LedgerFilter { action: Some(Action::SettingChange), ..anna }).await, [0]);
    let tone = LedgerFilter { subject: Some("tone".into()), ..LedgerFilter::default() };
    assert_eq!(find(tone).await, [1, 0]);
    let first = state.ledger_search(&LedgerFilter::default(), newest(2)).await.unwrap();
    assert_eq!(first.next, Some(1));
    let rest = Before { before: first.next, limit: 2 };
    let rest = state.ledger_search(&LedgerFilter::default(), rest).await.unwrap();
    assert_eq!((rest.rows[0].index, rest.next), (0, None));
}

pub(super) async fn what_is_past_its_time_is_removed_and_nothing_else(state: Arc<dyn State>) {
    let mut decided = approval("decided");
    decided.decided = Some((Verdict::Approved, person("bea").id, at(0)));
    let mut later = session(3, "anna");
    later.expires = at(100_000);
    let mut good = token("good", 4, "anna");
    good.expires = at(100_000);
    let mut young = finding("young", "a", FindingState::Closed);
    young.last = at(9_000);
    let mut open = approval("open");
    open.expires = at(100_000);
    let writes = vec![
        Write::PutDevice(Arc::new(device("a"))),
        Write::AddEvent(event("a", 0, EventKind::Appeared)),
        Write::AddEvent(event("a", 9_000, EventKind::Silent)),
        Write::PutChange(Box::new(change(0, &["a"], &["a"]))),
        Write::PutPerson(person("anna")),
        Write::PutSession(session(1, "anna")),
        Write::PutSession(session(2, "anna")),
        Write::EndSession { hash: [2; 32], at: at(2) },
        Write::PutSession(later.clone()),
        Write::PutInvite(invite(1)),
        Write::PutToken(token("old", 1, "anna")),
        Write::PutToken(good.clone()),
        Write::PutApproval(Box::new(decided)),
        Write::PutApproval(Box::new(approval("ran out"))),
        Write::PutApproval(Box::new(open.clone())),
        Write::PutFinding(Box::new(finding("old", "a", FindingState::Closed))),
        Write::PutFinding(Box::new(young.clone())),
        Write::PutFinding(Box::new(finding("still", "a", FindingState::Open))),
    ];
    let entries = vec![entry("system", Action::ServiceStart, "")];
    state.commit(Commit { writes, entries }).await.unwrap();
    let hour = Duration::from_secs(3_600);
    let all: Vec<_> = DataClass::ALL.iter().map(|class| (*class, hour)).collect();

    let told =
        || Commit { writes: Vec::new(), entries: vec![entry("system", Action::RetentionRun, "")] };
    let early = state.retire(at(3_600), &all, told()).await.unwrap();
    assert_eq!(early.total(), 0, "an hour is not over: {early:?}");
    assert!(!early.entered, "nothing was done, so nothing is told");
    let retired = state.retire(at(10_000), &all, told()).await.unwrap();
    assert!(retired.entered);
    let count = |class| retired.removed.iter().find(|(of, _)| *of == class).map(|(_, rows)| *rows);
    assert_eq!(count(DataClass::DeviceHistory), Some(2));
    assert_eq!(count(DataClass::Sessions), Some(2));
    assert_eq!(count(DataClass::Invites), Some(1));
    assert_eq!(count(DataClass::Tokens), Some(1));
    assert_eq!(count(DataClass::Approvals), Some(2));
    assert_eq!(count(DataClass::ClosedFindings), Some(1));
    assert_eq!(count(DataClass::Ledger), None, "the ledger stays");
    assert_eq!(count(DataClass::Flows), None, "they lie elsewhere");

    let left = state.load().await.unwrap();
    assert_eq!(left.devices, [device("a")]);
    assert_eq!(left.sessions, [later]);
    assert_eq!(left.tokens, [good]);
    assert_eq!(left.approvals, [open]);
    assert_eq!(left.findings, [finding("still", "a", FindingState::Open), young]);
    assert_eq!(left.ledger.size, 2);
    let row = state.ledger(1, 1).await.unwrap().remove(0);
    let (_, entry) = cordon_ledger::decode(&row.record).unwrap();
    assert_eq!(entry.detail.get("rows").map(|rows| &**rows), Some("9"), "it says how many");
    assert_eq!(state.events(&EventFilter::default(), newest(10)).await.unwrap().rows.len(), 1);
    assert!(state.changes(None, newest(10)).await.unwrap().rows.is_empty());
    assert_eq!(state.retire(at(10_000), &all, told()).await.unwrap().total(), 0);
    let also = Commit { writes: vec![Write::DropDevice(device("a").id)], entries: told().entries };
    assert!(state.retire(at(10_000), &all, also).await.unwrap().entered);
    let left = state.load().await.unwrap();
    assert!(left.devices.is_empty(), "what comes with it is written");
    assert_eq!(left.ledger.size, 3);
}
