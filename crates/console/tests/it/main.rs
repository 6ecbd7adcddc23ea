//! The console as a browser meets it, over a made-up site.

mod browser;
mod fake;
mod forms;
mod pages;
mod way_in;
mod words;
