//! A ledger as a file: newline-delimited JSON that is verified without the service.
//!
//! A header, every checkpoint, every record, and a line that says it is complete. Checkpoints come
//! before records, so that an audit reads the file once and keeps no record.
//!
//! ```text
//! {"header":{"format":"cordon.ledger/1","key":"cordon/plant+1a2b3c4d+A…","size":2}}
//! {"checkpoint":{"list":"database","text":"cordon/plant\n2\n…"}}
//! {"record":{"index":0,"leaf":"…","text":"{\"action\":\"service.start\",…}"}}
//! {"end":{"checkpoints":1,"records":2}}
//! ```

use std::io::{BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{
    Auditor, Checkpoint, CheckpointError, Fault, Hash, List, LogKey, NOTE_MAX, RECORD_MAX, Row,
    Verified, Verifier,
};

/// The format and its version.
pub const FORMAT: &str = "cordon.ledger/1";
/// Bytes of one line: a record whose every byte is escaped, and what stands around it.
pub const LINE_MAX: usize = 6 * RECORD_MAX + NOTE_MAX;

/// Why an export was not found good.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file cannot be read.
    #[error("cannot read the export: {0}; check the path and the medium")]
    Read(#[from] std::io::Error),
    /// A line is not what it should be.
    #[error("line {line} of the export is {why}; export the ledger again")]
    Malformed {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file ends early, and what is there is good so far.
    #[error("the export ends before its last line; copy or export it again")]
    Incomplete,
    /// The saved checkpoint is of no use.
    #[error("the saved checkpoint cannot be used: {0}")]
    Saved(CheckpointError),
    /// The ledger in it is not what was signed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// The first.
    Header {
        /// Which ledger; only for showing, an audit takes the key from elsewhere.
        key: LogKey,
        /// How many records follow.
        size: u64,
    },
    /// A signed checkpoint.
    Checkpoint {
        /// Where it was kept.
        list: List,
        /// Its text.
        text: String,
    },
    /// A record.
    Record {
        /// Its place.
        index: u64,
        /// Its bytes.
        record: Vec<u8>,
        /// The hash kept beside it.
        leaf: Hash,
    },
    /// The last.
    End {
        /// How many checkpoints there were.
        checkpoints: u64,
        /// How many records there were.
        records: u64,
    },
}

impl Line {
    /// As JSON with its line break.
    #[must_use]
    pub fn to_text(&self) -> String {
        let raw = match self {
            Line::Header { key, size } => {
                Raw::Header { format: FORMAT.to_owned(), key: key.to_string(), size: *size }
            }
            Line::Checkpoint { list, text } => {
                Raw::Checkpoint { list: list_name(*list).to_owned(), text: text.clone() }
            }
            Line::Record { index, record, leaf } => {
                let leaf = STANDARD.encode(leaf);
                // Bytes that somebody damaged are exported as they are.
                let (text, bytes) = match str::from_utf8(record) {
                    Ok(text) => (Some(text.to_owned()), None),
                    Err(_) => (None, Some(STANDARD.encode(record))),
                };
                Raw::Record { index: *index, leaf, text, bytes }
            }
            Line::End { checkpoints, records } => {
                Raw::End { checkpoints: *checkpoints, records: *records }
            }
        };
        let mut text = serde_json::to_string(&raw).unwrap_or_default();
        text.push('\n');
        text
    }

    /// From JSON; the error says what the line is.
    ///
    /// # Errors
    /// When it is too long or none of the four.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        if text.len() > LINE_MAX {
            return Err("too long");
        }
        match serde_json::from_slice(text).map_err(|_| "not a line of a ledger export")? {
            Raw::Header { format, .. } if format != FORMAT => {
                Err("of another format than cordon.ledger/1")
            }
            Raw::Header { key, size, .. } => {
                let key = key.parse().map_err(|_| "a header without a ledger key")?;
                Ok(Line::Header { key, size })
            }
            Raw::Checkpoint { list, text } => {
                let list = LISTS
                    .iter()
                    .find(|known| list_name(**known) == list)
                    .ok_or("a checkpoint of an unknown list")?;
                Ok(Line::Checkpoint { list: *list, text })
            }
            Raw::Record { index, leaf, text, bytes } => {
                let leaf = STANDARD
                    .decode(leaf)
                    .ok()
                    .and_then(|leaf| leaf.try_into().ok())
                    .ok_or("a record without a leaf hash")?;
                let record = match (text, bytes) {
                    (Some(text), None) => text.into_bytes(),
                    (None, Some(bytes)) => {
                        STANDARD.decode(bytes).map_err(|_| "a record without its bytes")?
                    }
                    _ => return Err("a record without its bytes"),
                };
                Ok(Line::Record { index, record, leaf })
            }
            Raw::End { checkpoints, records } => Ok(Line::End { checkpoints, records }),
        }
    }
}

