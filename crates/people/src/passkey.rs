//! Passkeys and hardware keys (WebAuthn Level 3).
//!
//! A passkey is bound to a host name, its relying-party id. Each name under which the service is
//! reached is one of its own; an IP address cannot be one, which [`Passkeys::hindrance`] says in
//! a sentence. Sign-in asks for no name: keys are discoverable, and verify their person themselves
//! (PIN, finger, face), so that one of them is two factors.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cordon_model::record::PersonId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::error::{Refusal, SignInError};
use crate::name::Name;

/// Most passkeys of one person: some in pockets, some in a safe.
pub const MAX_PER_PERSON: usize = 16;

/// Most origins: names and ports under which one service is reached.
const MAX_ORIGINS: usize = 32;

/// The host names under which passkeys work, and what is checked for each.
#[derive(Debug)]
pub struct Passkeys {
    sites: BTreeMap<String, Webauthn>,
}

/// Why passkeys cannot be offered at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasskeysError {
    /// An origin is no address of a web page.
    #[error("{0:?} is no origin; write it like https://cordon.example:8443")]
    Origin(String),
    /// An origin is not encrypted and not on this machine.
    #[error("{0:?} is not encrypted; passkeys need https://, or http://localhost")]
    Plain(String),
    /// There are too many.
    #[error("at most 32 origins can be configured")]
    TooMany,
}

/// Why passkeys do not work at the address that a browser used: a sentence for whoever sits there.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Hindrance {
    /// It is an IP address.
    #[error(
        "passkeys need a host name, and this page was opened by IP address; open {instead} instead"
    )]
    Address {
        /// Where they work.
        instead: String,
    },
    /// It is a name that the service does not know as its own.
    #[error("passkeys work only at {instead}; open that, or have this name added to the settings")]
    OtherName {
        /// Where they work.
        instead: String,
    },
    /// The service has no name.
    #[error("passkeys need a host name; set one in the configuration, or use a password and code")]
    NoName,
    /// The person has as many as they may.
    #[error("there are 16 passkeys already; remove one first")]
    TooMany,
    /// The library could not begin.
    #[error("the passkey could not be asked for; try again")]
    Failed,
}

/// A registration that was begun.
pub struct RegistrationState {
    /// Whose the passkey will be.
    pub person: PersonId,
    /// What they are called.
    pub name: Name,
    /// The hash of the link that it was begun with; none where somebody signed in adds a passkey.
    pub invite: Option<[u8; 32]>,
    site: String,
    state: PasskeyRegistration,
}

/// A sign-in that was begun.
pub struct SignInState {
    site: String,
    state: DiscoverableAuthentication,
}

/// What a browser answered to a registration.
#[derive(Debug)]
pub struct Attestation(RegisterPublicKeyCredential);

/// What a browser answered to a sign-in.
#[derive(Debug)]
pub struct Assertion(PublicKeyCredential);

/// A passkey as it is kept: the public key, the counter, and for which name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredPasskey {
    site: String,
    key: Passkey,
    /// A copy may exist; it signs nobody in any more.
    #[serde(default)]
    suspended: bool,
}

impl Passkeys {
    /// For these origins, such as `https://cordon.example:8443`. Those with an IP address are
    /// passed over: no browser offers passkeys there.
    ///
    /// # Errors
    ///
    /// An origin that is none or is not encrypted.
    pub fn new(site: &str, origins: &[String]) -> Result<Self, PasskeysError> {
        if origins.len() > MAX_ORIGINS {
            return Err(PasskeysError::TooMany);
        }
        let mut hosts: BTreeMap<String, Vec<Url>> = BTreeMap::new();
        for origin in origins {
            let url = origin_of(origin)?;
            if let Some(host) = url.domain().map(str::to_owned) {
                hosts.entry(host).or_default().push(url);
            }
        }
        let mut sites = BTreeMap::new();
        for (host, urls) in hosts {
            let built = webauthn(site, &host, &urls);
            sites.insert(host.clone(), built.map_err(|_| PasskeysError::Origin(host))?);
        }
        Ok(Passkeys { sites })
    }

    /// Why passkeys do not work at the origin that a browser is at; none where they do.
    #[must_use]
    pub fn hindrance(&self, origin: &str) -> Option<Hindrance> {
        self.site(origin).err()
    }

