//! What must still be there after a kill.

use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use cordon_crypto::Ed25519;
use cordon_ledger::LogKey;
use serde_json::Value;

use crate::service::Socket;

/// Between two looks at what is safe so far.
const LOOK: Duration = Duration::from_millis(40);
/// Most records that a page has.
const PAGE: u64 = 500;

/// What the service said is safe.
#[derive(Default)]
pub struct Promised {
    seen: Seen,
    /// The ledger's key, as the folder's first service told it.
    key: Option<String>,
    /// The ledger was looked through up to here.
    looked: u64,
    /// How many records of which action on which subject must come after that.
    answered: BTreeMap<(&'static str, String), u64>,
}

/// What was seen before a kill.
#[derive(Default)]
pub struct Seen {
    checkpoint: Option<String>,
    size: u64,
    flows: u64,
}

impl Promised {
    /// Takes what was seen before a kill.
    pub fn keep(&mut self, seen: Seen) {
        self.seen.size = self.seen.size.max(seen.size);
        self.seen.flows = self.seen.flows.max(seen.flows);
        self.seen.checkpoint = seen.checkpoint.or(self.seen.checkpoint.take());
    }

    /// Takes which actions on which subjects were answered with success.
    pub fn expect(&mut self, answered: Vec<(&'static str, String)>) {
        for one in answered {
            *self.answered.entry(one).or_default() += 1;
        }
    }

    /// Records and flows so far.
    pub const fn so_far(&self) -> (u64, u64) {
        (self.seen.size, self.seen.flows)
    }
}

/// Looks again and again at what the service says is safe, until it answers no more.
pub fn watch(socket: Socket) -> JoinHandle<Seen> {
    std::thread::spawn(move || {
        let mut seen = Seen::default();
        while let Ok(head) = socket.get("/api/v1/ledger/head") {
            seen.checkpoint = head["checkpoint"].as_str().map(str::to_owned);
            seen.size = head["size"].as_u64().unwrap_or_default();
            let Ok(flows) = flows(&socket) else { break };
            seen.flows = flows;
            std::thread::sleep(LOOK);
        }
        seen
    })
}

/// Everything but the writers' own fields.
pub fn all(socket: &Socket, promised: &mut Promised) -> Result<()> {
    ledger(socket, promised)?;
    records(socket, promised)?;
    let now = flows(socket)?;
    if now < promised.seen.flows {
        bail!("{} flows were on disk before the kill, now {now}", promised.seen.flows);
    }
    promised.seen.flows = now;
    Ok(())
}

/// The service finds the ledger good, and so does an audit of an export of it with the key and
/// the checkpoint that were saved earlier.
fn ledger(socket: &Socket, promised: &mut Promised) -> Result<()> {
    let head = socket.get("/api/v1/ledger/head?verify=true")?;
    if head["good"] != Value::Bool(true) {
        bail!("the ledger does not verify: {}", head["says"]);
    }
    let size = head["size"].as_u64().unwrap_or_default();
    if size < promised.seen.size {
        bail!("the ledger had {} records before the kill, now {size}", promised.seen.size);
    }
    let key = head["public_key"].as_str().unwrap_or_default().to_owned();
    let key = promised.key.get_or_insert(key);
    let key: LogKey = key.parse().map_err(|_| anyhow::anyhow!("the ledger's key is no key"))?;
    let (status, export) = socket.ask("GET", "/api/v1/ledger/export", None)?;
    if status != 200 {
        bail!("the ledger's export was answered {status}");
    }
    let saved = promised.seen.checkpoint.as_deref();
    cordon_ledger::export::verify_export(&mut export.as_slice(), saved, &key, &Ed25519)
        .context("the exported ledger against the checkpoint that was saved before the kill")?;
    Ok(())
}

/// Every action that was answered with success has its record.
fn records(socket: &Socket, promised: &mut Promised) -> Result<()> {
    let mut found: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut cursor = String::new();
    let mut size = promised.looked;
    loop {
        let page = socket.get(&format!("/api/v1/ledger?limit={PAGE}{cursor}"))?;
        let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let index = |row: &Value| row["index"].as_u64().unwrap_or_default();
        size = size.max(items.first().map_or(0, |row| index(row) + 1));
        for row in items.iter().filter(|row| index(row) >= promised.looked) {
            *found.entry((text(row, "action"), text(row, "subject"))).or_default() += 1;
        }
        let next = page["next"].as_str();
        match next.filter(|_| items.last().is_some_and(|row| index(row) > promised.looked)) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for ((action, subject), answered) in std::mem::take(&mut promised.answered) {
        let kept = found.get(&(action.to_owned(), subject.clone())).copied().unwrap_or_default();
        if kept < answered {
            bail!(
                "{answered} times {action} on {subject:?} was answered, {kept} records are there"
            );
        }
    }
    promised.looked = size;
    promised.seen.size = promised.seen.size.max(size);
    Ok(())
}

/// Flows that are safe on disk.
fn flows(socket: &Socket) -> Result<u64> {
    let health = socket.get("/api/v1/health")?;
    let classes = health["retention"].as_array().map(Vec::as_slice).unwrap_or_default();
    let flows = classes.iter().find(|class| class["class"] == "flows");
    flows.and_then(|class| class["items"].as_u64()).context("health does not count flows")
}
