//! The whole service under bad conditions: what it cannot open, what goes away, what is too much.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A service that runs, and what it has said.
pub struct Service {
    child: Child,
    data: PathBuf,
    said: Arc<Mutex<String>>,
}

impl Service {
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_cordon")), data, arguments)
    }

    fn spawn(mut command: Command, data: &Path, arguments: &[&str]) -> Self {
        command.arg("run").args(arguments).args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (heard, out) = (Arc::clone(&said), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                heard.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let mut service = Service { child, data: data.to_owned(), said };
        service.until("it serves", |service| service.ask("/api/v1/health").is_some());
        service
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Asks over the socket, as root on this machine.
    pub fn ask(&self, path: &str) -> Option<serde_json::Value> {
        let socket = self.data.join("cordon.sock");
        let output = Command::new("curl")
            .args(["-s", "-m", "20", "--unix-socket"])
            .arg(socket)
            .arg(format!("http://localhost{path}"))
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).ok()
    }

    fn health(&self) -> serde_json::Value {
        self.ask("/api/v1/health").unwrap()
    }

    fn verdict(&self, check: &str) -> String {
        let health = self.health();
        let all = health["checks"].as_array().unwrap();
        let one = all.iter().find(|one| one["name"].as_str().unwrap().starts_with(check));
        one.map_or_else(String::new, |one| format!("{}: {}", one["verdict"], one["says"]))
    }

    fn until(&mut self, what: &str, mut is: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !is(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before: {what}\n{}", self.said());
            let late = begun.elapsed() > Duration::from_secs(60);
            assert!(!late, "never came: {what}\n{}", self.said());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Ends it; how long that took, and its exit code.
    pub fn end(mut self) -> (Duration, i32) {
        let begun = Instant::now();
        self.signal("-TERM");
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (begun.elapsed(), status.code().unwrap_or(-1));
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already, or the test failed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub fn replay() -> String {
    crate::LAB.text("wired.pcap")
}

/// Starts a service that cannot start; its one line.
pub fn refused(data: &Path, arguments: &[&str]) -> String {
    let data = data.to_str().unwrap();
    let tail = ["--listen", "127.0.0.1:0", "--data", data];
    let ran = crate::cordon(&[&["run"], arguments, &tail].concat());
    assert_eq!(ran.code, 2, "{}", ran.err);
    let lines: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("cordon: ")).collect();
    assert_eq!(lines.len(), 1, "{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    lines[0].to_owned()
}

#[test]
fn a_database_that_cannot_be_used_is_one_line_and_two() {
    let replay = replay();
    let arguments = ["--replay", &replay, "--speed", "max"];
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &arguments);
    let line = refused(folder.path(), &arguments);
    assert!(line.contains("in use by another cordon"), "{line}");
    assert_eq!(service.end().1, 0);

    let database = folder.path().join(cordon_store::DATABASE);
    let good = std::fs::read(&database).unwrap();
    std::fs::write(&database, b"this is no database at all, but a letter to somebody").unwrap();
    assert!(refused(folder.path(), &arguments).contains("not a cordon database"));
    let mut damaged = good.clone();
    let (from, to) = (8192.min(damaged.len() / 2), damaged.len());
    damaged[from..to].iter_mut().for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&database, damaged).unwrap();
    let line = refused(folder.path(), &arguments);
    assert!(line.contains("restore") || line.contains("ledger"), "{line}");
    std::fs::write(&database, good).unwrap();

    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    refused(&file, &arguments);
    assert!(refused(Path::new("/proc/cordon"), &arguments).contains("--data"));
    assert_eq!(Service::start(folder.path(), &arguments).end().1, 0, "what was good is good");
}

#[test]
fn a_lock_of_another_program_is_waited_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let replay = replay();
    let mut service = Service::start(folder.path(), &["--replay", &replay, "--speed", "60"]);
    let code = format!(
        "import sqlite3,sys,time\nc=sqlite3.connect({:?},isolation_level=None)\nc.execute('begin immediate')\nprint('held',flush=True)\ntime.sleep(14)\n",
        folder.path().join(cordon_store::DATABASE)
    );
    let Ok(mut other) = Command::new("python3").args(["-c", &code]).stdout(Stdio::piped()).spawn()
    else {
        println!("skipped: no python3 to hold the lock");
        return;
    };
    let mut held = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut held).unwrap();
    assert_eq!(held, "held\n");
    service.until("Health says so", |service| service.verdict("database").contains("locked"));
    other.wait().unwrap();
    service.until("it goes on", |service| service.verdict("database").contains("good"));
    let (took, code) = service.end();
    assert!(took < Duration::from_secs(15) && code == 0, "{took:?} {code}");
}

