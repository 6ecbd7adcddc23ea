//! Where packets come from: capture files, standard input, and live interfaces.
//!
//! Every source lends its packets one after the other out of a buffer of its own, without an
//! allocation per packet, and keeps an [`InputStatus`]: how much there was and what is missing.
//! A damaged file gives every packet before the damage and says where that lies; it is never an
//! error. An error is an input that cannot be read at all.
//!
//! ```
//! use cordon_capture::{FileSource, PcapWriter, Precision};
//! use cordon_model::{LinkType, Timestamp};
//!
//! let mut file = Vec::new();
//! let mut writer = PcapWriter::new(&mut file, LinkType::ETHERNET, Precision::Nanos)?;
//! writer.write(Timestamp::from_secs(1), 60, &[0; 60])?;
//!
//! let mut source = FileSource::from_reader(Box::new(std::io::Cursor::new(file)), "made.pcap", 0)?;
//! let packet = source.next().ok_or("no packet")?;
//! assert_eq!((packet.id.number, packet.data.len()), (1, 60));
//! assert!(source.next().is_none());
//! assert_eq!(source.status().cut_short, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate must not know: what is in a packet, flows, devices, findings, how a report looks.

mod classic;
pub mod error;
pub mod input;
#[cfg(target_os = "linux")]
pub mod live;
mod pcapng;
pub mod source;
pub mod status;
mod unpack;
mod window;
mod words;
pub mod writer;

pub use error::CaptureError;
pub use input::{InputPath, Inputs, expand};
#[cfg(target_os = "linux")]
pub use live::{Batch, LiveOptions, LiveSource, Next, RawSocket};
pub use source::FileSource;
pub use status::{InputStatus, Interface, Progress};
pub use writer::{PcapWriter, Precision};

/// The longest packet that is believed, in bytes; what libpcap and Wireshark hold too. A longer
/// length in a file is damage, not a packet.
pub const MAX_PACKET: usize = 262_144;
