//! The cookies, as values.

use std::fmt;

/// The session's cookie. `__Host-` (RFC 6265bis, 4.1.3.2): only over TLS, only this host, whole
/// path, so that no other service on a subdomain or port-less sibling can set it.
pub const SESSION: &str = "__Host-cordon-session";

/// The cookie that binds a ceremony to the browser that began it.
pub const CEREMONY: &str = "__Host-cordon-ceremony";

/// When a browser sends a cookie along with requests that another site caused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SameSite {
    /// Only when the person follows a link; never with forms or scripts of others.
    Lax,
    /// Never.
    Strict,
}

/// One cookie to set; `Display` gives the header's value.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    name: &'static str,
    value: String,
    max_age: u64,
    same_site: SameSite,
}

impl Cookie {
    /// The session's secret. `Lax`: a link in a ticket opens the page that it names.
    #[must_use]
    pub fn session(secret: &str, lasts_secs: u64) -> Self {
        Self::new(SESSION, secret, lasts_secs, SameSite::Lax)
    }

    /// The ceremony's id, for as long as a ceremony may take.
    #[must_use]
    pub fn ceremony(id: &str) -> Self {
        let lasts = crate::Ceremonies::LASTS.as_secs();
        Self::new(CEREMONY, id, lasts, SameSite::Strict)
    }

    /// Has the browser forget a cookie.
    #[must_use]
    pub fn removed(name: &'static str) -> Self {
        Self::new(name, "", 0, SameSite::Strict)
    }

    fn new(name: &'static str, value: &str, max_age: u64, same_site: SameSite) -> Self {
        // Whatever it is made from, it cannot end the value or the header.
        let safe =
            |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
        let value = value.chars().filter(safe).collect();
        Cookie { name, value, max_age, same_site }
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cookie { name, value, max_age, same_site } = self;
        write!(
            f,
            "{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site:?}; Max-Age={max_age}"
        )
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
            "__Host-cordon-session=abc-_1; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"
        );
        assert!(!text.contains("Domain"));
    }

    #[test]
    fn a_value_cannot_add_attributes_or_headers() {
        let text = Cookie::ceremony("x; Domain=evil\r\nSet-Cookie: a=b").to_string();
        assert!(!text.contains('\r') && !text.contains("Domain=") && !text.contains("a=b"));
    }
}
