//! Key files, the vault, the signing key and tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use cordon_crypto::{
    CryptoError, Ed25519, FORMER_KEY, KeyFile, Keys, MASTER_KEY, Passphrase, SEALED_MAX,
    SigningKey, Vault, hash_token, open_key_file, random_token, same, seal_key_file, secret_key,
};
use cordon_ledger::{Origin, Signer, Verifier};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    (folder, path)
}

fn vault() -> Vault {
    let (_folder, path) = folder();
    Vault::new(&KeyFile::create(&path).unwrap())
}

#[test]
fn a_master_key_is_made_once_for_its_owner_alone() {
    let (folder, path) = folder();
    let made = KeyFile::open_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let opened = KeyFile::open_or_create(&path).unwrap();
    assert_eq!(made.derive("a").unwrap(), opened.derive("a").unwrap());
    assert_ne!(made.derive("a").unwrap(), made.derive("b").unwrap());
    assert_eq!(made.id(), opened.id());
    assert!(KeyFile::create(&path).is_err(), "an existing key is never replaced");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn of_many_that_make_the_key_at_once_all_have_the_same() {
    let (_folder, path) = folder();
    let ids: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..16).map(|_| scope.spawn(|| KeyFile::open_or_create(&path).unwrap().id())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    let (_folder, path) = folder();
    KeyFile::create(&path).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o660, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = KeyFile::open_or_create(&path).unwrap_err();
        assert!(matches!(error, CryptoError::Exposed { .. }), "{mode:o}");
        assert!(error.to_string().contains("chmod 600"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(KeyFile::open(&path).is_ok());
}

#[test]
fn a_master_key_that_was_cut_short_or_changed_is_refused_and_kept() {
    let (_folder, path) = folder();
    KeyFile::create(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut wrong: Vec<Vec<u8>> = (0..whole.len()).map(|length| whole[..length].to_vec()).collect();
    wrong.push([whole.as_slice(), b"\n"].concat());
    for byte in 0..whole.len() {
        let mut changed = whole.clone();
        changed[byte] ^= 1;
        wrong.push(changed);
    }
    for bytes in wrong {
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(KeyFile::open_or_create(&path), Err(CryptoError::Damaged { .. })));
        assert_eq!(fs::read(&path).unwrap(), bytes, "a damaged key is evidence, not garbage");
    }
}

#[test]
fn a_folder_instead_of_a_key_and_a_missing_folder_are_said() {
    let (folder, _) = folder();
    assert!(matches!(KeyFile::open(folder.path()), Err(CryptoError::Damaged { .. })));
    let error = KeyFile::open_or_create(&folder.path().join("no/master.key")).unwrap_err();
    assert!(error.to_string().contains("check that the directory exists"), "{error}");
}

#[test]
fn a_sealed_secret_comes_back() {
    let vault = vault();
    for length in [0, 1, 31, 1000, SEALED_MAX] {
        let secret = vec![7; length];
        let sealed = vault.seal("totp", "anna", &secret).unwrap();
        assert_eq!(vault.open("totp", "anna", &sealed).unwrap(), secret);
        assert!(length < 16 || !sealed.windows(16).any(|window| window == &secret[..16]));
    }
    assert!(matches!(
        vault.seal("totp", "anna", &vec![0; SEALED_MAX + 1]),
        Err(CryptoError::TooLong(_))
    ));
}

#[test]
fn equal_secrets_are_sealed_differently() {
    let vault = vault();
    assert_ne!(vault.seal("a", "b", b"same").unwrap(), vault.seal("a", "b", b"same").unwrap());
}

#[test]
fn a_changed_cut_or_longer_sealed_secret_does_not_open() {
    let vault = vault();
    let sealed = vault.seal("totp", "anna", b"secret").unwrap();
    let refused =
        |bytes: &[u8]| matches!(vault.open("totp", "anna", bytes), Err(CryptoError::Sealed));
    for byte in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[byte] ^= 1 << bit;
            assert!(refused(&changed), "{byte}");
        }
        assert!(refused(&sealed[..byte]));
    }
    assert!(refused(&[sealed.as_slice(), &[0]].concat()));
}

#[test]
fn a_secret_swapped_into_another_row_does_not_open() {
    let vault = vault();
    let sealed = vault.seal("totp", "anna", b"secret").unwrap();
    for (purpose, id) in [("totp", "eve"), ("backup", "anna"), ("tot", "panna"), ("totpanna", "")] {
        assert!(matches!(vault.open(purpose, id, &sealed), Err(CryptoError::Sealed)));
    }
}

#[test]
fn another_master_key_opens_nothing_unless_it_is_the_former_one() {
    let (folder, path) = folder();
    let former = KeyFile::create(&path).unwrap();
    let current = KeyFile::create(&folder.path().join("new.key")).unwrap();
    let sealed = Vault::new(&former).seal("totp", "anna", b"secret").unwrap();
    let vault = Vault::new(&current);
    assert!(matches!(vault.open("totp", "anna", &sealed), Err(CryptoError::Sealed)));
    let vault = vault.with_former(&former);
    assert_eq!(vault.open("totp", "anna", &sealed).unwrap(), b"secret");
    assert!(vault.is_former(&sealed));
    assert!(!vault.is_former(&vault.seal("totp", "anna", b"secret").unwrap()));
}

#[test]
fn seen_secrets_hash_alike_after_a_restart_and_differently_elsewhere() {
    let (folder, path) = folder();
    let digest = |path: &PathBuf| {
        let key = secret_key(&KeyFile::open_or_create(path).unwrap()).unwrap();
        key.digest(b"admin", b"admin")
    };
    assert_eq!(digest(&path), digest(&path));
    assert_ne!(digest(&path), digest(&folder.path().join("other.key")));
}

#[test]
fn a_signing_key_is_kept_sealed_and_signs_the_same_after_a_restart() {
    let (folder, path) = folder();
    let vault = Vault::new(&KeyFile::create(&path).unwrap());
    let origin: Origin = "cordon/plant".parse().unwrap();
    let path = folder.path().join("ledger.key");
    let first = SigningKey::open_or_create(&path, &vault, &origin).unwrap();
    let again = SigningKey::open_or_create(&path, &vault, &origin).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(first.log_key(&origin), again.log_key(&origin));
    let signature = first.sign(b"message");
    assert_eq!(signature, again.sign(b"message"));
    assert!(Ed25519.verify(&first.public_key(), b"message", &signature));
    assert!(!Ed25519.verify(&first.public_key(), b"massage", &signature));
    assert!(!Ed25519.verify(&[0; 32], b"message", &signature));

    let other: Origin = "cordon/other".parse().unwrap();
    assert!(matches!(SigningKey::open(&path, &vault, &other), Err(CryptoError::Sealed)));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        SigningKey::open_or_create(&path, &vault, &origin),
        Err(CryptoError::Exposed { .. })
    ));
}

