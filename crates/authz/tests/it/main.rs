//! What the policies decide, as a page that a person reads, and the rules one by one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "one test measures")]

mod rules;
mod site;

use cordon_authz::{Policies, docs};

#[test]
fn the_page_about_roles_is_what_the_policies_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security/roles.md");
    let given = docs::markdown(&Policies::shipped().unwrap());
    if std::env::var_os("CORDON_WRITE_DOCS").is_some() {
        std::fs::write(path, given).unwrap();
        return;
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == given, "set CORDON_WRITE_DOCS=1 to write docs/security/roles.md anew");
}
