//! The policies in force, and what they say.

use std::collections::BTreeMap;

use cedar_policy::{
    Authorizer, Decision as CedarDecision, Effect, Policy, PolicyId, PolicySet, Schema,
    ValidationMode, Validator,
};

use cordon_model::record::Action;

use crate::bounds;
use crate::entity::Names;
use crate::error::{PolicyError, PolicyFault, fault, place};
use crate::request::{Principal, Request};
use crate::usual::Menus;

const SCHEMA: &str = include_str!("../policies/cordon.cedarschema");
const SHIPPED: [(&str, &str); 3] = [
    ("roles.cedar", include_str!("../policies/roles.cedar")),
    ("limits.cedar", include_str!("../policies/limits.cedar")),
    ("needs.cedar", include_str!("../policies/needs.cedar")),
];

/// What the policies say about a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Whether it is permitted.
    pub allowed: bool,
    /// The policies that decided, by id. Empty where nothing permits it.
    pub because: Vec<Because>,
}

/// A policy that decided.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Because {
    /// Its `@id`; a site's own start with `site:`.
    pub id: String,
    /// Its `@title`: a sentence without a full stop.
    pub title: String,
}

/// What a permitted request takes besides.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Needs {
    /// Policies because of which a second person must approve; empty where none must.
    pub approval: Vec<Because>,
    /// Policies because of which the person must sign in again first; empty where not.
    pub fresh: Vec<Because>,
}

/// The policies in force: parsed and checked once, asked often.
#[derive(Debug)]
pub struct Policies {
    names: Names,
    schema: Schema,
    decide: PolicySet,
    approval: PolicySet,
    fresh: PolicySet,
    titles: BTreeMap<PolicyId, Because>,
    authorizer: Authorizer,
    menus: Menus,
    site: Option<String>,
}

