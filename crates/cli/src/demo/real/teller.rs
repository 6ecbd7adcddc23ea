//! How the story is told: steps, commands with what they print, measurements, and claims that hold
//! or do not.

use std::io::{self, IsTerminal as _};

use cordon_model::Severity;
use cordon_report::terminal::Style;
use cordon_report::terminal::page::{Page, Tone, span};

use super::service::{Ran, Service};
use super::talk::Counted;
use crate::args::Colour;
use crate::ask::Paper;
use crate::failure::Failure;
use crate::output::{print, style};

/// Tells, and counts what it claims.
pub struct Teller {
    style: Style,
    steps: u32,
    of: u32,
    held: u32,
    broken: u32,
}

impl Teller {
    /// A story of so many steps.
    pub fn new(colour: Colour, of: u32) -> Self {
        let style = style(colour, io::stdout().is_terminal());
        Teller { style, steps: 0, of, held: 0, broken: 0 }
    }

    /// Begins the next step.
    pub fn step(&mut self, title: &str) -> Result<(), Failure> {
        self.steps += 1;
        let title = format!("{} of {}: {title}", self.steps, self.of);
        self.write(|page| page.heading(&title))
    }

    /// Says something.
    pub fn says(&self, text: &str) -> Result<(), Failure> {
        self.write(|page| page.paragraph(&[], &[span(Tone::Normal, text)]))
    }

    /// A name and what it stands for.
    pub fn row(&self, name: &str, text: &str) -> Result<(), Failure> {
        let head = [span(Tone::Strong, format!("  {name:<10}"))];
        self.write(|page| page.paragraph(&head, &[span(Tone::Normal, text)]))
    }

    /// Has a command run and shows it with what it prints, which is `shown` of it.
    pub fn runs(
        &self,
        service: &Service,
        arguments: &[&str],
        shown: impl Fn(&str) -> String,
    ) -> Result<Ran, Failure> {
        let word = |word: &&str| match word.contains(' ') {
            true => format!("\"{word}\""),
            false => (*word).to_owned(),
        };
        let words: Vec<String> = arguments.iter().map(word).collect();
        let typed = format!("$ cordon {}", words.join(" "));
        self.write(|page| page.line(&[span(Tone::Strong, typed)]))?;
        let colour = if self.style.colour { "always" } else { "never" };
        let ran = service.run(&[arguments, &["--color", colour]].concat(), true)?;
        print(&shown(&ran.out))?;
        Ok(ran)
    }

    /// What was sent and what arrived.
    pub fn measured(&self, what: &str, carried: &str, counted: Counted) -> Result<(), Failure> {
        let Counted { sent, arrived, .. } = counted;
        let figures = format!("  {what:<43} {carried:<12} {sent:>3} sent {arrived:>3} arrived");
        self.write(|page| page.line(&[span(Tone::Normal, figures)]))
    }

    /// Claims something, and says whether it holds.
    pub fn claims(&mut self, holds: bool, what: &str) -> Result<(), Failure> {
        let (word, tone) = match holds {
            true => ("Yes: ", Tone::Good),
            false => ("NOT SO: ", Tone::Severity(Severity::High)),
        };
        match holds {
            true => self.held += 1,
            false => self.broken += 1,
        }
        self.write(|page| page.paragraph(&[span(tone, word)], &[span(tone, what)]))
    }

    /// Claims that hold, and claims that do not.
    pub const fn score(&self) -> (u32, u32) {
        (self.held, self.broken)
    }

    fn write(&self, write: impl FnOnce(&mut Paper) -> std::fmt::Result) -> Result<(), Failure> {
        let mut text = String::new();
        write(&mut Page::new(self.style, &mut text))
            .map_err(|error| Failure::Other(error.to_string()))?;
        print(&text)
    }
}
