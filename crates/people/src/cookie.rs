//! The cookies, as values: their names and guards stand here and nowhere else.

use std::fmt;

/// The session's cookie. `__Host-` (RFC 6265bis, 4.1.3.2): only over TLS, only this host, whole
/// path, so that no other service on a subdomain or port-less sibling can set it.
pub const SESSION: &str = "__Host-cordon";

/// The cookie that binds a ceremony to the browser that began it.
pub const CEREMONY: &str = "__Host-cordon-visit";

/// Seconds that a browser keeps the ceremony's cookie: reading the page, finding the key, typing
/// a code. The ceremony itself ends sooner, counted from its own beginning.
const CEREMONY_SECS: u64 = 900;

/// One cookie to set; `Display` gives the header's value. Strict (RFC 6265bis, 5.2): it does not
/// come along when another site sends somebody here; pages ask once more from here then.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    name: &'static str,
    value: String,
    max_age: u64,
}

impl Cookie {
    /// The session's secret.
    #[must_use]
    pub fn session(secret: &str, lasts_secs: u64) -> Self {
        Self::new(SESSION, secret, lasts_secs)
    }

    /// The ceremony's id.
    #[must_use]
    pub fn ceremony(id: &str) -> Self {
        Self::new(CEREMONY, id, CEREMONY_SECS)
    }

    /// Has the browser forget a cookie.
    #[must_use]
    pub fn removed(name: &'static str) -> Self {
        Self::new(name, "", 0)
    }

    fn new(name: &'static str, value: &str, max_age: u64) -> Self {
        // Whatever it is made from, it cannot end the value or the header.
        let safe =
            |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
        let value = value.chars().filter(safe).collect();
        Cookie { name, value, max_age }
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cookie { name, value, max_age } = self;
        write!(f, "{name}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=Strict")
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({}=…)", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_cookie_has_every_guard() {
        let text = Cookie::session("abc-_1", 3600).to_string();
        assert_eq!(
            text,
            "__Host-cordon=abc-_1; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict"
        );
        for cookie in [Cookie::ceremony("abc"), Cookie::removed(SESSION)] {
            let text = cookie.to_string();
            assert!(
                text.starts_with("__Host-")
                    && text.ends_with("; Secure; HttpOnly; SameSite=Strict")
            );
            assert!(text.contains("; Path=/; ") && !text.contains("Domain"), "{text}");
        }
    }

    #[test]
    fn a_value_cannot_add_attributes_or_headers() {
        let text = Cookie::ceremony("x; Domain=evil\r\nSet-Cookie: a=b").to_string();
        assert!(!text.contains('\r') && !text.contains("Domain=") && !text.contains("a=b"));
    }
}
