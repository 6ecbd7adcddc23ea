//! Settings: what is in force, and where does it come from?

use cordon_model::record::Action;
use cordon_service::view::SettingsView;
use maud::{Markup, html};

use super::health::retention;
use crate::ask::Ask;
use crate::frame::{self, Sheet, Tab};
use crate::parts::panel;
use crate::reply::{self, Shown};
use crate::text::{Clock, foreign, sentence, short, told};

/// `GET /settings`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let settings = ask.site.settings(&ask.caller)?;
    let today = ask.site.today(&ask.caller)?;
    let health = ask.site.health(&ask.caller)?;
    let may_import = ask.may(Action::RecordsImport);
    let body = html! {
        (panel("keys", "Keys", &keys(&settings)))
        (panel("retention", "What is kept, and how long", &retention(&health.retention, Clock::at(&today.now))))
    };
    let sheet = Sheet {
        tab: Tab::Settings,
        title: "Settings",
        lead: html! { "What is in force, and where does it come from?" },
        buttons: html! {
            @if may_import { a.button.main href="/import" { "Import records" } }
            a.button href="/api/docs" { "API" }
        },
        topics: "",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn keys(settings: &SettingsView) -> Markup {
    html! {
        p.soft { "Change them in " code.wrap { (foreign(&settings.file)) } " on the service’s machine, check with " code { "cordon config check" } ", then restart it. Secrets are not shown." }
        table.cards.settings {
            caption { "Every key, in the order of the reference" }
            thead { tr { th scope="col" { "Key" } th scope="col" { "In force" } th scope="col" { "Default" } th scope="col" { "From" } } }
            tbody { @for setting in &settings.settings { tr {
                th scope="row" { code { (short(&setting.key)) } span.sub { (told(&sentence(&setting.help))) } }
                td data-label="In force" { @if setting.value == setting.default { (value(&setting.value)) } @else { b { (value(&setting.value)) } } }
                td.soft data-label="Default" { (value(&setting.default)) }
                td data-label="From" { (short(&setting.origin)) }
            } } }
        }
    }
}

fn value(value: &str) -> Markup {
    html! { @if value.is_empty() { span.soft { "not set" } } @else { code.wrap { (foreign(value)) } } }
}
