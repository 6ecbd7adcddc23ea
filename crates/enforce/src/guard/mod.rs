//! Commit-confirm: rules that nobody confirms in time are taken back, by a process that outlives us.
//!
//! [`Guard::try_out`] writes down what is to come, starts the watchdog, and only then loads. The
//! watchdog brings back the last confirmed rules when the time is over, or when the process that
//! started it is gone; [`Guard::confirm`] ends that. One file is the whole truth: whoever renames
//! `pending` first has decided, and a crash at any moment leaves a state that [`Guard::recover`]
//! brings to the last confirmed rules at the next start.

mod files;
mod watchdog;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use cordon_model::Timestamp;

pub use files::StateError;
pub use watchdog::watchdog;

use crate::driver::{Change, Driver, DriverError};
use crate::ruleset::Ruleset;
use files::{Files, Name};

/// The longest that a trial may last: a working day. Who needs longer confirms.
pub const MAX_TRIAL: Duration = Duration::from_secs(8 * 3600);

/// How long the watchdog may take to say that it watches.
const ARMING: Duration = Duration::from_secs(5);

/// What the watchdog says when it watches, and is told when its work is done.
const ARMED: &str = "armed";
const DONE: &str = "done";

/// How the watchdog is started: a program, usually our own, and arguments before the folder and the
/// seconds, which it hands to [`watchdog`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// The first arguments.
    pub arguments: Vec<String>,
}

/// Why a trial was not begun, or not ended as asked.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The files cannot be kept.
    #[error(transparent)]
    State(#[from] StateError),
    /// The kernel cannot be told.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The watchdog does not watch.
    #[error("the watchdog does not start ({0}); nothing was changed")]
    Unguarded(String),
    /// Another trial is under way.
    #[error("a trial is under way; confirm it or take it back first")]
    UnderWay,
    /// There is nothing to confirm.
    #[error("there is nothing to confirm: the rules were taken back, or never tried")]
    TooLate,
    /// Too long or no time at all.
    #[error("a trial lasts between one second and eight hours")]
    BadTime,
}

/// What was found at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recovered {
    /// Nothing was ever confirmed; nothing of ours is loaded.
    Nothing,
    /// The last confirmed rules are loaded.
    Confirmed,
    /// A trial had not been confirmed; the last confirmed rules are loaded instead of it.
    TakenBack,
}

/// Keeps the confirmed rules of one machine in a folder of its own.
#[derive(Debug)]
pub struct Guard {
    files: Files,
    launcher: Launcher,
    watching: Option<Watching>,
}

#[derive(Debug)]
struct Watching {
    child: Child,
    line: ChildStdin,
}

