//! The pages: each answers one question and has one main button.

pub(crate) mod contract;
pub(crate) mod contracts;
pub(crate) mod device;
mod device_forms;
pub(crate) mod devices;
pub(crate) mod findings;
pub(crate) mod fix;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod ledger;
pub(crate) mod map;
mod mud;
pub(crate) mod people;
pub(crate) mod people_do;
mod people_parts;
pub(crate) mod settings;
pub(crate) mod today;
pub(crate) mod traffic;
mod versions;
pub(crate) mod zones;
