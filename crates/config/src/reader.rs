//! Text to typed values: a file, environment variables and `--set`, all through the same table.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::{
    nearest,
    problem::{Problem, Problems, position},
    table::{Config, Key, SECTIONS},
    value::{Wrong, quoted},
};

/// A file of all keys has some kilobytes.
const LARGEST_TEXT: usize = 1 << 20;

/// Who has more to mend starts with these.
const MOST_PROBLEMS: usize = 100;

/// How much of a key or message of the text is repeated in a problem.
const MOST_REPEATED: usize = 64;

/// What all variables begin with.
const PREFIX: &str = "CORDON_";

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// From nowhere: it is the default.
    Default,
    /// From a line of this file.
    File {
        /// As it was named.
        name: String,
        /// From 1.
        line: u32,
    },
    /// From this environment variable.
    Variable(String),
    /// From `--set`.
    Set,
}

/// A configuration, and where each value of it comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// The values.
    pub config: Config,
    origins: BTreeMap<&'static str, Origin>,
}

impl Settings {
    /// Where the value of this key comes from.
    #[must_use]
    pub fn origin(&self, key: &Key) -> Origin {
        self.origins.get(key.path).cloned().unwrap_or(Origin::Default)
    }
}

/// Takes texts, the least important first, and gives the values.
#[derive(Debug)]
pub struct Reader {
    settings: Settings,
    problems: Vec<Problem>,
}

/// Everything that is wrong with `text`, in its order; `name` is what to call the file.
#[must_use]
pub fn check(text: &str, name: &str) -> Vec<Problem> {
    parse(text, name).err().map(|Problems(problems)| problems).unwrap_or_default()
}

/// The values of `text`; `name` is what to call the file.
///
/// # Errors
/// Everything that [`check`] finds.
pub fn parse(text: &str, name: &str) -> Result<Settings, Problems> {
    let mut reader = Reader::new();
    reader.file(text, name);
    reader.finish()
}

impl Default for Reader {
    fn default() -> Self {
        Reader::new()
    }
}

impl Reader {
    /// The defaults.
    #[must_use]
    pub fn new() -> Reader {
        let settings = Settings { config: Config::default(), origins: BTreeMap::new() };
        Reader { settings, problems: Vec::new() }
    }

    /// Takes the values of a file; `name` is what to call it.
    pub fn file(&mut self, text: &str, name: &str) {
        if text.len() > LARGEST_TEXT {
            let says = format!("is longer than {LARGEST_TEXT} bytes; is it the right file?");
            self.problem(name, says);
            return;
        }
        let mut found = Found { at: Vec::new(), reader: self, text, name };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or_default();
            let (key, says) = match error.message() {
                "duplicate key" => {
                    let key = text.get(span.clone()).unwrap_or_default();
                    (repeated(key), "stands here a second time".to_owned())
                }
                message => (String::new(), repeated(&format!("is no TOML: {message}"))),
            };
            found.add(span.start, key, says);
        }
        found.sections(table.get_ref());
        let mut at = found.at;
        at.sort_by_key(|(at, _)| *at);
        at.truncate(MOST_PROBLEMS);
        for (at, problem) in at {
            let (line, column) = position(text, at);
            self.problems.push(Problem { line, column, ..problem });
        }
    }

    /// Takes environment variables; those that name no section of ours are for others.
    pub fn environment<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) {
        for (name, value) in variables {
            let (name, value) = (name.as_ref(), value.as_ref());
            let Some((section, rest)) =
                name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'))
            else {
                continue;
            };
            let section = section.to_ascii_lowercase();
            if SECTIONS.iter().any(|known| known.name == section) {
                let path = format!("{section}.{}", rest.to_ascii_lowercase());
                self.word(&path, value, name, Origin::Variable(name.to_owned()));
            }
        }
    }

    /// Takes the `key=value` of one `--set`.
    pub fn set(&mut self, assignment: &str) {
        match assignment.split_once('=') {
            Some((path, value)) => self.word(path.trim(), value.trim(), "--set", Origin::Set),
            None => {
                let says = format!("must be given key=value, not {}", repeated(assignment));
                self.problem("--set", says);
            }
        }
    }

    /// The values.
    ///
    /// # Errors
    /// Everything that was wrong, in the order in which it was given.
    pub fn finish(mut self) -> Result<Settings, Problems> {
        self.together();
        self.problems.truncate(MOST_PROBLEMS);
        if self.problems.is_empty() { Ok(self.settings) } else { Err(Problems(self.problems)) }
    }

    /// One value that is not in a file. It is TOML, or the plain text of a string, or the texts
    /// of a list with commas between.
    fn word(&mut self, path: &str, value: &str, place: &str, origin: Origin) {
        let Some(key) = Key::find(path) else {
            self.problems.push(Problem {
                nearest: nearest::key(path),
                key: repeated(path),
                ..bare(place, "is no key".to_owned())
            });
            return;
        };
        if value.len() > LARGEST_TEXT {
            self.problem(place, "is too long".to_owned());
            return;
        }
        let mut read = |text: &str| match DeValue::parse(text) {
            Ok(value) => key.read(&mut self.settings.config, &value).map_err(|wrong| wrong.says),
            Err(error) => Err(repeated(&format!("is no TOML: {}", error.message()))),
        };
        let plain = match key.is_list() {
            false => quoted(value),
            true => {
                let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
                format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
            }
        };
        let is_toml = value.starts_with(['"', '\'', '[', '{']);
        let outcome = match read(value) {
            Ok(()) => Ok(()),
            Err(says) if is_toml => Err(says),
            // A number or a word such as `true` is what its text says where a string is wanted.
            Err(says) => read(&plain)
                .map_err(|plainly| if DeValue::parse(value).is_ok() { says } else { plainly }),
        };
        match outcome {
            Ok(()) => {
                self.settings.origins.insert(key.path, origin);
            }
            Err(says) => {
                self.problems.push(Problem { key: key.path.to_owned(), ..bare(place, says) });
            }
        }
    }

    /// What one value alone cannot show.
    fn together(&mut self) {
        let web = &self.settings.config.web;
        let mut wrong = Vec::new();
        if web.certificate.is_some() != web.key.is_some() {
            let (has, wants) = match web.certificate {
                Some(_) => ("web.certificate", "web.key"),
                None => ("web.key", "web.certificate"),
            };
            wrong.push((has, format!("needs {wants} beside it")));
        }
        if web.session_idle > web.session_longest {
            let says =
                format!("must not be longer than web.session_longest, {}", web.session_longest);
            wrong.push(("web.session_idle", says));
        }
        for (path, says) in wrong {
            let origin = self.settings.origins.get(path).cloned().unwrap_or(Origin::Default);
            let (place, line) = match origin {
                Origin::File { name, line } => (name, line),
                Origin::Variable(name) => (name, 0),
                Origin::Set => ("--set".to_owned(), 0),
                Origin::Default => ("default".to_owned(), 0),
            };
            let column = u32::from(line > 0);
            self.problems.push(Problem {
                line,
                column,
                key: path.to_owned(),
                ..bare(&place, says)
            });
        }
    }

    fn problem(&mut self, place: &str, says: String) {
        self.problems.push(bare(place, says));
    }
}

