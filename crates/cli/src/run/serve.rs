//! The service once rights are given up: opened, wired, served, stopped.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as channel};
use std::time::Duration;

use cordon_api::http::{Door, DoorOptions, serve_tls, serve_unix, stack};
use cordon_authz::Policies;
use cordon_config::{Config, MetricsFor as Configured};
use cordon_contract::Carrier;
use cordon_crypto::tls::Refreshed;
use cordon_enforce::Lifeline;
use cordon_model::record::{DataClass, Keep};
use cordon_pipeline::{Options, Pipeline};
use cordon_service::clock::{Clock, SystemClock};
use cordon_service::gate::{Gate, Keeper};
use cordon_service::watch::{self, Gauges, Watch, WatchOptions};
use cordon_service::{
    CertificateState, EnforceOptions, Engine, EngineOptions, MetricsFor, Parts, Site,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch as told};

use super::house::{House, Opened, SITE};
use super::{Outside, Start};
use crate::demo::{Demo, Visitor};
use crate::failure::Failure;
use crate::input::note;

/// The socket in the data folder through which this machine's root asks.
pub const SOCKET: &str = "cordon.sock";
/// Between two conclusions about all devices.
const CONCLUDE: Duration = Duration::from_secs(5);
/// Until the first: somebody is waiting for it. A recording at full speed is over sooner than half
/// of it is worth telling.
const CONCLUDE_FIRST: Duration = Duration::from_secs(1);
/// The same in a demo, where somebody watches.
const CONCLUDE_DEMO: Duration = Duration::from_secs(1);
/// A long flow is told in parts of this length.
const ACTIVE_TIMEOUT: Duration = Duration::from_secs(300);
/// The same in a demo whose devices live for a minute.
const ACTIVE_TIMEOUT_TOLD: Duration = Duration::from_secs(2);
/// A device that was heard within this time is there.
const ONLINE: Duration = Duration::from_secs(900);
/// Between two looks at the certificate files.
const CERTIFICATE: Duration = Duration::from_secs(600);
/// From being told to end: requests under way have this long for their answer,
const ANSWERED_BY: Duration = Duration::from_secs(4);
/// what was seen must be with the database and the history by then,
const SEEN_BY: Duration = Duration::from_secs(14);
/// and the database is closed by then, or left as it is: it is whole at every moment.
const CLOSED_BY: Duration = Duration::from_secs(24);
/// Threads that still work then are left after this.
pub const THREADS_END: Duration = Duration::from_secs(3);
/// Records of other tools on their way into the pipeline.
const RECORDS: usize = 8;
/// Breaches on their way to the timeline.
const BREACHES: usize = 1_000;

