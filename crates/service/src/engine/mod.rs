//! The running site: everything in memory, written through to the store, watched and asked.

mod allow;
mod approvals;
mod backup;
mod contracts;
mod devices;
mod enrol;
mod findings;
mod flows;
mod folk;
mod health;
mod imports;
mod jobs;
mod ledger;
mod map;
mod observe;
mod options;
mod people;
mod refusals;
mod show;
mod sign_in;
mod site;
mod steady;
mod today;
mod tokens;
mod world;
mod write;

use std::sync::atomic::AtomicU64;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_authz::Policies;
use cordon_crypto::Vault;
use cordon_history::ParquetHistory;
use cordon_ledger::LogKey;
use cordon_model::record::{Action, Change, Entry};
use cordon_model::{Text, Timestamp};
use cordon_people::limit::{LimitOptions, Limits};
use cordon_people::password::{HashOptions, Hasher};
use cordon_people::{Ceremonies, Passkeys};
use cordon_register::Register;
use cordon_store::{Before, LedgerFilter, State, Write};
use tokio::sync::broadcast;

pub use backup::{SEALED_KEY, copy as copy_kept};
pub use contracts::{EnforceOptions, rehearse_history};
pub use options::{CertificateState, EngineOptions, MetricsFor, Parts};
pub use sign_in::sealed_as;

use crate::clock::Clock;
use crate::intake::Counters;
use crate::watch::{Gauges, Records};
use crate::{Problem, ProblemKind, Reserve, Tick};
use folk::Folk;
use refusals::Refusals;
use steady::Steady;
use world::World;

/// Changes that can be taken back, kept in memory.
const CHANGES: usize = 256;
/// Ledger entries that are looked at for a jump of the clock.
const ENTRIES: usize = 256;
/// A clock that goes back by more was set, and is not being adjusted.
const SET_BACK: Duration = Duration::from_secs(300);
/// What whoever wants to do something is told where the disk is full.
const FULL: &str = "the disk of this service is full, so nothing can be written down and nothing was changed: \
    make room on it, such as by removing old folders in its data folder's backups, then try again; \
    on the machine itself `cordon status` answers all the same";
/// The setting that holds the SHA-256 of the site's own policies; the key that names their file.
const RULES: &str = "site.policies";
/// Ticks that a slow listener may be behind.
const TICKS: usize = 16;

/// A running site.
pub struct Engine {
    options: EngineOptions,
    state: Arc<dyn State>,
    history: Arc<ParquetHistory>,
    clock: Arc<dyn Clock>,
    policies: Policies,
    vault: Arc<Vault>,
    log_key: LogKey,
    contracts: contracts::Contracts,
    records: SyncSender<Records>,
    passkeys: Passkeys,
    hasher: Arc<Hasher>,
    gauges: Arc<Gauges>,
    world: ArcSwap<World>,
    folk: RwLock<Folk>,
    ceremonies: Mutex<Ceremonies>,
    limits: Mutex<Limits>,
    /// Held by whoever changes something, from reading what is until the change is durable.
    writing: tokio::sync::Mutex<()>,
    sources: RwLock<Sources>,
    ticks: broadcast::Sender<Tick>,
    ticked: AtomicU64,
    started: Timestamp,
    verified: Mutex<Option<(Timestamp, Result<u64, String>)>>,
    /// Why the latest write to the store failed.
    unwritten: Mutex<Option<String>>,
    steady: Mutex<Steady>,
    refusals: Refusals,
    reserve: Arc<Reserve>,
}

/// Where packets come from, once they do.
#[derive(Default)]
struct Sources {
    counters: Vec<Arc<Counters>>,
    depth: Arc<AtomicU64>,
}

impl Engine {
    /// Loads the state of a site and writes that the service started.
    ///
    /// # Errors
    /// Where the state cannot be read or the start cannot be written.
    pub async fn open(options: EngineOptions, parts: Parts) -> Result<Arc<Self>, Problem> {
        let Parts {
            state,
            history,
            clock,
            policies,
            vault,
            signing,
            origin,
            gauges,
            records,
            gate,
        } = parts;
        let mut snapshot = state.load().await.map_err(broken)?;
        let contracts = contracts::Contracts::new(&mut snapshot, Arc::clone(&signing), gate);
        let page = Before { before: None, limit: CHANGES };
        let changes: Vec<Change> = state.changes(None, page).await.map_err(broken)?.rows;
        let register =
            Register::load(snapshot.devices, snapshot.findings, changes, options.register.clone());
        let passkeys = Passkeys::new(&options.site_name, &options.origins)
            .map_err(|error| Problem::invalid(error.to_string()))?;
        let hasher = Hasher::new(HashOptions::default())
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
        let started = clock.now();
        let page = Before { before: None, limit: ENTRIES };
        let entries = state.ledger_search(&LedgerFilter::default(), page).await.map_err(broken)?;
        let entries: Vec<Timestamp> = entries
            .rows
            .iter()
            .filter_map(|row| Some(cordon_ledger::decode(&row.record).ok()?.1.at))
            .collect();
        let steady = Steady::new(&entries, started, clock.instant());
        let engine = Arc::new(Engine {
            folk: RwLock::new(Folk::new(
                snapshot.people,
                snapshot.credentials,
                snapshot.sessions,
                snapshot.invites,
                snapshot.tokens,
                snapshot.approvals,
            )),
            world: ArcSwap::from_pointee(World::new(register, started)),
            log_key: signing.log_key(&origin),
            contracts,
            ceremonies: Mutex::new(Ceremonies::new()),
            limits: Mutex::new(Limits::new(LimitOptions::default())),
            writing: tokio::sync::Mutex::new(()),
            sources: RwLock::default(),
            ticks: broadcast::channel(TICKS).0,
            ticked: AtomicU64::new(0),
            verified: Mutex::new(None),
            unwritten: Mutex::new(None),
            steady: Mutex::new(steady),
            refusals: Refusals::default(),
            reserve: Arc::new(Reserve::of(&options.data)),
            hasher: Arc::new(hasher),
            passkeys,
            options,
            state,
            history,
            clock,
            policies,
            vault,
            records,
            gauges,
            started,
        });
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let mut entries = vec![engine.entry("system", Action::ServiceStart, "", &version)];
        let known = snapshot.settings.get(RULES).map(|known| known.to_string());
        let (writes, changed) = engine.rules_changed(known.as_deref());
        entries.extend(changed);
        engine.commit(writes, entries).await?;
        engine.keep_writing_refusals();
        engine.begin_rules(snapshot.settings.get(contracts::TRIAL).map(Text::as_str)).await;
        Ok(engine)
    }

