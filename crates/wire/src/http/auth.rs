//! Authorization and WWW-Authenticate (RFC 9110, 11): schemes, realms, and what Basic (RFC 7617)
//! gives away.

use cordon_model::{Scheme, Text};

use super::head::find;
use crate::{Out, dissect::text};

/// More than any user name and password together.
const MAX_BASIC: usize = 1024;
/// The longest realm that is kept, in characters.
const MAX_REALM: usize = 128;

/// Schemes in use; another first word of the field may itself be the secret.
const SCHEMES: [&str; 18] = [
    "Basic",
    "Digest",
    "Bearer",
    "NTLM",
    "Negotiate",
    "Kerberos",
    "HOBA",
    "Mutual",
    "OAuth",
    "DPoP",
    "GNAP",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "AWS4-HMAC-SHA256",
    "Hawk",
    "WSSE",
    "Token",
    "Vapid",
];

/// The scheme of an Authorization field; a Basic credential is reported under `scheme`.
pub fn authorization(value: &[u8], scheme: Scheme, out: &mut Out<'_>) -> Text {
    let (word, rest) = split_word(value);
    if word.eq_ignore_ascii_case(b"basic")
        && let Some(clear) = base64(rest)
    {
        let colon = clear.iter().position(|byte| *byte == b':').unwrap_or(clear.len());
        let (user, secret) = clear.split_at_checked(colon).unwrap_or_default();
        out.credential(scheme, user, secret.get(1..).unwrap_or_default());
    }
    known(word)
}

/// Scheme and realm of a WWW-Authenticate field, as `Basic realm="…"`; nonces are left out.
#[must_use]
pub fn challenge(value: &[u8]) -> Text {
    let (word, rest) = split_word(value);
    let mut said = known(word);
    if let Some(at) = find(rest, "realm=") {
        let value = rest.get(at + 6..).unwrap_or_default();
        let realm = match value.strip_prefix(b"\"") {
            Some(quoted) => quoted.split(|byte| *byte == b'"').next(),
            None => value.split(|byte| matches!(byte, b',' | b' ')).next(),
        };
        said.push_str(" realm=\"");
        said.push_str(&text(realm.unwrap_or_default(), MAX_REALM));
        said.push('"');
    }
    said
}

fn known(word: &[u8]) -> Text {
    let scheme = SCHEMES.iter().find(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()));
    Text::from(*scheme.unwrap_or(&"other"))
}

fn split_word(value: &[u8]) -> (&[u8], &[u8]) {
    let blank = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (word, rest) = value.split_at_checked(blank).unwrap_or_default();
    (word, rest.trim_ascii())
}

/// Base64 (RFC 4648, 4), with or without padding; `None` for anything else.
#[must_use]
pub fn base64(encoded: &[u8]) -> Option<Vec<u8>> {
    let encoded = encoded.trim_ascii();
    if encoded.is_empty() || encoded.len() > MAX_BASIC {
        return None;
    }
    let mut out = Vec::with_capacity(encoded.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in encoded.iter().take_while(|byte| **byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).unwrap_or_default());
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_model::{Credential, Said, SecretKey};

    fn run(value: &[u8]) -> (Text, Vec<Said>) {
        let (key, mut said) = (SecretKey::new([3; 32]), Vec::new());
        let scheme = authorization(value, Scheme::HttpBasic, &mut Out::new(&key, &mut said));
        (scheme, said)
    }

    #[test]
    fn basic_is_hashed_with_everything_behind_the_first_colon() {
        let (scheme, said) = run(b"Basic YWRtaW46YTpi");
        assert_eq!(scheme, "Basic");
        let key = SecretKey::new([3; 32]);
        let wanted = Credential::new(&key, Scheme::HttpBasic, b"admin", b"a:b");
        assert_eq!(said, [Said::Credential(wanted)]);
    }

    #[test]
    fn a_secret_without_a_scheme_is_not_shown() {
        assert_eq!(run(b"s3cr3t-token").0, "other");
        assert_eq!(run(b"s3cr3t more").0, "other");
        assert_eq!(run(b"Bearer s3cr3t").0, "Bearer");
    }

    #[test]
    fn a_challenge_keeps_its_realm_and_drops_its_nonce() {
        let said = challenge(b"Digest nonce=\"abc\", realm=\"IP Camera(1)\", qop=auth");
        assert_eq!(said, "Digest realm=\"IP Camera(1)\"");
        assert_eq!(challenge(b"Basic realm=bare, x"), "Basic realm=\"bare\"");
        assert_eq!(challenge(b"NTLM"), "NTLM");
    }

    #[test]
    fn broken_base64_is_no_credential() {
        assert_eq!(base64(b"!!"), None);
        assert_eq!(base64(b"YQ"), Some(b"a".to_vec()));
        assert!(run(b"Basic ???").1.is_empty());
    }
}