/// Serves until told to stop.
pub async fn serve(
    start: Start,
    config: Arc<Config>,
    mut outside: Outside,
    mut house: House,
    policies: Policies,
) -> Result<(), Failure> {
    let signals = Signals::hear()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let names = names(&config);
    let port =
        outside.listener.local_addr().map_or(config.web.listen.port(), |address| address.port());
    let opened = house.open(&config, &names, clock.as_ref()).await?;
    let gauges = Arc::new(Gauges::default());
    let (records, records_in) = channel::sync_channel(RECORDS);
    let origins: Vec<String> = names.iter().map(|name| origin(name, port)).collect();
    let trouble = Arc::new(Mutex::new(opened.certificate_trouble.clone()));
    let options = engine_options(&start, &config, &house, &opened, &trouble, origins.clone())?;
    let history: Arc<dyn cordon_history::History> = Arc::clone(&opened.history) as _;
    let Opened { store, history: parquet, vault, signing, origin: log, secret, identity, .. } =
        opened;
    let state: Arc<dyn cordon_store::State> = Arc::new(store);
    let gate = match house.enforcer.take() {
        None => None,
        Some(enforcer) => {
            let keeper = Keeper::at(enforcer.socket)
                .map_err(|error| Failure::Other(format!("the rules' keeper: {error}")))?;
            Some(Arc::new(keeper) as Arc<dyn Gate>)
        }
    };
    let teller =
        gate.clone().map(|gate| -> watch::Teller { Box::new(move |told| gate.told(told)) });
    let parts = Parts {
        state: Arc::clone(&state),
        history: parquet,
        clock: Arc::clone(&clock),
        policies,
        vault: Arc::clone(&vault),
        signing,
        origin: log,
        gauges: Arc::clone(&gauges),
        records,
        gate,
    };
    let engine =
        Engine::open(options, parts).await.map_err(|problem| Failure::Other(problem.detail))?;

    tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { engine.fill_reserve().await }
    });

    let stop_threads = Arc::new(AtomicBool::new(false));
    let (stop, stopped) = told::channel(false);
    let (live, hurried) = (start.packets.is_live(), start.packets.is_hurried());
    let (counters, inlet) = start.packets.start(&mut outside, &config, &stop_threads)?;
    engine.watch_sources(counters, inlet.depth());
    let seed = getrandom::u64().map_err(Failure::Random)?;
    let inventory = cordon_inventory::InventoryOptions {
        seed,
        most_devices: usize::try_from(config.inventory.most_devices).unwrap_or(usize::MAX),
        ..Default::default()
    };
    let (observed, observed_in) = mpsc::channel(1);
    let (breaches, breaches_in) = mpsc::channel(BREACHES);
    let detector = watch::Detector::start(engine.in_force(), breaches, Arc::clone(&gauges), live)
        .map_err(|error| Failure::Other(format!("no thread can be started: {error}")))?;
    tokio::spawn(Arc::clone(&engine).detect(breaches_in));
    let watch = Watch {
        pipeline: Pipeline::new(Options {
            active_timeout: Some(match &start.demo {
                Some(Demo { visited: None, .. }) => ACTIVE_TIMEOUT_TOLD,
                _ => ACTIVE_TIMEOUT,
            }),
            ..Options::new(secret, seed, inventory)
        }),
        history,
        records: records_in,
        observed,
        clock: Arc::clone(&clock),
        stop: Arc::clone(&stop_threads),
        gauges,
        teller,
        detector: Some(detector),
        options: WatchOptions {
            conclude_first: if hurried { CONCLUDE } else { CONCLUDE_FIRST },
            conclude_every: if start.demo.is_some() { CONCLUDE_DEMO } else { CONCLUDE },
            flush_every: config.history.flush_every.duration(),
            live,
            site: site_name()?,
            seed,
        },
    };
    let watcher = watch::start(watch, inlet)
        .map_err(|error| Failure::Other(format!("no thread can be started: {error}")))?;
    let observing = tokio::spawn(Arc::clone(&engine).observe(observed_in));
    tokio::spawn(Arc::clone(&engine).keep_house(stopped.clone()));

    let door = Door::new(DoorOptions {
        networks: config.web.allow_from.clone(),
        hostnames: names.clone(),
    });
    let site: Arc<dyn Site> = Arc::clone(&engine) as _;
    let visited = start.demo.as_ref().and_then(|demo| Some((demo, demo.visited.as_ref()?)));
    let visitor = visited.map(|_| Visitor::expected(&engine)).transpose()?;
    let (demo, link) = visitor.map_or((None, None), |(visitor, link)| (Some(visitor), Some(link)));
    let routes = cordon_api::v1::router(Arc::clone(&site))
        .merge(demo.map(Visitor::router).unwrap_or_default())
        .merge(cordon_console::router(Arc::clone(&site)));
    let router = stack(routes, site, Arc::clone(&door));
    let socket = house.data.join(SOCKET);
    let unix = tokio::spawn({
        let (router, stopped, socket) = (router.clone(), stopped.clone(), socket.clone());
        async move { serve_unix(&socket, router, stopped).await }
    });
    let listener = tokio::net::TcpListener::from_std(outside.listener)
        .map_err(|error| Failure::Other(error.to_string()))?;
    let tls_config = identity.server_config().map_err(|error| Failure::Other(error.to_string()))?;
    let tls: cordon_api::http::Tls = Arc::new(move || Arc::clone(&tls_config));
    let https = tokio::spawn(serve_tls(listener, tls, door, router, stopped.clone()));

    match (visited, link) {
        (Some((demo, more)), Some(link)) => {
            let origin = origins.first().map(String::as_str).unwrap_or_default();
            welcome(origin, &link, &demo.folder.display().to_string(), more);
        }
        _ if start.demo.is_some() => {}
        _ => greet(&engine, &origins, &config, port).await?,
    }
    outside.notify.ready("listening");
    let left = start.demo.is_some().then(input_ends);
    wait(signals, &outside.notify, left, || {
        let refreshed = identity.refresh(&vault, clock.now());
        let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match refreshed {
            Refreshed::Same => {}
            Refreshed::Changed => {
                tracing::info!("another certificate is shown from now on");
                *trouble = None;
            }
            Refreshed::Kept(error) => {
                let error = error.to_string();
                if trouble.as_ref() != Some(&error) {
                    tracing::warn!(error, "the certificate that was named is not used");
                }
                *trouble = Some(error);
            }
        }
    })
    .await?;

    outside.notify.stopping();
    tracing::info!("stopping");
    // First no more requests, then no more packets; what was seen is written before the end.
    let _ = stop.send(true);
    stop_threads.store(true, Ordering::Relaxed);
    let begun = tokio::time::Instant::now();
    let seen = begun + SEEN_BY;
    let _ = tokio::time::timeout_at((begun + ANSWERED_BY).min(seen), https).await;
    unix.abort();
    let joined = tokio::task::spawn_blocking(move || watcher.join());
    let _ = tokio::time::timeout_at(seen, joined).await;
    let _ = tokio::time::timeout_at(seen, observing).await;
    let late = |_| {
        let says = "the database did not close in time; what was acknowledged is kept, and the next start looks it over";
        Failure::Other(says.to_owned())
    };
    let written = tokio::time::timeout_at(begun + CLOSED_BY, engine.stop()).await;
    let _ = std::fs::remove_file(&socket);
    written.map_err(late)?.map_err(|problem| Failure::Other(problem.detail))?;
    let closed = tokio::time::timeout_at(begun + CLOSED_BY, state.close()).await;
    closed.map_err(late)?.map_err(|error| Failure::Other(error.to_string()))
}

