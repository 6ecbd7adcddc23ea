//! Where packets come from: interfaces, recordings, the lab.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use cordon_capture::{FileSource, InputPath, LiveOptions, LiveSource, expand, live};
use cordon_config::Config;
use cordon_lab::{Frames, Site};
use cordon_model::{LinkType, PacketId, RawPacket, Timestamp};
use cordon_service::intake::{self, Counters, Feed, FileFeed, Inlet, LiveFeed, Pulled};

use super::Outside;
use crate::failure::Failure;

/// Where packets come from.
pub enum Packets {
    /// Interfaces; none chooses.
    Live(Vec<String>),
    /// Recordings.
    Replay {
        /// Files and folders.
        paths: Vec<PathBuf>,
        /// How many times as fast as recorded; none for as fast as possible.
        speed: Option<f64>,
    },
    /// A site of the lab, played from `begin` on.
    Lab {
        /// The site.
        site: Box<Site>,
        /// How many seconds of it in a second.
        speed: u32,
        /// When its first frame is to have been.
        begin: Timestamp,
    },
}

impl Packets {
    /// As configured.
    pub fn from_config(config: &Config) -> Self {
        match &config.replay.file {
            Some(file) => Packets::Replay {
                paths: vec![file.as_path().to_owned()],
                speed: config.replay.speed.factor(),
            },
            None => Packets::Live(
                config.capture.interfaces.iter().map(|name| name.as_str().to_owned()).collect(),
            ),
        }
    }

    /// Whether they can come at all: looked at before anything is made.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Packets::Lab { .. } => Ok(()),
            Packets::Replay { paths, .. } => {
                for path in expand(paths)?.paths {
                    let is_file = matches!(&path, InputPath::File(file) if file.is_file());
                    if is_file {
                        FileSource::open(&path, 0)?;
                    }
                }
                Ok(())
            }
            Packets::Live(names) => {
                let there = live::interfaces();
                match names.iter().find(|name| !there.contains(name)) {
                    None => Ok(()),
                    Some(name) => Err(Failure::Other(format!(
                        "there is no network interface {name:?}; there are: {}",
                        there.join(", ")
                    ))),
                }
            }
        }
    }

    /// Whether they come as they happen.
    pub const fn is_live(&self) -> bool {
        matches!(self, Packets::Live(_))
    }

    /// Whether they come as fast as they can be read.
    pub fn is_hurried(&self) -> bool {
        matches!(self, Packets::Replay { speed: None, .. })
    }

    /// Files that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Packets::Replay { paths, .. } => paths.clone(),
            _ => Vec::new(),
        }
    }

    /// Starts what gives packets: live sources in threads, or a source that has time and is asked.
    pub fn start(
        self,
        outside: &mut Outside,
        config: &Config,
        stop: &Arc<AtomicBool>,
    ) -> Result<(Vec<Arc<Counters>>, Inlet), Failure> {
        let feed: Box<dyn Feed> = match self {
            Packets::Live(_) => return listen(live(outside, config)?, stop),
            Packets::Replay { paths, speed } => {
                Box::new(FileFeed::open(expand(&paths)?.paths, speed)?)
            }
            Packets::Lab { site, speed, begin } => Box::new(LabFeed::new(*site, speed, begin)?),
        };
        let inlet = Inlet::of(feed);
        Ok((inlet.counters().into_iter().collect(), inlet))
    }
}

/// A thread for each source that cannot wait, and the queue that they fill.
fn listen(
    feeds: Vec<Box<dyn Feed>>,
    stop: &Arc<AtomicBool>,
) -> Result<(Vec<Arc<Counters>>, Inlet), Failure> {
    let (queue, outlet) = intake::queue();
    let mut all = Vec::new();
    for feed in feeds {
        let (counters, _) = intake::start(feed, outlet.another(), Arc::clone(stop))
            .map_err(|error| Failure::Other(format!("no thread can be started: {error}")))?;
        all.push(counters);
    }
    Ok((all, Inlet::Queue(queue)))
}

fn live(outside: &mut Outside, config: &Config) -> Result<Vec<Box<dyn Feed>>, Failure> {
    let options = |name: &str| LiveOptions {
        ring_bytes: config.capture.ring.in_memory(),
        promiscuous: config.capture.promiscuous,
        wait_for_interface: true,
        answers_for_others: config.enforce.isolate.iter().any(|bridge| bridge.as_str() == name),
        ..LiveOptions::default()
    };
    let mut feeds: Vec<Box<dyn Feed>> = Vec::new();
    for (number, (name, socket)) in outside.sockets.drain(..).enumerate() {
        let input = u32::try_from(number).unwrap_or(u32::MAX);
        let source = LiveSource::from_socket(socket, &name, &options(&name), input)?;
        feeds.push(Box::new(LiveFeed::new(source)));
    }
    Ok(feeds)
}

/// A site of the lab, made while it is played.
struct LabFeed {
    frames: Box<dyn Iterator<Item = Result<cordon_lab::Frame, cordon_lab::SiteError>> + Send>,
    held: Option<cordon_lab::Frame>,
    speed: u32,
    began: Option<(Instant, Timestamp)>,
    shift: i64,
    begin: Timestamp,
    number: u64,
}

/// Frames passed on between two looks at whether to stop.
const STRIDE: usize = 512;

impl LabFeed {
    fn new(site: Site, speed: u32, begin: Timestamp) -> Result<Self, Failure> {
        // The site lives as long as the process: it is made once and played to its end.
        let site: &'static Site = Box::leak(Box::new(site));
        let frames = Frames::new(site, 1).map_err(|error| Failure::Lab(error.to_string()))?;
        Ok(LabFeed {
            frames: Box::new(frames),
            held: None,
            speed: speed.max(1),
            began: None,
            shift: 0,
            begin,
            number: 0,
        })
    }
}

#[allow(clippy::disallowed_methods, reason = "a site is played in the time of the wall clock")]
fn instant() -> Instant {
    Instant::now()
}

impl Feed for LabFeed {
    fn name(&self) -> &str {
        "the lab"
    }

    fn pull(&mut self, patience: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled {
        for _ in 0..STRIDE {
            let frame = match self.held.take().map(Ok).or_else(|| self.frames.next()) {
                None => return Pulled::Over(None),
                Some(Err(error)) => return Pulled::Over(Some(error.to_string())),
                Some(Ok(frame)) => frame,
            };
            let now = instant();
            let (began, first) = *self.began.get_or_insert((now, frame.at));
            self.shift = self.begin.nanos().saturating_sub(first.nanos());
            let due = began + frame.at.since(first) / self.speed;
            let wait = due.saturating_duration_since(now);
            if !wait.is_zero() {
                std::thread::sleep(wait.min(patience));
                self.held = Some(frame);
                return Pulled::Quiet;
            }
            self.number += 1;
            take(&RawPacket {
                id: PacketId { input: 0, number: self.number },
                at: Timestamp::from_nanos(frame.at.nanos().saturating_add(self.shift)),
                link: LinkType::ETHERNET,
                wire_len: u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX),
                data: &frame.bytes,
            });
        }
        Pulled::More
    }
}
