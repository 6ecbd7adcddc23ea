//! Devices: lists, one of them, and what people change about them.

mod change;
mod list;
mod mud;
mod one;

pub(super) use change::address;
pub(super) use list::{NEW, criticality, severity_named, zone};
pub(super) use mud::{mud_now, mud_urls};
pub(super) use one::{find, link};
