//! The master key: under a passphrase in a backup, and changed for another while anything fails.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cordon_crypto::{Ed25519, FORMER_KEY, KeyFile, Keys, MASTER_KEY, SigningKey, Vault};
use cordon_model::Timestamp;
use cordon_model::record::{Action, Credential, CredentialKind, Person, PersonId, Role};
use cordon_store::{Before, Commit, LedgerFilter, Notary, Options, State as _, Store, Write};

use crate::running::Running;
use crate::{cordon, text};

/// Credentials of the folder: enough that sealing them anew takes a while.
const CREDENTIALS: usize = 900;

fn every_file(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => left.push(entry.path()),
                false => all.push(fs::read(entry.path()).unwrap()),
            }
        }
    }
    all
}

#[test]
fn a_sealed_backup_holds_no_key_and_comes_back_with_its_passphrase_alone() {
    let service = Running::new();
    let data = Path::new(&service.data).to_owned();
    let words = |name: &str, says: &str| {
        let path = data.parent().unwrap().join(name);
        fs::write(&path, says).unwrap();
        text(&path)
    };
    let right = words("right", "seven green herons ate the ladder\n");
    let wrong = words("wrong", "seven green herons ate the adder\n");
    let short = words("short", "heron\n");
    service.rename("10.10.10.1", "Before");
    let weak = service.cordon(&["backup", "weak", "--passphrase-file", &short]);
    assert!(weak.code == 2 && weak.err.contains("15 characters"), "{}", weak.err);
    let said = service.says(&["backup", "sealed", "--passphrase-file", &right]);
    assert!(said.contains("opens with the passphrase alone"), "{said}");
    let plain = service.says(&["backup", "plain"]);
    assert!(plain.contains("It holds the master key"), "{plain}");
    let key = fs::read(data.join(MASTER_KEY)).unwrap();
    let holds = |name: &str| {
        let files = every_file(&data.join("backups").join(name));
        files.iter().any(|file| file.windows(32).any(|window| window == &key[16..48]))
    };
    assert!(holds("plain") && !holds("sealed"));
    let _folder = service.stop();

    let before = fs::read(data.join("state.db")).unwrap();
    let restore = |words: &str| {
        let data = text(&data);
        cordon(&["restore", "sealed", "--data", &data, "--passphrase-file", words])
    };
    let refused = restore(&wrong);
    assert!(refused.code == 2 && refused.err.contains("does not open"), "{}", refused.err);
    assert_eq!(fs::read(data.join("state.db")).unwrap(), before, "nothing was touched");
    let done = restore(&right);
    assert_eq!(done.code, 0, "{}", done.err);
    let service = Running::again(&text(&data));
    assert!(service.says(&["device", "10.10.10.1"]).starts_with("Before"));
    assert!(service.says(&["ledger", "verify"]).starts_with("good: "));
}

async fn store(folder: &Path) -> Store {
    let keys = Keys::open_or_create(folder).unwrap();
    let origin: cordon_ledger::Origin = "cordon/ledger".parse().unwrap();
    let path = folder.join("ledger.key");
    let signing = SigningKey::open_or_create(&path, &keys.vault(), &origin).unwrap();
    let notary = Notary::new(origin, Arc::new(signing), Arc::new(Ed25519));
    Store::open(folder, Options { site: "main".into(), notary, max_pages: None }).await.unwrap()
}

/// A folder with people who sign in.
async fn populate(folder: &Path) {
    let store = store(folder).await;
    let vault = Keys::open(folder).unwrap().vault();
    let ada = PersonId("ada".into());
    let person = Person {
        id: ada.clone(),
        name: "Ada".into(),
        role: Role::Admin,
        created: Timestamp::from_secs(1),
        disabled: false,
    };
    let mut writes = vec![Write::PutPerson(person)];
    writes.extend((0..CREDENTIALS).map(|number| {
        let id = format!("passkey-{number}");
        let sealed = vault.seal("passkey", &id, id.as_bytes()).unwrap();
        Write::PutCredential(Credential {
            id: id.into(),
            person: ada.clone(),
            kind: CredentialKind::Passkey,
            label: "key".into(),
            sealed,
            created: Timestamp::from_secs(1),
            used: None,
        })
    }));
    store.commit(Commit { writes, entries: Vec::new() }).await.unwrap();
    store.close().await.unwrap();
}

