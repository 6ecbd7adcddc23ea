//! The only door to the terminal: every text goes through here, is made plain, and is wrapped.

use std::borrow::Cow;
use std::fmt;

use cordon_model::Severity;

use super::Style;
use crate::plain::{ascii, columns, plain, split};

/// Narrower than this nothing can be laid out, wider than that no line can be read.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=160;

/// How a piece of text looks. It never carries meaning alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// As it comes.
    Normal,
    /// Names and what matters.
    Strong,
    /// What may be passed over.
    Faint,
    /// All is well.
    Good,
    /// How grave something is.
    Severity(Severity),
}

impl Tone {
    /// Parameters of the escape sequence "select graphic rendition" (ECMA-48 § 8.3.117).
    const fn code(self) -> &'static str {
        match self {
            Tone::Normal => "",
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Good => "32",
            Tone::Severity(Severity::Critical) => "1;31",
            Tone::Severity(Severity::High) => "31",
            Tone::Severity(Severity::Medium) => "33",
            Tone::Severity(Severity::Low) => "36",
            Tone::Severity(Severity::Info) => "2",
        }
    }
}

/// A piece of text in one tone.
pub type Span<'a> = (Tone, Cow<'a, str>);

/// A span of anything that is text.
pub fn span<'a>(tone: Tone, text: impl Into<Cow<'a, str>>) -> Span<'a> {
    (tone, text.into())
}

/// Lines on their way to a terminal.
pub struct Page<'o, W: fmt::Write> {
    out: &'o mut W,
    style: Style,
}

impl<'o, W: fmt::Write> Page<'o, W> {
    /// A page on the way to `out`.
    pub fn new(style: Style, out: &'o mut W) -> Self {
        let width = style.width.clamp(*WIDTHS.start(), *WIDTHS.end());
        Page { out, style: Style { width, ..style } }
    }

    /// Columns in a line.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.style.width
    }

    /// What stands for text that did not fit.
    pub const fn mark(&self) -> &'static str {
        if self.style.unicode { "…" } else { ".." }
    }

    /// The text as it will appear.
    pub fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = plain(text);
        if self.style.unicode { text } else { Cow::Owned(ascii(&text).into_owned()) }
    }

    /// An empty line, or the end of one.
    ///
    /// # Errors
    /// Only those of the terminal.
    pub fn blank(&mut self) -> fmt::Result {
        self.out.write_char('\n')
    }

    /// A heading with a rule to the right edge.
    ///
    /// # Errors
    /// Only those of the terminal.
    pub fn heading(&mut self, title: &str) -> fmt::Result {
        self.blank()?;
        let rest = self.width().saturating_sub(columns(title) + 1);
        let rule = "─".repeat(rest);
        self.line(&[span(Tone::Strong, title), span(Tone::Faint, format!(" {rule}"))])
    }

    /// One line, as it is; the caller knows that it fits.
    ///
    /// # Errors
    /// Only those of the terminal.
    pub fn line(&mut self, spans: &[Span]) -> fmt::Result {
        for (tone, text) in spans {
            self.put(*tone, text)?;
        }
        self.blank()
    }

    /// Words wrapped to the width: `head` on the first line, following lines indented as far as
    /// the head reaches.
    ///
    /// # Errors
    /// Only those of the terminal.
    pub fn paragraph(&mut self, head: &[Span], body: &[Span]) -> fmt::Result {
        let indent: usize = head.iter().map(|(_, text)| columns(&self.shown(text))).sum();
        let room = self.width().saturating_sub(indent).max(20);
        for (tone, text) in head {
            self.put(*tone, text)?;
        }
        let mut used = 0;
        let mut gap = false;
        for (tone, text) in body {
            let text = self.shown(text).into_owned();
            gap |= text.starts_with(' ');
            for word in text.split_whitespace() {
                let mut word = word;
                let needs = columns(word) + usize::from(gap && used > 0);
                if used > 0 && used + needs > room {
                    self.next_line(indent)?;
                    used = 0;
                }
                while columns(word) > room {
                    let (part, rest) = split(word, room);
                    self.put(*tone, part)?;
                    self.next_line(indent)?;
                    word = rest;
                }
                if gap && used > 0 {
                    self.out.write_char(' ')?;
                    used += 1;
                }
                self.put(*tone, word)?;
                used += columns(word);
                gap = true;
            }
            gap = text.ends_with(' ');
        }
        self.blank()
    }

    fn next_line(&mut self, indent: usize) -> fmt::Result {
        write!(self.out, "\n{:indent$}", "")
    }

    fn put(&mut self, tone: Tone, text: &str) -> fmt::Result {
        let text = self.shown(text);
        let code = tone.code();
        if !self.style.colour || code.is_empty() || text.trim().is_empty() {
            return self.out.write_str(&text);
        }
        write!(self.out, "\x1b[{code}m{text}\x1b[0m")
    }
}
