//! Processes that gave up their rights, and what they can no longer do.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test without the harness, which clippy does not take for one; it starts itself"
)]

mod capture;

use std::{
    fs, io,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, ExitCode, ExitStatus},
    thread,
};

use cordon_guard::{Account, GuardError, Outcome, Plan, Standing, fall_silent, give_up};
use rustix::net::{AddressFamily, Protocol, SocketType, netlink, socket};

const FOLDER: &str = "CORDON_TEST_FOLDER";

type Test = (&'static str, fn(&Path));

/// The tests. Rights are given up by a process with one thread, and the test harness has two, so
/// each test is a process of its own and this file has its own `main`.
const TESTS: &[Test] = &[
    ("the_data_folder_works_and_nothing_else_does", the_data_folder_works_and_nothing_else_does),
    ("packets_cannot_be_captured_any_more", packets_cannot_be_captured_any_more),
    ("no_program_can_be_started", no_program_can_be_started),
    ("threads_that_come_later_are_bound_too", threads_that_come_later_are_bound_too),
    ("with_threads_already_running_it_is_refused", with_threads_already_running_it_is_refused),
    ("a_missing_data_folder_is_named", a_missing_data_folder_is_named),
    ("root_becomes_the_user_and_cannot_come_back", root_becomes_the_user_and_cannot_come_back),
    ("only_named_ports_are_used", only_named_ports_are_used),
    ("as_systemd_starts_it_nothing_is_left", as_systemd_starts_it_nothing_is_left),
    ("a_guarded_process_hears_an_interface_that_comes_back", capture::comes_back),
    ("who_asks_for_what_is_never_needed_ends", who_asks_for_what_is_never_needed_ends),
    ("a_silent_thread_hears_and_cannot_speak", a_silent_thread_hears_and_cannot_speak),
];

/// The one that ends by a signal.
const ENDS: &str = "who_asks_for_what_is_never_needed_ends";

fn main() -> ExitCode {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let wanted = std::env::args().nth(1).unwrap_or_default();
        let (_, test) = TESTS.iter().find(|(name, _)| *name == wanted).unwrap();
        test(Path::new(&folder));
        return ExitCode::SUCCESS;
    }
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let mut failed = 0;
    for (name, _) in TESTS.iter().filter(|(name, _)| name.contains(&filter)) {
        let status = in_process(name);
        let right = match *name {
            ENDS => status.signal() == Some(libc::SIGSYS),
            _ => status.success(),
        };
        println!("test {name} ... {}", if right { "ok".to_owned() } else { status.to_string() });
        failed += u32::from(!right);
    }
    println!("{failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a test as a process with one thread and a folder of its own.
fn in_process(test: &str) -> ExitStatus {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("data")).unwrap();
    fs::write(place.path().join("readable"), "yes").unwrap();
    fs::write(place.path().join("other"), "no").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .arg(test)
        .env(FOLDER, place.path())
        .status()
        .unwrap()
}

fn plan(folder: &Path) -> Plan {
    Plan {
        write: vec![folder.join("data")],
        read: vec![folder.join("readable"), folder.join("nowhere")],
        ..Plan::default()
    }
}

fn is(standing: &Standing, name: &str) -> bool {
    let measure = standing.measure(name).unwrap();
    println!("{name}: {}: {}", measure.outcome.as_str(), measure.says);
    matches!(measure.outcome, Outcome::InForce | Outcome::Partly)
}

fn refused<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn the_data_folder_works_and_nothing_else_does(folder: &Path) {
    let standing = give_up(&plan(folder)).unwrap();
    assert_eq!(standing.measures.len(), 6);
    let data = folder.join("data");
    fs::create_dir(data.join("history")).unwrap();
    fs::write(data.join("history/a"), "b").unwrap();
    fs::rename(data.join("history/a"), data.join("c")).unwrap();
    fs::write(data.join("c"), "shorter").unwrap();
    assert_eq!(fs::read(data.join("c")).unwrap(), b"shorter");
    fs::remove_file(data.join("c")).unwrap();
    assert_eq!(fs::read(folder.join("readable")).unwrap(), b"yes");
    assert!(fs::read_to_string("/proc/self/status").unwrap().contains("CapEff:\t0000000000000000"));
    if !is(&standing, "files and ports") {
        println!("skipped the rest: this kernel has no landlock");
        return;
    }
    for path in ["/etc/shadow", "/etc/passwd", "/root/.ssh", "/dev/mem"] {
        if Path::new(path).exists() {
            assert!(refused(fs::File::open(path)), "{path}");
        }
    }
    assert!(refused(fs::write(folder.join("new"), "x")));
    assert!(refused(fs::write(folder.join("readable"), "x")));
    assert!(refused(fs::read(folder.join("other"))));
    assert!(refused(fs::read_dir("/")));
    assert!(refused(fs::remove_file(folder.join("other"))));
    assert!(fs::rename(folder.join("other"), data.join("taken")).is_err());
    // A link out of the data folder leads nowhere.
    let made = std::os::unix::fs::symlink("/etc/passwd", data.join("link"));
    assert!(made.is_err() || refused(fs::read(data.join("link"))));
}

fn packets_cannot_be_captured_any_more(folder: &Path) {
    let packet = || socket(AddressFamily::PACKET, SocketType::RAW, None);
    let before = packet();
    give_up(&plan(folder)).unwrap();
    if before.is_err() {
        println!("this user could not before either");
    }
    assert_eq!(packet().err(), Some(rustix::io::Errno::PERM));
    for family in [AddressFamily::VSOCK, AddressFamily::from_raw(38), AddressFamily::BLUETOOTH] {
        let error = socket(family, SocketType::STREAM, None).err();
        assert_eq!(error, Some(rustix::io::Errno::PERM), "{family:?}");
    }
    let raw = socket(AddressFamily::INET, SocketType::RAW, Some(rustix::net::ipproto::ICMP));
    assert_eq!(raw.err(), Some(rustix::io::Errno::PERM));
    let netlink =
        |protocol: Protocol| socket(AddressFamily::NETLINK, SocketType::RAW, Some(protocol));
    assert_eq!(netlink(netlink::NETFILTER).err(), Some(rustix::io::Errno::PERM));
    socket(AddressFamily::NETLINK, SocketType::RAW, None).unwrap();
    UdpSocket::bind("127.0.0.1:0").unwrap();
}

fn no_program_can_be_started(folder: &Path) {
    assert!(Command::new("/bin/true").status().unwrap().success());
    let standing = give_up(&plan(folder)).unwrap();
    assert!(is(&standing, "system calls") || is(&standing, "files and ports"));
    assert!(refused(Command::new("/bin/true").status()));
    fs::copy(folder.join("readable"), folder.join("data/program")).unwrap();
    assert!(refused(Command::new(folder.join("data/program")).status()));
}

fn threads_that_come_later_are_bound_too(folder: &Path) {
    give_up(&plan(folder)).unwrap();
    let folder = folder.to_owned();
    let later = thread::spawn(move || {
        assert!(refused(Command::new("/bin/true").status()));
        assert!(socket(AddressFamily::PACKET, SocketType::RAW, None).is_err());
        fs::write(folder.join("data/by-thread"), "x").unwrap();
        fs::read_to_string("/proc/thread-self/status").unwrap()
    });
    let status = later.join().unwrap();
    for line in ["CapPrm:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{line} in {status}");
    }
}

