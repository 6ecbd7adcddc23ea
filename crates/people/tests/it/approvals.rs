//! A second person's yes.

use std::time::Duration;

use cordon_model::record::{Action, Approval, Verdict};
use cordon_people::approval::{self, ApprovalState, Ask, AskError, DecideError};

use crate::{NOW, after, person};

const ASK: Ask<'static> = Ask {
    action: Action::DeviceForget,
    subject: "pump 7",
    request: r#"{"device":"pump 7"}"#,
    reason: "scrapped",
};

fn asked(by: &cordon_model::record::Person) -> Approval {
    approval::ask(&ASK, &by.id, approval::LASTS, NOW).unwrap()
}

#[test]
fn another_person_approves_and_the_request_stays_as_it_was_asked() {
    let (anna, berta) = (person("Anna"), person("Berta"));
    let open = asked(&anna);
    let decided = approval::decide(&open, Verdict::Approved, &berta.id, true, after(60)).unwrap();
    assert_eq!(approval::state(&decided, after(60)), ApprovalState::Approved);
    assert_eq!(Approval { decided: None, ..decided.clone() }, open);
    assert_eq!(decided.decided, Some((Verdict::Approved, berta.id, after(60))));
}

#[test]
fn nobody_approves_their_own_request_whatever_the_policies_say() {
    let anna = person("Anna");
    let open = asked(&anna);
    for verdict in [Verdict::Approved, Verdict::Refused] {
        let error = approval::decide(&open, verdict, &anna.id, true, after(1)).unwrap_err();
        assert_eq!(error, DecideError::OwnRequest);
    }
}

#[test]
fn who_may_not_decide_does_not() {
    let (anna, berta) = (person("Anna"), person("Berta"));
    let error = approval::decide(&asked(&anna), Verdict::Approved, &berta.id, false, NOW);
    assert_eq!(error.unwrap_err(), DecideError::MayNot);
}

#[test]
fn a_request_is_decided_once() {
    let (anna, berta, carla) = (person("Anna"), person("Berta"), person("Carla"));
    for verdict in [Verdict::Approved, Verdict::Refused] {
        let decided = approval::decide(&asked(&anna), verdict, &berta.id, true, NOW).unwrap();
        for again in [Verdict::Approved, Verdict::Refused] {
            let error = approval::decide(&decided, again, &carla.id, true, NOW).unwrap_err();
            assert_eq!(error, DecideError::Decided);
        }
    }
}

#[test]
fn an_expired_request_is_not_approved() {
    let (anna, berta) = (person("Anna"), person("Berta"));
    let open = asked(&anna);
    let late = after(24 * 3600);
    assert_eq!(approval::state(&open, late), ApprovalState::Expired);
    let error = approval::decide(&open, Verdict::Approved, &berta.id, true, late).unwrap_err();
    assert_eq!(error, DecideError::Expired);
    let long = approval::ask(&ASK, &anna.id, Duration::MAX, NOW).unwrap();
    assert_eq!(long.expires, NOW.plus(approval::LONGEST));
}

#[test]
fn a_request_has_a_reason_and_a_bounded_size() {
    let anna = person("Anna");
    let ask = |ask: &Ask<'_>| approval::ask(ask, &anna.id, approval::LASTS, NOW).map(|_| ());
    assert_eq!(ask(&Ask { reason: "  ", ..ASK }), Err(AskError::Reason));
    assert_eq!(ask(&Ask { reason: &"x".repeat(501), ..ASK }), Err(AskError::Reason));
    assert_eq!(ask(&Ask { request: &"x".repeat(16_385), ..ASK }), Err(AskError::TooLong));
}