/// Whether each credential says what it said.
async fn all_open(folder: &Path, vault: &Vault) -> bool {
    let store = store(folder).await;
    let kept = store.load().await.unwrap().credentials;
    store.close().await.unwrap();
    assert_eq!(kept.len(), CREDENTIALS);
    kept.iter().all(|one| {
        let opened = vault.open("passkey", &one.id, &one.sealed);
        opened.is_ok_and(|secret| secret == one.id.as_bytes())
    })
}

/// Entries about another master key, in a folder where no service runs.
async fn rotations(folder: &Path) -> usize {
    let store = store(folder).await;
    let wanted = LedgerFilter { action: Some(Action::KeysRotate), ..LedgerFilter::default() };
    let rows =
        store.ledger_search(&wanted, Before { before: None, limit: 100 }).await.unwrap().rows;
    store.close().await.unwrap();
    rows.len()
}

#[test]
fn a_change_of_the_master_key_that_is_killed_anywhere_loses_nothing_and_is_finished_later() {
    let folder = tempfile::tempdir().unwrap();
    let (path, data) = (folder.path().to_owned(), text(folder.path()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(populate(&path));
    let first = Keys::open(&path).unwrap().current.id();
    let mut broken_off = 0;
    for delay in 0..40 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(["keys", "rotate", "--data", &data])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay * 5));
        // It may be done already.
        child.kill().ok();
        let done = child.wait().unwrap().success();
        broken_off += usize::from(!done);
        let keys = Keys::open(&path).unwrap();
        assert!(runtime.block_on(all_open(&path, &keys.vault())), "killed after {delay} steps");
    }
    assert!(broken_off > 3, "only {broken_off} were killed in time");
    let done = cordon(&["keys", "rotate", "--data", &data]);
    assert_eq!(done.code, 0, "{}", done.err);
    let keys = Keys::open(&path).unwrap();
    assert!(keys.former.is_none() && keys.current.id() != first);
    assert!(runtime.block_on(all_open(&path, &Vault::new(&keys.current))));
    let told = runtime.block_on(rotations(&path));
    assert!((1..=41).contains(&told), "each change is in the ledger once: {told}");
    let verified = cordon(&["ledger", "verify", "--data", &data]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);
}

#[test]
fn a_service_starts_in_the_middle_of_a_change_of_its_key_and_goes_on_after_it() {
    let service = Running::new();
    let data = service.data.clone();
    let while_running = service.cordon(&["keys", "rotate"]);
    assert!(while_running.err.contains("stop it first"), "{}", while_running.err);
    let _folder = service.stop();
    let at = |name: &str| Path::new(&data).join(name);
    let certificate = fs::read(at("tls")).unwrap();
    // As a machine that lost its power leaves it, after the new key was put in force.
    KeyFile::create(&at("master.key.next")).unwrap();
    fs::hard_link(at(MASTER_KEY), at(FORMER_KEY)).unwrap();
    fs::rename(at("master.key.next"), at(MASTER_KEY)).unwrap();
    let service = Running::again(&data);
    let words = at("words");
    fs::write(&words, "seven green herons ate the ladder").unwrap();
    let sealed = service.cordon(&["backup", "x", "--passphrase-file", &text(&words)]);
    assert!(sealed.err.contains("cordon keys rotate"), "{}", sealed.err);
    service.says(&["backup", "both"]);
    assert!(at("backups/both").join(FORMER_KEY).exists(), "a backup opens as well");
    drop(service);

    let done = cordon(&["keys", "rotate", "--data", &data]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!at(FORMER_KEY).exists());
    assert_ne!(fs::read(at("tls")).unwrap(), certificate, "sealed anew");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(rotations(Path::new(&data))), 1, "one change, one entry");
    let service = Running::again(&data);
    assert!(service.says(&["ledger", "verify"]).starts_with("good: "));
}