    /// Begins a registration: options for `navigator.credentials.create`, and what to remember.
    /// `existing` are the person's passkeys; an authenticator that holds one refuses another.
    ///
    /// # Errors
    ///
    /// Why passkeys do not work here.
    pub fn begin_registration(
        &self,
        origin: &str,
        person: &PersonId,
        name: &Name,
        existing: &[StoredPasskey],
    ) -> Result<(Value, RegistrationState), Hindrance> {
        let (host, site) = self.site(origin)?;
        if existing.len() >= MAX_PER_PERSON {
            return Err(Hindrance::TooMany);
        }
        let here = existing.iter().filter(|stored| stored.site == *host);
        let exclude = here.map(|stored| stored.key.cred_id().clone()).collect();
        let user = handle(person).ok_or(Hindrance::Failed)?;
        let (options, state) = site
            .start_passkey_registration(user, name.as_str(), name.as_str(), Some(exclude))
            .map_err(|_| Hindrance::Failed)?;
        let mut options = serde_json::to_value(options).map_err(|_| Hindrance::Failed)?;
        // Sign-in asks for no name, so the key must be able to say whose it is. Every
        // authenticator that can verify its person can also keep this.
        if let Some(Value::Object(selection)) =
            options.pointer_mut("/publicKey/authenticatorSelection")
        {
            selection.insert("residentKey".to_owned(), "required".into());
            selection.insert("requireResidentKey".to_owned(), true.into());
        }
        let (person, name, site) = (person.clone(), name.clone(), host.clone());
        Ok((options, RegistrationState { person, name, invite: None, site, state }))
    }

    /// Ends a registration. The caller refuses a passkey whose [`StoredPasskey::id`] it has.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer.
    pub fn finish_registration(
        &self,
        state: &RegistrationState,
        answer: &Attestation,
    ) -> Result<StoredPasskey, SignInError> {
        let site = self.sites.get(&state.site).ok_or(Refusal::WrongSite)?;
        let key =
            site.finish_passkey_registration(&answer.0, &state.state).map_err(|e| refusal(&e))?;
        Ok(StoredPasskey { site: state.site.clone(), key, suspended: false })
    }

    /// Begins a sign-in: options for `navigator.credentials.get`, and what to remember.
    ///
    /// # Errors
    ///
    /// Why passkeys do not work here.
    pub fn begin_sign_in(&self, origin: &str) -> Result<(Value, SignInState), Hindrance> {
        let (host, site) = self.site(origin)?;
        let (mut options, state) =
            site.start_discoverable_authentication().map_err(|_| Hindrance::Failed)?;
        // A button asks for the key; suggestions in a text field are the page's own choice.
        options.mediation = None;
        let options = serde_json::to_value(options).map_err(|_| Hindrance::Failed)?;
        Ok((options, SignInState { site: host.clone(), state }))
    }

    /// Ends a sign-in with the passkey that [`Assertion::passkey`] names, which must belong to
    /// `owner`. Its counter moves on: save it in the transaction that begins the session, and
    /// only if it is still what was read. Save it also where the error is
    /// [`Refusal::ClonedPasskey`]: it is suspended from then on.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer.
    pub fn finish_sign_in(
        &self,
        state: SignInState,
        answer: &Assertion,
        owner: &PersonId,
        stored: &mut StoredPasskey,
    ) -> Result<(), SignInError> {
        if answer.person().as_ref() != Some(owner) {
            return Err(Refusal::UnknownPerson.into());
        }
        if stored.suspended {
            return Err(Refusal::SuspendedPasskey.into());
        }
        if stored.site != state.site {
            return Err(Refusal::WrongSite.into());
        }
        if answer.framed() {
            return Err(Refusal::WrongOrigin.into());
        }
        let site = self.sites.get(&state.site).ok_or(Refusal::WrongSite)?;
        let key = DiscoverableKey::from(&stored.key);
        match site.finish_discoverable_authentication_v2(&answer.0, state.state, &key) {
            Ok(result) => {
                stored.key.update_credential(&result);
                Ok(())
            }
            Err(error) => {
                let reason = refusal(&error);
                // Only after a good signature: nobody without the key can suspend it.
                stored.suspended = reason == Refusal::ClonedPasskey;
                Err(reason.into())
            }
        }
    }

    fn site(&self, origin: &str) -> Result<(&String, &Webauthn), Hindrance> {
        let instead = || {
            let mut origins = self.sites.values().flat_map(Webauthn::get_allowed_origins);
            origins.next().map(|origin| origin.origin().ascii_serialization())
        };
        let Ok(url) = origin_of(origin) else {
            let instead = instead().ok_or(Hindrance::NoName)?;
            return Err(Hindrance::OtherName { instead });
        };
        let found = url.domain().and_then(|host| self.sites.get_key_value(host));
        let Some((host, site)) = found else {
            let instead = instead().ok_or(Hindrance::NoName)?;
            return Err(match url.domain() {
                None => Hindrance::Address { instead },
                Some(_) => Hindrance::OtherName { instead },
            });
        };
        let origins = site.get_allowed_origins();
        if origins.iter().any(|known| known.origin() == url.origin()) {
            return Ok((host, site));
        }
        let instead = origins.first().map(|known| known.origin().ascii_serialization());
        Err(Hindrance::OtherName { instead: instead.unwrap_or_default() })
    }
}

