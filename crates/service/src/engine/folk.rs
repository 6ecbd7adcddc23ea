//! People and what they hold, in memory.

use std::collections::{BTreeMap, HashMap};

use cordon_model::record::{
    Approval, Credential, CredentialKind, DataClass, Invite, Person, PersonId, Role, Session, Token,
};
use cordon_model::{Text, Timestamp};
use cordon_people::Name;

/// Everybody.
#[derive(Clone, Default)]
pub(super) struct Folk {
    pub people: BTreeMap<PersonId, Person>,
    pub credentials: BTreeMap<Text, Credential>,
    pub sessions: HashMap<[u8; 32], Session>,
    pub invites: HashMap<[u8; 32], Invite>,
    pub tokens: HashMap<[u8; 32], Token>,
    /// Requests: open ones, and the decided ones of this run.
    pub approvals: BTreeMap<Text, Approval>,
}

impl Folk {
    pub fn new(
        people: Vec<Person>,
        credentials: Vec<Credential>,
        sessions: Vec<Session>,
        invites: Vec<Invite>,
        tokens: Vec<Token>,
        approvals: Vec<Approval>,
    ) -> Self {
        Folk {
            people: people.into_iter().map(|person| (person.id.clone(), person)).collect(),
            credentials: credentials.into_iter().map(|one| (one.id.clone(), one)).collect(),
            sessions: sessions.into_iter().map(|session| (session.hash, session)).collect(),
            invites: invites.into_iter().map(|invite| (invite.hash, invite)).collect(),
            tokens: tokens.into_iter().map(|token| (token.hash, token)).collect(),
            approvals: approvals.into_iter().map(|one| (one.id.clone(), one)).collect(),
        }
    }

    /// Whether an admin can sign in.
    pub fn has_admin(&self) -> bool {
        self.people.values().any(|person| {
            person.role == Role::Admin && !person.disabled && self.can_sign_in(&person.id)
        })
    }

    /// Whether somebody has a passkey, or a password with its codes.
    pub fn can_sign_in(&self, person: &PersonId) -> bool {
        let has = |kind| self.of(person).any(|credential| credential.kind == kind);
        has(CredentialKind::Passkey) || has(CredentialKind::Password) && has(CredentialKind::Totp)
    }

    /// What somebody signs in with.
    pub fn of<'a>(&'a self, person: &'a PersonId) -> impl Iterator<Item = &'a Credential> {
        self.credentials.values().filter(move |credential| credential.person == *person)
    }

    /// The one credential of a kind.
    pub fn one<'a>(&'a self, person: &'a PersonId, kind: CredentialKind) -> Option<&'a Credential> {
        self.of(person).find(|credential| credential.kind == kind)
    }

    /// Somebody by the name they type.
    pub fn named(&self, name: &str) -> Option<&Person> {
        let key = Name::key_of(name);
        self.people.values().find(|person| Name::key_of(&person.name) == key)
    }

    /// Whether somebody else than this person could decide about a request.
    pub fn second_person(&self, than: &PersonId) -> bool {
        self.people.values().any(|person| {
            person.id != *than
                && !person.disabled
                && matches!(person.role, Role::Admin | Role::Approver)
                && self.can_sign_in(&person.id)
        })
    }

    /// Whether somebody is the only admin who can sign in.
    pub fn is_last_admin(&self, id: &PersonId) -> bool {
        let admin = |person: &&Person| {
            person.role == Role::Admin && !person.disabled && self.can_sign_in(&person.id)
        };
        let mut admins = self.people.values().filter(admin);
        admins.next().is_some_and(|first| first.id == *id) && admins.next().is_none()
    }

    /// Lets go of what the store removes by itself: what was over before the limit of its class.
    pub fn let_go(&mut self, limit: &impl Fn(DataClass) -> Timestamp) {
        let sessions = limit(DataClass::Sessions);
        self.sessions.retain(|_, one| one.expires >= sessions);
        let invites = limit(DataClass::Invites);
        self.invites.retain(|_, one| one.expires >= invites);
        let tokens = limit(DataClass::Tokens);
        self.tokens.retain(|_, one| one.expires >= tokens);
        let approvals = limit(DataClass::Approvals);
        self.approvals.retain(|_, one| {
            one.decided.as_ref().map_or(one.expires, |(_, _, at)| *at) >= approvals
        });
    }

    /// What to call an actor of the ledger.
    pub fn label(&self, actor: &str) -> String {
        let person =
            |id: &str| self.people.get(&PersonId(id.into())).map(|one| one.name.to_string());
        match actor.split_once(':') {
            Some(("person", id)) => person(id).unwrap_or_else(|| "somebody removed".to_owned()),
            Some(("token", id)) => {
                let token = self.tokens.values().find(|token| token.id == id);
                let told = token.map(|token| format!("token {:?}", token.label));
                told.unwrap_or_else(|| "a removed token".to_owned())
            }
            Some(("local", "0")) => "root on this machine".to_owned(),
            Some(("local", uid)) => format!("user {uid} on this machine"),
            Some(("import", source)) => format!("import from {source}"),
            _ if actor == "system" => "the service".to_owned(),
            _ => actor.to_owned(),
        }
    }
}