fn with_threads_already_running_it_is_refused(folder: &Path) {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || stopped.recv());
    assert!(matches!(give_up(&plan(folder)), Err(GuardError::TooLate { threads: 2 })));
    drop(stop);
    let _ = other.join();
}

fn a_missing_data_folder_is_named(folder: &Path) {
    let plan = Plan { write: vec![folder.join("nowhere")], ..Plan::default() };
    let error = give_up(&plan).unwrap_err().to_string();
    assert!(error.contains("nowhere") && error.contains("data.dir"), "{error}");
}

fn root_becomes_the_user_and_cannot_come_back(folder: &Path) {
    if !rustix::process::getuid().is_root() {
        println!("skipped: needs root");
        return;
    }
    let nobody = Account { name: "nobody".to_owned(), user: 65_534, group: 65_534 };
    std::os::unix::fs::chown(folder.join("data"), Some(65_534), Some(65_534)).unwrap();
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let standing = give_up(&Plan { user: Some(nobody), ..plan(folder) }).unwrap();
    assert!(standing.measure("user").unwrap().says.contains("nobody"));
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    for line in ["Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534"] {
        assert!(status.contains(line), "{status}");
    }
    assert!(status.contains("Groups:\t \n") || status.contains("Groups:\t\n"), "{status}");
    assert!(status.contains("CapBnd:\t0000000000000000"), "{status}");
    let root = rustix::process::Uid::ROOT;
    assert!(rustix::thread::set_thread_res_uid(root, root, root).is_err());
    fs::write(folder.join("data/mine"), "x").unwrap();
}

