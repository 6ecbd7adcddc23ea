//! Where a device says that its maker describes it: a part of its page and of its contract's.

use cordon_service::view::MudUrlView;
use maud::{Markup, html};

use crate::parts::panel;
use crate::text::{Clock, foreign, sentence, short};

/// The panel; nothing where the device names nothing. No link: a page must not lead to where a
/// device says.
pub(super) fn mud(device: &str, urls: &[MudUrlView], clock: Clock) -> Markup {
    let now = || urls.iter().filter(|one| one.now);
    let body = html! {
        ul.rows { @for one in urls { li {
            span {
                @if one.now { (foreign(&sentence(&one.says))) } @else { span.soft { (foreign(&sentence(&one.says))) } }
                @if one.imported { " " span class="sev good" { "taken in" } }
                @for fault in one.faults.iter().filter(|_| one.now) { " " span class="sev low" { (foreign(fault)) } }
            }
            span { (clock.ago(&one.last)) }
        } } }
        @if now().any(|one| one.imported) {
            p.soft { "Nobody vouches for what a device says of itself: a signature of the file does." }
        } @else if now().any(|one| one.faults.is_empty()) {
            p.soft { "cordon fetches nothing by itself. Fetch the file, then see what it would change: " code { "cordon contract import-mud " (short(device)) " FILE --rehearse" } "." }
        } @else {
            p.soft { "Take no file from there: anybody could have written it." }
        }
    };
    html! { @if !urls.is_empty() { (panel("mud", "What its maker says of it", &body)) } }
}