fn engine_options(
    start: &Start,
    config: &Config,
    house: &House,
    opened: &Opened,
    trouble: &Arc<Mutex<Option<String>>>,
    origins: Vec<String>,
) -> Result<EngineOptions, Failure> {
    let (identity, trouble) = (Arc::clone(&opened.identity), Arc::clone(trouble));
    Ok(EngineOptions {
        site_name: config.site.name.as_str().to_owned(),
        history_site: site_name()?,
        origins,
        session: cordon_people::session::SessionOptions {
            idle: config.web.session_idle.duration(),
            absolute: config.web.session_longest.duration(),
            fresh: match start.demo {
                // The visitor has nothing to sign in again with.
                Some(_) => config.web.session_longest.duration(),
                None => cordon_people::session::SessionOptions::default().fresh,
            },
        },
        second_person: config.web.second_person,
        metrics: match config.web.metrics {
            Configured::SignedIn => MetricsFor::SignedIn,
            Configured::ThisMachine => MetricsFor::Local,
            Configured::Nobody => MetricsFor::Nobody,
        },
        register: cordon_register::Options {
            silent_after: config.inventory.silent_after.duration(),
            close_after: config.findings.close_after.duration(),
            most_records: usize::try_from(config.inventory.most_devices).unwrap_or(usize::MAX),
            ..Default::default()
        },
        retention: retention(config),
        data: house.data.clone(),
        settings: start.loaded.view(),
        checks: house.checks.clone(),
        certificate: Arc::new(move || {
            let current = identity.current();
            CertificateState {
                expires: Some(current.expires()),
                fingerprint: Some(current.fingerprint().to_string()),
                trouble: trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            }
        }),
        online_within: ONLINE,
        enforce: enforce_options(config),
    })
}

