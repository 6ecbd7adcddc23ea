//! A site's own policies: read while files may still be read, refused as a whole where a line of
//! them is wrong.

use std::io::Read as _;
use std::path::Path;

use cordon_authz::{Policies, PolicyError};
use cordon_config::{Config, Key, Origin, Settings};

use crate::failure::Failure;

/// The key that names the file.
const KEY: &str = "site.policies";

/// The text of a site's policies, and the file's name.
pub struct SiteRules {
    file: String,
    text: String,
}

impl SiteRules {
    /// Reads the file that is configured, if one is.
    pub fn read(config: &Config) -> std::io::Result<Option<Self>> {
        let Some(path) = &config.site.policies else { return Ok(None) };
        read(path.as_path()).map(Some)
    }

    /// The policies that come with cordon, and a site's own where there are some.
    pub fn policies(rules: Option<Self>) -> Result<Policies, PolicyError> {
        match rules {
            Some(rules) => Policies::with_site(&rules.file, &rules.text),
            None => Policies::shipped(),
        }
    }
}

fn read(path: &Path) -> std::io::Result<SiteRules> {
    let mut text = String::new();
    // One more than may be: that it is too long is said with the rest that is wrong.
    let most = Policies::MAX_BYTES as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(SiteRules { file: path.display().to_string(), text })
}

/// One line about what is wrong with them: a service with other rules than were meant is none.
pub fn refusal(error: &PolicyError) -> Failure {
    let (first, more) = match error {
        PolicyError::Faults(faults) => match faults.split_first() {
            Some((first, rest)) => (first.to_string(), rest.len()),
            None => (String::new(), 0),
        },
        other => (other.to_string(), 0),
    };
    let first = first.replace('\n', " ");
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Failure::Other(format!("{first}{more}; `cordon config check` shows all that is wrong"))
}

/// One line where they cannot be read.
pub fn unreadable(error: &std::io::Error, config: &Config) -> Failure {
    let path = config.site.policies.as_ref().map(|path| path.as_path().display().to_string());
    Failure::Other(format!("{KEY}: cannot read {}: {error}", path.unwrap_or_default()))
}

/// Everything that is wrong with the policies that a configuration names, a line each.
pub fn problems(settings: &Settings) -> Vec<String> {
    match SiteRules::read(&settings.config) {
        Ok(rules) => match SiteRules::policies(rules) {
            Ok(_) => Vec::new(),
            Err(error) => error.to_string().lines().map(str::to_owned).collect(),
        },
        Err(error) => {
            let place = match Key::find(KEY).map(|key| settings.origin(key)) {
                Some(Origin::File { name, line }) => format!("{name}:{line}: "),
                _ => String::new(),
            };
            let path = settings.config.site.policies.as_ref().map(|path| path.as_path().display());
            let path = path.map(|path| path.to_string()).unwrap_or_default();
            vec![format!("{place}{KEY}: cannot read {path}: {error}")]
        }
    }
}