impl Guard {
    /// Uses a folder, which is made where needed, for us alone to read.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn open(folder: impl Into<PathBuf>, launcher: Launcher) -> Result<Self, GuardError> {
        Ok(Guard { files: Files::open(folder.into())?, launcher, watching: None })
    }

    /// Loads rules on trial: not confirmed within `patience`, they are taken back.
    ///
    /// # Errors
    ///
    /// Where nobody watches or the kernel refuses; then what was loaded before still is.
    pub fn try_out(
        &mut self,
        driver: &dyn Driver,
        ruleset: Ruleset,
        patience: Duration,
        at: Timestamp,
    ) -> Result<Ruleset, GuardError> {
        if patience < Duration::from_secs(1) || patience > MAX_TRIAL {
            return Err(GuardError::BadTime);
        }
        if self.files.has(Name::Pending) || self.files.has(Name::Reverting) {
            return Err(GuardError::UnderWay);
        }
        self.files.write(Name::Pending, &ruleset)?;
        match self.arm(patience) {
            Ok(watching) => self.watching = Some(watching),
            Err(why) => {
                self.files.remove(Name::Pending)?;
                return Err(GuardError::Unguarded(why));
            }
        }
        let change = Change::Load(ruleset);
        if let Err(error) = driver.apply(&change, at) {
            self.files.remove(Name::Pending)?;
            self.dismiss();
            return Err(error.into());
        }
        match change {
            Change::Load(ruleset) => Ok(ruleset),
            // It was made one above.
            Change::Amend { .. } | Change::Unload => Err(GuardError::TooLate),
        }
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.files.folder()
    }

    /// The rules to come back to; none where nothing was ever confirmed.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn confirmed(&self) -> Result<Option<Ruleset>, GuardError> {
        Ok(self.files.read(Name::Confirmed)?)
    }

    /// Forgets the confirmed rules, after everything was unloaded.
    ///
    /// # Errors
    ///
    /// Where the file cannot be removed.
    pub fn forget(&mut self) -> Result<(), GuardError> {
        Ok(self.files.remove(Name::Confirmed)?)
    }

    /// Whether rules are on trial.
    #[must_use]
    pub fn is_trying(&self) -> bool {
        self.files.has(Name::Pending)
    }

    /// Confirms the rules on trial: they are the ones to come back to from now on.
    ///
    /// # Errors
    ///
    /// Where they were taken back already.
    pub fn confirm(&mut self) -> Result<(), GuardError> {
        if !self.files.rename(Name::Pending, Name::Confirmed)? {
            return Err(GuardError::TooLate);
        }
        self.dismiss();
        Ok(())
    }

    /// Writes down rules as confirmed that are loaded already, such as after a small change.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub fn keep(&mut self, ruleset: &Ruleset) -> Result<(), GuardError> {
        Ok(self.files.write(Name::Confirmed, ruleset)?)
    }

    /// Takes the rules on trial back now.
    ///
    /// # Errors
    ///
    /// Where there are none, or the kernel refuses; then the next start does it.
    pub fn take_back(&mut self, driver: &dyn Driver, at: Timestamp) -> Result<(), GuardError> {
        let undone = watchdog::take_back(&self.files, driver, at)?;
        self.dismiss();
        if undone { Ok(()) } else { Err(GuardError::TooLate) }
    }

    /// Brings the kernel to the last confirmed rules: at every start, before anything else.
    ///
    /// # Errors
    ///
    /// Where that cannot be done.
    pub fn recover(
        &mut self,
        driver: &dyn Driver,
        at: Timestamp,
    ) -> Result<(Recovered, Option<Ruleset>), GuardError> {
        let undone = watchdog::take_back(&self.files, driver, at)?;
        let confirmed = self.files.read(Name::Confirmed)?;
        let Some(ruleset) = confirmed else {
            driver.apply(&Change::Unload, at)?;
            let what = if undone { Recovered::TakenBack } else { Recovered::Nothing };
            return Ok((what, None));
        };
        if undone {
            return Ok((Recovered::TakenBack, Some(ruleset)));
        }
        driver.apply(&Change::Load(ruleset.clone()), at)?;
        Ok((Recovered::Confirmed, Some(ruleset)))
    }

    #[allow(clippy::disallowed_methods, reason = "an effect: the watchdog is a process of its own")]
    fn arm(&self, patience: Duration) -> Result<Watching, String> {
        let mut child = Command::new(&self.launcher.program)
            .args(&self.launcher.arguments)
            .arg(self.files.folder())
            .arg(patience.as_secs().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let (Some(line), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipe to it".into());
        };
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            /// More than that it does not say before it watches.
            const MOST: u64 = 4_096;
            let mut lines = BufReader::new(out.take(MOST)).lines().map_while(Result::ok);
            let _ = said.send(lines.any(|line| line.ends_with(ARMED)));
        });
        if heard.recv_timeout(ARMING) == Ok(true) {
            return Ok(Watching { child, line });
        }
        // It may be gone already.
        let _ = child.kill();
        let _ = child.wait();
        Err(format!("{} did not say that it watches", self.launcher.program.display()))
    }

    /// Tells the watchdog that its work is done, and waits for it in the background.
    fn dismiss(&mut self) {
        if let Some(Watching { mut child, mut line }) = self.watching.take() {
            // If it is gone, that is as well.
            let _ = writeln!(line, "{DONE}");
            std::thread::spawn(move || {
                drop(line);
                child.wait()
            });
        }
    }
}
