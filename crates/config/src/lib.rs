//! The configuration: one table of keys, from which defaults, help, reference and checks come.
//!
//! [`table`] names every key once. [`Config`] and its defaults, `docs/configuration.md`, the list
//! of `cordon config keys`, the file of `cordon config default` and everything that
//! `cordon config check` finds are made from it. A file, environment variables and `--set` pass
//! through the same reader; what comes later wins.
//!
//! ```
//! use cordon_config::{Config, Reader, check};
//!
//! let text = "[capture]\ninterfces = ['eth0']\nring = '3 parsecs'\n";
//! let problems = check(text, "cordon.toml");
//! assert_eq!(problems.len(), 2);
//! assert_eq!((problems[0].line, problems[0].nearest), (2, Some("capture.interfaces")));
//!
//! let mut reader = Reader::new();
//! reader.file("[capture]\ninterfaces = ['eth0']\n", "cordon.toml");
//! reader.environment([("CORDON_WEB_SESSION_IDLE", "10m")]);
//! reader.set("log.level=debug");
//! let settings = reader.finish()?;
//! assert_eq!(settings.config.web.session_idle.to_string(), "10m");
//! assert_eq!(settings.config.web.listen, Config::default().web.listen);
//! # Ok::<(), cordon_config::Problems>(())
//! ```
//!
//! This crate must not know: where the file lies, who reads it, the clock, what a value leads to.

mod docs;
mod nearest;
mod problem;
mod reader;
mod rule;
pub mod table;
mod text;
mod value;
pub mod values;

pub use docs::markdown;
pub use problem::{Problem, Problems};
pub use reader::{Origin, Reader, Settings, check, parse};
pub use rule::Rule;
pub use table::{Config, KEYS, Key, SECTIONS};
pub use text::{default_file, help, keys_text};
pub use values::{
    EnforceDriver, FilePath, HostName, InterfaceName, Keep, LinkNetwork, LogFormat, LogLevel,
    MetricsFor, Network, Period, ServiceAt, SiteName, Size, Speed, UserName, ZoneName,
};