#[test]
fn signatures_are_those_of_rfc_8032() {
    // Section 7.1, test 2.
    let hex = |text: &str| -> Vec<u8> {
        let digits = text.as_bytes().chunks(2);
        digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = SigningKey::from_seed(seed.as_slice().try_into().unwrap()).unwrap();
    assert_eq!(
        key.public_key().to_vec(),
        hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    );
    assert_eq!(
        key.sign(&[0x72]).to_vec(),
        hex(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ))
    );
}

#[test]
fn tokens_are_long_differ_and_are_found_by_their_hash() {
    let a = random_token::<32>().unwrap();
    let b = random_token::<32>().unwrap();
    assert_eq!(a.text.len(), 43);
    assert!(a.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_ne!(a.text, b.text);
    assert_eq!(hash_token(&a.text), a.hash);
    assert!(same(&a.hash, &hash_token(&a.text)) && !same(&a.hash, &b.hash));
    assert!(!format!("{a:?}").contains(&a.text));
}

const WORDS: &str = "seven green herons ate the ladder";

#[test]
fn a_master_key_under_a_passphrase_opens_with_it_and_with_no_other() {
    let (folder, path) = folder();
    let master = KeyFile::create(&path).unwrap();
    let at = |name: &str| folder.path().join(name);
    let words = Passphrase::new(WORDS).unwrap();
    seal_key_file(&path, &at("sealed"), &words).unwrap();
    assert_eq!(fs::metadata(at("sealed")).unwrap().permissions().mode() & 0o7777, 0o600);
    let (key, sealed) = (fs::read(&path).unwrap(), fs::read(at("sealed")).unwrap());
    assert!(!sealed.windows(16).any(|window| key[16..].windows(16).any(|part| part == window)));
    assert!(seal_key_file(&path, &at("sealed"), &words).is_err(), "nothing is replaced");

    open_key_file(&at("sealed"), &at("opened"), &words).unwrap();
    assert_eq!(KeyFile::open(&at("opened")).unwrap().id(), master.id());
    let other = Passphrase::new("seven green herons ate the Ladder").unwrap();
    let error = open_key_file(&at("sealed"), &at("other"), &other).unwrap_err();
    assert!(matches!(error, CryptoError::WrongPassphrase(_)), "{error}");
    assert!(!at("other").exists());
}

#[test]
fn a_changed_or_cut_key_under_a_passphrase_opens_nothing_and_asks_for_no_endless_work() {
    let (folder, path) = folder();
    KeyFile::create(&path).unwrap();
    let at = |name: &str| folder.path().join(name);
    let words = Passphrase::new(WORDS).unwrap();
    seal_key_file(&path, &at("sealed"), &words).unwrap();
    let whole = fs::read(at("sealed")).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(at("sealed"), bytes).unwrap();
        open_key_file(&at("sealed"), &at("opened"), &words).unwrap_err()
    };
    // Of the costs only the highest bytes: what they ask for is refused before it is worked on.
    for byte in (0..16).chain([16, 20, 24]) {
        let mut changed = whole.clone();
        changed[byte] ^= 0x80;
        assert!(matches!(refused(&changed), CryptoError::Damaged { .. }), "{byte}");
    }
    for byte in [28, 44, 56, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[byte] ^= 1;
        assert!(matches!(refused(&changed), CryptoError::WrongPassphrase(_)), "{byte}");
    }
    for length in [0, 15, 27, 55] {
        assert!(matches!(refused(&whole[..length]), CryptoError::Damaged { .. }), "{length}");
    }
    refused(&whole[..whole.len() - 1]);
    assert!(!at("opened").exists());
}

