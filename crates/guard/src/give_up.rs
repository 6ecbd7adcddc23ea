//! The order in which rights are given up: each step still needs what the next takes away.

use std::{fs, io, path::PathBuf};

use crate::{
    Account, files, rights,
    standing::{Measure, Outcome, Standing},
    syscalls,
};

/// What the process keeps.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Plan {
    /// Folders in which files are read, written, made and removed. They must exist.
    pub write: Vec<PathBuf>,
    /// Files and folders that are read. What is not there is left out.
    pub read: Vec<PathBuf>,
    /// Whom to become, where the process is root.
    pub user: Option<Account>,
    /// TCP ports that are bound later on; a listener that is open already needs none.
    pub listen: Vec<u16>,
    /// TCP ports to which connections are made.
    pub connect: Vec<u16>,
}

/// Why the process must not go on: it would hold more than it says.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Threads keep what they have when another gives it up.
    #[error("rights are to be given up before threads are started; there are {threads} of them")]
    TooLate {
        /// How many there are.
        threads: usize,
    },
    /// A folder of [`Plan::write`] is not one.
    #[error("{}: is no folder that can be opened: {source}; make it, or set data.dir", .path.display())]
    NoFolder {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A step that always succeeds where nothing is amiss did not.
    #[error(
        "{step} failed: {source}; the service must not go on with rights that it does not need"
    )]
    Failed {
        /// What was tried.
        step: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel still shows capabilities.
    #[error("capabilities are still held after they were given up; is this a sandbox of its own?")]
    StillHeld,
}

/// Gives up every right that the plan does not keep, for good and for all threads to come.
///
/// A kernel without landlock or seccomp is no error: the [`Standing`] says so.
///
/// # Errors
/// Where threads run already, a folder is missing, or a capability remains.
pub fn give_up(plan: &Plan) -> Result<Standing, GuardError> {
    let threads = fs::read_dir("/proc/self/task")
        .map_err(|source| GuardError::Failed { step: "counting the threads", source })?
        .count();
    if threads != 1 {
        return Err(GuardError::TooLate { threads });
    }
    for path in &plan.write {
        fs::read_dir(path).map_err(|source| GuardError::NoFolder { path: path.clone(), source })?;
    }
    // Opened now, as a user who may: the rules hold the folders, not their names.
    let rules = files::Rules::prepare(plan);
    let bounding = rights::empty_bounding_set();
    let user = rights::become_user(plan.user.as_ref())?;
    let capabilities = rights::drop_capabilities(bounding)?;
    let privileges = rights::no_new_privileges()?;
    let memory = rights::hide_memory()?;
    let files = rules.enforce();
    let syscalls = syscalls::restrict();
    Ok(Standing { measures: vec![user, capabilities, privileges, memory, files, syscalls] })
}

/// Gives up every right but the one to change the kernel's rules: for the process that does only
/// that. It starts `nft`, so that files and system calls stay.
///
/// # Errors
/// Where that right is not held, or another remains.
pub fn keep_net_admin() -> Result<(), GuardError> {
    rights::keep_net_admin()?;
    rights::no_new_privileges()?;
    rights::hide_memory().map(drop)
}

/// What an error of the kernel means for a measure.
pub(crate) fn refused(name: &'static str, error: &str, lacking: bool) -> Measure {
    match lacking {
        true => Measure::short(
            name,
            Outcome::KernelHasItNot,
            format!("this kernel does not have it: {error}"),
            "use a kernel that has it; those of the distributions have",
        ),
        false => Measure::short(
            name,
            Outcome::NotPermitted,
            format!("the kernel refuses it: {error}"),
            "look whether a container or a policy forbids it",
        ),
    }
}
