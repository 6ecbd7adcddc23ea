//! Captures that are made here, byte by byte, and read back.

mod damage;
mod formats;
mod inputs;
#[cfg(target_os = "linux")]
mod live;
mod make;
mod packed;
