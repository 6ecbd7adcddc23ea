//! `cordon restore`: a backup in the place of the present state, which is set aside.
//!
//! Everything is made ready and checked in a folder beside the state before anything is moved.
//! The moves are renames on one file system; whatever breaks them off, `cordon run` refuses to
//! start on half of it and the same command finishes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use cordon_crypto::{Ed25519, FORMER_KEY, Keys, MASTER_KEY, Passphrase, SigningKey, open_key_file};
use cordon_model::Timestamp;
use cordon_model::record::{Action, Entry};
use cordon_service::clock::{Clock as _, SystemClock};
use cordon_service::{SEALED_KEY, copy_kept};
use cordon_store::{CHECKPOINTS, Commit, DATABASE, Held, Notary, Options, State as _, Store};

use crate::args::RestoreArgs;
use crate::failure::Failure;
use crate::output::print;
use crate::passphrase;
use crate::run::{MOVING, SITE, ledger_origin};
use crate::service::{folder, is_running, runtime};

/// What belongs to the state of a service, the database last: it decides which state there is.
const STATE: [&str; 9] = [
    MASTER_KEY,
    FORMER_KEY,
    "ledger.key",
    "tls",
    "history",
    CHECKPOINTS,
    "state.db-wal",
    "state.db-shm",
    DATABASE,
];
/// Where the state is made ready.
const READY: &str = "restore.preparing";
/// Holds the name of the folder in which the old state is set aside.
const ASIDE: &str = "aside";
/// Is there once all of the old state is set aside.
const CLEARED: &str = "cleared";

