//! Values with a few choices.

use crate::{rule::Rule, value::Word};

macro_rules! choice {
    ($(#[$doc:meta])* $Name:ident { $($(#[$of:meta])* $Variant:ident $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $Name {
            $($(#[$of])* $Variant,)+
        }

        impl $Name {
            /// As it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($Name::$Variant => $word,)+ }
            }
        }

        impl Word for $Name {
            const KIND: &'static str = "choice";

            fn from_word(word: &str, rule: Rule) -> Result<Self, String> {
                match word {
                    $($word => Ok($Name::$Variant),)+
                    _ => Err(format!("must be {}", Self::limits(rule).unwrap_or_default())),
                }
            }

            fn to_word(&self) -> String {
                self.as_str().to_owned()
            }

            fn limits(_: Rule) -> Option<String> {
                Some(one_of(&[$($word),+]))
            }
        }
    };
}

choice! {
    /// How much is logged.
    LogLevel {
        /// What keeps the service from its work.
        Error "error",
        /// What will, if nobody looks.
        Warn "warn",
        /// What it does.
        Info "info",
        /// Why it does it.
        Debug "debug",
        /// Every step.
        Trace "trace",
    }
}

choice! {
    /// What a line of the log looks like.
    LogFormat {
        /// For people.
        Text "text",
        /// One JSON object per line.
        Json "json",
    }
}

choice! {
    /// Who may read the measurements.
    MetricsFor {
        /// Whoever has signed in, or holds a token for it.
        SignedIn "signed-in",
        /// Them, and every program on this machine.
        ThisMachine "this-machine",
        /// Nobody; the page does not exist.
        Nobody "nobody",
    }
}

choice! {
    /// Who enforces contracts on this machine.
    EnforceDriver {
        /// Nobody: contracts are watched only.
        None "none",
        /// The kernel, told by `nft`.
        Nftables "nftables",
    }
}

/// `"a", "b" or "c"`.
fn one_of(words: &[&str]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        text.push_str(match index {
            0 => "",
            _ if index + 1 == words.len() => " or ",
            _ => ", ",
        });
        text.push('"');
        text.push_str(word);
        text.push('"');
    }
    text
}
