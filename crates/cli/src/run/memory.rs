//! How the C library's allocator is told to share its heaps between threads.

use std::os::unix::process::CommandExt as _;

/// glibc's own name for it (`mallopt(3)`, M_ARENA_MAX).
const VARIABLE: &str = "MALLOC_ARENA_MAX";
/// Heaps for all threads together. By default every thread gets its own, up to eight per core, and
/// what one has freed the others cannot use: 20 MB more for 300 devices, and no faster.
const HEAPS: &str = "2";

/// Starts the program anew with few heaps, unless somebody has chosen. The allocator reads the
/// variable before `main` and has no safe function for it; the process stays the same one, so the
/// service manager sees nothing of it. Where it cannot be done, the service merely needs more memory.
#[allow(clippy::disallowed_methods, reason = "it is this very program, in this very process")]
pub fn one_heap() {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // It returns only if it failed.
    let _ = again.args(arguments).env(VARIABLE, HEAPS).exec();
}
