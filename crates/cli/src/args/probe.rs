//! Arguments of `cordon probe`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use cordon_probe::{Pace, Port};

use super::ask::{At, Shown};
use super::duration;

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon probe thermostat-1 imaging-server --rehearse      what would be sent, and nothing is\n  \
    cordon probe thermostat-1 imaging-server                 from a machine plugged in where the thermostat is\n  \
    cordon probe this-machine camera-3 --ports tcp/80,tcp/554\n  \
    cordon probe --listen tcp/104,udp/53 --for 5m            the other end, in the imaging server's place\n\n\
    It connects once to each of at most 24 ports, one after the other, sends no payload, and is in the ledger before \
    anything is sent.\nExit codes: 0 done, 1 something got through that the rules say cannot, 2 it could not be tried."
)]
pub struct ProbeArgs {
    /// In which device's place this machine stands, or this-machine
    #[arg(required_unless_present = "listen", conflicts_with = "listen")]
    pub from: Option<String>,
    /// Which device is tried: one of the inventory
    #[arg(required_unless_present = "listen", conflicts_with = "listen")]
    pub to: Option<String>,
    /// What to try, such as tcp/104,udp/53; without it, what the rules allow, what the device serves, and a few
    /// telling ports
    #[arg(long, value_delimiter = ',', value_name = "PORTS", conflicts_with = "listen")]
    pub ports: Vec<Port>,
    /// The device is one on which a plant or lives depend, and is meant
    #[arg(long, conflicts_with = "listen")]
    pub towards_ot: bool,
    /// A machine listens in the device's place (cordon probe --listen): send datagrams too
    #[arg(long, conflicts_with = "listen")]
    pub listening: bool,
    /// How long to wait between two tries
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = pace)]
    pub every: Pace,
    /// Only say what would be sent
    #[arg(long, conflicts_with = "listen")]
    pub rehearse: bool,
    /// Write the signed result to this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "listen")]
    pub output: Option<PathBuf>,
    /// Be the other end: listen on these ports, and say what reaches them
    #[arg(long, value_delimiter = ',', value_name = "PORTS")]
    pub listen: Vec<Port>,
    /// The address to listen on; without it, every one of this machine
    #[arg(long, value_name = "ADDRESS", requires = "listen")]
    pub on: Option<IpAddr>,
    /// How long to listen, at most an hour
    #[arg(long = "for", value_name = "DURATION", default_value = "60s", value_parser = a_while)]
    pub listen_for: Duration,
    #[command(flatten)]
    pub at: At,
    #[command(flatten)]
    pub shown: Shown,
}

fn pace(text: &str) -> Result<Pace, String> {
    Pace::new(duration(text)?).map_err(|error| error.to_string())
}

/// Ports that are forgotten open are a way in.
fn a_while(text: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_secs(3_600);
    let time = duration(text)?;
    if time > MOST { Err("listening ends after an hour at most".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<ProbeArgs, String> {
        let all = ["probe"].iter().chain(words);
        ProbeArgs::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn a_probe_has_two_ends_or_listens() {
        assert!(parsed(&["a", "b"]).is_ok_and(|args| args.every == Pace::default()));
        assert!(parsed(&["a"]).is_err() && parsed(&[]).is_err());
        assert!(parsed(&["--listen", "tcp/104,udp/53"]).is_ok_and(|args| args.listen.len() == 2));
        assert!(parsed(&["a", "b", "--listen", "tcp/104"]).is_err());
    }

    #[test]
    fn nothing_faster_and_no_other_ports_are_taken() {
        assert!(parsed(&["a", "b", "--every", "10ms"]).is_err_and(|why| why.contains("250ms")));
        assert!(
            parsed(&["a", "b", "--ports", "1-65535"]).is_err_and(|why| why.contains("tcp/104"))
        );
        assert!(parsed(&["--listen", "tcp/1", "--for", "2h"]).is_err());
    }
}