/// How contracts are enforced, as configured.
fn enforce_options(config: &Config) -> EnforceOptions {
    let net =
        |network: cordon_config::Network| ipnet::IpNet::new(network.first(), network.prefix()).ok();
    let enforce = &config.enforce;
    let links = enforce.links.iter();
    let mut lifelines: Vec<Lifeline> = enforce
        .never_cut
        .iter()
        .map(|link| Lifeline::Link(link.as_str().into()))
        .chain(enforce.never_cut_services.iter().map(|service| {
            let carrier = if service.is_udp() { Carrier::Udp } else { Carrier::Tcp };
            Lifeline::At(service.address().ip(), carrier, service.address().port())
        }))
        .collect();
    // Whoever made a mistake takes it back at the console, or from a shell.
    lifelines.push(Lifeline::Here(Carrier::Tcp, config.web.listen.port()));
    lifelines.push(Lifeline::Here(Carrier::Tcp, 22));
    EnforceOptions {
        links: links.filter_map(|link| Some((link.link().into(), net(link.network())?))).collect(),
        networks: enforce.networks.iter().copied().filter_map(net).collect(),
        patience: enforce.confirm_within.duration(),
        rules: cordon_enforce::Options { lifelines, host: enforce.host, ..Default::default() },
    }
}

/// How long each class is kept: as configured, else as the table says.
fn retention(config: &Config) -> Vec<(DataClass, Keep)> {
    let keep = |class: &DataClass| {
        let configured = match class {
            DataClass::Flows => config.retention.flows,
            DataClass::Facts => config.retention.facts,
            DataClass::DeviceHistory => config.retention.device_history,
            DataClass::ClosedFindings => config.retention.findings,
            other => return (*other, other.keep()),
        };
        (*class, configured.duration().map_or(Keep::Forever, Keep::For))
    };
    DataClass::ALL.iter().map(keep).collect()
}

/// Names under which browsers reach the service, the best one first: what is configured, else
/// the machine's own name; and this machine for itself.
fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> =
        config.web.hostnames.iter().map(|name| name.as_str().to_owned()).collect();
    if names.is_empty() {
        let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let own = own.trim().to_ascii_lowercase();
        if !own.is_empty() && own != "localhost" && own != "(none)" {
            names.push(own);
        }
    }
    if !names.iter().any(|name| name == "localhost") {
        names.push("localhost".to_owned());
    }
    names
}

fn origin(name: &str, port: u16) -> String {
    let name = match name.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) => format!("[{v6}]"),
        _ => name.to_owned(),
    };
    if port == 443 { format!("https://{name}") } else { format!("https://{name}:{port}") }
}

fn site_name() -> Result<cordon_history::Site, Failure> {
    SITE.parse().map_err(|_| Failure::Other("the site's folder cannot be named".to_owned()))
}

/// Says where the console is, and how the first person gets in.
async fn greet(
    engine: &Arc<Engine>,
    origins: &[String],
    config: &Config,
    port: u16,
) -> Result<(), Failure> {
    note(&format!("console at {}", origins.join(" or ")));
    if engine.is_unclaimed() {
        let link = engine.first_link().await.map_err(|problem| Failure::Other(problem.detail))?;
        note(&format!(
            "nobody can sign in yet. Open this link once, within a day, to become its admin:\n\n    {}\n",
            link.url
        ));
        let elsewhere = elsewhere(config.web.listen, port);
        if let (Some(first), Some(instead)) = (origins.first(), elsewhere) {
            let by_address = link.url.replacen(first.as_str(), &instead, 1);
            note(&format!(
                "where that name is not known, by address (password and code only):\n\n    {by_address}\n"
            ));
        }
        note(
            "the browser will warn: the certificate is of our own making. Its fingerprint is on the Health page; web.certificate takes yours.",
        );
    }
    Ok(())
}

