//! A whole service in one process: real engine, real keys, real policies, a clock that tests turn.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use axum::Router;
use cordon_api::http::{Door, DoorOptions, stack};
use cordon_authz::Policies;
use cordon_crypto::{Ed25519, KeyFile, SigningKey, Vault};
use cordon_history::ParquetHistory;
use cordon_ledger::Origin;
use cordon_model::Timestamp;
use cordon_model::record::FindingState;
use cordon_service::clock::Clock;
use cordon_service::view::SettingsView;
use cordon_service::{CertificateState, Engine, EngineOptions, MetricsFor, Parts, Site};
use cordon_store::conformance::sample;
use cordon_store::{Before, Commit, LedgerFilter, Notary, State, Store, Write};

use crate::browser::Browser;

/// Where browsers find the service in tests.
pub const HOST: &str = "cordon.example:8443";
/// Its origin.
pub const ORIGIN: &str = "https://cordon.example:8443";
/// The device that is there from the start.
pub const DEVICE: &str = "dev-1";
/// The finding that is there from the start.
pub const FINDING: &str = "find-1";
/// What everybody's password is in tests.
pub const PASSWORD: &str = "seven green herons ate the ladder";

/// A clock that stands still until a test turns it.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// A service and what is needed to look behind it.
pub struct World {
    pub engine: Arc<Engine>,
    pub router: Router,
    pub door: Arc<Door>,
    pub vault: Vault,
    pub dir: tempfile::TempDir,
    state: Arc<dyn State>,
    clock: Arc<TestClock>,
    addresses: AtomicU8,
    _records: mpsc::Receiver<cordon_service::watch::Records>,
}

impl World {
    /// Nobody can sign in yet.
    pub async fn new() -> Self {
        Self::with(MetricsFor::SignedIn).await
    }

