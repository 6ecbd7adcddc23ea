//! Contracts, proposals and steps.

use std::sync::Arc;

use super::sample::{device, device_id, proposal, standing, step};
use super::{newest, put};
use crate::{State, Write};

pub(super) async fn what_stands_is_loaded_and_goes_with_its_device(state: Arc<dyn State>) {
    put(
        &state,
        vec![
            Write::PutDevice(Arc::new(device("secret"))),
            Write::PutStanding(Arc::new(standing("secret"))),
            Write::PutStanding(Arc::new(standing("other"))),
            Write::PutProposal(Arc::new(proposal("secret"))),
            Write::PutProposal(Arc::new(proposal("joined"))),
            Write::PutStep(Arc::new(step(0, &["secret", "other"]))),
            Write::PutStep(Arc::new(step(1, &["other"]))),
        ],
    )
    .await;
    let all = state.load().await.unwrap();
    assert_eq!(all.standings, [standing("other"), standing("secret")]);
    assert_eq!(all.proposals, [proposal("joined"), proposal("secret")]);
    assert_eq!(all.steps, [step(0, &["secret", "other"]), step(1, &["other"])]);
    assert_eq!(all.next_step, 2);
    put(&state, vec![Write::DropContract(device_id("joined"))]).await;
    put(&state, vec![Write::ForgetDevice(device_id("secret"))]).await;
    let all = state.load().await.unwrap();
    assert_eq!(all.standings, [standing("other")]);
    assert!(all.proposals.is_empty());
    assert_eq!(all.steps, [step(1, &["other"])]);
    assert_eq!(all.next_step, 2, "a number is never given twice");
}

pub(super) async fn steps_are_found_by_every_device_they_touch(state: Arc<dyn State>) {
    let steps = (0..5).map(|id| {
        let devices: &[&str] = if id == 2 { &["a", "b"] } else { &["a"] };
        Write::PutStep(Arc::new(step(id, devices)))
    });
    put(&state, steps.collect()).await;
    let ids = |page: crate::Page<cordon_contract::book::Step>| -> Vec<u64> {
        page.rows.iter().map(|step| step.id).collect()
    };
    let all = state.steps(None, newest(3)).await.unwrap();
    assert_eq!(all.next, Some(2));
    assert_eq!(ids(all), [4, 3, 2]);
    let of_b = state.steps(Some(&device_id("b")), newest(10)).await.unwrap();
    assert_eq!(ids(of_b), [2]);
    let of_a = state.steps(Some(&device_id("a")), newest(10)).await.unwrap();
    assert_eq!(ids(of_a), [4, 3, 2, 1, 0]);
}
