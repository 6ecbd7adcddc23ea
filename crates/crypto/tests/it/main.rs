//! Keys, secrets and certificates: that they come back, and what is refused.

#![cfg(test)]

mod cms;
mod secrets;
mod tls;
