//! Wi-Fi networks as their beacons describe them.

use cordon_model::fact::{AccessPoint, AuthenticationSuite, Cipher};
use cordon_model::{Fact, FindingKind, Text};

use crate::ends::Subject;
use crate::ledger::{About, Key, Ledger, Moment};

/// Judges one beacon or probe response.
pub(crate) fn access_point(ledger: &mut Ledger, fact: &Fact, ap: &AccessPoint) {
    let mut note = |kind: FindingKind, says: &str| {
        let key = Key::one(kind, Subject::station(ap.bssid, fact.vlan), &ap.ssid);
        let name = || ap.ssid.as_ref().map_or("a hidden network", Text::as_str);
        let title = || About::kind(kind).title(format!("{}: {}", kind.title(), name()));
        ledger.note(key, Moment::of(fact), title, || {
            format!("beacon of {} for “{}”: {says}", ap.bssid, name())
        });
    };
    let protected = ap.wpa || ap.rsn;
    let uses = |cipher| ap.ciphers.contains(&cipher);
    if !ap.privacy && !protected && !ap.authentication.contains(&AuthenticationSuite::Owe) {
        note(FindingKind::WifiOpen, "no encryption");
    }
    if (ap.privacy && !protected) || uses(Cipher::Wep) {
        note(FindingKind::WifiWep, "encryption without WPA or RSN element, which is WEP");
    }
    if uses(Cipher::Tkip) || (ap.wpa && !ap.rsn) {
        note(FindingKind::WifiTkip, "TKIP among the ciphers, or WPA version 1 alone");
    }
    if ap.wps.is_some() {
        note(FindingKind::WifiWps, "WPS is on");
    }
    if ap.rsn && !ap.pmf_capable && !ap.pmf_required {
        note(FindingKind::WifiNoPmf, "management frames are not protected");
    }
}
