//! MUD files in and out (RFC 8520).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::mud::{export, import};
use cordon_contract::{Entry, VerbRule};
use cordon_crypto::cms;
use cordon_model::MudUrl;
use cordon_model::record::{Action, Criticality};
use cordon_mud::same_url;

use super::approved::ContractRequest;
use super::learn::empty;
use super::{reason, site::site};
use crate::engine::Engine;
use crate::engine::devices::{find, mud_now};
use crate::view::{Changed, MudRequest, MudView};
use crate::{Answer, Caller, Problem};

/// Warnings that are shown; a file that gets more is no MUD file.
const MAX_WARNINGS: usize = 50;

impl Engine {
    pub(in crate::engine) async fn take_mud(
        &self,
        caller: &Caller,
        device: &str,
        request: &MudRequest,
    ) -> Answer<Changed> {
        let (id, label, criticality, named) = {
            let world = self.world.load();
            let record = find(&world, device)?;
            let named: Vec<MudUrl> = mud_now(record).cloned().collect();
            (record.id.clone(), record.label(), record.criticality(), named)
        };
        let blocks = false;
        self.may_contracts(caller, Action::ContractAdopt, std::slice::from_ref(&id), blocks)?;
        let parsed = cordon_mud::parse(request.file.as_bytes())
            .map_err(|error| Problem::invalid(error.to_string()))?;
        let signed = self.signer_of(request)?;
        let now = self.clock.now();
        let (contract, warnings) = import(&parsed.file, signed.as_deref(), id.clone(), &label, now);
        if contract.entries.is_empty() {
            return Err(Problem::invalid(
                "the file allows nothing that could be understood; see its warnings with \
                 `cordon contract import-mud --rehearse`",
            ));
        }
        let profiled = contract.entries.iter().filter(|entry| has_profile(entry)).count();
        let what = ContractRequest::Adopt {
            device: id,
            proposed: false,
            admit: Vec::new(),
            add: contract.entries,
            remove: Vec::new(),
            mud_url: Some(parsed.file.url.clone()),
            why: reason(&request.reason)?,
        };
        let mut changed = match request.rehearse {
            true => self.rehearse_change(caller, &what).await?,
            false => self.do_or_ask(caller, what).await?,
        };
        let says = unlike(&parsed.file.url, &named)
            .into_iter()
            .chain(parsed.warnings.iter().map(ToString::to_string))
            .chain(warnings.iter().map(ToString::to_string));
        changed.says.extend(says.take(MAX_WARNINGS).map(|says| format!("note: {says}")));
        if profiled > 0 {
            let entries = match profiled {
                1 => "one of its entries says".to_owned(),
                several => format!("{several} of its entries say"),
            };
            changed.says.push(format!(
                "note: {entries} how the device opens TLS (RFC 9761); what it offers is held \
                 against that, and what differs is on its timeline"
            ));
        }
        if criticality != Criticality::Normal {
            changed.says.push("note: it is never blocked automatically".to_owned());
        }
        Ok(changed)
    }

    /// Who signed a file, where a signature came with it; an unsound one is no reason to ask less.
    fn signer_of(&self, request: &MudRequest) -> Answer<Option<String>> {
        let Some(signature) = request.signature.as_ref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| Problem::invalid("the signature is not base64; send the file's bytes"))?;
        let authorities = request.authorities.as_deref().unwrap_or_default();
        let trusted = cms::certificates(authorities.as_bytes());
        let signer = cms::verify(&signature, request.file.as_bytes(), &trusted, self.clock.now())
            .map_err(|error| {
            Problem::invalid(format!("the signature is not believed: {error}"))
        })?;
        Ok(Some(signer.name))
    }

    pub(in crate::engine) fn give_mud(&self, caller: &Caller, device: &str) -> Answer<MudView> {
        self.may_view(caller)?;
        let (world, book) = (self.world.load(), self.book());
        let record = find(&world, device)?;
        let standing = book.standing(&record.id);
        let contract = standing
            .and_then(|standing| standing.contract())
            .or_else(|| book.proposal(&record.id).map(|proposal| &proposal.contract));
        let nothing = empty(record, self.clock.now());
        let contract = contract.unwrap_or(&nothing);
        let url = contract
            .expected
            .mud_url
            .as_deref()
            .map_or_else(|| format!("https://cordon.invalid/{}.json", record.id), str::to_owned);
        let exported = export(contract, &url, &site(&world.register, &self.options.enforce));
        let text = cordon_mud::write(&exported.file);
        let file = serde_json::from_str(&text)
            .map_err(|error| Problem::new(crate::ProblemKind::Broken, error.to_string()))?;
        Ok(MudView {
            file,
            unsaid: exported
                .unsaid
                .iter()
                .map(|unsaid| format!("{}: {}", unsaid.entry, unsaid.what))
                .collect(),
        })
    }
}

/// Whether an entry says how the device opens TLS.
fn has_profile(entry: &Entry) -> bool {
    entry.verbs.iter().any(|verb| matches!(verb, VerbRule::Tls(_)))
}

/// What a person should know where a device says that another file describes it, or that the file
/// comes from where anybody could have written it.
fn unlike(url: &str, named: &[MudUrl]) -> Vec<String> {
    let others: Vec<&MudUrl> = named.iter().filter(|one| !same_url(&one.url, url)).collect();
    let mut says: Vec<String> = others
        .iter()
        .map(|other| {
            format!(
                "the device itself names another MUD file in {}: {}; this file says that it is {url}; \
                 make sure that it describes this device",
                other.source.title(),
                other.url
            )
        })
        .collect();
    says.extend(cordon_mud::url_faults(url).iter().map(|fault| format!("mud-url {url}: {fault}")));
    says
}
