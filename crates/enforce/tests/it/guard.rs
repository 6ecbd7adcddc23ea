//! Rules on trial, and everything that can go wrong meanwhile.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cordon_contract::policy::Policy;
use cordon_enforce::{
    Compiler, Driver, DriverError, Guard, GuardError, Held, Launcher, Lifeline, Memory, Nft,
    Options, Recovered, Ruleset, watchdog,
};
use cordon_model::Timestamp;

use crate::namespace;
use crate::world::World;

const AT: Timestamp = Timestamp::from_secs(0);

/// Two rule sets that differ.
fn rules(link: &str) -> Ruleset {
    let options = Options { lifelines: vec![Lifeline::Link(link.into())], ..Options::default() };
    let policy = Policy::default();
    Compiler::new(&policy).unwrap().ruleset(&Default::default(), &options, AT).unwrap()
}

/// This binary as a watchdog or as a daemon: a test that does nothing unless it is told so.
pub fn launcher(role: &str) -> Launcher {
    Launcher {
        program: std::env::current_exe().unwrap(),
        arguments: vec![format!("guard::as_{role}"), "--exact".into(), "--nocapture".into()],
    }
}

/// The folder and a number behind the arguments of the test harness.
fn told() -> Option<Vec<String>> {
    let arguments: Vec<_> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == "--nocapture")?;
    let rest = arguments[place + 1..].to_vec();
    (rest.len() == 2).then_some(rest)
}

#[test]
fn as_watchdog() {
    if let Some(arguments) = told() {
        println!();
        watchdog(&arguments, &Nft::default()).unwrap();
    }
}

/// A daemon that tries rules out and dies without a word.
#[test]
fn as_daemon() {
    if let Some(arguments) = told() {
        let mut guard = Guard::open(&arguments[0], launcher("watchdog")).unwrap();
        let nft = Nft::default();
        guard.try_out(&nft, rules("new0"), Duration::from_secs(600), AT).unwrap();
        std::process::abort();
    }
}

fn links(driver: &dyn Driver) -> String {
    format!("{:?}", driver.read(AT).unwrap().map(|held| held.elements))
}

pub fn wait_for(what: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}

#[test]
fn rules_that_nobody_confirms_are_taken_back() {
    if !namespace::entered("guard::rules_that_nobody_confirms_are_taken_back") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nft = Nft::default();
    let mut guard = Guard::open(folder.path(), launcher("watchdog")).unwrap();
    guard.try_out(&nft, rules("old0"), Duration::from_secs(60), AT).unwrap();
    guard.confirm().unwrap();
    guard.try_out(&nft, rules("new0"), Duration::from_secs(2), AT).unwrap();
    assert!(links(&nft).contains("new0"));
    let again = guard.try_out(&nft, rules("other0"), Duration::from_secs(2), AT);
    assert!(matches!(again, Err(GuardError::UnderWay)));
    wait_for(|| !guard.is_trying() && links(&nft).contains("old0"));
    assert!(matches!(guard.confirm(), Err(GuardError::TooLate)));
}

