//! Keys, secrets and certificates: that they come back, and what is refused.

mod secrets;
mod tls;
