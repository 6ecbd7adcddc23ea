//! What people are called.

use cordon_model::record::{Person, PersonId, Role};
use cordon_model::{Text, Timestamp};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::secret::{NoRandomness, random};

/// A person's name as it is kept: NFC, without surrounding or doubled blanks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name(Text);

/// Why something is no name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing is left of it.
    #[error("enter a name")]
    Empty,
    /// It is longer than [`Name::MAX_CHARS`].
    #[error("a name has at most 64 characters")]
    TooLong,
    /// It has characters that do not show or that change how others show.
    #[error("a name has no control or invisible characters")]
    Invisible,
}

impl Name {
    /// Longest name: fits a line of a phone's screen twice over, and WebAuthn's 64 bytes for
    /// plain names.
    pub const MAX_CHARS: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Four bytes per character bound the work before it is done.
        if text.len() > Self::MAX_CHARS * 8 {
            return Err(NameError::TooLong);
        }
        let composed: String = text.nfc().collect();
        if composed.chars().any(invisible) {
            return Err(NameError::Invisible);
        }
        let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
        match name.chars().count() {
            0 => Err(NameError::Empty),
            count if count > Self::MAX_CHARS => Err(NameError::TooLong),
            _ => Ok(Name(name.into())),
        }
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared: `Anna` and `ANNA` are one person.
    #[must_use]
    pub fn key(&self) -> String {
        Self::key_of(&self.0)
    }

    /// How any text is compared with a kept name. Never fails, so that a name that cannot exist
    /// takes the same way as one that does not.
    #[must_use]
    pub fn key_of(text: &str) -> String {
        let short: String = text.chars().take(Self::MAX_CHARS * 2).collect();
        let folded: String = short.nfkc().flat_map(char::to_lowercase).collect();
        let composed: String = folded.nfkc().collect();
        composed.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Somebody new, with an id of 128 random bits.
///
/// # Errors
///
/// The kernel gave no random bytes.
pub fn new_person(name: &Name, role: Role, now: Timestamp) -> Result<Person, NoRandomness> {
    let id = Uuid::from_bytes(random()?).simple().to_string();
    let id = PersonId(id.into());
    Ok(Person { id, name: name.0.clone(), role, created: now, disabled: false })
}

/// Control characters, and those that hide, join or turn text around.
fn invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let composed = Name::parse("Zo\u{eb}").unwrap();
        let decomposed = Name::parse("  Zoe\u{308} ").unwrap();
        assert_eq!(composed, decomposed);
        assert_eq!(Name::parse("ANNA").unwrap().key(), Name::parse("anna").unwrap().key());
        assert_eq!(Name::key_of("Anna  Berg"), Name::parse(" anna berg").unwrap().key());
    }

    #[test]
    fn a_name_that_hides_characters_is_refused() {
        for name in ["a\u{202e}b", "admin\u{200b}", "a\nb", "\u{feff}a", "a\0"] {
            assert_eq!(Name::parse(name), Err(NameError::Invisible), "{name:?}");
        }
        assert_eq!(Name::parse(" \t "), Err(NameError::Invisible));
        assert_eq!(Name::parse("  "), Err(NameError::Empty));
        assert_eq!(Name::parse(&"a".repeat(65)), Err(NameError::TooLong));
        assert_eq!(Name::parse(&"a".repeat(1 << 20)), Err(NameError::TooLong));
        assert!(Name::parse(&"ü".repeat(64)).is_ok());
    }

    #[test]
    fn every_person_gets_an_id_of_their_own() {
        let name = Name::parse("Anna").unwrap();
        let now = Timestamp::from_secs(0);
        let one = new_person(&name, Role::Viewer, now).unwrap();
        let two = new_person(&name, Role::Viewer, now).unwrap();
        assert_ne!(one.id, two.id);
        assert_eq!(one.id.0.len(), 32);
    }
}
