//! What people may change about a device.

use cordon_model::DeviceType;
use cordon_model::record::Action;
use cordon_service::view::{DeviceEdit, DeviceView};
use maud::{Markup, html};

use crate::ask::Ask;
use crate::fields::Fields;
use crate::frame::csrf;
use crate::parts::{self, device_path, panel};
use crate::text::{foreign, sentence, short};

/// Name, title and hint of the fields that are one line of text.
const LINES: [(&str, &str, &str); 8] = [
    ("name", "Name", "what people call it"),
    ("owner", "Owner", "who answers for it"),
    ("location", "Location", "where it stands"),
    ("zone", "Zone", "a name of yours, else its subnet"),
    ("vendor", "Vendor", "as seen"),
    ("model", "Model", "as seen"),
    ("firmware", "Firmware", "as seen"),
    ("os", "Operating system", "as seen"),
];

/// Labels per device; more are not readable in a list.
const TAGS_MOST: usize = 32;

/// Every form that the caller may use.
pub(super) fn all(ask: &Ask, view: &DeviceView) -> Markup {
    html! {
        @if ask.may(Action::DeviceEdit) { (panel("edit", "Edit", &edit(ask, view))) }
        @if ask.may(Action::DeviceMerge) || ask.may(Action::DeviceSplit) || ask.may(Action::DeviceForget) {
            (panel("more", "Join, split, forget", &more(ask, view)))
        }
    }
}

fn edit(ask: &Ask, view: &DeviceView) -> Markup {
    // only what a person set is filled in: sending it back must not turn a guess into a word
    let set = |name: &str| {
        let field = view.fields.iter().find(|field| field.field == name && field.set_by.is_some());
        field.and_then(|field| field.value.clone()).unwrap_or_default()
    };
    let seen = |name: &str| {
        let field = view.fields.iter().find(|field| field.field == name)?;
        if field.set_by.is_some() { field.seen.clone() } else { field.value.clone() }
    };
    let kinds: Vec<(String, String)> = DeviceType::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), sentence(kind.title())))
        .collect();
    let criticality = [
        ("normal", "normal"),
        ("process", "process: production stops without it"),
        ("life-safety", "life safety: people come to harm without it"),
    ];
    let criticality: Vec<(String, String)> = criticality
        .iter()
        .map(|(value, title)| ((*value).to_owned(), (*title).to_owned()))
        .collect();
    let kind = view.row.kind.as_deref().filter(|_| !set("kind").is_empty()).unwrap_or_default();
    html! {
        p.soft { "What you fill in outweighs what was seen, is marked with your name and survives every new look. Empty fields keep what is seen." }
        form.stack method="post" action=(device_path(&view.row.id)) {
            (csrf(ask))
            div.fields {
                @for (name, title, hint) in &LINES {
                    (line(name, title, &set(name), &seen(name).map_or_else(|| (*hint).to_owned(), |seen| format!("seen: {}", crate::text::clip(&seen, 60)))))
                }
                (parts::select("kind", "Kind", "as seen", kind, &kinds))
                (parts::select("criticality", "Criticality", "", &view.row.criticality, &criticality))
                (line("tags", "Tags, separated by commas", &view.row.tags.join(", "), "ward-3, lab"))
            }
            label.field { span { "Notes" } textarea name="notes" rows="3" maxlength="4000" { (set("notes")) } }
            p { button.main { "Save" } }
        }
    }
}

/// A value as long as a device may have it is sent back as it was.
fn line(name: &str, label: &str, value: &str, hint: &str) -> Markup {
    html! {
        label.field { span { (label) }
            input type="text" name=(name) value=(value) placeholder=(crate::text::plain(hint)) autocomplete="off";
        }
    }
}

fn more(ask: &Ask, view: &DeviceView) -> Markup {
    let path = device_path(&view.row.id);
    let addresses: Vec<&str> =
        view.addresses.iter().filter(|span| !span.gone).map(|span| span.value.as_str()).collect();
    html! {
        @if ask.may(Action::DeviceMerge) {
            details { summary { "It is the same as another device" }
                form.stack method="post" action=(format!("{path}/merge")) {
                    (csrf(ask))
                    label.field { span { "The other device’s name, address or id" } input type="text" name="other" required maxlength="300" autocomplete="off"; }
                    p { button { "Join the two" } " " span.soft { "Can be taken back." } }
                }
            }
        }
        @if ask.may(Action::DeviceSplit) && addresses.len() > 1 {
            details { summary { "It is really two devices" }
                form.stack method="post" action=(format!("{path}/split")) {
                    (csrf(ask))
                    fieldset { legend { "Addresses that belong to the other one" }
                        @for address in &addresses { label.check { input type="checkbox" name="address" value=(address); span { (foreign(address)) } } }
                    }
                    p { button { "Split" } " " span.soft { "Can be taken back." } }
                }
            }
        }
        @if ask.may(Action::DeviceForget) {
            details { summary { "Forget it and its history" }
                form.stack method="post" action=(format!("{path}/forget")) {
                    (csrf(ask))
                    p { "Its entry, timeline, facts and flows are removed for good. It comes back if it speaks again. A second person may have to approve." }
                    label.field { span { "Why? For the second person and the ledger." } textarea name="reason" rows="2" required maxlength="2000" {} }
                    p { button.danger { "Forget " (short(&view.row.label)) } }
                }
            }
        }
    }
}

/// The form as an edit. Every field is on the form, so an empty one clears what was set.
pub(super) fn read(fields: &Fields) -> DeviceEdit {
    let text = |name: &str| fields.get(name).map(|text| text.trim().to_owned());
    let tags = fields.get("tags").map(|tags| {
        let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.take(TAGS_MOST).map(str::to_owned).collect()
    });
    DeviceEdit {
        name: text("name"),
        kind: text("kind"),
        vendor: text("vendor"),
        model: text("model"),
        firmware: text("firmware"),
        os: text("os"),
        owner: text("owner"),
        location: text("location"),
        zone: text("zone"),
        criticality: text("criticality"),
        tags,
        notes: text("notes"),
    }
}
