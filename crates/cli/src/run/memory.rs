//! How the C library's allocator is told to share its heaps between threads.

use std::os::unix::process::CommandExt as _;

/// glibc's own names (`mallopt(3)`), and what is measured to be right.
const SETTINGS: [(&str, &str); 3] = [
    // Heaps for all threads together. By default every thread gets its own, up to eight per core,
    // and what one has freed the others cannot use: 20 MB more for 300 devices, and no faster.
    ("MALLOC_ARENA_MAX", "2"),
    // Larger blocks are given back at once. By default the limit grows with what is freed, so that
    // hashing one password leaves 19 MiB behind in a heap.
    ("MALLOC_MMAP_THRESHOLD_", "4194304"),
    // So much may lie free at a heap's end before it is given back.
    ("MALLOC_TRIM_THRESHOLD_", "8388608"),
];

/// Starts the program anew with few heaps, unless somebody has chosen. The allocator reads the
/// variable before `main` and has no safe function for it; the process stays the same one, so the
/// service manager sees nothing of it. Where it cannot be done, the service merely needs more memory.
#[allow(clippy::disallowed_methods, reason = "it is this very program, in this very process")]
pub fn few_heaps() {
    if SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // It returns only if it failed.
    let _ = again.args(arguments).envs(SETTINGS).exec();
}
