//! API tokens.

use std::time::Duration;

use cordon_authz::Context;
use cordon_model::record::{Action, Scope, Token};
use cordon_people::token;
use cordon_store::Write;

use super::Engine;
use super::allow::person;
use super::show::time;
use crate::view::{NewToken, TokenMade, TokenView};
use crate::{Answer, Caller, Problem};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Tokens that one person may have: more are not looked after.
const MOST: usize = 64;

impl Engine {
    pub(super) async fn make_token(&self, caller: &Caller, new: &NewToken) -> Answer<TokenMade> {
        let Some(owner) = person(caller) else {
            let detail = "a token belongs to a person: sign in to make one";
            return Err(self.deny(caller, Action::TokenCreate, "", detail));
        };
        let owner = self.person(&owner.0)?;
        self.may_person(caller, Action::TokenCreate, &owner, Context::default())?;
        let scope = match new.scope.as_str() {
            "read" => Scope::Read,
            "write" => Scope::Write,
            "metrics" => Scope::Metrics,
            _ => return Err(Problem::invalid("a token's scope is read, write or metrics")),
        };
        if self.folk().tokens.values().filter(|one| one.person == owner.id).count() >= MOST {
            return Err(Problem::invalid("there are 64 tokens already; revoke one first"));
        }
        let lasts = DAY.saturating_mul(new.days);
        let (secret, row) = token::make(&owner.id, &new.label, scope, lasts, self.clock.now())
            .map_err(|error| Problem::invalid(error.to_string()))?;
        let expires = time(row.expires);
        let detail =
            [("label", row.label.as_str()), ("scope", new.scope.as_str()), ("expires", &expires)];
        let entry = self.entry(&caller.actor(), Action::TokenCreate, &row.id, &detail);
        let shown = token_view(&row);
        self.write_folk(vec![Write::PutToken(row.clone())], vec![entry], |folk| {
            folk.tokens.insert(row.hash, row);
        })
        .await?;
        Ok(TokenMade { token: shown, secret })
    }

    pub(super) async fn end_token(&self, caller: &Caller, id: &str) -> Answer<()> {
        let known = self.folk().tokens.values().find(|one| one.id == id).cloned();
        let row = known.ok_or_else(|| Problem::not_found("such token"))?;
        let owner = self.person(&row.person.0)?;
        self.may_person(caller, Action::TokenRevoke, &owner, Context::default())?;
        let entry = self.entry(&caller.actor(), Action::TokenRevoke, id, &[("label", &row.label)]);
        self.write_folk(vec![Write::DropToken(row.id.clone())], vec![entry], |folk| {
            folk.tokens.remove(&row.hash);
        })
        .await
    }
}

/// A token without its secret.
pub(super) fn token_view(token: &Token) -> TokenView {
    TokenView {
        id: token.id.to_string(),
        label: token.label.to_string(),
        scope: match token.scope {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Metrics => "metrics",
        }
        .to_owned(),
        created: time(token.created),
        expires: time(token.expires),
        used: token.used.map(time),
    }
}
