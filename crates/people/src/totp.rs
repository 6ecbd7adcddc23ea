//! One-time codes (RFC 6238) and the recovery codes for the day the phone is lost.

use std::fmt;

use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::error::{Refusal, SignInError};
use crate::qr;
use crate::secret::{NoRandomness, random, sha256};

/// Seconds that a code is good (RFC 6238, 5.2).
const STEP_SECS: u64 = 30;

/// Codes of this many steps before and after are taken: clocks differ, people type slowly.
const SKEW: u64 = 1;

/// Recovery codes of one person.
const RECOVERY_CODES: usize = 10;

/// One person's one-time codes as they are kept: sealed, under the service's key.
///
/// The caller saves it in the transaction that begins the session, and only if it is still what
/// was read: so the same code cannot win twice at the same moment either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeCodes {
    /// 160 bits, as long as SHA-1's output (RFC 4226, 4).
    secret: [u8; 20],
    /// The newest step that was used; it and those before it are spent.
    #[serde(default)]
    used: Option<u64>,
    /// SHA-256 of the recovery codes that are left: 80 random bits each cannot be guessed.
    #[serde(default)]
    recovery: Vec<[u8; 32]>,
}

/// What a phone needs to make the codes. Shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSetup {
    /// `otpauth://totp/…`.
    pub url: String,
    /// The secret in base32, to type in.
    pub secret: String,
    /// The address as a QR code in SVG.
    pub svg: String,
}

/// Recovery codes as text. Shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCodes(pub Vec<String>);

impl OneTimeCodes {
    /// A fresh secret, without recovery codes.
    ///
    /// # Errors
    ///
    /// The kernel gave no random bytes.
    pub fn fresh() -> Result<Self, NoRandomness> {
        Ok(OneTimeCodes { secret: random()?, used: None, recovery: Vec::new() })
    }

    /// What to show to whoever sets their phone up. `site` is shown there above the name.
    #[must_use]
    pub fn setup(&self, site: &str, name: &str) -> TotpSetup {
        // A colon parts the site from the name in the address.
        let clean = |text: &str| text.replace(':', " ");
        let totp = Builder::new()
            .with_secret(self.secret.to_vec())
            .with_issuer(Some(clean(site)))
            .with_account_name(clean(name))
            .build_noncompliant();
        let url = totp.to_url().unwrap_or_default();
        let svg = qr::svg(&url).unwrap_or_default();
        TotpSetup { svg, secret: base32(&self.secret), url }
    }

    /// Makes new recovery codes; those from before are worthless.
    ///
    /// # Errors
    ///
    /// The kernel gave no random bytes.
    pub fn renew_recovery(&mut self) -> Result<RecoveryCodes, NoRandomness> {
        let mut texts = Vec::with_capacity(RECOVERY_CODES);
        let mut hashes = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            let code = base32(&random::<10>()?).to_lowercase();
            hashes.push(sha256(code.as_bytes()));
            texts.push(grouped(&code));
        }
        self.recovery = hashes;
        Ok(RecoveryCodes(texts))
    }

    /// How many recovery codes are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    /// Takes a code of the phone, or a recovery code. What was taken is spent.
    ///
    /// # Errors
    ///
    /// It is wrong, or was used before.
    pub fn verify(&mut self, code: &str, now: Timestamp) -> Result<(), SignInError> {
        let code: String = code.chars().filter(|c| c.is_alphanumeric()).take(32).collect();
        if code.len() == 6 { self.verify_step(&code, now) } else { self.verify_recovery(&code) }
    }

    fn verify_step(&mut self, code: &str, now: Timestamp) -> Result<(), SignInError> {
        let totp = self.totp();
        let step = u64::try_from(now.secs()).unwrap_or_default() / STEP_SECS;
        let mut found = None;
        // Every step is looked at, whichever fits: the time tells nothing.
        for step in step.saturating_sub(SKEW)..=step.saturating_add(SKEW) {
            if totp.check(code, step.saturating_mul(STEP_SECS)).is_some() {
                found = found.max(Some(step));
            }
        }
        let Some(step) = found else { return Err(Refusal::WrongCode.into()) };
        if self.used.is_some_and(|used| step <= used) {
            return Err(Refusal::ReplayedCode.into());
        }
        self.used = Some(step);
        Ok(())
    }

    fn verify_recovery(&mut self, code: &str) -> Result<(), SignInError> {
        let hash = sha256(code.to_lowercase().as_bytes());
        let at = self.recovery.iter().position(|kept| *kept == hash);
        let at = at.ok_or(Refusal::WrongCode)?;
        self.recovery.remove(at);
        Ok(())
    }

    fn totp(&self) -> Totp {
        Builder::new().with_secret(self.secret.to_vec()).with_skew(0).build_noncompliant()
    }
}

impl fmt::Debug for OneTimeCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCodes(…)")
    }
}

impl fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSetup(…)")
    }
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes(…)")
    }
}

/// Base32 without padding (RFC 4648, 6).
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u16, 0_u8);
    let mut push = |index: u16| {
        let letter = LETTERS.get(usize::from(index & 31)).copied().unwrap_or_default();
        text.push(char::from(letter));
    };
    for byte in bytes {
        bits = (bits << 8) | u16::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            push(bits >> count);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        push(bits << (5 - count));
    }
    text
}

/// In groups of four, so that a code can be copied from paper.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
