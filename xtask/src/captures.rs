//! Labelled captures of devices: a folder whose subfolders are named after what was captured.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cordon_capture::{FileSource, InputPath};
use cordon_inventory::statistics::{Limits, TokenSet, Tracker};
use cordon_model::{Mac, RawPacket};

use crate::chore::corpus;
use crate::eval::corpus::{files, unpacked};

/// One capture and the device that it is about.
pub struct Capture {
    pub path: PathBuf,
    /// Path below the folder, with `/`.
    pub name: String,
    /// The subfolder's name.
    pub folder: String,
    /// Who made it, where the name says so: `Setup-A-1-STA.pcap` is by A.
    pub operator: Option<String>,
    pub mac: Mac,
    /// Whether a table named the address; else it was told by [`subject`].
    pub named: bool,
}

/// The captures of `folder`, or of the corpus.
///
/// Which address is the device is said by `labels.tsv` (columns `file` and `mac`) or `macs.tsv`
/// (`mac` and `device`) in the folder or the one above; for a subfolder that neither knows, and
/// where a named address is not in the capture, [`subject`] tells.
pub fn labelled(folder: Option<&Path>) -> Result<Vec<Capture>> {
    let (folder, tables) = match folder {
        Some(folder) => (
            folder.to_owned(),
            Vec::from_iter(
                [Some(folder), folder.parent()].into_iter().flatten().map(Path::to_owned),
            ),
        ),
        None => {
            let corpus =
                corpus().context("no corpus at ../shared/corpus; name a folder of captures")?;
            let folder = unpacked("devices/iot-sentinel.tar.zst")?;
            let inner = folder.join("iot-sentinel");
            (if inner.is_dir() { inner } else { folder }, vec![corpus.join("devices")])
        }
    };
    let tables = Tables::read(&tables)?;
    let mut captures = Vec::new();
    for path in files(&folder)? {
        let Ok(below) = path.strip_prefix(&folder) else { continue };
        let name = below.to_string_lossy().replace('\\', "/");
        let Some((label, file)) = name.split_once('/') else { continue };
        let Ok(_) = FileSource::open(&InputPath::File(path.clone()), 0) else { continue };
        let candidates = tables.of(&name, label);
        let named = candidates.iter().copied().find(|mac| speaks(&path, *mac));
        let Some(mac) = named.or_else(|| subject(&path)) else { continue };
        let operator = file.split('-').nth(1).filter(|part| part.len() == 1).map(str::to_owned);
        captures.push(Capture {
            folder: label.to_owned(),
            operator,
            mac,
            named: named.is_some(),
            name: name.clone(),
            path,
        });
    }
    if captures.is_empty() {
        bail!("no captures below {}; it must have a subfolder for each device", folder.display());
    }
    Ok(captures)
}

