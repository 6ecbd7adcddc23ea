//! The loop: batches through the pipeline, rows to the history, conclusions at intervals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use cordon_contract::learn::Learned;
use cordon_history::{History, Site};
use cordon_model::{Fact, Flow, Timestamp};
use cordon_pipeline::{Conclusions, Pipeline};
use tokio::sync::mpsc;

use super::ears::{Ears, Teller};
use super::{Detector, Reached};
use crate::clock::Clock;
use crate::intake::{Came, Inlet};

/// How long to wait for packets before looking at the clock.
const PATIENCE: Duration = Duration::from_millis(200);
/// At the end, what waits in the queue is still looked at for so long: a service manager gives
/// fifteen seconds for everything.
const DRAIN: Duration = Duration::from_secs(3);
/// Between two hand-overs of rows where little happens.
const HAND_OVER: Duration = Duration::from_secs(1);
/// Concluding never takes more than this share of the thread's time.
const CONCLUDING_SHARE: u32 = 20;

/// What is remembered of addresses and peers that do not come again.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);
/// The same, where tables are crowded.
const MEMORY_IF_CROWDED: Duration = Duration::from_secs(24 * 3600);
/// Between two rounds of forgetting, on the clock of the packets.
const FORGET: Duration = Duration::from_secs(3600);

/// What records of another tool say, on its way into the pipeline.
#[derive(Default)]
pub struct Records {
    /// What was said.
    pub facts: Vec<Fact>,
    /// Who talked to whom.
    pub flows: Vec<Flow>,
}

/// How the network is watched.
pub struct WatchOptions {
    /// Until the first conclusion.
    pub conclude_first: Duration,
    /// Between two conclusions.
    pub conclude_every: Duration,
    /// Between two flushes of the history.
    pub flush_every: Duration,
    /// Whether packets come as they happen; otherwise they are a recording, which has time.
    pub live: bool,
    /// Whose traffic it is.
    pub site: Site,
    /// Keys the hashes.
    pub seed: u64,
}

/// What the watcher concluded.
pub struct Observed {
    /// Everything it came to.
    pub conclusions: Conclusions,
    /// What devices do, in the order of the devices.
    pub learned: Vec<Learned>,
    /// The time that the traffic has reached.
    pub now: Timestamp,
    /// Whether there will be no more.
    pub over: bool,
}

/// Numbers that change all the time, read from anywhere.
#[derive(Default)]
pub struct Gauges {
    /// Packets that went through the pipeline.
    pub packets: AtomicU64,
    /// Milliseconds that the latest conclusion took.
    pub conclude_ms: AtomicU64,
    /// Flows that are safe on disk.
    pub flows_kept: AtomicU64,
    /// Flows handed to the history.
    pub flows_taken: AtomicU64,
    /// Flows for which there was no room.
    pub flows_lost: AtomicU64,
    /// What the detector had no time for: conversations and things said.
    pub not_detected: AtomicU64,
    /// Breaches that nobody took in time.
    pub breaches_lost: AtomicU64,
    /// Whether the latest flush failed.
    pub flush_failed: AtomicBool,
    /// Why, in words.
    pub flush_error: std::sync::Mutex<Option<String>>,
}

/// Everything that the loop works with.
pub struct Watch {
    /// What they go through.
    pub pipeline: Pipeline,
    /// Where rows go.
    pub history: Arc<dyn History>,
    /// Records of other tools.
    pub records: Receiver<Records>,
    /// Where conclusions go; one that is not taken in time is left out.
    pub observed: mpsc::Sender<Observed>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Told from outside to end.
    pub stop: Arc<AtomicBool>,
    /// Told to the outside.
    pub gauges: Arc<Gauges>,
    /// Who is told what name servers tell devices.
    pub teller: Option<Teller>,
    /// Who holds everything against the contracts in force.
    pub detector: Option<Detector>,
    /// How.
    pub options: WatchOptions,
}

/// Starts the thread, which takes packets from `inlet`.
///
/// # Errors
/// Where the system gives no thread.
pub fn start(watch: Watch, inlet: Inlet) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("watch".to_owned()).spawn(move || Loop::new(watch).run(inlet))
}

struct Loop {
    watch: Watch,
    ears: Ears,
    now: Timestamp,
    reached: Reached,
    handed: Instant,
    flushed: Instant,
    concluded: Instant,
    pause: Duration,
    forgot: Timestamp,
    /// Whether the sources have ended and that was concluded.
    over: bool,
}

impl Loop {
    fn new(mut watch: Watch) -> Self {
        let begun = watch.clock.instant();
        Loop {
            ears: Ears::new(watch.options.seed, watch.teller.take(), watch.detector.take()),
            now: Timestamp::default(),
            reached: Reached::default(),
            forgot: Timestamp::default(),
            over: false,
            handed: begun,
            flushed: begun,
            concluded: begun,
            pause: watch.options.conclude_first,
            watch,
        }
    }

