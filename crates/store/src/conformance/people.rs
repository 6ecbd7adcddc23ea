//! People and what they hold: what may happen only once happens only once.

use std::sync::Arc;

use cordon_model::record::{PersonId, Verdict};

use super::sample::{approval, at, credential, invite, person, session, token};
use super::{newest, put, refused};
use crate::{Commit, State, StoreError, Write};

pub(super) async fn an_invitation_works_once(state: Arc<dyn State>) {
    put(&state, vec![Write::PutInvite(invite(1))]).await;
    let mut tries = Vec::new();
    for number in 0..8 {
        let state = state.clone();
        let enrolled = person(&format!("person {number}"));
        tries.push(tokio::spawn(async move {
            let writes = vec![Write::PutPerson(enrolled), Write::TakeInvite([1; 32])];
            state.commit(Commit { writes, entries: Vec::new() }).await
        }));
    }
    let mut won = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert!(matches!(error, StoreError::Conflict(_)), "{error}"),
        }
    }
    assert_eq!(won, 1);
    let all = state.load().await.unwrap();
    assert_eq!(all.people.len(), 1, "nobody else came in");
    assert!(all.invites.is_empty());
}

pub(super) async fn a_decided_request_stays_decided(state: Arc<dyn State>) {
    put(&state, vec![Write::PutApproval(Box::new(approval("r")))]).await;
    let mut refusal = approval("r");
    refusal.decided = Some((Verdict::Refused, PersonId("bea".into()), at(3)));
    put(&state, vec![Write::PutApproval(Box::new(refusal.clone()))]).await;
    let mut approved = approval("r");
    approved.decided = Some((Verdict::Approved, PersonId("carl".into()), at(4)));
    for late in [approved, approval("r")] {
        let error = refused(&state, vec![Write::PutApproval(Box::new(late))], Vec::new()).await;
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    }
    assert!(state.load().await.unwrap().approvals.is_empty(), "only open ones are loaded");
    let page = state.approvals(newest(10)).await.unwrap();
    assert_eq!(page.rows.into_iter().map(|row| row.row).collect::<Vec<_>>(), [refusal]);
}

pub(super) async fn an_ended_session_stays_ended(state: Arc<dyn State>) {
    put(
        &state,
        vec![
            Write::PutPerson(person("anna")),
            Write::PutSession(session(1, "anna")),
            Write::PutSession(session(2, "anna")),
        ],
    )
    .await;
    put(&state, vec![Write::EndSession { hash: [1; 32], at: at(7) }]).await;
    // A request that was under way says that the session was used; that does not revive it.
    put(&state, vec![Write::PutSession(session(1, "anna"))]).await;
    put(&state, vec![Write::EndSession { hash: [1; 32], at: at(8) }]).await;
    assert_eq!(state.load().await.unwrap().sessions, [session(2, "anna")]);
    let anna = PersonId("anna".into());
    let past = state.past_sessions(Some(&anna), newest(10)).await.unwrap();
    assert_eq!(past.rows.len(), 1);
    assert_eq!(past.rows[0].row.ended, at(7), "the first end counts");
    let other = PersonId("bea".into());
    assert!(state.past_sessions(Some(&other), newest(10)).await.unwrap().rows.is_empty());
}

pub(super) async fn a_person_goes_with_what_they_sign_in_with(state: Arc<dyn State>) {
    put(
        &state,
        vec![
            Write::PutPerson(person("anna")),
            Write::PutPerson(person("bea")),
            Write::PutCredential(credential("a", "anna")),
            Write::PutCredential(credential("b", "bea")),
            Write::PutSession(session(1, "anna")),
            Write::PutToken(token("t", 2, "anna")),
        ],
    )
    .await;
    put(&state, vec![Write::DropPerson(PersonId("anna".into()))]).await;
    let all = state.load().await.unwrap();
    assert_eq!(all.people, [person("bea")]);
    assert_eq!(all.credentials, [credential("b", "bea")]);
    assert!(all.sessions.is_empty() && all.tokens.is_empty());
    put(&state, vec![Write::DropCredential("b".into())]).await;
    assert!(state.load().await.unwrap().credentials.is_empty());
}

pub(super) async fn names_and_token_hashes_are_unique(state: Arc<dyn State>) {
    put(&state, vec![Write::PutPerson(person("anna")), Write::PutToken(token("t", 1, "anna"))])
        .await;
    let mut double = person("other id");
    double.name = "anna".into();
    let error = refused(&state, vec![Write::PutPerson(double)], Vec::new()).await;
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    let error = refused(&state, vec![Write::PutToken(token("u", 1, "anna"))], Vec::new()).await;
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    put(&state, vec![Write::DropToken("t".into()), Write::PutToken(token("u", 1, "anna"))]).await;
    assert_eq!(state.load().await.unwrap().tokens, [token("u", 1, "anna")]);
}

pub(super) async fn a_closed_store_says_so(state: Arc<dyn State>) {
    put(&state, vec![Write::PutPerson(person("anna"))]).await;
    state.close().await.unwrap();
    let late = vec![Write::PutPerson(person("bea"))];
    assert_eq!(refused(&state, late, Vec::new()).await, StoreError::Closed);
    assert_eq!(state.load().await.unwrap_err(), StoreError::Closed);
    assert_eq!(state.close().await.unwrap_err(), StoreError::Closed);
}
