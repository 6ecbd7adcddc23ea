//! Secrets in targets, forms and JSON: found by the names of their fields, hashed, and never
//! shown.

use cordon_model::{Scheme, Text};

use super::head::holds;
use crate::{Out, dissect::text};

/// Stands where a secret stood.
const MASK: &str = "…";
/// Fields of a form beyond these are not looked at.
const MAX_FIELDS: usize = 64;
/// Credentials in one message beyond these are not reported.
const MAX_CREDENTIALS: usize = 4;

/// Names of passwords.
const PASSWORDS: [&str; 12] = [
    "pass",
    "pw",
    "psw",
    "pswd",
    "psk",
    "passcode",
    "userpass",
    "loginpass",
    "wpakey",
    "wifikey",
    "userpw",
    "adminpw",
];
/// Parts of names of passwords.
const PASSWORD_PARTS: [&str; 4] = ["passw", "pwd", "passphrase", "secret"];
/// Parts of names of other things that must not be shown.
const HIDDEN_PARTS: [&str; 7] =
    ["token", "apikey", "accesskey", "credential", "signature", "session", "privatekey"];
/// Names of other things that must not be shown.
const HIDDEN: [&str; 7] = ["pin", "auth", "sid", "jwt", "authorization", "key", "sig"];
/// Names of accounts.
const USERS: [&str; 12] = [
    "user",
    "username",
    "login",
    "usr",
    "uname",
    "email",
    "account",
    "loginname",
    "userid",
    "uid",
    "name",
    "loginuser",
];

/// The target of a request or the value of Location as it may be shown: without user
/// information, with secret values masked, at most `most` characters.
#[must_use]
pub fn masked(target: &[u8], most: usize) -> Text {
    let mut shown = Vec::with_capacity(target.len());
    let (start, rest) = without_user(target);
    shown.extend_from_slice(start);
    for (separator, part) in parts(rest) {
        shown.extend(separator);
        match value_of(part) {
            Some((name, value)) if is_hidden(name) || is_nested(value) => {
                shown.extend_from_slice(part.get(..part.len() - value.len()).unwrap_or_default());
                shown.extend_from_slice(MASK.as_bytes());
            }
            _ => shown.extend_from_slice(part),
        }
    }
    text(&shown, most)
}

/// Reports what a target gives away in its parameters and in user information before the host.
pub fn in_target(target: &[u8], basic: Scheme, out: &mut Out<'_>) {
    if let Some((user, secret)) = user_information(target) {
        out.credential(basic, &decoded(user), &decoded(secret));
    }
    let (_, rest) = without_user(target);
    let fields = parts(rest).filter_map(|(_, part)| value_of(part));
    report(fields.map(|(name, value)| (decoded(name), decoded(value))), out);
}

/// Reports what a body of type `application/x-www-form-urlencoded` gives away.
pub fn in_form(body: &[u8], out: &mut Out<'_>) {
    let fields = body.split(|byte| *byte == b'&').filter_map(value_of);
    report(fields.map(|(name, value)| (decoded(name), decoded(value))), out);
}

/// Reports what the text fields of a JSON body give away, however deep they lie.
pub fn in_json(body: &[u8], out: &mut Out<'_>) {
    let mut rest = body;
    let mut name = None;
    let fields = std::iter::from_fn(|| {
        loop {
            let (word, behind) = json_text(rest)?;
            let after = behind.trim_ascii_start();
            rest = behind;
            match (name.take(), after.strip_prefix(b":")) {
                (_, Some(value)) if value.trim_ascii_start().starts_with(b"\"") => {
                    name = Some(word);
                }
                (Some(name), None) => return Some((name, word)),
                _ => {}
            }
        }
    });
    report(fields, out);
}

fn report(fields: impl Iterator<Item = (Vec<u8>, Vec<u8>)>, out: &mut Out<'_>) {
    let fields: Vec<_> = fields.take(MAX_FIELDS).collect();
    let account = fields.iter().find(|(name, _)| USERS.contains(&plain(name).as_str()));
    let user = account.map(|(_, value)| value.as_slice()).unwrap_or_default();
    let passwords = fields.iter().filter(|(name, _)| is_password(name));
    for (_, secret) in passwords.take(MAX_CREDENTIALS) {
        out.credential(Scheme::HttpForm, user, secret);
    }
}

/// Splits at the signs between parameters, which are given with the part behind them. Behind
/// the question mark only `&` separates, so that no half of a value is shown.
fn parts(target: &[u8]) -> impl Iterator<Item = (Option<u8>, &[u8])> {
    let mut rest = Some(target);
    let mut separator = None;
    let mut in_query = false;
    std::iter::from_fn(move || {
        let here = rest?;
        let parts_at = |byte: &u8| *byte == b'&' || !in_query && matches!(byte, b'?' | b';');
        let at = here.iter().position(parts_at);
        let (part, behind) = here.split_at_checked(at.unwrap_or(here.len()))?;
        let found = (separator, part);
        separator = behind.first().copied();
        in_query |= separator == Some(b'?');
        rest = behind.get(1..);
        Some(found)
    })
}

/// Name and value of `name=value`; the name begins behind the last slash.
fn value_of(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = part.iter().position(|byte| *byte == b'=')?;
    let (name, value) = part.split_at_checked(at)?;
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    Some((name, value.get(1..)?))
}

/// A target in a parameter, such as where to go after the login, may hold secrets itself.
fn is_nested(value: &[u8]) -> bool {
    let clear = decoded(value);
    let mut fields = clear.split(|byte| matches!(byte, b'?' | b'&' | b';' | b'#'));
    clear.contains(&b'=') && fields.any(|part| value_of(part).is_some_and(|(n, _)| is_hidden(n)))
}

