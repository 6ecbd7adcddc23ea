//! The report as one self-contained HTML file.

use crate::Look;

/// The report as HTML.
#[must_use]
pub fn render(look: &Look) -> String {
    let text = crate::markdown::render(look);
    maud::html! { (maud::DOCTYPE) title { "Network report" } pre { (text) } }.into_string()
}
