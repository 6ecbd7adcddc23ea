//! A backup of the running service: database, keys and history, in one folder.

use std::path::{Path, PathBuf};

use cordon_crypto::{FORMER_KEY, MASTER_KEY, Passphrase, seal_key_file};
use cordon_history::History as _;
use cordon_model::record::Action;

use super::{Engine, broken};
use crate::{Answer, Caller, Problem, ProblemKind};

/// The folder inside the data folder where backups given by a bare name go.
pub(super) const BACKUPS: &str = "backups";
/// What lies beside the database and belongs to it, besides the master key.
const BESIDE: [&str; 3] = ["ledger.key", "tls", "checkpoints"];
/// The master key in a backup, where it lies under a passphrase.
pub const SEALED_KEY: &str = "master.key.sealed";

impl Engine {
    pub(super) async fn back_up(
        &self,
        caller: &Caller,
        to: &str,
        passphrase: Option<&str>,
    ) -> Answer<()> {
        self.may_site(caller, Action::BackupMake)?;
        let folder = self.backup_folder(to)?;
        let passphrase = passphrase.map(Passphrase::new).transpose();
        let passphrase = passphrase.map_err(|error| Problem::invalid(error.to_string()))?;
        if passphrase.is_some() && self.options.data.join(FORMER_KEY).exists() {
            let detail =
                "the master key is being changed; finish that first with `cordon keys rotate`";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let sealed = if passphrase.is_some() { "under a passphrase" } else { "" };
        let detail = [("to", to), ("key", sealed)];
        let entry = self.entry(&caller.actor(), Action::BackupMake, "", &detail);
        // First written down, so that the backup holds that it was made.
        self.commit(Vec::new(), vec![entry]).await?;
        // A name of its own for each: with_extension would make one of `a.1` and `a.2`. The dot
        // in front keeps it apart from every backup.
        let unfinished = self.options.data.join(BACKUPS).join(format!(".{to}.unfinished"));
        let failed = |error: std::io::Error| {
            tracing::error!(%error, "a backup failed");
            let detail = format!(
                "the backup could not be written ({}); make room and try again",
                error.kind()
            );
            Problem::new(ProblemKind::Unavailable, detail)
        };
        std::fs::create_dir_all(&unfinished).map_err(failed)?;
        self.state.backup(&unfinished.join(cordon_store::DATABASE)).await.map_err(broken)?;
        let data = self.options.data.clone();
        let history = std::sync::Arc::clone(&self.history);
        let target = unfinished.clone();
        tokio::task::spawn_blocking(move || {
            history.flush().map_err(std::io::Error::other)?;
            match passphrase {
                Some(passphrase) => {
                    let to = target.join(SEALED_KEY);
                    seal_key_file(&data.join(MASTER_KEY), &to, &passphrase)
                        .map_err(std::io::Error::other)?;
                }
                None => {
                    for name in [MASTER_KEY, FORMER_KEY] {
                        copy(&data.join(name), &target.join(name))?;
                    }
                }
            }
            for name in BESIDE {
                copy(&data.join(name), &target.join(name))?;
            }
            copy(&data.join("history"), &target.join("history"))?;
            std::fs::rename(&target, &folder)
        })
        .await
        .map_err(|_| Problem::new(ProblemKind::Broken, "the backup was broken off"))?
        .map_err(failed)
    }

    fn backup_folder(&self, to: &str) -> Answer<PathBuf> {
        let named = |name: &str| {
            !name.is_empty()
                && name.len() <= 100
                && !name.starts_with('.')
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        };
        if !named(to) {
            let detail =
                "name a backup with letters, digits, hyphens and dots, such as before-update";
            return Err(Problem::invalid(detail));
        }
        let folder = self.options.data.join(BACKUPS).join(to);
        if folder.exists() {
            let detail = "there is a backup of that name already; choose another";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        Ok(folder)
    }
}

/// Copies a file or folder, synced; what does not exist is passed over.
///
/// # Errors
/// Where something cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let kind = match std::fs::symlink_metadata(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        known => known?.file_type(),
    };
    if kind.is_file() {
        // A file of the history is never changed once it is there, so a link is a copy.
        if from.extension().is_some_and(|kind| kind == "parquet")
            && std::fs::hard_link(from, to).is_ok()
        {
            return Ok(());
        }
        std::fs::copy(from, to)?;
        return std::fs::File::open(to)?.sync_all();
    }
    if kind.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            match copy(&entry.path(), &to.join(entry.file_name())) {
                // Merged into another file meanwhile, which is copied in its turn.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
    }
    Ok(())
}
