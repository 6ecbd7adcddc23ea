//! The story: what an admin would do on the first day, and what the packets say of it.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cordon_contract::envelope::Envelope;
use cordon_crypto::Ed25519;
use cordon_ledger::{LogKey, Verifier as _};
use cordon_service::view::{ContractView, RulesView};
use serde::de::DeserializeOwned;

use super::service::{Ran, Service, TRIAL, bare};
use super::talk::{Counted, DAY, Talk};
use super::teller::Teller;
use super::world::{self, CAMERA, HOSTS, Host, IMAGING, LINKS, RECORDER, THERMOSTAT, TV};
use crate::args::Colour;
use crate::failure::Failure;

/// Steps.
const STEPS: u32 = 10;
/// How often the day's work is done while it is learned, and to see whether it still works.
const DAYS: u32 = 6;
const AGAIN: u32 = 2;
/// Whose contracts are put in force; people's own devices stay as free as they were.
static BOUND: [&Host; 5] = [&THERMOSTAT, &CAMERA, &TV, &RECORDER, &IMAGING];
/// Kinds of conversations that a contract needs before it is taken over: what the day has of each, and
/// that they asked for an address.
const LEARNED: [usize; 5] = [3, 2, 4, 2, 2];
/// Until the last of them is told and concluded from: conversations are told after two seconds here.
const TOLD: Duration = Duration::from_millis(3500);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(300);
/// Where the proof is written.
const PROOF: &str = "/run/proof.json";