#[test]
fn the_end_under_load_comes_soon_and_everything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let replay = replay();
    let mut service = Service::start(folder.path(), &["--replay", &replay, "--speed", "3600"]);
    service.until("devices", |service| {
        let page = service.ask("/api/v1/devices").unwrap();
        !page["items"].as_array().unwrap().is_empty()
    });
    let before = service.ask("/api/v1/devices").unwrap()["items"].as_array().unwrap().len();
    let (took, code) = service.end();
    assert!(took < Duration::from_secs(15) && code == 0, "{took:?} {code}");
    let empty = folder.path().join("empty.pcap");
    std::fs::write(&empty, &std::fs::read(&replay).unwrap()[..24]).unwrap();
    let again = Service::start(folder.path(), &["--replay", empty.to_str().unwrap()]);
    let after = again.ask("/api/v1/devices").unwrap()["items"].as_array().unwrap().len();
    assert!(after >= before, "{after} of {before} devices");
    let flows = again.ask("/api/v1/flows").unwrap();
    assert!(!flows["items"].as_array().unwrap().is_empty(), "flows were flushed");
    let ledger = again.ask("/api/v1/ledger").unwrap();
    assert!(ledger["items"].as_array().unwrap().iter().any(|row| row["action"] == "service.stop"));
    again.end();
}

#[test]
fn a_recording_that_is_damaged_or_among_junk_is_played_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let captures = folder.path().join("captures");
    std::fs::create_dir_all(captures.join("sub")).unwrap();
    let good = std::fs::read(replay()).unwrap();
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    // Sixty-four bytes alone may all lie inside one packet, where they damage nothing.
    damaged[middle..].fill(0xff);
    std::fs::write(captures.join("a.pcap"), damaged).unwrap();
    std::fs::write(captures.join("b.txt"), b"junk").unwrap();
    std::fs::write(captures.join("c.pcap"), b"").unwrap();
    std::os::unix::fs::symlink("/nowhere", captures.join("d.pcap")).unwrap();
    let arguments = ["--replay", captures.to_str().unwrap(), "--speed", "max"];
    let mut service = Service::start(&folder.path().join("data"), &arguments);
    service.until("devices", |service| {
        !service.ask("/api/v1/devices").unwrap()["items"].as_array().unwrap().is_empty()
    });
    assert!(service.health()["sources"][0]["packets"].as_u64().unwrap() > 100);
    service.until("it is said", |service| {
        let health = service.health();
        health["sources"][0]["state"] == "failed"
    });
    assert_eq!(service.end().1, 0);
    let nothing = folder.path().join("nothing.pcap");
    let data = folder.path().join("data");
    refused(&data, &["--replay", nothing.to_str().unwrap()]);
    refused(&data, &["--replay", captures.join("sub").to_str().unwrap()]);
}

