//! The keeper: asked through pipes, over the kernel of a namespace of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use cordon_contract::policy::Origin;
use cordon_contract::{
    Carrier, Member, MemberNo, NameNo, Opens, Policy, Ports, Reach, Rule, Stage, Where,
};
use cordon_enforce::keeper::{Ask, Keeper, Line, Question, Tell, Told, serve};
use cordon_enforce::{Driver as _, Guard, Launcher, Memory, Nft, Options, Recovered};
use cordon_model::{DeviceId, Timestamp};

use crate::{guard, lab, namespace};

const AT: Timestamp = Timestamp::from_secs(1_795_000_000);

/// A camera that may reach what it was told for a name, over HTTPS.
fn policy() -> Policy {
    let member = Member {
        device: DeviceId("camera".into()),
        label: "camera-3".into(),
        macs: Vec::new(),
        ips: vec!["10.0.0.7".parse().unwrap()],
        link: None,
        stage: Stage::Enforce,
        reach: Reach::Normal,
    };
    Policy {
        members: vec![member],
        rules: vec![Rule {
            member: MemberNo(0),
            opens: Opens::Device,
            at: Where::Name(NameNo(0)),
            carrier: Carrier::Tcp,
            service: Ports::one(443),
            client: Ports::ALL,
            entry: 0,
        }],
        names: vec!["*.example.com".into()],
        entries: vec![Origin {
            member: MemberNo(0),
            entry: cordon_contract::EntryId("e-1".into()),
        }],
        ..Policy::default()
    }
}

fn load(patience: Option<u64>) -> Ask {
    Ask::Load { policy: Box::new(policy()), options: Options::default(), patience }
}

fn told(ip: &str) -> Told {
    Told {
        asker: "10.0.0.7".parse().unwrap(),
        name: "cloud.example.com".into(),
        ip: ip.parse().unwrap(),
        until: AT.plus(Duration::from_secs(3600)),
    }
}

fn done(tell: Tell) -> cordon_enforce::keeper::Status {
    match tell {
        Tell::Done(status) => status,
        other => panic!("{other:?}"),
    }
}

fn nobody() -> Launcher {
    // A watchdog that says it watches and does nothing: what is tried here ends by confirming.
    Launcher {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), "echo armed; read word".into(), "sh".into()],
    }
}

#[test]
fn an_answer_opens_the_way_to_its_address_and_to_no_other() {
    if !namespace::entered("keeper::an_answer_opens_the_way_to_its_address_and_to_no_other") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let guard = Guard::open(folder.path(), nobody()).unwrap();
    let (mut keeper, what) =
        Keeper::start(Nft::default(), guard, cordon_enforce::cut_kept, AT).unwrap();
    assert_eq!(what, Recovered::Nothing);
    let status = done(keeper.ask(load(None), AT));
    assert!(status.loaded && status.members == 1, "{status:?}");
    assert!(!lab::sh("nft list ruleset").contains("198.51.100.9"));
    done(keeper.ask(Ask::Bind(vec![told("198.51.100.9"), told("10.0.0.1")]), AT));
    let rules = lab::sh("nft list ruleset");
    assert!(rules.contains("198.51.100.9"), "{rules}");
    assert!(!rules.contains("10.0.0.1 "), "the router is not what a name may mean");
    // A load of the same contracts keeps what devices were told.
    done(keeper.ask(load(None), AT));
    assert!(lab::sh("nft list ruleset").contains("198.51.100.9"));
    let Tell::Held { rules: Some(held), others } = keeper.ask(Ask::Held, AT) else {
        panic!("nothing held")
    };
    assert!(others.is_empty());
    assert!(!held.is_empty());
    done(keeper.ask(Ask::Unload, AT));
    assert!(matches!(keeper.ask(Ask::Held, AT), Tell::Held { rules: None, .. }));
    assert!(!lab::sh("nft list ruleset").contains("cordon"));
}