/// Tells it. Whoever calls is in namespaces of its own.
pub fn tell(colour: Colour) -> Result<ExitCode, Failure> {
    let begun = instant();
    let other = |error: std::io::Error| Failure::Other(format!("the demo's world: {error}"));
    let teller = Teller::new(colour, STEPS);
    teller.says(
        "A small clinic in network namespaces, with cordon on its router. Packets are real, and it is this \
         machine's kernel that stops them; the machine's own network is not touched. Only time is short: \
         what a service learns in days and tries for minutes takes seconds here. Lines that begin with $ \
         are commands as you would type them.",
    )?;
    world::build().map_err(other)?;
    let talk = Talk::begin().map_err(other)?;
    let service = Service::start()?;
    let mut story = Story { teller, talk, service };
    story.whole()?;
    let (held, broken) = story.teller.score();
    let took = (instant() - begun).as_secs();
    let all = held + broken;
    story.teller.says("")?;
    story.teller.says(&format!("{held} of {all} claims held, in {took} seconds."))?;
    drop(story);
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

struct Story {
    teller: Teller,
    talk: Talk,
    service: Service,
}

impl Story {
    fn whole(&mut self) -> Result<(), Failure> {
        self.sites()?;
        self.works_all_day()?;
        self.is_learned()?;
        self.is_rehearsed()?;
        self.is_attacked()?;
        self.is_on_trial()?;
        self.is_taken_back()?;
        self.is_confirmed()?;
        self.is_proven()?;
        self.is_isolated()
    }

    fn sites(&mut self) -> Result<(), Failure> {
        self.teller.step("a clinic")?;
        for link in &LINKS {
            let names: Vec<String> = HOSTS
                .iter()
                .filter(|host| host.link == link.name)
                .map(|host| format!("{} {}", host.name, host.ip()))
                .collect();
            self.teller.row(link.what, &format!("{}: {}", link.network, names.join(", ")))?;
        }
        self.teller.says(
            "What passes the router can be stopped there; what devices of one network say to each other does \
             not pass it.",
        )?;
        self.talk.names().map_err(broken)?;
        let rules = self.runs(&["contract", "rules"])?;
        self.teller.claims(
            rules.code == 0 && rules.says("Nothing is enforced yet"),
            "cordon runs on the router between these networks, and blocks nothing yet",
        )
    }

    fn works_all_day(&mut self) -> Result<(), Failure> {
        self.teller.step("everybody works")?;
        self.teller
            .says("Of a conversation (TCP) its first packet is counted, of a stream (UDP) all.")?;
        self.day(DAYS, "every packet arrives")
    }

    fn is_learned(&mut self) -> Result<(), Failure> {
        self.teller.step("what each device does is learned, and becomes its contract")?;
        std::thread::sleep(TOLD);
        let learned = self.until(|story| {
            let enough = |(host, least): (&&Host, &usize)| -> Result<bool, Failure> {
                let view = story.asks::<ContractView>(&["contract", "show", host.name])?;
                Ok(view.is_some_and(|view| view.proposed.len() >= *least))
            };
            let all: Result<Vec<bool>, Failure> = BOUND.iter().zip(&LEARNED).map(enough).collect();
            Ok(all?.into_iter().all(|enough| enough))
        })?;
        self.teller
            .claims(learned, "a contract is proposed for every device that is to have one")?;
        for host in BOUND {
            let admit = ["admit", host.name, "--why", "as it should be"];
            let done = match host.name {
                "thermostat" => self.runs(&["admit", host.name])?,
                _ => self.service.run(&admit, true)?,
            };
            if done.code != 0 {
                self.teller.claims(false, &format!("{} has a contract", host.name))?;
            }
        }
        self.teller.says("The other four likewise. In plain words:")?;
        let told = self.runs(&["contract", "show", THERMOSTAT.name])?;
        self.teller.claims(
            told.says("telemetry.warmhouse.example") && told.says("Nothing else is allowed."),
            "the thermostat may ask for names and report to its maker, and nothing else",
        )?;
        self.runs(&["contract", "list"]).map(drop)
    }

    fn is_rehearsed(&mut self) -> Result<(), Failure> {
        self.teller.step("rehearsal: what would these contracts have blocked?")?;
        // What was seen last is on disk within a second or two.
        std::thread::sleep(Duration::from_secs(1));
        let ran = self.runs(&["contract", "enforce", "all", "--rehearse"])?;
        self.teller.claims(
            ran.code == 0 && ran.says("Nothing would have been blocked in"),
            "nothing that the devices need would break",
        )
    }

    fn is_attacked(&mut self) -> Result<(), Failure> {
        self.teller.step("somebody takes over the camera")?;
        let scan = self.scan()?;
        self.teller.claims(
            scan.sent > 0 && scan.arrived == scan.sent,
            "nothing is blocked yet: every packet of the scan arrives",
        )
    }

    fn is_on_trial(&mut self) -> Result<(), Failure> {
        self.teller.step("enforced, on trial")?;
        let tried = self.runs(&["contract", "enforce", "all"])?;
        self.teller.claims(
            tried.code == 0 && tried.says("On trial until"),
            "the kernel holds the rules; unless somebody confirms them, it drops them again",
        )?;
        let scan = self.scan()?;
        self.teller
            .claims(scan.sent > 0 && scan.arrived == 0, "no packet of the scan arrives any more")?;
        self.day(AGAIN, "everything else goes on, casting included")
    }

    fn is_taken_back(&mut self) -> Result<(), Failure> {
        self.teller.step("nobody confirms")?;
        let wait = TRIAL.as_secs();
        self.teller.says(&format!(
            "A mistake that locks people out must undo itself. Here rules are on trial for {wait} seconds, \
             usually for ten minutes."
        ))?;
        let back = self.until(|story| {
            let rules = story.asks::<RulesView>(&["contract", "rules"])?;
            Ok(rules.is_some_and(|rules| rules.state != "trial"))
        })?;
        let rules = self.runs(&["contract", "rules"])?;
        let scan = self.scan()?;
        self.teller.claims(
            back && rules.code == 0 && scan.sent > 0 && scan.arrived == scan.sent,
            "the rules took themselves back: the scan would get through again",
        )
    }

    fn is_confirmed(&mut self) -> Result<(), Failure> {
        self.teller.step("enforced and confirmed")?;
        self.runs(&["contract", "enforce", "all", "--why", "rehearsed and tried"])?;
        let confirmed = self.runs(&["contract", "confirm"])?;
        let scan = self.scan()?;
        self.teller.claims(
            confirmed.code == 0 && scan.sent > 0 && scan.arrived == 0,
            "no packet of the scan arrives",
        )?;
        self.day(AGAIN, "everything else goes on")?;
        let told = self.until(|story| {
            let device = story.service.run(&["device", CAMERA.name], false)?;
            Ok(device.says("was stopped on the way to"))
        })?;
        let lines = |text: &str| -> String {
            let of = text.lines().skip_while(|line| !bare(line).contains("What happened last"));
            of.take(6).map(|line| format!("{line}\n")).collect()
        };
        let command = ["device", CAMERA.name];
        self.teller.runs(&self.service, &command, lines)?;
        self.teller.claims(told, "what the camera tried is on its timeline")
    }

    fn is_proven(&mut self) -> Result<(), Failure> {
        self.teller.step("a compromised thermostat cannot reach imaging")?;
        let proof = self.runs(&["prove", THERMOSTAT.name, IMAGING.name, "-o", PROOF])?;
        self.teller.claims(
            proof.code == 0 && proof.says("cannot reach"),
            "proven by every packet there is, from the rules that the kernel holds",
        )?;
        let head = self.runs(&["ledger", "head", "--only", "key"])?;
        self.teller.claims(
            is_signed(Path::new(PROOF), &bare(&head.out)),
            "the proof is signed by this service's key, and the signature was verified",
        )?;
        let tried = self.talk.break_in(&THERMOSTAT, &IMAGING).map_err(broken)?;
        self.teller.measured("the thermostat tries imaging", "3 TCP ports", tried)?;
        self.teller.claims(tried.sent > 0 && tried.arrived == 0, "tried out, no packet arrives")?;
        let ways = |text: &str| -> String {
            let said = text.lines().take_while(|line| !bare(line).contains("Not shown: "));
            said.map(|line| format!("{line}\n")).collect()
        };
        let open = self.teller.runs(&self.service, &["prove", CAMERA.name, RECORDER.name], ways)?;
        self.teller.says("  (What it does not speak of: as above.)")?;
        self.teller.claims(
            open.code == 1 && open.says("udp 5004"),
            "where a way is open, it says so: the camera reaches the recorder, for its stream",
        )
    }

    fn is_isolated(&mut self) -> Result<(), Failure> {
        self.teller.step("cut off, and taken back")?;
        let cut = self.runs(&["isolate", CAMERA.name, "--why", "it scans"])?;
        let stream = self.talk.camera().map_err(broken)?;
        self.teller.measured("the camera streams to the recorder", "UDP 5004", stream)?;
        self.teller.claims(
            cut.code == 0 && stream.sent > 0 && stream.arrived == 0,
            "the camera reaches nobody, not even the recorder",
        )?;
        let back = self.runs(&["contract", "undo"])?;
        let stream = self.talk.camera().map_err(broken)?;
        self.teller.measured("the camera streams to the recorder", "UDP 5004", stream)?;
        self.teller.claims(
            back.code == 0 && stream.sent > 0 && stream.arrived == stream.sent,
            "taken back: it streams again",
        )?;
        self.runs(&["contract", "steps"])?;
        let ledger = self.runs(&["ledger", "verify"])?;
        self.teller.claims(ledger.code == 0, "every step is in a ledger that nobody changed")
    }

    /// Everybody does their work, which has to come through.
    fn day(&mut self, times: u32, claim: &str) -> Result<(), Failure> {
        let counted = self.talk.day(times).map_err(broken)?;
        for (work, counted) in DAY.iter().zip(&counted) {
            self.teller.measured(work.says, work.carried, *counted)?;
        }
        let works = DAY.iter().zip(&counted).all(|(work, counted)| work.works(*counted));
        self.teller.claims(works, claim)
    }

    fn scan(&mut self) -> Result<Counted, Failure> {
        let scan = self.talk.scan(&CAMERA).map_err(broken)?;
        self.teller.measured("the camera tries telnet on other networks", "TCP 23, 2323", scan)?;
        Ok(scan)
    }

    /// A command, with all that it prints.
    fn runs(&self, arguments: &[&str]) -> Result<Ran, Failure> {
        self.teller.runs(&self.service, arguments, str::to_owned)
    }

    /// What the service answers to a question that is not part of the story; nothing where it does
    /// not know yet.
    fn asks<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<Option<T>, Failure> {
        let ran = self.service.run(&[arguments, &["--format", "json"]].concat(), false)?;
        Ok(serde_json::from_str(&ran.out).ok())
    }

    /// Waits until something holds; whether it does.
    fn until(&self, holds: impl Fn(&Self) -> Result<bool, Failure>) -> Result<bool, Failure> {
        let begun = instant();
        while !holds(self)? {
            if instant() - begun > PATIENCE {
                return Ok(false);
            }
            std::thread::sleep(LOOK);
        }
        Ok(true)
    }
}

/// Whether an envelope in a file is signed by a service's key.
fn is_signed(file: &Path, key: &str) -> bool {
    let envelope = std::fs::read(file).ok();
    let envelope = envelope.and_then(|bytes| serde_json::from_slice::<Envelope>(&bytes).ok());
    let (Some(envelope), Ok(key)) = (envelope, key.parse::<LogKey>()) else { return false };
    let by_it = |signed: &[u8], signature: &[u8]| {
        let signature = signature.try_into();
        signature.is_ok_and(|signature| Ed25519.verify(&key.public_key, signed, signature))
    };
    envelope.payload(|_, signed, signature| by_it(signed, signature)).is_ok()
}

fn broken(error: std::io::Error) -> Failure {
    Failure::Other(format!("the demo's world broke down: {error}"))
}

#[allow(clippy::disallowed_methods, reason = "the story is told in the time of who listens")]
fn instant() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_that_somebody_else_signed_is_not_taken_for_signed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("proof.json");
        let key = "cordon/ledger+08be58ac+AVC9TMbBJOTwCE6NjLWw6V5xzoEIj6vsE54iI9218w/h";
        assert!(key.parse::<LogKey>().is_ok());
        let forged = Envelope::of("a proof", b"nothing is reached", key, |_| vec![7; 64]);
        std::fs::write(&file, serde_json::to_vec(&forged).unwrap()).unwrap();
        assert!(!is_signed(&file, key));
        assert!(!is_signed(&folder.path().join("none"), key));
    }
}
