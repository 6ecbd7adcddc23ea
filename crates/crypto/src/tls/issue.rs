//! The certificate that a service issues to itself, so that nothing is ever sent in the clear.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use cordon_model::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber, date_time_ymd,
};

use super::{Identity, NAMES_MAX, PEM_MAX, TlsError, VALID_FOR, Validity, Wanted, spelled};
use crate::files::{is_missing, read_private, replace_private};
use crate::{CryptoError, Vault, random_bytes};

/// What the vault calls it.
const PURPOSE: &str = "self-issued certificate";
/// Clocks of visitors may be behind by this much.
const BACKDATED: Duration = Duration::from_secs(3600);

/// The kept certificate if it is good for these names and long enough; otherwise a new one.
pub(super) fn load_or_issue(
    wanted: &Wanted,
    vault: &Vault,
    now: Timestamp,
) -> Result<Identity, TlsError> {
    let names = distinct(&wanted.names)?;
    match load(wanted, vault) {
        Ok(identity) => {
            let mut kept = identity.names().to_vec();
            kept.sort_unstable();
            if kept == names && identity.validity(now) == Validity::Valid {
                return Ok(identity);
            }
        }
        Err(TlsError::Key(error)) if is_missing(&error) => {}
        Err(error) => return Err(error),
    }
    let pem = issue(&names, now)?;
    replace_private(&wanted.file, &vault.seal(PURPOSE, "", pem.as_bytes())?)?;
    from_pem(wanted, pem.as_bytes())
}

/// Seals the kept certificate anew where a former master key sealed it; none is no error.
pub(super) fn reseal(file: &Path, vault: &Vault) -> Result<(), CryptoError> {
    let sealed = match read_private(file, PEM_MAX) {
        Err(error) if is_missing(&error) => return Ok(()),
        read => read?,
    };
    let pem = vault.open(PURPOSE, "", &sealed)?;
    if vault.is_former(&sealed) {
        replace_private(file, &vault.seal(PURPOSE, "", &pem)?)?;
    }
    Ok(())
}

fn load(wanted: &Wanted, vault: &Vault) -> Result<Identity, TlsError> {
    let sealed = read_private(&wanted.file, PEM_MAX)?;
    from_pem(wanted, &vault.open(PURPOSE, "", &sealed)?)
}

fn from_pem(wanted: &Wanted, pem: &[u8]) -> Result<Identity, TlsError> {
    Identity::from_pem(pem, &wanted.file, pem, &wanted.file, true)
}

/// Certificate and key as one PEM text: they are replaced together or not at all.
fn issue(names: &[String], now: Timestamp) -> Result<String, TlsError> {
    let refused = |error: rcgen::Error| TlsError::Issue(error.to_string());
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.iter().map(|name| san(name)).collect::<Result<_, _>>()?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "cordon");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut serial = random_bytes::<16>()?;
    // A positive number of always the same length (RFC 5280, section 4.1.2.2).
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from(serial.to_vec()));
    // Times end in 2262, where the addition cannot overflow.
    let from = Duration::from_secs(now.secs().max(0).unsigned_abs()).saturating_sub(BACKDATED);
    params.not_before = date_time_ymd(1970, 1, 1) + from;
    params.not_after = params.not_before + VALID_FOR;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(refused)?;
    let certificate = params.self_signed(&key).map_err(refused)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

/// Names in their one spelling, sorted, each once.
fn distinct(names: &[String]) -> Result<Vec<String>, TlsError> {
    let mut names: Vec<String> = names.iter().map(|name| spelled(name)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || names.len() > NAMES_MAX {
        return Err(TlsError::Names(names.len()));
    }
    names.iter().try_for_each(|name| san(name).map(drop))?;
    Ok(names)
}

fn san(name: &str) -> Result<SanType, TlsError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    // RFC 1123, section 2.1; a wildcard may stand for the first label.
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let host = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > 253 || !host.split('.').all(label) {
        return Err(TlsError::Name(name.chars().take(300).collect()));
    }
    name.try_into().map(SanType::DnsName).map_err(|_| TlsError::Name(name.to_owned()))
}
