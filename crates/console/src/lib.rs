//! The console: what people see and do in a browser.
