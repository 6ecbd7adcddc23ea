//! Why something was not done: one short list, the same for people and programs.

use std::fmt;

/// What a surface gets.
pub type Answer<T> = Result<T, Problem>;

macro_rules! problems {
    ($($variant:ident $name:literal $status:literal $title:literal,)*) => {
        /// The kinds of problem.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ProblemKind { $(#[doc = $title] $variant,)* }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &'static [ProblemKind] = &[$(ProblemKind::$variant,)*];

            /// The last part of the problem's `type` (RFC 9457).
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(ProblemKind::$variant => $name,)* }
            }

            /// HTTP status (RFC 9110).
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(ProblemKind::$variant => $status,)* }
            }

            /// In plain words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(ProblemKind::$variant => $title,)* }
            }
        }
    };
}

problems! {
    Invalid "invalid" 400 "The request cannot be understood",
    SignInNeeded "sign-in-needed" 401 "Sign in first",
    SignInRefused "sign-in-refused" 401 "That did not work",
    FreshSignInNeeded "fresh-sign-in-needed" 403 "Sign in again for this",
    Forbidden "forbidden" 403 "Not allowed",
    NotFound "not-found" 404 "There is no such thing",
    MethodNotAllowed "method-not-allowed" 405 "That cannot be done there",
    Conflict "conflict" 409 "Something changed in between",
    TooLarge "too-large" 413 "That is too large",
    TooMany "too-many" 429 "Too many tries",
    Broken "broken" 500 "Something went wrong here",
    Unavailable "unavailable" 503 "Not possible at the moment",
}

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Which kind.
    pub kind: ProblemKind,
    /// A sentence that says what to do.
    pub detail: String,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem with its sentence.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem { kind, detail: detail.into(), retry_after: None }
    }

    /// The request cannot be understood.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Problem::new(ProblemKind::Invalid, detail)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: impl fmt::Display) -> Self {
        Problem::new(ProblemKind::NotFound, format!("there is no {what}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}
