//! Keys, database and history in the data folder, opened after every right is given up.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_config::Config;
use cordon_crypto::tls::{ServerIdentity, Wanted};
use cordon_crypto::{Ed25519, Keys, SigningKey, Vault};
use cordon_history::ParquetHistory;
use cordon_ledger::Origin;
use cordon_model::SecretKey;
use cordon_service::Reserve;
use cordon_service::clock::Clock;
use cordon_service::view::CheckView;
use cordon_store::{Notary, Store};

use crate::enforcer::Enforcer;
use crate::failure::Failure;

/// The one site of a data folder, as rows and folders name it; what people call it is configured.
pub const SITE: &str = "main";

/// Bytes that a start may write: the index of the database's log, its first entries.
const TO_START: u64 = 2 << 20;

/// Everything's place, and what was given up before it was opened.
pub struct House {
    /// The data folder.
    pub data: PathBuf,
    /// What the process gave up.
    pub checks: Vec<CheckView>,
    /// The process that keeps the kernel's rules.
    pub enforcer: Option<Enforcer>,
}

/// What was opened.
pub struct Opened {
    /// State.
    pub store: Store,
    /// Flows and facts.
    pub history: Arc<ParquetHistory>,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// Signs the ledger.
    pub signing: Arc<SigningKey>,
    /// The ledger's name.
    pub origin: Origin,
    /// Under which secrets in traffic are told apart.
    pub secret: SecretKey,
    /// The certificate.
    pub identity: Arc<ServerIdentity>,
    /// Why the operator's certificate is not used.
    pub certificate_trouble: Option<String>,
}

impl House {
    /// Opens everything.
    pub async fn open(
        &self,
        config: &Config,
        names: &[String],
        clock: &dyn Clock,
    ) -> Result<Opened, Failure> {
        let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
        self.make_room();
        let keys = Keys::open_or_create(&self.data).map_err(|error| other(&error))?;
        if keys.former.is_some() {
            tracing::warn!(
                "a change of the master key was broken off; finish it with `cordon keys rotate`"
            );
        }
        let vault = keys.vault();
        let origin = origin()?;
        let signing = SigningKey::open_or_create(&self.data.join("ledger.key"), &vault, &origin)
            .map_err(|error| other(&error))?;
        let signing = Arc::new(signing);
        let secret = cordon_crypto::secret_key(&keys.current).map_err(|error| other(&error))?;
        let notary = Notary::new(origin.clone(), Arc::clone(&signing) as _, Arc::new(Ed25519));
        let options = cordon_store::Options { site: SITE.into(), notary, max_pages: None };
        let store = Store::open(&self.data, options).await.map_err(|error| other(&error))?;
        let history = cordon_history::Options {
            min_free: config.history.min_free.bytes(),
            ..cordon_history::Options::default()
        };
        let history = ParquetHistory::open(&self.data.join("history"), history)
            .map_err(|error| other(&error))?;
        let own = config.web.certificate.as_ref().zip(config.web.key.as_ref());
        let wanted = Wanted {
            file: self.data.join("tls"),
            names: names.to_vec(),
            own: own.map(|(chain, key)| (chain.as_path().to_owned(), key.as_path().to_owned())),
        };
        let (identity, trouble) =
            ServerIdentity::open(wanted, &vault, clock.now()).map_err(|error| other(&error))?;
        if let Some(trouble) = &trouble {
            tracing::warn!(%trouble, "the certificate that was named is not used");
        }
        Ok(Opened {
            store,
            history: Arc::new(history),
            vault: Arc::new(vault),
            signing,
            origin,
            secret,
            identity: Arc::new(identity),
            certificate_trouble: trouble.map(|trouble| trouble.to_string()),
        })
    }

    /// On a full disk the reserve is what a start has: without it nobody could look at why.
    fn make_room(&self) {
        let reserve = Reserve::of(&self.data);
        if reserve.free().is_some_and(|free| free < TO_START) {
            reserve.release();
        }
    }
}

/// The ledger's name. The key tells ledgers apart; a site may be called something else one day,
/// and its ledger goes on.
pub fn origin() -> Result<Origin, Failure> {
    "cordon/ledger"
        .parse()
        .map_err(|error: cordon_ledger::CheckpointError| Failure::Other(error.to_string()))
}
