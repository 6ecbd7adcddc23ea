//! Elements of management frames (IEEE 802.11-2020, 9.4.2).

use cordon_model::Text;

use super::security::{self, Security};
use super::wps::Wps;
use crate::Reader;
use crate::dissect::some_text;

/// Elements of one frame; beacons carry about thirty.
const MAX_ELEMENTS: usize = 128;
const MAX_SSID: usize = 32;

const SSID: u8 = 0;
const DS_CHANNEL: u8 = 3;
const RSN: u8 = 48;
const HT_OPERATION: u8 = 61;
const VENDOR: u8 = 221;
const WPA: [u8; 4] = [0x00, 0x50, 0xf2, 1];
const WPS: [u8; 4] = [0x00, 0x50, 0xf2, 4];

/// What the elements say; the first of each kind counts, and damage ends the walk.
#[derive(Default)]
pub(super) struct Elements {
    /// None where absent, empty, or blanked to hide the name.
    pub ssid: Option<Text>,
    pub channel: Option<u8>,
    pub security: Security,
    pub wps: Wps,
}

impl Elements {
    pub fn read(bytes: &[u8]) -> Elements {
        let mut elements = Elements::default();
        let mut reader = Reader::new(bytes);
        let mut named = false;
        let mut operation = None;
        for _ in 0..MAX_ELEMENTS {
            let (Some(id), Some(length)) = (reader.u8(), reader.u8()) else { break };
            let Some(body) = reader.take(usize::from(length)) else { break };
            match id {
                SSID if !named && body.len() <= MAX_SSID => {
                    named = true;
                    elements.ssid = some_text(body, MAX_SSID);
                }
                DS_CHANNEL if body.len() == 1 && elements.channel.is_none() => {
                    elements.channel = body.first().copied();
                }
                HT_OPERATION if operation.is_none() => operation = body.first().copied(),
                RSN if !elements.security.rsn => security::rsn(body, &mut elements.security),
                VENDOR => elements.vendor(body),
                _ => {}
            }
        }
        elements.channel = elements.channel.or(operation).filter(|channel| *channel != 0);
        elements
    }

    fn vendor(&mut self, body: &[u8]) {
        if let Some(suites) = body.strip_prefix(&WPA) {
            if !self.security.wpa {
                security::wpa(suites, &mut self.security);
            }
        } else if let Some(attributes) = body.strip_prefix(&WPS) {
            self.wps.read(attributes);
        }
    }
}