#[test]
fn a_certificate_that_is_replaced_or_spoiled_does_not_end_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join("pki").join(name);
    std::fs::create_dir_all(folder.path().join("pki")).unwrap();
    let make = |name: &str, key: &str| {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
            .args([path(key), "-out".into(), path(name)])
            .output();
        made.is_ok_and(|made| made.status.success())
    };
    if !make("cert.pem", "key.pem") {
        println!("skipped: no openssl to make certificates");
        return;
    }
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let set = [
        format!("web.certificate={:?}", certificate.display().to_string()),
        format!("web.key={:?}", key.display().to_string()),
    ];
    let replay = replay();
    let arguments = ["--replay", &replay, "--set", &set[0], "--set", &set[1]];
    let mut service = Service::start(&folder.path().join("data"), &arguments);
    let shown = |service: &Service| service.health()["certificate_fingerprint"].clone();
    let first = shown(&service);
    assert!(service.verdict("certificate").contains("it ends"), "two days are few");

    // A key that does not belong to it.
    assert!(make("other.pem", "other.key"));
    std::fs::rename(path("other.key"), &key).unwrap();
    service.signal("-HUP");
    service.until("Health warns", |service| {
        let verdict = service.verdict("certificate");
        verdict.contains("warning") && !verdict.contains("it ends")
    });
    assert_eq!(shown(&service), first, "it goes on with what it has");

    // The certificate follows, as renewal does it: another file takes the place.
    std::fs::rename(path("other.pem"), &certificate).unwrap();
    service.signal("-HUP");
    service.until("it is taken up", |service| shown(service) != first);
    assert!(service.verdict("certificate").contains("it ends"));
    std::fs::remove_file(&certificate).unwrap();
    service.signal("-HUP");
    service.until("Health warns", |service| !service.verdict("certificate").contains("it ends"));
    assert_eq!(service.end().1, 0);
}

/// A folder on a disk of this many MiB, unmounted when dropped; none without the right to mount.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mib}m,mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Disk(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

