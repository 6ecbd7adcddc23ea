//! `cordon keys rotate`: another master key, and everything sealed anew under it.
//!
//! Both keys stay until all of it is sealed under the new one and that was looked at. Whatever
//! breaks it off, the service starts with both, and the same command finishes it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cordon_crypto::{CryptoError, Ed25519, KeyFile, Keys, SigningKey, Vault, tls};
use cordon_guard::{Account, Plan, give_up, is_root};
use cordon_model::record::{Action, Credential, Entry};
use cordon_service::clock::{Clock as _, SystemClock};
use cordon_service::sealed_as;
use cordon_store::{Commit, Notary, Options, State as _, Store, Write};

use crate::args::{KeysArgs, KeysCommand};
use crate::failure::Failure;
use crate::output::print;
use crate::run::{MOVING, SITE, ledger_origin};
use crate::service::{folder, is_running, runtime};

/// The setting that says under which master key the ledger knows everything to be sealed.
const SEALED_UNDER: &str = "master.key";
/// What lies sealed beside the database.
const LEDGER_KEY: &str = "ledger.key";
const CERTIFICATE: &str = "tls";

/// Runs the command.
pub fn run(args: &KeysArgs) -> Result<ExitCode, Failure> {
    let KeysCommand::Rotate { data, config } = &args.command;
    let data = folder(data, config)?;
    if is_running(&data) {
        return Err(Failure::Other(format!(
            "a cordon is running with the data folder {}; stop it first, then change its key",
            data.display()
        )));
    }
    if data.join(MOVING).exists() {
        return Err(Failure::Other(format!(
            "a restore into {} was broken off; finish it first with `cordon restore`",
            data.display()
        )));
    }
    let uid = rustix::process::getuid().as_raw();
    become_owner(&data)?;
    let told = runtime()?.block_on(rotate(&data, uid))?;
    print(&told)?;
    Ok(ExitCode::SUCCESS)
}

/// What is written must be the service's own, also where root asks for it.
fn become_owner(data: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let owner = std::fs::metadata(data).map_err(|error| {
        Failure::Other(format!("{}: {error}; name its folder with --data", data.display()))
    })?;
    if !is_root() || owner.uid() == 0 {
        return Ok(());
    }
    let user = Account {
        name: "the data folder's owner".to_owned(),
        user: owner.uid(),
        group: owner.gid(),
    };
    let plan = Plan { write: vec![data.to_owned()], user: Some(user), ..Plan::default() };
    give_up(&plan).map(drop).map_err(|error| other(&error))
}

async fn rotate(data: &Path, uid: u32) -> Result<String, Failure> {
    let origin = ledger_origin()?;
    let before = Keys::open(data).map_err(|error| other(&error))?;
    let ledger = data.join(LEDGER_KEY);
    let signing = SigningKey::open(&ledger, &before.vault(), &origin).map_err(|e| other(&e))?;
    let notary = Notary::new(origin.clone(), Arc::new(signing), Arc::new(Ed25519));
    let options = Options { site: SITE.into(), notary, max_pages: None };
    // From here on no service starts in this folder.
    let store = Store::open(data, options).await.map_err(|error| other(&error))?;
    let snapshot = store.load().await.map_err(|error| other(&error))?;
    // What opens under neither key would be found out when the former is gone.
    check(&snapshot.credentials, &before.vault())?;

    let keys = Keys::change(data).map_err(|error| other(&error))?;
    let vault = keys.vault();
    SigningKey::reseal(&ledger, &vault, &origin).map_err(|error| other(&error))?;
    tls::reseal(&data.join(CERTIFICATE), &vault).map_err(|error| other(&error))?;
    let id = text(&keys.current);
    if snapshot.settings.get(SEALED_UNDER).is_none_or(|known| **known != *id) {
        let commit = resealed(&snapshot.credentials, &keys, uid)?;
        store.commit(commit).await.map_err(|error| other(&error))?;
    }

    let alone = Vault::new(&keys.current);
    let kept = store.load().await.map_err(|error| other(&error))?;
    check(&kept.credentials, &alone)?;
    SigningKey::open(&ledger, &alone, &origin).map_err(|error| other(&error))?;
    tls::reseal(&data.join(CERTIFICATE), &alone).map_err(|error| other(&error))?;
    Keys::finish(data).map_err(|error| other(&error))?;
    store.close().await.map_err(|error| other(&error))?;
    Ok(format!(
        "The master key is another one now ({id}), and everything is sealed under it. Backups made before \
         hold the former key:\nmake a new one, and remove those where the former key may be known. Factory \
         passwords seen before count as\nother ones than those seen from now on, until they are seen again.\n"
    ))
}

/// Whether all of them open.
fn check(credentials: &[Credential], vault: &Vault) -> Result<(), Failure> {
    for one in credentials {
        let (kind, id) = sealed_as(one);
        vault.open(kind, id, &one.sealed).map_err(|error| {
            Failure::Other(format!(
                "the {kind} {:?} of person {}: {error}; or remove it under People & keys and try again",
                one.label.as_str(),
                one.person
            ))
        })?;
    }
    Ok(())
}

/// Every credential under the key in force, with the entry that says so.
fn resealed(credentials: &[Credential], keys: &Keys, uid: u32) -> Result<Commit, Failure> {
    let vault = keys.vault();
    let seal = |one: &Credential| {
        let (kind, id) = sealed_as(one);
        let secret = vault.open(kind, id, &one.sealed)?;
        Ok(Write::PutCredential(Credential {
            sealed: vault.seal(kind, id, &secret)?,
            ..one.clone()
        }))
    };
    let former = credentials.iter().filter(|one| vault.is_former(&one.sealed));
    let mut writes: Vec<Write> =
        former.map(seal).collect::<Result<_, CryptoError>>().map_err(|error| other(&error))?;
    let (id, count) = (text(&keys.current), writes.len().to_string());
    let former = keys.former.as_ref().map(text).unwrap_or_default();
    let detail = [("credentials", count), ("former", former), ("key", id.clone())];
    writes.push(Write::PutSetting { name: SEALED_UNDER.into(), value: id.into() });
    let entry = Entry {
        at: SystemClock.now(),
        actor: format!("local:{uid}").into(),
        action: Action::KeysRotate,
        subject: "".into(),
        detail: detail.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
    };
    Ok(Commit { writes, entries: vec![entry] })
}

/// Which key it is; says nothing about the key.
fn text(key: &KeyFile) -> String {
    format!("{:08x}", u32::from_be_bytes(key.id()))
}

fn other(error: &dyn std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}
