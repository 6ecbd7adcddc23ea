//! What the kernel tells anybody who asks.

use std::{
    fs,
    io::{self, Read},
    net::TcpListener,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::statvfs,
    process::getuid,
    thread::{CapabilitySet, capabilities},
};

use super::Places;
use crate::files;

/// Files of the kernel and of systemd are small.
const LARGEST_FILE: u64 = 1 << 20;

/// Where packages and people put the unit; the later adds to the earlier.
const UNITS: [&str; 3] = [
    "/usr/lib/systemd/system/cordon.service",
    "/lib/systemd/system/cordon.service",
    "/etc/systemd/system/cordon.service",
];

/// What the kernel tells.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Machine {
    /// As in `6.12.0-amd64`.
    pub kernel: String,
    /// Whether this process is root.
    pub root: bool,
    /// Whether this process may open a packet socket.
    pub may_capture: bool,
    /// The landlock version, 0 without.
    pub landlock: i32,
    /// Whether the kernel has seccomp filters.
    pub seccomp: bool,
    /// Security modules in force, where the kernel says.
    pub modules: Option<String>,
    /// Bytes of memory that are to be had.
    pub memory: Option<u64>,
    /// The data folder.
    pub data: PathBuf,
    /// Its mode and owner; `None` where it does not exist yet.
    pub data_mode: Option<(u32, u32)>,
    /// This process's user.
    pub user: u32,
    /// Bytes that are free on its disk.
    pub free: Option<u64>,
    /// Why the port of the console cannot be bound; `None` where it can.
    pub port_taken: Option<String>,
    /// Address and port of the console.
    pub listen: String,
    /// The text of the systemd unit, where it is installed.
    pub unit: Option<String>,
}

impl Machine {
    /// Looks, and changes nothing: the port is bound for a moment and let go.
    #[must_use]
    pub fn look(places: &Places) -> Machine {
        let status = text("/proc/self/status").unwrap_or_default();
        let metadata = fs::metadata(&places.data).ok();
        let port = match places.running {
            true => Ok(()),
            false => TcpListener::bind(places.listen).map(drop),
        };
        Machine {
            kernel: text("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            root: getuid().is_root(),
            may_capture: capabilities(None)
                .is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_RAW)),
            landlock: files::version(),
            seccomp: status.contains("Seccomp:"),
            modules: text("/sys/kernel/security/lsm").ok(),
            memory: text("/proc/meminfo").ok().and_then(|text| memory_available(&text)),
            data_mode: metadata.map(|found| (found.mode() & 0o777, found.uid())),
            user: getuid().as_raw(),
            free: free_space(&places.data),
            port_taken: port.err().map(|error: io::Error| error.to_string()),
            listen: places.listen.to_string(),
            unit: unit(),
            data: places.data.clone(),
        }
    }
}

/// Free space where the folder is, or will be.
fn free_space(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|path| path.exists())?;
    let disk = statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn memory_available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn unit() -> Option<String> {
    let mut all = UNITS.iter().find_map(|path| text(path).ok())?;
    let changes = fs::read_dir("/etc/systemd/system/cordon.service.d");
    for entry in changes.into_iter().flatten().flatten() {
        if let Ok(change) = text(entry.path()) {
            all.push('\n');
            all.push_str(&change);
        }
    }
    Some(all)
}

fn text(path: impl AsRef<Path>) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(LARGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_looked_at() {
        let place = tempfile::tempdir().unwrap();
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let places = Places {
            data: place.path().join("not/yet"),
            listen: holder.local_addr().unwrap(),
            running: false,
        };
        let machine = Machine::look(&places);
        assert!(machine.kernel.contains('.') && machine.memory > Some(0) && machine.free > Some(0));
        assert_eq!(machine.data_mode, None);
        assert!(machine.port_taken.is_some());
        assert_eq!(Machine::look(&Places { running: true, ..places }).port_taken, None);
    }

    #[test]
    fn memory_is_read_and_nonsense_is_not() {
        let text = "MemTotal:  16 kB\nMemAvailable:       2048 kB\n";
        assert_eq!(memory_available(text), Some(2 << 20));
        for text in ["", "MemAvailable: kB", "MemAvailable: 99999999999999999999 kB"] {
            assert_eq!(memory_available(text), None);
        }
    }
}
