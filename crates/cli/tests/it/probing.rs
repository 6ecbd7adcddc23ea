//! A probe, with a real kernel: a camera's place and an imaging server behind a router of namespaces. What is
//! open is answered, what the rules stop is not, and a wire around the router is found.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use crate::contracts::{SERVE, SITE, Service, entered, reaches, there};
use crate::{Ran, ran};

const CAMERA: &str = "10.0.5.7";
const IMAGING: &str = "10.0.6.5";

/// A wire from the camera's place to the imaging server that the router does not see.
const AROUND: &str = "
set -e
ip link add w0 netns camera type veth peer name w0 netns imaging
ip -n camera link set w0 up; ip -n imaging link set w0 up
ip -n camera route add 10.0.6.5 dev w0 src 10.0.5.7
ip -n imaging route add 10.0.5.7 dev w0 src 10.0.6.5
";

fn sh(script: &str) {
    let made = Command::new("bash").args(["-c", script]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// `cordon` on a machine in a device's place.
fn cordon(host: &str, words: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", host, env!("CARGO_BIN_EXE_cordon")]).args(words);
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// A probe from the camera's place, and what it says in one line.
fn probe(service: &Service, words: &[&str]) -> (i32, String) {
    let mut command = cordon("camera", &["probe"]);
    let output = command.args(words).args(["--data", &service.data, "--every", "250ms"]).output();
    let Ran { code, out, err, .. } = ran(output.unwrap());
    let said = format!("{out} {err}");
    (code, said.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The imaging server's place, listening.
fn listening() -> Child {
    let words = ["probe", "--listen", "udp/53,tcp/22", "--for", "6s"];
    let mut child = cordon("imaging", &words).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 12];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"Listening on");
    child
}

fn said(mut child: Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    text
}

#[test]
fn a_probe_agrees_with_the_rules_and_finds_a_wire_around_them() {
    let test = "probing::a_probe_agrees_with_the_rules_and_finds_a_wire_around_them";
    if !entered(test) {
        return;
    }
    sh(SITE);
    let mut server =
        there("imaging", "server", SERVE, "104").stdout(Stdio::null()).spawn().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&crate::text(&folder.path().join("data")));
    service.until("both are known", |service| {
        reaches("camera", "10.0.6.5:104")
            && [CAMERA, IMAGING].iter().all(|ip| service.says(&["device", ip]).code == 0)
    });
    story(&service);
    drop(service);
    server.kill().unwrap();
    server.wait().unwrap();
}

fn story(service: &Service) {
    let ports = ["--ports", "tcp/104,tcp/22,udp/53", "--listening"];
    let asked = |more: &[&str]| probe(service, &[&[CAMERA, IMAGING], &ports[..], more].concat());
    // It may be recognised as what patients depend on, which has to be said.
    let (code, says) = asked(&["--towards-ot", "--rehearse"]);
    assert!(code == 0 && says.contains("Nothing was sent."), "{says}");
    assert!(!service.done(&["ledger", "list"]).contains("set out to probe"));

    // Nothing is enforced: everything gets there.
    let listener = listening();
    let (code, says) = asked(&["--towards-ot"]);
    assert_eq!(code, 0, "{says}");
    assert!(says.contains("it is as the rules say: 3 got through"), "{says}");
    assert!(says.contains("10.0.5.7, the address of"), "{says}");
    let heard = said(listener);
    assert!(heard.contains("udp/53 was reached from 10.0.5.7"), "{heard}");
    assert!(heard.contains("tcp/22 was reached from 10.0.5.7"), "{heard}");
    let ledger = service.done(&["ledger", "list"]);
    assert!(
        ledger.contains("set out to probe") && ledger.contains("told what a probe met"),
        "{ledger}"
    );

    // Cut off: nothing gets there, by the rules and by the wire.
    service.done(&["isolate", CAMERA, "--why", "a trial"]);
    service.says(&["contract", "confirm"]);
    let listener = listening();
    let (code, says) = asked(&["--towards-ot"]);
    assert_eq!(code, 0, "{says}");
    assert!(says.contains("it is as the rules say: 3 were stopped"), "{says}");
    let heard = said(listener);
    assert!(heard.contains("Nothing reached udp/53."), "{heard}");
    assert!(service.done(&["prove", CAMERA, IMAGING]).contains("cannot reach"));

    // The rules still say so, and a wire says otherwise.
    sh(AROUND);
    let (code, says) = asked(&["--towards-ot"]);
    assert_eq!(code, 1, "{says}");
    assert!(says.contains("The rules do not hold: from 10.0.5.7"), "{says}");
    assert!(says.contains("tcp/104: the rules say that nothing gets through"), "{says}");
    let health = service.says(&["status"]);
    assert!(health.out.contains("got through to"), "{}", health.out);
    let shown = service.done(&["device", CAMERA]);
    assert!(shown.contains("found: a probe from 10.0.5.7"), "{shown}");

    // Mended, and seen to be.
    sh("ip -n camera link del w0");
    let (code, says) = asked(&["--towards-ot"]);
    assert!(code == 0 && says.contains("3 were stopped"), "{says}");
    assert!(!service.says(&["status"]).out.contains("got through to"));
    service.done(&["ledger", "verify"]);
}
