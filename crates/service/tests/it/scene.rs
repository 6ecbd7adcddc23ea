//! A site that runs in the test's process, with a clock that can be set.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, mpsc as channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cordon_authz::Policies;
use cordon_crypto::{Ed25519, KeyFile, SigningKey, Vault};
use cordon_history::{History as _, ParquetHistory};
use cordon_lab::Frame;
use cordon_ledger::Origin;
use cordon_model::record::DataClass;
use cordon_model::{LinkType, PacketId, RawPacket, SecretKey, Timestamp};
use cordon_pipeline::{Options, Pipeline};
use cordon_service::clock::Clock;
use cordon_service::intake::{self, Inlet, Outlet};
use cordon_service::view::{CheckView, DeviceQuery, DeviceRow, HealthView};
use cordon_service::watch::{self, Detector, Gauges, Watch, WatchOptions};
use cordon_service::{
    Caller, CertificateState, Engine, EngineOptions, MetricsFor, Parts, Site, Visit,
};
use cordon_store::{Notary, State, Store};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// A clock whose wall can be set and whose hands can be moved.
#[derive(Default)]
pub struct TestClock {
    wall: AtomicI64,
    passed: AtomicI64,
}

impl TestClock {
    /// Sets the wall clock ahead or back, as a person or a dead battery would.
    pub fn set(&self, days: i64) {
        self.wall.fetch_add(days * DAY.as_nanos() as i64, Ordering::Relaxed);
    }

    /// Lets time pass for both clocks.
    pub fn pass(&self, time: Duration) {
        self.passed.fetch_add(time.as_nanos() as i64, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
        let moved = self.wall.load(Ordering::Relaxed) + self.passed.load(Ordering::Relaxed);
        Timestamp::from_nanos(real + moved)
    }

    fn instant(&self) -> Instant {
        Instant::now() + Duration::from_nanos(self.passed.load(Ordering::Relaxed) as u64)
    }
}

pub const DAY: Duration = Duration::from_secs(86_400);

/// How a site runs.
#[derive(Clone, Copy)]
pub struct How {
    /// Whether packets come as they happen.
    pub live: bool,
    pub most_devices: usize,
}

impl Default for How {
    fn default() -> Self {
        How { live: false, most_devices: 4096 }
    }
}

/// A running site.
pub struct Running {
    pub engine: Arc<Engine>,
    pub state: Arc<Store>,
    pub history: Arc<ParquetHistory>,
    pub outlet: Option<Outlet>,
    pub clock: Arc<TestClock>,
    pub runtime: Runtime,
    stop: Arc<AtomicBool>,
    watcher: JoinHandle<()>,
    observing: tokio::task::JoinHandle<()>,
    number: u64,
}

impl Running {
    /// Opens the folder and begins.
    pub fn begin(folder: &Path, clock: &Arc<TestClock>, how: How) -> Self {
        let runtime = Runtime::new().unwrap();
        let master = KeyFile::open_or_create(&folder.join("master.key")).unwrap();
        let vault = Vault::new(&master);
        let origin: Origin = "cordon/test".parse().unwrap();
        let signing =
            SigningKey::open_or_create(&folder.join("ledger.key"), &vault, &origin).unwrap();
        let signing = Arc::new(signing);
        let notary = Notary::new(origin.clone(), Arc::clone(&signing) as _, Arc::new(Ed25519));
        let options = cordon_store::Options { site: "main".into(), notary, max_pages: None };
        let store = runtime.block_on(Store::open(folder, options)).unwrap();
        let state = Arc::new(store);
        let history = cordon_history::Options { min_free: 0, ..Default::default() };
        let history = Arc::new(ParquetHistory::open(&folder.join("history"), history).unwrap());
        let gauges = Arc::new(Gauges::default());
        let (records, records_in) = channel::sync_channel(8);
        let register =
            cordon_register::Options { most_records: how.most_devices, ..Default::default() };
        let options = EngineOptions {
            site_name: "test".to_owned(),
            history_site: "main".parse().unwrap(),
            origins: vec!["https://localhost:8443".to_owned()],
            session: Default::default(),
            second_person: false,
            metrics: MetricsFor::Local,
            register,
            retention: DataClass::ALL.iter().map(|class| (*class, class.keep())).collect(),
            data: folder.to_owned(),
            settings: Default::default(),
            checks: Vec::new(),
            certificate: Arc::new(CertificateState::default),
            online_within: Duration::from_secs(900),
            enforce: Default::default(),
        };
        let parts = Parts {
            state: Arc::clone(&state) as _,
            history: Arc::clone(&history),
            clock: Arc::clone(clock) as _,
            policies: Policies::shipped().unwrap(),
            vault: Arc::new(vault),
            signing,
            origin,
            gauges: Arc::clone(&gauges),
            records,
            gate: None,
        };
        let engine = runtime.block_on(Engine::open(options, parts)).unwrap();
        let (queue, outlet) = intake::queue();
        engine.watch_sources(Vec::new(), queue.depth());
        let (observed, observed_in) = mpsc::channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let inventory = cordon_inventory::InventoryOptions {
            most_devices: how.most_devices,
            ..Default::default()
        };
        let (breaches, breaches_in) = mpsc::channel(1_000);
        let detector =
            Detector::start(engine.in_force(), breaches, Arc::clone(&gauges), how.live).unwrap();
        runtime.spawn(Arc::clone(&engine).detect(breaches_in));
        let watch = Watch {
            pipeline: Pipeline::new(Options::new(SecretKey::new([7; 32]), 7, inventory)),
            history: Arc::clone(&history) as _,
            records: records_in,
            observed,
            clock: Arc::clone(clock) as _,
            stop: Arc::clone(&stop),
            gauges,
            teller: None,
            detector: Some(detector),
            options: WatchOptions {
                conclude_first: Duration::from_millis(200),
                conclude_every: Duration::from_millis(200),
                flush_every: Duration::from_millis(500),
                live: how.live,
                site: "main".parse().unwrap(),
                seed: 7,
            },
        };
        let watcher = watch::start(watch, Inlet::Queue(queue)).unwrap();
        let observing = runtime.spawn(Arc::clone(&engine).observe(observed_in));
        let clock = Arc::clone(clock);
        let outlet = Some(outlet);
        Running {
            engine,
            state,
            history,
            outlet,
            clock,
            runtime,
            stop,
            watcher,
            observing,
            number: 0,
        }
    }

