//! Wi-Fi Simple Configuration attributes (Wi-Fi Alliance, Wi-Fi Simple Configuration 2.0.8, 12).

use cordon_model::Text;

use crate::Reader;
use crate::dissect::some_text;

const MAX_ATTRIBUTES: usize = 64;
/// The longest of these attributes by the specification.
const MAX_TEXT: usize = 64;

#[derive(Default)]
pub(super) struct Wps {
    /// 1 not configured, 2 configured; probe requests have none.
    pub state: Option<u8>,
    pub manufacturer: Option<Text>,
    pub model: Option<Text>,
    pub model_number: Option<Text>,
    pub device_name: Option<Text>,
}

impl Wps {
    /// Reads the attributes of one element.
    pub fn read(&mut self, bytes: &[u8]) {
        let mut reader = Reader::new(bytes);
        for _ in 0..MAX_ATTRIBUTES {
            let (Some(kind), Some(length)) = (reader.u16(), reader.u16()) else { break };
            let Some(value) = reader.take(usize::from(length)) else { break };
            match kind {
                0x1011 => self.device_name = some_text(value, MAX_TEXT),
                0x1021 => self.manufacturer = some_text(value, MAX_TEXT),
                0x1023 => self.model = some_text(value, MAX_TEXT),
                0x1024 => self.model_number = some_text(value, MAX_TEXT),
                0x1044 => self.state = value.first().copied(),
                _ => {}
            }
        }
    }
}
