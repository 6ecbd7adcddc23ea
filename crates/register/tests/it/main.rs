//! Devices over time, as a service meets them.

mod findings;
mod people;
mod properties;
mod scene;
mod time;