/// Calls `take` for each packet until it returns false.
pub fn packets(path: &Path, mut take: impl FnMut(&RawPacket<'_>) -> bool) {
    let Ok(mut source) = FileSource::open(&InputPath::File(path.to_owned()), 0) else { return };
    while let Some(packet) = source.next() {
        if !take(&packet) {
            return;
        }
    }
}

/// What a device shows in a capture, or in its first `seconds` there.
pub fn tokens(path: &Path, mac: Mac, seconds: Option<u64>) -> TokenSet {
    let mut tracker = Tracker::new(Limits::default());
    let mut first = None;
    packets(path, |packet| {
        let concerned = ends(packet).is_some_and(|(to, from)| to == mac || from == mac);
        if concerned {
            let since = packet.at.nanos() - first.get_or_insert(packet.at).nanos();
            if seconds.is_some_and(|seconds| since > seconds as i64 * 1_000_000_000) {
                return false;
            }
            tracker.packet(packet);
        }
        true
    });
    tracker.tokens(mac).unwrap_or_default()
}

fn ends(packet: &RawPacket<'_>) -> Option<(Mac, Mac)> {
    let (to, rest) = packet.data.split_first_chunk::<6>()?;
    Some((Mac(*to), Mac(*rest.first_chunk::<6>()?)))
}

fn speaks(path: &Path, mac: Mac) -> bool {
    let mut speaks = false;
    packets(path, |packet| {
        speaks |= ends(packet).is_some_and(|(_, from)| from == mac);
        !speaks
    });
    speaks
}

/// What an address did that a device does while it is set up, and a router does not.
#[derive(Default)]
struct Conduct {
    joins: u32,
    names: u32,
    carries: u32,
    serves: bool,
    frames: u32,
    first: usize,
}

/// The device that a set-up capture is about, where no table says: among the addresses that send,
/// routers and those that hand out addresses left out, the one that joined (DHCP as a client, an
/// ARP probe or announcement, EAPOL), then the one that most frames are from or to, then the one
/// that spoke first. A router is told from carrying: it sends from more than four network
/// addresses, or answers DHCP.
pub fn subject(path: &Path) -> Option<Mac> {
    let mut seen: HashMap<Mac, (Conduct, Vec<[u8; 4]>)> = HashMap::new();
    let mut number = 0;
    packets(path, |packet| {
        let Some((to, from)) = ends(packet) else { return true };
        number += 1;
        let data = packet.data;
        let at = |index: usize| data.get(index).copied().unwrap_or(0);
        let ethertype = u16::from(at(12)) << 8 | u16::from(at(13));
        if from.is_device() {
            let (conduct, addresses) = seen.entry(from).or_default();
            if conduct.first == 0 {
                conduct.first = number;
            }
            conduct.frames += 1;
            let dhcp = ethertype == 0x0800 && at(23) == 17;
            let ports = (
                u16::from(at(34)) << 8 | u16::from(at(35)),
                u16::from(at(36)) << 8 | u16::from(at(37)),
            );
            let sender = data.get(28..32);
            let announces =
                ethertype == 0x0806 && (sender == Some(&[0; 4]) || sender == data.get(38..42));
            conduct.joins +=
                u32::from(ethertype == 0x888e || announces || dhcp && ports == (68, 67));
            conduct.serves |= dhcp && ports.0 == 67;
            conduct.names += u32::from(dhcp && (ports.1 == 5353 || ports.1 == 1900));
            if ethertype == 0x0800
                && let Some(address) = data.get(26..30).and_then(|bytes| bytes.first_chunk::<4>())
                && addresses.len() < 8
                && !addresses.contains(address)
            {
                addresses.push(*address);
            }
            conduct.carries = addresses.len() as u32;
        }
        if to.is_device()
            && let Some((conduct, _)) = seen.get_mut(&to)
        {
            conduct.frames += 1;
        }
        true
    });
    let router = |conduct: &Conduct| conduct.serves || conduct.carries > 4;
    let rank = |conduct: &Conduct| {
        (!router(conduct), conduct.joins > 0, conduct.frames, std::cmp::Reverse(conduct.first))
    };
    let best = seen.iter().max_by_key(|(mac, (conduct, _))| (rank(conduct), **mac))?;
    Some(*best.0)
}

/// Tables that say which address is the device.
#[derive(Default)]
struct Tables {
    of_file: HashMap<String, Vec<Mac>>,
    of_device: HashMap<String, Vec<Mac>>,
}

impl Tables {
    fn read(folders: &[PathBuf]) -> Result<Tables> {
        let mut tables = Tables::default();
        for folder in folders {
            for (file, key, into) in [
                ("labels.tsv", "file", &mut tables.of_file),
                ("macs.tsv", "device", &mut tables.of_device),
            ] {
                let path = folder.join(file);
                if !path.is_file() {
                    continue;
                }
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
                let head = lines.next().unwrap_or_default();
                let column = |name: &str| head.iter().position(|column| *column == name);
                let (Some(key), Some(mac)) = (column(key), column("mac")) else { continue };
                for line in lines {
                    if let (Some(key), Some(Ok(mac))) =
                        (line.get(key), line.get(mac).map(|text| text.parse()))
                    {
                        into.entry((*key).to_owned()).or_default().push(mac);
                    }
                }
            }
        }
        Ok(tables)
    }

    fn of(&self, file: &str, folder: &str) -> Vec<Mac> {
        let of = |table: &HashMap<String, Vec<Mac>>, key: &str| {
            table.get(key).cloned().unwrap_or_default()
        };
        [of(&self.of_file, file), of(&self.of_device, folder)].concat()
    }
}
