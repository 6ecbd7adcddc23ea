//! 802.1X: EAP over LAN (IEEE 802.1X-2020, 11) and the EAP header inside (RFC 3748).

use cordon_model::Said;
use cordon_model::fact::Eapol;

use crate::dissect::some_text;
use crate::{Out, Reader};

const EAP: u8 = 0;
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const IDENTITY: u8 = 1;
/// Packet types up to EAPOL-Announcement-Req.
const MAX_KIND: u8 = 9;
/// Identities are user names or host names.
const MAX_IDENTITY: usize = 128;

/// Reads what lies behind the EtherType 0x888e. False where it is malformed.
pub fn dissect(payload: &[u8], out: &mut Out<'_>) -> bool {
    let Some(eapol) = read(payload) else {
        return false;
    };
    out.say(Said::Eapol(eapol));
    true
}

fn read(payload: &[u8]) -> Option<Eapol> {
    let mut reader = Reader::new(payload);
    reader.skip(1)?;
    let kind = reader.u8().filter(|kind| *kind <= MAX_KIND)?;
    let length = reader.u16()?;
    let body = reader.rest();
    let body = body.get(..usize::from(length)).unwrap_or(body);
    let mut eapol = Eapol { kind, length, method: None, identity: None };
    if kind == EAP {
        eap(body, &mut eapol)?;
    }
    Some(eapol)
}

fn eap(body: &[u8], eapol: &mut Eapol) -> Option<()> {
    let mut reader = Reader::new(body);
    let code = reader.u8()?;
    reader.skip(1)?;
    let data = usize::from(reader.u16()?).checked_sub(4)?;
    if matches!(code, REQUEST | RESPONSE) {
        let mut data = Reader::new(reader.rest().get(..data).unwrap_or(reader.rest()));
        eapol.method = Some(data.u8()?);
        if code == RESPONSE && eapol.method == Some(IDENTITY) {
            eapol.identity = some_text(data.rest(), MAX_IDENTITY);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    #[test]
    fn an_identity_response_names_the_user() {
        let bytes = [&[2, 0, 0, 10, 2, 1, 0, 10, 1][..], b"alice", &[0; 20]].concat();
        let (good, facts) = said(|out| dissect(&bytes, out));
        assert!(good);
        let expected =
            Eapol { kind: 0, length: 10, method: Some(1), identity: Some("alice".into()) };
        assert_eq!(facts, [Said::Eapol(expected)]);
    }

    #[test]
    fn a_request_identity_is_a_prompt_and_no_name() {
        let bytes = [&[1, 0, 0, 10, 1, 1, 0, 10, 1][..], b"login"].concat();
        let (_, facts) = said(|out| dissect(&bytes, out));
        assert!(matches!(&facts[..], [Said::Eapol(Eapol { identity: None, .. })]));
    }

    #[test]
    fn a_lying_eap_length_is_malformed() {
        assert_eq!(said(|out| dissect(&[1, 0, 0, 4, 2, 1, 0, 3], out)), (false, vec![]));
    }
}
