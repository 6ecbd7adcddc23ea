//! Who writes while the service is killed, and what each of them was told is done.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::service::Socket;

/// Devices and findings of one writer.
const DEVICES: usize = 2;
const FINDINGS: usize = 2;
/// Until the first devices and findings must be there.
const LOOKS: u32 = 300;

/// One writer: nobody else touches its devices and findings, so it knows what must be there.
pub struct Writer {
    number: usize,
    turn: u64,
    devices: Vec<Device>,
    findings: Vec<Finding>,
    answered: Vec<(&'static str, String)>,
}

/// A device whose name, owner and tag are always set to the same mark.
struct Device {
    id: String,
    /// The marks that hold, newest last, each with the change that set it.
    marks: Vec<(String, u64)>,
    /// What a request that was not answered would have made of it.
    maybe: Option<Maybe>,
}

enum Maybe {
    Set(String),
    TakenBack,
}

/// A finding that is accepted with a mark as reason, or open.
struct Finding {
    id: String,
    reason: Option<String>,
    maybe: Option<Option<String>>,
}

/// Waits until there are devices and findings, and shares them out.
pub fn share_out(socket: &Socket, writers: usize) -> Result<Vec<Writer>> {
    for _ in 0..LOOKS {
        let devices = ids(socket, "/api/v1/devices?limit=500&sort=first")?;
        let findings = ids(socket, "/api/v1/findings?limit=500")?;
        if devices.len() >= writers * DEVICES && findings.len() >= writers * FINDINGS {
            let (mut devices, mut findings) = (devices.into_iter(), findings.into_iter());
            let writer = |number| Writer {
                number,
                turn: 0,
                devices: devices
                    .by_ref()
                    .take(DEVICES)
                    .map(|id| Device { id, marks: Vec::new(), maybe: None })
                    .collect(),
                findings: findings
                    .by_ref()
                    .take(FINDINGS)
                    .map(|id| Finding { id, reason: None, maybe: None })
                    .collect(),
                answered: Vec::new(),
            };
            return Ok((0..writers).map(writer).collect());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    bail!("the replay does not show enough devices and findings")
}

fn ids(socket: &Socket, path: &str) -> Result<Vec<String>> {
    let page = socket.get(path)?;
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect())
}

impl Writer {
    /// Writes until nobody answers any more.
    pub fn write(mut self, socket: &Socket, round: u32) -> Result<Self> {
        loop {
            self.turn += 1;
            let mark = format!("r{round}w{}n{}", self.number, self.turn);
            let turn = usize::try_from(self.turn).unwrap_or_default();
            let (devices, findings) = (self.devices.len(), self.findings.len());
            let went_on = match turn % 4 {
                0 => match self.findings.get_mut(turn / 4 % findings) {
                    Some(finding) => finding.turn(socket, mark, &mut self.answered)?,
                    None => true,
                },
                3 => match self.devices.get_mut(turn / 4 % devices) {
                    Some(device) => device.take_back(socket, &mut self.answered)?,
                    None => true,
                },
                _ => match self.devices.get_mut(turn / 4 % devices) {
                    Some(device) => device.set(socket, mark, &mut self.answered)?,
                    None => true,
                },
            };
            if !went_on {
                return Ok(self);
            }
        }
    }

    /// What was answered with success since it was last asked: action and subject.
    pub fn take_answered(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.answered)
    }

    /// Everything that was answered is there, and nothing in part.
    pub fn check(&mut self, socket: &Socket) -> Result<()> {
        self.devices.iter_mut().try_for_each(|device| device.check(socket))?;
        self.findings.iter_mut().try_for_each(|finding| finding.check(socket))
    }
}

/// The answer's body; none where the service is gone; an error where it refuses.
fn told(socket: &Socket, method: &str, path: &str, body: &Value) -> Result<Option<Vec<u8>>> {
    match socket.ask(method, path, Some(body)) {
        Err(_) => Ok(None),
        Ok((200..=299, answer)) => Ok(Some(answer)),
        Ok((status, answer)) => {
            bail!(
                "{method} {path} {body} was answered {status}: {}",
                String::from_utf8_lossy(&answer)
            )
        }
    }
}

impl Device {
    fn set(
        &mut self,
        socket: &Socket,
        mark: String,
        answered: &mut Vec<(&'static str, String)>,
    ) -> Result<bool> {
        let body = json!({ "name": mark, "owner": mark, "tags": [mark] });
        self.maybe = Some(Maybe::Set(mark.clone()));
        let path = format!("/api/v1/devices/{}", self.id);
        let Some(answer) = told(socket, "PATCH", &path, &body)? else { return Ok(false) };
        self.maybe = None;
        answered.push(("device.edit", self.id.clone()));
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        // Where the body broke off, the change's number is not known; zero is never taken back.
        self.marks.push((mark, answer["undo"]["id"].as_u64().unwrap_or_default()));
        Ok(true)
    }

    fn take_back(
        &mut self,
        socket: &Socket,
        answered: &mut Vec<(&'static str, String)>,
    ) -> Result<bool> {
        let [.., _, (_, change)] = self.marks.as_slice() else { return Ok(true) };
        if *change == 0 {
            return Ok(true);
        }
        let change = change.to_string();
        self.maybe = Some(Maybe::TakenBack);
        let path = format!("/api/v1/changes/{change}/undo");
        let Some(_) = told(socket, "POST", &path, &json!({}))? else { return Ok(false) };
        self.maybe = None;
        answered.push(("change.undo", change));
        self.marks.pop();
        Ok(true)
    }

    fn check(&mut self, socket: &Socket) -> Result<()> {
        let view = socket.get(&format!("/api/v1/devices/{}", self.id))?;
        let row = &view["row"];
        let owner = row["owner"].as_str().map(str::to_owned);
        let holds = self.marks.last().map(|(mark, _)| mark.clone());
        let whole = match &owner {
            Some(mark) => row["label"] == mark.as_str() && row["tags"] == json!([mark]),
            None => row["tags"] == json!([]),
        };
        if !whole {
            bail!("{} was changed in part: {row}", self.id);
        }
        match self.maybe.take() {
            _ if owner == holds => {}
            Some(Maybe::Set(mark)) if owner.as_ref() == Some(&mark) => self.marks.push((mark, 0)),
            Some(Maybe::TakenBack)
                if self.marks.iter().rev().nth(1).map(|(mark, _)| mark) == owner.as_ref() =>
            {
                self.marks.pop();
            }
            _ => bail!("{} should be {holds:?} and is {owner:?}", self.id),
        }
        Ok(())
    }
}

impl Finding {
    fn turn(
        &mut self,
        socket: &Socket,
        mark: String,
        answered: &mut Vec<(&'static str, String)>,
    ) -> Result<bool> {
        let (what, action, body, then) = match self.reason {
            Some(_) => ("reopen", "finding.reopen", json!({}), None),
            None => ("accept", "finding.accept", json!({ "reason": mark, "days": 3 }), Some(mark)),
        };
        self.maybe = Some(then.clone());
        let path = format!("/api/v1/findings/{}/{what}", self.id);
        let Some(_) = told(socket, "POST", &path, &body)? else { return Ok(false) };
        self.maybe = None;
        answered.push((action, self.id.clone()));
        self.reason = then;
        Ok(true)
    }

    fn check(&mut self, socket: &Socket) -> Result<()> {
        let view = socket.get(&format!("/api/v1/findings/{}", self.id))?;
        let reason = view["accepted_because"].as_str().map(str::to_owned);
        match self.maybe.take() {
            _ if reason == self.reason => {}
            Some(maybe) if reason == maybe => self.reason = maybe,
            _ => {
                bail!("{} should be accepted for {:?} and is for {reason:?}", self.id, self.reason)
            }
        }
        if self.reason.is_some() && view["row"]["state"] != "accepted" {
            bail!("{} was accepted and is {}", self.id, view["row"]["state"]);
        }
        Ok(())
    }
}
