//! A process that gave everything up, and still captures.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use cordon_capture::{LiveOptions, LiveSource, Next, RawSocket};
use cordon_guard::{fall_silent, give_up};

const STAGE: &str = "CORDON_TEST_STAGE";
const NAME: &str = "a_guarded_process_hears_an_interface_that_comes_back";

/// Three processes: one that makes a network namespace, one in it that keeps its rights and moves
/// cables, and one beside it that gives them up and listens.
pub fn comes_back(folder: &Path) {
    match std::env::var(STAGE).as_deref() {
        Ok("hands") => hands(),
        Ok("ears") => ears(folder),
        _ => {
            let possible = Command::new("unshare").args(["-n", "ip", "link"]).output();
            if !possible.is_ok_and(|out| out.status.success()) {
                println!("skipped: needs root, unshare and ip");
                return;
            }
            let program = std::env::current_exe().unwrap();
            let mut hands = Command::new("unshare");
            hands.arg("-n").arg(program).arg(NAME).env(STAGE, "hands");
            assert!(hands.status().unwrap().success());
        }
    }
}

fn ears(folder: &Path) {
    let socket = RawSocket::open("ear").unwrap();
    give_up(&crate::plan(folder)).unwrap();
    let listen = move || {
        fall_silent().unwrap();
        let options = LiveOptions { wait_for_interface: true, ..LiveOptions::default() };
        let mut source = LiveSource::from_socket(socket, "ear", &options, 0).unwrap();
        let mut before = "";
        loop {
            let now = match source.next_batch(Duration::from_millis(20)).unwrap() {
                Next::Packets(mut batch) => {
                    while batch.next().is_some() {}
                    "packets"
                }
                Next::Quiet => "quiet",
                Next::Gone => "gone",
                Next::Over => return,
            };
            if now != before && writeln!(std::io::stdout(), "{now}").is_err() {
                return;
            }
            before = now;
        }
    };
    thread::spawn(listen).join().unwrap();
}

fn hands() {
    let mut ears = Command::new(std::env::current_exe().unwrap())
        .arg(NAME)
        .env(STAGE, "ears")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(ears.stdout.take().unwrap()).lines();
    let mut until = |wanted: &str| {
        let found = lines.by_ref().map(Result::unwrap).take(20).any(|line| line == wanted);
        assert!(found, "{wanted} never came");
    };
    until("gone");
    for _ in 0..2 {
        ip("link add ear type veth peer name mouth");
        ip("link set ear up");
        // Neighbour discovery of the kernel is all that is said.
        ip("link set mouth up");
        until("packets");
        ip("link del ear");
        until("gone");
    }
    ears.kill().unwrap();
    ears.wait().unwrap();
}

fn ip(arguments: &str) {
    let out = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(out.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&out.stderr));
}
