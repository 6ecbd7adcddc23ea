//! The name of a site, which is also the name of a folder.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::HistoryError;

/// Longest name of a site; a folder name may have 255 bytes.
const MAX_NAME: usize = 64;

/// The name of a site: safe as a folder name and as a Hive partition value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Site(Box<str>);

impl Site {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Site {
    fn default() -> Self {
        Site("main".into())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Site {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let allowed = |b: u8| plain(b) || b == b'-' || b == b'_';
        let starts = text.bytes().next().is_some_and(plain);
        if starts && text.len() <= MAX_NAME && text.bytes().all(allowed) {
            Ok(Site(text.into()))
        } else {
            Err(HistoryError::Site(text.chars().take(MAX_NAME).collect()))
        }
    }
}

impl From<Site> for String {
    fn from(site: Site) -> Self {
        site.0.into()
    }
}

impl TryFrom<String> for Site {
    type Error = HistoryError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        for text in ["", "..", "../x", "a/b", "A", "-a", "a=b", "a\0", &"a".repeat(65)] {
            assert!(text.parse::<Site>().is_err(), "{text:?}");
        }
        assert_eq!("hall-2".parse::<Site>().unwrap().as_str(), "hall-2");
    }
}