#[test]
fn a_full_disk_is_said_and_what_was_acknowledged_is_kept() {
    let Some(disk) = Disk::of(24) else {
        println!("skipped: needs the right to mount a small disk");
        return;
    };
    let (data, replay) = (disk.0.path().join("data"), replay());
    let mut service = Service::start(&data, &["--replay", &replay, "--speed", "120"]);
    service.until("devices", |service| {
        !service.ask("/api/v1/devices").unwrap()["items"].as_array().unwrap().is_empty()
    });
    let id = service.ask("/api/v1/devices").unwrap()["items"][0]["id"].as_str().unwrap().to_owned();
    let patch = |service: &Service, name: &str| {
        let output = Command::new("curl")
            .args(["-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PATCH"])
            .args(["-H", "content-type: application/json", "--unix-socket"])
            .arg(service.data.join("cordon.sock"))
            .args(["-d", &format!("{{\"name\":{name:?}}}")])
            .arg(format!("http://localhost/api/v1/devices/{id}"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(patch(&service, "kept"), "200");
    let filler = disk.0.path().join("filler");
    // It ends when the disk is full, which is what it is for.
    Command::new("dd")
        .args(["if=/dev/zero", "bs=64k", &format!("of={}", filler.display())])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let mut answers = Vec::new();
    let mut number = 0;
    service.until("Health says so", |service| {
        number += 1;
        answers.push(patch(service, &format!("later-{number}")));
        service.health()["verdict"] == "bad"
    });
    assert!(answers.iter().all(|code| code == "200" || code == "503"), "{answers:?}");
    let acknowledged = answers.iter().rposition(|code| code == "200");
    let name = acknowledged.map_or("kept".to_owned(), |at| format!("later-{}", at + 1));
    std::fs::remove_file(&filler).unwrap();
    service.until("it goes on", |service| service.verdict("database").contains("good"));
    service.until("flows as well", |service| !service.verdict("history").contains("cannot"));
    assert_eq!(service.end().1, 0);
    let service = Service::start(&data, &["--replay", &replay, "--speed", "1"]);
    let device = service.ask(&format!("/api/v1/devices/{id}")).unwrap();
    assert_eq!(device["row"]["label"], name.as_str(), "{answers:?}");
    service.end();
}

/// Runs a service inside a network namespace with a wire, then `$steps` with the helpers below.
const WIRE: &str = r#"
set -e
cordon=$1 data=$2 capture=$3
wire() { ip link add left type veth peer name right; ip link set left up; ip link set right up; }
ask() { curl -s -m 10 --unix-socket $data/cordon.sock http://localhost$1; }
source() { ask /api/v1/health | python3 -c "import json,sys; print(json.load(sys.stdin)['sources'][0]['$1'])"; }
wait_for() { for i in $(seq 100); do if [ "$(source $1 2>/dev/null)" = "$2" ]; then return 0; fi; sleep 0.2; done; echo "never: $1 $2" >&2; exit 1; }
ip link set lo up; wire
$cordon run left --listen 127.0.0.1:0 --data $data & service=$!
trap 'kill -KILL $service 2>/dev/null || true' EXIT
wait_for state running
"#;

fn on_a_wire(steps: &str) -> Option<crate::Ran> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = Command::new("unshare")
        .args(["--net", "bash", "-c", &format!("{WIRE}{steps}"), "scene"])
        .args([env!("CARGO_BIN_EXE_cordon"), data.to_str().unwrap(), &replay()])
        .output();
    let tools = ["tcpreplay", "ip", "curl", "python3"];
    let has = |tool: &&str| Command::new(tool).arg("--version").output().is_ok();
    let ran = output.ok().map(crate::ran)?;
    let may = !ran.err.contains("Operation not permitted") && tools.iter().all(has);
    if !may {
        println!("skipped: needs root and {tools:?}: {}", ran.err);
        return None;
    }
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    Some(ran)
}

#[test]
fn an_interface_that_goes_and_comes_back_is_heard_again() {
    let steps = r#"
tcpreplay -q -i right --limit 500 --pps 2000 $capture >/dev/null 2>&1
sleep 1; before=$(source packets); [ $before -ge 400 ]
ip link set left down; wait_for state gone
ip link set left up; wait_for state running
tcpreplay -q -i right --limit 500 --pps 2000 $capture >/dev/null 2>&1
sleep 1; middle=$(source packets); [ $middle -gt $((before + 400)) ]
ip link del left; wait_for state gone
wire; wait_for state running
tcpreplay -q -i right --limit 500 --pps 2000 $capture >/dev/null 2>&1
sleep 1; [ $(source packets) -gt $((middle + 400)) ]
kill -TERM $service; wait $service
"#;
    on_a_wire(steps);
}

#[test]
fn a_flood_is_counted_and_the_console_answers() {
    let steps = r#"
( timeout 8 tcpreplay -q -i right --loop 1000 --topspeed $capture >/dev/null 2>&1 || true ) & flood=$!
sleep 3
begin=$(date +%s%N); ask /api/v1/today >/dev/null; took=$(( ($(date +%s%N) - begin) / 1000000 ))
wait $flood; sleep 2
received=$(ip -s -j link show left | python3 -c "import json,sys; print(json.load(sys.stdin)[0]['stats64']['rx']['packets'])")
python3 - $received $took "$(ask /api/v1/health)" "$(ask /metrics)" <<'P'
import json,sys
received,took=int(sys.argv[1]),int(sys.argv[2]); s=json.loads(sys.argv[3])['sources'][0]
print('received',received,s,'page ms',took)
lost=s['dropped_by_kernel']+s['dropped_by_queue']
assert took < 5000, took
assert lost > 0, 'nothing was lost: no flood'
counted=s['packets']+s['dropped_by_kernel']
assert abs(received-counted) <= received*0.02, (received,counted)
assert 'cordon_packets_dropped_queue_total{source="left"} %d' % s['dropped_by_queue'] in sys.argv[4], sys.argv[4][:2000]
P
kill -TERM $service; wait $service
"#;
    if let Some(ran) = on_a_wire(steps) {
        println!("{}", ran.out);
    }
}

#[test]
fn an_interface_that_is_not_there_is_named_with_those_that_are() {
    let steps = r#"
kill -TERM $service; wait $service
code=0; $cordon run later --listen 127.0.0.1:0 --data $data 2>$data.said || code=$?
[ $code -eq 2 ]; grep -q 'no network interface "later"; there are: left, lo, right' $data.said
"#;
    on_a_wire(steps);
}
