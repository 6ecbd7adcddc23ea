//! A disk without room: who was let in sees what is wrong, and nobody gets in without an entry.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cordon_service::clock::Clock;
use cordon_service::{Answer, ProblemKind, SignedIn, Site};

use crate::scene::{How, Running, TestClock, root, until, visit};

const PASSWORD: &str = "seven green herons ate the ladder";

/// A small disk of its own, gone when dropped. Only root may make one.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=40m,mode=755", "cordon-test"])
            .arg(path)
            .status();
        done.is_ok_and(|status| status.success()).then_some(Disk(path))
    }

    /// Another program takes all the room there is.
    fn fill(&self, name: &str) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.0.join(name)).unwrap();
        for size in [65_536, 4_096, 512] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(self.0).status().unwrap();
    }
}

/// The first admin, with a phone that shows codes.
fn enrol(site: &Running) -> (SignedIn, totp_rs::Totp) {
    let link = site.runtime.block_on(site.engine.first_link()).unwrap().url;
    let link = link.rsplit('/').next().unwrap();
    let visit = visit();
    let begin = site.engine.enrol_password_begin(&visit, link, "Ada", PASSWORD);
    let setup = site.runtime.block_on(begin).unwrap();
    let secret = totp_rs::Secret::try_from_base32(setup.secret.replace(' ', "")).unwrap();
    let phone = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let code = shown(site, &phone);
    let done = site.engine.enrol_password_finish(&visit, link, &code);
    (site.runtime.block_on(done).unwrap().signed_in, phone)
}

/// A code that was not used yet, at a time when tries are not counted any more.
fn code(site: &Running, phone: &totp_rs::Totp) -> String {
    site.clock.pass(Duration::from_secs(600));
    shown(site, phone)
}

fn shown(site: &Running, phone: &totp_rs::Totp) -> String {
    phone.generate(u64::try_from(site.clock.now().secs()).unwrap()).to_string()
}

fn sign_in(site: &Running, phone: &totp_rs::Totp) -> Answer<SignedIn> {
    let code = code(site, phone);
    site.runtime.block_on(site.engine.password_sign_in(&visit(), "Ada", PASSWORD, &code))
}

fn begun(site: &Running) -> usize {
    site.ledger().iter().filter(|action| *action == "session.begin").count()
}

#[test]
fn a_full_disk_lets_people_in_as_long_as_that_can_be_written_and_says_so_when_not() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let Some(disk) = Disk::mount(folder.path()) else {
        println!("not tried: only root can mount a small disk");
        return;
    };
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let site = Running::begin(&data, &clock, How::default());
    assert!(site.runtime.block_on(site.engine.fill_reserve()));
    let (_, phone) = enrol(&site);
    let mut inside = sign_in(&site, &phone).unwrap();
    assert!(site.check("disk").is_none());

    disk.fill("one");
    let before = begun(&site);
    // The database has some room in its own files first.
    for _ in 0..2_000 {
        if site.check("disk").is_some() {
            break;
        }
        site.runtime.block_on(site.engine.export_ledger(&root())).unwrap();
    }
    sign_in(&site, &phone).expect("the reserve holds");
    assert_eq!(begun(&site), before + 1);
    let said = site.check("disk").unwrap();
    assert!(said.verdict == "bad" && said.says.contains("full"), "{said:?}");

    // The other program takes the reserve as well.
    let mut refused = None;
    for number in 0..2_000 {
        disk.fill(&format!("more-{number}"));
        match sign_in(&site, &phone) {
            Ok(another) => inside = another,
            Err(problem) => {
                refused = Some(problem);
                break;
            }
        }
    }
    let refused = refused.expect("a full disk without a reserve");
    assert_eq!(refused.kind, ProblemKind::Unavailable);
    for word in ["disk", "full", "backups", "cordon status"] {
        assert!(refused.detail.contains(word), "{}", refused.detail);
    }
    let written = begun(&site);
    let caller = site.engine.session(&inside.secret, &visit()).expect("a session goes on");
    site.engine.today(&caller).expect("whoever is in reads on");
    site.engine.health(&caller).expect("and sees what is wrong");
    let out = site.runtime.block_on(site.engine.sign_out(&caller));
    assert!(out.is_err(), "it cannot be written down");
    assert!(site.engine.session(&inside.secret, &visit()).is_none(), "and is over all the same");
    assert_eq!(site.health().verdict, "bad", "the machine's own socket answers");

    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        if entry.path().is_file() {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    sign_in(&site, &phone).expect("there is room again");
    assert_eq!(begun(&site), written + 1, "every session has its entry");
    until("the reserve", || site.runtime.block_on(site.engine.fill_reserve()));
    assert!(site.check("disk").is_none());
    site.end();
    drop(disk);
}