/// What is wrong with one file so far, by byte.
struct Found<'a> {
    at: Vec<(usize, Problem)>,
    reader: &'a mut Reader,
    text: &'a str,
    name: &'a str,
}

impl Found<'_> {
    fn sections(&mut self, table: &DeTable<'_>) {
        for (name, value) in table.iter() {
            let (at, name) = (name.span().start, name.get_ref().as_ref());
            let known = SECTIONS.iter().find(|section| section.name == name);
            match (known, value.get_ref()) {
                (Some(section), DeValue::Table(keys)) => self.keys(section.name, keys),
                (Some(_), _) => {
                    self.add(at, repeated(name), format!("is a section: write [{name}]"));
                }
                (None, DeValue::Table(_)) => {
                    let nearest = nearest::section(name);
                    self.unknown(at, format!("[{name}]"), "is no section", nearest);
                }
                (None, _) => self.unknown(at, name.to_owned(), "is no key", nearest::key(name)),
            }
        }
    }

    fn keys(&mut self, section: &'static str, keys: &DeTable<'_>) {
        for (name, value) in keys.iter() {
            let at = name.span().start;
            let path = format!("{section}.{}", name.get_ref());
            let Some(key) = Key::find(&path) else {
                let nearest = nearest::key(&path);
                self.unknown(at, path, "is no key", nearest);
                continue;
            };
            match key.read(&mut self.reader.settings.config, value) {
                Ok(()) => {
                    let (line, _) = position(self.text, at);
                    let origin = Origin::File { name: self.name.to_owned(), line };
                    self.reader.settings.origins.insert(key.path, origin);
                }
                Err(Wrong { at, says }) => self.add(at.start, path, says),
            }
        }
    }

    fn unknown(&mut self, at: usize, key: String, says: &str, nearest: Option<&'static str>) {
        self.add(at, repeated(&key), says.to_owned());
        if let Some((_, problem)) = self.at.last_mut() {
            problem.nearest = nearest;
        }
    }

    fn add(&mut self, at: usize, key: String, says: String) {
        self.at.push((at, Problem { key, ..bare(self.name, says) }));
    }
}

fn bare(place: &str, says: String) -> Problem {
    Problem { place: place.to_owned(), line: 0, column: 0, key: String::new(), says, nearest: None }
}

/// A text from outside, short and harmless to a terminal.
fn repeated(text: &str) -> String {
    text.chars()
        .take(MOST_REPEATED)
        .flat_map(|c| {
            let control = c.is_control().then(|| c.escape_default());
            let plain = control.is_none().then_some(c);
            control.into_iter().flatten().chain(plain)
        })
        .collect()
}
