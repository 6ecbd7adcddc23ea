//! A running `cordon run` on throw-away data, and a client for its socket.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::chore::{cargo, command, root, run};

/// Until a started service must answer.
const OPENS_WITHIN: Duration = Duration::from_secs(60);
/// Until a request must be answered.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// Builds the program and gives back where it is.
pub fn program() -> Result<PathBuf> {
    run(cargo(&["build", "--quiet", "--package", "cordon-cli"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder));
    Ok(target.join("debug/cordon"))
}

/// A folder below `target` for one chore's files, emptied.
pub fn scratch(name: &str) -> Result<PathBuf> {
    let folder = root().join("target").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Has the lab write its captures, which a service replays.
pub fn captures(program: &Path, folder: &Path) -> Result<PathBuf> {
    let out = folder.join("lab");
    let text = out.display().to_string();
    let mut demo = command(&program.display().to_string(), &["demo", "--once", "--out", &text]);
    demo.stdout(Stdio::null());
    run(demo)?;
    fs::remove_file(out.join("report.html"))?;
    Ok(out)
}

/// A service; killed when it is dropped.
pub struct Service {
    child: Child,
    socket: Socket,
    errors: PathBuf,
}

impl Service {
    /// Starts it on `data`, replaying `captures` as fast as it can; does not wait.
    pub fn start(program: &Path, data: &Path, captures: &Path, more: &[&str]) -> Result<Self> {
        let errors = data.with_extension("stderr");
        let mut command = command(&program.display().to_string(), &["run", "--speed", "max"]);
        command.arg("--data").arg(data).arg("--replay").arg(captures).args(more);
        // What is configured on this machine is not what is tested.
        command.args(["--config", "/dev/null", "--set", "log.level=warn"]);
        let child = command.stdout(Stdio::null()).stderr(File::create(&errors)?).spawn()?;
        Ok(Service { child, socket: Socket(data.join("cordon.sock")), errors })
    }

    /// Waits until it answers; how long that took.
    pub fn opens(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            if let Ok((200, _)) = self.socket.ask("GET", "/api/v1/me", None) {
                return Ok(begun.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the service ended with {status}: {}", self.said());
            }
            if begun.elapsed() > OPENS_WITHIN {
                bail!("the service does not answer: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The client for its socket.
    pub fn socket(&self) -> Socket {
        self.socket.clone()
    }

    /// Whether it runs, and what it said.
    pub fn state(&mut self) -> String {
        let runs = match self.child.try_wait() {
            Ok(None) => "the service runs".to_owned(),
            Ok(Some(status)) => format!("the service ended with {status}"),
            Err(error) => error.to_string(),
        };
        format!("{runs}: {}", self.said())
    }

    /// What it wrote to standard error.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// Kills it as a power cut would, as far as a process can be.
    pub fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the service ended by itself with {status}: {}", self.said());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a service over the socket in its data folder.
#[derive(Clone)]
pub struct Socket(PathBuf);

impl Socket {
    /// The client for the service of a data folder.
    pub fn of(data: &Path) -> Self {
        Socket(data.join("cordon.sock"))
    }

    /// The answer's status and body. An answer counts from its status on: a body that breaks off
    /// is given back as far as it came.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> io::Result<(u16, Vec<u8>)> {
        let mut stream = UnixStream::connect(&self.0)?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut body = Vec::new();
        // Broken off: what came is told, and the status was.
        let _ = answer.read_to_end(&mut body);
        let head =
            body.windows(4).position(|four| four == b"\r\n\r\n").map_or(body.len(), |at| at + 4);
        Ok((status, body.split_off(head)))
    }

    /// What a request that must succeed gives.
    pub fn get(&self, path: &str) -> Result<Value> {
        let (status, body) = self.ask("GET", path, None)?;
        if status != 200 {
            bail!("GET {path} was answered {status}: {}", String::from_utf8_lossy(&body));
        }
        serde_json::from_slice(&body).with_context(|| format!("GET {path} gave no JSON"))
    }
}