impl Attestation {
    /// Reads a browser's answer.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(answer: Value) -> Result<Self, SignInError> {
        serde_json::from_value(answer).map(Attestation).map_err(|_| Refusal::Malformed.into())
    }
}

impl Assertion {
    /// Reads a browser's answer.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(answer: Value) -> Result<Self, SignInError> {
        serde_json::from_value(answer).map(Assertion).map_err(|_| Refusal::Malformed.into())
    }

    /// Which passkey claims to answer: the id to look up.
    #[must_use]
    pub fn passkey(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.get_credential_id())
    }

    /// Whether the page that asked is in a frame of another site, which the library checks only
    /// at registration. What cannot be read is left to the library, which refuses it.
    fn framed(&self) -> bool {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Client {
            #[serde(default)]
            cross_origin: bool,
            #[serde(default)]
            top_origin: Option<String>,
        }
        serde_json::from_slice::<Client>(&self.0.response.client_data_json)
            .is_ok_and(|client| client.cross_origin || client.top_origin.is_some())
    }

    /// Whose it claims to be.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        let handle = Uuid::from_slice(self.0.get_user_unique_id()?).ok()?;
        Some(PersonId(handle.simple().to_string().into()))
    }
}

impl StoredPasskey {
    /// Its id in base64url; no two are the same.
    #[must_use]
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.cred_id())
    }

    /// The host name at which it works.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// Whether it signs nobody in because there may be a copy of it.
    #[must_use]
    pub const fn suspended(&self) -> bool {
        self.suspended
    }

    /// As it is sealed and kept.
    ///
    /// # Errors
    ///
    /// None that can be provoked; JSON of plain fields.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SignInError> {
        serde_json::to_vec(self).map_err(|_| Refusal::Internal.into())
    }

    /// As it was kept.
    ///
    /// # Errors
    ///
    /// It is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignInError> {
        serde_json::from_slice(bytes).map_err(|_| Refusal::Internal.into())
    }
}

impl fmt::Debug for RegistrationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistrationState({} at {})", self.person, self.site)
    }
}

impl fmt::Debug for SignInState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignInState(at {})", self.site)
    }
}

fn webauthn(name: &str, host: &str, origins: &[Url]) -> Result<Webauthn, WebauthnError> {
    let first = origins.first().ok_or(WebauthnError::Configuration)?;
    let builder = WebauthnBuilder::new(host, first)?;
    let rest = origins.iter().skip(1);
    rest.fold(builder, WebauthnBuilder::append_allowed_origin)
        .rp_name(name)
        .timeout(crate::Ceremonies::LASTS)
        .build()
}

/// Scheme, host and port and nothing else, encrypted or on this machine.
fn origin_of(text: &str) -> Result<Url, PasskeysError> {
    // The longest host name has 253 letters.
    let no_origin = || PasskeysError::Origin(text.chars().take(300).collect());
    if text.len() > 300 {
        return Err(no_origin());
    }
    let url = Url::parse(text).map_err(|_| no_origin())?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    match (url.scheme(), url.host_str()) {
        (_, None) => Err(no_origin()),
        _ if !bare => Err(no_origin()),
        ("https", _) => Ok(url),
        ("http", Some("localhost")) => Ok(url),
        ("http", Some(_)) => Err(PasskeysError::Plain(text.to_owned())),
        _ => Err(no_origin()),
    }
}

/// The user handle that the authenticator keeps: the person's id, which says nothing about them.
fn handle(person: &PersonId) -> Option<Uuid> {
    Uuid::try_parse(&person.0).ok()
}

fn refusal(error: &WebauthnError) -> Refusal {
    match error {
        WebauthnError::MismatchedChallenge | WebauthnError::ChallengeNotFound => {
            Refusal::WrongChallenge
        }
        WebauthnError::InvalidRPOrigin | WebauthnError::CredentialCrossOrigin => {
            Refusal::WrongOrigin
        }
        WebauthnError::InvalidRPIDHash => Refusal::WrongSite,
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => Refusal::NotVerified,
        WebauthnError::CredentialPossibleCompromise => Refusal::ClonedPasskey,
        WebauthnError::AuthenticationFailure => Refusal::WrongSignature,
        WebauthnError::CredentialNotFound => Refusal::UnknownPerson,
        _ => Refusal::Malformed,
    }
}
