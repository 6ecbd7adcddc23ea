//! Wrong clocks: a year ahead, a year back, 1970, and packets of every time.

use std::sync::Arc;
use std::time::Duration;

use cordon_history::History as _;
use cordon_lab::Frame;
use cordon_model::Timestamp;
use cordon_service::Site;
use cordon_service::clock::Clock;
use cordon_service::view::{FlowSearch, NewInvite};

use crate::scene::{DAY, How, Running, TestClock, frames, root, to_now, until, visit};

fn live() -> How {
    How { live: true, ..How::default() }
}

fn flows(site: &Running) -> u64 {
    let sizes = site.history.sizes().unwrap();
    sizes.iter().filter(|size| size.table == "flows").map(|size| size.rows).sum()
}

/// Some devices are known only once they were heard twice, or by flows that end after minutes of
/// silence.
fn hear_all(site: &mut Running) {
    for _ in 0..2 {
        site.play(frames(), to_now(&site.clock.clone()));
        site.settle();
        site.clock.pass(Duration::from_secs(400));
        site.settle();
    }
}

fn secret(site: &Running) -> String {
    let new = NewInvite { role: "viewer".to_owned(), hours: None };
    let link = site.runtime.block_on(site.engine.invite(&root(), &new)).unwrap();
    link.url.rsplit(['/', '=']).next().unwrap().to_owned()
}

#[test]
fn a_clock_a_year_ahead_removes_nothing_until_it_has_stood_for_a_week() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, live());
    hear_all(&mut site);
    let link = secret(&site);
    until("flows on disk", || flows(&site) > 10);
    let (kept, known) = (flows(&site), site.devices().len());

    clock.set(365);
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert!(flows(&site) >= kept, "flows went because of a clock");
    let warning = site.check("clock").unwrap();
    assert!(warning.says.contains("365 days"), "{warning:?}");
    assert!(site.engine.enrolment(&visit(), &link).is_err(), "its day is over by this clock");
    until("its clock is heard of", || site.engine.today(&root()).unwrap().now.starts_with("202"));
    let events = site.runtime.block_on(site.engine.timeline(&root(), None, None, 500)).unwrap();
    assert!(!events.items.iter().any(|event| event.kind.contains("silent")), "all fell silent");
    site.end();

    // A restart believes it no more than before.
    let mut site = Running::begin(folder.path(), &clock, live());
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert!(flows(&site) >= kept, "flows went because of a clock and a restart");
    assert!(site.check("clock").is_some());

    clock.set(-365);
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert!(site.check("clock").is_none(), "it is right again");
    site.engine.enrolment(&visit(), &link).expect("the invitation came through");
    site.play(frames(), to_now(&clock));
    until("all are heard again", || {
        site.devices().iter().filter(|device| device.online).count() + 3 > known
    });
    assert_eq!(site.devices().len(), known, "nobody is new");

    // And if it really is a year later, it is so after a week.
    clock.set(365);
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert!(flows(&site) >= kept);
    assert!(!site.ledger().contains(&"retention.run".to_owned()));
    clock.pass(DAY * 8);
    let year = clock.now().to_string()[..4].to_owned();
    until("the new time", || site.engine.today(&root()).unwrap().now.starts_with(&year));
    // The history waits besides until rows of two days say so.
    for days in 1..=2 {
        site.runtime.block_on(site.engine.retire()).unwrap();
        assert!(flows(&site) >= kept, "one day said so");
        site.play(frames(), to_now(&clock));
        site.settle();
        clock.pass(DAY);
        until("flows of the new time", || {
            let sizes = site.history.sizes().unwrap();
            let new: std::collections::BTreeSet<String> =
                sizes.iter().map(|size| size.day.to_string()).collect();
            new.iter().filter(|day| day.starts_with(&year)).count() >= days
        });
    }
    site.runtime.block_on(site.engine.retire()).unwrap();
    assert_eq!(site.ledger()[0], "retention.run");
    let oldest = site.history.sizes().unwrap().into_iter().map(|size| size.day.to_string()).min();
    assert!(oldest.is_none_or(|day| day.starts_with(&year)), "retention works");
    assert!(site.check("clock").is_none());
    site.end();
}

#[test]
fn a_clock_set_back_makes_no_old_sign_in_or_link_last_longer() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, live());
    hear_all(&mut site);
    let (link, known) = (secret(&site), site.devices().len());
    site.engine.enrolment(&visit(), &link).unwrap();
    for days in [-365, -20_000] {
        clock.set(days);
        assert!(site.engine.enrolment(&visit(), &link).is_err(), "{days}");
        site.runtime.block_on(site.engine.retire()).unwrap();
        let shift = to_now(&clock);
        site.play(frames(), shift);
        until("heard in the new time", || {
            let now = clock.now();
            site.devices().iter().filter(|device| device.online).count() > known / 2
                && site.engine.today(&root()).unwrap().now[..4] == now.to_string()[..4]
        });
        assert_eq!(site.devices().len(), known, "nobody is new");
    }
    assert_eq!(site.check("clock").unwrap().verdict, "bad", "1971");
    // Where flows of the wrong time lie, the wrong day's folder is.
    clock.pass(Duration::from_secs(400));
    until("flows of both times", || {
        let sizes = site.history.sizes().unwrap();
        let years: std::collections::BTreeSet<String> =
            sizes.iter().map(|size| size.day.to_string()[..4].to_owned()).collect();
        years.len() >= 2
    });
    clock.set(20_365);
    site.engine.enrolment(&visit(), &link).expect("the clock is right again");
    site.end();
}

#[test]
fn a_recording_with_times_from_1970_to_2262_neither_stops_nor_removes_anything() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How::default());
    let shift = to_now(&clock);
    site.play(frames(), shift);
    until("devices", || site.devices().len() > 5);
    let now = site.engine.today(&root()).unwrap().now[..10].to_owned();
    // Every tenth packet says that it is of another century.
    let times = [0, i64::MAX, i64::MAX / 2, 1, -1, i64::MIN];
    let absurd: Vec<Frame> = frames()
        .iter()
        .enumerate()
        .map(|(number, frame)| match number % 10 {
            3 => Frame {
                at: Timestamp::from_nanos(times[number / 10 % times.len()]),
                bytes: frame.bytes.clone(),
            },
            _ => Frame {
                at: Timestamp::from_nanos(frame.at.nanos() + shift),
                bytes: frame.bytes.clone(),
            },
        })
        .collect();
    site.play(&absurd, 0);
    drop(site.outlet.take());
    site.settle();
    assert_eq!(site.engine.today(&root()).unwrap().now[..10], now, "time ran away");
    let kept = flows(&site);
    assert!(kept > 10);
    site.runtime.block_on(site.engine.retire()).unwrap();
    let search = FlowSearch { from: Some(format!("{now}T00:00:00Z")), ..Default::default() };
    let page = site.runtime.block_on(site.engine.flows(&root(), &search)).unwrap();
    assert!(!page.items.is_empty(), "today's flows are there");
    site.end();
}
