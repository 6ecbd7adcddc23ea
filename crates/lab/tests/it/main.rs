//! The demonstration site as others see it: complete, repeatable, and clean in tshark's eyes.

mod dissected;
mod site;
