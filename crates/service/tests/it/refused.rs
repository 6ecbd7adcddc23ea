//! What somebody may not do is refused, and in the ledger.

use std::sync::Arc;
use std::time::Duration;

use cordon_model::record::{PersonId, Role, Scope};
use cordon_service::view::{DeviceQuery, LedgerRow, NewToken};
use cordon_service::{Caller, ProblemKind, Site, Who};

use crate::scene::{How, Running, TestClock, root, until};

fn viewer() -> Caller {
    Caller {
        who: Who::Person {
            id: PersonId("eve".into()),
            name: "Eve".to_owned(),
            role: Role::Viewer,
            session: [0; 32],
            csrf: String::new(),
            fresh: true,
        },
        from: Some("192.0.2.66".parse().unwrap()),
    }
}

fn token() -> Caller {
    let owner = PersonId("ada".into());
    let who = Who::Token { id: "t1".to_owned(), owner, role: Role::Admin, scope: Scope::Read };
    Caller { who, from: None }
}

fn refused(site: &Running) -> Vec<LedgerRow> {
    let page = site.runtime.block_on(site.engine.ledger(&root(), None, 500)).unwrap();
    page.items.into_iter().filter(|row| row.action == "action.refused").collect()
}

fn detail<'a>(row: &'a LedgerRow, name: &str) -> &'a str {
    row.detail.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

#[test]
fn a_refused_action_is_in_the_ledger_and_a_flood_of_it_is_one_entry_with_its_number() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let site = Running::begin(folder.path(), &clock, How::default());
    let back_up = |caller: &Caller| {
        let refused = site.runtime.block_on(site.engine.backup(caller, "mine", None)).unwrap_err();
        assert_eq!(refused.kind, ProblemKind::Forbidden);
    };
    back_up(&viewer());
    until("the entry", || refused(&site).len() == 1);
    let first = refused(&site).remove(0);
    assert_eq!(first.actor, "person:eve");
    assert_eq!(detail(&first, "action"), "backup.make");
    assert_eq!(detail(&first, "from"), "192.0.2.66");

    (0..500).for_each(|_| back_up(&viewer()));
    back_up(&token());
    until("the other's entry", || refused(&site).len() == 2);
    assert_eq!(refused(&site)[0].actor, "token:t1");
    clock.pass(Duration::from_secs(61));
    back_up(&viewer());
    until("the flood's entry", || refused(&site).len() == 3);
    assert_eq!(detail(&refused(&site)[0], "count"), "501");

    // What waits is written at the end.
    back_up(&viewer());
    back_up(&viewer());
    site.end();
    let site = Running::begin(folder.path(), &clock, How::default());
    assert_eq!(detail(&refused(&site)[0], "count"), "2");
    site.end();
}

#[test]
fn refusals_that_no_policy_makes_are_entries_too_and_looking_makes_none() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let site = Running::begin(folder.path(), &clock, How::default());
    site.engine.today(&viewer()).unwrap();
    site.engine.devices(&viewer(), &DeviceQuery::default()).unwrap();
    site.engine.people(&viewer()).unwrap();
    site.engine.approvals(&viewer()).unwrap();
    let new = NewToken { label: "x".to_owned(), scope: "read".to_owned(), days: 1 };
    let made = site.runtime.block_on(site.engine.create_token(&token(), &new)).unwrap_err();
    assert_eq!(made.kind, ProblemKind::Forbidden);
    site.engine.people(&token()).unwrap_err();
    until("both entries", || refused(&site).len() == 2);
    site.end();
}
