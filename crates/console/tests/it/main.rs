//! The console as a browser meets it, over a made-up site.

mod fake;
