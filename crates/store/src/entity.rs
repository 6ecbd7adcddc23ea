//! The tables as SeaORM sees them; nothing of this leaves the crate.

macro_rules! tables {
    ($($module:ident $name:tt {
        key $($key:ident: $key_type:ty),+; $($column:ident: $type:ty),* $(,)?
    })*) => {$(
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $name)]
            pub struct Model {
                $(#[sea_orm(primary_key, auto_increment = false)] pub $key: $key_type,)+
                $(pub $column: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

tables! {
    device "device" { key site: String, id: String; last: i64, body: String }
    finding "finding" {
        key site: String, id: String; device: Option<String>, state: String, last: i64, body: String
    }
    event "event" {
        key site: String, seq: i64; at: i64, device: String, kind: String, body: String
    }
    change "change" { key site: String, id: i64; at: i64, body: String }
    change_device "change_device" { key site: String, device: String, change: i64; }
    contract "contract" { key site: String, id: String; body: String }
    proposal "proposal" { key site: String, id: String; body: String }
    step "step" { key site: String, id: i64; at: i64, body: String }
    step_device "step_device" { key site: String, device: String, step: i64; }
    person "person" { key site: String, id: String; name: String, body: String }
    credential "credential" { key site: String, id: String; person: String, body: String }
    session "session" {
        key site: String, id: String;
        seq: i64, person: String, expires: i64, ended: Option<i64>, body: String
    }
    invite "invite" { key site: String, id: String; expires: i64, body: String }
    token "token" {
        key site: String, id: String; hash: String, person: String, expires: i64, body: String
    }
    approval "approval" {
        key site: String, id: String; seq: i64, expires: i64, decided: Option<i64>, body: String
    }
    setting "setting" { key site: String, name: String; value: String }
    counter "counter" { key site: String, name: String; value: i64 }
    ledger "ledger" {
        key site: String, seq: i64;
        actor: String, action: String, subject: String, record: Vec<u8>, leaf: Vec<u8>
    }
    checkpoint "checkpoint" { key site: String, size: i64; text: String }
}