    pub async fn with(metrics: MetricsFor) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let master = KeyFile::create(&dir.path().join("master.key")).unwrap();
        let vault = Vault::new(&master);
        let origin: Origin = "cordon/ledger".parse().unwrap();
        let signing =
            SigningKey::open_or_create(&dir.path().join("ledger.key"), &vault, &origin).unwrap();
        let signing = Arc::new(signing);
        let notary = Notary::new(origin.clone(), Arc::clone(&signing) as _, Arc::new(Ed25519));
        let options = cordon_store::Options { site: "main".into(), notary, max_pages: None };
        let state: Arc<dyn State> = Arc::new(Store::open(dir.path(), options).await.unwrap());
        let mut finding = sample::finding(FINDING, DEVICE, FindingState::Open);
        finding.finding.evidence.clear();
        let writes = vec![
            Write::PutDevice(Arc::new(sample::device(DEVICE))),
            Write::PutFinding(Box::new(finding)),
        ];
        state.commit(Commit { writes, entries: Vec::new() }).await.unwrap();
        let history =
            ParquetHistory::open(&dir.path().join("history"), cordon_history::Options::default());
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000_000_000)));
        let (records, received) = mpsc::sync_channel(8);
        let parts = Parts {
            state: Arc::clone(&state),
            history: Arc::new(history.unwrap()),
            clock: Arc::clone(&clock) as _,
            policies: Policies::shipped().unwrap(),
            vault: Arc::new(Vault::new(&master)),
            signing,
            origin,
            gauges: Arc::default(),
            records,
            gate: None,
        };
        let engine = Engine::open(engine_options(dir.path(), metrics), parts).await.unwrap();
        let door = Door::new(DoorOptions {
            networks: Vec::new(),
            hostnames: vec!["cordon.example".into(), "localhost".into()],
        });
        let site: Arc<dyn Site> = Arc::clone(&engine) as _;
        let routes = cordon_api::v1::router(Arc::clone(&site))
            .merge(cordon_console::router(Arc::clone(&site)));
        let router = stack(routes, site, Arc::clone(&door));
        World {
            engine,
            router,
            door,
            vault,
            dir,
            state,
            clock,
            addresses: AtomicU8::new(1),
            _records: received,
        }
    }

    /// Lets time pass.
    pub fn wait(&self, time: Duration) {
        let nanos = i64::try_from(time.as_nanos()).unwrap();
        self.clock.0.fetch_add(nanos, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A browser at an address that nobody else has.
    pub fn browser(&self) -> Browser {
        let last = self.addresses.fetch_add(1, Ordering::SeqCst);
        Browser::new(self.router.clone(), IpAddr::from([10, 9, 0, last]))
    }

    /// The link's path with which the first admin comes in.
    pub async fn first_link(&self) -> String {
        path_of(&self.engine.first_link().await.unwrap().url)
    }

    /// The first admin, signed in.
    pub async fn admin(&self) -> Browser {
        let link = self.first_link().await;
        self.enrol(&link, "Ada").await
    }

    /// Somebody invited by an admin, signed in.
    pub async fn invited(&self, admin: &Browser, role: &str, name: &str) -> Browser {
        let body = serde_json::json!({ "role": role });
        let made = admin.api("POST", "/api/v1/invites", Some(&body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        self.enrol(&path_of(made.json()["url"].as_str().unwrap()), name).await
    }

    /// Follows a link with a password and codes, as a browser does.
    pub async fn enrol(&self, link: &str, name: &str) -> Browser {
        let mut browser = self.browser();
        let shown = browser.get(link).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        let form = [("name", name), ("password", PASSWORD)];
        let codes = browser.post(&format!("{link}/password"), &form).await;
        assert_eq!(codes.status, 200, "{}", codes.body);
        browser.phone = Some(phone(&codes.body));
        browser.name = name.to_owned();
        let code = self.code(&browser);
        let done = browser.post(&format!("{link}/code"), &[("code", &code)]).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert!(browser.cookie("__Host-cordon").is_some());
        browser
    }

    /// The code that somebody's phone shows now; time passes so that it is an unused one.
    pub fn code(&self, browser: &Browser) -> String {
        self.wait(Duration::from_secs(30));
        self.code_now(browser)
    }

    /// The code that somebody's phone shows, used or not.
    pub fn code_now(&self, browser: &Browser) -> String {
        let secs = u64::try_from(self.now().nanos() / 1_000_000_000).unwrap();
        browser.phone.as_ref().unwrap().generate(secs).to_string()
    }

    /// Signs in with password and code from a fresh browser.
    pub async fn sign_in(&self, who: &Browser) -> Browser {
        let mut browser = self.browser();
        browser.phone.clone_from(&who.phone);
        browser.name.clone_from(&who.name);
        browser.get("/sign-in").await;
        let code = self.code(who);
        let form = [("name", who.name.as_str()), ("password", PASSWORD), ("code", &code)];
        let done = browser.post("/sign-in", &form).await;
        assert_eq!(done.status, 303, "{}", done.body);
        browser
    }

    /// An address from which somebody signed in with a password before.
    pub async fn known_address(&self, who: &Browser) -> IpAddr {
        let people = who.api("GET", "/api/v1/people", None).await.json();
        let own = people["people"].as_array().unwrap().iter().find(|one| one["you"] == true);
        let sessions = own.unwrap()["sessions"].as_array().unwrap().clone();
        let other = sessions.iter().find(|one| one["current"] == false).unwrap();
        other["from"].as_str().unwrap().parse().unwrap()
    }

    /// Every ledger entry: action, actor and detail as text.
    pub async fn ledger(&self) -> Vec<(String, String)> {
        let page = Before { before: None, limit: 500 };
        let rows = self.state.ledger_search(&LedgerFilter::default(), page).await.unwrap().rows;
        rows.iter()
            .map(|row| {
                let (_, entry) = cordon_ledger::decode(&row.record).unwrap();
                (entry.action.name().to_owned(), format!("{} {:?}", entry.actor, entry.detail))
            })
            .collect()
    }

    /// How often an action stands in the ledger with this in its detail.
    pub async fn noted(&self, action: &str, detail: &str) -> usize {
        let all = self.ledger().await;
        all.iter().filter(|(name, text)| name == action && text.contains(detail)).count()
    }
}

/// The path of a URL of ours.
pub fn path_of(url: &str) -> String {
    url.strip_prefix(ORIGIN).unwrap().to_owned()
}

/// The phone that took the secret from the page.
pub fn phone(page: &str) -> totp_rs::Totp {
    let secret = page.split("<code class=\"wrap\">").nth(1).unwrap().split('<').next().unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap()
}

fn engine_options(dir: &std::path::Path, metrics: MetricsFor) -> EngineOptions {
    EngineOptions {
        site_name: "Clinic".into(),
        history_site: "main".parse().unwrap(),
        origins: vec![ORIGIN.into()],
        session: cordon_people::session::SessionOptions::default(),
        second_person: true,
        metrics,
        register: cordon_register::Options::default(),
        retention: Vec::new(),
        data: dir.to_owned(),
        settings: SettingsView::default(),
        checks: Vec::new(),
        certificate: Arc::new(CertificateState::default),
        online_within: Duration::from_secs(900),
        enforce: Default::default(),
    }
}
