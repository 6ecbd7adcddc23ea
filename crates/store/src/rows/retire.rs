//! Removes what is past its time.

use std::time::Duration;

use cordon_model::Timestamp;
use cordon_model::record::{DataClass, FindingState};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::word;
use crate::entity::{approval, change, event, finding, invite, session, step, token};
use crate::{Retired, StoreError};

/// Removes rows of the classes that lie in the database; others are left alone.
pub(crate) async fn retire<C: ConnectionTrait>(
    db: &C,
    site: &str,
    now: Timestamp,
    keep: &[(DataClass, Duration)],
) -> Result<Retired, StoreError> {
    let mut retired = Retired::default();
    for (class, time) in keep {
        let time = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let limit = now.nanos().saturating_sub(time);
        if let Some(rows) = remove(db, site, *class, limit).await? {
            retired.removed.push((*class, rows));
        }
    }
    Ok(retired)
}

/// Removes what of one class ended before `limit`.
async fn remove<C: ConnectionTrait>(
    db: &C,
    site: &str,
    class: DataClass,
    limit: i64,
) -> Result<Option<u64>, StoreError> {
    Ok(Some(match class {
        DataClass::DeviceHistory => {
            let old =
                Condition::all().add(event::Column::Site.eq(site)).add(event::Column::At.lt(limit));
            let events = event::Entity::delete_many().filter(old).exec(db).await?.rows_affected;
            let old = Condition::all()
                .add(change::Column::Site.eq(site))
                .add(change::Column::At.lt(limit));
            let changes = change::Entity::delete_many().filter(old).exec(db).await?.rows_affected;
            let old =
                Condition::all().add(step::Column::Site.eq(site)).add(step::Column::At.lt(limit));
            events + changes + step::Entity::delete_many().filter(old).exec(db).await?.rows_affected
        }
        DataClass::Sessions => {
            use session::Column;
            let over = Condition::any()
                .add(Column::Ended.lt(limit))
                .add(Condition::all().add(Column::Ended.is_null()).add(Column::Expires.lt(limit)));
            let old = Condition::all().add(Column::Site.eq(site)).add(over);
            session::Entity::delete_many().filter(old).exec(db).await?.rows_affected
        }
        DataClass::Invites => {
            use invite::Column;
            let old = Condition::all().add(Column::Site.eq(site)).add(Column::Expires.lt(limit));
            invite::Entity::delete_many().filter(old).exec(db).await?.rows_affected
        }
        DataClass::Tokens => {
            use token::Column;
            let old = Condition::all().add(Column::Site.eq(site)).add(Column::Expires.lt(limit));
            token::Entity::delete_many().filter(old).exec(db).await?.rows_affected
        }
        DataClass::Approvals => {
            use approval::Column;
            let over = Condition::any().add(Column::Decided.lt(limit)).add(
                Condition::all().add(Column::Decided.is_null()).add(Column::Expires.lt(limit)),
            );
            let old = Condition::all().add(Column::Site.eq(site)).add(over);
            approval::Entity::delete_many().filter(old).exec(db).await?.rows_affected
        }
        DataClass::ClosedFindings => {
            use finding::Column;
            let old = Condition::all()
                .add(Column::Site.eq(site))
                .add(Column::State.eq(word(&FindingState::Closed)?))
                .add(Column::Last.lt(limit));
            finding::Entity::delete_many().filter(old).exec(db).await?.rows_affected
        }
        // Flows and facts are in the history, the ledger stays, secrets were never here.
        _ => return Ok(None),
    }))
}
