//! The process that takes rules back.

use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cordon_model::Timestamp;

use super::files::{Files, Name};
use super::{ARMED, DONE, GuardError, MAX_TRIAL};
use crate::driver::{Change, Driver};

/// How often it tries where the kernel or the disk says no, and how long it waits between.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(2);

/// Watches until the trial in a folder ends: `arguments` are the folder and the seconds, as a
/// [`Launcher`](super::Launcher) hands them over. Standard input is the line to the process that
/// began the trial: when it closes without a word, that process is gone.
///
/// # Errors
///
/// Where the rules could not be taken back; the next start tries again.
pub fn watchdog(arguments: &[String], driver: &dyn Driver) -> Result<(), GuardError> {
    let [.., folder, seconds] = arguments else { return Err(GuardError::BadTime) };
    let seconds = seconds.parse().map_err(|_| GuardError::BadTime)?;
    let patience = Duration::from_secs(seconds).min(MAX_TRIAL);
    let files = Files::open(PathBuf::from(folder))?;
    let (told, word) = mpsc::channel();
    std::thread::spawn(move || {
        let done = io::stdin().lock().lines().map_while(Result::ok).any(|line| line == DONE);
        // Nobody listens when the time is over.
        let _ = told.send(done);
    });
    let mut out = io::stdout();
    // If nobody hears it, the line is closed as well.
    let _ = writeln!(out, "{ARMED}").and_then(|()| out.flush());
    match word.recv_timeout(patience) {
        Ok(true) => return Ok(()),
        Ok(false) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
    }
    let mut tries = 0;
    loop {
        match take_back(&files, driver, now()) {
            Ok(_) => return Ok(()),
            Err(error) if tries >= TRIES => return Err(error),
            Err(_) => tries += 1,
        }
        std::thread::sleep(PAUSE);
    }
}

/// Brings the kernel back to the confirmed rules if a trial is not confirmed; false if there is
/// none.
pub(super) fn take_back(
    files: &Files,
    driver: &dyn Driver,
    at: Timestamp,
) -> Result<bool, GuardError> {
    let _alone = files.lock()?;
    let claimed = files.rename(Name::Pending, Name::Reverting)?;
    // Somebody may have died over it.
    if !claimed && !files.has(Name::Reverting) {
        return Ok(false);
    }
    let change = match files.read(Name::Confirmed)? {
        Some(ruleset) => Change::Load(ruleset),
        None => Change::Unload,
    };
    driver.apply(&change, at)?;
    files.rename(Name::Reverting, Name::Reverted)?;
    Ok(true)
}

#[allow(clippy::disallowed_methods, reason = "an effect: what names mean ends by the wall clock")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
