//! Labelled captures of devices: a folder whose subfolders are named after what was captured.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cordon_capture::{FileSource, InputPath};
use cordon_inventory::statistics::{Limits, TokenSet, Tracker};
use cordon_model::{Mac, RawPacket, is_public};

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
            [Some(folder), folder.parent()].into_iter().flatten().map(Path::to_owned).collect(),
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
    let mut unnamed = Vec::new();
    let mut folders: HashMap<Mac, BTreeSet<String>> = HashMap::new();
    for path in files(&folder)? {
        let Ok(below) = path.strip_prefix(&folder) else { continue };
        let name = below.to_string_lossy().replace('\\', "/");
        let Some((label, file)) = name.split_once('/') else { continue };
        let Ok(_) = FileSource::open(&InputPath::File(path.clone()), 0) else { continue };
        let conduct = conduct(&path);
        for mac in conduct.keys() {
            folders.entry(*mac).or_default().insert(label.to_owned());
        }
        let named = tables.of(&name, label).into_iter().find(|mac| conduct.contains_key(mac));
        if named.is_none() {
            unnamed.push((captures.len(), conduct));
        }
        captures.push(Capture {
            folder: label.to_owned(),
            operator: file.split('-').nth(1).filter(|part| part.len() == 1).map(str::to_owned),
            mac: named.unwrap_or_default(),
            named: named.is_some(),
            name: name.clone(),
            path,
        });
    }
    for (index, conduct) in &unnamed {
        if let (Some(capture), Some(mac)) = (captures.get_mut(*index), subject(conduct, &folders)) {
            capture.mac = mac;
        }
    }
    captures.retain(|capture| capture.mac.is_device());
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

/// What an address did that a device does while it is set up, and a router does not.
#[derive(Default)]
struct Conduct {
    /// DHCP as a client, an ARP probe or announcement, EAPOL.
    joins: bool,
    /// DHCP as a server.
    serves: bool,
    /// Network addresses it sends from, up to eight.
    sends_from: Vec<[u8; 4]>,
    /// Sends from an address of the Internet.
    carries: bool,
    /// Frames from or to it.
    frames: u32,
    /// Number of its first frame.
    first: usize,
}

/// An address that sends from more network addresses than that carries for others.
const OWN_ADDRESSES: usize = 4;
/// An address in more subfolders than that is no device of one of them.
const FOLDERS_OF_A_DEVICE: usize = 2;

/// The device that a capture is about, where no table says.
///
/// Left out are addresses of more than two subfolders (the gateway and phone of the laboratory,
/// where there are more than two subfolders), and routers: who hands out addresses, sends from an
/// address of the Internet, or from more than four addresses. Among the rest it is one that joined,
/// if there is any; then the one that most frames are from or to; then the one that spoke first.
fn subject(
    conduct: &HashMap<Mac, Conduct>,
    folders: &HashMap<Mac, BTreeSet<String>>,
) -> Option<Mac> {
    let shared =
        |mac: &Mac| folders.get(mac).is_some_and(|folders| folders.len() > FOLDERS_OF_A_DEVICE);
    let rank = |mac: &Mac, conduct: &Conduct| {
        let routes = conduct.serves || conduct.carries || conduct.sends_from.len() > OWN_ADDRESSES;
        (!shared(mac), !routes, conduct.joins, conduct.frames, Reverse(conduct.first), *mac)
    };
    conduct.iter().max_by_key(|(mac, conduct)| rank(mac, conduct)).map(|(mac, _)| *mac)
}

/// What each address that sends did in a capture.
fn conduct(path: &Path) -> HashMap<Mac, Conduct> {
    let mut seen: HashMap<Mac, Conduct> = HashMap::new();
    let mut number = 0;
    packets(path, |packet| {
        number += 1;
        let Some((to, from)) = ends(packet) else { return true };
        if from.is_device() {
            let conduct =
                seen.entry(from).or_insert_with(|| Conduct { first: number, ..Conduct::default() });
            conduct.frames += 1;
            conduct.sent(packet.data);
        }
        if let Some(conduct) = seen.get_mut(&to) {
            conduct.frames += 1;
        }
        true
    });
    seen
}

impl Conduct {
    fn sent(&mut self, frame: &[u8]) {
        let word =
            |at: usize| frame.get(at..at + 2).and_then(|bytes| bytes.first_chunk::<2>()).copied();
        match word(12).map(u16::from_be_bytes) {
            Some(0x888e) => self.joins = true,
            Some(0x0806) => {
                let (sender, target) = (frame.get(28..32), frame.get(38..42));
                self.joins |= sender == Some(&[0; 4]) || sender == target;
            }
            Some(0x0800) => {
                if frame.get(23) == Some(&17) {
                    let ports =
                        (word(34).map(u16::from_be_bytes), word(36).map(u16::from_be_bytes));
                    self.joins |= ports == (Some(68), Some(67));
                    self.serves |= ports.0 == Some(67);
                }
                if let Some(address) = frame.get(26..30).and_then(|bytes| bytes.first_chunk::<4>())
                    && self.sends_from.len() < 8
                    && !self.sends_from.contains(address)
                {
                    self.sends_from.push(*address);
                    self.carries |= is_public(IpAddr::from(*address));
                }
            }
            _ => {}
        }
    }
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