#[test]
fn rules_of_a_daemon_that_dies_are_taken_back_at_once() {
    if !namespace::entered("guard::rules_of_a_daemon_that_dies_are_taken_back_at_once") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nft = Nft::default();
    let mut guard = Guard::open(folder.path(), launcher("watchdog")).unwrap();
    guard.try_out(&nft, rules("old0"), Duration::from_secs(60), AT).unwrap();
    guard.confirm().unwrap();
    let daemon = launcher("daemon");
    let status = Command::new(&daemon.program)
        .args(&daemon.arguments)
        .arg(folder.path())
        .arg("0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
    let took =
        wait_for(|| links(&nft).contains("old0") && folder.path().join("reverted.json").exists());
    println!("taken back {took:?} after the daemon died");
    assert_eq!(guard.recover(&nft, AT).unwrap().0, Recovered::Confirmed);
}

#[test]
fn confirmed_rules_stay() {
    if !namespace::entered("guard::confirmed_rules_stay") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nft = Nft::default();
    let mut guard = Guard::open(folder.path(), launcher("watchdog")).unwrap();
    guard.try_out(&nft, rules("new0"), Duration::from_secs(1), AT).unwrap();
    guard.confirm().unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(links(&nft).contains("new0"));
    // What is tried and taken back by hand goes back to them.
    guard.try_out(&nft, rules("bad0"), Duration::from_secs(60), AT).unwrap();
    guard.take_back(&nft, AT).unwrap();
    assert!(links(&nft).contains("new0") && !links(&nft).contains("bad0"));
    assert!(matches!(guard.take_back(&nft, AT), Err(GuardError::TooLate)));
}

/// Leaves files as a crash at some moment would.
fn crashed(folder: &Path, confirmed: bool, moment: &str) -> Guard {
    let mut guard = Guard::open(folder, launcher("nobody")).unwrap();
    if confirmed {
        guard.keep(&rules("old0")).unwrap();
    }
    let saved = folder.join("confirmed.json");
    match moment {
        "before everything" => {}
        "while the trial was written" => std::fs::write(folder.join("pending.new"), "{").unwrap(),
        "on trial" | "while taken back" => {
            let to = if moment == "on trial" { "pending.json" } else { "reverting.json" };
            let before = std::fs::read(&saved).ok();
            guard.keep(&rules("new0")).unwrap();
            std::fs::rename(&saved, folder.join(to)).unwrap();
            if let Some(before) = before {
                std::fs::write(&saved, before).unwrap();
            }
        }
        other => panic!("{other}"),
    }
    guard
}

#[test]
fn whenever_it_crashes_the_next_start_ends_in_the_confirmed_rules() {
    let moments =
        ["before everything", "while the trial was written", "on trial", "while taken back"];
    for moment in moments {
        for confirmed in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let memory = Memory::default();
            let mut guard = crashed(folder.path(), confirmed, moment);
            // What the trial loaded, if it came so far.
            memory.apply(&cordon_enforce::Change::Load(rules("new0")), AT).unwrap();
            let (what, ruleset) = guard.recover(&memory, AT).unwrap();
            let tried = matches!(moment, "on trial" | "while taken back");
            assert_eq!(what == Recovered::TakenBack, tried, "{moment}");
            assert_eq!(ruleset.is_some(), confirmed, "{moment}");
            assert_eq!(links(&memory).contains("old0"), confirmed, "{moment}");
            assert!(!links(&memory).contains("new0"), "{moment}");
            assert!(!guard.is_trying());
        }
    }
}

#[test]
fn without_a_watchdog_nothing_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    for program in ["/nonexistent", "/bin/true"] {
        let nobody = Launcher { program: program.into(), arguments: Vec::new() };
        let mut guard = Guard::open(folder.path(), nobody).unwrap();
        let tried = guard.try_out(&memory, rules("new0"), Duration::from_secs(9), AT);
        assert!(matches!(tried, Err(GuardError::Unguarded(_))), "{tried:?}");
        assert_eq!(memory.read(AT).unwrap(), None);
        assert!(!guard.is_trying());
    }
}

/// A kernel that says no.
struct Refuses;

impl Driver for Refuses {
    fn name(&self) -> &'static str {
        "refuses"
    }
    fn read(&self, _: Timestamp) -> Result<Option<Held>, DriverError> {
        Ok(None)
    }
    fn apply(&self, _: &cordon_enforce::Change, _: Timestamp) -> Result<(), DriverError> {
        Err(DriverError::Refused("no buffer space available".into()))
    }
}

#[test]
fn a_trial_that_the_kernel_refuses_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut guard = Guard::open(folder.path(), launcher("watchdog")).unwrap();
    let tried = guard.try_out(&Refuses, rules("new0"), Duration::from_secs(9), AT);
    assert_eq!(
        tried.unwrap_err().to_string(),
        "the kernel refused, and what was loaded before still is: no buffer space available"
    );
    assert!(!guard.is_trying());
}

#[test]
fn files_of_a_guard_read_back_as_written_and_damage_is_named() {
    let world = World::new(3);
    let options = Options { lifelines: world.lifelines.clone(), ..Options::default() };
    let compiler = Compiler::new(&world.policy).unwrap();
    let ruleset = compiler.ruleset(&world.bindings, &options, world.at).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut guard = Guard::open(folder.path(), launcher("nobody")).unwrap();
    guard.keep(&ruleset).unwrap();
    assert_eq!(guard.recover(&Memory::default(), AT).unwrap().1, Some(ruleset));
    let path = folder.path().join("confirmed.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    let error = guard.recover(&Memory::default(), AT).unwrap_err().to_string();
    assert!(error.contains("confirmed.json is damaged") && !error.contains('\n'), "{error}");
}
