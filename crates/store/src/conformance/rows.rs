//! Rows that are put, replaced and dropped.

use std::sync::Arc;

use cordon_model::record::{Action, EventKind, FindingState};

use super::sample::{
    approval, change, credential, device, device_id, entry, event, finding, invite, person,
    session, token,
};
use super::{newest, put, refused};
use crate::state::{BODY_MAX, ENTRIES_MAX};
use crate::{EventFilter, FindingFilter, State, StoreError, Write};

pub(super) async fn what_is_put_is_loaded(state: Arc<dyn State>) {
    let empty = state.load().await.unwrap();
    assert_eq!(empty, crate::Snapshot::default());
    put(
        &state,
        vec![
            Write::PutDevice(Arc::new(device("b"))),
            Write::PutDevice(Arc::new(device("a"))),
            Write::PutFinding(Box::new(finding("f", "a", FindingState::Closed))),
            Write::PutPerson(person("anna")),
            Write::PutCredential(credential("key", "anna")),
            Write::PutSession(session(1, "anna")),
            Write::PutInvite(invite(2)),
            Write::PutToken(token("t", 3, "anna")),
            Write::PutApproval(Box::new(approval("request"))),
            Write::PutSetting { name: "tone".into(), value: "dark".into() },
            Write::PutCounter { name: "read".into(), value: i64::MIN },
        ],
    )
    .await;
    let all = state.load().await.unwrap();
    assert_eq!(all.devices, [device("a"), device("b")]);
    assert_eq!(all.findings, [finding("f", "a", FindingState::Closed)]);
    assert_eq!(all.people, [person("anna")]);
    assert_eq!(all.credentials, [credential("key", "anna")]);
    assert_eq!(all.sessions, [session(1, "anna")]);
    assert_eq!(all.invites, [invite(2)]);
    assert_eq!(all.tokens, [token("t", 3, "anna")]);
    assert_eq!(all.approvals, [approval("request")]);
    assert_eq!(all.settings.get("tone").unwrap(), "dark");
    assert_eq!(all.counters.get("read"), Some(&i64::MIN));
    assert_eq!(all.counters.len(), 1, "the store's own counters are not shown");
    assert_eq!(all.ledger.size, 0);
    assert!(state.size().await.unwrap() > 0);
}

pub(super) async fn a_put_replaces_and_a_drop_removes(state: Arc<dyn State>) {
    let mut changed = device("a");
    changed.own.notes = None;
    changed.imported = Some("leases".into());
    put(
        &state,
        vec![
            Write::PutDevice(Arc::new(device("a"))),
            Write::PutDevice(Arc::new(changed.clone())),
            Write::PutSetting { name: "tone".into(), value: "dark".into() },
            Write::PutCounter { name: "read".into(), value: 1 },
        ],
    )
    .await;
    put(
        &state,
        vec![
            Write::PutSetting { name: "tone".into(), value: "light".into() },
            Write::PutCounter { name: "read".into(), value: 2 },
        ],
    )
    .await;
    let all = state.load().await.unwrap();
    assert_eq!(all.devices, [changed]);
    assert_eq!(all.settings.get("tone").unwrap(), "light");
    assert_eq!(all.counters.get("read"), Some(&2));
    put(&state, vec![Write::DropDevice(device_id("a")), Write::DropSetting("tone".into())]).await;
    // What is not there can be dropped again: a repeated request does no harm.
    put(&state, vec![Write::DropDevice(device_id("a"))]).await;
    let all = state.load().await.unwrap();
    assert!(all.devices.is_empty() && all.settings.is_empty());
}

pub(super) async fn a_refused_commit_writes_nothing(state: Arc<dyn State>) {
    put(&state, vec![Write::PutPerson(person("anna"))]).await;
    let before = state.load().await.unwrap();
    let error = refused(
        &state,
        vec![
            Write::PutDevice(Arc::new(device("a"))),
            Write::AddEvent(event("a", 1, EventKind::Appeared)),
            Write::PutCredential(credential("key", "nobody")),
        ],
        vec![entry("system", Action::ServiceStart, "")],
    )
    .await;
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    assert_eq!(state.load().await.unwrap(), before);
    assert!(state.events(&EventFilter::default(), newest(10)).await.unwrap().rows.is_empty());
    assert!(state.ledger(0, 10).await.unwrap().is_empty());
}

pub(super) async fn a_forgotten_device_leaves_nothing_behind(state: Arc<dyn State>) {
    put(
        &state,
        vec![
            Write::PutDevice(Arc::new(device("secret"))),
            Write::PutDevice(Arc::new(device("other"))),
            Write::PutFinding(Box::new(finding("f1", "secret", FindingState::Open))),
            Write::PutFinding(Box::new(finding("f2", "other", FindingState::Open))),
            Write::AddEvent(event("secret", 1, EventKind::Appeared)),
            Write::AddEvent(event("other", 1, EventKind::Appeared)),
            Write::PutChange(Box::new(change(0, &["secret", "other"], &["other"]))),
            Write::PutChange(Box::new(change(1, &["other"], &["other"]))),
        ],
    )
    .await;
    put(&state, vec![Write::ForgetDevice(device_id("secret"))]).await;
    let all = state.load().await.unwrap();
    assert_eq!(all.devices, [device("other")]);
    assert_eq!(all.findings.len(), 1);
    let events = state.events(&EventFilter::default(), newest(10)).await.unwrap();
    assert_eq!(events.rows.len(), 1);
    let changes = state.changes(None, newest(10)).await.unwrap();
    assert_eq!(changes.rows, [change(1, &["other"], &["other"])]);
}

pub(super) async fn what_is_too_large_is_refused(state: Arc<dyn State>) {
    let mut huge = device("a");
    huge.imported = Some("x".repeat(BODY_MAX).into());
    let error = refused(&state, vec![Write::PutDevice(Arc::new(huge))], Vec::new()).await;
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    let entries = vec![entry("system", Action::ServiceStart, ""); ENTRIES_MAX + 1];
    let error = refused(&state, Vec::new(), entries).await;
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    let mut last = change(u64::MAX, &[], &[]);
    let error = refused(&state, vec![Write::PutChange(Box::new(last.clone()))], Vec::new()).await;
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    last.id = 7;
    put(&state, vec![Write::PutChange(Box::new(last))]).await;
    assert_eq!(state.load().await.unwrap().next_change, 8);
}

pub(super) async fn findings_are_filtered_and_paged(state: Arc<dyn State>) {
    let mut all = Vec::new();
    for number in 0..25 {
        let device = if number % 5 == 0 { "a" } else { "b" };
        let state = if number % 2 == 0 { FindingState::Open } else { FindingState::Closed };
        all.push(finding(&format!("f{number:02}"), device, state));
    }
    put(&state, all.iter().cloned().map(Box::new).map(Write::PutFinding).collect()).await;
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = state.findings(&FindingFilter::default(), after.as_ref(), 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        read.extend(page);
    }
    assert_eq!(read, all);
    let wanted = FindingFilter { device: Some(device_id("a")), state: Some(FindingState::Open) };
    let found = state.findings(&wanted, None, 100).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|finding| finding.id.0.as_str()).collect();
    assert_eq!(ids, ["f00", "f10", "f20"]);
}