/// Verifies an export, with a key and a checkpoint that were kept apart from it.
///
/// Without a saved checkpoint it cannot be noticed that the end was cut off together with the
/// checkpoints of the export.
///
/// # Errors
/// When the file cannot be read or is incomplete, or the first thing that is wrong with the ledger.
pub fn verify_export(
    from: &mut dyn BufRead,
    saved: Option<&str>,
    key: &LogKey,
    verifier: &dyn Verifier,
) -> Result<Verified, ExportError> {
    let mut auditor = Auditor::new(key.clone(), verifier);
    if let Some(text) = saved {
        // Its owner should hear about it as the one thing that can be replaced.
        Checkpoint::verify(text, key, verifier).map_err(ExportError::Saved)?;
        auditor.checkpoint(List::Saved, text);
    }
    let mut number = 0_u64;
    let mut counted = (0_u64, 0_u64);
    let mut complete = false;
    let mut line = Vec::new();
    while next_line(from, &mut line)? {
        number = number.saturating_add(1);
        let malformed = |why| ExportError::Malformed { line: number, why };
        if complete {
            return Err(malformed("behind the end"));
        }
        // A line without its break was cut short while it was written or copied.
        if line.pop_if(|byte| *byte == b'\n').is_none() && line.len() <= LINE_MAX {
            break;
        }
        match Line::parse(&line).map_err(malformed)? {
            Line::Header { .. } if number == 1 => {}
            Line::Header { .. } => return Err(malformed("a second header")),
            _ if number == 1 => return Err(malformed("not the header")),
            Line::Checkpoint { .. } if counted.1 > 0 => {
                return Err(malformed("a checkpoint behind records"));
            }
            Line::Checkpoint { list, text } => {
                counted.0 = counted.0.saturating_add(1);
                auditor.checkpoint(list, &text);
            }
            Line::Record { index, record, leaf } => {
                counted.1 = counted.1.saturating_add(1);
                auditor.row(Row { index, record: &record, leaf });
            }
            // The numbers are for people; what is missing the audit finds by the signatures.
            Line::End { .. } => complete = true,
        }
    }
    match auditor.finish() {
        // A file cut short by accident looks like a ledger cut short on purpose.
        Err(Fault::Cut { .. }) | Ok(_) if !complete => Err(ExportError::Incomplete),
        result => Ok(result?),
    }
}

/// Reads a line with its break, at most one byte more than is allowed; false at the end.
fn next_line(from: &mut dyn BufRead, line: &mut Vec<u8>) -> Result<bool, std::io::Error> {
    line.clear();
    // One for the break, one to see that it is too long.
    let max = (LINE_MAX as u64).saturating_add(2);
    Ok(Read::take(from, max).read_until(b'\n', line)? > 0)
}

const LISTS: [List; 3] = [List::Database, List::File, List::Saved];

fn list_name(list: List) -> &'static str {
    match list {
        List::Database => "database",
        List::File => "file",
        List::Saved => "saved",
    }
}

/// A line as its JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Raw {
    Header {
        format: String,
        key: String,
        size: u64,
    },
    Checkpoint {
        list: String,
        text: String,
    },
    Record {
        index: u64,
        leaf: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<String>,
    },
    End {
        checkpoints: u64,
        records: u64,
    },
}
