//! Reading a file.

mod acls;
mod container;
mod json;
mod matches;
mod place;
mod tls;

use cordon_model::Text;
use serde_json::Value;

use crate::file::MudFile;
use crate::limits::{MAX_FILE_BYTES, MAX_WARNINGS};
use crate::warning::{Place, Problem, Warning, shown};

/// A file that was read, and what a person should know about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// The file.
    pub file: MudFile,
    /// What is wrong with it or was left out, in the order of the file.
    pub warnings: Vec<Warning>,
}

impl Parsed {
    /// How many entries were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        let aces = self.file.acls.iter().flat_map(|acl| &acl.aces);
        aces.filter(|ace| !ace.understood).count()
    }
}

/// Why a file is no MUD file.
#[derive(Debug, thiserror::Error)]
pub enum MudError {
    /// Too large.
    #[error(
        "the file has {0} bytes, more than {MAX_FILE_BYTES}; a MUD file is much smaller, ask its maker"
    )]
    TooLarge(usize),
    /// No JSON, or JSON that can be read in two ways.
    #[error("the file is no JSON that can be relied on: {0}")]
    Json(#[from] serde_json::Error),
    /// No container of RFC 8520.
    #[error("the file has no {0:?}; it is no MUD file (RFC 8520)")]
    NoContainer(&'static str),
    /// Made for another version.
    #[error(
        "mud-version is {0}, and only version 1 (RFC 8520) is known; ask the maker for such a file"
    )]
    Version(Text),
    /// The URL, by which devices and files know each other, is missing or none.
    #[error("mud-url is {0}; it must be an absolute URL of at most 253 characters")]
    Url(Text),
}

/// Reads a file.
///
/// # Errors
///
/// Where the bytes are no MUD file at all. Whatever else is wrong is a [`Warning`], and concerns
/// the part where it stands.
pub fn parse(bytes: &[u8]) -> Result<Parsed, MudError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(MudError::TooLarge(bytes.len()));
    }
    // RFC 8259 lets a reader ignore a byte order mark, and some editors write one.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Value::Object(root) = json::read(bytes)? else {
        return Err(MudError::NoContainer(container::NAME));
    };
    let mut reader = Reader::default();
    let mut file = container::read(&root, &mut reader)?;
    file.acls = acls::read(&root, &mut reader);
    acls::check_policies(&file, &mut reader);
    for name in root.keys() {
        if name != container::NAME && !acls::NAMES.contains(&name.as_str()) {
            reader.warn(Problem::UnknownLeaf(shown(name)));
        }
    }
    Ok(Parsed { file, warnings: reader.done() })
}

/// Collects warnings with their place.
#[derive(Default)]
struct Reader {
    place: Place,
    warnings: Vec<Warning>,
    more: usize,
    refused: bool,
}

impl Reader {
    /// Notes a problem at the present place.
    fn warn(&mut self, problem: Problem) {
        self.refused |= problem.refuses();
        let warning = Warning { place: self.place.clone(), problem };
        if self.warnings.contains(&warning) {
            return;
        }
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        } else {
            self.more += 1;
        }
    }

    /// Notes an old spelling, once for the file.
    fn old(&mut self, old: &'static str, new: &'static str) {
        let problem = Problem::OldSpelling(old, new);
        if self.warnings.iter().all(|held| held.problem != problem) {
            let place = std::mem::take(&mut self.place);
            self.warn(problem);
            self.place = place;
        }
    }

    /// Whether something was refused since it was last asked.
    fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    fn done(mut self) -> Vec<Warning> {
        if self.more > 0 {
            let problem = Problem::MoreWarnings(self.more);
            self.warnings.push(Warning { place: Place::default(), problem });
        }
        self.warnings
    }
}