impl Policies {
    /// Longest policy file of a site: some thousand rules, read in well under a second.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// The policies that come with cordon.
    ///
    /// # Errors
    ///
    /// None in a build whose tests pass.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::load(None)
    }

    /// The policies that come with cordon and a site's own. `file` is its name in messages.
    ///
    /// A site's policy may permit more, forbid more, or say `@needs("approval")`; the shipped
    /// `forbid` rules hold whatever it permits.
    ///
    /// # Errors
    ///
    /// Faults with file, line and column where the text is no Cedar or contradicts the schema.
    pub fn with_site(file: &str, text: &str) -> Result<Self, PolicyError> {
        if text.len() > Self::MAX_BYTES {
            return Err(PolicyError::TooLong {
                file: file.to_owned(),
                bytes: text.len(),
                most: Self::MAX_BYTES,
            });
        }
        Self::load(Some((file, text)))
    }

    fn load(site: Option<(&str, &str)>) -> Result<Self, PolicyError> {
        let schema = match Schema::from_cedarschema_str(SCHEMA) {
            Ok((schema, _)) => schema,
            Err(error) => {
                return Err(PolicyError::Faults(vec![fault("schema", SCHEMA, &error)]));
            }
        };
        let names = Names::new().ok_or_else(|| internal("a name is no Cedar name"))?;
        let mut policies = Policies {
            names,
            schema,
            decide: PolicySet::new(),
            approval: PolicySet::new(),
            fresh: PolicySet::new(),
            titles: BTreeMap::new(),
            authorizer: Authorizer::new(),
            menus: Menus::default(),
            site: site.map(|(_, text)| text.to_owned()),
        };
        for (file, text) in SHIPPED {
            policies.add(file, text, "")?;
        }
        if let Some((file, text)) = site {
            policies.add(file, text, "site:")?;
        }
        policies.menus = Menus::new(&policies);
        Ok(policies)
    }

    /// Whether a request is permitted.
    ///
    /// A request that contradicts the schema, or a policy that cannot be evaluated, is a refusal.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let (allowed, because) = self.ask(&self.decide, request).unwrap_or_default();
        Decision { allowed, because }
    }

    /// What a request takes besides being permitted. It says nothing about whether it is.
    #[must_use]
    pub fn needs(&self, request: &Request<'_>) -> Needs {
        let ask = |set: &PolicySet| match self.ask(set, request) {
            Some((true, because)) => because,
            Some((false, _)) => Vec::new(),
            // What cannot be judged is not waved through.
            None => vec![Because { id: "cordon".into(), title: "Cannot be judged".into() }],
        };
        Needs { approval: ask(&self.approval), fresh: ask(&self.fresh) }
    }

    /// What somebody may do at all, to something at least: for menus and buttons. A site's rules
    /// about particular devices or people are asked when the action is.
    #[must_use]
    pub fn may(&self, who: &Principal<'_>) -> Vec<Action> {
        self.menus.of(self, who)
    }

    /// The site's own policies as they were given; none where there are only the shipped ones.
    #[must_use]
    pub fn site_text(&self) -> Option<&str> {
        self.site.as_deref()
    }

    /// Every policy in force, by id.
    pub fn all(&self) -> impl Iterator<Item = &Because> {
        self.titles.values()
    }

    /// What a policy does: `permit`, `forbid`, or `needs` where it only asks for more.
    pub(crate) fn kind(&self, policy: &Because) -> &'static str {
        match self.decide.policy(&PolicyId::new(&policy.id)).map(Policy::effect) {
            Some(Effect::Permit) => "permit",
            Some(Effect::Forbid) => "forbid",
            None => "needs",
        }
    }

    fn ask(&self, set: &PolicySet, request: &Request<'_>) -> Option<(bool, Vec<Because>)> {
        let (request, entities) = self.names.translate(request, &self.schema)?;
        let response = self.authorizer.is_authorized(&request, set, &entities);
        // Cedar skips a policy that fails; a skipped forbid would permit.
        if response.diagnostics().errors().next().is_some() {
            return None;
        }
        let mut because: Vec<Because> =
            response.diagnostics().reason().filter_map(|id| self.titles.get(id)).cloned().collect();
        because.sort();
        Some((response.decision() == CedarDecision::Allow, because))
    }

    fn add(&mut self, file: &str, text: &str, prefix: &str) -> Result<(), PolicyError> {
        bounds::check(file, text).map_err(|fault| PolicyError::Faults(vec![fault]))?;
        let parsed: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
            PolicyError::Faults(errors.iter().map(|error| fault(file, text, error)).collect())
        })?;
        self.validate(file, text, &parsed)?;
        for policy in parsed.policies() {
            self.add_policy(file, text, prefix, policy)?;
        }
        Ok(())
    }

    fn validate(&self, file: &str, text: &str, set: &PolicySet) -> Result<(), PolicyError> {
        let result = Validator::new(self.schema.clone()).validate(set, ValidationMode::Strict);
        let faults: Vec<PolicyFault> =
            result.validation_errors().map(|error| fault(file, text, error)).collect();
        if faults.is_empty() { Ok(()) } else { Err(PolicyError::Faults(faults)) }
    }

    fn add_policy(
        &mut self,
        file: &str,
        text: &str,
        prefix: &str,
        policy: &Policy,
    ) -> Result<(), PolicyError> {
        let wrong = |message: String| {
            let offset = policy.to_cedar().and_then(|source| text.find(&source));
            let (line, column) = offset.map_or((None, None), |offset| place(text, offset));
            PolicyError::Faults(vec![PolicyFault { file: file.to_owned(), line, column, message }])
        };
        let name = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
        let id = format!("{prefix}{name}");
        let title = policy.annotation("title").unwrap_or(&name).to_owned();
        let set = match policy.annotation("needs") {
            None => &mut self.decide,
            Some("approval") => &mut self.approval,
            Some("fresh") => &mut self.fresh,
            Some(other) => {
                return Err(wrong(format!(
                    "unknown @needs({other:?}); it is \"approval\" or \"fresh\""
                )));
            }
        };
        let policy_id = PolicyId::new(&id);
        if self.titles.contains_key(&policy_id) {
            return Err(wrong(format!("a second policy with @id({name:?}); give it another")));
        }
        set.add(policy.new_id(policy_id.clone())).map_err(|error| wrong(error.to_string()))?;
        self.titles.insert(policy_id, Because { id, title });
        Ok(())
    }
}

fn internal(message: &str) -> PolicyError {
    PolicyError::Faults(vec![PolicyFault {
        file: "cordon".to_owned(),
        line: None,
        column: None,
        message: message.to_owned(),
    }])
}
