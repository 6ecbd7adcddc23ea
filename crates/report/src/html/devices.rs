//! Every device: what it is, why we think so, what it offers, what is wrong with it.

use maud::{Markup, html};

use super::parts::{badge, badges, device_link};
use crate::look::{Device, Service};
use crate::view::{Row, View};
use crate::words;

/// Reasons listed for one device, strongest first.
const MOST_REASONS: usize = 16;

/// Services listed for one device.
const MOST_SERVICES: usize = 40;

/// The section.
pub(super) fn section(view: &View) -> Markup {
    html! {
        section #devices {
            h2 { "Devices" }
            @if view.devices.is_empty() {
                p {
                    "No device was seen. " a href="#coverage" { "What this capture cannot show" }
                    " may say why."
                }
            } @else {
                p { (view.devices_line()) ". Open a line for the reasons and packets behind it." }
                // shown by the script, useless without it
                form #filter hidden {
                    label { "Search " input type="search" name="words" autocomplete="off"; }
                    label { input type="checkbox" name="attention"; " only those that need attention" }
                    output aria-live="polite" {}
                }
                div.columns aria-hidden="true" {
                    span { "Device" } span { "What it is" } span { "Vendor and model" }
                    span { "Address" } span { "Sure?" } span { "Findings" }
                }
                @for (at, row) in view.devices.iter().enumerate() { (device(view, at, row)) }
            }
        }
    }
}

fn device(view: &View, at: usize, row: &Row) -> Markup {
    let device = row.device;
    html! {
        details.device id=(format!("d{at}")) data-attention[row.needs_attention()] {
            summary {
                h3 { bdi { (device.label) } }
                span { (row.what()) }
                span { bdi { (row.make()) } }
                span.address { (row.address()) }
                span { (words::sure(device.confidence)) }
                span.badges { (badges(&row.tally)) }
            }
            div.inside {
                (facts(view, row))
                (reasons(view, device))
                (services(device))
                (findings(view, row))
            }
        }
    }
}

fn findings(view: &View, row: &Row) -> Markup {
    html! {
        @if !row.findings.is_empty() {
            h4 { "Findings" }
            ul {
                @for finding in &row.findings {
                    li {
                        (badge(words::severity(&finding.severity), "")) " "
                        a href=(format!("#f{}", view.group_place(&finding.kind))) {
                            bdi { (finding.title) }
                        }
                    }
                }
            }
        }
    }
}

fn facts(view: &View, row: &Row) -> Markup {
    let device = row.device;
    let kind = device.kind.as_deref().map(words::device_type);
    let fields = [
        ("Name", "name", device.name.as_deref()),
        ("Type", "type", kind.as_deref()),
        ("Vendor", "vendor", device.vendor.as_deref()),
        ("Model", "model", device.model.as_deref()),
        ("Firmware", "firmware", device.firmware.as_deref()),
        ("Operating system", "os", device.os.as_deref()),
    ];
    let vlans: Vec<String> = device.vlans.iter().map(u16::to_string).collect();
    html! {
        dl.facts {
            @for (title, field, value) in fields {
                div {
                    dt { (title) }
                    dd {
                        @match value {
                            Some(value) => {
                                bdi { (value) }
                                @if let Some(sure) = device.confidences.get(field) {
                                    span.cite { " " (words::percent(*sure)) " sure" }
                                }
                            },
                            None => { span.none { "unknown" } },
                        }
                    }
                }
            }
            (listed("IP addresses", &device.ips))
            (listed("Link-layer addresses", &device.macs))
            @if device.random_mac {
                div { dt { "Randomised" } dd { "Its link-layer address is randomised and will change." } }
            }
            (listed("VLANs", &vlans))
            @if device.routes { div { dt { "Role" } dd { "Forwards packets for others." } } }
            @if let Some(parent) = &device.parent {
                div { dt { "Behind" } dd { (device_link(view, parent)) } }
            }
            div { dt { "Seen" } dd { (words::period(&device.first, &device.last)) } }
            div {
                dt { "Sent" }
                dd {
                    (words::counted(device.packets, "packet", "packets")) ", "
                    (words::bytes(device.bytes))
                }
            }
        }
    }
}

fn listed(title: &str, values: &[String]) -> Markup {
    html! {
        @if !values.is_empty() {
            div {
                dt { (title) }
                dd.address { (words::list(values, 8)) }
            }
        }
    }
}

fn reasons(view: &View, device: &Device) -> Markup {
    let more = device.evidence.len().saturating_sub(MOST_REASONS);
    html! {
        h4 { "Why we think so" }
        @if device.evidence.is_empty() {
            p.none { "Nothing it sent says what it is." }
        } @else {
            ul {
                @for reason in device.evidence.iter().take(MOST_REASONS) {
                    li {
                        span.field { (reason.field) } " "
                        bdi { (reason.says) }
                        @if let Some(packet) = reason.packet {
                            " " span.cite { (view.cite(reason.file.as_deref(), packet)) }
                        }
                    }
                }
                @if more > 0 { li { "and " (words::count(more as u64)) " more" } }
            }
        }
    }
}

fn services(device: &Device) -> Markup {
    html! {
        @if !device.services.is_empty() {
            h4 { "Services" }
            ul.services {
                @for service in device.services.iter().take(MOST_SERVICES) { li { (offered(service)) } }
                @let more = device.services.len().saturating_sub(MOST_SERVICES);
                @if more > 0 { li { "and " (words::count(more as u64)) " more" } }
            }
        }
    }
}

fn offered(service: &Service) -> Markup {
    let basis = match (&service.app, service.basis.as_str()) {
        (None, _) => "application unknown",
        (Some(_), "payload") => "seen in payload",
        (Some(_), _) => "guessed from the port",
    };
    html! {
        @if let Some(app) = &service.app { strong { (words::app(app)) } " on " }
        (service.transport.to_uppercase()) " " (service.port) " "
        span.cite { (basis) }
    }
}