#[test]
fn a_passphrase_of_14_characters_is_refused_and_never_shown() {
    assert!(Passphrase::new("14 characters!").is_err());
    assert!(Passphrase::new(&"long".repeat(1_000)).is_err());
    let shown = format!("{:?}", Passphrase::new(WORDS).unwrap());
    assert!(!shown.contains("heron"), "{shown}");
}

/// Everything that a folder has under its master key.
fn sealed_things(folder: &std::path::Path) -> Vec<u8> {
    let keys = Keys::open_or_create(folder).unwrap();
    let origin: Origin = "cordon/test".parse().unwrap();
    SigningKey::open_or_create(&folder.join("ledger.key"), &keys.vault(), &origin).unwrap();
    keys.vault().seal("totp", "anna", b"secret").unwrap()
}

#[test]
fn a_master_key_is_changed_and_wherever_that_is_broken_off_everything_opens_and_it_can_go_on() {
    let origin: Origin = "cordon/test".parse().unwrap();
    // Broken off: not at all, with the next key made, with the former kept, with the new in force.
    for broken in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let secret = sealed_things(folder.path());
        let first = Keys::open(folder.path()).unwrap().current.id();
        let public = || {
            let vault = Keys::open(folder.path()).unwrap().vault();
            SigningKey::open(&at("ledger.key"), &vault, &origin).unwrap().public_key()
        };
        let signs = public();
        if broken > 0 {
            KeyFile::create(&at("master.key.next")).unwrap();
        }
        if broken > 1 {
            fs::hard_link(at(MASTER_KEY), at(FORMER_KEY)).unwrap();
        }
        if broken > 2 {
            fs::rename(at("master.key.next"), at(MASTER_KEY)).unwrap();
        }
        let opens = |keys: &Keys| keys.vault().open("totp", "anna", &secret).is_ok();
        assert!(opens(&Keys::open(folder.path()).unwrap()), "{broken}: a service works");
        let keys = Keys::change(folder.path()).unwrap();
        assert_ne!(keys.current.id(), first, "{broken}");
        assert!(opens(&keys) && keys.vault().is_former(&secret), "{broken}");
        let again = Keys::change(folder.path()).unwrap();
        assert_eq!(again.current.id(), keys.current.id(), "{broken}: it goes on, not anew");

        SigningKey::reseal(&at("ledger.key"), &keys.vault(), &origin).unwrap();
        assert_eq!(public(), signs, "{broken}: the ledger goes on under its key");
        Keys::finish(folder.path()).unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        assert!(keys.former.is_none() && !opens(&keys), "{broken}: the former key is gone");
        assert_eq!(public(), signs, "{broken}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(left.len(), 2, "{broken}: {left:?}");
    }
}