    /// Plays frames, at their own times moved by `shift` nanoseconds.
    pub fn play<'a>(&mut self, frames: impl IntoIterator<Item = &'a Frame>, shift: i64) {
        let outlet = self.outlet.as_mut().unwrap();
        for frame in frames {
            self.number += 1;
            let packet = RawPacket {
                id: PacketId { input: 0, number: self.number },
                at: Timestamp::from_nanos(frame.at.nanos() + shift),
                link: LinkType::ETHERNET,
                wire_len: frame.bytes.len() as u32,
                data: &frame.bytes,
            };
            outlet.push(&packet, true);
        }
        assert!(outlet.hand_over(true), "the watcher is gone");
    }

    /// Every device.
    pub fn devices(&self) -> Vec<DeviceRow> {
        let mut all = Vec::new();
        let mut query = DeviceQuery { limit: Some(500), ..Default::default() };
        loop {
            let page = self.engine.devices(&root(), &query).unwrap();
            all.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return all;
            }
        }
    }

    /// Waits until what is known has not changed for two seconds.
    pub fn settle(&self) {
        let state = || {
            let devices = self.devices();
            let last = devices.iter().map(|one| one.last.clone()).max();
            let findings: u32 = devices.iter().map(|one| one.findings).sum();
            (devices.len(), last, findings, self.history.status().held_flows)
        };
        let (mut before, mut since) = (state(), Instant::now());
        until("a settled state", || {
            let now = state();
            if now != before {
                (before, since) = (now, Instant::now());
            }
            since.elapsed() > Duration::from_secs(2)
        });
    }

    /// Leaves the database no room to grow, or all the room there is.
    pub async fn full(&self, full: bool) {
        self.state.limit_pages(full.then_some(1)).await.unwrap();
    }

    pub fn health(&self) -> HealthView {
        self.engine.health(&root()).unwrap()
    }

    pub fn check(&self, name: &str) -> Option<CheckView> {
        self.health().checks.into_iter().find(|check| check.name == name)
    }

    /// Names of what was done, newest first.
    pub fn ledger(&self) -> Vec<String> {
        let page = self.runtime.block_on(self.engine.ledger(&root(), None, 500)).unwrap();
        page.items.into_iter().map(|row| row.action).collect()
    }

    /// Ends as the service does: all is written, and the folder free for the next.
    pub fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.outlet.take());
        self.watcher.join().unwrap();
        self.runtime.block_on(self.observing).unwrap();
        self.runtime.block_on(self.engine.stop()).unwrap();
        self.runtime.block_on(self.state.close()).unwrap();
    }
}

/// Whoever administers this machine.
pub fn root() -> Caller {
    Caller::local(0)
}

pub fn visit() -> Visit {
    Visit {
        from: "192.0.2.7".parse().unwrap(),
        agent: "a browser".to_owned(),
        origin: "https://localhost:8443".to_owned(),
        ceremony: "c".repeat(43),
        by_itself: false,
    }
}

/// Waits until something is so; a condition that never comes ends the test.
pub fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never came: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The lab's demo, on the wire, made once: the first quarter of an hour or so of it.
pub fn frames() -> &'static [Frame] {
    static FRAMES: std::sync::LazyLock<Vec<Frame>> = std::sync::LazyLock::new(|| {
        let site: &'static cordon_lab::Site = Box::leak(Box::new(cordon_lab::demo().unwrap()));
        let frames = cordon_lab::Frames::new(site, 1).unwrap();
        frames.map(Result::unwrap).take(12_000).collect()
    });
    &FRAMES
}

/// How far the lab's frames must be moved to end now.
pub fn to_now(clock: &TestClock) -> i64 {
    clock.now().nanos() - frames().last().unwrap().at.nanos()
}
