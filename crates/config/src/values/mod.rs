//! The types of values, each read from and written as one word.

mod amount;
mod choice;
mod name;
mod network;

pub use amount::{Keep, Period, Size, Speed};
pub use choice::{EnforceDriver, LogFormat, LogLevel, MetricsFor};
pub use name::{FilePath, HostName, InterfaceName, SiteName, UserName, ZoneName};
pub use network::{LinkNetwork, Network, ServiceAt};
pub(crate) use network::{everywhere, private_networks};
