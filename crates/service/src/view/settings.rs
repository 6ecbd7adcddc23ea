//! The configuration as it is in force.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One key of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingView {
    /// Its path, such as `web.listen`.
    pub key: String,
    /// What it does.
    pub help: String,
    /// What is in force, as written in the file.
    pub value: String,
    /// The default.
    pub default: String,
    /// `default`, `file`, `environment` or `command line`.
    pub origin: String,
}

/// All keys in table order, and where the file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    /// The configuration file, whether it exists or not.
    pub file: String,
    /// Keys.
    pub settings: Vec<SettingView>,
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportView {
    /// What the file was taken for, such as `dnsmasq leases`.
    pub kind: String,
    /// Lines or records read.
    pub records: u64,
    /// Devices that are new or know more now.
    pub devices: u64,
    /// Flows added to the history.
    pub flows: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// The first few of them, with line number and reason.
    pub problems: Vec<String>,
}