/// The part before the authority of an absolute URL, and the part behind its user information.
fn without_user(target: &[u8]) -> (&[u8], &[u8]) {
    let whole = (&[][..], target);
    let Some((start, authority)) = authority(target) else { return whole };
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else { return whole };
    match (target.get(..start), target.get(start + at + 1..)) {
        (Some(before), Some(behind)) => (before, behind),
        _ => whole,
    }
}

/// User and password of `scheme://user:password@host`.
fn user_information(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, authority) = authority(target)?;
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let information = authority.get(..at)?;
    let colon = information.iter().position(|byte| *byte == b':')?;
    let (user, secret) = information.split_at_checked(colon)?;
    Some((user, secret.get(1..)?))
}

/// Where the authority begins, and the authority.
fn authority(target: &[u8]) -> Option<(usize, &[u8])> {
    let scheme = target.iter().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let start = scheme + 3;
    if scheme == 0 || target.get(scheme..start)? != b"://" {
        return None;
    }
    let rest = target.get(start..)?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    Some((start, rest.get(..end.unwrap_or(rest.len()))?))
}

fn is_hidden(name: &[u8]) -> bool {
    let clear = decoded(name);
    let plain = plain(&clear);
    is_password(&clear)
        || HIDDEN.contains(&plain.as_str())
        || HIDDEN_PARTS.iter().any(|part| plain.contains(part))
}

fn is_password(name: &[u8]) -> bool {
    let plain = plain(name);
    PASSWORDS.contains(&plain.as_str()) || PASSWORD_PARTS.iter().any(|part| plain.contains(part))
}

/// A field name with letters and digits only, in lower case.
fn plain(name: &[u8]) -> String {
    let letters = name.iter().take(64).filter(|byte| byte.is_ascii_alphanumeric());
    letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Percent-decoding as forms have it (URL Standard, 5.1).
fn decoded(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let hex = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        out.push(match (first, behind) {
            (b'+', _) => b' ',
            (b'%', [high, low, tail @ ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    rest = tail;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    out
}

/// The next text of JSON, without its escapes undone but for quotes and backslashes, and what is
/// behind it.
fn json_text(body: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let open = body.iter().position(|byte| *byte == b'"')?;
    let mut rest = body.get(open + 1..)?;
    let mut word = Vec::new();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'"' => return Some((word, rest)),
            b'\\' => {
                let (escaped, behind) = rest.split_first()?;
                rest = behind;
                word.push(*escaped);
            }
            other => word.push(*other),
        }
    }
    None
}

/// Whether a body without a stated type is worth reading as a form.
#[must_use]
pub fn looks_like_form(body: &[u8]) -> bool {
    body.first().is_some_and(u8::is_ascii_alphabetic) && holds(body, "=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_model::{Credential, Said, SecretKey};

    fn key() -> SecretKey {
        SecretKey::new([5; 32])
    }

    fn run(report: impl Fn(&mut Out<'_>)) -> Vec<Said> {
        let mut said = Vec::new();
        report(&mut Out::new(&key(), &mut said));
        said
    }

    fn form(user: &[u8], secret: &[u8]) -> Said {
        Said::Credential(Credential::new(&key(), Scheme::HttpForm, user, secret))
    }

    #[test]
    fn secrets_in_targets_are_hashed_and_masked() {
        let target = b"/cgi?user=admin&Login_Pwd=hunter%2b2&x=1";
        assert_eq!(masked(target, 256), "/cgi?user=admin&Login_Pwd=…&x=1");
        let said = run(|out| in_target(target, Scheme::HttpBasic, out));
        assert_eq!(said, [form(b"admin", b"hunter+2")]);
    }

    #[test]
    fn no_way_to_write_a_secret_shows_it() {
        for target in [
            "/a?password=hunter2",
            "/a?PASSWORD=hunter2;hunter2",
            "/a;pass=hunter2",
            "/login&usr=a&pwd=hunter2",
            "/a/password=hunter2/hunter2",
            "/a?p%61ssword=hunter2",
            "/a?access_token=hunter2",
            "/a?next=%2Flogin%3Fpwd%3Dhunter2",
            "http://admin:hunter2@cam/a",
            "http://ad:min@hunter2:hunter2@cam/a",
            "rtsp://hunter2@cam:554/live",
        ] {
            let shown = masked(target.as_bytes(), 256);
            assert!(!shown.contains("hunter2"), "{target} is shown as {shown}");
        }
    }

    #[test]
    fn harmless_parameters_are_left_alone() {
        for target in ["/a?passive=1&compass=n", "/index.html", "*", "/a?b=c;d", "http://h/?a=b"] {
            assert_eq!(masked(target.as_bytes(), 256), target);
        }
    }

    #[test]
    fn forms_and_json_are_read_alike() {
        let wanted = [form(b"root", b"a b")];
        assert_eq!(run(|out| in_form(b"username=root&password=a+b&submit=1", out)), wanted);
        let json = br#"{"id":1,"params":{"userName" : "root", "n":[1], "password": "a b"}}"#;
        assert_eq!(run(|out| in_json(json, out)), wanted);
        assert!(run(|out| in_json(br#"{"password":{"a":1},"x":"y""#, out)).is_empty());
    }

    #[test]
    fn user_information_is_a_credential() {
        let said = run(|out| in_target(b"rtsp://u:p@h/x", Scheme::RtspBasic, out));
        let wanted = Credential::new(&key(), Scheme::RtspBasic, b"u", b"p");
        assert_eq!(said, [Said::Credential(wanted)]);
    }
}