#[test]
fn a_trial_that_nobody_confirms_is_told_and_taken_back() {
    if !namespace::entered("keeper::a_trial_that_nobody_confirms_is_told_and_taken_back") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let guard = Guard::open(folder.path(), guard::launcher("watchdog")).unwrap();
    let (mut keeper, _) =
        Keeper::start(Nft::default(), guard, cordon_enforce::cut_kept, AT).unwrap();
    assert_eq!(done(keeper.ask(load(Some(1)), AT)).trial, Some(AT.plus(Duration::from_secs(1))));
    let refused = keeper.ask(load(Some(1)), AT);
    assert!(matches!(&refused, Tell::Refused(why) if why.contains("under way")), "{refused:?}");
    guard::wait_for(|| Nft::default().read(AT).unwrap().is_none());
    let mut tells = Vec::new();
    for _ in 0..100 {
        tells.extend(keeper.look(AT));
        if !tells.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(matches!(&tells[..], [Tell::TakenBack(status)] if !status.loaded), "{tells:?}");
    let late = keeper.ask(Ask::Confirm, AT);
    assert!(matches!(&late, Tell::Refused(why) if why.contains("nothing to confirm")), "{late:?}");
}

#[test]
fn a_trial_that_ends_before_a_question_is_told_and_not_loaded_again() {
    if !namespace::entered(
        "keeper::a_trial_that_ends_before_a_question_is_told_and_not_loaded_again",
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let guard = Guard::open(folder.path(), guard::launcher("watchdog")).unwrap();
    let (mut keeper, _) =
        Keeper::start(Nft::default(), guard, cordon_enforce::cut_kept, AT).unwrap();
    done(keeper.ask(load(Some(1)), AT));
    guard::wait_for(|| Nft::default().read(AT).unwrap().is_none());
    // Somebody looks at a page, and a device asks for a name, before the keeper looks by itself.
    assert_eq!(done(keeper.ask(Ask::Status, AT)).trial, None);
    done(keeper.ask(Ask::Bind(vec![told("198.51.100.9")]), AT));
    let refused = keeper.ask(load(None), AT);
    assert!(matches!(&refused, Tell::Refused(why) if why.contains("taken back")), "{refused:?}");
    let tells = keeper.look(AT);
    assert!(matches!(&tells[..], [Tell::TakenBack(status)] if !status.loaded), "{tells:?}");
    assert!(keeper.look(AT).is_empty(), "it is told once");
    assert!(done(keeper.ask(load(None), AT)).loaded, "whoever knows may load");
}

#[test]
fn what_somebody_else_changes_is_mended_and_said() {
    if !namespace::entered("keeper::what_somebody_else_changes_is_mended_and_said") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let guard = Guard::open(folder.path(), nobody()).unwrap();
    let (mut keeper, _) =
        Keeper::start(Nft::default(), guard, cordon_enforce::cut_kept, AT).unwrap();
    done(keeper.ask(load(Some(60)), AT));
    assert_eq!(done(keeper.ask(Ask::Confirm, AT)).trial, None);
    lab::sh("nft flush ruleset");
    let tells = keeper.look(AT.plus(Duration::from_secs(120)));
    assert!(matches!(&tells[..], [Tell::Mended(why)] if why.contains("missing")), "{tells:?}");
    assert!(lab::sh("nft list ruleset").contains("cordon"));
}

#[test]
fn a_restart_forgets_neither_the_confirmed_rules_nor_what_devices_were_told() {
    let restart =
        "keeper::a_restart_forgets_neither_the_confirmed_rules_nor_what_devices_were_told";
    if !namespace::entered(restart) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let guard = Guard::open(folder.path(), nobody()).unwrap();
        Keeper::start(Nft::default(), guard, cordon_enforce::cut_kept, AT).unwrap()
    };
    let (mut keeper, _) = start();
    done(keeper.ask(load(Some(60)), AT));
    done(keeper.ask(Ask::Bind(vec![told("198.51.100.9")]), AT));
    done(keeper.ask(Ask::Confirm, AT));
    keeper.look(AT.plus(Duration::from_secs(61)));
    drop(keeper);
    lab::sh("nft flush ruleset");
    let (mut keeper, what) = start();
    assert_eq!(what, Recovered::Confirmed);
    assert!(lab::sh("nft list ruleset").contains("198.51.100.9"));
    done(keeper.ask(load(None), AT));
    assert!(lab::sh("nft list ruleset").contains("198.51.100.9"));
}

#[test]
fn questions_are_answered_in_order_and_nonsense_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let guard = Guard::open(folder.path(), nobody()).unwrap();
    let (keeper, _) = Keeper::start(Memory::default(), guard, |_| Ok(0), AT).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let answers = theirs.try_clone().unwrap();
    let serving = std::thread::spawn(move || serve(keeper, theirs, answers, None, || AT));
    let mut lines = BufReader::new(ours.try_clone().unwrap()).lines();
    let mut next = || -> Line { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next().no, None, "it says how things are before it is asked");
    let mut ours = ours;
    ours.write_all(b"{\"no\":1,\"ask\":\"nonsense\"}\n").unwrap();
    assert!(matches!(next().tell, Tell::Refused(why) if why.contains("no question")));
    for (no, ask) in [(2, load(None)), (3, Ask::Status), (4, Ask::Held)] {
        let mut line = serde_json::to_vec(&Question { no, ask }).unwrap();
        line.push(b'\n');
        ours.write_all(&line).unwrap();
    }
    for no in 2..=4 {
        assert_eq!(next().no, Some(no));
    }
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    serving.join().unwrap().unwrap();
    let mut rest = Vec::new();
    assert_eq!(ours.read_to_end(&mut rest).unwrap(), 0);
}
