//! Every key of the configuration, once.
//!
//! A row is: what the key is for, its type, its default, the bounds of its value, an example,
//! whether `cordon run` must be started anew for it, and the version that brought it.

use std::net::SocketAddr;

use toml::{Spanned, de::DeValue};

use crate::{
    rule::Rule,
    value::{Value, Wrong},
    values::{
        EnforceDriver, FilePath, HostName, InterfaceName, Keep, LinkNetwork, LogFormat, LogLevel,
        MetricsFor, Network, Period, ServiceAt, SiteName, Size, Speed, UserName, ZoneName,
        everywhere, private_networks,
    },
};

/// One row of the table.
pub struct Key {
    /// Section and name, as in `capture.interfaces`.
    pub path: &'static str,
    /// The section, as in `capture`.
    pub section: &'static str,
    /// The name within the section, as in `interfaces`.
    pub name: &'static str,
    /// What the value is, in words.
    pub kind: &'static str,
    /// What the key is for, in one or two sentences.
    pub help: &'static str,
    /// A value as one would write it in the file.
    pub example: &'static str,
    /// Whether a change is taken up only by a new start.
    pub restart: bool,
    /// The version that brought the key.
    pub since: &'static str,
    /// The bounds of the value.
    pub rule: Rule,
    limits: fn(Rule) -> Option<String>,
    show: fn(&Config) -> Option<String>,
    read: fn(&mut Config, &Spanned<DeValue<'_>>, Rule) -> Result<(), Wrong>,
    list: bool,
}

/// One section of the file, and what it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    /// As in `capture`.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
}

impl Key {
    /// The key of this path.
    #[must_use]
    pub fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The value that holds where nobody sets another, as one would write it in the file; `None`
    /// where there is none.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        self.text(&Config::default())
    }

    /// The value in `config`, as one would write it in the file; `None` where there is none.
    #[must_use]
    pub fn text(&self, config: &Config) -> Option<String> {
        (self.show)(config)
    }

    /// The range or the choices, in words; `None` where any value of the kind will do.
    #[must_use]
    pub fn limits(&self) -> Option<String> {
        (self.limits)(self.rule)
    }

    /// The environment variable that sets the key, as in `CORDON_CAPTURE_INTERFACES`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("CORDON_{}_{}", self.section, self.name).to_ascii_uppercase()
    }

    /// Whether the value is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.list
    }

    pub(crate) fn read(
        &self,
        config: &mut Config,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), Wrong> {
        (self.read)(config, value, self.rule)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Key").field(&self.path).finish()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.path == other.path
    }
}

