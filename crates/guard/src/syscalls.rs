//! Which questions the kernel no longer answers (seccomp).
//!
//! A list of what is refused, not of what is allowed: a library that learns to use a harmless new
//! call must not stop the service. Refused is what the service never needs and what takes a taken-over
//! process further: programs, executable memory, other processes, namespaces, kernel
//! interfaces with a history of holes, and sockets of unusual families.

use std::{collections::BTreeMap, io};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpArgLen::Qword, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
    apply_filter_all_threads,
};

use crate::{
    GuardError,
    give_up::refused,
    standing::{Measure, Outcome},
};

const NAME: &str = "system calls";

/// A call and when it meets the filter: all conditions of one of the lists; no list means always.
type Calls = Vec<(i64, Vec<Vec<Condition>>)>;

/// The argument of this number, compared.
type Condition = (u8, SeccompCmpOp, u64);

/// Who asks for these is not this program any more: the process ends.
const NEVER: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_open_by_handle_at,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
];

/// Libraries try these and go on without; their arguments lie in memory that a filter cannot read.
const UNKNOWN: &[i64] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Namespaces of `clone`: mounts, control groups, names, messages, users, processes, network.
const NAMESPACES: [u64; 7] =
    [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];

/// Restricts all threads, for good.
pub(crate) fn restrict() -> Measure {
    let outcome = programs().and_then(|programs| {
        programs.iter().try_for_each(|program| apply_filter_all_threads(program).map_err(said))
    });
    match outcome {
        Ok(()) => Measure::in_force(NAME, "no program is started and no unusual call is answered"),
        Err((error, lacking)) if lacking && error.contains("arch") => Measure::short(
            NAME,
            Outcome::KernelHasItNot,
            "there is no filter for this kind of processor",
            "",
        ),
        Err((error, lacking)) => refused(NAME, &error, lacking),
    }
}

/// Makes the calling thread unable to send, connect, listen, or open files, for good; threads that
/// it starts as well. It can still receive from what it holds, write to standard output and
/// error, and wake other threads. For threads that parse packets: a packet socket can send.
///
/// # Errors
/// Where the kernel has no seccomp or refuses.
pub fn fall_silent() -> Result<(), GuardError> {
    let install = || {
        let program = compile(&speaking(), SeccompAction::Errno(libc::EPERM.cast_unsigned()))?;
        apply_filter(&program).map_err(said)
    };
    install().map_err(|(error, _)| GuardError::Failed {
        step: "silencing a thread",
        source: io::Error::other(error),
    })
}

fn programs() -> Result<Vec<BpfProgram>, (String, bool)> {
    let errno = |error: i32| SeccompAction::Errno(error.cast_unsigned());
    let always = |calls: &[i64]| calls.iter().map(|&call| (call, Vec::new())).collect::<Calls>();
    let mut programs = vec![
        compile(&always(NEVER), SeccompAction::KillProcess)?,
        compile(&always(UNKNOWN), errno(libc::ENOSYS))?,
        compile(&refused_calls(), errno(libc::EPERM))?,
    ];
    if cfg!(target_arch = "x86_64") {
        programs.push(no_second_numbering());
    }
    Ok(programs)
}

/// What fails as if it were not permitted.
fn refused_calls() -> Calls {
    const PROTECTION: u8 = 2;
    let bit = |argument, bit: u64| vec![(argument, SeccompCmpOp::MaskedEq(bit), bit)];
    let is = |argument, value: i32| (argument, SeccompCmpOp::Eq, u64::from(value.cast_unsigned()));
    let is_not =
        |argument, value: i32| (argument, SeccompCmpOp::Ne, u64::from(value.cast_unsigned()));
    let executable = || vec![bit(PROTECTION, u64::from(libc::PROT_EXEC.cast_unsigned()))];
    vec![
        (libc::SYS_execve, vec![]),
        (libc::SYS_execveat, vec![]),
        (libc::SYS_personality, vec![]),
        (libc::SYS_mmap, executable()),
        (libc::SYS_mprotect, executable()),
        (libc::SYS_pkey_mprotect, executable()),
        (libc::SYS_shmat, vec![bit(2, 0o100_000)]),
        (libc::SYS_clone, NAMESPACES.iter().map(|&flag| bit(0, flag)).collect()),
        (
            libc::SYS_socket,
            vec![
                vec![
                    is_not(0, libc::AF_UNIX),
                    is_not(0, libc::AF_INET),
                    is_not(0, libc::AF_INET6),
                    is_not(0, libc::AF_NETLINK),
                ],
                // Of netlink only what lists interfaces.
                vec![is(0, libc::AF_NETLINK), is_not(2, libc::NETLINK_ROUTE)],
            ],
        ),
        // Typing into the terminal of whoever started the process.
        (libc::SYS_ioctl, vec![vec![is(1, 0x5412)], vec![is(1, 0x541c)]]),
    ]
}

/// What a thread that only listens never does.
fn speaking() -> Calls {
    // Waking another thread writes 8 bytes into an eventfd; the shortest frame has 14.
    let frame = || vec![vec![(0, SeccompCmpOp::Gt, 2), (2, SeccompCmpOp::Gt, 8)]];
    let not_to_terminal = || vec![vec![(0, SeccompCmpOp::Gt, 2)]];
    let mut calls: Calls = vec![
        (libc::SYS_write, frame()),
        (libc::SYS_writev, not_to_terminal()),
        (libc::SYS_pwritev2, vec![]),
    ];
    let always = [
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_sendfile,
        libc::SYS_splice,
        libc::SYS_tee,
        libc::SYS_vmsplice,
        libc::SYS_pwrite64,
        libc::SYS_pwritev,
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_openat,
        libc::SYS_openat2,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat,
    ];
    calls.extend(always.into_iter().map(|call| (call, vec![])));
    calls
}

fn compile(calls: &Calls, action: SeccompAction) -> Result<BpfProgram, (String, bool)> {
    let words = |error: seccompiler::BackendError| (error.to_string(), true);
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(words)?;
    let mut rules = BTreeMap::new();
    for (call, lists) in calls {
        let mut of_call = Vec::new();
        for list in lists {
            let conditions = list.iter().map(|(argument, operator, value)| {
                // The length of a write has 64 bits; everything else that is compared has 32.
                let length = if matches!(operator, SeccompCmpOp::Gt) && *argument == 2 {
                    Qword
                } else {
                    Dword
                };
                SeccompCondition::new(*argument, length, operator.clone(), *value)
            });
            let conditions = conditions.collect::<Result<Vec<_>, _>>().map_err(words)?;
            of_call.push(SeccompRule::new(conditions).map_err(words)?);
        }
        rules.insert(*call, of_call);
    }
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(words)?;
    BpfProgram::try_from(filter).map_err(words)
}

/// Some kernels answer every call of x86-64 under a second number, with bit 30 set (x32); a list
/// of numbers does not see those.
fn no_second_numbering() -> BpfProgram {
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    let step = |code, jt, jf, k| seccompiler::sock_filter { code, jt, jf, k };
    vec![
        step(LOAD_NUMBER, 0, 0, 0),
        step(JUMP_IF_AT_LEAST, 0, 1, 0x4000_0000),
        step(RETURN, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

/// The error in words, and whether it means that the kernel has no seccomp.
fn said(error: seccompiler::Error) -> (String, bool) {
    let lacking = match &error {
        seccompiler::Error::Seccomp(error) | seccompiler::Error::Prctl(error) => {
            matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL))
        }
        _ => false,
    };
    (error.to_string(), lacking)
}
