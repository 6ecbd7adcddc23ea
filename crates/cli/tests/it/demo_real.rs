//! The demo that blocks: every claim of it holds, and nothing is left of it however it ends.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::contracts::entered;

/// By it the demo's processes are known among those of the machine: children inherit it.
const MARK: &str = "CORDON_TEST_DEMO";
/// Namespaces, rules and processes are gone soon after whoever made them.
const SOON: Duration = Duration::from_secs(10);

fn demo(mark: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
    command.args(["demo", "--real"]).env(MARK, mark).env("TMPDIR", folder);
    command.stdin(Stdio::null());
    command
}

/// What the demo could have changed of the machine that it runs on.
fn machine(folder: &std::path::Path) -> String {
    let said = |words: &[&str]| {
        let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    let forwards = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
    let mounts: BTreeSet<String> =
        said(&["cat", "/proc/self/mounts"]).lines().map(str::to_owned).collect();
    format!(
        "{}{}{}{}{files:?}{forwards}{mounts:#?}",
        said(&["nft", "list", "ruleset"]),
        said(&["ip", "-o", "address"]),
        said(&["ip", "netns", "list"]),
        said(&["ip", "route", "show", "table", "all"]),
    )
}

/// The demo's processes, and with them its namespaces: those that no file names end with their last
/// process.
fn processes(mark: &str) -> Vec<String> {
    let marked = format!("{MARK}={mark}");
    let is_marked = |entry: &std::fs::DirEntry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == marked.as_bytes())
    };
    let all = std::fs::read_dir("/proc").unwrap().map_while(Result::ok);
    all.filter(is_marked)
        .map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default())
        .filter(|command| !command.is_empty())
        .collect()
}

fn nothing_is_left(mark: &str, folder: &std::path::Path, before: &str) {
    let begun = Instant::now();
    while !processes(mark).is_empty() && begun.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(processes(mark), Vec::<String>::new());
    assert_eq!(machine(folder), before);
}

/// A machine with rules of its own.
fn with_rules() {
    let rules = "add table inet cordon; add chain inet cordon kept; add table ip other";
    assert!(Command::new("nft").arg(rules).status().unwrap().success());
}

#[test]
fn every_claim_of_the_demo_that_blocks_holds_and_nothing_is_left_of_it() {
    let test = "demo_real::every_claim_of_the_demo_that_blocks_holds_and_nothing_is_left_of_it";
    if !entered(test) {
        return;
    }
    with_rules();
    let folder = tempfile::tempdir().unwrap();
    let before = machine(folder.path());
    let begun = Instant::now();
    let ran = crate::ran(demo("whole", folder.path()).output().unwrap());
    println!("told in {:?}", begun.elapsed());
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("is left"), "{}", ran.err);
    assert!(!ran.out.contains("NOT SO"), "{}", ran.out);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for step in 1..=10 {
        assert!(words.contains(&format!("{step} of 10: ")), "{words}");
    }
    for told in [
        "TCP 23, 2323 10 sent 10 arrived Yes: nothing is blocked yet",
        "Nothing would have been blocked in",
        "On trial until",
        "TCP 23, 2323 10 sent 0 arrived Yes: no packet of the scan arrives any more",
        "the phone casts to the TV TCP 8009 2 sent 2 arrived",
        "Yes: the rules took themselves back",
        "The confirmed rules are in force.",
        "was stopped on the way to",
        "A compromised thermostat cannot reach imaging.",
        "3 TCP ports 3 sent 0 arrived",
        "UDP 5004 25 sent 0 arrived Yes: the camera reaches nobody",
        "UDP 5004 25 sent 25 arrived Yes: taken back",
        "20 of 20 claims held",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    nothing_is_left("whole", folder.path(), &before);
}

/// The demo, told up to a step.
fn up_to(step: &str, mark: &str, folder: &std::path::Path) -> Child {
    let mut child =
        demo(mark, folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with(step)), "{step} was not told");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

#[test]
fn nothing_is_left_of_a_demo_that_is_stopped_or_killed_in_the_middle() {
    let test = "demo_real::nothing_is_left_of_a_demo_that_is_stopped_or_killed_in_the_middle";
    if !entered(test) {
        return;
    }
    with_rules();
    let folder = tempfile::tempdir().unwrap();
    let before = machine(folder.path());
    for (signal, step) in [("INT", "2 of 10"), ("TERM", "7 of 10"), ("KILL", "7 of 10")] {
        let child = up_to(step, signal, folder.path());
        assert!(processes(signal).len() > 2, "nothing to be left");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        if signal != "KILL" {
            assert_eq!(ended.status.code(), Some(2));
            let says = String::from_utf8(ended.stderr).unwrap();
            assert!(says.contains("stopped before its end; nothing of it is left"), "{says}");
        }
        nothing_is_left(signal, folder.path(), &before);
    }
}

#[test]
fn without_root_the_demo_that_blocks_says_what_it_takes() {
    let mut command = demo("nobody", std::path::Path::new("/tmp"));
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    let ran = match command.output() {
        Ok(output) => crate::ran(output),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            println!("skipped: nobody but root may look into the folder of this build");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.out.is_empty() && ran.err.lines().count() == 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("this takes root"), "{}", ran.err);
}

#[test]
fn a_machine_is_never_built_upon() {
    let ran = crate::cordon(&["demo", "--real", "--world"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("`cordon demo --real` alone"), "{}", ran.err);
}