    /// The site's own policies are as good as the configuration that names them: that they are
    /// others than at the start before is in the ledger, with what tells them apart.
    fn rules_changed(&self, known: Option<&str>) -> (Vec<Write>, Option<Entry>) {
        let text = self.policies.site_text();
        let now = text.map(|text| show::hex(&cordon_crypto::hash_token(text)));
        if now.as_deref() == known {
            return (Vec::new(), None);
        }
        let of_site = |rule: &&cordon_authz::Because| rule.id.starts_with("site:");
        let rules = self.policies.all().filter(of_site).count().to_string();
        let sha256 = now.as_deref().unwrap_or("none");
        let detail = [("rules", rules.as_str()), ("sha256", sha256)];
        let entry = self.entry("system", Action::SettingChange, RULES, &detail);
        let name = Text::from(RULES);
        let write = match &now {
            Some(now) => Write::PutSetting { name, value: now.as_str().into() },
            None => Write::DropSetting(name),
        };
        (vec![write], Some(entry))
    }

    /// Tells where packets come from.
    pub fn watch_sources(&self, counters: Vec<Arc<Counters>>, depth: Arc<AtomicU64>) {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        *sources = Sources { counters, depth };
    }

    /// Whether anybody can sign in yet.
    #[must_use]
    pub fn is_unclaimed(&self) -> bool {
        !self.folk().has_admin()
    }

    /// Writes that the service stops.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn stop(&self) -> Result<(), Problem> {
        self.write_refusals(true).await;
        self.note(Action::ServiceStop, "", &[]).await
    }

    /// The time of the site's traffic, or the wall clock's where there is none yet.
    fn site_now(&self) -> Timestamp {
        self.world.load().now
    }

    /// The time by which things may be removed; behind the wall clock after a jump of it.
    fn removal_time(&self) -> Timestamp {
        self.steady().now(self.clock.now(), self.clock.instant())
    }

    fn steady(&self) -> MutexGuard<'_, Steady> {
        self.steady.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something was made at a time that is still to come. It was made before the clock
    /// was set back: how old it is nobody knows, and it would last until its time comes again.
    fn is_ahead(&self, made: Timestamp) -> bool {
        made.since(self.clock.now()) > SET_BACK
    }

    fn folk(&self) -> RwLockReadGuard<'_, Folk> {
        self.folk.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn ceremonies(&self) -> MutexGuard<'_, Ceremonies> {
        self.ceremonies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one ledger entry of the service's own.
    async fn note(
        &self,
        action: Action,
        subject: &str,
        detail: &[(&str, &str)],
    ) -> Result<(), Problem> {
        let entry = self.entry("system", action, subject, detail);
        self.commit(Vec::new(), vec![entry]).await.map(drop)
    }

    fn entry(&self, actor: &str, action: Action, subject: &str, detail: &[(&str, &str)]) -> Entry {
        Entry {
            at: self.clock.now(),
            actor: Text::from(actor),
            action,
            subject: Text::from(subject),
            detail: detail
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (Text::from(*key), Text::from(*value)))
                .collect(),
        }
    }
}

/// A failure of the store, as surfaces tell it.
fn broken(error: cordon_store::StoreError) -> Problem {
    use cordon_store::StoreError;
    let kind = match &error {
        StoreError::Conflict(_) => ProblemKind::Conflict,
        StoreError::TooLarge { .. } => ProblemKind::TooLarge,
        StoreError::Full | StoreError::Busy | StoreError::ReadOnly(_) => ProblemKind::Unavailable,
        _ => ProblemKind::Broken,
    };
    match &error {
        StoreError::Full => Problem::new(kind, FULL),
        StoreError::Conflict(_) | StoreError::TooLarge { .. } | StoreError::Busy => {
            Problem::new(kind, error.to_string())
        }
        // The rest names files and rows: for whoever runs the service, not for who asks.
        _ => {
            tracing::error!(%error, "the store failed");
            Problem::new(kind, "the database failed; the service's log says why")
        }
    }
}
