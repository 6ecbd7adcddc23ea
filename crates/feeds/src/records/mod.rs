//! What other tools wrote down: DHCP leases, device lists, Zeek logs, Suricata events.
//!
//! [`detect`] says what a file is, [`parse`] reads it line by line and hands [`Hint`]s, [`Flow`]s
//! and [`Fact`]s to a [`RecordSink`], so that they take the same way as those of packets. A line
//! that cannot be read is counted and the first few are kept with what is wrong; the rest is
//! imported. Nothing that looks like a password is kept.
//!
//! ```
//! use cordon_feeds::records::{Gathered, Import, Kind, detect, parse};
//! let text = b"1795391473 02:12:21:07:10:34 10.77.0.92 kamera-1 *\n";
//! assert_eq!(detect(text, "dnsmasq.leases"), Some(Kind::Dnsmasq));
//! let mut gathered = Gathered::default();
//! let import = Import::new("dnsmasq.leases");
//! let summary = parse(Kind::Dnsmasq, &import, &mut text.as_slice(), &mut gathered).unwrap();
//! assert_eq!((summary.hints, summary.bad_lines), (1, 0));
//! assert_eq!(gathered.hints[0].name.as_deref(), Some("kamera-1"));
//! ```
//!
//! Evidence of an imported fact or flow is the number of its line: [`PacketId::number`] counts
//! lines from 1. A flow's application is [`Basis::Payload`](cordon_model::Basis::Payload) where the other tool says that it
//! recognised it, and [`Basis::Port`](cordon_model::Basis::Port) where only the port says so.

mod csv;
mod detect;
mod dnsmasq;
mod eve;
mod eve_facts;
mod inventory;
mod isc;
mod kea;
mod line;
mod row;
mod suites;
mod time;
mod tls;
mod zeek;
mod zeek_facts;

use std::fmt;
use std::io::BufRead;

use cordon_model::record::Hint;
use cordon_model::{Fact, Flow, FlowId, PacketId, Text};

pub use detect::detect;

use line::Lines;

/// Bad lines that are kept with what is wrong in them; more would not be read.
pub const MOST_PROBLEMS: usize = 5;
/// Bytes of a text that is kept; names and products are shorter.
const MOST_TEXT: usize = 256;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// `dnsmasq.leases`, with IPv4 and IPv6 leases.
    Dnsmasq,
    /// `dhcpd.leases` or `dhcpd6.leases` of ISC dhcpd.
    IscDhcpd,
    /// `kea-leases4.csv` or `kea-leases6.csv` of Kea's memfile.
    Kea,
    /// A list of devices with one header line, as spreadsheets export it.
    Inventory,
    /// A Zeek log, as tab-separated values or JSON lines.
    Zeek,
    /// `eve.json` of Suricata.
    Eve,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] =
        &[Kind::Dnsmasq, Kind::IscDhcpd, Kind::Kea, Kind::Inventory, Kind::Zeek, Kind::Eve];

    /// As people say it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Dnsmasq => "dnsmasq leases",
            Kind::IscDhcpd => "ISC dhcpd leases",
            Kind::Kea => "Kea leases",
            Kind::Inventory => "device list",
            Kind::Zeek => "Zeek log",
            Kind::Eve => "Suricata events",
        }
    }
}

/// Which import this is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// Name of the file, as people know it; it becomes the source of hints.
    pub name: String,
    /// Index of the input, for evidence.
    pub input: u32,
    /// The number that the first flow gets.
    pub first_flow: u64,
}

impl Import {
    /// The first input, with flows from 0.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Import { name: name.into(), input: 0, first_flow: 0 }
    }
}

/// Takes what records say.
pub trait RecordSink {
    /// What a list says of a device.
    fn hint(&mut self, hint: &Hint);
    /// What a message said.
    fn fact(&mut self, fact: &Fact);
    /// A conversation.
    fn flow(&mut self, flow: &Flow);
}

/// A sink that keeps everything; for tests and small files.
#[derive(Clone, Default, Debug)]
pub struct Gathered {
    /// Hints in the order of the file.
    pub hints: Vec<Hint>,
    /// Facts in the order of the file.
    pub facts: Vec<Fact>,
    /// Flows in the order of the file.
    pub flows: Vec<Flow>,
}