/// Runs the command.
pub fn run(args: &RestoreArgs) -> Result<ExitCode, Failure> {
    let data = folder(&args.data, &args.config)?;
    if is_running(&data) {
        return Err(Failure::Other(format!(
            "a cordon is running with the data folder {}; stop it first, then restore",
            data.display()
        )));
    }
    let moving = data.join(MOVING);
    if moving.exists() {
        let _held = hold(&data)?;
        let aside = move_in(&data, &moving)?;
        print(&format!(
            "An earlier restore was broken off and is finished now. What was there before is in {}.\n",
            aside.display()
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let from = source(&args.from, &data)?;
    std::fs::create_dir_all(&data).map_err(|error| failed(&data, &error))?;
    let held = hold(&data)?;
    let ready = data.join(READY);
    let made = prepare(&from, &ready, &args.passphrase_file);
    let size = match made {
        Ok(size) => size,
        Err(failure) => {
            // Only a copy; the error tells more than this one would.
            drop(std::fs::remove_dir_all(&ready));
            return Err(failure);
        }
    };
    let date = now().to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let aside = free(&data, date);
    note(&ready.join(ASIDE), &aside)?;
    give_to_owner(&data, &ready)?;
    std::fs::rename(&ready, &moving).map_err(|error| failed(&moving, &error))?;
    let aside = move_in(&data, &moving)?;
    drop(held);
    print(&said(&from, &data, &aside, size))?;
    Ok(ExitCode::SUCCESS)
}

fn said(from: &Path, data: &Path, aside: &Path, size: u64) -> String {
    let mut text = format!(
        "Restored {} into {}. The ledger goes on from record {size}.\n",
        from.display(),
        data.display()
    );
    if aside.exists() {
        text.push_str(&format!(
            "What was there before is in {}; nothing was removed.\n\
             Checkpoints over more than {size} records, there or wherever you keep them, speak of that state: \
             against them\n`cordon ledger verify --checkpoint` says from now on that records are missing or the ledger \
             was forked. Keep them with\nthat folder as proof, and save a new one: cordon ledger head --only checkpoint\n",
            aside.display()
        ));
    }
    text.push_str("Start the service again as always.\n");
    text
}

/// The folder of the backup.
fn source(from: &Path, data: &Path) -> Result<PathBuf, Failure> {
    let named = data.join("backups").join(from);
    let is_name = from.components().count() == 1;
    let places = [Some(from.to_owned()), is_name.then_some(named)];
    let found = places.into_iter().flatten().find(|place| place.join(DATABASE).is_file());
    found.ok_or_else(|| {
        let mut there: Vec<String> = std::fs::read_dir(data.join("backups"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().join(DATABASE).is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        there.sort();
        let there = match there.is_empty() {
            true => "there is none in this data folder".to_owned(),
            false => format!("there are: {}", there.join(", ")),
        };
        Failure::Other(format!("{} is no backup; {there}", from.display()))
    })
}

/// Copies the backup, checks it, and writes into its ledger that it was restored; gives the
/// number of records.
fn prepare(from: &Path, ready: &Path, words: &Option<PathBuf>) -> Result<u64, Failure> {
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    if ready.exists() {
        std::fs::remove_dir_all(ready).map_err(|error| failed(ready, &error))?;
    }
    cordon_guard::prepare_folder(ready, None).map_err(|error| failed(ready, &error))?;
    let incomplete = |error: cordon_crypto::CryptoError| {
        Failure::Other(format!("{} is no whole backup: {error}", from.display()))
    };
    let sealed = from.join(SEALED_KEY);
    if sealed.exists() {
        let words = match words {
            Some(file) => passphrase::from_file(file)?,
            None => passphrase::ask("Passphrase of the backup: ", false)?,
        };
        let words = Passphrase::new(&words).map_err(|_| {
            Failure::Other("this is no passphrase of a backup: they are longer".to_owned())
        })?;
        open_key_file(&sealed, &ready.join(MASTER_KEY), &words).map_err(|error| other(&error))?;
    }
    for name in [MASTER_KEY, FORMER_KEY, "ledger.key", "tls", "history"] {
        copy_kept(&from.join(name), &ready.join(name)).map_err(|error| failed(from, &error))?;
    }
    let keys = Keys::open(ready).map_err(incomplete)?;
    let origin = ledger_origin()?;
    let signing =
        SigningKey::open(&ready.join("ledger.key"), &keys.vault(), &origin).map_err(incomplete)?;
    let notary = Notary::new(origin, Arc::new(signing), Arc::new(Ed25519));
    let options = Options { site: SITE.into(), notary, max_pages: None };
    runtime()?.block_on(async {
        Store::restore(ready, &from.join(DATABASE), &options, now())
            .await
            .map_err(|error| other(&error))?;
        let store = Store::open(ready, options).await.map_err(|error| other(&error))?;
        let uid = std::os::unix::fs::MetadataExt::uid(
            &std::fs::metadata(ready).map_err(|error| failed(ready, &error))?,
        );
        let entry = Entry {
            at: now(),
            actor: format!("local:{uid}").into(),
            action: Action::BackupRestore,
            subject: "".into(),
            detail: [("from".into(), from.display().to_string().into())].into_iter().collect(),
        };
        let done = store
            .commit(Commit { writes: Vec::new(), entries: vec![entry] })
            .await
            .map_err(|error| other(&error))?;
        store.close().await.map_err(|error| other(&error))?;
        Ok(done.size)
    })
}

/// Sets the old state aside, then puts the new one in its place; can be begun again at any point.
fn move_in(data: &Path, moving: &Path) -> Result<PathBuf, Failure> {
    let read =
        std::fs::read_to_string(moving.join(ASIDE)).map_err(|error| failed(moving, &error))?;
    let aside = data.join(read.trim());
    let there = |folder: &Path, name: &str| folder.join(name).symlink_metadata().is_ok();
    if !there(moving, CLEARED) {
        for name in STATE.iter().filter(|name| there(data, name)) {
            cordon_guard::prepare_folder(&aside, None).map_err(|error| failed(&aside, &error))?;
            std::fs::rename(data.join(name), aside.join(name))
                .map_err(|error| failed(&data.join(name), &error))?;
        }
        if aside.exists() {
            give_to_owner(data, &aside)?;
        }
        sync(data)?;
        note(&moving.join(CLEARED), Path::new(""))?;
        sync(moving)?;
    }
    for name in STATE.iter().filter(|name| there(moving, name)) {
        std::fs::rename(moving.join(name), data.join(name))
            .map_err(|error| failed(&data.join(name), &error))?;
    }
    sync(data)?;
    std::fs::remove_dir_all(moving).map_err(|error| failed(moving, &error))?;
    Ok(aside)
}

fn hold(data: &Path) -> Result<Held, Failure> {
    Held::take(data).map_err(|error| Failure::Other(error.to_string()))
}

/// The service's user must be able to read what root restores.
fn give_to_owner(data: &Path, made: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = std::fs::metadata(data).map_err(|error| failed(data, &error))?;
    if !cordon_guard::is_root() || owner.uid() == 0 {
        return Ok(());
    }
    let mut left = vec![made.to_owned()];
    while let Some(path) = left.pop() {
        std::os::unix::fs::lchown(&path, Some(owner.uid()), Some(owner.gid()))
            .map_err(|error| failed(&path, &error))?;
        let kind = path.symlink_metadata().map_err(|error| failed(&path, &error))?.file_type();
        if kind.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|error| failed(&path, &error))?;
            left.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    Ok(())
}

/// A name that is not taken.
fn free(data: &Path, date: String) -> PathBuf {
    let names = (1..100).map(|number| match number {
        1 => format!("before-restore-{date}"),
        more => format!("before-restore-{date}-{more}"),
    });
    let mut names = names.map(PathBuf::from);
    names.find(|name| !data.join(name).exists()).unwrap_or_else(|| PathBuf::from("before-restore"))
}

fn note(path: &Path, text: &Path) -> Result<(), Failure> {
    let written = std::fs::write(path, text.as_os_str().as_encoded_bytes());
    written
        .and_then(|()| std::fs::File::open(path)?.sync_all())
        .map_err(|error| failed(path, &error))
}

fn sync(folder: &Path) -> Result<(), Failure> {
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failed(folder, &error))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("{}: {error}", path.display()))
}

fn now() -> Timestamp {
    SystemClock.now()
}