    fn run(mut self, mut inlet: Inlet) {
        loop {
            let stop = self.watch.stop.load(Ordering::Relaxed);
            let came = self.take(&mut inlet);
            if stop {
                self.drain(&mut inlet);
            }
            let closed = came == Came::Closed;
            if closed && self.over {
                // Records of other tools may still come.
                std::thread::sleep(PATIENCE);
            }
            let told = self.take_records();
            if !self.over || told {
                self.over = stop || closed;
                self.keep_time(self.over);
            }
            if stop {
                return;
            }
        }
    }

    /// Takes what still waits in a queue, whose sources have been told to end.
    fn drain(&mut self, inlet: &mut Inlet) {
        let begun = self.watch.clock.instant();
        while matches!(inlet, Inlet::Queue(_)) && self.watch.clock.instant() - begun < DRAIN {
            let Came::Packets(_) = self.take(inlet) else { return };
        }
    }

    fn take(&mut self, inlet: &mut Inlet) -> Came {
        let came = inlet.take(PATIENCE, |packet| {
            self.now = self.reached.hear(packet.at);
            self.watch.pipeline.packet_with(packet, &mut self.ears);
            if self.ears.recorder.is_full() {
                self.hand_over();
            }
        });
        if let Came::Packets(packets) = came {
            self.watch.gauges.packets.fetch_add(packets, Ordering::Relaxed);
        }
        came
    }

    fn take_records(&mut self) -> bool {
        let mut told = false;
        while let Ok(Records { facts, flows }) = self.watch.records.try_recv() {
            told = true;
            let times = facts.iter().map(|fact| fact.at).chain(flows.iter().map(|flow| flow.last));
            times.for_each(|at| self.now = self.reached.hear(at));
            for fact in &facts {
                self.watch.pipeline.fact_with(fact, &mut self.ears);
            }
            for flow in &flows {
                self.watch.pipeline.flow_with(flow, &mut self.ears);
                if self.ears.recorder.is_full() {
                    self.hand_over();
                }
            }
        }
        told
    }

    fn keep_time(&mut self, over: bool) {
        let instant = self.watch.clock.instant();
        if over {
            self.watch.pipeline.end_flows(&mut self.ears);
        } else if self.watch.options.live && instant - self.handed >= HAND_OVER {
            self.now = self.watch.clock.now();
            self.reached = Reached::at(self.now);
            self.watch.pipeline.tick(self.now, &mut self.ears);
        }
        if over || instant - self.handed >= HAND_OVER {
            self.handed = instant;
            self.hand_over();
        }
        if over || instant - self.flushed >= self.watch.options.flush_every {
            self.flush();
        }
        if over || instant - self.concluded >= self.pause {
            self.conclude(over);
        }
    }

    fn hand_over(&mut self) {
        let Watch { history, options, gauges, .. } = &self.watch;
        let handed = self.ears.recorder.hand_over(history.as_ref(), &options.site);
        gauges.flows_taken.fetch_add(handed.flows, Ordering::Relaxed);
        gauges.flows_lost.fetch_add(handed.lost, Ordering::Relaxed);
        if handed.flush_soon {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let gauges = &self.watch.gauges;
        self.flushed = self.watch.clock.instant();
        let error = match self.watch.history.flush() {
            Ok(flushed) => {
                gauges.flows_kept.fetch_add(flushed.flows, Ordering::Relaxed);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        let failed = gauges.flush_failed.swap(error.is_some(), Ordering::Relaxed);
        if let (Some(error), false) = (&error, failed) {
            tracing::error!(
                error,
                "flows cannot be written; they are held as long as there is room"
            );
        }
        if let Ok(mut told) = gauges.flush_error.lock() {
            *told = error;
        }
    }

    fn conclude(&mut self, over: bool) {
        let ((conclusions, learned), took) = timed(|| {
            let conclusions = self.watch.pipeline.conclude();
            let learned = self.ears.learned(&conclusions);
            (conclusions, learned)
        });
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.watch.gauges.conclude_ms.store(milliseconds, Ordering::Relaxed);
        // A clock that was set back must not make it wait until the old time comes again.
        if self.now.since(self.forgot) >= FORGET || self.now < self.forgot {
            self.forgot = self.now;
            self.watch.pipeline.forget(self.now, MEMORY, MEMORY_IF_CROWDED);
        }
        let Watch { clock, options, observed, .. } = &self.watch;
        self.concluded = clock.instant();
        self.pause = options.conclude_every.max(took.saturating_mul(CONCLUDING_SHARE));
        let told = Observed { conclusions, learned, now: self.now, over };
        if over {
            // The last word is worth waiting for; nobody is there only when the service ends.
            let _ = observed.blocking_send(told);
        } else if observed.try_send(told).is_err() {
            tracing::debug!("a conclusion was left out: the one before is still being written");
        }
    }
}

/// What work cost. The machine is asked and not the site's clock: that one may be moved by an hour
/// while the work is done.
#[allow(clippy::disallowed_methods, reason = "a cost is no decision about time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed())
}
