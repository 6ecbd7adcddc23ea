//! What every store has to do. A backend's tests call [`run`] with a way to make an empty store.
//!
//! The suite panics where a store does not keep its word, as tests do.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test suite that lies in a library, so that each backend can call it"
)]

mod contracts;
mod growing;
mod people;
mod rows;
pub mod sample;

use std::sync::Arc;

use cordon_model::record::Entry;

use crate::{Before, Commit, Committed, State, StoreError, Write};

/// Runs everything, each check on a store of its own.
pub async fn run<F>(make: impl Fn() -> F)
where
    F: Future<Output = Arc<dyn State>>,
{
    rows::what_is_put_is_loaded(make().await).await;
    rows::a_put_replaces_and_a_drop_removes(make().await).await;
    rows::a_refused_commit_writes_nothing(make().await).await;
    rows::a_forgotten_device_leaves_nothing_behind(make().await).await;
    rows::what_is_too_large_is_refused(make().await).await;
    rows::findings_are_filtered_and_paged(make().await).await;
    contracts::what_stands_is_loaded_and_goes_with_its_device(make().await).await;
    contracts::steps_are_found_by_every_device_they_touch(make().await).await;
    people::an_invitation_works_once(make().await).await;
    people::a_decided_request_stays_decided(make().await).await;
    people::an_ended_session_stays_ended(make().await).await;
    people::a_person_goes_with_what_they_sign_in_with(make().await).await;
    people::names_and_token_hashes_are_unique(make().await).await;
    people::a_closed_store_says_so(make().await).await;
    growing::events_are_paged_without_a_gap_while_others_come(make().await).await;
    growing::changes_are_found_by_every_device_they_touch(make().await).await;
    growing::a_number_is_never_given_twice(make().await).await;
    growing::the_ledger_is_gapless_and_signed(make().await).await;
    growing::many_at_once_each_get_their_own_places(make().await).await;
    growing::the_ledger_is_searched(make().await).await;
    growing::what_is_past_its_time_is_removed_and_nothing_else(make().await).await;
}

async fn put(state: &Arc<dyn State>, writes: Vec<Write>) -> Committed {
    state.commit(Commit { writes, entries: Vec::new() }).await.unwrap()
}

async fn refused(state: &Arc<dyn State>, writes: Vec<Write>, entries: Vec<Entry>) -> StoreError {
    state.commit(Commit { writes, entries }).await.unwrap_err()
}

fn newest(limit: usize) -> Before {
    Before { before: None, limit }
}
