//! User, capabilities, and what a program that is started could gain.

use std::io;

use rustix::{
    process::{DumpableBehavior, getuid, set_dumpable_behavior},
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, no_new_privs,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs, set_thread_groups,
        set_thread_res_gid, set_thread_res_uid,
    },
};

use crate::{
    Account, GuardError,
    standing::{Measure, Outcome},
};

/// The kernel has 41 capabilities today, and room for 64.
const MOST_CAPABILITIES: u32 = 64;

/// Whether the bounding set is empty now. Needs CAP_SETPCAP.
pub(crate) fn empty_bounding_set() -> bool {
    for number in 0..MOST_CAPABILITIES {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            // Beyond the last that this kernel knows.
            Err(rustix::io::Errno::INVAL) => return number > 0,
            Err(_) => return false,
        }
    }
    true
}

/// Becomes the user, where this is root. Needs CAP_SETUID and CAP_SETGID.
pub(crate) fn become_user(account: Option<&Account>) -> Result<Measure, GuardError> {
    const NAME: &str = "user";
    if !getuid().is_root() {
        let user = getuid().as_raw();
        return Ok(Measure::in_force(NAME, format!("runs as user {user}, not as root")));
    }
    let Some(account) = account.filter(|account| account.user != 0) else {
        return Ok(Measure::short(
            NAME,
            Outcome::NotPermitted,
            "runs as root, without the rights of root; files that belong to root are its own",
            "install the package, or make a user `cordon`, or set run.user",
        ));
    };
    let failed = |step| move |error| GuardError::Failed { step, source: io::Error::from(error) };
    let group = rustix::process::Gid::from_raw(account.group);
    let user = rustix::process::Uid::from_raw(account.user);
    set_thread_groups(&[]).map_err(failed("leaving the groups of root"))?;
    set_thread_res_gid(group, group, group).map_err(failed("becoming the group"))?;
    set_thread_res_uid(user, user, user).map_err(failed("becoming the user"))?;
    Ok(Measure::in_force(NAME, format!("became user {} ({})", account.name, account.user)))
}

/// Drops every capability from every set, and looks whether none is left.
pub(crate) fn drop_capabilities(bounding_is_empty: bool) -> Result<Measure, GuardError> {
    let failed = |error| GuardError::Failed {
        step: "dropping capabilities",
        source: io::Error::from(error),
    };
    clear_ambient_capability_set().map_err(failed)?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).map_err(failed)?;
    let left = capabilities(None).map_err(failed)?;
    if !(left.effective | left.permitted | left.inheritable).is_empty() {
        return Err(GuardError::StillHeld);
    }
    Ok(Measure::in_force(
        "capabilities",
        match bounding_is_empty {
            true => "none is held, and none can be gained",
            false => {
                "none is held; the bounding set stays, without effect where privileges \
                 cannot be gained"
            }
        },
    ))
}

/// Keeps the one capability by which the kernel's rules are changed, also for programs that are
/// started, and drops every other.
pub(crate) fn keep_net_admin() -> Result<(), GuardError> {
    const STEP: &str = "dropping capabilities";
    let failed = |error| GuardError::Failed { step: STEP, source: io::Error::from(error) };
    let kept = CapabilitySet::NET_ADMIN;
    for number in 0..MOST_CAPABILITIES {
        let one = CapabilitySet::from_bits_retain(1 << number);
        // Beyond the last that this kernel knows there is nothing to remove.
        if one != kept && remove_capability_from_bounding_set(one).is_err() {
            break;
        }
    }
    clear_ambient_capability_set().map_err(failed)?;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: kept };
    set_capabilities(None, sets).map_err(failed)?;
    let left = capabilities(None).map_err(failed)?;
    if (left.effective | left.permitted | left.inheritable) != kept {
        return Err(GuardError::StillHeld);
    }
    Ok(())
}

/// No program that is started has more rights than this process.
pub(crate) fn no_new_privileges() -> Result<Measure, GuardError> {
    let failed = |error| GuardError::Failed {
        step: "renouncing new privileges",
        source: io::Error::from(error),
    };
    set_no_new_privs(true).map_err(failed)?;
    if !no_new_privs().map_err(failed)? {
        return Err(GuardError::StillHeld);
    }
    Ok(Measure::in_force("no new privileges", "setuid programs and file capabilities give nothing"))
}

/// Keys and secrets in memory are for no debugger and no core file.
pub(crate) fn hide_memory() -> Result<Measure, GuardError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| GuardError::Failed { step: "hiding the memory", source: error.into() })?;
    Ok(Measure::in_force("memory", "no core file is written, and no debugger attaches"))
}
