//! Any bytes to the parsers of what is no flow: byte 0 chooses which.
#![no_main]

use cordon_model::{LinkType, SecretKey};
use cordon_wire::{Out, arp, cdp, eapol, group, lldp, ndp, upnp, wlan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    let key = SecretKey::new([7; 32]);
    let mut said = Vec::new();
    let mut out = Out::new(&key, &mut said);
    match which % 10 {
        0 => { let _ = arp::dissect(data, &mut out); }
        1 => { let _ = ndp::dissect(data, &mut out); }
        2 => { let _ = group::igmp(data, &mut out); }
        3 => { let _ = group::mld(data, &mut out); }
        4 => { let _ = eapol::dissect(data, &mut out); }
        5 => { let _ = lldp::dissect(data, &mut out); }
        6 => { let _ = cdp::dissect(data, &mut out); }
        7 => { let _ = upnp::description(data); }
        8 => { let _ = wlan::frame(data, &mut out); }
        _ => {
            for link in [LinkType::RADIOTAP, LinkType::PRISM, LinkType::AVS, LinkType::PPI, LinkType::IEEE802_11] {
                if let Some(frame) = wlan::strip_header(link, data) {
                    let _ = wlan::frame(frame, &mut out);
                }
            }
        }
    }
});