impl RecordSink for Gathered {
    fn hint(&mut self, hint: &Hint) {
        self.hints.push(hint.clone());
    }

    fn fact(&mut self, fact: &Fact) {
        self.facts.push(fact.clone());
    }

    fn flow(&mut self, flow: &Flow) {
        self.flows.push(flow.clone());
    }
}

/// A line that could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub says: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.says)
    }
}

/// What an import came to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    /// Lines read.
    pub lines: u64,
    /// Hints handed on.
    pub hints: u64,
    /// Facts handed on.
    pub facts: u64,
    /// Flows handed on.
    pub flows: u64,
    /// Records of a kind that tells nothing here, such as alerts of another tool.
    pub left_out: u64,
    /// Lines that could not be read.
    pub bad_lines: u64,
    /// The first of them, at most [`MOST_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// The number that the first flow of the next import may get.
    pub next_flow: u64,
}

/// Why a file cannot be imported at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The reader failed.
    #[error("{file}: cannot be read after line {line}: {source}")]
    Read {
        /// Name of the file.
        file: String,
        /// The last line that was read.
        line: u64,
        /// Why.
        source: std::io::Error,
    },
    /// The first lines are not of this kind.
    #[error("{file}, line {line}: {says}")]
    Header {
        /// Name of the file.
        file: String,
        /// The line.
        line: u64,
        /// What is missing and what to do.
        says: String,
    },
}

/// Reads a file of a known kind, line by line; memory does not grow with the file.
///
/// # Errors
/// Where the reader fails, or a header is missing without which no line can be understood. Lines
/// that cannot be read are no error: they are counted in the summary.
pub fn parse(
    kind: Kind,
    import: &Import,
    reader: &mut dyn BufRead,
    sink: &mut dyn RecordSink,
) -> Result<Summary, ImportError> {
    let mut lines = Lines::new(reader, &import.name);
    let mut out = Out {
        import,
        sink,
        line: 0,
        summary: Summary { next_flow: import.first_flow, ..Summary::default() },
    };
    match kind {
        Kind::Dnsmasq => dnsmasq::read(&mut lines, &mut out)?,
        Kind::IscDhcpd => isc::read(&mut lines, &mut out)?,
        Kind::Kea => kea::read(&mut lines, &mut out)?,
        Kind::Inventory => inventory::read(&mut lines, &mut out)?,
        Kind::Zeek => zeek::read(&mut lines, &mut out)?,
        Kind::Eve => eve::read(&mut lines, &mut out)?,
    }
    out.summary.lines = lines.number();
    Ok(out.summary)
}

/// Counts what is handed on.
struct Out<'a> {
    import: &'a Import,
    sink: &'a mut dyn RecordSink,
    /// The line that is read.
    line: u64,
    summary: Summary,
}

impl Out<'_> {
    fn packet(&self) -> PacketId {
        PacketId { input: self.import.input, number: self.line }
    }

    fn hint(&mut self, mut hint: Hint) {
        hint.source = text(&self.import.name);
        self.summary.hints += 1;
        self.sink.hint(&hint);
    }

    fn fact(&mut self, fact: &Fact) {
        self.summary.facts += 1;
        self.sink.fact(fact);
    }

    fn flow(&mut self, mut flow: Flow) {
        flow.id = FlowId(self.summary.next_flow);
        self.summary.next_flow = self.summary.next_flow.saturating_add(1);
        self.summary.flows += 1;
        self.sink.flow(&flow);
    }

    fn left_out(&mut self) {
        self.summary.left_out += 1;
    }

    fn bad(&mut self, says: impl Into<String>) {
        self.summary.bad_lines += 1;
        if self.summary.problems.len() < MOST_PROBLEMS {
            let file = self.import.name.clone();
            self.summary.problems.push(Problem { file, line: self.line, says: says.into() });
        }
    }
}

/// A text without control characters, cut at [`MOST_TEXT`] bytes.
fn text(said: &str) -> Text {
    let mut kept = Text::default();
    for c in said.trim().chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > MOST_TEXT {
            break;
        }
        kept.push(c);
    }
    kept
}

/// As [`text`]; none where nothing is left, or where it stands for nothing.
fn some_text(said: &str) -> Option<Text> {
    let kept = text(said);
    let nothing = matches!(kept.as_str(), "" | "-" | "*" | "?");
    (!nothing).then_some(kept)
}
