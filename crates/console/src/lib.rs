//! The console: what people see and do in a browser.
//!
//! Pages are rendered here, on the server, from what a [`Site`](cordon_service::Site) answers.
//! They work without a script; the one script adds live numbers, passkeys and two keys. Nothing
//! is loaded from elsewhere and nothing is inline, so [`CONTENT_SECURITY_POLICY`] forbids both.
//!
//! [`router`] expects two things of the listener in front of it, as request extensions: a
//! [`Visit`](cordon_service::Visit), and an `Option<Caller>` that says who is signed in.
//!
//! ```
//! // no page loads anything from elsewhere, or anything inline
//! assert!(cordon_console::CONTENT_SECURITY_POLICY.starts_with("default-src 'none'"));
//! ```
//!
//! This crate must not know: packets, SQL, how anything is decided, TLS, where sessions are kept.

mod ask;
mod assets;
mod console;
mod fields;
mod frame;
mod live;
mod map;
mod pages;
mod parts;
mod reply;
mod text;
mod way_in;

pub use console::router;
pub use live::NUMBERS;
pub use reply::CONTENT_SECURITY_POLICY;
