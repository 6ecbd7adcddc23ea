//! `cargo xtask e2e`: the built program as programs and people meet it from outside.

mod gate;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use crate::chore::{command, root, run};
use crate::service::{Service, captures, program, scratch};
use crate::tools;

/// Seconds of schemathesis in a short run over the socket, and over HTTPS with a token.
const SHORT: [u32; 2] = [40, 15];
/// And in a long one.
const LONG: [u32; 2] = [600, 120];
/// What is not asked: it never ends.
const ENDLESS: &str = "/api/v1/events";

/// What to try.
#[derive(Subcommand, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// schemathesis over the served description: no 5xx, nothing that is not described
    Api {
        /// Minutes in place of seconds
        #[arg(long)]
        long: bool,
    },
    /// Chromium: two people, a passkey, a second person's approval, and a picture of every page
    Browser,
}

/// Tries one thing, or everything.
pub fn run_all(what: Option<What>) -> Result<()> {
    let both = [What::Api { long: false }, What::Browser];
    let wanted = what.map_or_else(|| both.to_vec(), |what| vec![what]);
    for what in wanted {
        match what {
            What::Api { long } => api(if long { LONG } else { SHORT })?,
            What::Browser => browser()?,
        }
    }
    Ok(())
}

/// What is missing for it, in words.
pub fn hindrance(what: What) -> Option<String> {
    let module = match what {
        What::Api { .. } => "schemathesis",
        What::Browser => "selenium",
    };
    tools::python(module)
        .err()
        .or_else(|| match what {
            What::Browser => tools::browser().err(),
            What::Api { .. } => None,
        })
        .map(|error| format!("{error:#}"))
}

fn api(seconds: [u32; 2]) -> Result<()> {
    let python = tools::python("schemathesis")?;
    let set_up = SetUp::new("api")?;
    let (_service, link) = set_up.start(&[])?;
    let token = Command::new(&python).arg(script("way_in.py")).arg(&link).output()?;
    if !token.status.success() {
        bail!("no token: {}", String::from_utf8_lossy(&token.stderr));
    }
    let token = String::from_utf8(token.stdout)?;
    let gate = gate::open(&set_up.data.join("cordon.sock")).context("no port on loopback")?;
    let [by_socket, by_token] = seconds;
    // First: root may revoke any token, and schemathesis as root comes upon this one.
    println!("the API over HTTPS, with a token: {by_token} s");
    let origin = link.split("/enrol/").next().unwrap_or_default();
    let mut test = schemathesis(&python, origin, by_token);
    test.args(["--tls-verify", "false", "--rate-limit", "50/s"]);
    test.args(["--exclude-checks", "positive_data_acceptance"]);
    test.args(["--header", &format!("Authorization: Bearer {}", token.trim())]);
    run(test)?;
    println!("the API over the socket, as root: {by_socket} s");
    let mut test = schemathesis(&python, &format!("http://{gate}"), by_socket);
    // Root on this machine needs no token, so one that is left out is no failure there.
    test.args(["--exclude-checks", "ignored_auth,positive_data_acceptance"]);
    run(test)
}

/// `positive_data_acceptance` is left out everywhere: that a name is taken, or a file is of no
/// known kind, no schema can say.
fn schemathesis(python: &Path, origin: &str, seconds: u32) -> Command {
    let program = python.with_file_name("schemathesis").display().to_string();
    let mut test = command(&program, &["run", &format!("{origin}/api/openapi.json")]);
    test.args(["--exclude-path", ENDLESS, "--phases", "examples,coverage,fuzzing"]);
    test.args(["--max-time", &seconds.to_string(), "--request-timeout", "30"]);
    test.args(["--continue-on-failure", "--no-shrink", "--warnings", "off"]);
    // What it learns about one service is of no use for the next.
    test.env("HYPOTHESIS_STORAGE_DIRECTORY", root().join("target/e2e/hypothesis"));
    // The certificate is the service's own; what the environment says of others does not count.
    test.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE");
    test.env("PYTHONWARNINGS", "ignore");
    test
}

fn browser() -> Result<()> {
    let python = tools::python("selenium")?;
    tools::browser()?;
    let set_up = SetUp::new("browser")?;
    let (_service, link) = set_up.start(&["--set", "web.second_person=true"])?;
    let pictures = set_up.folder.join("pictures");
    let mut story = Command::new(python);
    story.arg(script("browser.py")).arg(link).arg(&pictures);
    run(story).with_context(|| format!("pictures are in {}", pictures.display()))
}

fn script(name: &str) -> PathBuf {
    root().join("xtask/e2e").join(name)
}

/// A program, a place, and something to replay.
struct SetUp {
    program: PathBuf,
    folder: PathBuf,
    data: PathBuf,
    captures: PathBuf,
}

impl SetUp {
    fn new(name: &str) -> Result<Self> {
        let folder = scratch(&format!("e2e/{name}"))?;
        let program = program()?;
        let captures = captures(&program, &folder)?;
        Ok(SetUp { program, data: folder.join("data"), folder, captures })
    }

    /// A service that has replayed everything, and the link by which the first person enrols.
    fn start(&self, more: &[&str]) -> Result<(Service, String)> {
        let more = [&["--listen", "127.0.0.1:0", "--set", "history.min_free=64MiB"], more].concat();
        let mut service = Service::start(&self.program, &self.data, &self.captures, &more)?;
        service.opens()?;
        let socket = service.socket();
        for _ in 0..300 {
            let devices = socket.get("/api/v1/devices?limit=1")?;
            let said = service.said();
            let link = said.split_whitespace().find(|word| word.contains("/enrol/"));
            if let (Some(link), true) = (link, devices["total"].as_u64() > Some(0)) {
                let (_, rest) = link.rsplit_once(':').context("the link names no port")?;
                return Ok((service, format!("https://localhost:{rest}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("no link and no devices within half a minute: {}", service.said())
    }
}