macro_rules! table {
    ($(
        #[doc = $about:literal]
        $section:ident: $Section:ident {
            $(
                $(#[doc = $help:literal])+
                $key:ident: $Type:ty = $default:expr,
                    $rule:expr, $example:literal, $restart:ident, $since:literal;
            )+
        }
    )+) => {
        /// Every key with its value.
        #[derive(Clone, PartialEq, Default, Debug)]
        pub struct Config {
            $(#[doc = $about] pub $section: $Section,)+
        }

        $(
            #[doc = $about]
            #[derive(Clone, PartialEq, Debug)]
            pub struct $Section {
                $($(#[doc = $help])+ pub $key: $Type,)+
            }

            impl Default for $Section {
                fn default() -> Self {
                    $Section { $($key: $default,)+ }
                }
            }
        )+

        /// The sections, in the order in which they are written.
        pub static SECTIONS: &[Section] = &[
            $(Section { name: stringify!($section), about: $about.trim_ascii() },)+
        ];

        /// The keys, in the order in which they are written.
        pub static KEYS: &[Key] = &[$($(
            Key {
                path: concat!(stringify!($section), ".", stringify!($key)),
                section: stringify!($section),
                name: stringify!($key),
                kind: <$Type as Value>::KIND,
                help: concat!($($help),+).trim_ascii(),
                example: $example,
                restart: table!(@ $restart),
                since: $since,
                rule: $rule,
                limits: <$Type as Value>::limits,
                show: |config| config.$section.$key.show(),
                read: |config, value, rule| {
                    config.$section.$key = Value::read(value, rule)?;
                    Ok(())
                },
                list: <$Type as Value>::LIST,
            },
        )+)+];
    };
    (@ restart) => { true };
    (@ live) => { false };
}

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

table! {
    /// The place that is watched.
    site: Site {
        /// What people call the place. It is shown on every page and kept with everything that
        /// is remembered.
        name: SiteName = SiteName::here(),
            Rule::NONE, r#""Hall 3""#, restart, "0.1";
        /// The time zone in which pages show times. Without it, that of the machine. What is kept
        /// is always in UTC.
        timezone: Option<ZoneName> = None,
            Rule::NONE, r#""Europe/Berlin""#, live, "0.1";
        /// A file of Cedar policies of your own: what the site permits or forbids beyond its roles,
        /// and what takes a second person here. A line that is wrong keeps the service from starting.
        policies: Option<FilePath> = None,
            Rule::ABSOLUTE, r#""/etc/cordon/policies.cedar""#, restart, "0.1";
    }
    /// Where packets come from.
    capture: Capture {
        /// The interfaces to listen on. An empty list chooses: every one that is up, is not the
        /// loopback and has hardware behind it.
        interfaces: Vec<InterfaceName> = Vec::new(),
            Rule::NONE, r#"["eth1", "eth2"]"#, restart, "0.1";
        /// Whether to ask for frames that are meant for others. A mirror port and a tap need it.
        promiscuous: bool = true,
            Rule::NONE, "false", restart, "0.1";
        /// Memory per interface in which the kernel keeps packets until they are read. More rides
        /// out longer bursts.
        ring: Size = Size::mebibytes(32),
            Rule::between(2 * MIB, GIB), r#""64MiB""#, restart, "0.1";
    }
    /// Recorded packets in place of live ones.
    replay: Replay {
        /// A capture file, or a folder of them, to play in place of listening.
        file: Option<FilePath> = None,
            Rule::NONE, r#""/srv/captures/monday.pcapng""#, restart, "0.1";
        /// How fast to play: 1 as recorded, 60 an hour a minute, "max" as fast as the machine can.
        speed: Speed = Speed::AS_RECORDED,
            Rule::NONE, "60", restart, "0.1";
    }
    /// Where things are kept.
    data: Data {
        /// The folder of everything that is remembered. Without it, /var/lib/cordon for the
        /// system's service and for root, else $XDG_STATE_HOME/cordon (~/.local/state/cordon).
        dir: Option<FilePath> = None,
            Rule::ABSOLUTE, r#""/var/lib/cordon""#, restart, "0.1";
    }
    /// The console and the API.
    web: Web {
        /// The address and port to serve on. `[::]` is every address of the machine, of IPv4 and
        /// IPv6; nobody gets in without an invitation, and `allow_from` says who may connect.
        listen: SocketAddr = everywhere(8443),
            Rule::NONE, r#""192.0.2.7:8443""#, restart, "0.1";
        /// Names and addresses under which browsers reach the console; they are put in the
        /// certificate. Passkeys are bound to the first name, so choose it to last. Without any,
        /// the name of the machine.
        hostnames: Vec<HostName> = Vec::new(),
            Rule::NONE, r#"["cordon.example.org"]"#, restart, "0.1";
        /// A certificate of your own with its chain, as PEM. Without it, one is issued on the spot.
        certificate: Option<FilePath> = None,
            Rule::ABSOLUTE, r#""/etc/cordon/web.crt""#, live, "0.1";
        /// The private key of `certificate`, as PEM.
        key: Option<FilePath> = None,
            Rule::ABSOLUTE, r#""/etc/cordon/web.key""#, live, "0.1";
        /// After how long without a click a person signs in anew.
        session_idle: Period = Period::secs(30 * MINUTE),
            Rule::between(MINUTE, DAY), r#""15m""#, live, "0.1";
        /// After how long a person signs in anew in any case.
        session_longest: Period = Period::secs(12 * HOUR),
            Rule::between(5 * MINUTE, 7 * DAY), r#""8h""#, live, "0.1";
        /// Whether dangerous actions wait for the approval of a second person.
        second_person: bool = false,
            Rule::NONE, "true", live, "0.1";
        /// Who may read /metrics: whoever has signed in or holds a token for it, besides them
        /// every program on this machine, or nobody.
        metrics: MetricsFor = MetricsFor::SignedIn,
            Rule::NONE, r#""this-machine""#, live, "0.1";
        /// The networks from which one may connect. By default private and link-local ones and
        /// this machine.
        allow_from: Vec<Network> = private_networks(),
            Rule::SOME, r#"["192.0.2.0/24", "2001:db8::/32"]"#, live, "0.1";
    }
    /// How long things are kept. Secrets are never kept; the ledger is never shortened.
    retention: Retention {
        /// Flows: who talked to whom.
        flows: Keep = Keep::days(30),
            Rule::between(DAY, 100 * YEAR), r#""90d""#, live, "0.1";
        /// Facts: what packets said.
        facts: Keep = Keep::days(30),
            Rule::between(DAY, 100 * YEAR), r#""14d""#, live, "0.1";
        /// What changed about devices: addresses, names, services.
        device_history: Keep = Keep::days(365),
            Rule::between(DAY, 100 * YEAR), r#""2y""#, live, "0.1";
        /// Findings that are closed.
        findings: Keep = Keep::days(365),
            Rule::between(DAY, 100 * YEAR), r#""forever""#, live, "0.1";
        /// Measurements of the service itself, shown on the Health page.
        health: Keep = Keep::days(30),
            Rule::between(DAY, 100 * YEAR), r#""7d""#, live, "0.1";
    }
    /// Devices.
    inventory: Inventory {
        /// How many devices are told apart. Beyond that new ones are counted and not listed.
        most_devices: u64 = 65_536,
            Rule::between(16, 1_000_000), "10000", restart, "0.1";
        /// After how long without a packet a device is shown as silent.
        silent_after: Period = Period::secs(DAY),
            Rule::between(MINUTE, YEAR), r#""2h""#, live, "0.1";
    }
    /// Weaknesses.
    findings: Findings {
        /// After how long a weakness that is no longer seen, of a device that is, closes by itself.
        close_after: Period = Period::secs(7 * DAY),
            Rule::between(HOUR, YEAR), r#""14d""#, live, "0.1";
    }
    /// Contracts made to hold.
    enforce: Enforce {
        /// Who enforces contracts: nobody, or the kernel of this machine. It must be the machine that
        /// forwards the devices' packets, and the service must be started as root.
        driver: EnforceDriver = EnforceDriver::None,
            Rule::NONE, r#""nftables""#, restart, "0.2";
        /// How long rules that may block are on trial: not confirmed by then, they are taken back by
        /// themselves, also where the service or the console cannot be reached any more.
        confirm_within: Period = Period::secs(10 * MINUTE),
            Rule::between(10 * SECOND, 8 * HOUR), r#""5m""#, live, "0.2";
        /// The interfaces of this machine with the networks right behind them. Devices there are known
        /// by interface, link-layer address and address together, so that none can pretend to be another.
        links: Vec<LinkNetwork> = Vec::new(),
            Rule::NONE, r#"["lan0=192.0.2.0/24"]"#, restart, "0.2";
        /// The networks of the site: what contracts mean by "local networks". Without any, those of
        /// `links` and the usual ones around the private addresses of the devices.
        networks: Vec<Network> = Vec::new(),
            Rule::NONE, r#"["192.0.2.0/24", "2001:db8::/48"]"#, restart, "0.2";
        /// Whether packets from and for this machine itself are judged too, not only what it forwards.
        host: bool = false,
            Rule::NONE, "true", restart, "0.2";
        /// Interfaces that are never cut: by them people reach the console that could undo a mistake.
        never_cut: Vec<InterfaceName> = Vec::new(),
            Rule::NONE, r#"["mgmt0"]"#, restart, "0.2";
        /// Services elsewhere to which the way is never cut.
        never_cut_services: Vec<ServiceAt> = Vec::new(),
            Rule::NONE, r#"["192.0.2.7:22/tcp"]"#, restart, "0.2";
        /// Bridges of this machine whose neighbours are kept apart: their ports are isolated from each
        /// other, and what contracts allow between them goes by this machine. IPv6 between them ends.
        isolate: Vec<InterfaceName> = Vec::new(),
            Rule::NONE, r#"["br-lan"]"#, restart, "0.2";
        /// Ports of these bridges that reach every other: those to another switch, or to the way out.
        isolate_not: Vec<InterfaceName> = Vec::new(),
            Rule::NONE, r#"["uplink0"]"#, restart, "0.2";
    }
    /// The history of flows and facts, in Parquet files.
    history: History {
        /// How often what was seen is written to disk; what is younger is lost if power fails.
        flush_every: Period = Period::secs(MINUTE),
            Rule::between(SECOND, HOUR), r#""30s""#, live, "0.1";
        /// Free space on the disk below which no more history is written. The rest goes on.
        min_free: Size = Size::mebibytes(1024),
            Rule::between(64 * MIB, 1024 * GIB), r#""5GiB""#, live, "0.1";
    }
    /// What the service says of itself, on standard error.
    log: Log {
        /// The least important message that is written.
        level: LogLevel = LogLevel::Info,
            Rule::NONE, r#""debug""#, live, "0.1";
        /// Lines for people, or one JSON object per line for programs.
        format: LogFormat = LogFormat::Text,
            Rule::NONE, r#""json""#, restart, "0.1";
    }
    /// The process.
    run: Run {
        /// The user to become after the sockets are open, where started as root. Without it, the
        /// user `cordon` where there is one.
        user: Option<UserName> = None,
            Rule::NONE, r#""cordon""#, restart, "0.1";
    }
    /// Bounds of what the process takes.
    limits: Limits {
        /// Memory for packets, flows and facts on their way between threads. What finds it full
        /// is dropped and counted.
        buffers: Size = Size::mebibytes(64),
            Rule::between(8 * MIB, 16 * GIB), r#""256MiB""#, restart, "0.1";
    }
}
