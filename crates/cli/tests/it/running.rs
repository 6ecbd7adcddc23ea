//! A service as tests have it: the real binary on the lab's capture.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{LAB, Ran, cordon, text};

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running service; gone with it.
pub struct Running {
    pub child: Child,
    pub data: String,
    pub port: u16,
    folder: Option<tempfile::TempDir>,
}

impl Running {
    /// On the lab's wired capture, in a folder of its own, once all of it was seen.
    pub fn new() -> Running {
        let folder = tempfile::tempdir().unwrap();
        let data = text(&folder.path().join("data"));
        let mut running = Running::again(&data);
        running.folder = Some(folder);
        running
    }

    /// In a folder that there is.
    pub fn again(data: &str) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(["run", "--replay", &LAB.text("wired.pcap"), "--speed", "max"])
            .args([
                "--data",
                data,
                "--listen",
                "127.0.0.1:0",
                "--set",
                "web.hostnames=[\"localhost\"]",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let rest = line.strip_prefix("cordon: console at https://localhost:")?.to_owned();
            rest.split(' ').next()?.parse().ok()
        });
        let port: u16 = said.expect("the service did not start");
        // The rest is read, so that the service never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let running = Running { child, data: data.to_owned(), port, folder: None };
        running.wait();
        running
    }

    /// Until the recording has ended and was concluded.
    fn wait(&self) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let status = cordon(&["status", "--data", &self.data, "--format", "json"]);
            let json: serde_json::Value = serde_json::from_str(&status.out).unwrap_or_default();
            let devices = cordon(&["devices", "--data", &self.data, "--format", "json"]);
            let count: serde_json::Value = serde_json::from_str(&devices.out).unwrap_or_default();
            let ended = json["sources"][0]["state"] == "ended" && json["queue_depth"] == 0;
            if ended
                && count["total"].as_u64() > Some(40)
                && json["flows_kept"].as_u64() > Some(300)
            {
                // One more conclusion: the last packets count too.
                std::thread::sleep(Duration::from_millis(1200));
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("the recording was not seen to its end");
    }

    /// A command about this service.
    pub fn cordon(&self, arguments: &[&str]) -> Ran {
        cordon(&[arguments, &["--data", &self.data]].concat())
    }

    /// As [`Running::cordon`]; it must be well.
    pub fn says(&self, arguments: &[&str]) -> String {
        let ran = self.cordon(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// Gives a device a name, as the console does.
    pub fn rename(&self, device: &str, name: &str) {
        use cordon_api::http::client::{Question, Way, ask};
        let way = Way::Socket(std::path::Path::new(&self.data).join("cordon.sock"));
        let body = serde_json::json!({ "name": name }).to_string();
        let path = format!("/api/v1/devices/{device}");
        let question = Question {
            method: "PATCH",
            path: &path,
            content: "application/json",
            body: body.as_bytes(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(ask(&way, question)).unwrap().status, 200);
    }

    /// Tells it to stop and waits for that.
    pub fn stop(mut self) -> Option<tempfile::TempDir> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.folder.take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
