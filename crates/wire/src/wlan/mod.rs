//! 802.11 frames (IEEE 802.11-2020, 9): management frames become facts, unencrypted data frames
//! give their payload back.

mod data;
mod element;
mod header;
mod management;
mod security;
#[cfg(test)]
mod tests;
mod wps;

use cordon_model::Mac;

pub use data::WlanData;
pub use header::strip_header;

use crate::{Out, Reader};

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WlanFrame<'a> {
    /// A management frame; what it said is told.
    Management,
    /// A data frame in clear text.
    Data(WlanData<'a>),
    /// An encrypted data frame.
    Protected {
        /// Who sent it.
        src: Mac,
        /// For whom it is.
        dst: Mac,
        /// The network's identifier.
        bssid: Mac,
    },
    /// A control frame, a data frame without a body, or a fragment that does not begin one.
    Control,
    /// Too short, or of no known version or type.
    Malformed,
}

/// Reads a frame from its frame control field on, behind [`strip_header`].
pub fn frame<'a>(bytes: &'a [u8], out: &mut Out<'_>) -> WlanFrame<'a> {
    let mut reader = Reader::new(bytes);
    let Some([first, flags]) = reader.array() else {
        return WlanFrame::Malformed;
    };
    let control = Control { first, flags };
    let read = match (first & 3, first >> 2 & 3) {
        (0, 0) => management::read(control, &mut reader, out).map(|()| WlanFrame::Management),
        (0, 1) => Some(WlanFrame::Control),
        (0, 2) => data::read(control, &mut reader),
        _ => None,
    };
    read.unwrap_or(WlanFrame::Malformed)
}

/// The frame control field (IEEE 802.11-2020, 9.2.4.1).
#[derive(Clone, Copy)]
struct Control {
    first: u8,
    flags: u8,
}

impl Control {
    const fn subtype(self) -> u8 {
        self.first >> 4
    }

    const fn enters_ds(self) -> bool {
        self.flags & 0x01 != 0
    }

    const fn leaves_ds(self) -> bool {
        self.flags & 0x02 != 0
    }

    const fn is_protected(self) -> bool {
        self.flags & 0x40 != 0
    }

    /// An HT control field follows, in management and QoS data frames.
    const fn has_ht_control(self) -> bool {
        self.flags & 0x80 != 0
    }
}

/// The three addresses and the fragment number that management and data frames begin with.
struct Addresses {
    first: Mac,
    second: Mac,
    third: Mac,
    fragment: u16,
}

impl Addresses {
    fn read(reader: &mut Reader<'_>) -> Option<Addresses> {
        let _duration = reader.u16()?;
        Some(Addresses {
            first: Mac(reader.array()?),
            second: Mac(reader.array()?),
            third: Mac(reader.array()?),
            fragment: reader.u16_le()? & 0xf,
        })
    }
}