/// Says how a demo is entered and what there is to see.
fn welcome(origin: &str, link: &str, folder: &str, more: &str) {
    note(&format!(
        "a small clinic, a water works and a home, made up and played three times as fast, for three minutes:\n\n    \
         {origin}/demo/{link}\n\n\
         Open it once, in a browser on this machine: it signs you in. The browser warns, since the certificate is of our own making.\n\n  \
         {origin}/          Today: devices appear, and what a person should do first\n  \
         {origin}/map       who talks to whom, and who reaches the Internet\n  \
         {origin}/fix       default passwords, clear text, a stopped controller: each with how to mend it\n  \
         {origin}/findings  the packet that shows each of them\n  \
         {origin}/devices   give one a name; /changes takes it back\n  \
         {origin}/traffic   every conversation, also as a file\n  \
         {origin}/ledger    what you did, signed; nobody can change it unseen\n  \
         {origin}/api/docs  the same for programs\n\n\
         In another terminal:  cordon fix --data {folder}\n\
         {more}\n\
         Ctrl-C ends it and removes everything.\n"
    ));
}

/// Tells once standard input ends: whoever started a demo is gone.
fn input_ends() -> tokio::sync::oneshot::Receiver<()> {
    let (gone, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nothing is ever written there; an error is an end as well.
        drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        let _ = gone.send(());
    });
    told
}

/// The machine's own address on the network, for those who cannot resolve its name.
fn elsewhere(listen: SocketAddr, port: u16) -> Option<String> {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        // No packet is sent: the kernel only says which address it would use.
        _ => {
            let probe = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
            probe.connect("192.0.2.1:9").ok()?;
            probe.local_addr().ok()?.ip()
        }
    };
    (!ip.is_loopback() && !ip.is_unspecified()).then(|| origin(&ip.to_string(), port))
}

/// What the service is told by signals. Heard from before anything is opened: a service that is
/// ended while it starts ends in order as well.
struct Signals {
    end: Signal,
    interrupt: Signal,
    again: Signal,
}

impl Signals {
    fn hear() -> Result<Self, Failure> {
        let hear = |kind| signal(kind).map_err(|error| Failure::Other(error.to_string()));
        Ok(Signals {
            end: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            again: hear(SignalKind::hangup())?,
        })
    }
}

/// Waits for the end; looks at the certificate now and then, and tells the watchdog.
async fn wait(
    mut signals: Signals,
    notify: &cordon_guard::Notify,
    left: Option<tokio::sync::oneshot::Receiver<()>>,
    refresh: impl Fn(),
) -> Result<(), Failure> {
    let left = async {
        match left {
            Some(left) => drop(left.await),
            None => std::future::pending().await,
        }
    };
    tokio::pin!(left);
    let mut alive = tokio::time::interval(notify.every().unwrap_or(Duration::from_secs(3600)));
    let mut certificate = tokio::time::interval(CERTIFICATE);
    loop {
        tokio::select! {
            () = &mut left => return Ok(()),
            _ = signals.end.recv() => return Ok(()),
            _ = signals.interrupt.recv() => return Ok(()),
            _ = signals.again.recv() => refresh(),
            _ = certificate.tick() => refresh(),
            _ = alive.tick() => notify.alive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_before_the_service_manager_kills() {
        let unit = include_str!("../../../../packaging/cordon.service");
        let limit = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
        let limit = Duration::from_secs(limit.parse().unwrap());
        assert!(ANSWERED_BY < SEEN_BY && SEEN_BY < CLOSED_BY);
        assert!(CLOSED_BY + THREADS_END < limit, "{limit:?}");
    }
}
