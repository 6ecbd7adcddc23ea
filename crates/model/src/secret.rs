//! Secrets seen in clear text: kept as a keyed hash and in no other form.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Text;

/// The key under which secrets are hashed; made new for each run, never written.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// From 32 random bytes; the caller owns the randomness.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        SecretKey(bytes)
    }

    /// HMAC-SHA-256 of user and secret, cut to 128 bits.
    #[must_use]
    pub fn digest(&self, user: &[u8], secret: &[u8]) -> SecretDigest {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return SecretDigest([0; 16]);
        };
        mac.update(&(user.len() as u64).to_be_bytes());
        mac.update(user);
        mac.update(secret);
        let full = mac.finalize().into_bytes();
        let mut cut = [0; 16];
        cut.iter_mut().zip(full.iter()).for_each(|(to, from)| *to = *from);
        SecretDigest(cut)
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A keyed hash of a user name and secret: equal where both are equal, within one run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SecretDigest(pub [u8; 16]);

/// How a credential travelled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// HTTP Basic (RFC 7617).
    HttpBasic,
    /// A password field of an HTTP form or query.
    HttpForm,
    /// RTSP Basic.
    RtspBasic,
    /// FTP USER and PASS.
    Ftp,
    /// Telnet login dialogue.
    Telnet,
    /// MQTT CONNECT user name and password.
    Mqtt,
    /// SNMP v1/v2c community.
    SnmpCommunity,
    /// A password for an OT controller (S7 PLC password, DNP3 …).
    Controller,
}

/// A credential that crossed the network in clear text.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Credential {
    /// How it travelled.
    pub scheme: Scheme,
    /// The account; empty where the scheme has none.
    pub user: Text,
    /// Keyed hash of account and secret.
    pub digest: SecretDigest,
    /// Whether the secret was empty.
    pub empty: bool,
}

impl Credential {
    /// Hashes the secret at once; the clear text does not outlive this call.
    #[must_use]
    pub fn new(key: &SecretKey, scheme: Scheme, user: &[u8], secret: &[u8]) -> Self {
        Credential {
            scheme,
            user: String::from_utf8_lossy(user).chars().take(64).collect(),
            digest: key.digest(user, secret),
            empty: secret.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_secret_do_not_run_into_each_other() {
        let key = SecretKey::new([7; 32]);
        assert_ne!(key.digest(b"ab", b"c"), key.digest(b"a", b"bc"));
        assert_eq!(key.digest(b"a", b"b"), key.digest(b"a", b"b"));
        assert_ne!(key.digest(b"a", b"b"), SecretKey::new([8; 32]).digest(b"a", b"b"));
    }
}
