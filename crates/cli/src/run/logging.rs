//! Where the service's own words go: standard error, as lines or as JSON.

use cordon_config::{LogFormat, table};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Begins to log.
pub fn begin(log: &table::Log) -> Result<(), Failure> {
    const OURS: [&str; 7] = ["", "_api", "_console", "_history", "_service", "_store", "_guard"];
    let level = log.level.as_str();
    // Other people's crates say a lot below warnings.
    let ours: Vec<String> = OURS.iter().map(|part| format!("cordon{part}={level}")).collect();
    let filter = format!("warn,{}", ours.join(","));
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::Other(format!("log.level: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.compact().with_target(false).try_init(),
    };
    begun.map_err(|error| Failure::Other(error.to_string()))
}
