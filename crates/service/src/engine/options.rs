//! What an engine is made with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cordon_authz::Policies;
use cordon_crypto::{SigningKey, Vault};
use cordon_history::{ParquetHistory, Site as HistorySite};
use cordon_ledger::Origin;
use cordon_model::record::{DataClass, Keep};
use cordon_people::session::SessionOptions;
use cordon_store::State;

use super::EnforceOptions;
use crate::clock::Clock;
use crate::view::{CheckView, SettingsView};
use crate::watch::Gauges;

/// Who may read metrics without signing in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MetricsFor {
    /// Whoever has a session or a token.
    #[default]
    SignedIn,
    /// Them, and programs on the same machine.
    Local,
    /// Nobody at all.
    Nobody,
}

/// The server's certificate as it is now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CertificateState {
    /// When it ends.
    pub expires: Option<cordon_model::Timestamp>,
    /// SHA-256, hexadecimal.
    pub fingerprint: Option<String>,
    /// What is wrong with it.
    pub trouble: Option<String>,
}

/// Asks for the certificate as it is now.
pub type AskCertificate = Arc<dyn Fn() -> CertificateState + Send + Sync>;

/// How an engine behaves.
#[derive(Clone)]
pub struct EngineOptions {
    /// The site's name, as people read it.
    pub site_name: String,
    /// The site in the history's folders.
    pub history_site: HistorySite,
    /// Origins under which browsers reach the console, the best one first.
    pub origins: Vec<String>,
    /// How long sessions last.
    pub session: SessionOptions,
    /// Whether dangerous actions wait for a second person.
    pub second_person: bool,
    /// Who may read metrics without signing in.
    pub metrics: MetricsFor,
    /// How devices are kept over time.
    pub register: cordon_register::Options,
    /// How long each class of data is kept.
    pub retention: Vec<(DataClass, Keep)>,
    /// Where everything lies.
    pub data: PathBuf,
    /// The configuration in force.
    pub settings: SettingsView,
    /// What was checked at the start: what the process gave up, the machine.
    pub checks: Vec<CheckView>,
    /// The server's certificate.
    pub certificate: AskCertificate,
    /// Within which time a device counts as heard lately.
    pub online_within: Duration,
    /// How contracts are enforced.
    pub enforce: EnforceOptions,
}

/// What an engine works with.
pub struct Parts {
    /// State.
    pub state: Arc<dyn State>,
    /// Flows and facts.
    pub history: Arc<ParquetHistory>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who may do what.
    pub policies: Policies,
    /// Seals what is kept secret.
    pub vault: Arc<Vault>,
    /// Signs the ledger's checkpoints.
    pub signing: Arc<SigningKey>,
    /// The ledger's name.
    pub origin: Origin,
    /// Numbers of the watcher.
    pub gauges: Arc<Gauges>,
    /// Where records of other tools go.
    pub records: std::sync::mpsc::SyncSender<crate::watch::Records>,
    /// Whoever enforces; none where this machine enforces nothing.
    pub gate: Option<Arc<dyn crate::gate::Gate>>,
}