/// A user with one ambient capability, as the unit of the package has it.
fn as_systemd_starts_it_nothing_is_left(folder: &Path) {
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(folder.join("data"), Some(65_534), Some(65_534)).unwrap();
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let program = folder.join("data/test");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let status = Command::new("setpriv")
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "--bounding-set=-all,+net_raw",
            ])
            .args(["--inh-caps=+net_raw", "--ambient-caps=+net_raw"])
            .arg(program)
            .arg("as_systemd_starts_it_nothing_is_left")
            .status();
        match status {
            Ok(status) => assert!(status.success(), "{status}"),
            Err(error) => println!("skipped: no setpriv: {error}"),
        }
        return;
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    if !status.contains("CapAmb:\t0000000000002000") {
        println!("skipped: needs root");
        return;
    }
    let _held = socket(AddressFamily::PACKET, SocketType::RAW, None).unwrap();
    let standing = give_up(&plan(folder)).unwrap();
    assert_eq!(standing.measure("user").unwrap().outcome, Outcome::InForce);
    assert_eq!(standing.measure("capabilities").unwrap().outcome, Outcome::InForce);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert!(status.contains(&format!("{set}:\t0000000000000000")), "{status}");
    }
    assert!(socket(AddressFamily::PACKET, SocketType::RAW, None).is_err());
    fs::write(folder.join("data/mine"), "x").unwrap();
}

fn only_named_ports_are_used(folder: &Path) {
    let before = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = before.local_addr().unwrap();
    let (listen, connect) = (47_811, address.port());
    let plan = Plan { listen: vec![listen], connect: vec![connect], ..plan(folder) };
    let standing = give_up(&plan).unwrap();
    let files = standing.measure("files and ports").unwrap();
    if files.outcome != Outcome::InForce {
        println!("skipped: this kernel has no rules for ports");
        return;
    }
    let _out = TcpStream::connect(address).unwrap();
    before.accept().unwrap();
    drop(TcpListener::bind(("127.0.0.1", listen)));
    assert!(refused(TcpListener::bind(("127.0.0.1", listen + 1))));
    assert!(refused(TcpStream::connect(("127.0.0.1", connect ^ 1))));
}

fn who_asks_for_what_is_never_needed_ends(folder: &Path) {
    give_up(&plan(folder)).unwrap();
    // Without the filter it would fail with EPERM: there is no capability for it.
    let _ = rustix::system::sethostname(b"x");
}

fn a_silent_thread_hears_and_cannot_speak(folder: &Path) {
    give_up(&plan(folder)).unwrap();
    let ear = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = ear.local_addr().unwrap();
    let mouth = UdpSocket::bind("127.0.0.1:0").unwrap();
    mouth.connect(to).unwrap();
    mouth.send(b"before").unwrap();
    let (listener, speaker) = (ear.try_clone().unwrap(), mouth.try_clone().unwrap());
    let folder = folder.to_owned();
    thread::spawn(move || {
        fall_silent().unwrap();
        let mut text = [0; 100];
        assert_eq!(listener.recv(&mut text).unwrap(), 6);
        assert!(refused(speaker.send(b"a frame that is sent")));
        assert!(refused(speaker.send_to(b"a frame that is sent", to)));
        assert_eq!(rustix::io::write(&speaker, &[0; 14]), Err(rustix::io::Errno::PERM));
        let parts = [io::IoSlice::new(&[0; 7]), io::IoSlice::new(&[0; 7])];
        assert_eq!(rustix::io::writev(&speaker, &parts), Err(rustix::io::Errno::PERM));
        assert!(refused(UdpSocket::bind("127.0.0.1:0")));
        assert!(refused(fs::write(folder.join("data/x"), "x")));
        println!("still prints");
        // Threads of it are silent too; memory and waking work as ever.
        let big = vec![7_u8; 8 << 20];
        let below = thread::spawn(move || refused(UdpSocket::bind("127.0.0.1:0")) && big[5] == 7);
        assert!(below.join().unwrap());
    })
    .join()
    .unwrap();
    mouth.send(b"the others speak on").unwrap();
}
